package crawlers

import (
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/bazaar"
	"vigil.example/internal/extract"
	"vigil.example/internal/phone"
	"vigil.example/internal/site"
)

// Following the definitions' links from the seeds, as a crawl does, must find
// every ad of the made-up town with what its poster wrote, and nothing else.
func TestDefinitionsFindTheWholeTown(t *testing.T) {
	c := bazaar.DefaultConfig()
	c.Ads = 400
	town, err := bazaar.New(c)
	if err != nil {
		t.Fatal(err)
	}
	town.SetNow(c.Start.Add(40 * time.Hour))
	set, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	listings, kinds := crawl(t, town, set)
	up, closed, charset := 0, 0, 0
	for _, a := range town.Truth(town.Now()).Ads {
		l, found := listings[a.URL]
		if !a.RemovedAt.IsZero() {
			if closed++; found {
				t.Errorf("%s is removed and yet gives a listing", a.URL)
			}
			continue
		}
		up++
		if !found {
			t.Errorf("%s is not found", a.URL)
			continue
		}
		delete(listings, a.URL)
		if l.Site != a.Site || l.NativeID != a.NativeID {
			t.Errorf("%s: got ad %s of %s, want %s of %s", a.URL, l.NativeID, l.Site, a.NativeID, a.Site)
		}
		if a.Broken == "charset" {
			charset++
		}
		if l.Title != a.Title {
			t.Errorf("%s: got title %q, want %q", a.URL, l.Title, a.Title)
		}
		want := a.PostedAt
		if a.Site != "townboard" { // the others print no seconds
			want = want.Truncate(time.Minute)
		}
		if a.Broken != "cut" && !l.PostedAt.Equal(want) {
			t.Errorf("%s: got posted %v, want %v", a.URL, l.PostedAt, want)
		}
		if l.Category == "" || l.Location == "" || l.Body == "" {
			t.Errorf("%s: category %q, location %q, body of %d bytes: one is missing", a.URL, l.Category, l.Location, len(l.Body))
		}
	}
	for u, l := range listings {
		t.Errorf("%s gives a listing %q and is no ad", u, l.Title)
	}
	t.Logf("%d ads up, %d removed, %d badly declared; kinds of page: %v", up, closed, charset, kinds)
	if kinds[ad.KindBlocked] != 3 || kinds[ad.KindEmpty] != 6 || kinds[ad.KindRemoved] < closed {
		t.Errorf("kinds of page %v: want 3 blocked, 6 empty, at least %d removed", kinds, closed)
	}
	if v := town.Visits(); v.Images != 0 || v.Missing != 0 {
		t.Errorf("visits %+v: want no image and no address that leads nowhere", v)
	}
}

// crawl follows outlinks in scope, except those robots.txt forbids, and gives
// listings by address and how many pages of each kind there were.
func crawl(t *testing.T, town *bazaar.Town, set *site.Set) (map[string]ad.Listing, map[ad.PageKind]int) {
	t.Helper()
	h, x := town.Handler(), extract.New(set)
	listings, kinds, seen := map[string]ad.Listing{}, map[ad.PageKind]int{}, map[string]bool{}
	forbidden := 0
	var queue []string
	for _, d := range set.All() {
		if slices.Contains(town.Hosts(), d.Scope.Hosts[0]) {
			queue = append(queue, d.Seeds...)
		}
	}
	for len(queue) > 0 {
		u, err := url.Parse(queue[0])
		if err != nil {
			t.Fatal(err)
		}
		queue = queue[1:]
		d := set.ByHost(u.Host)
		if d == nil {
			continue
		}
		u = d.Canonical(u)
		if ok, _ := d.InScope(u); !ok || seen[u.String()] {
			continue
		}
		seen[u.String()] = true
		if strings.HasPrefix(u.Path, "/private/") {
			forbidden++
			continue
		}
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", u.RequestURI(), nil)
		r.Host = u.Host
		h.ServeHTTP(w, r)
		c := ad.Capture{V: ad.Schema, ID: "crawl", URL: u.String(), Site: d.Name, FetchedAt: town.Now(), Status: w.Code}
		res, err := x.Extract(c, extract.Page{Status: w.Code, ContentType: w.Header().Get("Content-Type"), Body: w.Body.Bytes(), Redirect: w.Header().Get("Location")})
		if err != nil {
			t.Fatalf("%s: %v", u, err)
		}
		kinds[res.Outcome.Kind]++
		for _, l := range res.Listings {
			listings[u.String()] = l
		}
		for _, o := range res.Outcome.Outlinks {
			queue = append(queue, o.URL)
		}
	}
	if forbidden != 3 {
		t.Errorf("got links to %d pages that robots.txt forbids, want one on each site", forbidden)
	}
	return listings, kinds
}

// The reader of numbers, held to what the town's posters wrote. The town prints
// numbers set aside for fiction, in fewer ways than people do: this guards the
// chain from page to number, it does not measure the reader.
func TestNumbersOfTheTownCanBeRead(t *testing.T) {
	c := bazaar.DefaultConfig()
	c.Ads = 500
	town, err := bazaar.New(c)
	if err != nil {
		t.Fatal(err)
	}
	set, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	listings, _ := crawl(t, town, set)
	var found []bazaar.ScoredAd
	for _, l := range listings {
		a := bazaar.ScoredAd{Site: l.Site, NativeID: l.NativeID, URL: l.URL}
		texts := []string{l.Title, l.Body}
		for _, k := range l.Contacts {
			texts = append(texts, k.Value)
		}
		for _, s := range texts {
			for _, p := range phone.Read(s, phone.Options{Country: "US"}) {
				a.Phones = append(a.Phones, p.E164)
			}
		}
		found = append(found, a)
	}
	s := bazaar.Score(town.Truth(town.Now()), found)
	t.Logf("numbers: precision %.4f, recall %.4f, %.4f false in an ad without", s.NumberPrecision, s.NumberRecall, s.FalsePerFree)
	if s.AdsFound != c.Ads || s.AdsExtra != 0 {
		t.Errorf("found %d ads and %d that are none, want %d", s.AdsFound, s.AdsExtra, c.Ads)
	}
	if s.NumberPrecision < .97 || s.NumberRecall < .95 || s.FalsePerFree > .02 {
		t.Errorf("numbers: precision %.4f, recall %.4f, %.4f false in an ad without", s.NumberPrecision, s.NumberRecall, s.FalsePerFree)
	}
}
