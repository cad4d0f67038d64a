package phone

import "math/bits"

// Scores are in natural log odds: a score of 0 is an even chance. base is what a
// string of digits with a number's length and no other sign is worth; costs are
// taken off, bonuses added.
const (
	base          = 3
	bonusCue      = 1.2 // a contact word before
	bonusLink     = 3   // tel:, sms:, wa.me
	bonusPlus     = 1.5 // an international prefix
	bonusGrouped  = .7  // grouped as people group numbers
	bonusQuery    = 2   // typed by someone who searches for a number
	costID        = 6   // the text calls it an id
	bonusClaim    = 1.5 // "it is my cell" behind
	costNot       = 3   // "do not dial"
	costBack      = 4   // read forwards where the text says backwards
	costReversed  = .4
	costUnknown   = .5 // words inside that are no fillers, with no cue
	costInURL     = 2.5
	costNamed     = 1   // a run of digits right behind a noun
	costAbroad    = 1.5 // a national number of another country than the text's
	costWord      = 2.2 // one word among groups of digits
	costUncalled  = 1.6 // odd groups and no contact word
	costList      = 2.2 // groups with commas and no contact word
	costEnd       = 1   // a line or sentence ends where other digits only have blanks
	costAmount    = 1.2 // part of a price, date, time or measure
	costMeasure   = 2.5 // a unit of measure behind
	costAscending = 4   // 9 10 11 12 1 2 3
	costCode      = 6   // part of a card's or account's number
	costRound     = 5   // 500 300 1200
	costPrice     = 4   // behind a currency sign
	costWeak      = .6  // a letter among digits that looks like one only to some
	costSuffix    = 4   // letters of a code joined to it
	costFile      = 2.5 // run into the name of a file or account, or a query of an address
)

// A plan is a numbering plan that a digit string can be read in.
type plan struct {
	country  uint16
	nation   uint64
	digits   uint8
	skip     uint8   // digits before the national number in the text
	unlikely float32 // what the plan says against it
	prefix   bool    // a country code or international prefix is written
}

// weigh reads a finished digit string in every plan and keeps what is more
// likely a number than not.
func (r *reader) weigh(p path) {
	if p.n == 7 {
		r.weighLocal(p)
		return
	}
	if p.n < 10 {
		r.weighForeign(p)
		return
	}
	if r.first(p).flip {
		r.weighTurned(p)
		return
	}
	pl, ok := r.plan(p)
	if r.by != 0 && p.n == 10 && r.first(p).link != phoneLink {
		q := p
		q.v, q.how = moved(p.v, p.n, r.by), p.how|howSum
		if shifted, ok := r.plan(q); ok {
			r.consider(q, shifted, ahead)
		}
		p.cost += costBack
	}
	if ok {
		r.consider(p, pl, ahead)
	}
	if !ok || r.home() == elsewhere {
		r.weighForeign(p)
	}
	if r.turned(p) || r.hint && !ok {
		r.weighTurned(p)
	}
}

// The order in which the digits of a path are read.
type order uint8

const (
	ahead  order = iota
	back         // from the last digit to the first
	blocks       // from the last group to the first
)

// weighTurned reads a path from its end.
func (r *reader) weighTurned(p path) {
	if p.n != 10 && p.n != 11 {
		return
	}
	q, o, trail := p, back, r.trail
	defer func() { r.trail = trail }()
	q.v = 0
	if r.blocks && !r.first(p).flip {
		o = blocks
		groups := p.bounds
		if bits.OnesCount16(groups) > 3 {
			groups = p.spaced | p.strong
		}
		steps, last := uint8(0), p.steps
		for k, end, at := p.n, p.n, p.steps; at > 0; {
			at--
			if k -= r.edges[trail[at]].n; k > 0 && groups>>k&1 == 0 {
				continue
			}
			q.v = q.v*pow10[end-k] + p.v/pow10[p.n-end]%pow10[end-k]
			steps += uint8(copy(r.trail[steps:], trail[at:last]))
			end, last = k, at
		}
	} else {
		for v, k := p.v, p.n; k > 0; v, k = v/10, k-1 {
			q.v = q.v*10 + v%10
		}
	}
	q.bounds = bits.Reverse16(p.bounds) >> (15 - p.n)
	if p.bounds == 1<<3|1<<6 && o == back {
		q.bounds = p.bounds // grouped behind: "321 055 5219"
	}
	if pl, ok := r.plan(q); ok {
		r.consider(q, pl, o)
	}
}

