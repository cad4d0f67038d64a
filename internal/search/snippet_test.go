package search_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
	"vigil.example/internal/search"
)

// show writes parts with matches in brackets.
func show(parts []search.Part) string {
	var b strings.Builder
	for _, p := range parts {
		if p.Match {
			b.WriteString("[" + p.Text + "]")
		} else {
			b.WriteString(p.Text)
		}
	}
	return b.String()
}

func body(start, end int) ad.Span { return ad.Span{Field: "body", Start: start, End: end} }

func TestSnippet(t *testing.T) {
	for _, c := range []struct {
		name, body string
		spans      []ad.Span
		width      int
		want       string
	}{
		{"a short body is shown whole", "red roses", []ad.Span{body(4, 9)}, 40, "red [roses]"},
		{"nothing found shows the beginning", "one two three four", nil, 9, "one two …"},
		{"text around the first match", "one two three four five six seven eight nine ten", []ad.Span{body(24, 27)}, 18, "… five [six] seven …"},
		{"a match at the end", "one two three four five six", []ad.Span{body(24, 27)}, 12, "… five [six]"},
		{"a match is not cut in two", "call nine one two five five five today", []ad.Span{body(5, 32)}, 9, "… [nine one two five five five] …"},
		{"letters of several bytes", "ñandú ñandú", []ad.Span{body(6, 11)}, 40, "ñandú [ñandú]"},
		{"white space is one space", "a\n\n  b\tc", []ad.Span{body(5, 6)}, 40, "a [b] c"},
		{"spans of other fields", "red roses", []ad.Span{{Field: "title", Start: 0, End: 3}}, 40, "red roses"},
		{"spans outside of the body", "red", []ad.Span{body(2, 9), body(-1, 2), body(2, 1)}, 40, "red"},
		{"an empty body", "", []ad.Span{body(0, 1)}, 40, ""},
		{"no width", "abc", nil, 0, "a …"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := search.Hit{Doc: ad.Document{Ad: ad.Ad{Listing: ad.Listing{Body: c.body}}}, Spans: c.spans}
			if got := show(h.Snippet(c.width)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestMarked(t *testing.T) {
	h := search.Hit{Spans: []ad.Span{{Field: "title", Start: 0, End: 3}, body(0, 1), {Field: "title", Start: 4, End: 9}}}
	got := h.Marked("title", "red roses\nnow")
	want := []search.Part{{Text: "red", Match: true}, {Text: " "}, {Text: "roses", Match: true}, {Text: "\nnow"}}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
}
