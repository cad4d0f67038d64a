// Package enrich turns a listing into an ad by reading what its words say. Each
// enricher has a folder of its own and fills its own fields; all.go is the table
// of them, and a pipeline file says which run in which order. Enrichers look at
// one ad at a time and know no other.
package enrich

import (
	"context"
	"fmt"

	"vigil.example/internal/ad"
	"vigil.example/internal/casework"
	"vigil.example/internal/enrich/indicator"
	"vigil.example/internal/site"
)

// An Enricher reads one thing in an ad and fills the fields that are its own.
// Running it twice changes nothing.
type Enricher interface {
	Name() string
	Enrich(ctx context.Context, a *ad.Ad) error
}

// A Chain runs enrichers one after the other.
type Chain struct {
	by    string
	steps []Enricher
}

// NewChain makes a chain of the named enrichers of the table. By is recorded in
// every ad as what read it.
func NewChain(by string, names []string, c Config) (*Chain, error) {
	ch := &Chain{by: by}
	for _, n := range names {
		mk, ok := table()[n]
		if !ok {
			return nil, fmt.Errorf("enrichers: unknown enricher %q", n)
		}
		ch.steps = append(ch.steps, mk(c))
	}
	return ch, nil
}

// Enrich makes an ad of a listing.
func (c *Chain) Enrich(ctx context.Context, l ad.Listing) (ad.Ad, error) {
	a := ad.Ad{Listing: l, EnrichedBy: c.by}
	for _, s := range c.steps {
		if err := s.Enrich(ctx, &a); err != nil {
			return a, fmt.Errorf("%s: %w", s.Name(), err)
		}
	}
	return a, nil
}

// Config is what enrichers may need.
type Config struct {
	// Country gives the region of a site, ISO 3166-1 alpha-2, "" when unknown.
	Country func(site string) string
	// Corrections gives what people decided about the readings of an ad; see
	// correction.New. It may be nil.
	Corrections func(adID string) (standing []casework.Correction, newest uint64)
	// Words gives what is known of the words that a site adds to its pages, nil for
	// nothing. It may be nil.
	Words func(site string) *site.Model
	// Rules is the library of indicators; nil is the built-in one.
	Rules *indicator.Library
}