// turned reports whether a path may be written backwards: the text speaks of it,
// and it is neither a link nor begins with a plus sign.
func (r *reader) turned(p path) bool {
	c := r.first(p)
	return r.back && c.link != phoneLink && c.gap&gapLastPlus == 0
}

// home returns the calling code of the country that the caller named, 0 when
// none was named, and another plan's when it is none of the two known here.
func (r *reader) home() uint16 {
	switch r.country {
	case "":
		return 0
	case "US", "CA", "PR", "DO", "JM":
		return 1
	case "GB", "IM", "JE", "GG":
		return 44
	}
	return elsewhere
}

// elsewhere stands for the calling code of every other country.
const elsewhere = 999

func (r *reader) first(p path) *chunk { return &r.chunks[p.start] }

// plan finds the numbering plan of a digit string of ten or more digits.
func (r *reader) plan(p path) (pl plan, ok bool) {
	plus := r.first(p).gap&gapLastPlus != 0
	us := func(v uint64, skip uint8, prefix bool) (plan, bool) {
		u, ok := northAmerican(v)
		return plan{1, v, 10, skip, u, prefix}, ok
	}
	gb := func(v uint64, skip uint8, prefix bool) (plan, bool) {
		u, ok := british(v)
		return plan{44, v, 10, skip, u, prefix}, ok
	}
	v := p.v
	switch {
	case p.n == 10 && !plus:
		return us(v, 0, false)
	case p.n == 11 && v/1e10 == 1:
		return us(v%1e10, 1, plus)
	case p.n == 11 && v/1e10 == 0 && !plus:
		return gb(v, 1, false)
	case p.n == 12 && v/1e10 == 44:
		if c := r.first(p); c.gap&gapPlus != 0 && c.bfrom > 1 && r.s[c.bfrom-2:c.bfrom] == "+ " {
			plus = true // "+ 4 4 / 2 0 / ..."
		}
		pl, ok = gb(v%1e10, 2, plus)
		if !plus && r.first(p).link != phoneLink {
			pl.unlikely += 1.2
		}
		return pl, ok
	case p.n == 13 && v/1e10 == 440:
		return gb(v%1e10, 3, true)
	case p.n == 13 && v/1e10 == 1 && !plus: // 00 1
		return us(v%1e10, 3, true)
	case p.n == 14 && v/1e10 == 44 && !plus: // 00 44
		return gb(v%1e10, 4, true)
	case p.n == 14 && v/1e10 == 111 && !plus: // 011 1
		return us(v%1e10, 4, true)
	case p.n == 15 && (v/1e10 == 440 || v/1e10 == 1144) && !plus: // 00 44 0, 011 44
		return gb(v%1e10, 5, true)
	}
	return plan{}, false
}

