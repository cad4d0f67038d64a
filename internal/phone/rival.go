package phone

import (
	"math"
	"slices"

	"vigil.example/internal/ad"
)

// A rival is a reading of the same part of a text that lost to another: a number
// that overlaps it, the same digits with another area code of the page, or with
// a letter or word taken for another digit.
type rival struct {
	country uint16
	nation  uint64
	digits  uint8
	score   float32
	glyph   bool // the same, with a glyph or word taken for another digit
}

// Floor is the least confidence of an alternative that is told.
const Floor = .002

// Limits of what is told of rivals.
const (
	maxRivals    = 5
	manyFound    = 64  // candidates that are looked at for one number
	mostMistaken = 1.6 // distance of a word from a digit's name
	areasNear    = 4   // area codes and numbers, on both sides
	faintest     = 2.2 // how much less likely than the number read
)

// What speaks against reading a glyph as the other digit that it may stand for.
const (
	costLook = 1   // like another digit: b as 6 or 8
	costKey  = 1.2 // the keypad's digit of a letter that looks like one
	costName = .6  // the name of a digit that is as far from a misspelling, and more for one farther away
)

// rivals collects what lost to one number. It points to nothing of the reader's,
// which would move that to the heap.
type rivals struct {
	of   rival
	said [2*areasNear + 1]rival // of and the numbers of the text beside it, which are no rivals
	list [maxRivals]rival
	n    int
	told bool // the text told how to read it

	unclear bool // it says more that was not understood
}

// rivalsOf weighs the other readings of a number that was chosen. It is not on
// the way of ads without one.
func (r *reader) rivalsOf(chosen []candidate, own int) rivals {
	c := &chosen[own]
	rs := rivals{of: rival{c.country, c.nation, c.digits, c.score, false}}
	rs.told = c.marks&(markParts|markShared|markReversed|markBlocks) != 0 || c.how&(howSum|howKey|howKeypad) != 0
	rs.unclear = c.marks&markUnclear != 0 ||
		c.how == howDigits && c.gaps&gapComma != 0 && c.marks&(markCue|markLink|markPrefix|markClaim|markArea|markParts) == 0 // perhaps a list
	for k := range rs.said {
		if i := own - areasNear + k; i >= 0 && i < len(chosen) {
			rs.said[k] = rival{chosen[i].country, chosen[i].nation, chosen[i].digits, 0, false}
		}
	}
	if c.marks&markShared != 0 {
		return rs
	}
	first, _ := slices.BinarySearchFunc(r.found, c.start+1, func(o candidate, at int32) int { return int(o.end - at) })
	for k := first; k < len(r.found) && k < first+manyFound; k++ {
		if o := &r.found[k]; o.start < c.end {
			rs.add(rival{o.country, o.nation, o.digits, o.score, false})
		}
	}
	at := c.start
	if c.area > 0 {
		at = r.otherAreas(c, &rs)
	}
	r.otherDigits(c, at, &rs)
	return rs
}

// add keeps one of the best rivals, each number once.
func (rs *rivals) add(v rival) {
	v.score = min(v.score, rs.of.score)
	if v.score < rs.of.score-faintest {
		return
	}
	for k := range rs.said {
		if o := &rs.said[k]; o.country == v.country && o.nation == v.nation && o.digits == v.digits {
			return
		}
	}
	at := rs.n
	for k := range rs.list[:rs.n] {
		if o := &rs.list[k]; o.country == v.country && o.nation == v.nation && o.digits == v.digits {
			if o.score >= v.score {
				return
			}
			at = k
			break
		}
	}
	if at == len(rs.list) {
		if at--; rs.list[at].score >= v.score {
			return
		}
	} else if at == rs.n {
		rs.n++
	}
	for ; at > 0 && rs.list[at-1].score < v.score; at-- {
		rs.list[at] = rs.list[at-1]
	}
	rs.list[at] = v
}

