package phone

import (
	"math/bits"
	"unicode/utf8"
)

// A how is the set of ways in which digits were written.
type how uint32

const (
	howDigits  how = 1 << iota
	howUnicode     // digits of other scripts or styles
	howWord        // number words
	howTens        // number words for more than a digit
	howTimes       // "double five"
	howSpelt       // misspelt words
	howSound       // words that sound like digits
	howLook        // look-alikes from other scripts
	howLeet        // ASCII letters and signs for digits
	howNoise       // the same letter between all digits
	howKeypad      // letters of the telephone keypad
	howCode        // entities or escapes
	howMoney       // after a currency sign
	howJunk        // letters around digits were left out
	howFiller      // words between the digits
	howSum         // sums worked out
	howKey         // signs that the text gives a digit to
)

// maxDigits is the most digits a path may have: 011 44 and ten digits, or 00 44
// 0 and ten.
const maxDigits = 15

// An edge reads chunks as digits. It leads to the chunk to.
type edge struct {
	to   int32
	n    uint8 // digits
	v    uint64
	cost float32
	how  how
}

// edgesFrom finds every reading that begins at chunk i.
func (r *reader) edgesFrom(i int) {
	c := &r.chunks[i]
	c.edges = int32(len(r.edges))
	b := r.norm[c.lo:c.hi]
	switch {
	case c.mute:
	case c.digits > 0 && r.sum(i):
	case c.letters == 0 && c.marks == 0:
		if len(b) == 1 && r.word(i+1) == wordUnit|word(b[0]-'0') && r.bracketed(i+1) {
			r.edge(i, i+2, uint64(b[0]-'0'), 1, 0, howDigits|howWord)
		} else if n := r.word(i + 1); len(b) == 1 && n.sort() == wordUnit && n.value() > 1 && n.value() < 6 && r.times(i+2) {
			r.repeat(i, i+3, uint64(b[0]-'0'), int(n.value()))
		} else if len(b) <= maxDigits {
			r.digits(i, b, 0, 0)
			if len(b) == 1 {
				r.tallied(i, uint64(b[0]-'0'), false)
				if n.sort() == wordTimes && r.spells(i+1, "twice", "thrice") {
					r.repeat(i, i+2, uint64(b[0]-'0'), int(n.value()))
				}
			}
		}
	case r.marks == wordTally && r.spells(i, "none", "nothing", "nada", "ninguno", "ninguna", "blank", "empty", "vacio"):
		r.edge(i, i+1, 0, 1, .1, howWord)
	case r.stars && r.starred(i):
	case r.masked(i):
	case c.digits == 0 && c.marks == 0 && c.w.numeral():
		if n := r.chunk(i + 1); n != nil && n.hi-n.lo == 1 && c.w == wordUnit|word(r.norm[n.lo]-'0') && r.bracketed(i+1) {
			r.edge(i, i+2, uint64(c.w.value()), 1, 0, howDigits|howWord)
			break
		}
		r.words(i)
		r.spaced(i)
	case c.digits == 1 && len(b) == 2 && b[1] == 's' && r.tallied(i, uint64(b[0]-'0'), true): // "5s (three of them)"
	case c.digits > 0:
		r.mixed(i, b)
	case c.w == wordNone || c.w == wordFiller && (len(b) < 3 || c.spelt != 0):
		if c.hard || r.romans >= 5 || r.company(i) >= 2 { // of its own, an unknown word has no weight
			r.unknown(i, b)
		}
		r.spaced(i)
	case r.told&(1<<wordKeypad.value()) != 0 && r.pressed(i, b):
	default:
		r.spaced(i)
	}
	c.after = int32(len(r.edges))
}

// times reports whether chunk i is the word that makes the number before it a
// count.
func (r *reader) times(i int) bool { return r.word(i) == wordTimes }

