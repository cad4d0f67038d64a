package indicator

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
)

// levels is how many things that a pattern needs are looked for before it is run.
const levels = 3

// An index says which patterns are worth running at a token: those that find from
// there on in the sentence all that they need, and that may begin with this token
// and the next. Answers are sets of bits over the patterns, width words long.
type index struct {
	width  int
	needs  [][]gift         // what words give that patterns need
	needOf []int32          // by word, its place in needs; words that give the same share one, and those that give nothing the first
	number []gift           // what a number gives
	name   []gift           // what a name gives
	base   [][stride]uint64 // for every 64 patterns, by level, those that need nothing more, and those of no language
	langs  [4][]uint64
	across []uint64 // patterns that run over the end of a sentence
	caret  []uint64 // patterns that begin where the sentence does
	first  rows     // patterns by what they may begin with
	second rows     // and by what may stand behind one word that they begin with
	over   rows     // those of across by what they may begin with
}

const stride = levels + 1

// A gift is what patterns 64*word to 64*word+63 find of what they need: those of
// the mask what they look for at this level.
type gift struct {
	word, level uint16
	mask        uint64
}

// rows gives the patterns that go with a token.
type rows struct {
	of    []int32 // by word, its row; words that go with the same patterns share one
	rows  []uint64
	slots [256][]uint64 // by the slots that a token fills, the patterns that go with one of them
}

const slotsOfNumbers = 1<<slotMinor | 1<<slotOdd | 1<<slotAdult | 1<<slotNumber | 1<<slotAmount | 1<<slotBirthYear

// index is made of the sets of the patterns before they are sealed.
func (l *Library) index() {
	x := &l.x
	x.width = (len(l.patterns) + 63) / 64
	x.base, x.across, x.caret = make([][stride]uint64, x.width), make([]uint64, x.width), make([]uint64, x.width)
	byWord := make([][]gift, len(l.names))
	for i := range x.langs {
		x.langs[i] = make([]uint64, x.width)
	}
	firsts, seconds, overs := make([]first, len(l.patterns)), make([]first, len(l.patterns)), make([]first, len(l.patterns))
	for p := range l.patterns {
		pt := &l.patterns[p]
		word, bit := p/64, uint64(1)<<(p%64)
		if pt.across {
			x.across[word] |= bit
		}
		if pt.code[0].op == opBegin {
			x.caret[word] |= bit
		}
		for active := range x.langs {
			if pt.lang == 0 || pt.lang&uint8(active) != 0 {
				x.langs[active][word] |= bit
			}
		}
		for level := range levels {
			if level >= len(pt.needs) {
				x.base[word][level] |= bit
				continue
			}
			g := gift{uint16(word), uint16(level), bit}
			for _, a := range pt.needs[level] {
				switch a {
				case anchorNumber:
					x.number = with(x.number, g)
				case anchorName:
					x.name = with(x.name, g)
				default:
					for _, w := range l.members[a] {
						byWord[w] = with(byWord[w], g)
					}
				}
			}
		}
		if f := pt.begins(0, first{}); pt.across {
			overs[p] = f
		} else {
			firsts[p], seconds[p] = f, pt.second(f)
		}
	}
	x.first, x.second, x.over = l.byToken(firsts, x.width), l.byToken(seconds, x.width), l.byToken(overs, x.width)
	x.needs, x.needOf = [][]gift{nil}, make([]int32, len(l.names))
	known := map[string]int32{}
	for w, gifts := range byWord {
		if gifts == nil {
			continue
		}
		key := fmt.Sprint(gifts)
		at, ok := known[key]
		if !ok {
			at = int32(len(x.needs))
			known[key], x.needs = at, append(x.needs, gifts)
		}
		x.needOf[w] = at
	}
}

