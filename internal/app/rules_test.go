package app

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"vigil.example/internal/ad"
	"vigil.example/internal/enrich/indicator"
	"vigil.example/internal/site"
)

// The rules of an agency read the ads of its instance, and every ad says which
// files those were.
func TestRulesOfAnAgency(t *testing.T) {
	lib, err := indicator.New(indicator.File{Name: "harbour.yaml", Src: []byte(`lang: en
rules:
  - id: agency.greenhouse
    kind: restricted/no_leaving
    source: Case 12, 2024
    patterns: ['only the greenhouse']
    cases: {fire: ["Companion profile. [[only the greenhouse]]"]}
`)})
	if err != nil {
		t.Fatal(err)
	}
	page := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(page, []byte(`<title>Companion profile</title><h1>Companion profile</h1><p>Sweet and quiet company, only the greenhouse, any day of the week. Call 912-555-0143.</p>`), 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := New(t.Context(), Config{Version: "test", Data: t.TempDir(), Kind: Real, Sites: site.NewSet(), Rules: lib, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	err = a.while(t.Context(), func(ctx context.Context) error {
		if _, err := a.importFile(ctx, page, "tester"); err != nil {
			return err
		}
		return a.Settle(ctx, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for doc, err := range a.shelf.Dump(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		if !regexp.MustCompile(`^vigil test pipeline [0-9a-f]+ rules harbour\.yaml@[0-9a-f]{12} [0-9a-f]{12}$`).MatchString(doc.Ad.EnrichedBy) {
			t.Errorf("the ad was read by %q", doc.Ad.EnrichedBy)
		}
		own := func(i ad.Indicator) bool {
			return regexp.MustCompile(`^agency\.greenhouse of harbour\.yaml@[0-9a-f]{12}$`).MatchString(i.Rule)
		}
		if !slices.ContainsFunc(doc.Ad.Indicators, own) || doc.Ad.Lead == nil {
			t.Errorf("found in it: %+v, lead %+v", doc.Ad.Indicators, doc.Ad.Lead)
		}
	}
	if n != 1 {
		t.Errorf("%d ads, want 1", n)
	}
}
