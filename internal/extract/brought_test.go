package extract_test

import (
	"testing"

	"vigil.example/internal/ad"
	"vigil.example/internal/extract"
)

// A short ad that somebody saved and brought is taken for one when it gives a
// contact; the crawler's pages need more than that.
func TestBrought(t *testing.T) {
	const short = "<title>Massage</title><h1>Massage</h1><p>Calm place. Nine one two, five five five, oh one four three."
	tests := []struct {
		name, page string
		via        ad.Via
		want       ad.PageKind
	}{
		{"a short ad with a number", short, ad.ViaImport, ad.KindDetail},
		{"the same page, crawled", short, ad.ViaCrawl, ad.KindOther},
		{"a page without a contact", "<title>Welcome</title><h1>Welcome</h1><p>Nothing here.", ad.ViaImport, ad.KindOther},
		{"a removed ad stays removed", "<title>Gone</title><h1>This posting has been deleted by its author.</h1>", ad.ViaImport, ad.KindRemoved},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := extract.New(nil).Extract(ad.Capture{ID: "c", URL: "http://x.example/a", Via: tt.via}, extract.Page{Status: 200, ContentType: "text/html", Body: []byte(tt.page)})
			if err != nil {
				t.Fatal(err)
			}
			if r.Outcome.Kind != tt.want || (len(r.Listings) == 1) != (tt.want == ad.KindDetail) {
				t.Errorf("kind %s with %d listings (%s), want %s", r.Outcome.Kind, len(r.Listings), r.Outcome.Reason, tt.want)
			}
		})
	}
}
