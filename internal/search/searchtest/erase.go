package searchtest

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"

	"vigil.example/internal/ad"
	"vigil.example/internal/query"
	"vigil.example/internal/search"
)

// erased: ads that are erased are in no answer, all others are as if the erased
// ones had never been; erasing again is no error, and an erased ad that is seen
// again is new.
func erased(t *testing.T, open Open) {
	seeds := uint64(3)
	if os.Getenv(Whole) != "" {
		seeds = 20
	}
	for seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			erasedOf(t, open, seed)
		})
	}
	t.Run("hubs", func(t *testing.T) {
		t.Parallel()
		erasedHubs(t, open)
	})
}

func erasedOf(t *testing.T, open Open, seed uint64) {
	m := newMaker(30 + seed)
	changes := m.history(60)
	dir := t.TempDir()
	x := open(t, dir)
	apply(t, x, 1+m.IntN(40), changes)
	var ads []string
	for _, c := range changes {
		if c.Version != nil && !slices.Contains(ads, c.Version.AdID) {
			ads = append(ads, c.Version.AdID)
		}
	}
	gone := ads[:1+m.IntN(len(ads))]
	if seed == 0 {
		gone = ads
	}
	left, sightings := without(changes, gone)
	carried := map[ad.Value]bool{}
	for _, d := range documents(changes) {
		for _, v := range query.Exact(&d.Ad) {
			carried[v] = true
		}
	}
	for _, want := range []int{sightings, 0} { // the second time there is nothing
		got, err := x.Erase(t.Context(), append(slices.Clone(gone), "never seen"), nil)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "sightings erased", got, want)
		checkErased(t, x, left, gone, carried)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	x = open(t, dir)
	t.Cleanup(func() { _ = x.Close() })
	checkErased(t, x, left, gone, carried)
	remain := documents(left)
	for range 40 {
		n := parse(t, m.query(2))
		same(t, "matches of "+n.String(), len(find(t, x, n, "")), len(matches(n, remain)))
	}
	again := slices.DeleteFunc(slices.Clone(changes), func(c search.Change) bool { return c.Link != nil })
	apply(t, x, 1000, again)
	for _, d := range documents(again) {
		if slices.Contains(gone, d.Ad.AdID) {
			docs, _, err := x.Versions(t.Context(), d.Ad.AdID)
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(docs, func(o ad.Document) bool { return o.ID == d.ID })
			if i < 0 {
				t.Fatalf("an ad seen again lacks a document")
			}
			same(t, "an ad seen again", docs[i], d)
		}
	}
}

// without leaves out what happened to ads, and counts their sightings.
func without(changes []search.Change, ads []string) (left []search.Change, sightings int) {
	versions := map[string]bool{}
	for _, c := range changes {
		switch {
		case c.Version != nil && slices.Contains(ads, c.Version.AdID):
			versions[c.Version.VersionID] = true
		case c.Removal != nil && slices.Contains(ads, c.Removal.AdID), c.Link != nil && slices.Contains(ads, c.Link.Moves[0].AdID),
			c.Labels != nil && slices.Contains(ads, c.Labels.AdID):
		default:
			left = append(left, c)
		}
	}
	return left, len(versions)
}

func checkErased(t *testing.T, x search.Index, left []search.Change, gone []string, carried map[ad.Value]bool) {
	t.Helper()
	want := documents(left)
	same(t, "documents", dump(t, x), want)
	checkClusters(t, x, want)
	s, err := x.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	checkStats(t, s, want)
	for _, id := range gone {
		if _, _, err := x.Versions(t.Context(), id); !errors.Is(err, ad.ErrNotFound) {
			t.Fatalf("versions of an erased ad: got %v, want ad.ErrNotFound", err)
		}
		if of, err := x.ClusterOf(t.Context(), id); err != nil || of != "" {
			t.Fatalf("cluster of an erased ad: got %q, %v, want none", of, err)
		}
	}
	for v := range carried {
		got, err := x.ByValue(t.Context(), v, 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range got {
			if slices.Contains(gone, id) {
				t.Fatalf("an erased ad is found by its %s", v.Kind)
			}
		}
	}
}

func erasedHubs(t *testing.T, open Open) {
	x := fresh(t, open)
	hub := func(v string) ad.Hub {
		return ad.Hub{Value: ad.Value{Kind: "phone", Value: v}, Carriers: 20, Owners: 9, Held: true}
	}
	a, b := hub("+12025550101"), hub("+12025550102")
	apply(t, x, 1, []search.Change{{Seq: 1, Link: &ad.LinkChange{Hubs: []ad.Hub{a, b}}}})
	if _, err := x.Erase(t.Context(), nil, []ad.Value{a.Value, {Kind: "phone", Value: "+12025550199"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := x.Hub(t.Context(), a.Value); !errors.Is(err, ad.ErrNotFound) {
		t.Errorf("an erased hub: got %v, want ad.ErrNotFound", err)
	}
	got, err := x.Hubs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	same(t, "hubs", got, []ad.Hub{b})
}
