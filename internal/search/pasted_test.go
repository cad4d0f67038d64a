package search_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"testing"

	"vigil.example/crawlers"
	"vigil.example/internal/ad"
	"vigil.example/internal/bazaar"
	"vigil.example/internal/enrich/contact"
	"vigil.example/internal/enrich/number"
	"vigil.example/internal/extract"
	"vigil.example/internal/query"
	"vigil.example/internal/search/searchtest"
)

// TestWhatIsShownIsFound pastes every identifier of every ad of a made-up town, and
// every title: each is a query, or says where it is none and is one as text, and
// the ad matches.
func TestWhatIsShownIsFound(t *testing.T) {
	c := bazaar.DefaultConfig()
	c.Ads, c.Later = 800, 0
	if os.Getenv(searchtest.Whole) != "" {
		c.Ads = 20_000
	}
	b, err := bazaar.New(c)
	if err != nil {
		t.Fatal(err)
	}
	set, err := crawlers.Load()
	if err != nil {
		t.Fatal(err)
	}
	x, h, numbers, contacts := extract.New(set), b.Handler(), number.New(nil), contact.New()
	pasted, ads := 0, 0
	for _, truth := range b.Truth(b.Now()).Ads {
		u, err := url.Parse(truth.URL)
		if err != nil {
			t.Fatal(err)
		}
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, truth.URL, nil)
		r.Host = u.Host
		h.ServeHTTP(w, r)
		got, err := x.Extract(ad.Capture{Site: truth.Site, URL: truth.URL}, extract.Page{Status: w.Code, ContentType: w.Header().Get("Content-Type"), Body: w.Body.Bytes()})
		if err != nil {
			t.Fatal(err)
		}
		for i := range got.Listings {
			d := ad.Document{Ad: ad.Ad{Listing: got.Listings[i]}}
			if err := numbers.Enrich(t.Context(), &d.Ad); err != nil {
				t.Fatal(err)
			}
			if err := contacts.Enrich(t.Context(), &d.Ad); err != nil {
				t.Fatal(err)
			}
			ads++
			for _, s := range append(searchtest.Shown(&d.Ad), d.Ad.Title) {
				pasted++
				n, err := query.Parse(s)
				if err != nil {
					n, err = query.Parse(query.AsText(s))
				}
				if err != nil || !query.Match(n, &d) {
					t.Errorf("%q is shown on %s and does not find it: %v", s, truth.URL, err)
				}
			}
		}
	}
	t.Logf("%d identifiers and titles of %d ads", pasted, ads)
	if ads < c.Ads/2 || pasted < 3*ads {
		t.Errorf("%d pasted of %d ads; the test needs more", pasted, ads)
	}
}
