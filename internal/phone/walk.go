package phone

// A path is a walk over edges from chunk start up to chunk at.
type path struct {
	start, at int32
	n         uint8  // digits so far
	unknown   uint8  // words inside that are no fillers
	worded    uint8  // digits read from words
	steps     uint8  // edges so far, which the trail of the reader names
	filler    uint32 // the last word read over
	v         uint64 // digits as a number
	bounds    uint16 // bit k: something visible stands after k digits
	spaced    uint16 // bit k: white space does
	strong    uint16 // bit k: more than a blank does
	ends      uint16 // bit k: the end of a line or sentence does
	how       how
	gaps      gap // all that stands between
	last      gap // what stood between the last two
	cost      float32
}

// Limits of the walk from one chunk. They bound the work per chunk, so that
// reading takes time linear in the text.
const (
	maxCost    = 6.5
	maxSteps   = 400
	maxFillers = 5
	maxAside   = 5 // words between brackets
)

// hope is the cost from which no path from chunk i can win, with everything that
// may yet speak for it.
func (r *reader) hope(i int) float32 {
	var hope float32 = base + bonusGrouped
	c, cx := &r.chunks[i], r.leadTo(int32(i))
	hope += bonusCue * cx.cue
	if cx.cue == 0 && len(r.areas) > 0 {
		hope += bonusCue
	}
	if c.link == phoneLink {
		hope += bonusLink
	} else if !r.query && (cx.id > 0 || c.money) {
		if r.mayClaim(i) {
			hope += bonusClaim
		} else {
			hope -= costID * cx.id
		}
	}
	if c.gap&gapLastPlus != 0 {
		hope += bonusPlus
	}
	if r.query {
		hope += bonusQuery
	}
	if r.home() == elsewhere {
		hope += costAbroad
	}
	return min(hope, maxCost)
}

// lookAhead bounds, for every chunk, how many digits a path can read from there
// on: a path cannot cross a long run of chunks that are not read as digits.
func (r *reader) lookAhead() {
	reach := int32(0) // up to where edges lead
	for i := range r.chunks {
		c := &r.chunks[i]
		c.inside = reach > int32(i)
		for x := c.edges; x < c.after; x++ {
			reach = max(reach, r.edges[x].to)
		}
	}
	var ahead uint8
	run, longest := 0, maxFillers
	for i := len(r.chunks) - 1; i >= 0; i-- {
		c := &r.chunks[i]
		switch {
		case c.edges < c.after:
			var most uint8
			for x := c.edges; x < c.after; x++ {
				most = max(most, r.edges[x].n)
			}
			ahead, run, longest = min(ahead+most, 2*maxDigits), 0, maxFillers
		case !c.inside:
			if run++; c.gap&(gapParen|gapMark) != 0 {
				longest += maxAside // perhaps words in brackets, which do not count
			}
			if run > longest {
				ahead = 0
			}
		}
		c.ahead = ahead
	}
}

// fewest is how many digits a number that begins at a chunk has in the text:
// fewer than a whole national number only where something says so.
func (r *reader) fewest(c *chunk) uint8 {
	if len(r.areas) > 0 || r.query || c.gap&gapLastPlus != 0 || r.home() == elsewhere {
		return enough
	}
	return 10
}

// walk follows every edge that can go on from p and weighs what it finds.
func (r *reader) walk(p path) {
	r.work++
	if r.steps++; r.steps > maxSteps {
		return
	}
	if p.n >= r.need {
		r.weigh(p)
	}
	if p.n >= maxDigits || int(p.at) >= len(r.chunks) {
		return
	}
	if ahead := r.chunks[p.at].ahead; ahead == 0 || p.n+ahead < r.need {
		return
	}
	var gaps gap
	var cost float32
	var unknown uint8
	filler := uint32(0)
	skipped := 0
	for k := int(p.at); k < len(r.chunks) && k <= int(p.at)+maxFillers+skipped; k++ {
		c := &r.chunks[k]
		if p.n > 0 {
			gaps |= c.gap
			cost += gapCost(c.gap)
		}
		if p.cost+.3*cost > r.limit || p.unknown+unknown > 3 {
			return
		}
		for x := c.edges; x < c.after; x++ {
			e := &r.edges[x]
			total := p.cost + cost + e.cost
			if gaps == p.last && k == int(p.at) && p.n > 1 {
				total -= .7 * cost // more of the same says little more
			}
			if total > r.limit || p.n+e.n > maxDigits {
				continue
			}
			q := p
			q.cost = total
			q.unknown += unknown
			q.n += e.n
			q.v = p.v*pow10[e.n] + e.v
			q.last = gaps
			q.how |= e.how
			if e.how&(howWord|howSpelt|howSound) != 0 {
				q.worded += e.n
			}
			q.at = e.to
			if p.n > 0 {
				q.bounds |= 1 << p.n
				if !gaps.tight() {
					q.spaced |= 1 << p.n
				}
				if gaps&(gapEnd|gapLine) != 0 {
					q.ends |= 1 << p.n
				}
				if gaps&gapStrong != 0 {
					q.strong |= 1 << p.n
				}
				q.gaps |= gaps
				if k > int(p.at) {
					q.how |= howFiller
					q.filler = filler
				}
			}
			r.trail[p.steps] = x
			q.steps++
			r.walk(q)
		}
		if p.n == 0 {
			return
		}
		if n := r.aside(k); n > 1 {
			if gaps |= gapParen; p.n == 0 {
				return
			}
			cost += .4
			k, skipped = k+n-1, skipped+n
			continue
		}
		if p.n == 1 && p.v == 1 && (c.w == wordNone && c.letters > 2 || gaps&gapEnd != 0) {
			return // "one owner. My number is"
		}
		f := fillerCost(c)
		if c.w == wordSoft|1 && r.article(k) {
			f = .1
		}
		if c.w == wordNone && r.word(k+1) == wordLetters && r.chunks[k+1].gap == gapSpace {
			f = .1 // "open bracket", "cierra paréntesis"
		}
		if r.roles > 0 && p.n > 2 && r.counter(k) { // "and the last two are 53"
			f = .3
		}
		if c.hi-c.lo == 2 && r.norm[c.lo]|0x20 == 'o' && r.norm[c.lo+1]|0x20 == 'r' {
			return // other numbers follow
		}
		if c.w.sort() == wordPhone && r.gapAt(k+1)&gapColon != 0 {
			return // what follows is another number
		}
		if f >= maxCost {
			return
		}
		if c.w.sort() == wordPhone || c.w == wordNone && c.letters > 1 {
			if p.n == 3 || p.n == 6 {
				if r.leadTo(p.start).cue > 0 {
					f *= .5
				}
			}
		}
		filler = r.print(c, filler)
		switch aside := r.bracketed(k); {
		case aside && p.how&howFiller != 0 || r.strip || filler == p.filler && k == int(p.at): // "9 and 1 and 2"
			f = .05
		case aside:
			f = .3
		case k == int(p.at):
			f += .3
		}
		if c.w == wordNone && f > .3 {
			unknown++
		}
		cost += f
	}
}

