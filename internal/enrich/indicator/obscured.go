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

// run reads digits that stand side by side from token i on.
func (r *reader) run(i int) (end, digits, words, single int) {
	l := r.lib
	for end = i; end < len(r.toks); end++ {
		t := &r.toks[end]
		zero := l.in(t.word, l.zero)
		if end > i && t.sep >= sepComma && t.sign != '(' && t.sign != ')' && t.sign != ',' {
			break
		}
		switch {
		case t.flags&flagDigit != 0:
			digits += int(t.e - t.b)
			if t.e-t.b == 1 {
				single++
			}
		case t.num >= 0 && t.num <= 9 || zero && end > i:
			digits++
			words++
			single++
		default:
			return end, digits, words, single
		}
	}
	return end, digits, words, single
}
