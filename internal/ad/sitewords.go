package ad

import (
	"strings"
	"unicode/utf8"
)

// A SiteModel names a model of the words that a site adds to its pages.
type SiteModel struct {
	Version int    `json:"version"`
	Digest  string `json:"digest"`
}

// SiteWords says where an ad says words that its site adds to every page, and by
// which model that is known. They are marked and never taken out: what a page says
// is found and shown as it was.
type SiteWords struct {
	SiteModel
	Spans []Span `json:"spans,omitempty"` // of title and body, in order
}

// In reports whether a span lies in the site's words, save for a sign at its ends.
func (w *SiteWords) In(s Span) bool {
	if w == nil {
		return false
	}
	inside := 0
	for _, x := range w.Spans {
		if x.Field == s.Field {
			inside += max(0, min(x.End, s.End)-max(x.Start, s.Start))
		}
	}
	return inside > 0 && 5*inside >= 4*(s.End-s.Start)
}

// SiteConfidence is the most that a number or another contact of the site itself is
// worth: it is read and found, but it is nobody's in particular, so that nothing is
// linked by it and no alert raised.
const SiteConfidence = .2

// Poster returns title and body as the poster wrote them: with blanks instead of
// the site's words, a line break first, so that every other code point is where it
// was and no sentence goes over the gap. Whoever draws conclusions from an ad's
// words reads these; search and what people see go by Title and Body.
func (a *Ad) Poster() (title, body string) {
	return a.without("title", a.Title), a.without("body", a.Body)
}

func (a *Ad) without(field, text string) string {
	if a.SiteWords == nil {
		return text
	}
	var b strings.Builder
	at, rest := 0, text
	skip := func(n int, f func(part string)) {
		i := 0
		for range n {
			_, size := utf8.DecodeRuneInString(rest[i:])
			i += size
		}
		f(rest[:i])
		rest = rest[i:]
		at += n
	}
	for _, s := range a.SiteWords.Spans {
		if s.Field != field || s.Start < at || s.End <= s.Start {
			continue
		}
		skip(s.Start-at, func(part string) { b.WriteString(part) })
		skip(s.End-at, func(string) {})
		b.WriteByte('\n')
		for range s.End - s.Start - 1 {
			b.WriteByte(' ')
		}
	}
	if at == 0 {
		return text
	}
	b.WriteString(rest)
	return b.String()
}
