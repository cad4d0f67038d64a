package phone

import "math/bits"

// A spelling is a digit's name in one language. starts are the letters that a
// misspelling of it may begin with.
type spelling struct {
	name   string
	sound  string // as sounded gives it
	digit  byte
	starts string
}

// spellings holds the names of the digits in English and Spanish.
var spellings = [...]spelling{
	{"zero", "zero", 0, "zsxc"}, {"cero", "cero", 0, "czs"}, {"oh", "oh", 0, "o"},
	{"one", "one", 1, "ow"}, {"uno", "uno", 1, "uhj"},
	{"two", "two", 2, "td"}, {"dos", "dos", 2, "d"},
	{"three", "thre", 3, "t"}, {"tres", "tres", 3, "t"},
	{"four", "four", 4, "fpv"}, {"cuatro", "cuatro", 4, "ckqg"},
	{"five", "five", 5, "fpv"}, {"cinco", "cinco", 5, "cszk"},
	{"six", "six", 6, "scz"}, {"seis", "seis", 6, "scz"},
	{"seven", "seven", 7, "scz"}, {"siete", "siete", 7, "scz"},
	{"eight", "eight", 8, "eai"}, {"ocho", "ocho", 8, "oh"},
	{"nine", "nine", 9, "nk"}, {"nueve", "nueve", 9, "n"},
}

// initials holds, for every byte, which names of digits may begin with it, as bits
// in their order: as their letter, or as what is written for it.
var initials = func() (of [256]uint32) {
	for c := range 256 {
		for k := range spellings {
			s := &spellings[k]
			if b := byte(c); letter(b) && b|0x20 == s.name[0] || !letter(b) && (b == '0'+s.digit && len(s.name) > 2 || resembles(b, s.name[0])) {
				of[c] |= 1 << k
			}
		}
	}
	return of
}()

// match reports whether b begins with a name of a digit, letters possibly
// replaced by digits that look like them, or the first letter by the digit
// itself: "7even", "f1ve". It returns the length in b.
func match(b []byte, s *spelling) (size int, cost float32) {
	if len(b) < len(s.name) || letter(b[0]) && b[0]|0x20 != s.name[0] {
		return 0, 0
	}
	cost = .02
	for k := range len(s.name) {
		c, want := b[k], s.name[k]
		switch {
		case c|0x20 == want && letter(c):
		case k == 0 && c == '0'+s.digit && len(s.name) > 2:
			cost += .1
		case resembles(c, want):
			cost += .12
		case c == '0'+s.digit && len(s.name) > 3: // "n9ne"
			cost += .2
		default:
			return 0, 0
		}
	}
	return len(s.name), cost
}

// resembles reports whether a digit or sign is written for a letter.
func resembles(c, letter byte) bool {
	switch letter {
	case 'o':
		return c == '0' || c == '@'
	case 'i':
		return c == '1' || c == '!' || c == '|' || c|0x20 == 'l'
	case 'e':
		return c == '3'
	case 'a':
		return c == '4' || c == '@'
	case 's':
		return c == '5' || c == '$'
	case 't':
		return c == '7' || c == '+'
	case 'g':
		return c == '9' || c == '6'
	case 'z':
		return c == '2'
	case 'b':
		return c == '8'
	case 'u', 'v':
		return c|0x20 == 'u' || c|0x20 == 'v'
	}
	return false
}

// maxSpelt is the length of the longest misspelt word that is compared.
const maxSpelt = 9

// spelt reads a token as a misspelt name of a digit. The cost grows with the
// distance.
func spelt(b []byte) (digit byte, cost float32, ok bool) {
	if digit, cost, ok = named(b); ok {
		return digit, cost, true
	}
	var buf [maxSpelt + 1]byte
	w := sounded(buf[:0], b)
	if len(w) < 2 {
		return 0, 0, false
	}
	has, like := letters(w)
	best, second := float32(9), float32(9)
	for m := openings[b[0]] | openings[w[0]]; m != 0; m &= m - 1 {
		k := bits.TrailingZeros32(m)
		s := &spellings[k]
		if d := len(w) - len(s.sound); d > 2 || d < -2 {
			continue
		}
		most := limit(len(s.sound))
		if farther(k, has, like, most) {
			continue
		}
		d := distance(w, s.sound, most)
		switch {
		case d > most:
		case d < best:
			if digit != s.digit || best == 9 {
				second = best
			}
			best, digit = d, s.digit
		case d < second && s.digit != digit:
			second = d
		}
	}
	if best > .45 {
		if m := lookUp(w); m != wordNone && (m.sort() == wordUnit || m.sort() == wordSoft) && len(w) < len(b) { // "foor", "wonn"
			return m.value(), .35, true
		}
	}
	if best == 9 {
		if has&vowels != 0 {
			return 0, 0, false
		}
		return bones(w)
	}
	cost = .1 + .32*best
	if second-best < .3 {
		cost += .4
	}
	if realWord(string(w)) {
		cost += realWordCost
	}
	return digit, cost, true
}

