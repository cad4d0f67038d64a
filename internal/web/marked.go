package web

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"vigil.example/internal/ad"
	"vigil.example/internal/enrich/indicator"
)

// A mark says that a range of code points of a text is to be shown apart.
type mark struct {
	start, end int
	class      string // number, contact, hit
	label      string // for the reader, where it is not plain from the text
}

// A Piece is a stretch of text that is shown in one way.
type Piece struct {
	Text  string
	Class string // empty for plain text; several are separated by spaces
	Label string
}

// pieces cuts the code points [from, to) of a text at its marks. Marks may
// overlap, touch, or lie outside the text. Characters that turn the direction of
// writing become visible: as they are, digits could be read in another order than
// they stand.
func pieces(text string, marks []mark, from, to int) []Piece {
	runes := []rune(cut(text, from, to))
	to = from + len(runes)
	var in []mark
	edges := []int{from, to}
	for _, m := range marks {
		m.start, m.end = max(m.start, from), min(m.end, to)
		if m.start < m.end {
			in = append(in, m)
			edges = append(edges, m.start, m.end)
		}
	}
	slices.SortStableFunc(in, func(a, b mark) int { return cmp.Compare(a.start, b.start) })
	slices.Sort(edges)
	edges = slices.Compact(edges)
	var out []Piece
	var open []mark
	for i := 1; i < len(edges); i++ {
		at := edges[i-1]
		open = slices.DeleteFunc(open, func(m mark) bool { return m.end <= at })
		for len(in) > 0 && in[0].start <= at {
			open, in = append(open, in[0]), in[1:]
		}
		class, label := named(open)
		out = shown(out, runes[at-from:edges[i]-from], class, label)
	}
	return out
}

// named joins what open marks say, each once.
func named(open []mark) (class, label string) {
	var classes, labels []string
	for _, m := range open {
		if !slices.Contains(classes, m.class) {
			classes = append(classes, m.class)
		}
		if m.label != "" && !slices.Contains(labels, m.label) {
			labels = append(labels, m.label)
		}
	}
	return strings.Join(classes, " "), strings.Join(labels, "; ")
}

// shown appends runes as pieces, with those that turn the direction spelled out.
func shown(out []Piece, runes []rune, class, label string) []Piece {
	begin := 0
	flush := func(end int) {
		if begin < end {
			out = append(out, Piece{string(runes[begin:end]), class, label})
		}
	}
	for i, r := range runes {
		if name, ok := turning(r); ok {
			flush(i)
			out = append(out, Piece{"⟨" + name + "⟩", strings.TrimSpace(class + " hidden"), "a hidden character that turns the direction of writing"})
			begin = i + 1
		}
	}
	flush(len(runes))
	return out
}

// turning names a character that turns the direction of writing.
func turning(r rune) (string, bool) {
	const marks, embeds, isolates = "LRMRLM", "LRERLEPDFLRORLO", "LRIRLIFSIPDI"
	switch {
	case r == 0x061C:
		return "ALM", true
	case r >= 0x200E && r <= 0x200F:
		return marks[3*(r-0x200E):][:3], true
	case r >= 0x202A && r <= 0x202E:
		return embeds[3*(r-0x202A):][:3], true
	case r >= 0x2066 && r <= 0x2069:
		return isolates[3*(r-0x2066):][:3], true
	}
	return "", false
}

// cut returns the code points [from, to) of a text; either may lie outside.
func cut(text string, from, to int) string {
	begin, n := -1, 0
	for i := range text {
		if n == from {
			begin = i
		}
		if n == to {
			if begin < 0 {
				return ""
			}
			return text[begin:i]
		}
		n++
	}
	if begin < 0 {
		return ""
	}
	return text[begin:]
}

// length is the number of code points.
func length(s string) int { return utf8.RuneCountInString(s) }

// found returns the marks of a field for what was read in an ad.
func found(a *ad.Ad, field string) []mark {
	var out []mark
	for _, p := range a.Phones {
		if p.Span.Field == field {
			out = append(out, mark{p.Span.Start, p.Span.End, "number", "number " + display(ad.Value{Kind: "phone", Value: p.E164}) + ", " + method(p.Method)})
		}
	}
	for _, c := range a.Corrected {
		for _, p := range c.Instead {
			if c.Reads == "" && p.Span.Field == field {
				out = append(out, mark{p.Span.Start, p.Span.End, "none", "no number, as an analyst decided"})
			}
		}
	}
	for _, i := range a.Indicators {
		if i.Span.Field == field && i.Strength != ad.Excluded {
			out = append(out, mark{i.Span.Start, i.Span.End, "language", "language found, " + indicator.Words(i.Category, i.Sub)})
		}
	}
	for _, id := range a.Identifiers {
		if id.Span.Field == field {
			out = append(out, mark{id.Span.Start, id.Span.End, "contact", id.Kind + " " + id.Value})
		}
	}
	return out
}

// sitesOwn returns the marks of a field for the words that the site adds.
func sitesOwn(a *ad.Ad, field string) []mark {
	var out []mark
	if a.SiteWords != nil {
		for _, s := range a.SiteWords.Spans {
			if s.Field == field {
				out = append(out, mark{s.Start, s.End, "sites", "the site’s own words"})
			}
		}
	}
	return out
}

// hits returns the marks of a field for what a search found.
func hits(spans []ad.Span, field string) []mark {
	var out []mark
	for _, s := range spans {
		if s.Field == field {
			out = append(out, mark{s.Start, s.End, "hit", ""})
		}
	}
	return out
}

// Length of a snippet in code points, and how much of it stands before the hit.
const (
	snippetLength = 220
	snippetBefore = 70
)

// snippet is the part of a text around its first mark, or its beginning.
func snippet(text string, marks []mark) []Piece {
	n := length(text)
	from := 0
	if len(marks) > 0 {
		first := slices.MinFunc(marks, func(a, b mark) int { return cmp.Compare(a.start, b.start) })
		if first.start > snippetBefore {
			from = wordAt(text, first.start-snippetBefore, first.start)
		}
	}
	to := min(n, from+snippetLength)
	if at := wordAt(text, to, min(n, to+30)); at > to && to < n { // no word is cut in two
		to = at - 1
	}
	for _, m := range marks { // nor a hit
		if m.start < to && to < m.end {
			to = min(n, m.end)
		}
	}
	out := pieces(text, marks, from, to)
	if from > 0 {
		out = append([]Piece{{Text: "… "}}, out...)
	}
	if to < n {
		out = append(out, Piece{Text: " …"})
	}
	return out
}

// around is a mark with a few words before and after it.
func around(text string, m mark) []Piece {
	const near, most = 40, 200
	from := 0
	if m.start > near {
		from = wordAt(text, m.start-near, m.start)
	}
	to, n := min(m.end+near, m.start+most), length(text)
	if to < n {
		if tail := cut(text, m.end, to); strings.ContainsAny(tail, " \n") {
			to = m.end + length(tail[:strings.LastIndexAny(tail, " \n")])
		}
	}
	out := pieces(text, []mark{m}, from, to)
	if from > 0 {
		out = append([]Piece{{Text: "… "}}, out...)
	}
	if to < n {
		out = append(out, Piece{Text: " …"})
	}
	return out
}

// wordAt is the first place from at where a word begins, or at when none does
// before limit.
func wordAt(text string, at, limit int) int {
	for i, r := range []rune(cut(text, at, limit)) {
		if r == ' ' || r == '\n' {
			return at + i + 1
		}
	}
	return at
}