// consider adds up what speaks for and against a reading and keeps it when the
// sum is in its favour.
func (r *reader) consider(p path, pl plan, o order) {
	if p.how&howKeypad != 0 && pl.country != 1 {
		return // only American numbers are given in letters
	}
	c := candidate{path: p, end: p.at, country: pl.country, nation: pl.nation, digits: pl.digits}
	cost := p.cost + pl.unlikely
	grouping := grouping(p, pl)
	cost += grouping
	if grouping == 0 {
		cost -= bonusGrouped
		c.marks |= markGrouped
	}
	cost += r.said(p, pl, &c.marks)
	switch {
	case o == blocks:
		cost += costReversed
		c.marks |= markBlocks
	case o == back:
		cost += costReversed
		c.marks |= markReversed
	case r.turned(p):
		cost += costBack
	}
	called := c.marks&markCue != 0
	if c.marks&markClaim == 0 {
		cost += r.otherwise(p, grouping)
	}
	if !called && r.first(p).link != phoneLink && !pl.prefix {
		cost += r.uncalled(p, pl, grouping)
	}
	if p.worded > 0 && p.worded < 3 && bits.OnesCount16(p.bounds) < 6 && p.how&howDigits != 0 && p.bounds != 0 {
		if called && p.how&(howSound|howSpelt) == 0 && grouping < 1 {
			cost += .25 * costWord * float32(p.worded)
		} else {
			cost += costWord * float32(p.worded)
		}
	}
	cost += ends(p, pl.skip)
	if f := r.first(p); p.n > 1 && int(f.bto) < len(r.s) && r.s[f.bto] == ')' && !r.bracketed(int(p.start)) && p.at > p.start+1 {
		cost += costEnd // the first digits end what brackets hold: "(nothing is 0): VII"
		if f.digits == 1 {
			cost += costEnd
		}
	}
	if p.unknown > 0 {
		if !called {
			cost += costUnknown
		}
		cost += .8 * grouping
	}
	if c.score = base - cost; c.score > 0 && (r.query || !r.disowned(int(p.start), int(p.at))) {
		r.keep(c)
	}
}

func (r *reader) keep(c candidate) {
	if len(r.found) == cap(r.found) {
		more := make([]candidate, len(r.found), 2*cap(r.found)+4)
		copy(more, r.found)
		r.found = more
	}
	c.trail = r.trail
	r.found = r.found[:len(r.found)+1]
	r.found[len(r.found)-1] = c
}

// said is what the words, links and signs around a path, and what the caller
// knows, speak against it; less than 0 speaks for it.
func (r *reader) said(p path, pl plan, m *evidence) float32 {
	var cost float32
	switch r.first(p).link {
	case phoneLink:
		cost -= bonusLink
		*m |= markLink
	case plainLink:
		cost += costInURL
	}
	if pl.prefix {
		cost -= bonusPlus
		*m |= markPrefix
	}
	if pl.unlikely > 1 {
		*m |= markUnlikely
	}
	cx := r.leadTo(p.start)
	if !r.query {
		if cx.cue < .5 {
			if r.claimed(int(p.at)) {
				cost -= bonusClaim
				cx = lead{cue: 1}
				*m |= markClaim
			}
		}
	}
	if cx.cue > 0 {
		cost -= bonusCue * cx.cue
		*m |= markCue
	}
	if cx.id > 0 && r.first(p).link != phoneLink && !r.query {
		cost += costID * cx.id
		*m |= markID
	}
	if r.query {
		cost -= bonusQuery
	}
	if pl.country != r.home() && !pl.prefix && r.home() != 0 {
		cost += costAbroad
	}
	cost += r.behind(p, m)
	if n := r.leftover(p); n > 0 {
		cost += n
		*m |= markLeftover
	}
	return cost
}

// ends is what the end of a line or sentence inside speaks against a path whose
// other digits have less between them, unless it ends a group of the plan's.
func ends(p path, skip uint8) float32 {
	n, all := bits.OnesCount16(p.ends), bits.OnesCount16(p.bounds)
	if n == 0 || n > 2 || all <= 2*n {
		return 0
	}
	const groups = 1<<3 | 1<<6
	e := p.ends >> skip
	if all < 5 || e&groups == groups {
		e &^= groups
	}
	return costEnd * float32(bits.OnesCount16(e))
}

