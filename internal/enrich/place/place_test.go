package place

import (
	"fmt"
	"strings"
	"testing"

	"vigil.example/internal/ad"
)

func read(t testing.TB, p Places, a *ad.Ad) string {
	t.Helper()
	if err := p.Enrich(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, x := range a.Places {
		out = append(out, fmt.Sprintf("%s %s %s %s %.2f", x.City, x.Region, x.Metro, x.From, x.Confidence))
	}
	return strings.Join(out, " | ")
}

func TestShow(t *testing.T) {
	p := New(func(string) string { return "US" })
	for _, s := range []string{
		"visiting Macon", "in Savannah GA", "Atlanta/Decatur area", "Savannah 31401", "ask for Savannah", "Savannah is here", "Augusta, ME", "in augusta ga", "Augusta Georgia tonight",
		"Columbus ohio", "new in Columbus", "Mobile home for sale", "in Mobile, AL", "Reading books with Jackson", "orange cat, nice", "Paris TX", "Hi, I'm Dallas", "in Dallas", "Toledo, Dayton, Akron",
		"Booking now, Provo, Sky, 24", "Tampa adult board.", "Alex en Yuma", "Touring theatre needs crew: L4r3d0, M4c0n, Yum4", "washington dc", "Washington state", "St. Louis incall", "in el paso tonight", "Rowan Auto in Macon: 8/10", "zip 30303",
		"call 555 90210", "NYC only", "I love LA", "in LA", "close to Brookfield", "Portland, OR", "Portland or Salem", "living in hope",
	} {
		a := ad.Ad{Listing: ad.Listing{Body: s}}
		t.Logf("%-45s %s", s, read(t, p, &a))
	}
	a := ad.Ad{Listing: ad.Listing{Location: "Pinecrest, Atlanta", Body: "near Brookfield, call me"}, Phones: []ad.Phone{{E164: "+14045550123", Confidence: .9}}}
	t.Log(read(t, p, &a))
}

func BenchmarkPlaces(b *testing.B) {
	p := New(func(string) string { return "US" })
	a := ad.Ad{Listing: ad.Listing{Title: "New in town, visiting Macon", Body: "Hi there, I am Ruby, staying near the highway until Sunday. Call 912-555-0143"}}
	b.ReportAllocs()
	for b.Loop() {
		_ = p.Enrich(b.Context(), &a)
	}
}
