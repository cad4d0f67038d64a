package searchtest

import (
	"testing"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/search"
)

// labelled: all contents of an ad have the labels that it was given last, whether
// they came before or after, and however the labels arrive.
func labelled(t *testing.T, open Open) {
	m := newMaker(15)
	a, b := m.listing(1), m.listing(1)
	a.Site, b.Site, a.Title, b.Title = "townboard", "townboard", "before", "after"
	first, second, third := see(a, epoch), see(b, epoch.Add(time.Hour)), see(a, epoch.Add(2*time.Hour))
	give := func(seq uint64, names ...string) search.Change {
		return search.Change{Seq: seq, Labels: &ad.Labels{AdID: first.AdID, Names: names}}
	}
	counts := func(x search.Index) []search.Count {
		t.Helper()
		s, err := x.Survey(t.Context(), parse(t, "-zebra"), search.Ask{Facets: []search.Facet{search.Label}})
		if err != nil {
			t.Fatal(err)
		}
		if s.Others[search.Label] != s.Total && len(s.Facets[search.Label]) == 0 {
			t.Errorf("%d of %d documents are counted as unlabelled, want all", s.Others[search.Label], s.Total)
		}
		return s.Facets[search.Label]
	}
	x := fresh(t, open)
	for _, c := range []struct {
		name         string
		change       search.Change
		spam, either int // documents found by label:spam and has:label
		counts       []search.Count
	}{
		{"before the ad itself", give(7, "scam", "spam"), 0, 0, []search.Count{}},
		{"once the ad is there", search.Change{Seq: 1, Version: first}, 1, 1, []search.Count{{Value: "scam", Documents: 1}, {Value: "spam", Documents: 1}}},
		{"and another content", search.Change{Seq: 2, Version: second}, 2, 2, []search.Count{{Value: "scam", Documents: 2}, {Value: "spam", Documents: 2}}},
		{"told late", give(5, "unclear"), 2, 2, []search.Count{{Value: "scam", Documents: 2}, {Value: "spam", Documents: 2}}},
		{"told again", give(7, "scam", "spam"), 2, 2, []search.Count{{Value: "scam", Documents: 2}, {Value: "spam", Documents: 2}}},
		{"one taken back", give(8, "scam"), 0, 2, []search.Count{{Value: "scam", Documents: 2}}},
		{"seen again", search.Change{Seq: 3, Version: third}, 0, 2, []search.Count{{Value: "scam", Documents: 2}}},
		{"all taken back", give(9), 0, 0, []search.Count{}},
		{"given again", give(10, "spam"), 2, 2, []search.Count{{Value: "spam", Documents: 2}}},
	} {
		apply(t, x, 1, []search.Change{c.change})
		same(t, c.name+": matches of the label", len(find(t, x, parse(t, "label:spam"), "")), c.spam)
		same(t, c.name+": matches of any", len(find(t, x, parse(t, "has:label"), "")), c.either)
		same(t, c.name+": counts", counts(x), c.counts)
	}
	if _, err := x.Erase(t.Context(), []string{first.AdID}, nil); err != nil {
		t.Fatal(err)
	}
	apply(t, x, 1, []search.Change{{Seq: 11, Version: second}})
	same(t, "labels of an erased ad that is seen again", dump(t, x)[0].Labels, []string(nil))
	same(t, "matches of an erased ad's label", len(find(t, x, parse(t, "has:label"), "")), 0)
}
