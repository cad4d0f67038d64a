// Package number is the enricher that reads telephone numbers: a shell around
// package phone that goes through the fields of a listing. It fills Ad.Phones.
package number

import (
	"context"

	"vigil.example/internal/ad"
	"vigil.example/internal/phone"
)

// Numbers reads telephone numbers.
type Numbers struct{ country func(site string) string }

// New returns the enricher. Country gives the region in which a site's national
// numbers are read; it may be nil.
func New(country func(site string) string) *Numbers { return &Numbers{country} }

// Name is the enricher's name in the table.
func (n *Numbers) Name() string { return "number" }

// Enrich fills a.Phones. A number that stands several times is there as often,
// each time with its span.
func (n *Numbers) Enrich(_ context.Context, a *ad.Ad) error {
	var o phone.Options
	if n.country != nil {
		o.Country = n.country(a.Site)
	}
	a.Phones = nil
	a.Fields(func(field, text string) {
		for _, p := range phone.Read(text, o) {
			p.Span.Field = field
			a.Phones = append(a.Phones, p)
		}
	})
	return nil
}
