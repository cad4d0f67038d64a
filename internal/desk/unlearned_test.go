package desk

import (
	"slices"
	"testing"

	"vigil.example/internal/ad"
)

// A reason that is the texts of two ads says of which of their sites nobody knows yet
// what they add to every page.
func TestUnlearnedSites(t *testing.T) {
	of := func(id, site string, known bool) (a ad.Ad) {
		a.AdID, a.Site, a.Body = id, site, "a piano by the river, lessons for all who come"
		if known {
			a.SiteWords = &ad.SiteWords{}
		}
		return a
	}
	texts := map[string][]ad.Document{}
	for _, a := range []ad.Ad{of("a", "oldtown", true), of("b", "newtown", false), of("c", "newtown", false)} {
		texts[a.AdID] = []ad.Document{{Ad: a, Current: true}}
	}
	for _, c := range []struct {
		a, b string
		kind string
		want []string
	}{
		{"a", "a", "text", nil}, {"a", "b", "text", []string{"newtown"}}, {"b", "c", "text", []string{"newtown"}}, {"b", "c", "picture", nil},
	} {
		s := stepOf(ad.Edge{A: c.a, B: c.b, Value: ad.Value{Kind: c.kind}}, texts)
		if !slices.Equal(s.Unlearned, c.want) {
			t.Errorf("%s of %s and %s: %v, want %v", c.kind, c.a, c.b, s.Unlearned, c.want)
		}
	}
}
