package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

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
	var out []Token
	if len(s) > 6 { // a word and its space
		out = make([]Token, 0, len(s)/6+1)
	}
	if out = Append(out, s); len(out) == 0 {
		return nil
	}
	return out
}

// Append puts the search tokens of s behind others.
func Append(out []Token, s string) []Token {
	// White space parts s into pieces that fold by themselves. One of ASCII alone, as
	// most are, needs no folding but of its case.
	for i, at := 0, 0; i < len(s); {
		if space(s[i]) {
			i, at = i+1, at+1
			continue
		}
		j, plain := i+1, s[i] < utf8.RuneSelf
		for j < len(s) && !space(s[j]) {
			plain = plain && s[j] < utf8.RuneSelf
			j++
		}
		if plain {
			out, at = ascii(out, s[i:j], at), at+j-i
		} else {
			out, at = folded(out, s[i:j], at), at+utf8.RuneCountInString(s[i:j])
		}
		i = j
	}
	return out
}

// Spaced returns the tokens of s with a space between each two, as Tokens gives them.
func Spaced(s string) string {
	out := make([]byte, 0, len(s)+len(s)/16)
	for i := 0; i < len(s); {
		if space(s[i]) {
			i++
			continue
		}
		from, plain := i, true
		for ; i < len(s) && !space(s[i]); i++ {
			plain = plain && s[i] < utf8.RuneSelf
		}
		if !plain {
			for _, t := range folded(nil, s[from:i], 0) {
				out = append(append(out, t.Text...), ' ')
			}
			continue
		}
		within := false
		for _, c := range []byte(s[from:i]) {
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			if wordly(rune(c)) {
				out = append(out, c)
			} else if within {
				out = append(out, ' ')
			}
			within = wordly(rune(c))
		}
		if within {
			out = append(out, ' ')
		}
	}
	return string(out[:max(0, len(out)-1)])
}

func space(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// ascii adds the tokens of a piece of ASCII that begins at code point at.
func ascii(out []Token, s string, at int) []Token {
	for i := 0; i < len(s); {
		upper, j := false, i
		for ; j < len(s); j++ {
			if c := s[j]; 'A' <= c && c <= 'Z' {
				upper = true
			} else if !wordly(rune(c)) {
				break
			}
		}
		if j > i {
			t := Token{Text: s[i:j], Start: at + i, End: at + j}
			if upper {
				t.Text = strings.ToLower(t.Text)
			}
			out = append(out, t)
		}
		i = j + 1
	}
	return out
}

// folded adds the tokens of a piece of any text that begins at code point at.
func folded(out []Token, s string, at int) []Token {
	f := Fold(s)
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
		out = append(out, Token{Text: string(f.Runes[i:j]), Start: at + from, End: at + to})
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
