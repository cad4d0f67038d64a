package weigh

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// No way between two ads has more at its weakest step than the one that is shown.
func TestPathIsTheStrongest(t *testing.T) {
	direct := []Tie{{[]int32{0, 1}, 6}, {[]int32{0, 2}, 12}, {[]int32{2, 1}, 12}}
	if p := Path(direct, 0, 1); len(p) != 2 || p[0] != (Step{0, 2, 1}) || p[1] != (Step{2, 1, 2}) {
		t.Errorf("the weak short way is taken: %v", p)
	}
	// So it is where ads are linked from files, and without what is named.
	g := &reasons{of: map[int32][]int{}}
	for _, x := range append(direct, Tie{[]int32{0, 1}, 20}) {
		g.add(tying{ads: x.Ads, weight: x.Weight})
	}
	for without, want := range map[int][]step{-1: {{0, 1, 3}}, 3: {{0, 2, 1}, {2, 1, 2}}} {
		if p := g.path(0, 1, without); !slices.Equal(p, want) {
			t.Errorf("without %d: %v", without, p)
		}
	}
	r := rand.New(rand.NewPCG(5, 5))
	for range 300 {
		const ads = 6
		ties := make([]Tie, r.IntN(9))
		for k := range ties {
			ties[k] = Tie{[]int32{int32(r.IntN(ads)), int32(r.IntN(ads)), int32(r.IntN(ads))}[:2+r.IntN(2)], float64(1 + r.IntN(20))}
		}
		best := math.Inf(-1)
		var walk func(at int32, seen []int32, least float64)
		walk = func(at int32, seen []int32, least float64) {
			if at == 1 {
				best = max(best, least)
				return
			}
			for _, x := range ties {
				for _, to := range x.Ads {
					if slices.Contains(x.Ads, at) && !slices.Contains(seen, to) {
						walk(to, append(slices.Clone(seen), to), min(least, x.Weight))
					}
				}
			}
		}
		walk(0, []int32{0}, math.Inf(1))
		got, at := math.Inf(1), int32(0)
		p := Path(ties, 0, 1)
		for _, s := range p {
			if s.From != at || !slices.Contains(ties[s.Tie].Ads, s.From) || !slices.Contains(ties[s.Tie].Ads, s.To) {
				t.Fatalf("%v is no way in %v", p, ties)
			}
			got, at = min(got, ties[s.Tie].Weight), s.To
		}
		if len(p) == 0 && best > 0 || len(p) > 0 && (got != best || at != 1) {
			t.Fatalf("in %v the weakest step of %v has %v, of the strongest way %v", ties, p, got, best)
		}
	}
}
