package weigh

import (
	"slices"
	"unsafe"
)

// Sizes are what linking holds and asks for, counted after everything was solved.
type Sizes struct {
	Ads, Words, Grams, Given int // Grams and Given: 3-grams and values of ads, each once an ad
	Units, Cells, Values     int // Cells: distinct 3-grams
	Postings                 int // units that are listed of 3-grams
	Answer                   int // bytes that tell an owner of ads of all 3-grams asked for
	Table, Lists             int // bytes that are taken for cells and lists, with room to grow
	Names                    int // bytes of values
}

// Crowded is how many units are listed of one 3-gram.
const Crowded = crowded

// Sizes of records, in bytes.
const (
	UnitBytes    = int(unsafe.Sizeof(unit{})) + 4
	PostingBytes = int(unsafe.Sizeof(posting{}))
	CellBytes    = int(unsafe.Sizeof(cell{}))
)

// SizesOf counts. The 3-grams are those of what is left when the site's words are gone.
func SizesOf(p *Partition) (s Sizes) {
	l, t := p.o.l, p.o.texts
	s.Ads, s.Units, s.Values = len(l.ads), len(t.units), len(l.value)
	for _, v := range l.value {
		s.Names += len(v.name)
	}
	for i := range t.said {
		x := &t.said[i]
		s.Cells += x.used
		s.Table += len(x.cells) * CellBytes
		s.Lists += len(x.lists) * PostingBytes
		for _, c := range x.cells {
			if c.unit < 0 {
				s.Postings += int(c.listed())
			}
		}
	}
	all := lg(len(t.units) + 64)
	for i := range l.ads {
		ws := l.textOf(int32(i))
		s.Words += len(ws)
		s.Given += len(l.ads[i].values)
		for _, g := range grams(ws) {
			s.Grams++
			x := &t.said[shardOf(g)]
			c := x.cells[x.find(g)]
			s.Answer += 4
			if n := c.owners(); n == 0 || all-lg(n+1) >= leastRare {
				s.Answer += PostingBytes * len(x.says(c, &t.own.one))
			}
		}
	}
	return s
}

// grams are the 3-grams of a text, each once.
func grams(ws []uint32) (out []uint32) {
	for i := 0; i+shingle <= len(ws); i++ {
		out = append(out, gram(ws[i:i+shingle]))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// AskedGrams calls f with the 3-grams that each ad asks for once the site's words are
// gone.
func AskedGrams(p *Partition, f func(gram uint32)) {
	for i := range p.o.l.ads {
		for _, g := range grams(p.o.l.textOf(int32(i))) {
			f(g)
		}
	}
}

// WholeGrams calls f with the 3-grams of an ad as it stands, with the site's words.
func WholeGrams(a Ad, f func(gram uint32)) {
	for _, g := range grams(Read(a).words) {
		f(g)
	}
}

// Cut says which of n processes a key is cut to.
func Cut(key uint32, n int) int { return int(uint64(mix32(key^0x9e3779b9)) * uint64(n) >> 32) }
