package phone

import (
	"math/bits"
	"strings"
)

// Numbers whose digits the text gives apart, and tells how to put together: by
// name ("starts with 912, ends in 0123"), by count ("1st 9, 2nd 1"), by place
// ("the first figure of each line"), or all that was said ("put these together").

// A part is a stretch of digits and what the text calls it.
type part struct {
	start, end int32 // chunks
	v          uint64
	n          uint8
	role       word // wordFirst, wordMiddle, wordNext, wordLast, wordRest, or wordNone
	how        how
	cost       float32
	trail      [maxDigits]int32
	steps      uint8
}

// Limits of what is put together.
const (
	maxParts   = 5
	partsApart = 60 // chunks
	roleReach  = 7  // chunks between a part and its name
)

// assemble reads numbers given in parts.
func (r *reader) assemble() {
	if r.roles > 0 {
		r.named()
	}
	if r.counts1 {
		r.counted()
	}
	if told := r.told&(1<<wordColumn.value()) != 0; told || r.lines >= 3 {
		r.columns(told)
	}
	if len(r.edges) > 2 && strings.IndexByte(r.s, '\n') >= 0 {
		r.tagged()
	}
	for i := 0; r.threes > 1 && i < len(r.chunks); i++ {
		if r.chunks[i].digits == 3 {
			r.sandwiched(i)
			r.disguised(i)
		}
	}
	if r.loose {
		r.scattered()
	}
	if r.told&(1<<wordJoin.value()) != 0 {
		for i := range r.chunks {
			if r.chunks[i].w == wordJoin {
				r.joinBefore(i)
			}
		}
	}
}

// named puts parts together that the text gives names to.
func (r *reader) named() {
	var near [maxParts]part
	n := 0
	for i := 0; i < len(r.chunks); {
		p, ok := r.partAt(i)
		if !ok {
			i++
			continue
		}
		i = int(p.end)
		if p.role = r.role(&p); p.role == wordNone && p.n == 3 && areaInUse(p.v) && r.goesOn(i) && r.leadTo(p.start).cue > .5 {
			p.role = wordFirst // "text 912, followed by 555"
		}
		if p.role == wordNone && p.n < 6 {
			continue
		}
		if n == len(near) {
			copy(near[:], near[1:])
			n--
		}
		near[n] = p
		n++
		for from := range n - 1 {
			if near[from].role == wordNone && !(from == n-2 && (p.role == wordLast || p.role == wordRest)) || p.end-near[from].start > partsApart {
				continue
			}
			r.join(near[from:n])
		}
	}
}

// sandwiched reads the groups of a number that begins with chunk i and has a few
// words between them that mean nothing: "912 TEXT 555 ONLY 0123". A contact word
// has to stand before, or the words be in capitals.
func (r *reader) sandwiched(i int) {
	var p part
	shouted, words := true, 0
	for k := range 3 {
		c := &r.chunks[i]
		if want := 3 + k/2; int(c.digits) != want || r.size(i) != want || c.money || c.shape&^shapeYear != 0 {
			return
		}
		if k == 0 && !areaInUse(r.value(i)) || k == 1 && !exchange(r.value(i)) {
			return
		}
		x := r.cheapest(i)
		if x < 0 || int(r.edges[x].to) != i+1 {
			return
		}
		p.take(r, x)
		if k == 0 {
			p.start = int32(i)
		}
		if i++; k == 2 {
			break
		}
		from := i
		for ; i < len(r.chunks) && i < from+4 && r.chunks[i].digits == 0; i++ {
			c := &r.chunks[i]
			switch c.w.sort() {
			case wordNone, wordFiller, wordPhone, wordTell, wordNot, wordAnd, wordNumber:
			default:
				return
			}
			if c.gap&(gapEnd|gapLine|gapComma|gapMoney) != 0 || c.marks > 0 {
				return
			}
			for _, b := range r.norm[c.lo:c.hi] {
				shouted = shouted && b < 'a' && c.letters > 1
			}
			words++
		}
		if i == from || i == len(r.chunks) || i == from+4 || r.chunks[i].gap&(gapEnd|gapLine|gapComma|gapMoney) != 0 {
			return
		}
	}
	if r.leadTo(p.start).cue == 0 && !shouted || r.word(i).sort() == wordMeasure {
		return
	}
	cost := .5 + .1*float32(words)
	if r.chunks[i-1].shape&shapeYear != 0 {
		cost += 1.5
	}
	r.propose(&p, cost, p.start)
}