// uncalled is what speaks against digits that no contact word announces: groups
// with blanks between them that are no number's, and lists.
func (r *reader) uncalled(p path, pl plan, grouping float32) float32 {
	var cost float32
	b := p.bounds >> pl.skip &^ 1
	if p.worded < 3 && grouping >= .6 && p.spaced != 0 && bits.OnesCount16(b) < 8 {
		cost += costUncalled
		if bits.OnesCount16(b) < 5 {
			cost += .6
		}
	}
	first, next := r.first(p), r.chunk(int(p.at))
	if p.filler != 0 && next != nil && next.digits == 0 && next.gap == gapSpace && r.print(next, 0) == p.filler {
		cost += 2.5 // "312 mi, 555 mi, 147 mi"
	}
	if p.gaps&gapPlus != 0 && next != nil && next.gap&gapEqual != 0 {
		cost += 2 * costList // "912 + 555 + 123 ="
	}
	if before := r.chunk(int(p.start) - 1); p.how == howDigits && b == 1<<2|1<<4|1<<6|1<<8 && p.gaps == gapSpace && before != nil && before.w == wordNone && before.letters > 2 && first.gap == gapSpace {
		cost += costList // "rounds 91 92 95 85 91"
	}
	if before := r.chunk(int(p.start) - 1); p.bounds == 0 && p.how == howDigits && before != nil && before.w == wordNone &&
		before.letters > 1 && before.digits == 0 && first.gap&^(gapSpace|gapColon) == 0 {
		cost += costNamed
	}
	if s := p.strong >> pl.skip &^ 1; p.worded < 3 && p.gaps&gapComma != 0 && p.gaps&gapDash != 0 && bits.OnesCount16(s) > 1 && s&^(1<<3|1<<6) != 0 && bits.OnesCount16(b) >= 6 {
		cost += costList // "won 9-1, 2-5"
	}
	if first.gap&gapAt != 0 && first.bfrom > 0 && r.s[first.bfrom-1] == '@' {
		cost += costInURL // the name of an account
	}
	if r.filed(p) {
		cost += costFile
	}
	if r.affixed(p) {
		cost += costSuffix
	}
	if p.how&howMoney != 0 {
		cost += costPrice
	}
	if p.how&howLeet != 0 {
		cost += costWeak * float32(r.weak(p))
	}
	if p.how&howSound != 0 && p.gaps&gapComma != 0 {
		cost += 1.2 // "one to one, two for one"
	}
	if p.gaps&gapEqual != 0 && p.gaps&(gapPlus|gapComma) != 0 {
		cost += costList // "1+2=3, 4+5=9"
	}
	if p.bounds != 0 && p.spaced == 0 && grouping >= 1 && p.worded == 0 {
		cost += 1 // an address, a version
	}
	if pl.unlikely > 1 {
		cost += 1
	}
	if p.worded < 3 && p.gaps&gapComma != 0 && p.spaced != 0 && bits.OnesCount16(b) < 6 {
		cost += costList
		if before := r.chunk(int(p.start) - 1); before != nil && before.w == wordNone && before.letters > 0 && first.gap == gapSpace {
			cost += 1.5 // "lots 12, 14"
		}
	} else if cost > 0 && (p.start == 0 || first.gap&(gapEnd|gapLine) != 0) && (next == nil || next.gap&(gapEnd|gapLine) != 0) {
		cost -= .9 // a line of its own
	}
	return cost
}

// weak counts the letters among digits that hardly look like any.
func (r *reader) weak(p path) (n int) {
	for k := p.start; k < p.at; k++ {
		c := &r.chunks[k]
		if c.digits == 0 || c.letters == 0 || c.odd > 0 || c.letters > 3 {
			continue
		}
		for _, b := range r.norm[c.lo:c.hi] {
			switch b {
			case 'A', 'E', 'T', 'G', 'a', 'e', 't', 'g', 'q', 'b', 'D', 'L':
				n++
			}
		}
	}
	return n
}

// filed reports whether a path is run into a word by a sign that joins the parts
// of names of files, accounts and addresses, or into the kind of a file.
func (r *reader) filed(p path) bool {
	c := r.first(p)
	if p.start > 0 && c.gap.tight() && c.bfrom > 0 && r.chunks[p.start-1].letters > 0 {
		switch r.s[c.bfrom-1] {
		case '_', '=', '?', '&':
			return true
		}
	}
	next := r.chunk(int(p.at))
	return next != nil && next.gap == gapDot && next.letters >= 3 && r.spells(int(p.at), "jpg", "jpeg", "png", "gif", "pdf", "html", "htm", "php", "webp")
}

