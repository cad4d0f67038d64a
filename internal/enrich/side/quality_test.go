package side

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"vigil.example/internal/ad"
	"vigil.example/internal/phone"
)

var update = flag.Bool("update", false, "write testdata/quality.txt anew; read it before committing")

// TestQuality holds how well sides are told on own posts. The indicators are left
// out: this is what the frames of this room do alone.
func TestQuality(t *testing.T) {
	var out strings.Builder
	for _, name := range []string{"posts", "second", "third"} {
		fmt.Fprintf(&out, "%s\n%s\n", name, quality(t, "testdata/"+name+".txt"))
	}
	golden(t, "testdata/quality.txt", out.String())
}

func quality(t *testing.T, name string) string {
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	s := New()
	counts := map[string]map[string]int{ad.SideDemand: {}, ad.SideSupply: {}, ad.SideOther: {}}
	var out, wrong strings.Builder
	n := 0
	for line := range strings.Lines(string(raw)) {
		want, text, ok := strings.Cut(strings.TrimSpace(line), "|")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		a := ad.Ad{Listing: ad.Listing{Body: text}, Phones: phone.Read(text, phone.Options{Country: "US"})}
		got := s.Read(&a)
		counts[want][got.Side]++
		n++
		if got.Side != want {
			fmt.Fprintf(&wrong, "%s %.2f for %s: %s\n", got.Side, got.P, want, text)
		}
	}
	for _, side := range []string{ad.SideDemand, ad.SideSupply, ad.SideOther} {
		var right, given, there int
		for want, got := range counts {
			given += got[side]
			for k, c := range got {
				if want == side {
					there += c
					if k == side {
						right += c
					}
				}
			}
		}
		p, r := float64(right)/float64(given), float64(right)/float64(there)
		fmt.Fprintf(&out, "%-6s precision %.3f recall %.3f F1 %.3f of %d\n", side, p, r, 2*p*r/(p+r), there)
	}
	fmt.Fprintf(&out, "\nwrong, of %d:\n%s", n, wrong.String())
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
