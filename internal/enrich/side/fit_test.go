package side

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"vigil.example/crawlers"
	"vigil.example/internal/ad"
	"vigil.example/internal/bazaar"
	"vigil.example/internal/enrich/indicator"
	"vigil.example/internal/extract"
	"vigil.example/internal/phone"
)

var fit = flag.Bool("fit", false, "fit weights.txt to the labelled posts anew")

// A sample is one post to learn from.
type sample struct {
	x      [featureCount]float64
	side   int // 0 demand, 1 supply, 2 other, 3 not demand
	weight float64
}

// indicatorSet is the set for building; its whereabouts are those of the sources.
const indicatorSet = "../../../../shared/data/indicators/dev.jsonl"

// TestFit fits the weights when it is asked to. Posts that the indicators were
// built on are read without them, others both ways: what is learned is how far to
// trust the indicators where they have seen nothing.
func TestFit(t *testing.T) {
	if !*fit {
		t.Skip("run with -fit")
	}
	s := New()
	in := indicator.NewEnricher(nil)
	var set []sample
	learn := func(a ad.Ad, side int, weight float64, ways ...bool) {
		for _, with := range ways {
			a.Indicators = nil
			if with {
				if err := in.Enrich(t.Context(), &a); err != nil {
					t.Fatal(err)
				}
			}
			var r reading
			s.read(&r, &a)
			set = append(set, sample{r.found, side, weight / float64(len(ways))})
		}
	}
	for _, name := range []string{"posts", "second", "third", "fourth"} {
		for i, p := range posts(t, "testdata/"+name+".txt") {
			if name != "third" || !kept(i) {
				learn(p.ad, map[string]int{ad.SideDemand: 0, ad.SideSupply: 1, ad.SideOther: 2}[p.side], 1.5, true, false)
			}
		}
	}
	for _, name := range []string{indicatorSet, "../indicator/testdata/blind/1.jsonl"} {
		for _, d := range documents(t, name) {
			learn(d.ad, map[bool]int{true: 0, false: 3}[d.demand], .6, false)
		}
	}
	town(t, 1, 1500, func(side string, l *ad.Listing) {
		learn(ad.Ad{Listing: *l, Phones: phone.Read(l.Body, phone.Options{Country: "US"})}, map[string]int{ad.SideDemand: 0, ad.SideSupply: 1, ad.SideOther: 2}[side], .2, true, false)
	})
	w := fitted(set, prior)
	var out strings.Builder
	out.WriteString("# What each feature weighs against \"other\", for demand and for supply; fitted, see docs/demand.md.\n")
	for f := range featureCount {
		fmt.Fprintf(&out, "%s %.2f %.2f\n", f, w[f][0], w[f][1])
	}
	if err := os.WriteFile("weights.txt", []byte(out.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// kept says which of the third set's pairs of lines are never learned from.
func kept(i int) bool { return i/2%2 == 1 }

// fitted is the weights of a logistic model with a Gaussian prior, by gradient
// ascent with a step for each weight.
func fitted(set []sample, prior float64) (w [featureCount][2]float64) {
	var speed [featureCount][2]float64
	for range 3000 {
		var g [featureCount][2]float64
		for i := range set {
			s := &set[i]
			var z [2]float64
			for f, v := range s.x {
				if v != 0 {
					z[0] += v * w[f][0]
					z[1] += v * w[f][1]
				}
			}
			e := [3]float64{math.Exp(z[0]), math.Exp(z[1]), 1}
			sum := e[0] + e[1] + e[2]
			var want [3]float64
			if s.side < 3 {
				want[s.side] = 1
			} else {
				want[1], want[2] = e[1]/(e[1]+e[2]), e[2]/(e[1]+e[2])
			}
			for f, v := range s.x {
				if v != 0 {
					for k := range 2 {
						g[f][k] += s.weight * v * (want[k] - e[k]/sum)
					}
				}
			}
		}
		for f := range w {
			for k := range 2 {
				if feature(f) != always {
					g[f][k] -= prior * w[f][k]
				}
				speed[f][k] += g[f][k] * g[f][k]
				w[f][k] = signed(feature(f), k, w[f][k]+.3*g[f][k]/math.Sqrt(speed[f][k]+1e-9))
			}
		}
	}
	return w
}

// signed keeps a weight on the side of zero where its feature belongs: what speaks
// for an offer never speaks for demand, whatever few posts happen to say.
func signed(f feature, side int, w float64) float64 {
	offered := false
	switch f.reason() {
	case offers, contact, described:
		offered = true
	case rates:
		return w
	case unsaid:
		if f == always || f == noTopic {
			return w
		}
		return min(w, 0)
	}
	if f < judged && object(f%feature(objectCount)) >= him {
		return min(w, 0)
	}
	if f == onlyPersonal || offered == (side == 1) {
		return max(w, 0)
	}
	return min(w, 0)
}

// prior is how strongly weights are held to zero: chosen by leaving quarters of the
// own posts out.
const prior = .4

// A post is a labelled text.
type post struct {
	side   string
	demand bool
	ad     ad.Ad
}

func posts(t *testing.T, name string) (out []post) {
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		side, text, ok := strings.Cut(strings.TrimSpace(line), "|")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		out = append(out, post{side, side == ad.SideDemand, posted(text)})
	}
	return out
}

func posted(text string) ad.Ad {
	return ad.Ad{Listing: ad.Listing{Body: text}, Phones: phone.Read(text, phone.Options{Country: "US"})}
}

// documents reads a set in the form of the indicators'.
func documents(t *testing.T, name string) (out []post) {
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	in := bufio.NewScanner(f)
	for in.Scan() {
		var d struct {
			Text   string `json:"text"`
			Demand bool   `json:"is_demand"`
		}
		if err := json.Unmarshal(in.Bytes(), &d); err != nil {
			t.Fatal(err)
		}
		out = append(out, post{"", d.Demand, posted(d.Text)})
	}
	if err := in.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// town calls f with every ad of a made-up town as extraction reads it.
func town(t *testing.T, seed uint64, ads int, f func(side string, l *ad.Listing)) {
	t.Helper()
	c := bazaar.DefaultConfig()
	c.Seed, c.Ads, c.Later = seed, ads, 0
	b, err := bazaar.New(c)
	if err != nil {
		t.Fatal(err)
	}
	set, err := crawlers.Load()
	if err != nil {
		t.Fatal(err)
	}
	x, h := extract.New(set), b.Handler()
	for _, a := range b.Truth(b.Now()).Ads {
		u, err := url.Parse(a.URL)
		if err != nil {
			t.Fatal(err)
		}
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, a.URL, nil)
		r.Host = u.Host
		h.ServeHTTP(w, r)
		got, err := x.Extract(ad.Capture{Site: a.Site, URL: a.URL}, extract.Page{Status: w.Code, ContentType: w.Header().Get("Content-Type"), Body: w.Body.Bytes()})
		if err != nil {
			t.Fatal(err)
		}
		for i := range got.Listings {
			f(a.Side, &got.Listings[i])
		}
	}
}
