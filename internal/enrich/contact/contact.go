// Package contact is the enricher that reads e-mail addresses and handles of
// common platforms, however they are written: "rose (at) mail (dot) example",
// "my 1nsta is rose_7", a profile link. A handle counts only beside the name or
// link of its platform, because a lone @name says nothing about where it leads. It
// fills Ad.Identifiers.
//
// A wrong handle links strangers, so that where a word may be one or not, it is
// none. Numbers in links and after the name of a messenger are the business of the
// enricher number.
package contact

import (
	"context"
	"slices"

	"vigil.example/internal/ad"
)

// Contacts reads e-mail addresses and handles.
type Contacts struct{}

// New returns the enricher.
func New() Contacts { return Contacts{} }

// Name is the enricher's name in the table.
func (Contacts) Name() string { return "contact" }

// Enrich fills a.Identifiers.
func (Contacts) Enrich(_ context.Context, a *ad.Ad) error {
	a.Identifiers = nil
	a.Fields(func(field, s string) {
		for _, id := range Read(s) {
			id.Span.Field = field
			a.Identifiers = append(a.Identifiers, id)
		}
	})
	return nil
}

// Read returns the addresses and handles in s in order, their spans in code
// points of s. It takes time linear in s.
func Read(s string) []ad.Identifier {
	if !plausible(s) {
		return nil
	}
	r := newReader(s)
	r.emails()
	r.handles()
	slices.SortStableFunc(r.out, func(a, b ad.Identifier) int { return a.Span.Start - b.Span.Start })
	return r.out
}

// A reader reads one text.
type reader struct {
	orig []rune
	seen []glyph
	flat string // the glyphs, one byte each: those beyond ASCII as 0x01
	toks []token
	used []bool // glyphs that belong to what was found
	out  []ad.Identifier
}

// add gives what was read in the glyphs [lo, hi).
func (r *reader) add(kind, value string, lo, hi int, confidence float64) {
	from, to := r.seen[lo].from, r.seen[lo].to
	for _, g := range r.seen[lo:hi] {
		from, to = min(from, g.from), max(to, g.to)
	}
	for i := lo; i < hi; i++ {
		r.used[i] = true
	}
	r.out = append(r.out, ad.Identifier{
		Kind: kind, Value: value, Span: ad.Span{Start: from, End: to}, Text: string(r.orig[from:to]), Confidence: confidence,
	})
}
