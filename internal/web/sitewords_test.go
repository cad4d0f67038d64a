package web

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
)

// The site's own words are marked, also where something was read in them, and stay.
func TestSitesOwnWordsAreMarked(t *testing.T) {
	a := ad.Ad{Listing: ad.Listing{Body: "Call me.\nReport it: 800-555-0199 day or night."}}
	a.SiteWords = &ad.SiteWords{SiteModel: ad.SiteModel{Version: 3}, Spans: []ad.Span{{Field: "body", Start: 9, End: 46}}}
	a.Phones = []ad.Phone{{E164: "+18005550199", Span: ad.Span{Field: "body", Start: 20, End: 32}, Text: "800-555-0199", Method: "separated", Confidence: ad.SiteConfidence}}
	const own = "the site’s own words"
	want := []Piece{
		{Text: "Call me.\n"},
		{"Report it: ", "sites", own},
		{"800-555-0199", "sites number", own + "; number 800-555-0199, " + method("separated")},
		{" day or night.", "sites", own},
	}
	if d := cmp.Diff(pieces(a.Body, append(sitesOwn(&a, "body"), found(&a, "body")...), 0, shownBody), want); d != "" {
		t.Errorf("(-got +want)\n%s", d)
	}
}
