package sitewords

import (
	"context"

	"vigil.example/internal/ad"
	"vigil.example/internal/site"
)

// An Enricher is one that reads contacts.
type Enricher interface {
	Name() string
	Enrich(ctx context.Context, a *ad.Ad) error
}

// A Withholder lets another enricher read contacts, and leaves those that are the
// site's, its hotline under every ad, with ad.SiteConfidence at most, wherever they
// stand: they are read and found, but nothing is linked by them and no alert raised.
// What a person decided stays.
type Withholder struct {
	Enricher
	model func(site string) *site.Model
}

// Withhold wraps an enricher. Model is as for New.
func Withhold(e Enricher, model func(site string) *site.Model) Withholder {
	return Withholder{e, model}
}

// Enrich reads contacts.
func (w Withholder) Enrich(ctx context.Context, a *ad.Ad) error {
	if err := w.Enricher.Enrich(ctx, a); err != nil || w.model == nil {
		return err
	}
	m := w.model(a.Site)
	for i := range a.Phones {
		p := &a.Phones[i]
		if p.Method != ad.MethodCorrected && p.Confidence > ad.SiteConfidence && m.Owns(ad.Value{Kind: "phone", Value: p.E164}) {
			p.Confidence, p.Withheld = ad.SiteConfidence, p.Confidence
			p.Reasons = append(p.Reasons, "against: it is the site's own, which gives it on page after page")
		}
	}
	for i := range a.Identifiers {
		d := &a.Identifiers[i]
		if d.Confidence > ad.SiteConfidence && m.Owns(ad.Value{Kind: d.Kind, Value: d.Value}) {
			d.Confidence, d.Withheld = ad.SiteConfidence, d.Confidence
		}
	}
	return nil
}