// affixed reports whether capitals that are no word of a call are joined to a path by
// a hyphen: "617-555-0172-REF", "INV-9125550123".
func (r *reader) affixed(p path) bool {
	if p.how&(howLeet|howKeypad|howSpelt|howWord|howNoise) != 0 {
		return false
	}
	code := func(k int, g gap) bool {
		c := r.chunk(k)
		if c == nil || g != gapDash || c.digits > 0 || c.letters == 0 || c.hi-c.lo > 5 || k < int(p.start) && c.hi-c.lo < 3 || c.w != wordNone && c.w.sort() != wordID && c.w.sort() != wordLabel {
			return false
		}
		for _, b := range r.norm[c.lo:c.hi] {
			if b < 'A' || b > 'Z' {
				return false
			}
		}
		next := r.chunk(k + 1)
		return k < int(p.start) || next == nil || next.gap&^gapSpace != 0 || next.digits > 0 || r.norm[next.lo] > 'Z' || next.hi-next.lo < 2 || r.norm[next.lo+1] > 'Z' // not a sentence in capitals
	}
	return code(int(p.at), r.gapAt(int(p.at))) || code(int(p.start)-1, r.first(p).gap)
}

// grouping is what the way the digits are grouped speaks against a number of
// the plan: 0 when it is the plan's own way.
func grouping(p path, pl plan) float32 {
	b := p.bounds >> pl.skip &^ 1
	inner := p.bounds & (1<<pl.skip - 1) &^ 1
	words := p.worded >= 3
	if b == 0 {
		if p.bounds == 0 && !words {
			return .6
		}
		return .3
	}
	if inner != 0 && bits.OnesCount16(b) < 4 && pl.skip < 3 {
		return 1.5
	}
	const all = 1<<10 - 2
	if pl.country == 1 {
		switch {
		case b == 1<<3|1<<6:
			return 0
		case b == 1<<3 || b == 1<<6:
			return .2
		case b&all == all:
			return .25
		case b&(1<<3) != 0 && b&(1<<6) != 0 && !words:
			return .3
		case b&(1<<3) != 0 && b&(1<<6) != 0 && p.strong>>pl.skip&^(1<<3|1<<6|1) == 0:
			return .3
		}
	} else {
		switch b {
		case 1 << 4, 1<<4 | 1<<7, 1<<2 | 1<<6, 1<<3 | 1<<6, 1<<3 | 1<<7, 1 << 2, 1<<3 | 1<<5 | 1<<7 | 1<<9, 1<<4 | 1<<6 | 1<<8, 1 << 3:
			return 0
		case all:
			return .25
		}
	}
	if s := p.strong >> pl.skip &^ 1; words && s == 1<<3|1<<6 && pl.country == 1 {
		return .1
	} else if words {
		return .4 + .1*float32(bits.OnesCount16(s))
	}
	switch groups := bits.OnesCount16(b) + 1; {
	case b == 1<<2|1<<4|1<<6|1<<8:
		return .6
	case groups >= 6:
		return .7
	case groups == 5:
		return 1
	case groups == 4:
		return 1.2
	case groups == 3:
		return 2.2
	}
	return 3.2
}

// otherwise is what prices, dates, times and measures in the path speak against
// it.
func (r *reader) otherwise(p path, grouping float32) float32 {
	var cost float32
	rising, growing, last, by, money := 0, 0, -1, 0, 0
	if p.at == p.start+3 && p.how == howDigits && r.value(int(p.start))%50 == 0 && r.value(int(p.start)+1)%50 == 0 && r.value(int(p.start)+2)%50 == 0 {
		cost += costRound
	}
	for k := p.start; k < p.at; k++ {
		c := &r.chunks[k]
		if c.shape&shapeCode != 0 {
			cost += costCode
		} else if c.shape&^shapeYear != 0 {
			cost += costAmount
		}
		if c.money {
			if money++; money > 1 {
				cost += costAmount
			}
		}
		if c.shape&shapeYear != 0 && grouping > 1 {
			cost += .8
		}
		v, ok := r.counts(int(k))
		if ok && v > last {
			growing++
		}
		if !ok || v > 99 {
			last = max(-1, v)
			continue
		}
		if last >= 0 && (v == last+1 || v == 1 && last == 12 || v-last == by && by > 0) {
			rising++
		}
		by, last = v-last, v
	}
	if rising >= 3 && rising > int(p.at-p.start)/2 || growing >= 6 && growing == int(p.at-p.start) {
		cost += costAscending
	}
	return cost
}

