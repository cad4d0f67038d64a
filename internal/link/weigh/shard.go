package weigh

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// MostShards is among how many processes the table of 3-grams can be cut.
const MostShards = shards

// A Shard holds the part of the table of 3-grams that one of several processes has in a
// round, and compares its share of the texts. Who solves the round tells all shards of a
// batch of texts (Hear); each gives every other one what that needs of its part, and
// compares its texts by its own part and what the others gave (Draw). The next batch
// comes with what became of the last. So every shard knows which units there are, how
// large they are and which have become one; who says what is known to one alone.
// What a shard answers is what one process with the whole table would have found.
// It is not safe for concurrent use.
type Shard struct {
	t          *texts
	number, of int
	at         int // texts that were heard of before the batch
	batch      []heard
	drawn      []drawn
	seen       gramSet
	out        []byte
}

// A heard text is one of the batch that is compared.
type heard struct{ words, grams []uint32 }

// NewShard returns a shard that knows nothing, one of so many; they are numbered from 0.
func NewShard(number, of int) (*Shard, error) {
	if of < 1 || of > MostShards || number < 0 || number >= of {
		return nil, fmt.Errorf("shard %d of %d: there can be %d", number, of, MostShards)
	}
	return &Shard{t: newTexts(0), number: number, of: of}, nil
}

// ErrLost says that a shard is not where the one who asks believes it to be.
var ErrLost = errors.New("the shard has not heard all that came before")

// What shards are asked, by the first byte.
const (
	askBatch = 'b' // what became of the last batch, and the texts of the next
	askLists = 'l' // who says these 3-grams
	askTable = 't' // who says what, of one part of the table
)

// Held is how many 3-grams the shard knows of.
func (s *Shard) Held() (n int) {
	for x := range s.t.said {
		if s.keeps(uint32(x)) {
			n += s.t.said[x].used
		}
	}
	return n
}

// keeps reports whether a part of the table is this shard's.
func (s *Shard) keeps(part uint32) bool { return int(part)%s.of == s.number }

// slice is which texts of a batch a shard compares.
func slice(batch, number, of int) (from, to int) {
	return number * batch / of, (number + 1) * batch / of
}

// Hear takes a message. With a batch of texts it gives what each of the other shards is to
// have for it, and Draw the answer; with anything else the answer. After an error the
// shard is of no use.
func (s *Shard) Hear(msg []byte) (lists [][]byte, answer []byte, err error) {
	if len(msg) == 0 {
		return nil, nil, ErrPacked
	}
	p := Unpack(msg[1:])
	switch msg[0] {
	case askBatch:
		if err := s.apply(p); err != nil {
			return nil, nil, err
		}
		if s.hear(p); p.Err() != nil {
			return nil, nil, p.Err()
		}
		return s.lists(), nil, nil
	case askLists:
		if !p.place(s.at, len(s.t.units)) {
			return nil, nil, ErrLost
		}
		for p.Left() {
			s.out = s.t.appendCell(s.out, p.word(), false, s.keeps)
		}
	case askTable:
		if !p.place(s.at, len(s.t.units)) {
			return nil, nil, ErrLost
		}
		if x := uint32(p.Less(shards)); p.Err() == nil && s.keeps(x) {
			for _, c := range s.t.said[x].cells {
				if c.unit != 0 {
					s.out = s.t.appendCell(s.out, c.gram, false, s.keeps)
				}
			}
		}
	default:
		return nil, nil, ErrPacked
	}
	answer, s.out = s.out, nil
	return nil, answer, p.Err()
}

// apply does what became of the batch that was compared last.
func (s *Shard) apply(p *Packed) error {
	t := s.t
	if p.Count(1) != len(s.batch) {
		return ErrLost
	}
	batch := s.drawn[:len(s.batch)]
	for k := range batch {
		for range p.Count(2) {
			t.union(p.Less(len(t.units)), p.Less(len(t.units)))
		}
		d := &batch[k]
		d.own, d.beside = p.Less(len(t.units)+1)-1, p.meetings(len(t.units), d.beside[:0])
		if p.bad {
			return ErrPacked
		}
		if u := t.enter(d, placed{unit: d.own}).unit; d.own < 0 {
			for _, g := range s.batch[k].grams {
				if x := shardOf(g); s.keeps(x) {
					t.said[x].say(t, g, u, true)
				}
			}
		}
	}
	beside(shards, func() (func(int), func()) {
		return func(x int) {
			if !s.keeps(uint32(x)) {
				return
			}
			for k := range batch {
				if batch[k].own < 0 {
					continue
				}
				u := t.root(batch[k].own)
				for _, g := range s.batch[k].grams {
					if shardOf(g) == uint32(x) {
						t.said[x].say(t, g, u, false)
					}
				}
			}
		}, nil
	})
	s.at += len(batch)
	if at, units := p.Uint(), p.Uint(); p.Err() == nil && (at != uint64(s.at) || units != uint64(len(t.units))) {
		return ErrLost
	}
	return p.Err()
}