// bracketed reports whether a pair of brackets holds chunk i and nothing else.
func (r *reader) bracketed(i int) bool {
	c := r.chunk(i)
	if c == nil || c.gap&gapParen == 0 || c.bfrom == 0 || int(c.bto) >= len(r.s) {
		return false
	}
	switch r.s[c.bfrom-1] {
	case '(':
		return r.s[c.bto] == ')'
	case '[':
		return r.s[c.bto] == ']'
	case '{':
		return r.s[c.bto] == '}'
	case '<':
		return r.s[c.bto] == '>'
	}
	return false
}

// masked adds the name of a digit in which a sign stands for one letter: "f*ve",
// "s_ven".
func (r *reader) masked(i int) bool {
	c, next := &r.chunks[i], r.chunk(i+1)
	if next == nil || c.digits+next.digits > 0 || !next.gap.tight() || next.gap&(gapHash|gapMark|gapDash|gapDot|gapSign|gapQuote|gapAt) == 0 || next.hi-c.lo > 5 {
		return false
	}
	if _, size := utf8.DecodeRuneInString(r.s[c.bto:next.bfrom]); size != int(next.bfrom-c.bto) {
		return false
	}
	left, right := r.norm[c.lo:c.hi], r.norm[next.lo:next.hi]
	for k := range spellings {
		s := &spellings[k]
		if n := len(left); len(s.name) > 2 && n < len(s.name) && equal(left, s.name[:n]) && (len(s.name) == n+1+len(right) && equal(right, s.name[n+1:]) ||
			len(s.name) == n+len(right) && next.gap&(gapDash|gapDot) != 0 && equal(right, s.name[n:])) {
			r.edge(i, i+2, uint64(s.digit), 1, .15, howSpelt)
			return true
		}
	}
	return false
}

// starred adds the name of a digit in which stars stand for letters, wherever they
// are: "tw*", "*ne", "s*v*n". The stars have to stand for vowels, or one of them for
// any letter.
func (r *reader) starred(i int) bool {
	c := &r.chunks[i]
	from, to := int(c.bfrom), int(c.bto)
	if (to == len(r.s) || r.s[to] != '*') && (from == 0 || r.s[from-1] != '*') {
		return false // nearly all
	}
	if c.digits > 0 || from > 0 && r.s[from-1] == '*' && (from < 2 || letter(r.s[from-2])) && from > 1 || to-from > 5 {
		return false
	}
	for from > 0 && r.s[from-1] == '*' && to-from < 6 {
		from--
	}
	for to < len(r.s) && (r.s[to] == '*' || letter(r.s[to])) && to-from < 8 {
		to++
	}
	if to < len(r.s) && alnum(r.s[to]) || from > 0 && alnum(r.s[from-1]) {
		return false
	}
	w := r.s[from:to]
	best := -1
	for k := range spellings {
		s := &spellings[k]
		if len(s.name) != len(w) || len(w) < 3 {
			continue
		}
		stars, others := 0, 0
		for j := range len(w) {
			switch {
			case w[j] == '*' && vowel(s.name[j]):
				stars++
			case w[j] == '*':
				stars, others = stars+1, others+1
			case w[j]|0x20 != s.name[j]:
				others = len(w)
			}
		}
		if stars > 0 && stars < len(w) && (others == 0 || others == 1 && stars == 1) {
			if best >= 0 && spellings[best].digit != s.digit {
				return false
			}
			best = k
		}
	}
	if best < 0 {
		return false
	}
	end := i + 1
	for end < len(r.chunks) && int(r.chunks[end].bfrom) < to {
		end++
	}
	r.edge(i, end, uint64(spellings[best].digit), 1, .12, howSpelt)
	return true
}

func (r *reader) edge(i, to int, v uint64, n int, cost float32, h how) {
	if n == 0 || n > maxDigits {
		return
	}
	for k := i; k < to; k++ {
		c := &r.chunks[k]
		if c.odd > 0 {
			h |= howLook
			cost += .08 * float32(c.odd)
		}
		if c.uni > 0 {
			h |= howUnicode
		}
		if c.code {
			h |= howCode
		}
		if c.keyed {
			h |= howKey
			cost += .1
		}
	}
	r.add(edge{to: int32(to), n: uint8(n), v: v, cost: cost, how: h})
}

