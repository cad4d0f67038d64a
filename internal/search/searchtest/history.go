package searchtest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/query"
	"vigil.example/internal/search"
)

func arrival(t *testing.T, open Open) {
	m := newMaker(6)
	changes := m.history(60)
	want := documents(changes)
	for range 3 {
		m.Shuffle(len(changes), func(i, j int) { changes[i], changes[j] = changes[j], changes[i] })
		x := fresh(t, open)
		apply(t, x, 1+m.IntN(50), changes)
		same(t, "documents", dump(t, x), want)
		checkClusters(t, x, want)
		for range 40 { // the words found are those of the content shown
			n := parse(t, m.query(2))
			for _, h := range find(t, x, n, "") {
				if !query.Match(n, &h.Doc) {
					t.Fatalf("query %s finds a document that does not match", n)
				}
			}
		}
	}
}

func again(t *testing.T, open Open) {
	m := newMaker(7)
	changes := m.history(60)
	dir := t.TempDir()
	x := open(t, dir)
	for batch := range slices.Chunk(changes, 17) {
		for range 1 + m.IntN(2) {
			apply(t, x, len(batch), batch)
		}
	}
	late := slices.Clone(changes)
	m.Shuffle(len(late), func(i, j int) { late[i], late[j] = late[j], late[i] })
	apply(t, x, 30, late)
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	x = open(t, dir)
	t.Cleanup(func() { _ = x.Close() })
	apply(t, x, 1000, changes)
	want := documents(changes)
	same(t, "documents", dump(t, x), want)
	checkClusters(t, x, want)
	s, err := x.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	checkStats(t, s, want)
}

// checkStats compares counts with what they count.
func checkStats(t *testing.T, got search.Stats, docs []ad.Document) {
	t.Helper()
	var want search.Stats
	size := map[string]int{}
	for _, d := range docs {
		want.Documents++
		want.Sightings += d.Sightings
		if d.Current {
			want.Ads++
			if !d.RemovedAt.IsZero() {
				want.Removed++
			}
			if d.Cluster != "" {
				if size[d.Cluster]++; size[d.Cluster] == 2 {
					want.Clusters++
				}
			}
		}
	}
	if got.Bytes <= 0 {
		t.Errorf("stats: got %d bytes, want some", got.Bytes)
	}
	got.Bytes, got.Positions = 0, nil
	same(t, "stats", got, want)
}

// checkClusters compares clusters with the documents that are in them.
func checkClusters(t *testing.T, x search.Index, docs []ad.Document) {
	t.Helper()
	want := map[string]search.Cluster{}
	for _, d := range docs {
		of, err := x.ClusterOf(t.Context(), d.Ad.AdID)
		if err != nil || of != d.Cluster {
			t.Fatalf("cluster of an ad: got %q, %v, want %q", of, err, d.Cluster)
		}
		if d.Cluster == "" {
			continue
		}
		c, known := want[d.Cluster]
		c.ID = d.Cluster
		if !known || d.FirstSeen.Before(c.FirstSeen) {
			c.FirstSeen = d.FirstSeen
		}
		if d.LastSeen.After(c.LastSeen) {
			c.LastSeen = d.LastSeen
		}
		if d.Current {
			c.Members = append(c.Members, d)
			c.Size++
		}
		want[d.Cluster] = c
	}
	var top []search.Cluster
	for id, c := range want {
		got, err := x.Cluster(t.Context(), id, 1000)
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(got.Members, byID)
		slices.SortFunc(c.Members, byID)
		same(t, "cluster", got, c)
		if c.Size > 1 {
			c.Members = nil
			top = append(top, c)
		}
	}
	slices.SortFunc(top, func(a, b search.Cluster) int {
		if a.Size != b.Size {
			return b.Size - a.Size
		}
		return slices.Compare([]string{a.ID}, []string{b.ID})
	})
	for _, n := range []int{3, 1000} {
		got, err := x.TopClusters(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "largest clusters", got, top[:min(n, len(top))])
	}
}

