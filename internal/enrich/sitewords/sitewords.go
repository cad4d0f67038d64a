// Package sitewords is the enricher that marks the words which a site adds to every
// page, by what was learned of that site. It comes first: those after it draw
// conclusions from the poster's own words. It fills Ad.SiteWords.
package sitewords

import (
	"context"

	"vigil.example/internal/ad"
	"vigil.example/internal/site"
)

// Marker marks sites' words.
type Marker struct{ model func(site string) *site.Model }

// New returns the enricher. Model gives what is known of a site, nil for nothing; it
// may be nil.
func New(model func(site string) *site.Model) Marker { return Marker{model} }

// Name is the enricher's name in the table.
func (Marker) Name() string { return "sitewords" }

// Enrich fills a.SiteWords.
func (m Marker) Enrich(_ context.Context, a *ad.Ad) error {
	a.SiteWords = nil
	if m.model != nil {
		a.SiteWords = m.model(a.Site).Mark(a)
	}
	return nil
}
