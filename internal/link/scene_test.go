package link

import (
	"slices"
	"testing"

	"vigil.example/internal/ad"
	"vigil.example/internal/link/weigh"
)

// A scene of all ads finds what the linker finds, and without a value what the linker
// would find if nobody gave it; the decisions that it is given stay as they are.
func TestSceneIsTheLinkerOfItsAds(t *testing.T) {
	var ads []ad.Ad
	var ids []string
	l := New(Config{})
	for i := range 6 {
		a := post(i, 20+i, number(i/2))
		ads, ids = append(ads, *a), append(ids, a.AdID)
		l.Add(a)
	}
	told := newState()
	told.apply(l.Solve(noon))
	d := (&weigh.Decisions{}).Ready()
	with := NewScene(Config{}, ads, d)
	for _, p := range with.Pieces(ids) {
		for _, id := range p {
			if told.at[id].Cluster != told.at[p[0]].Cluster {
				t.Errorf("the scene joins %s with %s, the linker does not", id, p[0])
			}
		}
	}
	without := NewScene(Config{}, ads, d, ad.Value{Kind: "phone", Value: number(0)})
	for _, c := range []struct {
		s    *Scene
		want []int
	}{{with, []int{2, 2, 2}}, {without, []int{2, 2, 1, 1}}} {
		var got []int
		for _, p := range c.s.Pieces(append(slices.Clone(ids), "of nobody")) {
			got = append(got, len(p))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("pieces of %v ads, want %v", got, c.want)
		}
	}
	if len(d.Hubs) > 0 {
		t.Errorf("the decisions have %v now", d.Hubs)
	}
}