func editedBack(t *testing.T, open Open) {
	x := fresh(t, open)
	a, b := newMaker(8).listing(1), newMaker(9).listing(1)
	b.Site, a.Title, b.Title = a.Site, "Garden roses", "Garden tulips"
	var changes []search.Change
	var want []search.Sighting
	for i, v := range []*ad.Ad{see(a, epoch), see(b, epoch.Add(time.Hour)), see(a, epoch.Add(2*time.Hour))} {
		changes = append(changes, search.Change{Seq: uint64(i + 5), Version: v})
		want = append(want, search.Sighting{VersionID: v.VersionID, DocumentID: ad.DocumentID(v.AdID, v.ContentSHA256), CaptureID: v.CaptureID, Seq: uint64(i + 5), SeenAt: v.SeenAt})
	}
	apply(t, x, 2, changes)
	docs, seen, err := x.Versions(t.Context(), changes[0].Version.AdID)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "history", seen, want)
	if len(docs) != 2 || docs[0].Sightings != 2 || !docs[0].Current || docs[1].Current || docs[0].Ad.Title != a.Title {
		t.Errorf("got %d contents, want the first, current and seen twice, and the second", len(docs))
	}
	same(t, "matches of the old words", len(find(t, x, parse(t, "tulips title:tulips"), "")), 1)
	if _, _, err := x.Versions(t.Context(), "ffffffffffffffffffffffffffffffff"); !errors.Is(err, ad.ErrNotFound) {
		t.Errorf("an unknown ad: got %v, want ad.ErrNotFound", err)
	}
}

func lateSighting(t *testing.T, open Open) {
	x := fresh(t, open)
	a := newMaker(10).listing(1)
	late, early := see(a, epoch.Add(time.Hour)), see(a, epoch)
	late.Phones = []ad.Phone{{E164: "+12025550177", Span: ad.Span{Field: "title"}}}
	early.Phones = []ad.Phone{{E164: "+12025550188", Span: ad.Span{Field: "title"}}}
	changes := []search.Change{{Seq: 1, Version: late}, {Seq: 2, Version: early}}
	apply(t, x, 1, changes)
	same(t, "documents", dump(t, x), documents(changes))
	same(t, "matches of the number read first", len(find(t, x, parse(t, "phone:2025550188"), "")), 1)
	same(t, "matches of the other", len(find(t, x, parse(t, "phone:2025550177"), "")), 0)
}

func removal(t *testing.T, open Open) {
	x := fresh(t, open)
	a := newMaker(11).listing(1)
	v := see(a, epoch.Add(time.Hour))
	gone := func(hours int) *search.Removal {
		return &search.Removal{AdID: v.AdID, At: epoch.Add(time.Duration(hours) * time.Hour)}
	}
	for i, step := range []struct {
		name   string
		change search.Change
		want   int // hours after epoch, 0 for not removed
	}{
		{"before the ad itself", search.Change{Removal: gone(5)}, 0},
		{"once the ad arrives", search.Change{Version: v}, 5},
		{"noticed earlier", search.Change{Removal: gone(3)}, 3},
		{"noticed later", search.Change{Removal: gone(9)}, 3},
		{"seen between", search.Change{Version: see(a, epoch.Add(4*time.Hour))}, 5},
		{"seen after all", search.Change{Version: see(a, epoch.Add(10*time.Hour))}, 0},
		{"seen before, told late", search.Change{Version: see(a, epoch)}, 0},
		{"an old removal, told late", search.Change{Removal: gone(2)}, 0},
		{"at the moment of the last sighting", search.Change{Removal: gone(10)}, 10},
	} {
		step.change.Seq = uint64(i + 1)
		apply(t, x, 1, []search.Change{step.change})
		docs := dump(t, x)
		if i == 0 {
			same(t, step.name, len(docs), 0)
			continue
		}
		var want time.Time
		if step.want > 0 {
			want = gone(step.want).At
		}
		same(t, step.name, docs[0].RemovedAt, want)
	}
}

