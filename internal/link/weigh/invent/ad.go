package invent

import (
	"vigil.example/internal/ad"
	"vigil.example/internal/link/weigh"
)

// Read is an invented ad as enrichment gives it, under its invented id.
func Read(g weigh.Ad) *ad.Ad {
	a := &ad.Ad{Listing: ad.Listing{AdID: g.ID, Site: g.Site, Title: g.Title, Body: g.Body, PostedAt: g.At, SeenAt: g.At}, Places: []ad.Place{{City: g.City}}}
	a.ContentSHA256 = a.Content()
	for _, p := range g.Phones {
		a.Phones = append(a.Phones, ad.Phone{E164: p, Confidence: .9})
	}
	for _, v := range g.Emails {
		a.Identifiers = append(a.Identifiers, ad.Identifier{Kind: "email", Value: v, Confidence: .9})
	}
	for _, v := range g.Handles {
		a.Identifiers = append(a.Identifiers, ad.Identifier{Kind: "handle", Value: v, Confidence: .9})
	}
	return a
}
