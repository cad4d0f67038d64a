package phone

import (
	"math/bits"
	"slices"
)

// An area is an area code that the text gives apart from the number: "area 702",
// "prefix three one three".
type area struct {
	start, end int32 // chunks
	code       uint64
	how        how
	trail      [3]int32 // edges it was read by
	steps      uint8
}

// apart is how many chunks may lie between an area code and its number.
const apart = 24

// findAreas finds words for an area code with three digits behind them.
func (r *reader) findAreas() {
	for i := range r.chunks {
		if c := &r.chunks[i]; c.edges == c.after && c.digits == 0 && c.w.sort() != wordArea && (i == 0 || r.chunks[i-1].digits != 3) && (i+1 == len(r.chunks) || r.chunks[i+1].digits != 3) {
			continue // nearly all
		}
		if c := &r.chunks[i]; c.digits == 3 && c.letters+c.marks == 0 && c.gap&gapParen != 0 && int(c.bto) < len(r.s) && r.s[c.bto] == ')' {
			r.areaAt(i, path{start: int32(i), at: int32(i)}) // "555-0123 (912)"
		} else if c.gap&gapParen != 0 && c.w.numeral() && r.s[max(0, c.bfrom-1)] == '(' && !(i > 0 && (r.chunks[i-1].money || r.chunks[i-1].marks > 0)) { // no "$500 (five hundred)"
			n := len(r.areas)
			r.areaAt(i, path{start: int32(i), at: int32(i)}) // "555-0123 (nine one two)"
			if len(r.areas) > n {
				if last := r.chunks[r.areas[n].end-1].bto; int(last) >= len(r.s) || r.s[last] != ')' {
					r.areas = r.areas[:n]
				}
			}
		}
		if i > 0 && r.chunks[i-1].digits == 3 && r.size(i-1) == 3 && r.fronted(i) {
			r.areaAt(i-1, path{start: int32(i - 1), at: int32(i - 1)}) // "put 912 in front of 555-0123"
		}
		if i > 1 && r.chunks[i-1].digits == 3 && r.size(i-1) == 3 && r.chunks[i].gap == gapSpace && r.spells(i-2, "a", "un", "an") && r.spells(i, "number", "num", "numero", "exchange", "cell", "phone") {
			r.areaAt(i-1, path{start: int32(i - 1), at: int32(i - 1)}) // "that's a 912 number"
		}
		if i > 0 && r.chunks[i-1].digits == 3 && r.size(i-1) == 3 && r.chunks[i].gap == gapSpace && r.spells(i, "before", "antes", "delante") {
			r.areaAt(i-1, path{start: int32(i - 1), at: int32(i - 1)}) // "put 912 before 555-0123"
		}
		if r.chunks[i].w.sort() == wordArea && (r.word(i-1) == wordOld || r.word(i-2) == wordOld) {
			continue // "my old area code"
		}
		if r.chunks[i].w.sort() != wordArea && !(i+1 < len(r.chunks) && r.chunks[i+1].digits == 3 && r.spells(i, "clave")) {
			continue
		}
		if c := r.chunk(i - 1); c != nil && c.digits == 3 && c.letters+c.marks == 0 && r.chunks[i].gap&^(gapSpace|gapQuote) == 0 {
			r.areaAt(i-1, path{start: int32(i - 1), at: int32(i - 1)}) // "the 912 area"
		}
		k := i + 1
		for k < len(r.chunks) && k < i+5 && r.chunks[k].edges == r.chunks[k].after && fillerCost(&r.chunks[k]) <= 3 {
			k++
		}
		r.areaAt(i, path{start: int32(k), at: int32(k)})
	}
}

// fronted reports whether the words from chunk i on say that the digits before them go
// before others: "in front", "before it", "al principio".
func (r *reader) fronted(i int) bool {
	if r.chunks[i].gap != gapSpace {
		return false
	}
	if r.spells(i, "in", "at", "to", "al", "a", "up", "por") {
		i++
		if r.spells(i, "the", "el", "la") {
			i++
		}
		return r.spells(i, "front", "beginning", "start", "frente", "principio", "inicio", "delante")
	}
	return r.spells(i, "before", "antes", "adelante", "delante", "upfront", "first") && r.spells(i-2, "with", "put", "add", "con", "pon", "ponle", "marca", "dial", "anteponga", "agrega")
}

// areaAt follows edges from p until they make three digits.
func (r *reader) areaAt(word int, p path) {
	if p.n == 3 {
		if areaInUse(p.v) {
			r.name(area{start: int32(word), end: p.at, code: p.v, how: p.how, trail: [3]int32(r.trail[:3]), steps: p.steps})
		}
		return
	}
	if int(p.at) >= len(r.chunks) || p.n > 0 && r.chunks[p.at].gap&gapEnd != 0 {
		return
	}
	c := &r.chunks[p.at]
	for x := c.edges; x < c.after; x++ {
		e := &r.edges[x]
		if q := p; q.n+e.n <= 3 && e.cost < .9 {
			q.n, q.v, q.at, q.how, q.steps = q.n+e.n, q.v*pow10[e.n]+e.v, e.to, q.how|e.how, q.steps+1
			r.trail[p.steps] = x
			r.areaAt(word, q)
		}
	}
}

func (r *reader) name(a area) {
	if len(r.areas) == cap(r.areas) {
		more := make([]area, len(r.areas), 2*cap(r.areas)+4)
		copy(more, r.areas)
		r.areas = more
	}
	r.areas = r.areas[:len(r.areas)+1]
	r.areas[len(r.areas)-1] = a
}

// weighLocal keeps a string of seven digits as the local part of a number when
// the text gives an area code near it.
func (r *reader) weighLocal(p path) {
	if len(r.areas) == 0 || !exchange(p.v/10_000) {
		return
	}
	grouped := p.bounds == 1<<3
	if !grouped && p.bounds&(1<<3) == 0 && p.bounds != 0 {
		return
	}
	best, dist := -1, int32(apart)
	first, _ := slices.BinarySearchFunc(r.areas, p.start-apart-8, func(a area, at int32) int { return int(a.start - at) })
	for i := first; i < len(r.areas) && r.areas[i].start < p.at+apart; i++ {
		a := r.areas[i]
		d := a.start - p.at
		if a.end <= p.start {
			d = p.start - a.end
		}
		if d >= 0 && d < dist {
			best, dist = i, d
		}
	}
	if best < 0 {
		return
	}
	a := r.areas[best]
	c := candidate{path: p, end: max(p.at, a.end), country: 1, nation: a.code*1e7 + p.v, digits: 10, marks: markArea, area: int32(best + 1)}
	c.start = min(p.start, a.start)
	c.how |= a.how
	cost := p.cost + .02*float32(dist) - bonusGrouped + ends(p, 0) + r.otherwise(p, 0)
	switch {
	case grouped:
	case p.worded >= 3 || bits.OnesCount16(p.bounds) == 6:
		cost += .2
	case p.bounds == 0:
		cost += .9
	default:
		cost += .6
	}
	id := r.leadTo(p.start).id
	if a.end == p.start && a.end-a.start == 1 {
		id = max(id, r.leadTo(a.start).id) // "catalogue no. (469) 749"
	}
	if id > 0 {
		cost += costID * id
		c.marks |= markID
	}
	if !r.query {
		cost += r.behind(p, &c.marks)
	}
	if n := r.leftover(p); n > 0 && r.chunks[p.start].gap&gapEnd == 0 {
		cost += n
		c.marks |= markLeftover
	}
	if c.score = base - cost; c.score > 0 && (r.query || !r.disowned(int(c.start), int(c.end))) {
		r.keep(c)
	}
}
