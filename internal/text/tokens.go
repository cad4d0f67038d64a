package text

import "unicode"

// A Token is one searchable word: Text is folded, Start and End are the code
// points [Start, End) of the original it was read from.
type Token struct {
	Text       string
	Start, End int
}

// Tokens returns the search tokens of s in order: maximal runs of letters and
// digits after folding. What is written inside a word but not seen, like a
// zero-width space, does not split it.
func Tokens(s string) []Token {
	f := Fold(s)
	var out []Token
	for i := 0; i < len(f.Runes); {
		if !wordly(f.Runes[i]) {
			i++
			continue
		}
		j := i + 1
		for j < len(f.Runes) && wordly(f.Runes[j]) {
			j++
		}
		from, to := f.Span(i, j)
		out = append(out, Token{Text: string(f.Runes[i:j]), Start: from, End: to})
		i = j
	}
	return out
}

// wordly reports whether r is part of a token. Marks are those that folding
// leaves: vowel signs and the like.
func wordly(r rune) bool {
	if r < 0x80 {
		return 'a' <= r && r <= 'z' || '0' <= r && r <= '9'
	}
	return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r)
}
