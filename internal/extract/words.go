package extract

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// squeeze joins white space.
func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }

// clip cuts a text to at most n bytes, between characters.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// terms gives the distinct lower-case words of a text.
func terms(s string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsFuncSeq(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		m[w] = true
	}
	return m
}

// shared counts the words that both have.
func shared(a, b map[string]bool) int {
	n := 0
	for w := range a {
		if b[w] {
			n++
		}
	}
	return n
}