// mayMisspell is a quick look at the first two letters of a word and its last: when
// false, it is hardly a misspelt name of a digit.
func mayMisspell(a, b, last byte) bool {
	return beginnings[a&31]>>(b&31)&1 != 0 && endings>>(last&31)&1 != 0
}

// beginnings holds, for every first letter of a misspelt name, the second ones as
// bits; endings its last ones. Both are by the last five bits of a letter.
var (
	beginnings = func() (of [32]uint32) {
		for _, s := range [...]string{"aiyt", "ceirku", "douwe", "eiygah", "fiaouyvw", "houei", "jue", "kuwi", "nieuyaobv", "onhcuke", "phio", "quw", "seixyviahb", "thrwueov",
			"unaeh", "viauo", "wuoaeh", "xeiy", "zeiyaor"} {
			for _, c := range s[1:] {
				of[s[0]&31] |= 1 << (c & 31)
			}
			of[s[0]&31] |= 1 << (s[0] & 31)
		}
		return of
	}()
	endings = func() (of uint32) {
		for _, c := range "oenrsxtvfzuikhw" {
			of |= 1 << (c & 31)
		}
		return of
	}()
)

// humped reads names of digits, misspelt or not, that are run together with a
// capital at the beginning of each: "NienOneTwo".
func humped(b []byte) (v uint64, n int, cost float32) {
	capitals := 0
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			if capitals++; i > 0 && 'A' <= b[i-1] && b[i-1] <= 'Z' {
				return 0, 0, 0
			}
		}
	}
	if capitals < 2 || b[0] < 'A' || b[0] > 'Z' {
		return 0, 0, 0
	}
	for at := 0; at < len(b); n++ {
		end := at + 1
		for end < len(b) && (b[end] < 'A' || b[end] > 'Z') {
			end++
		}
		if m := lookUp(b[at:end]); n == 0 && end < len(b) && capitals >= enough && (m.sort() == wordPhone || m.sort() == wordFiller) {
			at, n = end, n-1 // "CallMeNineOneTwo"
			continue
		}
		if n == maxDigits || b[at] < 'A' || b[at] > 'Z' || end-at < 2 {
			return 0, 0, 0
		}
		d, c, ok := spelt(b[at:end])
		if !ok || c >= realWordCost {
			return 0, 0, 0
		}
		v, cost, at = v*10+uint64(d), cost+c, end
	}
	return v, n, cost
}

// bones reads the name of a digit whose vowels are left out: "svn".
func bones(w []byte) (digit byte, cost float32, ok bool) {
	for k := range spellings {
		name, at := spellings[k].sound, 0
		for i := range len(name) {
			if !vowel(name[i]) {
				if at == len(w) || w[at] != name[i] {
					at = -1
					break
				}
				at++
			}
		}
		if at == len(w) && at > 1 {
			return spellings[k].digit, .7, true
		}
	}
	return 0, 0, false
}

// named reads a token as the name of a digit, letters possibly written as digits.
func named(b []byte) (digit byte, cost float32, ok bool) {
	for m := initials[b[0]]; m != 0; m &= m - 1 {
		k := bits.TrailingZeros32(m)
		if size, cost := match(b, &spellings[k]); size == len(b) {
			return spellings[k].digit, cost, true
		}
	}
	return 0, 0, false
}

// realWordCost is added for what is a word of its own.
const realWordCost = .8

