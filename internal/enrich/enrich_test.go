package enrich

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
)

func TestChain(t *testing.T) {
	c, err := NewChain("vigil test", []string{"number", "contact", "signature"}, Config{Country: func(string) string { return "US" }})
	if err != nil {
		t.Fatal(err)
	}
	l := ad.Listing{Title: "Call 912-555-0143", Body: "or IG: ruby_dance77, nine one two 555 0188", Contacts: []ad.Contact{{Kind: "phone", Value: "tel:+19125550143"}}}
	a, err := c.Enrich(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	want := []ad.Value{{Kind: "phone", Value: "+19125550143"}, {Kind: "phone", Value: "+19125550188"}, {Kind: "handle", Value: "instagram:ruby_dance77"}}
	if d := cmp.Diff(a.Values(.5), want); d != "" {
		t.Errorf("values (-got +want)\n%s", d)
	}
	fields := map[string][]rune{}
	l.Fields(func(f, s string) { fields[f] = []rune(s) })
	for _, p := range a.Phones {
		if got := string(fields[p.Span.Field][p.Span.Start:p.Span.End]); got != p.Text {
			t.Errorf("the span of %s in %s shows %q, the number was read in %q", p.E164, p.Span.Field, got, p.Text)
		}
	}
	if len(a.Signature) != 4 || a.EnrichedBy != "vigil test" {
		t.Errorf("signature %v, enriched by %q", a.Signature, a.EnrichedBy)
	}
	again, err := c.Enrich(t.Context(), a.Listing)
	if err != nil || !cmp.Equal(a, again) {
		t.Errorf("running twice changes the ad: %v\n%s", err, cmp.Diff(a, again))
	}
}

func TestUnknownEnricher(t *testing.T) {
	if _, err := NewChain("x", []string{"number", "astrology"}, Config{}); err == nil || !strings.Contains(err.Error(), "astrology") {
		t.Errorf("got %v, want an error that names it", err)
	}
}