// partAt reads the digits that begin at chunk i, each chunk the cheapest way, as
// far as nothing but blanks and hyphens stands between.
func (r *reader) partAt(i int) (part, bool) {
	p := part{start: int32(i), end: int32(i)}
	if c := &r.chunks[i]; c.money || c.shape&(shapeTime|shapeDate|shapeAmount) != 0 || c.link != noLink {
		return p, false
	}
	for int(p.end) < len(r.chunks) {
		c := &r.chunks[p.end]
		if p.n == 2 && c.w == wordAnd && c.gap == gapSpace && r.fourLast(i) && r.chunk(int(p.end)+1) != nil && r.chunks[p.end+1].gap == gapSpace {
			p.end++ // "the last four are 01 and 23"
			c = &r.chunks[p.end]
		}
		if p.n > 0 && c.gap&(gapComma|gapEnd|gapLine|gapSlash|gapColon|gapSign|gapEqual|gapMoney|gapHash) != 0 || c.money ||
			p.n > 0 && c.gap&gapParen != 0 && c.digits == 0 {
			break
		}
		x := r.cheapest(int(p.end))
		if x < 0 || p.n+r.edges[x].n > maxDigits-1 {
			break
		}
		p.take(r, x)
	}
	if k := r.word(int(p.start)); k.sort() == wordUnit && p.steps > 1 && int(k.value()) == int(p.n)-1 && r.roleOf(int(p.start)-1) != wordNone { // "last four 0123"
		p.v %= pow10[p.n-1]
		p.n--
		p.start = r.edges[p.trail[0]].to
		copy(p.trail[:], p.trail[1:])
		p.steps--
	}
	next := r.word(int(p.end))
	return p, p.n >= 2 && (next.sort() != wordMeasure || p.steps > 2)
}

// goesOn reports whether the words from chunk i on say what comes next.
func (r *reader) goesOn(i int) bool {
	for k := i; k < len(r.chunks) && k < i+10 && r.chunks[k].digits == 0; k++ {
		if r.chunks[k].w == wordNext {
			return true
		}
	}
	return false
}

// fourLast reports whether the words before chunk i announce the last four digits.
func (r *reader) fourLast(i int) bool {
	for k := i - 1; k >= 0 && k >= i-5; k-- {
		if r.small(k) == 4 {
			return r.word(k-1) == wordLast || r.word(k+1) == wordLast
		}
		if s := r.word(k).sort(); s != wordFiller && s != wordNumber {
			return false
		}
	}
	return false
}

// take appends what an edge reads.
func (p *part) take(r *reader, x int32) {
	e := &r.edges[x]
	p.v = p.v*pow10[e.n] + e.v
	p.n += e.n
	p.how |= e.how
	p.cost += e.cost
	p.trail[p.steps] = x
	p.steps++
	p.end = e.to
}

// cheapest returns the cheapest edge from a chunk, -1 when all are doubtful.
func (r *reader) cheapest(i int) int32 {
	best := int32(-1)
	for x := r.chunks[i].edges; x < r.chunks[i].after; x++ {
		e := &r.edges[x]
		if e.how&howSum != 0 || e.how&howTimes != 0 && e.to > int32(i)+1 {
			return x
		}
		if e.cost < .7 && (best < 0 || e.cost < r.edges[best].cost || e.cost == r.edges[best].cost && e.to > r.edges[best].to) {
			best = x
		}
	}
	return best
}

// roleOf returns the part that chunk i names.
func (r *reader) roleOf(i int) word {
	switch w := r.word(i); {
	case w == wordFirst, w == wordMiddle, w == wordNext, w == wordLast, w == wordRest:
		return w
	case w.sort() == wordArea && (r.word(i-1) == wordOld || r.word(i-2) == wordOld):
	case w.sort() == wordArea:
		if r.spells(i, "prefix", "prefijo") && r.areaBefore(i) {
			return wordMiddle
		}
		return wordFirst
	case r.spells(i, "front", "delante", "adelante") && r.spells(i-1, "up", "in", "the", "por", "al", "va"):
		return wordFirst
	case r.spells(i, "exchange", "central"):
		return wordMiddle
	case r.spells(i, "line", "linea", "subscriber", "abonado") && r.gapAt(i+1)&gapColon != 0:
		return wordLast
	}
	return wordNone
}

// areaBefore reports whether another word for an area code stands shortly before
// chunk i.
func (r *reader) areaBefore(i int) bool {
	for k := i - 1; k >= 0 && k >= i-5; k-- {
		if r.chunks[k].w.sort() == wordArea {
			return true
		}
	}
	return false
}

