package place

import (
	"fmt"
	"strings"
	"testing"

	"vigil.example/internal/ad"
)

// best reads the first place that is sure enough to be counted, as "city region metro from".
func best(t testing.TB, p Places, a ad.Ad) string {
	t.Helper()
	if err := p.Enrich(t.Context(), &a); err != nil {
		t.Fatal(err)
	}
	for _, x := range a.Places {
		if x.Span != nil {
			text := map[string][]rune{"title": []rune(a.Title), "body": []rune(a.Body)}[x.Span.Field]
			if x.Span.Start < 0 || x.Span.End > len(text) || x.Span.Start >= x.Span.End {
				t.Errorf("span %+v of %s lies outside", *x.Span, x.City)
			}
		}
	}
	if len(a.Places) == 0 || a.Places[0].Confidence < .5 || a.Places[0].From == FromSite {
		return ""
	}
	x := a.Places[0]
	return strings.Join(strings.Fields(fmt.Sprintf("%s %s %s %s", x.City, x.Region, x.Metro, x.From)), " ")
}

func TestNamesInText(t *testing.T) {
	p := New(func(string) string { return "US" })
	for text, want := range map[string]string{
		"visiting Macon until Sunday": "Macon US-GA 31420 text",
		"in Savannah GA":              "Savannah US-GA 42340 text",
		"Savannah 31401":              "Savannah US-GA 42340 text",
		"Augusta, ME":                 "Augusta US-ME 12300 text",
		"in augusta ga":               "Augusta US-GA 12260 text",
		"Augusta Georgia tonight":     "Augusta US-GA 12260 text",
		"Columbus ohio":               "Columbus US-OH 18140 text",
		"new in Columbus, Georgia":    "Columbus US-GA 17980 text",
		"near Paris TX":               "Paris US-TX 37580 text",
		"in Mobile, AL":               "Mobile US-AL 33660 text",
		"washington dc":               "Washington US-DC 47900 text",
		"St. Louis incall":            "St. Louis US-MO 41180 text",
		"in el paso tonight":          "El Paso US-TX 21340 text",
		"Alex en Yuma":                "Yuma US-AZ 49740 text",
		"NYC only":                    "New York City US-NY 35620 text",
		"zip 30303":                   "US-GA 12060 text",
		"V1s1t1ng M4con t0night":      "Macon US-GA 31420 text",
		"anywhere in Georgia":         "US-GA text",
		"Tijuana, centro":             "Tijuana MX-BCN MX-tijuana text",
		"ask for Savannah":            "",
		"Hi, I'm Dallas":              "",
		"Savannah is here":            "",
		"with Jackson and Austin":     "",
		"Mobile home for sale":        "",
		"Reading books with a nice cup of orange juice": "",
		"living in hope":                        "",
		"call 555 90210":                        "",
		"my normal bath, buffalo wings, summit": "",
		"in person or me at la plaza, ok":       "",
	} {
		if got := best(t, p, ad.Ad{Listing: ad.Listing{Body: text}}); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestWhatElseTheAdSays(t *testing.T) {
	p := New(func(site string) string {
		if site == "british" {
			return "GB"
		}
		return "US"
	})
	phone := func(n string) []ad.Phone { return []ad.Phone{{E164: n, Confidence: .9}} }
	for name, tc := range map[string]struct {
		ad   ad.Ad
		want string
	}{
		"the page's field comes first":          {ad.Ad{Listing: ad.Listing{Location: "Pinecrest, Atlanta", Body: "near Brookfield"}}, "Atlanta US-GA 12060 location"},
		"a part of town named like a city":      {ad.Ad{Listing: ad.Listing{Location: "Westlake, Richmond"}}, "Richmond US-VA 40060 location"},
		"an area code chooses between cities":   {ad.Ad{Listing: ad.Listing{Body: "new in Columbus"}, Phones: phone("+17065550101")}, "Columbus US-GA 17980 text"},
		"another city of the state chooses":     {ad.Ad{Listing: ad.Listing{Body: "Portland and Bangor, Maine"}}, "Bangor US-ME 12620 text"},
		"the country of the site chooses":       {ad.Ad{Listing: ad.Listing{Site: "british", Body: "in Reading"}}, "Reading GB-ENG GB-reading text"},
		"an area code alone":                    {ad.Ad{Phones: phone("+12125550101")}, "US-NY 35620 area-code"},
		"an unsure number says nothing":         {ad.Ad{Phones: []ad.Phone{{E164: "+12125550101", Confidence: .3}}}, ""},
		"a number from abroad has no area code": {ad.Ad{Phones: phone("+442079460101")}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := best(t, p, tc.ad); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestSeveralPlaces(t *testing.T) {
	p := New(nil)
	a := ad.Ad{Listing: ad.Listing{Body: "Atlanta/Decatur area"}}
	if err := p.Enrich(t.Context(), &a); err != nil || len(a.Places) != 2 || a.Places[1].Metro != "12060" {
		t.Errorf("got %+v, want Atlanta and the Decatur beside it", a.Places)
	}
	a = ad.Ad{Listing: ad.Listing{Body: "Toledo, Dayton, Akron"}}
	if err := p.Enrich(t.Context(), &a); err != nil || len(a.Places) != 3 {
		t.Errorf("got %+v, want three cities", a.Places)
	}
}

func TestFind(t *testing.T) {
	g := Load()
	for asked, want := range map[string]int{"Savannah": 1, "savannah ga": 1, "42340": 1, "Savannah, GA": 1, "Springfield MO": 1, "Springfield": 5, "Atlantis": 0, "": 0} {
		if got := g.Find(asked); want == 5 && len(got) < 3 || want != 5 && len(got) != want {
			t.Errorf("%q: got %v", asked, got)
		}
	}
}

// What is built in must hang together: every metro that is named has a title, and
// names of usage.txt that are for cities are there.
func TestGazetteer(t *testing.T) {
	g := Load()
	for _, c := range g.cities {
		if c.metro != "" && g.metros[c.metro] == "" {
			t.Errorf("%s is in metro %s, which has no title", c.name, c.metro)
		}
	}
	for _, z := range g.zips {
		if z.metro != "" && g.metros[z.metro] == "" {
			t.Errorf("ZIP %05d is in metro %s, which has no title", z.from, z.metro)
		}
	}
	for n, a := range g.areas {
		if a.metro != "" && g.metros[a.metro] == "" {
			t.Errorf("area code %d is in metro %s, which has no title", n, a.metro)
		}
	}
	for from, to := range g.alias {
		if g.names[from] == nil {
			t.Errorf("alias %s stands for %s, which is not there", from, to)
		}
	}
	if len(g.cities) < 4000 || len(g.areas) < 300 {
		t.Errorf("%d cities, %d area codes", len(g.cities), len(g.areas))
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{"in Savannah GA 31401", "Atlanta/Decatur", "ＮＹＣ M4c0n", "in la\xff", "Columbus, Columbus, Columbus"} {
		f.Add(s, s)
	}
	p := New(nil)
	f.Fuzz(func(t *testing.T, location, body string) {
		a := ad.Ad{Listing: ad.Listing{Location: location, Title: body, Body: body}}
		best(t, p, a)
		_ = p.Enrich(t.Context(), &a)
		for _, x := range a.Places {
			if x.Confidence < Least || x.Confidence > .99 || x.From == "" {
				t.Fatalf("%+v", x)
			}
		}
	})
}

func BenchmarkPlaces(b *testing.B) {
	p := New(func(string) string { return "US" })
	a := ad.Ad{Listing: ad.Listing{Title: "New in town, visiting Macon", Body: "Hi there, I am Ruby, staying near the highway until Sunday. Call 912-555-0143"}}
	b.ReportAllocs()
	for b.Loop() {
		_ = p.Enrich(b.Context(), &a)
	}
}