// with adds a gift of a pattern that is not before those added already.
func with(gifts []gift, g gift) []gift {
	for i := len(gifts) - 1; i >= 0 && gifts[i].word == g.word; i-- {
		if gifts[i].level == g.level {
			gifts[i].mask |= g.mask
			return gifts
		}
	}
	return append(gifts, g)
}

// byToken is made of what every pattern goes with.
func (l *Library) byToken(of []first, width int) (x rows) {
	for i := range x.slots {
		x.slots[i] = make([]uint64, width)
	}
	anywhere := make([]uint64, width)
	byWord := make([][]int32, len(l.names))
	for p, f := range of {
		word, bit := p/64, uint64(1)<<(p%64)
		if f.any {
			anywhere[word] |= bit
			continue
		}
		for fills := range x.slots {
			if f.slots&uint8(fills) != 0 {
				x.slots[fills][word] |= bit
			}
		}
		for _, set := range f.sets {
			for _, w := range l.members[set] {
				byWord[w] = append(byWord[w], int32(p))
			}
		}
	}
	x.of, x.rows = share(byWord, anywhere)
	return x
}

// share makes rows of what every word has, on top of what all have, and says where
// the row of each begins. Words that have the same share one; the first is of those
// that have nothing.
func share(of [][]int32, all []uint64) (at []int32, rows []uint64) {
	at, rows = make([]int32, len(of)), slices.Clone(all)
	known := map[string]int32{"": 0}
	var key []byte
	for w, bits := range of {
		key = key[:0]
		for _, bit := range bits {
			key = binary.LittleEndian.AppendUint32(key, uint32(bit))
		}
		row, ok := known[string(key)]
		if !ok {
			row = int32(len(rows))
			known[string(key)], rows = row, append(rows, all...)
			for _, bit := range bits {
				rows[int(row)+int(bit)/64] |= 1 << (bit % 64)
			}
		}
		at[w] = row
	}
	return at, rows
}

// plan fills r.trials with the patterns worth running at each of tokens [lo, hi),
// from the last token to the first, and r.live with all that find what they need.
func (r *reader) plan(lo, hi int32) {
	x := &r.lib.x
	copy(r.have, r.base)
	clear(r.live)
	r.busy, r.trials = r.busy[:0], r.trials[:0]
	nothing := x.second.rows[:x.width]
	fills := uint8(0)
	for i := hi - 1; i >= lo; i-- {
		t := &r.toks[i]
		r.give(x.needs[x.needOf[t.word]])
		for k := t.phrase; k >= 0; k = r.phrases[k].next {
			r.give(x.needs[x.needOf[r.phrases[k].word]])
		}
		if t.fills&slotsOfNumbers != 0 && fills&slotsOfNumbers == 0 {
			r.give(x.number)
		}
		if t.fills&^fills&(1<<slotName) != 0 {
			r.give(x.name)
		}
		fills |= t.fills
		if len(r.busy) == 0 {
			continue
		}
		open, any := x.first.at(r, t, r.open[0]), uint64(0)
		for _, k := range r.busy {
			any |= r.live[k] & open[k]
		}
		if any == 0 {
			continue
		}
		behind := nothing
		switch {
		case t.age >= 0 && r.ages[t.age].end > i+1, r.longer(t):
			behind = open
		case i+1 < hi:
			behind = x.second.at(r, &r.toks[i+1], r.open[1])
		}
		for _, k := range r.busy {
			found := r.live[k] & open[k] & behind[k]
			if i > lo {
				found &^= x.caret[k]
			}
			for ; found != 0; found &= found - 1 {
				r.trials = append(r.trials, trial{k<<6 + int32(bits.TrailingZeros64(found)), i})
			}
		}
	}
}

// longer reports whether a phrase begins at a token behind which it is not known
// what stands.
func (r *reader) longer(t *token) bool {
	for k := t.phrase; k >= 0; k = r.phrases[k].next {
		if !r.lib.spelled[r.phrases[k].word] {
			return true
		}
	}
	return false
}