func (r *reader) add(e edge) {
	if len(r.edges) == cap(r.edges) {
		more := make([]edge, len(r.edges), 2*cap(r.edges)+8)
		copy(more, r.edges)
		r.edges = more
	}
	r.edges = r.edges[:len(r.edges)+1]
	r.edges[len(r.edges)-1] = e
}

// digits adds the digits of b, skipping everything else.
func (r *reader) digits(i int, b []byte, cost float32, h how) {
	v, n := uint64(0), 0
	for _, c := range b {
		if digit(c) {
			v, n = v*10+uint64(c-'0'), n+1
		}
		if n > maxDigits {
			return
		}
	}
	r.edge(i, i+1, v, n, cost, h|howDigits)
}

// words adds the readings of number words that begin at chunk i: "five", "five
// hundred and fifty five", "double five", "three fives".
func (r *reader) words(i int) {
	w := r.chunks[i].w
	v := uint64(w.value())
	switch w.sort() {
	case wordUnit:
		r.edge(i, i+1, v, 1, 0, howWord)
		r.lessened(i, v)
		r.tallied(i, v, false)
		if r.spells(i, "one") && r.spells(i+1, "more") && r.word(i+2).sort() == wordUnit {
			r.edge(i, i+3, uint64(r.word(i+2).value()), 1, 0, howWord) // "a pair of fives and one more five"
		}
		switch next := r.word(i + 1); next.sort() {
		case wordUnit:
			if next.value() > 1 && next.value() < 6 && r.times(i+2) {
				r.repeat(i, i+3, v, int(next.value())) // "five three times"
			}
		case wordHundred:
			r.hundreds(i, i+2, v)
		case wordThousand:
			r.edge(i, i+2, v*1000, 4, .2, howWord|howTens)
		case wordTimes:
			if r.spells(i+1, "twice", "thrice") && !r.word(i+2).numeral() {
				r.repeat(i, i+2, v, int(next.value()))
			}
			if u := r.word(i + 2); next.value() == 0 && u.sort() == wordUnit && v > 1 && v < 5 {
				r.repeat(i, i+3, uint64(u.value()), int(v))
			}
		case wordPlural:
			if v > 1 && v < 8 {
				r.repeat(i, i+2, uint64(next.value()), int(v))
			}
		}
	case wordSoft:
		cost := float32(1.4)
		switch left, right := r.single(i-1), r.single(i+1); {
		case left && right:
			cost = .3
		case left && r.single(i-2) || right && r.single(i+2):
			cost = .8
		}
		if r.article(i) {
			cost = 2
		}
		r.edge(i, i+1, v, 1, cost, howSound)
	case wordTeen:
		r.edge(i, i+1, v, 2, .1, howWord|howTens)
	case wordTens:
		to, n := r.below100(i)
		if to == i+2 && r.chunks[i+1].gap&gapDash != 0 && r.chunks[i+1].gap&gapSpace != 0 { // "three sixty - five fifty-five"
			r.edge(i, to, n, 2, .9, howWord|howTens)
			r.edge(i, i+1, v*10, 2, .1, howWord|howTens)
			break
		}
		r.edge(i, to, n, 2, .1, howWord|howTens)
		if to > i+1 && r.chunks[i+1].gap&gapDash != 0 {
			r.edge(i, i+1, v*10, 2, 1, howWord|howTens)
		} else if to > i+1 {
			r.edge(i, i+1, v*10, 2, .5, howWord|howTens)
		}
	case wordHundreds:
		r.hundreds(i, i+1, v)
	case wordPlural:
		if r.tallied(i, v, true) {
			break
		}
		// "fives, three times", "all fives (3 of them)"
		for k := i + 1; k < i+4 && k < len(r.chunks) && r.chunks[k].gap&(gapEnd|gapLine) == 0; k++ {
			n := 0
			if c := &r.chunks[k]; c.hi-c.lo == 1 && c.digits == 1 {
				n = int(r.norm[c.lo] - '0')
			} else if w := r.word(k); w.sort() == wordUnit {
				n = int(w.value())
			}
			if n == 0 {
				continue
			}
			to := k + 1
			if r.times(k-1) || r.times(to) || r.bracketed(k) || r.spells(to, "of") || r.spells(k-1, "x", "por") {
				if r.times(to) {
					to++
				}
				for to < len(r.chunks) && to < k+3 && r.spells(to, "of", "them", "em") {
					to++
				}
				if n > 1 && n < 8 {
					r.repeat(i, to, v, n)
				}
			}
			break
		}
	case wordTimes:
		k := i + 1
		if r.spells(k, "of", "de") { // "a trio of fives"
			k++
		}
		next := r.word(k)
		if next.sort() == wordUnit || next.sort() == wordPlural || next.sort() == wordSoft && k == i+1 {
			r.repeat(i, k+1, uint64(next.value()), int(v))
		} else if c := r.chunk(k); c != nil && c.digits == 1 && (c.hi-c.lo == 1 || c.hi-c.lo == 2 && r.norm[c.hi-1] == 's') {
			r.repeat(i, k+1, uint64(r.norm[c.lo]-'0'), int(v))
		}
	}
}