// hear takes in the texts of the next batch.
func (s *Shard) hear(p *Packed) {
	n := p.Count(1)
	for len(s.drawn) < n {
		s.drawn = append(s.drawn, drawn{})
	}
	all := s.batch[:0]
	for range n {
		if len(all) < cap(all) {
			all = all[:len(all)+1]
		} else {
			all = append(all, heard{})
		}
		h := &all[len(all)-1]
		h.words, h.grams = h.words[:0], h.grams[:0]
		for range p.Count(4) {
			h.words = append(h.words, p.word())
		}
		s.t.own.read(h.words)
		for _, x := range s.t.own.spots {
			h.grams = append(h.grams, x.gram)
		}
	}
	s.batch = all
}

// lists says for each other shard who says what its texts say, as far as it is known here.
func (s *Shard) lists() [][]byte {
	out := make([][]byte, s.of)
	for other := range out {
		if other == s.number {
			continue
		}
		b := appendPlace(nil, s.at, len(s.t.units))
		s.seen.clear()
		from, to := slice(len(s.batch), other, s.of)
		for _, h := range s.batch[from:to] {
			for _, g := range h.grams {
				if s.keeps(shardOf(g)) && s.seen.add(g) {
					b = s.t.appendCell(b, g, true, s.keeps)
				}
			}
		}
		out[other] = b
	}
	return out
}

// Draw compares the texts of the batch that are this shard's, by what the other shards
// gave for it, in their order.
func (s *Shard) Draw(lists [][]byte) (answer []byte, err error) {
	t := s.t
	if len(lists) != s.of {
		return nil, ErrLost
	}
	for x := range t.said {
		if !s.keeps(uint32(x)) {
			t.said[x].clear()
		}
	}
	for other, b := range lists {
		if other == s.number {
			continue
		}
		p := Unpack(b)
		if !p.place(s.at, len(t.units)) {
			return nil, ErrLost
		}
		if err := t.takeCells(p, func(x uint32) bool { return int(x)%s.of == other }); err != nil {
			return nil, err
		}
	}
	from, to := slice(len(s.batch), s.number, s.of)
	beside(to-from, func() (func(int), func()) {
		m := <-t.matchers
		return func(k int) { m.draw(t, s.batch[from+k].words, &s.drawn[from+k], asks(s.at+from+k)) }, func() { t.matchers <- m }
	})
	b := appendPlace(nil, s.at, len(t.units))
	for k := range s.drawn[from:to] {
		b = s.drawn[from+k].appendTo(b)
	}
	return b, nil
}

// appendPlace says where a shard is: what it has heard of, and how many units it knows.
func appendPlace(b []byte, at, units int) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(b, uint64(at)), uint64(units))
}

func (p *Packed) place(at, units int) bool {
	a, u := p.Uint(), p.Uint()
	return !p.bad && a == uint64(at) && u == uint64(units)
}

func (p *Packed) word() uint32 {
	if b := p.Bytes(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func appendReal32(b []byte, x float32) []byte {
	return binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
}

func appendMeetings(b []byte, all []meeting) []byte {
	b = binary.AppendUvarint(b, uint64(len(all)))
	for _, m := range all {
		b = appendReal32(binary.AppendUvarint(b, uint64(m.unit)), m.bits)
	}
	return b
}

func (p *Packed) meetings(units int, out []meeting) []meeting {
	for range p.Count(5) {
		out = append(out, meeting{p.Less(units), math.Float32frombits(p.word())})
	}
	return out
}

// appendTo writes what is found of a text, as far as who places it needs to know it: the
// units that it is of and the first that it has a part of; when it is of none, how rare its
// 3-grams are.
func (d *drawn) appendTo(b []byte) []byte {
	n, part := 0, false
	tells := func(m match) bool {
		if m.same() {
			return true
		}
		is := !part && m.whole >= textPart
		part = part || is
		return is
	}
	for _, m := range d.matches {
		if tells(m) {
			d.matches[n] = m
			n++
		}
	}
	d.matches = d.matches[:n]
	b = binary.AppendUvarint(b, uint64(n))
	for _, m := range d.matches {
		b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(m.unit)), uint64(m.ads))
		b = appendReal32(AppendReal(AppendReal(AppendReal(b, m.bits), m.whole), m.dense), m.edge)
	}
	b = appendMeetings(b, d.beside)
	if d.known() {
		return b
	}
	b = binary.AppendUvarint(b, uint64(len(d.spots)))
	for _, s := range d.spots {
		b = appendReal32(b, s.rare)
	}
	return b
}

// known reports whether a text is of some unit.
func (d *drawn) known() bool {
	for _, m := range d.matches {
		if m.same() {
			return true
		}
	}
	return false
}

// take reads what appendTo wrote of a text.
func (d *drawn) take(p *Packed, t *texts, ws []uint32) {
	d.matches = d.matches[:0]
	for range p.Count(30) {
		m := match{unit: p.Less(len(t.units)), ads: p.Less(math.MaxInt32)}
		m.bits, m.whole, m.dense, m.edge = p.Real(), p.Real(), p.Real(), math.Float32frombits(p.word())
		d.matches = append(d.matches, m)
	}
	d.beside, d.spots = p.meetings(len(t.units), d.beside[:0]), d.spots[:0]
	if d.known() {
		return
	}
	t.own.read(ws)
	if d.spots = append(d.spots, t.own.spots...); p.Count(4) != len(d.spots) {
		p.bad = true
		return
	}
	for i := range d.spots {
		d.spots[i].rare = math.Float32frombits(p.word())
	}
}
