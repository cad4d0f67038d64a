package indicator

import (
	"math/bits"
	"slices"
)

// levels is how many things that a pattern needs are looked for before it is run.
const levels = 3

// An index says which patterns are worth running. It is asked twice: for a
// sentence, which patterns find all there that they need; for a token, which of
// them may begin there. Both answers are sets of bits over the patterns, width
// words long.
type index struct {
	width   int
	base    []uint64   // what a sentence has before its first token: levels sets, bits of needs that a pattern does not have
	needs   [][]uint16 // by word, the bits that it adds to them
	number  []uint16   // bits that a number adds
	name    []uint16   // bits that a name adds
	langs   [4][]uint64
	across  []uint64 // patterns that run over the end of a sentence
	startOf []int32  // by word, its row in starts; words that begin the same patterns share one
	starts  []uint64
	slots   [slotName + 1][]uint64 // patterns that may begin with a slot
}

const slotsOfNumbers = 1<<slotMinor | 1<<slotOdd | 1<<slotAdult | 1<<slotNumber | 1<<slotAmount | 1<<slotBirthYear

// index is made of the sets of the patterns before they are sealed.
func (l *Library) index() {
	x := &l.x
	x.width = (len(l.patterns) + 63) / 64
	n := x.width * 64
	x.base, x.across = make([]uint64, levels*x.width), make([]uint64, x.width)
	x.needs = make([][]uint16, len(l.names))
	for i := range x.langs {
		x.langs[i] = make([]uint64, x.width)
	}
	for i := range x.slots {
		x.slots[i] = make([]uint64, x.width)
	}
	anywhere := make([]uint64, x.width)
	begins := make([][]uint64, len(l.names))
	for p := range l.patterns {
		pt := &l.patterns[p]
		word, bit := p/64, uint64(1)<<(p%64)
		if pt.across {
			x.across[word] |= bit
		}
		for active := range x.langs {
			if pt.lang == 0 || pt.lang&uint8(active) != 0 {
				x.langs[active][word] |= bit
			}
		}
		for level := range levels {
			if level >= len(pt.needs) {
				x.base[level*x.width+word] |= bit
				continue
			}
			at := uint16(level*n + p)
			for _, a := range pt.needs[level] {
				switch a {
				case anchorNumber:
					x.number = append(x.number, at)
				case anchorName:
					x.name = append(x.name, at)
				default:
					for _, w := range l.members[a] {
						x.needs[w] = append(x.needs[w], at)
					}
				}
			}
		}
		f := pt.begins(0, first{})
		if f.any {
			anywhere[word] |= bit
		}
		for s := range x.slots {
			if f.slots>>s&1 != 0 {
				x.slots[s][word] |= bit
			}
		}
		for _, set := range f.sets {
			for _, w := range l.members[set] {
				if begins[w] == nil {
					begins[w] = make([]uint64, x.width)
				}
				begins[w][word] |= bit
			}
		}
	}
	x.starts, x.startOf = slices.Clone(anywhere), make([]int32, len(l.names))
	rows := map[string]int32{}
	for w, row := range begins {
		if row == nil {
			continue
		}
		for i := range row {
			row[i] |= anywhere[i]
		}
		x.startOf[w] = share(rows, &x.starts, row)
	}
	for w := range x.needs {
		slices.Sort(x.needs[w])
		x.needs[w] = slices.Compact(x.needs[w])
	}
}

// share gives the place of a row in a table, which holds rows that are alike once.
func share(known map[string]int32, table *[]uint64, row []uint64) int32 {
	key := make([]byte, 0, 8*len(row))
	for _, v := range row {
		for i := range 8 {
			key = append(key, byte(v>>(8*i)))
		}
	}
	at, ok := known[string(key)]
	if !ok {
		at = int32(len(*table))
		known[string(key)] = at
		*table = append(*table, row...)
	}
	return at
}

// awake fills r.live with the patterns that find in tokens [lo, hi) all that they
// need, and reports whether there are any.
func (r *reader) awake(lo, hi int32) bool {
	x := &r.lib.x
	have := r.have
	copy(have, x.base)
	fills := uint8(0)
	for i := lo; i < hi; i++ {
		t := &r.toks[i]
		for _, at := range x.needs[t.word] {
			have[at>>6] |= 1 << (at & 63)
		}
		for k := t.phrase; k >= 0; k = r.phrases[k].next {
			for _, at := range x.needs[r.phrases[k].word] {
				have[at>>6] |= 1 << (at & 63)
			}
		}
		fills |= t.fills
	}
	if fills&slotsOfNumbers != 0 {
		for _, at := range x.number {
			have[at>>6] |= 1 << (at & 63)
		}
	}
	if fills&(1<<slotName) != 0 {
		for _, at := range x.name {
			have[at>>6] |= 1 << (at & 63)
		}
	}
	w := x.width
	langs := x.langs[r.active&3]
	any := uint64(0)
	for i := range w {
		v := have[i] & have[w+i] & have[2*w+i] & langs[i]
		r.live[i] = v
		any |= v
	}
	return any != 0
}

// opening gives the patterns that may begin at a token.
func (r *reader) opening(i int32) []uint64 {
	x := &r.lib.x
	t := &r.toks[i]
	row := x.starts[x.startOf[t.word]:][:x.width]
	fills := t.fills
	if t.phrase < 0 && fills == 0 {
		return row
	}
	out := r.open
	copy(out, row)
	for ; fills != 0; fills &= fills - 1 {
		for k, v := range x.slots[bits.TrailingZeros8(fills)] {
			out[k] |= v
		}
	}
	for k := t.phrase; k >= 0; k = r.phrases[k].next {
		at := x.startOf[r.phrases[k].word]
		for k, v := range x.starts[at:][:x.width] {
			out[k] |= v
		}
	}
	return out
}

// fill notes of every token which slots it may begin to fill, and perhaps more.
func (r *reader) fill() {
	for i := range r.toks {
		t := &r.toks[i]
		if t.age >= 0 {
			if v := r.ages[t.age].value; v >= 12 && v <= 17 {
				t.fills = slotsOfNumbers &^ (1 << slotAdult)
			} else {
				t.fills = slotsOfNumbers &^ (1<<slotMinor | 1<<slotOdd)
			}
		}
		if t.flags&flagDigit == 0 && (t.flags&flagCap != 0 || r.lib.in(t.word, r.lib.city)) {
			t.fills |= 1<<slotPlace | 1<<slotName
		}
	}
}

// A first is with what a program may begin.
type first struct {
	sets  []int32
	slots uint8
	any   bool
}

// begins adds with what the program from pc on may begin.
func (p *pattern) begins(pc int32, f first) first {
	for {
		in := &p.code[pc]
		switch in.op {
		case opWord:
			f.sets = append(f.sets, in.arg)
			return f
		case opSlot:
			f.slots |= 1 << in.arg
			return f
		case opJump:
			pc = in.x
		case opSplit:
			f = p.begins(in.x, f)
			pc = in.y
		case opNot, opNotSlot, opBegin, opEnd, opGuard:
			pc++
		default:
			f.any = true
			return f
		}
	}
}
