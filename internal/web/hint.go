package web

import (
	"unicode"

	"vigil.example/internal/ad"
	"vigil.example/internal/query"
)

// Digits that people remember of a number: fewer are a house number or an age,
// ten are a number.
const (
	partLeast = 4
	partMost  = 9
)

// partial says whether a query asks for digits that look like part of a number
// and for no whole number. Words of digits side by side count as one.
func partial(n query.Node) bool {
	if len(numbers(n)) > 0 {
		return false
	}
	found, run := false, 0
	end := func() {
		found = found || run >= partLeast && run <= partMost
		run = 0
	}
	var walk func(query.Node)
	walk = func(n query.Node) {
		switch n := n.(type) {
		case query.And:
			for _, of := range n.Of {
				walk(of)
			}
		case query.Or:
			for _, of := range n.Of {
				end()
				walk(of)
			}
			end()
		case query.Word:
			if k := digits(n.Text); k > 0 {
				run += k
				return
			}
			end()
		default:
			end()
		}
	}
	walk(n)
	end()
	return found
}

// digits counts the digits of a word of digits and punctuation; 0 for others.
func digits(word string) (n int) {
	for _, r := range word {
		switch {
		case unicode.IsDigit(r):
			n++
		case unicode.IsLetter(r), unicode.Is(unicode.Sc, r), r == '@': // a price is no number
			return 0
		}
	}
	return n
}

// alone is a query for the one number that a query asks for besides other things,
// "" when it asks for none or for several.
func alone(n query.Node) string {
	if found := numbers(n); len(found) == 1 {
		return found[0]
	}
	return ""
}

// numbers are the numbers that a query wants, each as a query of its own.
func numbers(n query.Node) []string {
	var out []string
	switch n := n.(type) {
	case query.And:
		for _, of := range n.Of {
			out = append(out, numbers(of)...)
		}
	case query.Or:
		for _, of := range n.Of {
			out = append(out, numbers(of)...)
		}
	case query.Phone:
		if len(query.Asked(n)) > 0 {
			out = append(out, n.Text)
		}
	case query.Field:
		if n.Name == "phone" {
			out = append(out, n.String())
		}
	}
	return out
}

// asking is the query that finds the ads with a value.
func asking(v ad.Value) string {
	if v.Kind == "phone" {
		return display(v)
	}
	f, err := query.NewField(v.Kind, v.Value)
	if err != nil {
		return v.Value
	}
	return f.String()
}
