package side

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
)

func TestReasonsSayWhy(t *testing.T) {
	a := ad.Ad{Listing: ad.Listing{Body: "Visiting on business, looking for a lady tonight. Is 150 for the hour too much?"}}
	if err := New().Enrich(t.Context(), &a); err != nil {
		t.Fatal(err)
	}
	if a.Side.Side != ad.SideDemand || a.Side.P < .9 {
		t.Fatalf("got %+v", a.Side)
	}
	want := []string{"the author looks for somebody's paid time", "the author asks about or bargains over a rate"}
	got := a.Side.Reasons
	for _, w := range want {
		if !strings.Contains(strings.Join(got, "|"), w) {
			t.Errorf("reasons %q lack %q", got, w)
		}
	}
}

func TestAnIndicatorOfDemandCounts(t *testing.T) {
	a := ad.Ad{Listing: ad.Listing{Body: "110 for a half, deal"}}
	s := New()
	before := s.Read(&a)
	a.Indicators = []ad.Indicator{{Category: "demand", P: .95}}
	after := s.Read(&a)
	if after.Side != ad.SideDemand || before.Side == ad.SideDemand && before.P >= after.P {
		t.Errorf("without %+v, with %+v", before, after)
	}
}

// Who somebody is said to be must not change what a post is taken for.
func TestNationalityChangesNothing(t *testing.T) {
	s := New()
	for _, form := range []string{"looking for a %s lady tonight", "%s massage, open daily, call us", "Saw a %s girl by the mall, would go again", "%s food truck for sale", "is she %s?", "my %s friend can join, two ladies tonight", "what does the %s one charge for an hour"} {
		var first ad.Side
		for i, w := range []string{"nice", "Thai", "Latin", "Russian", "Black", "Asian", "American", "Mexican"} {
			a := ad.Ad{Listing: ad.Listing{Body: strings.Replace(form, "%s", w, 1)}}
			got := s.Read(&a)
			if i == 0 {
				first = got
			} else if d := cmp.Diff(got, first); d != "" {
				t.Errorf("%s in %q (-got +with another word)\n%s", w, form, d)
			}
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{"looking for a lady", "8/10 for the hour?", "¿a quién me recomiendan?", "a.b.c/10", "?\n?", strings.Repeat("any girl ", 30)} {
		f.Add("", s)
	}
	sides := New()
	f.Fuzz(func(t *testing.T, title, body string) {
		a := ad.Ad{Listing: ad.Listing{Title: title, Body: body}}
		v := sides.Read(&a)
		if v.P < 1./3-.01 || v.P > 1 || v.Side == "" {
			t.Fatalf("%+v", v)
		}
		if again := sides.Read(&a); !cmp.Equal(again, v) {
			t.Fatalf("read again it is %+v, not %+v", again, v)
		}
	})
}

func BenchmarkSides(b *testing.B) {
	s := New()
	a := ad.Ad{Listing: ad.Listing{Title: "New in town, visiting Macon", Body: "Hi there, I am Ruby, staying near the highway until Sunday. Call 912-555-0143"}}
	b.ReportAllocs()
	for b.Loop() {
		s.Read(&a)
	}
}
