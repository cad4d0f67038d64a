package phone

import (
	"math/bits"
	"strings"
)

// maxMixed bounds the length of a chunk that is taken apart.
const maxMixed = 96

// mixed adds the readings of a chunk that holds digits and other characters.
func (r *reader) mixed(i int, b []byte) {
	c := &r.chunks[i]
	if c.measure {
		return
	}
	if c.marks > 0 && c.letters == 0 && (b[0] == '$' || b[len(b)-1] == '$') && int(c.digits) == len(b)-1 {
		c.money = true
		r.digits(i, b, 2.2, howMoney)
		if len(b) <= 5 {
			r.digits(i, leeted(b), .5, howLeet)
		}
		return
	}
	if len(b) == 3 && b[1]|0x20 == 'x' && digit(b[0]) && b[2] >= '2' && b[2] <= '5' { // "5x3"
		r.repeat(i, i+1, uint64(b[0]-'0'), int(b[2]-'0'))
		r.edges[len(r.edges)-1].cost = .6
	}
	if r.dialled(i, b) {
		return
	}
	if cost, ok := strung(b, r.strip); ok {
		r.digits(i, b, cost, howNoise)
	}
	if len(b) <= maxMixed && r.takeApart(i, b, true) {
		return
	}
	if c.spelt != 0 {
		r.edge(i, i+1, uint64(c.spelt-1), 1, c.speltCost, howSpelt)
		return
	}
	if v, n, cost := humped(b); n > 1 {
		r.edge(i, i+1, v, n, cost, howSpelt)
		return
	}
	if r.split(i, b) {
		return
	}
	r.junk(i, b)
}

// roman reads a numeral from I to IX in capitals, 0 when there is none.
func roman(b []byte) int {
	switch string(b) {
	case "I":
		return 1
	case "II":
		return 2
	case "III":
		return 3
	case "IV":
		return 4
	case "V":
		return 5
	case "VI":
		return 6
	case "VII":
		return 7
	case "VIII":
		return 8
	case "IX":
		return 9
	}
	return 0
}

// split reads the digits of a chunk with words run into them: "989HELLO555HELLO0151",
// "call516then555then0186now". Digits have to be grouped as a number's.
func (r *reader) split(i int, b []byte) bool {
	var groups [4]int
	n := 0
	for k := 0; k < len(b); {
		from, is := k, digit(b[k])
		for k < len(b) && digit(b[k]) == is {
			k++
		}
		if !is {
			if from > 0 && k < len(b) && k-from < 2 {
				return false
			}
			continue
		}
		if n == len(groups) {
			return false
		}
		groups[n] = k - from
		n++
	}
	switch groups {
	case [4]int{3, 3, 4}, [4]int{1, 3, 3, 4}, [4]int{5, 3, 3}, [4]int{5, 6}, [4]int{3, 4, 4}, [4]int{3, 7}, [4]int{6, 4}:
		r.digits(i, b, .5, howJunk)
		return true
	}
	return false
}

// unknown adds the readings of a chunk of letters and signs that is no word we
// know, beside digits.
func (r *reader) unknown(i int, b []byte) {
	c := &r.chunks[i]
	if len(b) > maxMixed {
		return
	}
	if v := roman(b); v > 0 && r.romans >= 5 {
		r.edge(i, i+1, uint64(v), 1, .15, howLeet)
		return
	}
	if len(b) == 1 && stands(b[0]) && (r.single(i-1) && (r.single(i+1) || r.single(i-2)) || r.single(i+1) && r.single(i+2)) {
		r.edge(i, i+1, uint64(leetDigit(b[0])-'0'), 1, .2, howLeet)
		return
	}
	if c.marks > 1 && int(c.marks) == len(b) && len(b) < 5 && b[0] == '$' && hides(b) {
		if r.besideDigits(i) {
			r.repeat(i, i+1, 5, len(b))
			r.edges[len(r.edges)-1].cost, r.edges[len(r.edges)-1].how = .4, howLeet
		}
		return
	}
	if c.hard || leetish(b) || c.marks > 0 || c.odd > 0 {
		if r.takeApart(i, b, !c.hard) {
			return
		}
	}
	if c.spelt != 0 {
		r.edge(i, i+1, uint64(c.spelt-1), 1, c.speltCost, howSpelt)
		return
	}
	if v, n, cost := humped(b); n > 1 {
		r.edge(i, i+1, v, n, cost, howSpelt)
		return
	}
	if r.told&(1<<wordKeypad.value()) != 0 && r.pressed(i, b) {
		return
	}
	if next := r.chunk(i + 1); !c.gap.tight() && next != nil && next.gap == gapSpace && next.hi-next.lo > 2 {
		if _, ok := keypad(r.norm[next.lo:min(next.hi, next.lo+7)]); ok {
			return // a sentence in capitals
		}
	}
	if v, ok := keypad(b); ok && len(b) > 2 && !hides(b) && c.odd == 0 && r.besideDigits(i) && (len(b) < 5 || c.gap.tight()) {
		r.edge(i, i+1, v, len(b), 1, howKeypad)
	}
}

