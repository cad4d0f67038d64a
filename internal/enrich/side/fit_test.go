//go:build fit

package side

import (
	"flag"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"vigil.example/internal/ad"
	"vigil.example/internal/enrich/indicator"
	"vigil.example/internal/phone"
)

var learned = flag.String("set", "", "a labelled set, in the form of the indicators', to learn from besides those of the repository")

// A sample is one post to learn from.
type sample struct {
	x      [featureCount]float64
	side   int // 0 demand, 1 supply, 2 other, 3 not demand
	weight float64
}

// TestFit fits weights.txt to the labelled posts anew; it is part of the build with
// the tag fit only. Posts that the indicators were
// built on are read without them, others both ways: what is learned is how far to
// trust the indicators where they have seen nothing.
func TestFit(t *testing.T) {
	s := New()
	in := indicator.NewEnricher(nil)
	var samples []sample
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
			samples = append(samples, sample{r.found, side, weight / float64(len(ways))})
		}
	}
	for _, name := range []string{"posts", "second", "third", "fourth"} {
		for i, p := range posts(t, "testdata/"+name+".txt") {
			if name != "third" || !kept(i) {
				learn(p.ad, map[string]int{ad.SideDemand: 0, ad.SideSupply: 1, ad.SideOther: 2}[p.side], 1.5, true, false)
			}
		}
	}
	for _, name := range []string{*learned, "../indicator/testdata/blind/1.jsonl", "../indicator/testdata/blind/2.jsonl", "../indicator/testdata/blind/3.jsonl"} {
		if name == "" {
			continue
		}
		for _, d := range documents(t, name) {
			learn(d.ad, map[bool]int{true: 0, false: 3}[d.demand], 1, true, false)
		}
	}
	town(t, 1, 1500, func(side string, l *ad.Listing) {
		learn(ad.Ad{Listing: *l, Phones: phone.Read(l.Body, phone.Options{Country: "US"})}, map[string]int{ad.SideDemand: 0, ad.SideSupply: 1, ad.SideOther: 2}[side], .2, true, false)
	})
	w := fitted(samples, prior)
	var out strings.Builder
	out.WriteString("# What each feature weighs against \"other\", for demand and for supply; fitted, see docs/demand.md.\n")
	for f := range featureCount {
		fmt.Fprintf(&out, "%s %.2f %.2f\n", f, w[f][0], w[f][1])
	}
	if err := os.WriteFile("weights.txt", []byte(out.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

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
