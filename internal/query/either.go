package query

import "strings"

// Either is the query that s would be if its | stood for OR; "" where none stands between
// things to ask for. | means nothing here: titles of ads, which people paste, are full of
// it, and such a title finds its ad when all of its words count.
func Either(s string) string {
	n, err := Parse(s)
	if _, number := n.(Phone); err != nil || number {
		return ""
	}
	quoted := false
	for w := range strings.FieldsSeq(s) { // a field or a - before it would hold for one side alone
		if at := strings.IndexByte(w, '|'); at > 0 && len(w) > at+1 && (w[0] == '-' || strings.Contains(w[:at], ":")) {
			return ""
		}
	}
	sides := strings.FieldsFunc(s, func(r rune) bool {
		if isQuote(r) {
			quoted = !quoted
		}
		return r == '|' && !quoted
	})
	for i := range sides {
		sides[i] = strings.TrimSpace(sides[i])
	}
	either := strings.Join(sides, " OR ")
	if _, err := Parse(either); err != nil || len(sides) < 2 {
		return ""
	}
	return either
}