// counts returns the number in chunk i, in digits or a word.
func (r *reader) counts(i int) (v int, ok bool) {
	c := &r.chunks[i]
	if c.digits > 0 && c.letters+c.marks == 0 && c.hi-c.lo <= 4 {
		return int(r.value(i)), true
	}
	switch w := r.word(i); w.sort() {
	case wordUnit, wordTeen:
		return int(w.value()), true
	}
	return -1, false
}

// leftover is what digits right before and behind the path speak against it:
// they may belong to a longer string that is no number.
func (r *reader) leftover(p path) float32 {
	var cost float32
	if p.start > 0 {
		cost += r.stray(int(p.start)-1, r.chunks[p.start].gap, p)
		before := r.word(int(p.start) - 1)
		if before.sort() == wordAnd {
			before = r.word(int(p.start) - 2)
		}
		if s := before.sort(); s == wordHundred || s == wordHundreds || s == wordThousand {
			cost += 2 // the number in words began earlier
		}
	}
	if s := r.word(int(p.at) - 1).sort(); (s == wordTens || s == wordHundred) && r.word(int(p.at)).sort() == wordAnd && r.word(int(p.at)+1).numeral() {
		cost += 2 // and goes on
	}
	if r.word(int(p.at)) == wordPlus && p.bounds != 0 {
		if c := r.chunk(int(p.at) + 1); c != nil && c.digits > 0 && c.letters+c.marks == 0 && c.gap == gapSpace {
			cost += 2 // a sum goes on
		}
	}
	if c := r.chunk(int(p.at)); c != nil {
		cost += r.stray(int(p.at), c.gap, p)
		if c.gap&gapAt != 0 && c.gap.tight() {
			cost += costInURL // an address
		}
	}
	return cost
}

const gapKinds = gapDot | gapComma | gapDash | gapColon | gapSlash | gapParen | gapPlus | gapEqual | gapQuote | gapMark | gapSign

// stray is what chunk i, which stands beside the path with g between, speaks
// against it.
func (r *reader) stray(i int, g gap, p path) float32 {
	c := &r.chunks[i]
	word := c.spelt != 0 || c.w == wordSoft && r.word(i+1).sort() == wordUnit || c.w.sort() == wordUnit || c.w.sort() == wordTens || c.w.sort() == wordTeen
	if c.edges == c.after || c.digits == 0 && !word {
		if c.digits > maxDigits && g.tight() {
			return 2
		}
		return 0
	}
	single := c.digits == 1 && c.letters == 0 || word
	explained := c.money || c.measure || c.shape&^shapeYear != 0 || r.word(i+1).sort() == wordMeasure
	if g.tight() {
		switch {
		case explained:
			return .3
		case g&(gapScheme|gapAt|gapParen|gapSign) != 0:
			return .5
		case g&gapKinds&p.gaps != 0 || g == 0:
			return 3.5
		}
		return 1.5
	}
	var cost float32
	inside := bits.OnesCount16(p.bounds)
	switch {
	case explained:
		return 0
	case g&gapEnd != 0 && p.gaps&gapEnd == 0 || g&gapLine != 0 && p.gaps&gapLine == 0:
		cost = .15
	case single && inside >= 4:
		cost = 1.3
	case inside >= 4 && p.spaced != 0:
		cost = .8
	case c.digits >= 3:
		cost = .45
	default:
		cost = .2
	}
	if g&(gapComma|gapSlash|gapPlus|gapColon) != 0 && g&gapKinds&p.gaps == 0 {
		cost *= .4
	} else if g&gapComma != 0 && p.gaps&gapComma != 0 && c.digits > 1 {
		cost += .8 // an item more of a list
	}
	return cost
}