// openings holds, for every byte, which names a misspelling that begins with it may
// be of, as bits in their order: the digit itself, or a letter in lower case.
var openings = func() (of [256]uint32) {
	for k := range spellings {
		s := &spellings[k]
		of['0'+s.digit] |= 1 << k
		for i := range len(s.starts) {
			of[s.starts[i]] |= 1 << k
		}
	}
	return of
}()

// letters returns the letters of a word, and with them those that are cheap to take
// for one of them, as bits by their last five.
func letters(w []byte) (has, like uint32) {
	for _, c := range w {
		has |= 1 << (c & 31)
		like |= alikes[c&31]
	}
	return has, like
}

const vowels = 1<<('a'&31) | 1<<('e'&31) | 1<<('i'&31) | 1<<('o'&31) | 1<<('u'&31)

// alikes holds, for every letter, those that are taken for it.
var alikes = func() (of [32]uint32) {
	for a := range byte(32) {
		for b := range byte(32) {
			if a == b || swaps[a][b] < 4 {
				of[a] |= 1 << b
			}
		}
	}
	return of
}()

// sounds holds, for every name of a digit, its letters and those like them.
var sounds = func() (of [len(spellings)]struct{ has, like uint32 }) {
	for k := range spellings {
		of[k].has, of[k].like = letters([]byte(spellings[k].sound))
	}
	return of
}()

// farther is a quick look at the letters of a word and of a name of a digit: when
// true, the distance between them is above most, because consonants of the one have
// nothing like them in the other. Those are dear to leave out or to exchange.
func farther(k int, has, like uint32, most float32) bool {
	const cheap = vowels | 1<<('h'&31)
	strange, missing := has&^(sounds[k].like|cheap), sounds[k].has&^(like|cheap)
	switch {
	case strange|missing == 0:
		return false
	case strange&(strange-1) != 0 || missing&(missing-1) != 0:
		return most < 1.6
	case strange != 0 && missing != 0:
		return most < 1
	}
	return most < .8
}

// limit is how far a misspelling may be from a name of n letters.
func limit(n int) float32 {
	switch {
	case n <= 2:
		return .4
	case n == 3:
		return .75
	case n == 4:
		return .9
	}
	return 1.1
}

// sounded appends b as it sounds: lower case, digits as the letters they
// resemble, ph as f, y as i, tvv as tw, doubled letters once.
func sounded(out, b []byte) []byte {
	const letters = "oizeasgtbg"
	for i := 0; i < len(b) && len(out) < maxSpelt; i++ {
		c := b[i]
		next := byte(0)
		if i+1 < len(b) {
			next = b[i+1] | 0x20
		}
		switch {
		case digit(c):
			c = letters[c-'0']
		case c == '$':
			c = 's'
		case c == '|' || c == '!':
			c = 'i'
		case c == '@':
			c = 'a'
		case c == other:
			c = '`'
		default:
			c |= 0x20
		}
		switch {
		case c == 'p' && next == 'h':
			c = 'f'
			i++
		case c == 'v' && next == 'v' && len(out) > 0 && out[len(out)-1] == 't':
			c = 'w'
			i++
		case c == 'y':
			c = 'i'
		case (c == 'a' || c == 'e') && (next == 'i' || next == 'y') && len(out) == 1 && (out[0] == 'f' || out[0] == 'n'):
			continue // faiv, nein
		case (c == 'c' || c == 'k') && len(out) > 0 && (next == 's' || c == 'c' && next == 'k' && i+2 < len(b) && b[i+2]|0x20 == 's'):
			i += 1 // sics, siks, sicks
			if next == 'k' {
				i++
			}
			c = 'x'
		}
		if len(out) > 0 && out[len(out)-1] == c {
			continue
		}
		out = append(out, c)
	}
	return out
}

// distance is the cost of turning one word into another, letters that sound
// alike being cheaper; above most, any larger value. Both have at most maxSpelt
// letters. It counts in tenths, which are quicker to compare than fractions.
func distance(a []byte, b string, most float32) float32 {
	var row [3][maxSpelt + 2]int
	limit := int(10*most + .01)
	for j := range len(b) {
		row[0][j+1] = row[0][j] + drops[b[j]&31]
	}
	prev2, prev, cur := &row[2], &row[0], &row[1]
	before := 0 // the least cost in the row before
	for i := range a {
		swap, drop := &swaps[a[i]&31], drops[a[i]&31]
		left := prev[0] + drop
		cur[0] = left
		least := left
		for j := 0; j < len(b) && j <= maxSpelt; j++ {
			c := b[j] & 31
			best := min(prev[j]+swap[c], prev[j+1]+drop, left+drops[c])
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] && a[i] != b[j] {
				best = min(best, prev2[j-1]+5)
			}
			left = best
			cur[j+1] = best
			least = min(least, best)
		}
		if least > limit && before > limit { // a swap of neighbours looks back two rows
			return float32(least) / 10
		}
		before = least
		prev2, prev, cur = prev, cur, prev2
	}
	return float32(prev[len(b)]) / 10
}