// role returns what the text calls a part: the nearest name before it in its
// sentence, or one right behind.
func (r *reader) role(p *part) word {
	if p.n >= 7 {
		for k := int(p.start) - 1; k >= 0 && k >= int(p.start)-2*roleReach && r.chunks[k+1].gap&gapEnd == 0; k-- {
			if r.word(k) == wordRest {
				return wordRest
			}
		}
	}
	if c := &r.chunks[p.start]; p.start == 0 || c.gap&(gapComma|gapLine|gapEnd) != 0 && c.gap&gapColon == 0 {
		if w := r.roleBehind(p); w != wordNone { // "912 goes first, 0123 goes last"
			return w
		}
	}
	for k := int(p.start) - 1; k >= 0 && k >= int(p.start)-roleReach; k-- {
		if r.chunks[k+1].gap&gapEnd != 0 || r.chunks[k].digits > 1 {
			break
		}
		if w := r.roleOf(k); w != wordNone {
			return w
		}
		if w := r.word(k); w == wordNone && !r.spells(k, "va", "van", "lleva", "llevan", "viene", "queda", "tiene", "trae", "goes", "comes", "reads", "has", "have", "of") || w.sort() == wordMeasure {
			break
		}
		if r.chunks[k+1].gap&(gapLine|gapComma) != 0 && k < int(p.start)-1 {
			break
		}
	}
	if w := r.roleBehind(p); w != wordNone {
		return w
	}
	if p.n == 3 && p.steps == 1 && r.bracketed(int(p.start)) && areaInUse(p.v) {
		return wordFirst
	}
	return wordNone
}

// roleBehind returns what the words right behind a part call it.
func (r *reader) roleBehind(p *part) word {
	for k := int(p.end); k < len(r.chunks) && k < int(p.end)+4; k++ {
		c := &r.chunks[k]
		if c.gap&(gapEnd|gapLine|gapComma) != 0 || c.digits > 0 || c.w == wordAnd || c.w == wordNext && !r.spells(k, "goes") {
			break
		}
		if w := r.roleOf(k); w != wordNone && w != wordNext {
			return w
		}
	}
	return wordNone
}

// The order of parts. What is named by no place of its own follows what was named
// before it.
const (
	rankFirst = iota
	rankMiddle
	rankLast
)

// join puts parts together in the order of their names.
func (r *reader) join(parts []part) {
	var order [maxParts]*part
	n, firsts := 0, 0
	for want := range rankLast + 1 {
		rank := rankFirst
		for i := range parts {
			switch parts[i].role {
			case wordFirst:
				rank = rankFirst
			case wordMiddle:
				rank = rankMiddle
			case wordLast, wordRest:
				rank = rankLast
			}
			if rank == want {
				order[n] = &parts[i]
				n++
				if parts[i].role == wordFirst || i == 0 && parts[i].role == wordNone {
					firsts++
				}
			}
		}
	}
	if firsts != 1 || n != len(parts) {
		return
	}
	if order[0].n < 3 || order[0].role == wordNone && r.leadTo(order[0].start).cue == 0 {
		return
	}
	sum := part{start: parts[0].start, end: parts[n-1].end}
	for _, p := range order[:n] {
		if sum.n+p.n > 11 {
			return
		}
		for _, x := range p.trail[:p.steps] {
			sum.take(r, x)
		}
	}
	sum.start, sum.end = parts[0].start, parts[n-1].end
	r.propose(&sum, .3+.015*float32(sum.end-sum.start)+r.counting(parts), order[0].start)
}

// counting is what nouns behind the parts speak against a number: "the first 912
// buyers, the next 555".
func (r *reader) counting(parts []part) (cost float32) {
	for i := range parts {
		if c := r.chunk(int(parts[i].end)); c != nil && c.gap == gapSpace && c.w == wordNone && c.digits == 0 && c.letters > 3 {
			cost += 1.2
		}
	}
	return cost
}

// propose keeps a number put together when it is one. cue is the chunk before
// which a contact word may stand.
func (r *reader) propose(p *part, cost float32, cue int32) {
	if p.n != 10 && p.n != 11 {
		return
	}
	q := path{start: p.start, at: p.end, n: p.n, v: p.v, how: p.how, steps: p.steps, bounds: 1 << 3}
	pl, ok := r.plan(q)
	if !ok {
		return
	}
	c := candidate{path: q, end: p.end, country: pl.country, nation: pl.nation, digits: pl.digits, marks: markParts}
	cost += p.cost + pl.unlikely
	cx := r.leadTo(cue)
	if cx.cue > 0 || r.claimed(int(p.end)) || r.leadTo(p.start).cue > 0 {
		cost -= bonusCue
		c.marks |= markCue
	} else if cx.id > 0 {
		cost += costID * cx.id
		c.marks |= markID
	}
	if c.score = base - cost; c.score > 0 && (r.query || !r.disowned(int(p.start), int(p.end))) {
		copy(r.trail[:], p.trail[:p.steps])
		r.keep(c)
	}
}