// article reports whether the word in chunk i stands before the digit that it goes with:
// "un cero".
func (r *reader) article(i int) bool {
	next := r.word(i + 1).sort()
	return r.chunks[i].w == wordSoft|1 && (next == wordUnit || next == wordTimes) && r.chunks[i+1].gap == gapSpace && r.spells(i, "un", "una")
}

// tallied adds the repetition of a digit whose count stands in brackets behind it:
// "5 (three of them)", "puro 5 (son tres)", "fives all the way (3x)".
func (r *reader) tallied(i int, d uint64, plural bool) bool {
	words := 1
	if plural {
		words = 4
	}
	for k := i + 1; k < len(r.chunks) && k <= i+words; k++ {
		c := &r.chunks[k]
		if c.gap&(gapEnd|gapLine) != 0 {
			return false
		}
		if c.gap&gapParen == 0 || c.bfrom == 0 || r.s[c.bfrom-1] != '(' {
			if c.digits > 0 || c.w.numeral() {
				return false
			}
			continue
		}
		n, said := 0, plural
		for to := k; to < len(r.chunks) && to < k+4; to++ {
			c := &r.chunks[to]
			switch w := r.word(to); {
			case c.digits == 1 && r.size(to) == 1 && n == 0:
				n = int(r.norm[c.lo] - '0')
			case c.digits == 1 && r.size(to) == 2 && n == 0 && (r.norm[c.lo+1]|0x20 == 'x' || r.norm[c.lo]|0x20 == 'x'):
				for _, b := range r.norm[c.lo:c.hi] {
					if digit(b) {
						n, said = int(b-'0'), true
					}
				}
			case w.sort() == wordUnit && n == 0:
				n = int(w.value())
			case w.sort() == wordTimes && w.value() > 1 && n == 0:
				n, said = int(w.value()), true
			case w.sort() == wordTimes, r.spells(to, "of", "son", "x", "por", "seguidos", "veces", "times"):
				said = true
			case !r.spells(to, "them", "em", "those", "row", "in", "a", "de", "ellos"):
				return false
			}
			if int(c.bto) < len(r.s) && r.s[c.bto] == ')' {
				if said = said && n > 1 && n < 8; said {
					r.repeat(i, to+1, d, n)
				}
				return said
			}
		}
		return false
	}
	return false
}

// spaced adds the name of a digit whose letters stand apart: "n i n e".
func (r *reader) spaced(i int) {
	if r.size(i) != 1 || i+1 < len(r.chunks) && r.size(i+1) != 1 {
		return
	}
	for m := initials[r.norm[r.chunks[i].lo]]; m != 0; m &= m - 1 {
		s := &spellings[bits.TrailingZeros32(m)]
		n := 0
		for n < len(s.name) && i+n < len(r.chunks) && r.size(i+n) == 1 && r.norm[r.chunks[i+n].lo]|0x20 == s.name[n] {
			if n > 0 && r.chunks[i+n].gap&(gapEnd|gapLine|gapWide) != 0 {
				break
			}
			n++
		}
		if n == len(s.name) && n > 2 {
			r.edge(i, i+n, uint64(s.digit), 1, .1, howWord)
		}
	}
}

