package search

import (
	"strings"

	"vigil.example/internal/ad"
)

// A Part is a piece of a text, and whether it is what the query asked for.
type Part struct {
	Text  string `json:"text"`
	Match bool   `json:"match,omitempty"`
}

// Marked cuts the named field of the hit into parts: s is the field's text. Put
// together again they are s.
func (h Hit) Marked(field, s string) []Part {
	return marked([]rune(s), 0, h.in(field))
}

// Snippet returns about width code points of the body, from a little before the
// first match in it, or from its beginning. What was cut off before or after is
// shown as an ellipsis, and runs of white space as one space.
func (h Hit) Snippet(width int) []Part {
	body, spans := []rune(h.Doc.Ad.Body), h.in("body")
	from := 0
	if len(spans) > 0 {
		first := min(max(0, spans[0].Start), len(body))
		from = max(0, min(first-width/3, len(body)-width))
		for from > 0 && from < first && !isSpace(body[from-1]) {
			from++
		}
	}
	to := min(from+max(width, 1), len(body))
	if to < len(body) {
		for cut := to; cut > from && to-cut < 20; cut-- { // no further than a word of usual length
			if isSpace(body[cut-1]) {
				to = cut - 1
				break
			}
		}
	}
	for _, s := range spans { // a match is not cut in two
		if s.Start < to && s.End > to && s.End <= len(body) {
			to = s.End
		}
	}
	parts := marked(body[:to], from, spans)
	for i := range parts {
		parts[i].Text = oneLine(parts[i].Text)
	}
	if from > 0 {
		parts = append([]Part{{Text: "… "}}, parts...)
	}
	if to < len(body) {
		parts = append(parts, Part{Text: " …"})
	}
	return parts
}

// in returns the spans of one field, in order.
func (h Hit) in(field string) []ad.Span {
	var out []ad.Span
	for _, s := range h.Spans {
		if s.Field == field {
			out = append(out, s)
		}
	}
	return out
}

// marked cuts text from code point at on. Spans that do not lie in it are passed over.
func marked(text []rune, at int, spans []ad.Span) []Part {
	var out []Part
	for _, s := range spans {
		if s.Start < at || s.End > len(text) || s.Start >= s.End {
			continue
		}
		if s.Start > at {
			out = append(out, Part{Text: string(text[at:s.Start])})
		}
		out = append(out, Part{Text: string(text[s.Start:s.End]), Match: true})
		at = s.End
	}
	if at < len(text) {
		out = append(out, Part{Text: string(text[at:])})
	}
	return out
}

func isSpace(r rune) bool { return r == ' ' || r == '\n' || r == '\t' || r == '\r' || r == 0xA0 }

// oneLine writes each run of white space as one space.
func oneLine(s string) string {
	var b strings.Builder
	space := false
	for _, r := range s {
		switch {
		case !isSpace(r):
			b.WriteRune(r)
		case !space:
			b.WriteByte(' ')
		}
		space = isSpace(r)
	}
	return b.String()
}
