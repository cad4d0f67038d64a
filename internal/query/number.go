package query

import (
	"slices"

	"vigil.example/internal/ad"
	"vigil.example/internal/phone"
	"vigil.example/internal/text"
)

// asPhone reads s as one telephone number, whole or in part, and nothing else.
func asPhone(s string) (Node, bool) {
	if p, _ := part(s); !p.None() {
		return Phone{Text: s, Part: p}, true
	}
	if n := number(s); n != nil {
		return Phone{Text: s, Numbers: n}, true
	}
	return nil, false
}

// number reads s as one telephone number and nothing else. It returns the E.164
// forms that s can stand for, none when s is not a number from end to end, perhaps
// with unknown digits. It depends on s alone, so that a number printed in quotes is
// read alike again.
func number(s string) []string {
	if n := linked(s); n != nil {
		return n
	}
	phones := phone.ReadQuery(s)
	found := groups(phones)
	if len(found) == 0 {
		return completed(s)
	}
	if len(found) > 1 {
		return nil
	}
	const telling = 5 // words that say to read backwards
	outside := 0
	for _, t := range text.Tokens(s) {
		if t.Start < found[0].start || t.End > found[0].end {
			outside++
		}
	}
	if outside > telling || outside > 0 && phones[0].Method != "reversed" {
		return nil
	}
	return found[0].numbers
}

// A group is a stretch of text with the numbers that can be read in it.
type group struct {
	start, end int
	numbers    []string
}

// groups joins readings that overlap: they are readings of one number.
func groups(phones []ad.Phone) []group {
	slices.SortStableFunc(phones, func(a, b ad.Phone) int { return a.Span.Start - b.Span.Start })
	var out []group
	for _, p := range phones {
		if n := len(out); n > 0 && p.Span.Start < out[n-1].end {
			g := &out[n-1]
			g.end = max(g.end, p.Span.End)
			if !slices.Contains(g.numbers, p.E164) {
				g.numbers = append(g.numbers, p.E164)
			}
			continue
		}
		out = append(out, group{p.Span.Start, p.Span.End, []string{p.E164}})
	}
	return out
}

// numbersIn finds the numbers in a stretch of a query that holds no quotes,
// operators or fields. Parentheses that belong to a number, as in an area code,
// are inside its range; a range whose parentheses do not pair is none.
func numbersIn(src []rune) []group {
	var out []group
	for _, g := range groups(phone.ReadQuery(string(src))) {
		open, lone := 0, 0
		for _, r := range src[g.start:g.end] {
			switch {
			case r == '(':
				open++
			case r == ')' && open > 0:
				open--
			case r == ')':
				lone++
			}
		}
		for lone > 0 && g.start > 0 && src[g.start-1] == '(' {
			g.start--
			lone--
		}
		for open > 0 && g.end < len(src) && src[g.end] == ')' {
			g.end++
			open--
		}
		for open > 0 && src[g.start] == '(' {
			g.start++
			open--
		}
		if lone > 0 || open > 0 {
			continue
		}
		if g.start > 0 && src[g.start-1] == '+' {
			g.start--
		}
		if g.numbers = number(string(src[g.start:g.end])); g.numbers != nil {
			out = append(out, g)
		}
	}
	return out
}