// hides reports whether a token stands for digits that are not shown: "XXXX".
func hides(b []byte) bool {
	for _, c := range b {
		if c != 'X' && c != 'N' && c != '$' || c != b[0] {
			return false
		}
	}
	return true
}

// pressed adds the keys of capitals beside digits, where the text speaks of a keypad.
func (r *reader) pressed(i int, b []byte) bool {
	v, ok := keypad(b)
	if ok = ok && (r.besideDigits(i) || i > 0 && r.chunks[i-1].digits > 0 && i+1 < len(r.chunks) && r.chunks[i+1].digits > 0); ok {
		r.edge(i, i+1, v, len(b), .3, howKeypad)
	}
	return ok
}

// dialled adds the keys of capitals among digits, where the text speaks of a keypad or
// the last four of a number end in two that do not look like digits: "555-01UP".
func (r *reader) dialled(i int, b []byte) bool {
	told := r.told&(1<<wordKeypad.value()) != 0
	if len(b) > 7 || !told && (len(b) != 4 || i < 2 || r.size(i-1) != 3 || r.size(i-2) != 3 || r.chunks[i-1].digits != 3 || r.chunks[i-2].digits != 3) {
		return false
	}
	v, letters, likes := uint64(0), 0, 0
	for k, c := range b {
		switch d, ok := keypad(b[k : k+1]); {
		case digit(c):
			if letters > 0 && !told {
				return false
			}
			v = v*10 + uint64(c-'0')
		case ok:
			v = v*10 + d
			letters++
			if leetDigit(c) != 0 {
				likes++
			}
		default:
			return false
		}
	}
	if !told && (letters != 2 || likes == letters || b[2] == b[3] || b[2] == 'X' || b[3] == 'X') {
		return false
	}
	cost := float32(.2)
	if !told {
		cost = 1
	}
	r.edge(i, i+1, v, len(b), cost, howKeypad)
	return true
}

// besideDigits reports whether digits stand right before or behind chunk i.
func (r *reader) besideDigits(i int) bool {
	left, right := r.chunk(i-1), r.chunk(i+1)
	close := func(c *chunk, g gap) bool {
		return c != nil && c.digits > 0 && c.letters == 0 && g&(gapEnd|gapLine|gapComma) == 0
	}
	return close(left, r.chunks[i].gap) || right != nil && close(right, right.gap)
}

// A cell is the cheapest reading of the start of a chunk as so many digits.
type cell struct {
	v    uint64
	cost float32
	how  how
	set  bool
}

// takeApart reads a whole chunk as digits, number words and, where leet allows,
// letters that stand for digits. It adds the cheapest readings, at most one per
// count of digits, and reports whether there was one.
func (r *reader) takeApart(i int, b []byte, leet bool) bool {
	if len(b) <= 12 { // most are, and a large table takes time to clear
		var table [13][maxDigits + 1]cell
		return r.fill(i, b, leet, table[:])
	}
	var table [maxMixed + 1][maxDigits + 1]cell
	return r.fill(i, b, leet, table[:])
}