// otherAreas adds a local number's readings with other area codes of the text,
// and returns the chunk at which the number's own digits begin.
func (r *reader) otherAreas(c *candidate, rs *rivals) int32 {
	at := int32(0)
	for r.chunks[at].after <= c.trail[0] {
		at++
	}
	away := func(a *area) float32 { return float32(max(at-a.end, a.start-c.at, 0)) }
	own := int(c.area) - 1
	for k := max(0, own-areasNear); k < len(r.areas) && k <= own+areasNear; k++ {
		if a := &r.areas[k]; a.code != r.areas[own].code {
			rs.add(rival{1, a.code*1e7 + c.nation%1e7, 10, c.score - .3 - .1*(away(a)-away(&r.areas[own])), false})
		}
	}
	return at
}

// otherDigits adds the readings of a number with one of its words or glyphs taken
// for another digit.
func (r *reader) otherDigits(c *candidate, at int32, rs *rivals) {
	left := uint8(0)
	for _, x := range c.trail[:c.steps] {
		left += r.edges[x].n
	}
	lenient := (faintest - costName + c.unlikely()) / 2
	for _, x := range c.trail[:c.steps] {
		e := &r.edges[x]
		left -= e.n
		if x < r.chunks[at].edges { // parts may stand in another order
			at = 0
		}
		for r.chunks[at].after <= x {
			at++
		}
		ch := &r.chunks[at]
		for y := ch.edges; y < ch.after; y++ {
			if o := &r.edges[y]; o.to == e.to && o.n == e.n && o.v != e.v {
				c.vary(rs, e.v, o.v, left, o.cost-e.cost)
			}
		}
		if e.to != at+1 || e.how&(howLeet|howLook|howSpelt|howKeypad) == 0 {
			continue
		}
		var digits [maxDigits]byte
		var cuts [maxDigits]cut
		for k, v := int(e.n)-1, e.v; k >= 0; k, v = k-1, v/10 {
			digits[k] = '0' + byte(v%10)
		}
		b := r.norm[ch.lo:ch.hi]
		if e.n == 1 {
			cuts[0] = cut{0, uint8(min(len(b), 255))}
		} else if !align(b, digits[:e.n], e.how, cuts[:]) {
			continue
		}
		if keys, ok := keypad(b); ok && len(b) > 2 && len(b) == int(e.n) { // a word of the keypad, or letters that look like digits
			if e.how&howKeypad != 0 {
				keys = looked(b)
			}
			c.vary(rs, e.v, keys, left, costKey)
			continue
		}
		for k, u := range cuts[:e.n] {
			unit := pow10[int(e.n)-1-k]
			mistaken(b[u.from:u.to], digits[k]-'0', e.how, lenient, func(d byte, cost float32) {
				c.vary(rs, e.v, e.v-uint64(digits[k]-'0')*unit+uint64(d)*unit, left, cost)
			})
		}
	}
}

// vary adds the reading of a number in which the digits w stand for v, with so
// many digits behind them.
func (c *candidate) vary(rs *rivals, v, w uint64, left uint8, cost float32) {
	all := c.nation
	if c.marks&markReversed != 0 {
		all = turn(all, c.digits)
	}
	if left >= c.digits {
		return
	}
	if all += (w - v) * pow10[left]; all >= pow10[c.digits] { // modulo 2^64
		return
	}
	if c.marks&markReversed != 0 {
		all = turn(all, c.digits)
	}
	var unlikely float32
	ok := true
	switch c.country {
	case 1:
		unlikely, ok = northAmerican(all)
	case 44:
		unlikely, ok = british(all)
	}
	if ok {
		rs.add(rival{c.country, all, c.digits, c.score - max(0, cost) - unlikely + c.unlikely(), true})
	}
}

// turn returns the n digits of v from the last to the first.
func turn(v uint64, n uint8) uint64 {
	w := uint64(0)
	for ; n > 0; n-- {
		w, v = w*10+v%10, v/10
	}
	return w
}

// unlikely is what its numbering plan says against the number.
func (c *candidate) unlikely() (unlikely float32) {
	switch c.country {
	case 1:
		unlikely, _ = northAmerican(c.nation)
	case 44:
		unlikely, _ = british(c.nation)
	}
	return unlikely
}