// A trial is a pattern that is worth running at a token.
type trial struct{ pattern, at int32 }

// give notes what a token gives that patterns need.
func (r *reader) give(gifts []gift) {
	for i := range gifts {
		g := &gifts[i]
		have := &r.have[g.word]
		have[g.level&(stride-1)] |= g.mask
		if now := g.mask & have[0] & have[1] & have[2] & have[3]; now != 0 {
			if r.live[g.word] == 0 {
				r.busy = append(r.busy, int32(g.word))
			}
			r.live[g.word] |= now
		}
	}
}

// languages readies the reader for the languages of the text.
func (r *reader) languages() {
	x := &r.lib.x
	copy(r.base, x.base)
	for k, v := range x.langs[r.active&3] {
		r.base[k][levels] = v
	}
}

// at gives the patterns that go with a token; it may use buf.
func (x *rows) at(r *reader, t *token, buf []uint64) []uint64 {
	row := x.rows[x.of[t.word]:][:len(buf)]
	if t.phrase < 0 && t.fills == 0 {
		return row
	}
	for k, v := range x.slots[t.fills][:len(buf)] {
		buf[k] = v | row[k]
	}
	for k := t.phrase; k >= 0; k = r.phrases[k].next {
		at := x.of[r.phrases[k].word]
		for k, v := range x.rows[at:][:len(buf)] {
			buf[k] |= v
		}
	}
	return buf
}

// goes reports whether one pattern goes with a token.
func (x *rows) goes(r *reader, t *token, pattern int32) bool {
	k, bit := pattern>>6, pattern&63
	if (x.rows[x.of[t.word]+k]|x.slots[t.fills][k])>>bit&1 != 0 {
		return true
	}
	for p := t.phrase; p >= 0; p = r.phrases[p].next {
		if x.rows[x.of[r.phrases[p].word]+k]>>bit&1 != 0 {
			return true
		}
	}
	return false
}

// loud marks the sentences of four words or more that are all written with
// capitals: there a capital makes no name.
func (r *reader) loud() {
	for lo := 0; lo < len(r.toks); {
		hi, words, small := lo, 0, false
		for ; hi < len(r.toks) && r.toks[hi].sentence == r.toks[lo].sentence; hi++ {
			if t := &r.toks[hi]; r.f.buf[t.b] >= 'a' && r.f.buf[t.b] <= 'z' {
				words++
				small = small || t.flags&flagCap == 0
			}
		}
		for i := lo; words >= 4 && !small && i < hi; i++ {
			r.toks[i].flags |= flagLoud
		}
		lo = hi
	}
}

// fill notes of every token which slots it may begin to fill, and perhaps more.
func (r *reader) fill() {
	r.loud()
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
	at    []int32 // the instructions of both
	slots uint8
	any   bool
	seen  []bool // instructions: none is looked at twice, however many ways lead to it
}

// second is what may stand behind one token with which the program begins.
func (p *pattern) second(f first) (out first) {
	if out.any = f.any; out.any {
		return out
	}
	for _, pc := range f.at {
		out = p.begins(pc+1, out)
		if in := &p.code[pc]; in.op == opSlot && (in.arg == slotPlace || in.arg == slotName) {
			out.slots |= 1 << slotName // a name of several words
		}
	}
	return out
}

// begins adds with what the program from pc on may begin.
func (p *pattern) begins(pc int32, f first) first {
	if f.seen == nil {
		f.seen = make([]bool, len(p.code))
	}
	for !f.any && !f.seen[pc] {
		f.seen[pc] = true
		in := &p.code[pc]
		switch in.op {
		case opWord:
			set := in.arg
			if in.first != anything {
				set = in.first
			}
			f.sets, f.at = append(f.sets, set), append(f.at, pc)
			return f
		case opSlot:
			f.slots |= 1 << in.arg
			f.at = append(f.at, pc)
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
		}
	}
	return f
}