// fill is takeApart on a table with a row for every place in b.
func (r *reader) fill(i int, b []byte, leet bool, table [][maxDigits + 1]cell) bool {
	table[0][0].set = true
	each := float32(.35)
	if c := &r.chunks[i]; c.digits == 0 {
		each = .5
	} else if len(b) == 10 && b[0] != '0' && (c.digits > 1 || c.marks > 1) && c.gap != gapDot {
		each = .2 // as many as a number has
	}
	step := func(to int, from cell, n, v int, cost float32, h how) {
		if n > maxDigits {
			return
		}
		t := &table[to][n]
		if cost += from.cost; !t.set || cost < t.cost {
			*t = cell{v: from.v, cost: cost, how: from.how | h, set: true}
			if v >= 0 {
				t.v = from.v*10 + uint64(v)
			}
		}
	}
	for at := range b {
		for n := 0; n <= maxDigits; n++ {
			from := table[at][n]
			if !from.set {
				continue
			}
			c := b[at]
			if digit(c) {
				step(at+1, from, n+1, int(c-'0'), 0, howDigits)
			}
			for m := initials[c]; m != 0; m &= m - 1 {
				k := bits.TrailingZeros32(m)
				if size, cost := match(b[at:], &spellings[k]); size > 0 {
					h := howWord
					if cost > .05 {
						h = howSpelt
					}
					step(at+size, from, n+1, int(spellings[k].digit), cost, h)
				}
			}
			if leet {
				if d := leetDigit(c); d != 0 {
					step(at+1, from, n+1, int(d-'0'), each, howLeet)
				}
			}
			if size := spokenAt(b[at:]); size > 0 && at > 0 {
				step(at+size, from, n, -1, .03, howWord)
			}
			if letter(c) && at+3 <= len(b) && letter(b[at+1]) && mayCount(c, b[at+1]) {
				for _, o := range compounds(b[at:]) {
					if n+o.n > maxDigits || o.n == 0 {
						continue
					}
					t := &table[at+o.size][n+o.n]
					if cost := from.cost + .1; !t.set || cost < t.cost {
						*t = cell{v: from.v*pow10[o.n] + o.v, cost: cost, how: from.how | howWord | howTens, set: true}
					}
				}
			}
			if c == '|' || c == '!' || c == '$' && (at > 0 && b[at-1] == '$' || at+1 < len(b) && b[at+1] == '$') {
				step(at+1, from, n, -1, .12, howNoise)
			}
			if size, times := timesAt(b[at:]); size > 0 && n+times <= maxDigits { // "0double7"
				t, d := &table[at+size+1][n+times], uint64(b[at+size]-'0')
				if cost := from.cost + .05; !t.set || cost < t.cost {
					*t = cell{v: from.v*pow10[times] + d*(pow10[times]-1)/9, cost: cost, how: from.how | howTimes | howDigits, set: true}
				}
			}
		}
	}
	return r.harvest(i, &table[len(b)])
}

// spokenAt reads the name of a separator that is run in between digits, and returns
// its length.
func spokenAt(b []byte) int {
	if c := b[0] | 0x20; c != 'd' && c != 'p' && c != 'g' && c != 's' {
		return 0
	}
	for _, w := range [...]string{"dot", "dash", "point", "punto", "guion", "space", "slash", "plus"} {
		if len(b) > len(w) && equal(b[:len(w)], w) {
			return len(w)
		}
	}
	return 0
}

// A compound is a word for more than a digit at the beginning of some letters, alone
// or with what it is said with: "fifty", "fiftyfive".
type compound struct {
	size, n int
	v       uint64
}

// compounds reads words for tens, teens and hundreds that are run into others.
func compounds(b []byte) (out [2]compound) {
	if p := three(b); compounding[p>>6]>>(p&63)&1 == 0 {
		return out // nearly all
	}
	for size := 3; size <= maxWord && size <= len(b) && letter(b[size-1]); size++ {
		w := lookUp(b[:size])
		v := uint64(w.value())
		switch w.sort() {
		case wordTeen:
			out[0] = compound{size, 2, v}
		case wordTens:
			out[0] = compound{size, 2, v * 10}
			rest := size
			if rest < len(b) && b[rest]|0x20 == 'y' {
				rest++
			}
			for end := rest + 3; end <= rest+6 && end <= len(b); end++ {
				if u := lookUp(b[rest:end]); u.sort() == wordUnit && u.value() > 0 && letter(b[end-1]) {
					out[1] = compound{end, 2, v*10 + uint64(u.value())}
				}
			}
		case wordHundreds:
			out[0] = compound{size, 3, v * 100}
			for _, o := range below(b[size:]) {
				if o.n == 2 {
					out[1] = compound{size + o.size, 3, v*100 + o.v}
				}
			}
		}
	}
	return out
}