// counted reads digits that are numbered one by one: "1st 9, 2nd 1", "1º 9, 2º
// 1", "first nine, second one".
func (r *reader) counted() {
	for i := range r.chunks {
		if c := &r.chunks[i]; c.w != wordFirst && (c.digits != 1 || r.norm[c.lo] != '1') || r.ordinal(i) != 1 {
			continue
		}
		var p part
		p.start = int32(i)
		at := i
		for k := 1; k <= 11; k++ {
			if r.ordinal(at) != k {
				break
			}
			d := at + 1
			for d < len(r.chunks) && d < at+4 && r.chunks[d].edges == r.chunks[d].after && fillerCost(&r.chunks[d]) < 1 {
				d++
			}
			if d >= len(r.chunks) {
				break
			}
			x := r.cheapest(d)
			if x < 0 || r.edges[x].n != 1 || r.chunks[d].gap&gapEnd != 0 {
				break
			}
			p.take(r, x)
			for at = int(p.end); at < len(r.chunks) && at < int(p.end)+3 && r.ordinal(at) != k+1 && fillerCost(&r.chunks[at]) < 1; {
				at++
			}
			if at >= len(r.chunks) {
				break
			}
		}
		if p.n >= 10 {
			r.propose(&p, .2, p.start)
			return
		}
	}
}

// ordinal returns the number that chunk i counts with, 0 when it is none: "3rd",
// "3º", "3)", "third".
func (r *reader) ordinal(i int) int {
	c := r.chunk(i)
	if c == nil {
		return 0
	}
	b := r.norm[c.lo:c.hi]
	if c.digits > 0 {
		n := 0
		for n < len(b) && digit(b[n]) {
			n++
		}
		if n == 0 || n > 2 || int(c.digits) != n {
			return 0
		}
		v := int(b[0] - '0')
		if n == 2 {
			v = v*10 + int(b[1]-'0')
		}
		next := r.chunk(i + 1)
		if len(b) == n && (next == nil || next.gap&(gapSign|gapParen|gapColon|gapEqual|gapDot) == 0 || next.gap&gapComma != 0) || len(b) > n+2 {
			return 0
		}
		return v
	}
	const names = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh " +
		"primero segundo tercero cuarto quinto sexto septimo octavo noveno decimo undecimo " +
		"primera segunda tercera cuarta quinta sexta septima octava novena decima undecima "
	if len(b) < 5 || c.letters == 0 {
		return 0
	}
	for at, k := 0, 0; at < len(names); k++ {
		end := at
		for names[end] != ' ' {
			end++
		}
		if end-at == len(b) && equal(b, names[at:end]) {
			return k%11 + 1
		}
		at = end + 1
	}
	return 0
}

// columns reads the digits that lines begin with, one line below the other: where
// the text says so, or in the groups of a number.
func (r *reader) columns(told bool) {
	var p part
	lines, whole := 0, 0
	done := func() {
		if lines >= 3 && (whole < lines || told) && (told || lines == 3 && r.edges[p.trail[0]].n == 3 && r.edges[p.trail[1]].n == 3) {
			r.propose(&p, .4, p.start)
		}
		p, lines, whole = part{}, 0, 0
	}
	for i := 0; i < len(r.chunks); {
		end := i + 1
		for end < len(r.chunks) && r.chunks[end].gap&gapLine == 0 {
			end++
		}
		x := r.cheapest(i)
		other := false
		for k := i + 1; k < end; k++ {
			other = other || r.chunks[k].digits > 0
		}
		if x < 0 || other && !told || r.edges[x].how != howDigits || p.n+r.edges[x].n > 11 {
			done()
		} else {
			if lines == 0 {
				p.start = int32(i)
			}
			p.take(r, x)
			if lines++; end == int(r.edges[x].to) {
				whole++
			}
		}
		i = end
	}
	done()
}

// joinBefore puts together the digits of the sentence that chunk i ends.
func (r *reader) joinBefore(i int) {
	from, total := i, uint8(0)
	for from > 0 && i-from < partsApart && r.chunks[from].gap&(gapEnd|gapLine) == 0 {
		from--
		if c := &r.chunks[from]; c.digits > 0 && c.letters+c.marks == 0 {
			total += c.digits
		}
	}
	var p part
	for k := from; k < i; k++ {
		if c := &r.chunks[k]; c.digits == 0 || c.letters+c.marks > 0 {
			continue
		}
		x := r.cheapest(k)
		if x < 0 || p.n+r.edges[x].n > 11 {
			return
		}
		if p.n == 0 {
			p.start = int32(k)
		}
		p.take(r, x)
	}
	if p.n == total && bits.OnesCount8(p.n) > 0 {
		p.end = int32(i)
		r.roles++
		r.proposeJoined(&p)
	}
}

// proposeJoined keeps what the text says to put together, whatever its parts are
// called.
func (r *reader) proposeJoined(p *part) {
	end := int32(0)
	for _, x := range p.trail[:p.steps] {
		end = max(end, r.edges[x].to)
	}
	p.end = end
	id := r.leadTo(p.start).id
	r.propose(p, .4-costID*id, p.start)
}
