// Package correction is the enricher that reads an ad as people have decided: a
// piece of its text is no number, or it reads another one. It comes right behind
// the enricher of numbers, so that those after it see what counts. It changes
// Ad.Phones, keeps in Ad.Corrected what the program reads there by itself, and
// notes in Ad.Decided up to which decision it knew.
package correction

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"vigil.example/internal/ad"
	"vigil.example/internal/casework"
)

// Corrections applies decisions about readings.
type Corrections struct {
	of func(adID string) (standing []casework.Correction, newest uint64)
}

// New returns the enricher. Of gives the corrections of an ad that stand, in the
// order in which they were made, and the sequence of the newest decision about it;
// it may be nil.
func New(of func(adID string) (standing []casework.Correction, newest uint64)) *Corrections {
	return &Corrections{of}
}

// Name is the enricher's name in the table.
func (c *Corrections) Name() string { return "correction" }

// Enrich applies the corrections of an ad.
func (c *Corrections) Enrich(_ context.Context, a *ad.Ad) error {
	if c.of == nil {
		return nil
	}
	standing, newest := c.of(a.AdID)
	Apply(a, standing, newest)
	return nil
}

// Apply gives an ad the readings that corrections ask for, one after the other,
// and nothing that earlier ones asked for and these do not.
func Apply(a *ad.Ad, standing []casework.Correction, newest uint64) {
	restore(a)
	a.Decided = newest
	for _, c := range standing {
		if done, ok := apply(a, c); ok {
			a.Corrected = append(a.Corrected, done)
		}
	}
	if len(a.Corrected) > 0 {
		sorted(a)
	}
	if len(a.Phones) == 0 {
		a.Phones = nil
	}
}

// restore gives back what the program read by itself.
func restore(a *ad.Ad) {
	if len(a.Corrected) == 0 {
		return
	}
	a.Phones = slices.DeleteFunc(slices.Clone(a.Phones), func(p ad.Phone) bool { return p.Method == ad.MethodCorrected })
	for _, c := range a.Corrected {
		for _, p := range c.Instead {
			there := slices.ContainsFunc(a.Phones, func(q ad.Phone) bool { return q.E164 == p.E164 && q.Span == p.Span })
			if p.Method != ad.MethodCorrected && !there { // the others are an earlier correction's
				a.Phones = append(a.Phones, p)
			}
		}
	}
	a.Corrected = nil
	sorted(a)
}

// apply applies one correction. One whose text the ad does not say, and nothing
// was read from, changes nothing.
func apply(a *ad.Ad, c casework.Correction) (ad.Correction, bool) {
	at := Places(&a.Listing, c.Text)
	done := ad.Correction{Decision: c.ID, Text: c.Text, Reads: c.Reads}
	kept := make([]ad.Phone, 0, len(a.Phones)+len(at))
	for _, p := range a.Phones {
		here := slices.ContainsFunc(at, func(s ad.Span) bool { return overlap(s, p.Span) })
		// What a text reads is said of all of it. That it is no number is said of the
		// number that was read: others that stand in or around it stay.
		if here && (c.Reads != "" || p.E164 == c.Was) || p.Text == c.Text {
			done.Instead = append(done.Instead, p)
			continue
		}
		kept = append(kept, p)
	}
	if c.Reads != "" {
		for _, s := range at {
			kept = append(kept, ad.Phone{
				E164: c.Reads, Span: s, Text: c.Text, Method: ad.MethodCorrected, Confidence: 1, Reasons: []string{"read so by an analyst, decision " + c.ID},
			})
		}
	}
	a.Phones = kept
	return done, len(at) > 0 || len(done.Instead) > 0
}

// Places finds where a listing says a text, in every field. A text that begins or
// ends with a digit is not found inside a longer row of digits.
func Places(l *ad.Listing, text string) (out []ad.Span) {
	if text == "" {
		return nil
	}
	n := utf8.RuneCountInString(text)
	l.Fields(func(field, in string) {
		for at, runes := 0, 0; ; {
			i := strings.Index(in[at:], text)
			if i < 0 {
				return
			}
			runes += utf8.RuneCountInString(in[at : at+i])
			from, to := at+i, at+i+len(text)
			if joined(in[:from], text) || joined(text, in[to:]) {
				_, size := utf8.DecodeRuneInString(in[from:])
				at, runes = from+size, runes+1
				continue
			}
			if len(out) == maxPlaces {
				return
			}
			out = append(out, ad.Span{Field: field, Start: runes, End: runes + n})
			at, runes = to, runes+n
		}
	})
	return out
}

// maxPlaces bounds the places of one text in an ad: no ad gives a number more often
// in one dress.
const maxPlaces = 50

// joined reports whether a digit ends one text and begins the next.
func joined(a, b string) bool {
	digit := func(c byte) bool { return c >= '0' && c <= '9' }
	return a != "" && b != "" && digit(a[len(a)-1]) && digit(b[0])
}

func overlap(a, b ad.Span) bool { return a.Field == b.Field && a.Start < b.End && b.Start < a.End }

// sorted puts the numbers of an ad in the order of its text.
func sorted(a *ad.Ad) {
	order := map[string]int{}
	a.Fields(func(field, _ string) { order[field] = len(order) })
	slices.SortStableFunc(a.Phones, func(p, q ad.Phone) int {
		return cmp.Or(cmp.Compare(order[p.Span.Field], order[q.Span.Field]), cmp.Compare(p.Span.Start, q.Span.Start), cmp.Compare(p.Span.End, q.Span.End))
	})
}
