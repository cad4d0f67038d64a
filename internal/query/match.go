package query

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/text"
)

// A Text is one searched field of an ad. Phrases do not cross from one to another.
type Text struct {
	Field string // as ad.Span names it: title, body, location, category, contact:N
	Text  string
}

// Texts returns the searched texts of an ad, empty ones left out. Indexes store
// the tokens of these and no others.
func Texts(a *ad.Ad) []Text {
	out := make([]Text, 0, 4+len(a.Contacts))
	add := func(field, s string) {
		if s != "" {
			out = append(out, Text{field, s})
		}
	}
	add("title", a.Title)
	add("body", a.Body)
	add("location", a.Location)
	add("category", a.Category)
	for i, c := range a.Contacts {
		add("contact:"+strconv.Itoa(i), c.Value)
	}
	return out
}

// Exact returns the values by which phone, email, handle, site, url, indicator,
// lead, side, lang, state, near and has find an ad, normalised as in Field.Values
// and without repeats. A handle is there with its platform and without. Indexes
// store these.
func Exact(a *ad.Ad) []ad.Value {
	out := make([]ad.Value, 0, 2+len(a.Phones)+2*len(a.Identifiers))
	add := func(kind, v string) {
		if x := (ad.Value{Kind: kind, Value: v}); v != "" && !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	for _, p := range a.Phones {
		add("phone", p.E164)
	}
	for _, id := range a.Identifiers {
		switch id.Kind {
		case "handle":
			h := handle(id.Value)
			add("handle", h)
			if _, name, ok := strings.Cut(h, ":"); ok {
				add("handle", name)
			}
		default:
			add(id.Kind, strings.ToLower(id.Value))
		}
	}
	add("site", strings.ToLower(a.Site))
	add("url", address(a.URL))
	readOf(a, add)
	placeOf(a, add)
	return out
}

// Asked returns the exact values of which an ad must carry one, or else have the
// tokens of the text side by side, for a Word or Phone to match; none for most
// words. An e-mail address or @handle that is typed as a word is looked for among
// the values too, because an ad may have written it in disguise.
func Asked(n Node) []ad.Value {
	var out []ad.Value
	switch n := n.(type) {
	case Phone:
		for _, v := range n.Numbers {
			out = append(out, ad.Value{Kind: "phone", Value: v})
		}
	case Word:
		if at := strings.LastIndexByte(n.Text, '@'); at > 0 && at < len(n.Text)-1 {
			out = append(out, ad.Value{Kind: "email", Value: strings.ToLower(n.Text)})
		} else if at == 0 && len(n.Text) > 1 {
			out = append(out, ad.Value{Kind: "handle", Value: handle(n.Text)})
		}
	}
	return out
}

// Match reports whether a document is what the query asks for.
func Match(n Node, d *ad.Document) bool {
	m := matcher{doc: d}
	defer m.done()
	return m.match(n)
}

// A Reading is one document that is asked many queries: its texts are tokenised
// once. It is not safe for concurrent use.
type Reading struct{ m matcher }

// Read makes a document ready to be asked; it must not change meanwhile.
func Read(d *ad.Document) *Reading { return &Reading{matcher{doc: d}} }

// Match reports whether the document is what the query asks for.
func (r *Reading) Match(n Node) bool { return r.m.match(n) }

// Spans returns where in the document's texts the query's words and numbers
// stand, in order of field and place, none overlapping. What the query leaves
// out, and properties such as dates, have no span.
func Spans(n Node, d *ad.Document) []ad.Span {
	m := matcher{doc: d}
	defer m.done()
	var out []ad.Span
	m.spans(n, &out)
	order := func(field string) int {
		return slices.IndexFunc(m.texts(), func(t tokenised) bool { return t.Field == field })
	}
	slices.SortFunc(out, func(a, b ad.Span) int {
		if a.Field != b.Field {
			return order(a.Field) - order(b.Field)
		}
		return a.Start - b.Start
	})
	merged := out[:0]
	for _, s := range out {
		if k := len(merged) - 1; k >= 0 && merged[k].Field == s.Field && s.Start < merged[k].End {
			merged[k].End = max(merged[k].End, s.End)
			continue
		}
		merged = append(merged, s)
	}
	return merged
}

// A matcher judges one document; its texts are tokenised once, when first needed.
type matcher struct {
	doc    *ad.Document
	fields []tokenised
	tokens *[]text.Token // of all fields
	exact  []ad.Value
}

type tokenised struct {
	Text
	tokens []text.Token
}

func (m *matcher) texts() []tokenised {
	if m.fields == nil {
		texts := Texts(&m.doc.Ad)
		m.fields = make([]tokenised, len(texts))
		all, _ := tokens.Get().(*[]text.Token)
		if all == nil {
			all = &[]text.Token{}
		}
		m.tokens = all
		for i, t := range texts {
			from := len(*all)
			*all = text.Append(*all, t.Text)
			m.fields[i] = tokenised{t, (*all)[from:len(*all):len(*all)]}
		}
	}
	return m.fields
}

// tokens keeps room for the tokens of documents that are asked once: of a page of
// results they were half of all that was allocated.
var tokens sync.Pool

// done gives back the room of the tokens. The matcher is not to be used any more.
func (m *matcher) done() {
	if m.tokens == nil {
		return
	}
	clear(*m.tokens)
	*m.tokens = (*m.tokens)[:0]
	tokens.Put(m.tokens)
}

func (m *matcher) carries(v ad.Value) bool {
	if m.exact == nil {
		m.exact = Exact(&m.doc.Ad)
	}
	return slices.Contains(m.exact, v)
}

// begun reports whether p is part of a number that the ad carries.
func (m *matcher) begun(p Part) bool {
	return slices.ContainsFunc(m.doc.Ad.Phones, func(have ad.Phone) bool { return p.Of(have.E164) })
}

func (m *matcher) match(n Node) bool {
	switch n := n.(type) {
	case And:
		return !slices.ContainsFunc(n.Of, func(p Node) bool { return !m.match(p) })
	case Or:
		return slices.ContainsFunc(n.Of, m.match)
	case Not:
		return !m.match(n.Of)
	case Word:
		return slices.ContainsFunc(Asked(n), m.carries) || m.stands(n.Text, "")
	case Phrase:
		return m.stands(n.Text, "")
	case Near, Fuzzy, Prefix, Terms:
		return m.close(n, nil)
	case Phone:
		return slices.ContainsFunc(Asked(n), m.carries) || m.begun(n.Part) || m.stands(n.Text, "")
	case Field:
		return m.field(n)
	}
	return false
}

func (m *matcher) field(f Field) bool {
	d := m.doc
	switch f.Name {
	case "title":
		return m.stands(f.Text, "title")
	case "city":
		return m.stands(f.Text, "location")
	case "cluster":
		return d.Cluster != "" && slices.Contains(f.Values, d.Cluster)
	case "label":
		return slices.ContainsFunc(f.Values, func(v string) bool { return slices.Contains(d.Labels, v) })
	case "seen":
		return f.meets(d.FirstSeen, d.LastSeen)
	case "first":
		return f.meets(d.FirstSeen, d.FirstSeen)
	case "last":
		return f.meets(d.LastSeen, d.LastSeen)
	case "posted":
		return !d.Ad.PostedAt.IsZero() && f.meets(d.Ad.PostedAt, d.Ad.PostedAt)
	}
	if f.Labelled() && len(d.Labels) > 0 {
		return true
	}
	return m.begun(f.Part) || slices.ContainsFunc(f.Values, func(v string) bool { return m.carries(ad.Value{Kind: f.Name, Value: v}) })
}

// stands reports whether the tokens of s stand side by side in a text, of the
// named field or of any. No tokens stand nowhere.
func (m *matcher) stands(s, field string) bool {
	want := text.Tokens(s)
	for _, t := range m.texts() {
		if (field == "" || t.Field == field) && index(t.tokens, want, 0) >= 0 {
			return true
		}
	}
	return false
}

// index returns the first place from at where want stands in have, or -1.
func index(have, want []text.Token, at int) int {
	if len(want) == 0 {
		return -1
	}
	for i := at; i+len(want) <= len(have); i++ {
		j := 0
		for j < len(want) && have[i+j].Text == want[j].Text {
			j++
		}
		if j == len(want) {
			return i
		}
	}
	return -1
}

func (m *matcher) spans(n Node, out *[]ad.Span) {
	switch n := n.(type) {
	case And:
		for _, p := range n.Of {
			m.spans(p, out)
		}
	case Or:
		for _, p := range n.Of {
			m.spans(p, out)
		}
	case Word:
		m.found(n.Text, "", out)
		m.carried(Asked(n), out)
	case Phrase:
		m.found(n.Text, "", out)
	case Near, Fuzzy, Prefix, Terms:
		m.close(n, out)
	case Phone:
		m.found(n.Text, "", out)
		m.carried(Asked(n), out)
		m.parts(n.Part, out)
	case Field:
		switch n.Name {
		case "title":
			m.found(n.Text, "title", out)
		case "city":
			m.found(n.Text, "location", out)
		case "phone", "email", "handle":
			m.parts(n.Part, out)
			for _, v := range n.Values {
				m.carried([]ad.Value{{Kind: n.Name, Value: v}}, out)
			}
		case "indicator", "lead":
			for i := range m.doc.Ad.Indicators {
				if x := &m.doc.Ad.Indicators[i]; n.asks(x) {
					*out = append(*out, x.Span)
				}
			}
		}
	}
}

// found adds every place where the tokens of s stand.
func (m *matcher) found(s, field string, out *[]ad.Span) {
	want := text.Tokens(s)
	for _, t := range m.texts() {
		if field != "" && t.Field != field {
			continue
		}
		for i := index(t.tokens, want, 0); i >= 0; i = index(t.tokens, want, i+1) {
			*out = append(*out, ad.Span{Field: t.Field, Start: t.tokens[i].Start, End: t.tokens[i+len(want)-1].End})
		}
	}
}

// parts adds the places of the numbers that p is part of.
func (m *matcher) parts(p Part, out *[]ad.Span) {
	for _, have := range m.doc.Ad.Phones {
		if p.Of(have.E164) {
			*out = append(*out, have.Span)
		}
	}
}

// carried adds the places of the values that the ad carries.
func (m *matcher) carried(values []ad.Value, out *[]ad.Span) {
	for _, v := range values {
		for _, p := range m.doc.Ad.Phones {
			if v.Kind == "phone" && p.E164 == v.Value {
				*out = append(*out, p.Span)
			}
		}
		for _, id := range m.doc.Ad.Identifiers {
			whole := handle(id.Value)
			_, name, _ := strings.Cut(whole, ":")
			if id.Kind == v.Kind && (v.Value == strings.ToLower(id.Value) || v.Kind == "handle" && (v.Value == whole || v.Value == name)) {
				*out = append(*out, id.Span)
			}
		}
	}
}

// meets reports whether some moment from first to last is in the field's interval.
func (f Field) meets(first, last time.Time) bool {
	return (f.To.IsZero() || first.Before(f.To)) && (f.From.IsZero() || !last.Before(f.From))
}