// hundreds adds the readings of v hundred with what follows from chunk to on.
func (r *reader) hundreds(i, to int, v uint64) {
	rest, alone := to, float32(.15)
	if s := r.word(to).sort(); to < len(r.chunks) && (s == wordTens || s == wordTeen) && (r.chunks[to].gap == gapSpace || r.chunks[to].gap == gapDash) {
		alone = 1 // "five hundred fifty-five"
	}
	r.edge(i, to, v*100, 3, alone, howWord|howTens)
	if r.word(rest).sort() == wordAnd {
		rest++
	}
	if end, n := r.below100(rest); end > rest {
		if end == rest+2 && r.chunks[rest+1].gap&gapDash != 0 && r.chunks[rest+1].gap&gapSpace != 0 { // "nine hundred eighty - five"
			end, n = rest+1, n/10*10
		}
		r.edge(i, end, v*100+n, 3, .05, howWord|howTens)
	} else if w := r.word(rest); w.sort() == wordUnit && rest > to {
		r.edge(i, rest+1, v*100+uint64(w.value()), 3, .1, howWord|howTens)
	} else if w.sort() == wordUnit && w.value() > 0 {
		r.edge(i, rest+1, v*100+uint64(w.value()), 3, .2, howWord|howTens)
	}
}

// below100 reads tens, a teen, or tens and a unit at chunk i. It returns i when
// there is none.
func (r *reader) below100(i int) (to int, v uint64) {
	w := r.word(i)
	switch w.sort() {
	case wordTeen:
		return i + 1, uint64(w.value())
	case wordTens:
		v = uint64(w.value()) * 10
		k := i + 1
		if r.word(k).sort() == wordAnd {
			k++
		}
		if u := r.word(k); u.sort() == wordUnit && u.value() > 0 && r.chunks[k].gap&(gapComma|gapLine|gapEnd) == 0 {
			return k + 1, v + uint64(u.value())
		}
		return i + 1, v
	}
	return i, 0
}

func (r *reader) repeat(i, to int, d uint64, n int) {
	v := uint64(0)
	for range n {
		v = v*10 + d
	}
	r.edge(i, to, v, n, .1, howWord|howTimes)
}

// word returns what chunk i means as a word; chunks with digits mean none.
func (r *reader) word(i int) word {
	if c := r.chunk(i); c != nil && c.digits == 0 && c.marks == 0 {
		return c.w
	}
	return wordNone
}

func (r *reader) chunk(i int) *chunk {
	if i < 0 || i >= len(r.chunks) {
		return nil
	}
	return &r.chunks[i]
}

// single reports whether chunk i is one digit or a number word, misspelt or not.
func (r *reader) single(i int) bool {
	c := r.chunk(i)
	if c == nil {
		return false
	}
	if c.hi-c.lo == 1 && stands(r.norm[c.lo]) {
		return true
	}
	return c.digits == 1 && c.letters+c.marks == 0 || c.spelt != 0 || c.digits == 0 && c.w >= wordUnit && c.w < wordHundred
}

// stands reports whether a character standing alone is likely to stand for a
// digit.
func stands(c byte) bool {
	switch c {
	case 'o', 'O', 'l', 'I', 'i', 'S', 's', 'B', 'Z', 'z', 'g', 'q', 'Q', 'D', '|':
		return true
	}
	return false
}

// reachEdges is how many chunks on each side keep an unknown word company.
const reachEdges = 4

// company counts the digits and number words around chunk i.
func (r *reader) company(i int) (n int) {
	for k := max(0, i-reachEdges); k < len(r.chunks) && k <= i+reachEdges; k++ {
		n += r.chunks[k].weight()
	}
	return n
}

// weight is how many digits and number words a chunk brings as company.
func (c *chunk) weight() int {
	if !c.hard {
		if c.leet && c.hi-c.lo != 2 {
			return 1
		}
		return 0
	}
	return max(1, int(c.digits))
}