// compounding holds a bit for the first three letters of every word that compounds
// knows.
var compounding = func() (of [1 << 15 / 64]uint64) {
	for _, m := range meanings {
		if s := m.means.sort(); s == wordTeen || s == wordTens || s == wordHundreds {
			for w := range strings.FieldsSeq(m.words) {
				p := three(w)
				of[p>>6] |= 1 << (p & 63)
			}
		}
	}
	return of
}()

// three packs the first three letters of a word, by their last five bits.
func three[T string | []byte](b T) int {
	return int(b[0]&31)<<10 | int(b[1]&31)<<5 | int(b[2]&31)
}

// below is compounds for what follows hundreds.
func below(b []byte) (out [2]compound) {
	if len(b) < 3 || lookUp(b[:min(len(b), maxWord)]).sort() == wordHundreds {
		return out
	}
	return compounds(b)
}

// timesAt reads a word for a repetition with a digit run into it, and returns the
// length of the word.
func timesAt(b []byte) (size, times int) {
	if c := b[0] | 0x20; c != 'd' && c != 't' {
		return 0, 0
	}
	for _, w := range [...]struct {
		name  string
		times int
	}{{"double", 2}, {"doble", 2}, {"triple", 3}, {"treble", 3}} {
		if n := len(w.name); len(b) > n && equal(b[:n], w.name) && digit(b[n]) {
			return n, w.times
		}
	}
	return 0, 0
}

// harvest adds the cheapest readings of a whole chunk.
func (r *reader) harvest(i int, row *[maxDigits + 1]cell) bool {
	ok := false
	for range 3 {
		best := -1
		for n := 1; n <= maxDigits; n++ {
			if t := &row[n]; t.set && (best < 0 || t.cost < row[best].cost) {
				best = n
			}
		}
		if best < 0 || row[best].cost > 4 {
			break
		}
		t := &row[best]
		if t.how&howLeet != 0 && r.chunks[i].digits == 0 {
			t.cost += .2
		}
		r.edge(i, i+1, t.v, best, t.cost, t.how)
		t.set, ok = false, true
	}
	return ok
}

// leetDigit returns the digit a letter or sign is written for, 0 when for none.
func leetDigit(c byte) byte { return leetDigits[c] }

var leetDigits = [256]byte{
	'o': '0', 'O': '0', 'Q': '0', 'D': '0', 'l': '1', 'I': '1', 'i': '1', '|': '1', '!': '1', 'L': '1',
	'z': '2', 'Z': '2', 'E': '3', 'e': '3', 'A': '4', 'a': '4', '@': '4', 'S': '5', 's': '5', '$': '5',
	'G': '6', 'b': '6', 'T': '7', 't': '7', 'B': '8', 'g': '9', 'q': '9',
}

// alike counts the letters of b that may be written for digits.
func alike(b []byte) (n int) {
	for _, c := range b {
		if letter(c) && leetDigit(c) != 0 {
			n++
		}
	}
	return n
}

// leeted returns b with every letter and sign replaced by its digit.
func leeted(b []byte) []byte {
	out := make([]byte, len(b))
	for i, c := range b {
		out[i] = c
		if d := leetDigit(c); d != 0 {
			out[i] = d
		}
	}
	return out
}

// leetish reports whether a token of letters could be digits in disguise rather
// than a word: every letter is a look-alike, and capitals and small letters are
// not arranged as in a word.
func leetish[T string | []byte](b T) bool {
	lower, upper, strong := 0, 0, 0
	for i := range len(b) {
		c := b[i]
		if leetDigit(c) == 0 {
			return false
		}
		switch {
		case 'a' <= c && c <= 'z':
			lower++
		case 'A' <= c && c <= 'Z':
			upper++
		}
		switch c {
		case 'o', 'O', 'l', 'I', 'S', 's', 'Q', '$', '|', 'B':
			strong++
		}
	}
	if len(b) > 5 {
		return false
	}
	if lower == 0 && strong == 0 {
		return false // rather letters of a keypad
	}
	title := 'A' <= b[0] && b[0] <= 'Z' && upper == 1 && len(b) > 1
	return !title && (lower == 0 || upper > 0 || strong == len(b))
}

