package indicator

import (
	"unicode/utf8"
)

// What stands between a token and the one before it, weakest first.
const (
	sepNone  = iota // nothing: 17yo, five5
	sepSpace        //
	sepJoin         // a sign without spaces: 5-5, sev.en
	sepSign         // a sign that joins or parts: -, /, +, =
	sepComma        // comma, colon, bracket, dots: a clause may end
	sepStop         // a sentence ends
)

// What a token carries besides its word.
const (
	flagCap    = 1 << iota // begins with a capital letter
	flagDigit              // digits only
	flagOdd                // written with other glyphs than a keyboard has
	flagHidden             // read by undoing leet, spacing or stretching
	flagMoney              // an amount of money
	flagVoid               // in words of which nothing is read
	flagCall               // part of a number to call
	flagLoud               // in a sentence of which every word has a capital
)

// A token is one word, number or sign. bytes [b, e) of the reader's folded text
// are what it was read from, code points [from, to) of the original what it
// stands for.
type token struct {
	from, to int32
	b, e     int32
	word     int32 // number of the word in the lexicon, 0 when unknown
	phrase   int32 // first phrase that begins here in reader.phrases, -1 for none
	num      int32 // value of a number, -1 for none
	age      int32 // expression of a number that begins here in reader.ages, -1 for none
	sentence int32
	sep      uint8
	sign     byte // the sign before it, 0 for none
	flags    uint8
	fills    uint8 // slots that it may begin to fill
}

// tokenise fills r.toks from the folded text.
func (r *reader) tokenise() {
	f := &r.f
	sep, sign := uint8(sepStop), byte(0)
	sentence := int32(0)
	for i := 0; i < len(f.runes); {
		c := f.runes[i]
		if !letter(c) && !digit(c) && c < 0x2190 {
			if mask(c) && masked(f.runes, i) {
				if j := r.leetWord(i, sep, sign, sentence); j > 0 {
					sep, sign, i = sepNone, 0, j
					continue
				}
			}
			k := r.separator(i)
			if k == sepStop && len(r.toks) > 0 && sep != sepStop {
				sentence++
			}
			if k > sepSpace {
				sign = byte(min(c, 127))
			}
			if k == sepSpace && sep == sepJoin {
				sep = sepSign
			} else if k == sepJoin && sep == sepSpace {
				sep = sepSign
			}
			sep = max(sep, k)
			i++
			continue
		}
		j := r.word(i, sep, sign, sentence)
		sep, sign, i = sepNone, 0, j
	}
}

// masked reports whether the sign at i may stand for a letter of a word: it is
// one of $ @ ! | and a letter follows.
func masked(runes []rune, i int) bool {
	if !mask(runes[i]) || (runes[i] == '+' || runes[i] == '|') && i > 0 && !letter(runes[i-1]) {
		return false
	}
	for k := i + 1; k < len(runes) && k < i+4; k++ {
		if letter(runes[k]) {
			return true
		}
		if !mask(runes[k]) {
			return false
		}
	}
	return false
}

func mask(c rune) bool { return c == '$' || c == '@' || c == '!' || c == '|' || c == '+' }

func (r *reader) separator(i int) uint8 {
	runes := r.f.runes
	next := rune(' ')
	if i+1 < len(runes) {
		next = runes[i+1]
	}
	switch c := runes[i]; c {
	case ' ', '\t', '\r', '*', '_', '~', '\'', '#', '^':
		if c == '*' || c == '_' || c == '~' {
			return sepJoin
		}
		return sepSpace
	case '\n', '?', ';', '|', '¿', '¡':
		return sepStop
	case '!':
		return sepStop
	case '.':
		if next == ' ' || next == '\n' || next == '"' || next == '.' || i+1 == len(runes) {
			if next == '.' || i > 0 && runes[i-1] == '.' {
				return sepComma
			}
			return sepStop
		}
		return sepJoin
	case ',', ':', '(', ')', '[', ']', '"':
		return sepComma
	case '-', '/', '+', '=', '&', '>', '<', '%', '$':
		if next == ' ' || i > 0 && runes[i-1] == ' ' {
			return sepSign
		}
		return sepJoin
	}
	return sepJoin
}

// word reads the word or sign at i and returns where it ends.
func (r *reader) word(i int, sep uint8, sign byte, sentence int32) int {
	f := &r.f
	c := f.runes[i]
	if c >= 0x2190 && !letter(c) {
		j := i + 1
		for j < len(f.runes) && f.runes[j] == c { // the same picture again
			j++
		}
		r.push(i, i+1, r.lib.dict.known(f.text(i, i+1)), sep, sign, sentence, 0)
		return j
	}
	j, letters, digits, odd := i, 0, 0, false
	for j < len(f.runes) {
		switch c := f.runes[j]; {
		case letter(c):
			letters++
		case digit(c):
			digits++
		case c == '\'' && j+1 < len(f.runes) && letter(f.runes[j+1]) && j > i:
		case c >= utf8.RuneSelf || !masked(f.runes, j) || letters == 0:
			goto end
		default:
			if k := r.leetWord(i, sep, sign, sentence); k > 0 {
				return k
			}
			goto end
		}
		odd = odd || f.marks[j].odd
		j++
	}
end:
	flags := uint8(0)
	if odd {
		flags |= flagOdd
	}
	switch {
	case letters == 0:
		r.push(i, j, r.lib.dict.known(f.text(i, j)), sep, sign, sentence, flags|flagDigit)
	case digits == 0:
		r.plain(i, j, sep, sign, sentence, flags)
	default:
		if w := r.lib.dict.known(f.text(i, j)); w != 0 {
			r.push(i, j, w, sep, sign, sentence, flags)
			return j
		}
		if k := r.leetWord(i, sep, sign, sentence); k > 0 {
			return k
		}
		r.split(i, j, sep, sign, sentence, flags)
	}
	return j
}

