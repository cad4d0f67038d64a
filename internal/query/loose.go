package query

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"vigil.example/internal/ad"
	"vigil.example/internal/text"
)

// This file holds what asks for words less than exactly: "words close by"~5, word~
// and wor*. What each matches is said here, on tokens; engines are given the tokens
// that Expand finds in their vocabulary.

// Limits: with less than these letters a word stands for itself, whatever sign
// follows it; 5* is a hotel.
const (
	leastPrefix = 2
	leastFuzzy  = 4
	leastTwo    = 5 // of which two may differ

	MaxWithin = 100 // tokens between words that are near each other
	maxNear   = 16  // words that are
)

// near reads ~n behind a quoted text that ends at the position; nil when it is not
// there.
func (l *lexer) near(s string, start int) (Node, error) {
	if l.pos == len(l.src) || l.src[l.pos] != '~' {
		return nil, nil
	}
	end := l.pos + 1
	for end < len(l.src) && l.src[end] >= '0' && l.src[end] <= '9' {
		end++
	}
	n, err := strconv.Atoi(string(l.src[l.pos+1 : end]))
	at := &Error{Start: start, End: end}
	tokens := distinct(s)
	switch {
	case end == l.pos+1:
		at.Reason, at.Start = `say how many words may stand between, as in "red roses"~5`, l.pos
	case err != nil || n > MaxWithin:
		at.Reason, at.Start = "at most "+strconv.Itoa(MaxWithin)+" words may stand between", l.pos
	case len(tokens) == 0:
		at.Reason = "there is no letter or digit between these quotes"
	case len(tokens) > maxNear:
		at.Reason = "at most " + strconv.Itoa(maxNear) + " words can be near each other"
	default:
		l.pos = end
		return Near{s, n}, nil
	}
	return nil, at
}

// loose reads a word with a star or a tilde at its end; nil when it is none.
func loose(word string) Node {
	if s, ok := strings.CutSuffix(word, "*"); ok {
		if utf8.RuneCountInString(token(s)) >= leastPrefix {
			return Prefix{s}
		}
		return nil
	}
	edits, least := 1, leastFuzzy
	s, ok := strings.CutSuffix(word, "~")
	if !ok {
		s, ok = strings.CutSuffix(word, "~1")
	}
	if !ok {
		s, ok = strings.CutSuffix(word, "~2")
		edits, least = 2, leastTwo
	}
	if ok && utf8.RuneCountInString(token(s)) >= least {
		return Fuzzy{s, edits}
	}
	return nil
}

// token is the token of s when it has one and ends in a letter or digit, "" else.
func token(s string) string {
	t := text.Tokens(s)
	if len(t) != 1 || t[0].End != utf8.RuneCountInString(s) || t[0].Start != 0 {
		return ""
	}
	return t[0].Text
}

// distinct are the tokens of s without repeats.
func distinct(s string) []string {
	var out []string
	for _, t := range text.Tokens(s) {
		if !slices.Contains(out, t.Text) {
			out = append(out, t.Text)
		}
	}
	return out
}

// Distinct are the tokens that n asks for, without repeats.
func (n Near) Distinct() []string { return distinct(n.Text) }

// NearFields are the fields in which Near looks.
func NearFields() []string { return []string{"title", "body", "location"} }

// Prefix is what all tokens that f may stand for begin with.
func (f Fuzzy) Prefix() string {
	t := token(f.Text)
	_, n := utf8.DecodeRuneInString(t)
	return t[:n]
}

// Token is the folded token that p asks for the beginning of.
func (p Prefix) Token() string { return token(p.Text) }

// Is reports whether f stands for a folded token.
func (f Fuzzy) Is(t string) bool { return close(token(f.Text), t, f.Edits) }

// close reports whether b becomes a by at most so many letters put in, left out,
// changed or swapped with the next one, the first being the same. No letter is
// changed twice (optimal string alignment).
func close(a, b string, edits int) bool {
	if a == b {
		return true
	}
	x, y := []rune(a), []rune(b)
	if len(x) == 0 || len(y) == 0 || x[0] != y[0] || max(len(x)-len(y), len(y)-len(x)) > edits {
		return false
	}
	return steps(x, y) <= edits
}

// close reports whether a leaf of this file matches; with out it adds every place
// where it does.
func (m *matcher) close(n Node, out *[]ad.Span) bool {
	if n, ok := n.(Near); ok {
		return m.near(n, out)
	}
	is := func(string) bool { return false }
	switch n := n.(type) {
	case Fuzzy:
		want := token(n.Text)
		is = func(t string) bool { return close(want, t, n.Edits) }
	case Prefix:
		want := token(n.Text)
		is = func(t string) bool { return want != "" && strings.HasPrefix(t, want) }
	case Terms:
		is = func(t string) bool { return slices.Contains(n.Of, t) }
	}
	found := false
	for _, f := range m.texts() {
		for _, t := range f.tokens {
			if !is(t.Text) {
				continue
			}
			if found = true; out == nil {
				return true
			}
			*out = append(*out, ad.Span{Field: f.Field, Start: t.Start, End: t.End})
		}
	}
	return found
}

// near reports whether the tokens of n stand close enough; with out it adds them
// wherever they do.
func (m *matcher) near(n Near, out *[]ad.Span) bool {
	want := n.Distinct()
	found := false
	for _, f := range m.texts() {
		if len(want) == 0 || !slices.Contains(NearFields(), f.Field) {
			continue
		}
		for i := range f.tokens {
			in := within(f.tokens[i:min(len(f.tokens), i+n.Within+2)], want)
			if in == nil {
				continue
			}
			if found = true; out == nil {
				return true
			}
			for _, t := range in {
				*out = append(*out, ad.Span{Field: f.Field, Start: t.Start, End: t.End})
			}
		}
	}
	return found
}

// within returns the first of each wanted token when all are there and one of them
// stands first, nil else.
func within(have []text.Token, want []string) []text.Token {
	if !slices.Contains(want, have[0].Text) {
		return nil
	}
	var out []text.Token
	for _, w := range want {
		i := slices.IndexFunc(have, func(t text.Token) bool { return t.Text == w })
		if i < 0 {
			return nil
		}
		out = append(out, have[i])
	}
	return out
}