// strung reports whether b is digits strung together with letters in between:
// "7x1x4x5", "x312x555xx0142x". A text that says to leave letters out may have any.
func strung(b []byte, strip bool) (cost float32, ok bool) {
	var sep byte
	same, groups, digits, single, apart := true, 0, 0, true, true
	for i := 0; i < len(b); {
		j := i
		for j < len(b) && digit(b[j]) {
			j++
		}
		if j > i {
			groups, digits = groups+1, digits+j-i
			single = single && j-i == 1
		}
		k := j
		for k < len(b) && !digit(b[k]) {
			if !letter(b[k]) {
				return 0, false
			}
			if c := b[k] | 0x20; sep == 0 {
				sep = c
			} else if c != sep {
				same = false
			}
			k++
		}
		apart = apart && k-j < 2
		i = k
	}
	whole := digits == 10 || digits == 11
	switch {
	case groups < 3 || digits < 3:
		return 0, false
	case same && (single && apart && digit(b[0]) && digit(b[len(b)-1]) || whole), strip && whole:
		return .3, true
	case single && apart && (digits >= 7 && digit(b[0]) && digit(b[len(b)-1]) || whole):
		return .8, true
	}
	return 0, false
}

// junk reads the digits of a chunk that has other letters before or behind:
// "tel3125550142", "3125550142please".
func (r *reader) junk(i int, b []byte) {
	start, end := 0, len(b)
	if tail := trailing(b); tail >= 10 && tail < len(b) && lookUp(unleet(b[:len(b)-tail])).sort() == wordPhone {
		r.digits(i, b[len(b)-tail:], .1, howJunk) // "t3xt9125550123"
		return
	}
	for start < end && !digit(b[start]) {
		start++
	}
	for end > start && !digit(b[end-1]) {
		end--
	}
	for _, c := range b[start:end] {
		if !digit(c) {
			return
		}
	}
	if end-start < 3 {
		return
	}
	cost := float32(1.2)
	if start > 0 && end == len(b) && lookUp(b[:start]).sort() == wordPhone {
		cost = .1
	} else if start > 0 && end < len(b) || start > 0 && end-start < enough {
		cost = 2
	}
	r.digits(i, b[start:end], cost, howJunk)
}

// trailing is how many digits b ends with.
func trailing(b []byte) int {
	n := 0
	for n < len(b) && digit(b[len(b)-1-n]) {
		n++
	}
	return n
}

// unleet returns b with digits replaced by the letters they resemble.
func unleet(b []byte) []byte {
	const letters = "oizeasgtbg"
	out := make([]byte, len(b))
	for i, c := range b {
		if out[i] = c; digit(c) {
			out[i] = letters[c-'0']
		}
	}
	return out
}

// measured reports whether b is a number with a unit of measure run into it.
func measured(b []byte) bool {
	n := 0
	for n < len(b) && letter(b[len(b)-1-n]) {
		n++
	}
	if n == 0 || n == len(b) {
		return false
	}
	var low [8]byte
	if n > len(low) {
		return false
	}
	for i, c := range b[:len(b)-n] {
		if !digit(c) || i > 5 {
			return false
		}
	}
	unit := b[len(b)-n:]
	for i, c := range unit {
		low[i] = c | 0x20
		if i > 0 && (c^unit[0])&0x20 != 0 {
			return false // "7lB" is not written for a measure
		}
	}
	switch string(low[:n]) {
	case "am", "pm", "hr", "hrs", "min", "mins", "cm", "mm", "km", "kg", "kgs", "lb", "lbs", "ft", "in", "th", "st", "nd", "rd",
		"mi", "oz", "ml", "mph", "px", "gb", "mb", "sqft", "yr", "yrs", "yo", "usd", "hp", "cc", "mg", "k", "h", "m", "p", "er", "do", "ra", "va":
		return true
	}
	return false
}

// keypad returns the digits of a token of capitals on a telephone keypad.
func keypad(b []byte) (v uint64, ok bool) {
	const keys = "22233344455566677778889999"
	if len(b) > 7 {
		return 0, false
	}
	for _, c := range b {
		if c < 'A' || c > 'Z' {
			return 0, false
		}
		v = v*10 + uint64(keys[c-'A']-'0')
	}
	return v, true
}