// split cuts a run of letters and digits where one turns into the other.
func (r *reader) split(i, j int, sep uint8, sign byte, sentence int32, flags uint8) {
	for i < j {
		k, d := i+1, digit(r.f.runes[i])
		for k < j && digit(r.f.runes[k]) == d {
			k++
		}
		if d {
			r.push(i, k, r.lib.dict.known(r.f.text(i, k)), sep, sign, sentence, flags|flagDigit)
		} else {
			r.plain(i, k, sep, sign, sentence, flags)
		}
		i, sep, sign = k, sepNone, 0
	}
}

// leetWord reads the run at i with digits and signs as letters. It returns 0 when
// that is no word of the lexicon.
func (r *reader) leetWord(i int, sep uint8, sign byte, sentence int32) int {
	f := &r.f
	j, letters := i, 0
	var a, b [24]byte
	for j < len(f.runes) && j-i < len(a) {
		c := f.runes[j]
		k := leet(c)
		switch {
		case letter(c) && c < utf8.RuneSelf:
			a[j-i], b[j-i] = byte(c), byte(c)
			letters++
		case k != 0 && (digit(c) || masked(f.runes, j) || j > i && letter(f.runes[j-1]) && c != '!' && c != '|' && c != '+'):
			a[j-i], b[j-i] = k, k
			if k == 'i' {
				b[j-i] = 'l'
			}
		default:
			goto end
		}
		j++
	}
end:
	n := j - i
	if letters == 0 || n < 3 || n == 3 && letters == 1 {
		return 0
	}
	w := r.lib.dict.known(a[:n])
	if w == 0 {
		w = r.lib.dict.known(b[:n])
	}
	if w == 0 {
		return 0
	}
	r.push(i, j, w, sep, sign, sentence, flagHidden)
	return j
}

// plain reads a run of letters: a known word, a contraction, a stretched word,
// or number words written as one.
func (r *reader) plain(i, j int, sep uint8, sign byte, sentence int32, flags uint8) {
	f := &r.f
	w, parts := r.lib.dict.find(f.text(i, j))
	if parts != nil {
		for _, w := range parts {
			r.push(i, j, w, sep, sign, sentence, flags)
			sep, sign = sepSpace, 0
		}
		return
	}
	if w == 0 {
		if k := apostrophe(f.runes[i:j]); k > 0 {
			r.plain(i, i+k, sep, sign, sentence, flags)
			r.plain(i+k, j, sepSpace, 0, sentence, flags)
			return
		}
		if w = r.stretched(f.runes[i:j]); w != 0 {
			flags |= flagHidden
		} else if j-i > 6 && r.fused(i, j, sep, sign, sentence, flags) {
			return
		}
	}
	r.push(i, j, w, sep, sign, sentence, flags)
}

// apostrophe says where a word like "she's" is cut, 0 for nowhere.
func apostrophe(runes []rune) int {
	for k := len(runes) - 1; k > 0; k-- {
		if runes[k] == '\'' {
			return k
		}
	}
	return 0
}

// stretched looks a word up with its repeated letters taken out.
func (r *reader) stretched(runes []rune) int32 {
	run := 1
	long := false
	for k := 1; k < len(runes); k++ {
		if runes[k] == runes[k-1] {
			run++
			long = long || run >= 3
		} else {
			run = 1
		}
	}
	if !long {
		return 0
	}
	for keep := 1; keep <= 2; keep++ {
		var b [32]byte
		n, run := 0, 0
		for k, c := range runes {
			if k > 0 && c == runes[k-1] {
				run++
			} else {
				run = 1
			}
			if run <= keep && n < len(b) && c < utf8.RuneSelf {
				b[n] = byte(c)
				n++
			}
		}
		if w := r.lib.dict.known(b[:n]); w != 0 {
			return w
		}
	}
	return 0
}

// fused reads words written as one, all of them known numbers.
func (r *reader) fused(i, j int, sep uint8, sign byte, sentence int32, flags uint8) bool {
	f := &r.f
	var cut [12]int
	n := 0
	if !r.lib.dict.beginsNumber(f.text(i, j)) {
		return false
	}
	for at := i; at < j; {
		k := min(j, at+9)
		for ; k > at+1; k-- {
			if w := r.lib.dict.known(f.text(at, k)); w != 0 && r.lib.number[w] >= 0 {
				break
			}
		}
		if k <= at+1 || n == len(cut) {
			return false
		}
		cut[n] = k
		n++
		at = k
	}
	for _, k := range cut[:n] {
		r.push(i, k, r.lib.dict.known(f.text(i, k)), sep, sign, sentence, flags)
		i, sep, sign = k, sepNone, 0
	}
	return true
}

// push adds a token of folded runes [i, j).
func (r *reader) push(i, j int, w int32, sep uint8, sign byte, sentence int32, flags uint8) {
	f := &r.f
	t := token{
		from: f.marks[i].from, to: f.marks[i].to, b: f.marks[i].at, e: f.marks[j].at, word: w, phrase: -1, num: -1, age: -1,
		sentence: sentence, sep: sep, sign: sign, flags: flags,
	}
	for _, m := range f.marks[i:j] {
		t.to = max(t.to, m.to)
	}
	if f.marks[i].upper {
		t.flags |= flagCap
	}
	if flags&flagDigit != 0 && j-i <= 6 {
		n := int32(0)
		for _, c := range f.runes[i:j] {
			n = 10*n + c - '0'
		}
		t.num = n
		if sign == '$' && sep <= sepSign {
			t.flags |= flagMoney
		}
	}
	r.toks = append(r.toks, t)
}
