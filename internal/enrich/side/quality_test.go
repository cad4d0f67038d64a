package side

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"vigil.example/internal/ad"
	"vigil.example/internal/enrich/indicator"
)

var update = flag.Bool("update", false, "write testdata/quality.txt anew; read it before committing")

// TestQuality holds how well sides are told on own posts by the frames of this room
// alone, so that a change of the indicators moves nothing here; with them it is
// logged.
func TestQuality(t *testing.T) {
	var out strings.Builder
	for _, name := range []string{"posts", "second", "third", "fourth"} {
		set := posts(t, "testdata/"+name+".txt")
		if name != "third" {
			fmt.Fprintf(&out, "%s\n%s\n", name, quality(t, set))
			continue
		}
		var halves [2][]post
		for i, p := range set {
			k := 0
			if kept(i) {
				k = 1
			}
			halves[k] = append(halves[k], p)
		}
		fmt.Fprintf(&out, "third, the half that weights were fitted to\n%s\nthird, the other half\n%s\n", quality(t, halves[0]), quality(t, halves[1]))
	}
	golden(t, "testdata/quality.txt", out.String())
}

// TestDemandOfTheTown is the bar on the truth of a made-up town, another than the
// one that was learned from.
func TestDemandOfTheTown(t *testing.T) {
	var set []post
	town(t, 2, 1000, func(side string, l *ad.Listing) {
		p := post{side: side, ad: posted(l.Body)}
		p.ad.Listing = *l
		set = append(set, p)
	})
	c := count(t, set, true)
	if f := c.f1(ad.SideDemand); f < .95 {
		t.Errorf("demand F1 %.3f over the town, at least .95", f)
	}
	t.Logf("\n%s", c)
}

// TestSetsOfOthers holds how well demand is told in the sets that others made for the
// indicators; what is no demand there may be an offer or neither.
func TestSetsOfOthers(t *testing.T) {
	c := confusion{}
	for _, name := range []string{"1", "2", "3"} {
		for _, d := range documents(t, "../indicator/testdata/blind/"+name+".jsonl") {
			got := read(t, d.ad, true).Side
			want := ad.SideDemand
			if !d.demand && got == ad.SideDemand {
				want = ad.SideOther
			} else if !d.demand {
				want = got
			}
			c.add(want, got)
		}
	}
	if f := c.f1(ad.SideDemand); f < .85 {
		t.Errorf("demand F1 %.3f over the sets of others, at least .85", f)
	}
	t.Logf("\n%s", c)
}

var sides = []string{ad.SideDemand, ad.SideSupply, ad.SideOther}

// A confusion counts what was taken for what: wanted, got.
type confusion map[[2]string]int

func (c confusion) add(want, got string) { c[[2]string{want, got}]++ }

func (c confusion) rates(side string) (precision, recall float64, there int) {
	var right, given int
	for k, n := range c {
		if k[1] == side {
			given += n
		}
		if k[0] == side {
			there += n
		}
		if k[0] == side && k[1] == side {
			right += n
		}
	}
	return float64(right) / float64(max(1, given)), float64(right) / float64(max(1, there)), there
}

func (c confusion) f1(side string) float64 {
	p, r, _ := c.rates(side)
	return 2 * p * r / max(1e-9, p+r)
}

func (c confusion) String() string {
	var out strings.Builder
	for _, s := range sides {
		p, r, n := c.rates(s)
		fmt.Fprintf(&out, "%-6s precision %.3f recall %.3f F1 %.3f of %d\n", s, p, r, c.f1(s), n)
	}
	return out.String()
}

var (
	told       = New()
	indicators = indicator.NewEnricher(nil)
)

func read(t *testing.T, a ad.Ad, with bool) ad.Side {
	if with {
		if err := indicators.Enrich(t.Context(), &a); err != nil {
			t.Fatal(err)
		}
	}
	return told.Read(&a)
}

func count(t *testing.T, set []post, with bool) confusion {
	c := confusion{}
	for _, p := range set {
		c.add(p.side, read(t, p.ad, with).Side)
	}
	return c
}

func quality(t *testing.T, set []post) string {
	var out strings.Builder
	t.Logf("with indicators\n%s", count(t, set, true))
	fmt.Fprintf(&out, "%s\nwrong, of %d:\n", count(t, set, false), len(set))
	for _, p := range set {
		if got := read(t, p.ad, false); got.Side != p.side {
			fmt.Fprintf(&out, "%s %.2f for %s: %s\n", got.Side, got.P, p.side, p.ad.Body)
		}
	}
	return out.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
