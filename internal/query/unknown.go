package query

import (
	"slices"
	"strings"

	"vigil.example/internal/phone"
)

// Limits of a number with unknown digits: each unknown digit makes ten numbers of
// one, and every index is asked for all of them.
const (
	maxUnknown = 3
	minKnown   = 7
	maxPartial = 32 // code points as typed
)

// completed reads s as a telephone number some of whose digits are not known,
// "912-555-01?4", each written as ?, *, # or x; one * alone may stand for up to three. It returns the numbers that it may
// be, none when it is no such thing: too little of it is known, or other signs
// than digits and what stands between them.
func completed(s string) []string {
	if len(s) > maxPartial {
		return nil
	}
	known, unknown := 0, 0
	for i := range len(s) {
		switch c := s[i]; {
		case '0' <= c && c <= '9':
			known++
		case hides(c):
			unknown++
		case strings.IndexByte("+-./() ", c) < 0:
			return nil
		}
	}
	if unknown == 0 || unknown > maxUnknown || known < minKnown {
		return nil
	}
	out := complete(s, known, unknown)
	for n := 2; out == nil && unknown == 1 && n <= maxUnknown; n++ { // "912*0123"
		longer := strings.Replace(s, "*", strings.Repeat("*", n), 1)
		if len(longer) == len(s) {
			break
		}
		out = complete(longer, known, n)
	}
	return out
}

// complete puts each digit in each place of an unknown one.
func complete(s string, known, unknown int) []string {
	digits := []byte(s)
	var out []string
	for n := range pow(unknown) {
		for i, rest := len(s)-1, n; i >= 0; i-- {
			if hides(s[i]) {
				digits[i] = '0' + byte(rest%10)
				rest /= 10
			}
		}
		for _, p := range phone.ReadQuery(string(digits)) {
			if p.Method != "plain" && p.Method != "separated" || len(p.E164) < known+unknown || slices.Contains(out, p.E164) {
				continue
			}
			out = append(out, p.E164)
		}
	}
	return out
}

// hides reports whether a sign stands for a digit that is not known.
func hides(c byte) bool { return c == '?' || c == '*' || c == '#' || c|0x20 == 'x' }

func pow(n int) int {
	v := 1
	for range n {
		v *= 10
	}
	return v
}
