package weigh

import (
	"maps"
	"math/rand/v2"
	"testing"
)

// The table gives back what units said, also of units that became one meanwhile.
func TestSaidIsGivenBack(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 9))
	x := newTexts(0)
	const units, grams = 20, 5000 // fewer units than a list can hold
	for u := range int32(units) {
		x.parent, x.units = append(x.parent, u), append(x.units, unit{ads: 1 + u})
	}
	type key struct {
		gram uint32
		unit int32
	}
	want := map[key]int32{}
	for k := range 60000 {
		if k%10000 == 9999 {
			x.union(r.Int32N(units), r.Int32N(units))
		}
		g := mix32(uint32(r.IntN(grams) * r.IntN(3)))
		u := x.find(r.Int32N(units))
		x.said[shardOf(g)].say(x, g, u, false)
		want[key{g, u}]++
	}
	rooted := map[key]int32{}
	for k, n := range want {
		rooted[key{k.gram, x.find(k.unit)}] += n
	}
	got := map[key]int32{}
	var one [1]posting
	for i := range x.said {
		s := &x.said[i]
		for _, c := range s.cells {
			for _, p := range s.says(c, &one) {
				got[key{c.gram, x.find(p.unit)}] += p.ads
			}
		}
	}
	if !maps.Equal(got, rooted) {
		t.Errorf("%d of %d 3-grams and units are not as they were said", len(rooted)-len(got), len(rooted))
	}
}

// What too many say is counted, not listed, and the list keeps those who say it most.
func TestCrowded(t *testing.T) {
	x := newTexts(0)
	const g, n = 77, 3 * crowded
	for u := range int32(n) {
		x.parent, x.units = append(x.parent, u), append(x.units, unit{ads: 1 + u})
		x.said[0].say(x, g, u, true)
	}
	if got := x.owners(g); got < n-1 || got > n+1 {
		t.Errorf("%d owners, want about %d", got, n)
	}
	var one [1]posting
	for _, p := range x.said[0].says(x.said[0].cells[x.said[0].find(g)], &one) {
		if p.unit < n-crowded {
			t.Errorf("unit %d of %d is listed, although many have more ads", p.unit, n)
		}
	}
}