func moves(t *testing.T, open Open) {
	x := fresh(t, open)
	m := newMaker(12)
	var changes []search.Change
	var ads []string
	for i := range 6 {
		v := see(m.listing(i), epoch.Add(time.Duration(i)*time.Hour))
		ads = append(ads, v.AdID)
		changes = append(changes, search.Change{Seq: uint64(i + 1), Version: v})
	}
	link := func(cluster string, ads ...string) {
		c := &ad.LinkChange{V: ad.Schema}
		for _, id := range ads {
			c.Moves = append(c.Moves, ad.Move{AdID: id, Cluster: cluster})
		}
		changes = append(changes, search.Change{Seq: uint64(len(changes) + 1), Link: c})
	}
	check := func() {
		t.Helper()
		apply(t, x, 4, changes)
		checkClusters(t, x, documents(changes))
	}
	link("ca", ads[0], ads[1], ads[2])
	link("cb", ads[3], ads[4])
	check()
	c, err := x.Cluster(t.Context(), "ca", 2)
	if err != nil || c.Size != 3 || len(c.Members) != 2 || c.Members[0].Ad.AdID != ads[2] {
		t.Errorf("got %d of %d members, %v; want the 2 newest of 3", len(c.Members), c.Size, err)
	}
	link("ca", ads[3], ads[4]) // a merge
	check()
	if _, err := x.Cluster(t.Context(), "cb", 9); !errors.Is(err, ad.ErrNotFound) {
		t.Errorf("a cluster without members: got %v, want ad.ErrNotFound", err)
	}
	link("", ads[0]) // out of all clusters
	link("cc", "an ad not yet seen")
	check()
	if _, err := x.Cluster(t.Context(), "cc", 9); !errors.Is(err, ad.ErrNotFound) {
		t.Errorf("a cluster of an ad not yet seen: got %v, want ad.ErrNotFound", err)
	}
	same(t, "matches in the cluster", len(find(t, x, parse(t, "cluster:ca"), "")), 4)
}

func laterLink(t *testing.T, open Open) {
	x := fresh(t, open)
	v := see(newMaker(13).listing(1), epoch)
	for _, c := range []search.Change{
		{Seq: 9, Link: &ad.LinkChange{Moves: []ad.Move{{AdID: v.AdID, Cluster: "new"}}, Hubs: []ad.Hub{{Value: ad.Value{Kind: "email", Value: "a@b.example"}, Held: true}}}},
		{Seq: 8, Link: &ad.LinkChange{Moves: []ad.Move{{AdID: v.AdID, Cluster: "old"}}, Hubs: []ad.Hub{{Value: ad.Value{Kind: "email", Value: "a@b.example"}}}}},
		{Seq: 1, Version: v},
	} {
		apply(t, x, 1, []search.Change{c})
	}
	of, err := x.ClusterOf(t.Context(), v.AdID)
	if err != nil || of != "new" {
		t.Errorf("got cluster %q, %v, want new", of, err)
	}
	h, err := x.Hub(t.Context(), ad.Value{Kind: "email", Value: "a@b.example"})
	if err != nil || !h.Held {
		t.Errorf("got a hub held: %v, %v, want true", h.Held, err)
	}
}