// drops and swaps hold the costs of a letter more or less, and of one for another,
// by the last five bits of the letters, in tenths; what is no letter is 0.
var drops, swaps = func() (d [32]int, s [32][32]int) {
	for a := range byte(32) {
		d[a] = dropped('`' + a)
		for b := range byte(32) {
			s[a][b] = swapped('`'+a, '`'+b)
		}
	}
	return d, s
}()

func vowel(c byte) bool {
	return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u'
}

func dropped(c byte) int {
	switch {
	case vowel(c):
		return 5
	case c == 'h':
		return 4
	}
	return 8
}

// swapped is the cost of one letter for another.
func swapped(a, b byte) int {
	if a == b {
		return 0
	}
	if vowel(a) && vowel(b) {
		return 4
	}
	if a == 'c' && sound(b) == 'k' || b == 'c' && sound(a) == 'k' {
		return 3
	}
	if sound(a) != 0 && sound(a) == sound(b) {
		return 3
	}
	return 10
}

// sound groups consonants that are taken for each other.
func sound(c byte) byte {
	switch c {
	case 's', 'z', 'c', 'x':
		return 's'
	case 'k', 'q':
		return 'k'
	case 'v', 'b', 'f':
		return 'v'
	case 't', 'd':
		return 't'
	case 'm', 'n':
		return 'n'
	case 'w', 'u':
		return 'w'
	}
	return 0
}

// realWord reports whether a token that is close to a digit's name is a word of
// its own. Words stand as they sound.
func realWord(w string) bool {
	switch w {
	case "there", "these", "even", "sen", "some", "son", "side", "site", "over", "never", "fire", "fine", "live", "give", "nice",
		"nite", "nina", "dose", "does", "do", "tor", "tour", "for", "from", "fix", "fiu", "fe", "sis", "sex", "she", "se", "si", "sin", "once", "on", "our", "out",
		"own", "ons", "no", "not", "new", "net", "nuevo", "nueva", "neve", "ver", "cada", "casa", "cuando", "cuarto", "cerca",
		"series", "dis", "des", "das", "dia", "tre", "tras", "ten", "tu", "to", "today", "una", "use", "of", "oi",
		"hoi", "ho", "old", "off", "fiver", "favor", "seat", "sit", "set", "sat", "sir", "city", "free", "fre", "fore":
		return true
	}
	return false
}

// glued counts the number words that a long token consists of, 0 when it has
// anything else in it.
func glued(b []byte) int {
	var words [maxMixed + 1]int8 // words that reach so far, plus one
	words[0] = 1
	far := 0
	for at := 0; at <= far && at < len(b); at++ {
		if words[at] == 0 {
			continue
		}
		if at > 0 {
			if end := at + spokenAt(b[at:]); end > at {
				words[end] = max(words[end], words[at])
				far = max(far, end)
			}
		}
		if at+3 <= len(b) && mayCount(b[at], b[at+1]) {
			for _, o := range compounds(b[at:]) {
				if end := at + o.size; o.n > 0 {
					words[end] = max(words[end], words[at]+int8(o.n))
					far = max(far, end)
				}
			}
		}
		for m := initials[b[at]]; m != 0; m &= m - 1 {
			s := &spellings[bits.TrailingZeros32(m)]
			if end := at + len(s.name); end <= len(b) && equal(b[at:end], s.name) {
				words[end] = max(words[end], words[at]+1)
				far = max(far, end)
			}
		}
	}
	return max(0, int(words[len(b)])-1)
}

func equal(b []byte, s string) bool {
	for i := range b {
		if b[i]|0x20 != s[i] {
			return false
		}
	}
	return true
}