var pow10 = [...]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// aside returns how many chunks from k on stand in brackets or between stars: words
// that are no part of what is around them.
func (r *reader) aside(k int) int {
	c := &r.chunks[k]
	if c.gap&(gapParen|gapMark) == 0 || c.bfrom == 0 {
		return 0
	}
	var end byte
	switch r.s[c.bfrom-1] {
	case '(':
		end = ')'
	case '[':
		end = ']'
	case '{':
		end = '}'
	case '*':
		end = '*'
	default:
		return 0
	}
	for n := 0; n < maxAside && k+n < len(r.chunks); n++ {
		c := &r.chunks[k+n]
		if c.digits > 0 || c.w.sort() == wordUnit || n > 0 && c.gap&^gapSpace != 0 {
			return 0
		}
		if int(c.bto) < len(r.s) && r.s[c.bto] == end {
			return n + 1
		}
	}
	return 0
}

// print tells words apart that are read over.
func (r *reader) print(c *chunk, seed uint32) uint32 {
	for _, b := range r.norm[c.lo:c.hi] {
		seed = (seed ^ uint32(b|0x20)) * 16777619
	}
	return seed | 1
}

// gapStrong are the gaps that set groups of digits apart where others stand
// between single ones.
const gapStrong = gapWide | gapLine | gapComma | gapColon | gapSlash | gapEnd | gapParen

// gapCost is what a gap speaks against the digits around it being one number.
func gapCost(g gap) float32 {
	var c float32 = .02
	if g&(gapLine|gapEnd|gapComma|gapMoney|gapHash|gapAt|gapScheme|gapLong|gapBlank|gapSlash|gapEqual|gapPlus|gapColon|gapWide) == 0 {
		return c
	}
	for _, k := range gapCosts {
		if g&k.gap != 0 {
			c += k.cost
		}
	}
	return c
}

var gapCosts = [...]struct {
	gap  gap
	cost float32
}{
	{gapLine, .2}, {gapBlank, .1}, {gapEnd, .15}, {gapComma, .08}, {gapWide, .02}, {gapColon, .05}, {gapSlash, .05},
	{gapEqual, .08}, {gapPlus, .05}, {gapHash, .3}, {gapMoney, 1.5}, {gapAt, .6}, {gapLong, .4}, {gapScheme, 4},
}

// fillerCost is what it costs to read over a chunk inside a number.
func fillerCost(c *chunk) float32 {
	if c.digits > 0 || c.marks > 0 || c.mute {
		return maxCost
	}
	switch c.w.sort() {
	case wordFiller:
		return .1
	case wordAnd:
		return .1
	case wordNumber, wordArea:
		return .3
	case wordSoft:
		return 1.3
	case wordNone:
		if c.hard && c.spelt == 0 { // number words run together, Roman numerals
			return maxCost
		}
		if c.hi-c.lo == 1 {
			return 1
		}
		return 1.5
	case wordLabel, wordNot:
		return 1.5
	case wordTell:
		if c.w == wordOnly || c.w == wordLetters || c.w == wordRiddle {
			return .3
		}
	case wordPhone:
		return 2
	case wordDead:
		return maxCost
	case wordID:
		if c.w == wordCode {
			return .3
		}
		return 3
	}
	return maxCost
}