func hubs(t *testing.T, open Open) {
	x := fresh(t, open)
	hub := func(v string, carriers int, held bool) ad.Hub {
		return ad.Hub{Value: ad.Value{Kind: "phone", Value: v}, Carriers: carriers, Owners: 2.5, Held: held}
	}
	few, many, freed := hub("+12025550101", 20, true), hub("+12025550102", 90, true), hub("+12025550103", 40, true)
	apply(t, x, 1, []search.Change{{Seq: 1, Link: &ad.LinkChange{Hubs: []ad.Hub{few, many, freed}}}})
	freed.Held = false
	apply(t, x, 1, []search.Change{{Seq: 2, Link: &ad.LinkChange{Hubs: []ad.Hub{freed}}}})
	got, err := x.Hubs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	same(t, "hubs", got, []ad.Hub{many, few})
	one, err := x.Hub(t.Context(), freed.Value)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "a former hub", one, freed)
	if _, err := x.Hub(t.Context(), ad.Value{Kind: "email", Value: freed.Value.Value}); !errors.Is(err, ad.ErrNotFound) {
		t.Errorf("a value that never was a hub: got %v, want ad.ErrNotFound", err)
	}
}

func values(t *testing.T, open Open) {
	x := fresh(t, open)
	changes := newMaker(14).history(150)
	apply(t, x, 1000, changes)
	carriers := map[ad.Value][]string{}
	for _, d := range documents(changes) {
		for _, v := range query.Exact(&d.Ad) {
			if !slices.Contains(carriers[v], d.Ad.AdID) {
				carriers[v] = append(carriers[v], d.Ad.AdID)
			}
		}
	}
	for v, want := range carriers {
		if v.Kind != "phone" && v.Kind != "email" && v.Kind != "handle" {
			continue
		}
		slices.Sort(want)
		for _, limit := range []int{1000, 2} {
			got, err := x.ByValue(t.Context(), v, limit)
			if err != nil {
				t.Fatal(err)
			}
			same(t, "ads with a "+v.Kind, got, want[:min(limit, len(want))])
		}
	}
	for _, v := range []ad.Value{{}, {Kind: "phone", Value: "+12025550199"}, {Kind: `x" OR "garden`, Value: `" OR title:"garden`}, {Kind: "phone", Value: "\x00"}} {
		if got, err := x.ByValue(t.Context(), v, 10); err != nil || len(got) > 0 {
			t.Errorf("a value that no ad carries: got %d ads, %v", len(got), err)
		}
	}
}

func positions(t *testing.T, open Open) {
	dir := t.TempDir()
	x := open(t, dir)
	for _, c := range []struct {
		source string
		upTo   uint64
	}{{"ads", 7}, {"links", 3}, {"ads", 5}} {
		if err := x.Apply(t.Context(), c.source, c.upTo, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	x = open(t, dir)
	t.Cleanup(func() { _ = x.Close() })
	for source, want := range map[string]uint64{"ads": 7, "links": 3, "other": 0} {
		if got, err := x.Position(t.Context(), source); err != nil || got != want {
			t.Errorf("position of %s: got %d, %v, want %d", source, got, err, want)
		}
	}
	s, err := x.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	same(t, "positions", s.Positions, map[string]uint64{"ads": 7, "links": 3})
}

func wrongChange(t *testing.T, open Open) {
	x := fresh(t, open)
	good := newMaker(15).history(5)
	for name, wrong := range map[string]search.Change{
		"none of the four":   {},
		"labels of no ad":    {Labels: &ad.Labels{Names: []string{"spam"}}},
		"labels and an ad":   {Version: good[0].Version, Labels: &ad.Labels{AdID: "a"}},
		"two of the four":    {Version: good[0].Version, Removal: &search.Removal{AdID: "a", At: epoch}},
		"an ad without ids":  {Version: &ad.Ad{Listing: ad.Listing{SeenAt: epoch}}},
		"a removal of no ad": {Removal: &search.Removal{At: epoch}},
		"a removal never":    {Removal: &search.Removal{AdID: "a"}},
	} {
		if err := x.Apply(t.Context(), "ads", 99, append(slices.Clone(good), wrong)); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	same(t, "documents", len(dump(t, x)), 0)
	if p, err := x.Position(t.Context(), "ads"); err != nil || p != 0 {
		t.Errorf("position: got %d, %v, want 0", p, err)
	}
}