// mistaken calls f with the digits other than is that letters may stand for, and
// what speaks against them. Names that are farther than lenient from the letters than
// the name of is are left out.
func mistaken(b []byte, is byte, h how, lenient float32, f func(d byte, cost float32)) {
	if len(b) == 1 {
		if key, ok := keypad(b); ok && byte(key) != is {
			f(byte(key), costKey)
		}
		if d := otherLook(b[0]); d != 0 && d-'0' != is {
			f(d-'0', costLook)
		}
		return
	}
	if h&howSpelt == 0 {
		return
	}
	var buf [maxSpelt + 1]byte
	w := sounded(buf[:0], b)
	near := [10]float32{9, 9, 9, 9, 9, 9, 9, 9, 9, 9}
	most := float32(mostMistaken)
	has, like := letters(w)
	for _, own := range [...]bool{true, false} {
		for k := range spellings {
			if s := &spellings[k]; (s.digit == is) == own && len(w)-len(s.sound) <= 1 && len(s.sound)-len(w) <= 1 && !farther(k, has, like, most) {
				near[s.digit] = min(near[s.digit], distance(w, s.sound, most))
			}
		}
		most = min(most, near[is]+lenient)
	}
	for d, n := range near {
		if n <= most && byte(d) != is {
			f(byte(d), costName+2*max(0, n-near[is]))
		}
	}
}

// looked returns the digits that capitals look like, those of the keypad where
// they look like none.
func looked(b []byte) uint64 {
	v := uint64(0)
	for i, c := range b {
		d, _ := keypad(b[i : i+1])
		if l := leetDigit(c); l != 0 {
			d = uint64(l - '0')
		}
		v = v*10 + d
	}
	return v
}

// otherLook returns the digit that a letter is written for when not for
// leetDigit's.
func otherLook(c byte) byte {
	switch c {
	case 'b':
		return '8'
	case 'g':
		return '6'
	case 'G', 'Q':
		return '9'
	case 'q':
		return '0'
	case 'Z', 'z', 'L':
		return '7'
	case 'T':
		return '1'
	}
	return 0
}

// What a score is worth, in log odds: worth by score plus modest. Scores understate
// the odds where little speaks for a number. They were drawn from what readers of before
// said of two labelled sets that they had not seen: of 615 numbers read all but ten were
// right; of those at a score under .7 all ten, from .7 to 1.5 20 of 22, from 4 all 153. A score of
// 0 is nine in ten, one of 4 rounds to ninety-nine in a hundred.
const (
	worth  = .496
	modest = 2.2
)

// surest is the most that is said of a number that was put together or worked out:
// what the text tells to do may have been misunderstood.
const surest = .98

// doubtful is the most that is said of a number of whose digits the text says something
// that was not understood.
const doubtful = .8

// sharp is by how much differences of scores understate which of two readings is
// right: of labelled sets, a reading that won by as little as one was right.
const sharp = 3

// chance returns what the score of a number and those of its rivals make of it,
// and of each of them. All together are at most 1.
func (rs *rivals) chance() (own float64, others []ad.Alternative) {
	own = 1 / (1 + math.Exp(-worth*float64(rs.of.score)-modest))
	var chances [maxRivals]float64
	real, sum := 1.0, 0.0
	for k, v := range rs.list[:rs.n] {
		chances[k] = math.Exp(sharp * float64(v.score-rs.of.score))
		if sum += chances[k]; !v.glyph {
			real += chances[k]
		}
	}
	own = max(own/real, .5) // it won
	if rs.told {
		own = min(own, surest)
	}
	if rs.unclear {
		own = min(own, doubtful)
	}
	scale := min(own, (1-own)/max(sum, 1e-9))
	for k, v := range rs.list[:rs.n] {
		if p := math.Floor(1000*chances[k]*scale) / 1000; p >= Floor {
			others = append(others, ad.Alternative{E164: international(v.country, v.nation, v.digits), Confidence: p})
		}
	}
	return math.Round(100*own) / 100, others
}
