package indicator

import (
	"slices"

	"vigil.example/internal/phone"
)

// The rules of the contact number, which are the program's own: they rest on how
// package phone reads numbers, not on words.
const (
	ruleSpelled = "contact.spelled" // digits spelled, or written one by one
	ruleHidden  = "contact.hidden"  // disguised in another way
)

// obscured finds a contact number that is spelled or broken up. A number needs
// seven digits; it is spelled when two or more of its pieces are words, or
// broken up when at least seven digits stand each by itself.
func (r *reader) obscured(text string, o Options) (from, to int32, rule string) {
	atoms := 0
	for i := 0; i < len(r.toks); i++ {
		j, digits, words, single := r.run(i)
		if digits >= 7 && r.prices(i, j) < 2 && digits <= 15 && (words >= 2 || words == 1 && j-i >= 3 || single >= 7) {
			return r.toks[i].from, r.toks[j-1].to, ruleSpelled
		}
		if j > i {
			atoms += digits
			i = j - 1
		}
	}
	phones := o.Phones
	if phones == nil && atoms >= 4 && atoms < 400 && r.spells() {
		phones = phone.Read(text, phone.Options{})
	}
	for _, p := range phones {
		if p.Confidence >= .5 && disguised(p.Method) {
			return int32(p.Span.Start), int32(p.Span.End), ruleHidden
		}
	}
	return 0, 0, ""
}

// disguised reports whether a number written by this method was hidden on
// purpose. Other glyphs of digits are not: a font does that to a whole text.
func disguised(method string) bool {
	return slices.Contains([]string{
		"words", "mixed", "letters", "misspelt", "sum", "keyed", "keypad", "reversed", "parts", "noise", "fillers",
	}, method)
}

// spells reports whether three digits in words stand near one another.
func (r *reader) spells() bool {
	near := [2]int{-9, -9} // where the last two stood
	for i := range r.toks {
		if t := &r.toks[i]; t.num >= 0 && t.num <= 9 && t.flags&flagDigit == 0 {
			if i-near[0] <= 8 {
				return true
			}
			near[0], near[1] = near[1], i
		}
	}
	return false
}

// prices counts round amounts among the tokens: "200 two 340 four" is a list of
// rates and no number.
func (r *reader) prices(i, j int) (n int) {
	for _, t := range r.toks[i:j] {
		if t.num >= 20 && t.num%10 == 0 && t.flags&flagDigit != 0 && r.f.buf[t.b] != '0' {
			n++
		}
	}
	return n
}

// run reads digits that stand side by side from token i on. words counts pieces
// that are not digits as a keyboard has them, single the digits that stand alone.
func (r *reader) run(i int) (end, digits, words, single int) {
	times, letters := 1, 0
	for end = i; end < len(r.toks); end++ {
		t := &r.toks[end]
		if end > i && (t.sep >= sepComma && !inside(t.sign) || t.sep == sepStop && t.sign == '.' && !(r.lone(end-1) && r.lone(end))) {
			break // a sentence may end between two digits, not between numbers
		}
		n := 1
		switch {
		case t.flags&flagDigit != 0:
			n = int(t.e - t.b)
			if n > 4 && (int(t.to-t.from) > n || t.flags&flagOdd != 0 && !r.fancy()) {
				words += 2 // signs that nobody sees between them, or digits in boxes
			}
			if n == 1 {
				single++
			}
		case t.num >= 0 && t.num <= 9 || end > i && r.lib.in(t.word, r.lib.zero):
			words++
			single++
		case t.num >= 10 && t.num <= 99:
			n = 2
			words++
		case r.lib.in(t.word, r.lib.repeat) && end+1 < len(r.toks) && r.toks[end+1].num >= 0:
			times = 2
			if r.f.buf[t.b] == 't' {
				times = 3
			}
			continue
		case end > i && end+1 < len(r.toks) && r.lib.in(t.word, r.lib.plus) && r.toks[end-1].num >= 20 && r.toks[end+1].num >= 0 && r.toks[end+1].num <= 9:
			digits-- // treinta y ocho
			continue
		case r.letters(t) && (t.e-t.b > 2 || digits >= 4 || end+1 < len(r.toks) && r.toks[end+1].sep < sepStop && (r.toks[end+1].flags&flagDigit != 0 || r.letters(&r.toks[end+1]))):
			n = int(t.e - t.b)
			if letters++; letters == 2 {
				words++
			}
			if letters > 1 {
				words++
			}
			if n == 1 {
				single++
			}
		default:
			return end, digits, words, single
		}
		digits += n * times
		times = 1
	}
	return end, digits, words, single
}

// lone reports whether token i is one digit, as a word or a figure.
func (r *reader) lone(i int) bool {
	t := &r.toks[i]
	return t.num >= 0 && t.num <= 9 && (t.flags&flagDigit == 0 || t.e-t.b == 1) || r.lib.in(t.word, r.lib.zero)
}

// inside reports whether a sign may stand between the digits of one number.
func inside(sign byte) bool {
	switch sign {
	case '(', ')', ',', '.', '|', '/', ':', '-', '!':
		return true
	}
	return false
}

// letters reports whether a token is of letters that stand for digits alone:
// O for 0, I and l for 1, S for 5.
func (r *reader) letters(t *token) bool {
	if t.e-t.b > 4 || t.word != 0 && t.e-t.b > 1 && t.flags&flagHidden == 0 {
		return false
	}
	for _, c := range r.f.buf[t.b:t.e] {
		switch c {
		case 'o', 'i', 'l', 's', 'b', 'z', 'v', 'g', 'q':
		default:
			if c < '0' || c > '9' {
				return false
			}
		}
	}
	return true
}

// fancy reports whether the words of the text are in other glyphs as well.
func (r *reader) fancy() bool {
	odd, plain := 0, 0
	for i := range r.toks {
		if t := &r.toks[i]; t.flags&flagDigit == 0 {
			if t.flags&flagOdd != 0 {
				odd++
			} else {
				plain++
			}
		}
	}
	return odd > plain
}
