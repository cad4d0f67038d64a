package searchtest

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/query"
	"vigil.example/internal/search"
	"vigil.example/internal/text"
)

// matches are the documents that the referee says match, in order of id.
func matches(n query.Node, docs []ad.Document) (out []ad.Document) {
	for _, d := range docs {
		if query.Match(n, &d) {
			out = append(out, d)
		}
	}
	return out
}

// surveys counts what matches as a person would, one document at a time.
func surveys(t *testing.T, open Open) {
	m := newMaker(30)
	changes := m.history(90)
	x := fresh(t, open)
	apply(t, x, 50, changes)
	docs := documents(changes)
	for i := range 40 {
		typed := m.query(2)
		if i == 0 {
			typed = "-zebra"
		}
		n := parse(t, typed)
		a := search.Ask{Facets: search.Facets(), Top: 1 + m.IntN(4), Every: []search.Step{"", search.Daily, search.Weekly, search.Monthly}[m.IntN(4)], Cells: m.IntN(2) == 0}
		got, err := x.Survey(t.Context(), n, a)
		if err != nil {
			t.Fatalf("survey %s: %v", typed, err)
		}
		same(t, "survey of "+typed, got, counted(matches(n, docs), a))
	}
	got, err := x.Survey(t.Context(), parse(t, "garden"), search.Ask{})
	if err != nil || len(got.Facets) != 0 || got.Times != nil || got.Cells != nil || got.Total != len(matches(parse(t, "garden"), docs)) {
		t.Errorf("a survey of nothing but the total: %v, %v", got, err)
	}
	for _, wrong := range []search.Ask{{Facets: []search.Facet{"colour"}}, {Every: "hour"}} {
		if _, err := x.Survey(t.Context(), parse(t, "garden"), wrong); err == nil {
			t.Errorf("%v: got no error", wrong)
		}
	}
}

// counted is the survey of documents.
func counted(docs []ad.Document, a search.Ask) search.Survey {
	s := search.Survey{Total: len(docs), Facets: map[search.Facet][]search.Count{}, Others: map[search.Facet]int{}}
	for _, f := range a.Facets {
		s.Facets[f] = []search.Count{}
		for _, d := range docs {
			for _, v := range search.FacetValues(&d.Ad, d.Labels)[f] {
				i := slices.IndexFunc(s.Facets[f], func(c search.Count) bool { return c.Value == v })
				if i < 0 {
					i, s.Facets[f] = len(s.Facets[f]), append(s.Facets[f], search.Count{Value: v})
				}
				s.Facets[f][i].Documents++
			}
		}
		slices.SortFunc(s.Facets[f], func(a, b search.Count) int {
			return cmp.Or(b.Documents-a.Documents, cmp.Compare(a.Value, b.Value))
		})
		s.Facets[f] = s.Facets[f][:min(a.Most(), len(s.Facets[f]))]
		s.Others[f] = 0
		for _, d := range docs {
			if !slices.ContainsFunc(s.Facets[f], func(c search.Count) bool { return slices.Contains(search.FacetValues(&d.Ad, d.Labels)[f], c.Value) }) {
				s.Others[f]++
			}
		}
	}
	if a.Every != "" {
		s.Times = []search.Bucket{}
		for _, d := range docs {
			from := a.Every.Begin(d.LastSeen)
			i := slices.IndexFunc(s.Times, func(b search.Bucket) bool { return b.From.Equal(from) })
			if i < 0 {
				i, s.Times = len(s.Times), append(s.Times, search.Bucket{From: from})
			}
			s.Times[i].Documents++
		}
		slices.SortFunc(s.Times, func(a, b search.Bucket) int { return a.From.Compare(b.From) })
	}
	if a.Cells {
		metros := map[string]int{}
		for _, d := range docs {
			for _, v := range search.FacetValues(&d.Ad, d.Labels)[search.City] {
				metros[v]++
			}
		}
		s.Cells = search.CellsOf(metros)
	}
	return s
}

// leaves turns leaves until one is not full.
func leaves(t *testing.T, x search.Index, n query.Node, size int) (all []ad.Document) {
	t.Helper()
	for after := ""; ; after = all[len(all)-1].ID {
		some, err := search.Leaf(t.Context(), x, n, after, size)
		if err != nil {
			t.Fatal(err)
		}
		if len(some) > 0 && some[0].ID <= after {
			t.Fatalf("the leaf of %s behind %s begins with %s", n, after, some[0].ID)
		}
		if all = append(all, some...); len(some) < size {
			return all
		}
	}
}

// walks are whole, in order, resumable, and of one moment.
func walks(t *testing.T, open Open) {
	m := newMaker(31)
	changes := m.history(400)
	x := fresh(t, open)
	apply(t, x, 1000, changes[:len(changes)/2])
	docs := documents(changes[:len(changes)/2])
	for _, typed := range []string{"-zebra", "garden", "garden seen:2026-02..", "(roses OR lead:yes) -tulips", "garden OR last:2026-02..", "seen:..2026-01 OR posted:2026-03..", "zebra"} {
		n := parse(t, typed)
		want := matches(n, docs)
		got, err := gather(x.Walk(t.Context(), n, ""))
		if err != nil {
			t.Fatal(err)
		}
		same(t, "walk through "+typed, got, want)
		if len(want) > 1 {
			half := len(want) / 2
			if got, err = gather(x.Walk(t.Context(), n, want[half].ID)); err != nil {
				t.Fatal(err)
			}
			same(t, "the rest of "+typed, ids(got), ids(want[half+1:]))
		}
		for _, size := range []int{2, 50} {
			same(t, fmt.Sprintf("leaves of %d of %s", size, typed), leaves(t, x, n, size), want)
		}
	}
	n := parse(t, "-zebra")
	var given []string
	for d, err := range x.Walk(t.Context(), n, "") {
		if err != nil {
			t.Fatal(err)
		}
		if given = append(given, d.ID); len(given) == 1 {
			apply(t, x, 1000, changes[len(changes)/2:])
		}
	}
	same(t, "a walk while more arrives", given, ids(docs))
	next, stop := iter.Pull2(x.Walk(t.Context(), n, ""))
	if _, err, ok := next(); err != nil || !ok {
		t.Errorf("a walk that is left: %v, %v", err, ok)
	}
	stop()
	if _, err := gather(x.Walk(t.Context(), nil, "")); err == nil {
		t.Error("a walk without a query: got no error")
	}
}

// groups are clusters by how many matching documents they have.
func groups(t *testing.T, open Open) {
	m := newMaker(32)
	changes := m.history(80)
	x := fresh(t, open)
	apply(t, x, 100, changes)
	docs := documents(changes)
	for range 30 {
		n := parse(t, m.query(2))
		want := grouped(n, matches(n, docs))
		for offset := 0; offset == 0 || offset < len(want); offset += 7 {
			got, err := x.Grouped(t.Context(), n, search.Page{Offset: offset, Size: 7})
			if err != nil {
				t.Fatal(err)
			}
			same(t, "groups of "+n.String(), got, search.Groups{Total: len(want), Of: want[min(offset, len(want)):min(offset+7, len(want))]})
		}
	}
	if _, err := x.Grouped(t.Context(), parse(t, "garden"), search.Page{Size: search.MaxPage + 1}); err == nil {
		t.Error("a page too large: got no error")
	}
}

func grouped(n query.Node, docs []ad.Document) []search.Group {
	out := []search.Group{}
	at := map[string]int{}
	slices.SortFunc(docs, newest)
	for _, d := range docs {
		of := cmp.Or(d.Cluster, "\x00"+d.Ad.AdID)
		i, known := at[of]
		if !known {
			i, at[of] = len(out), len(out)
			out = append(out, search.Group{Cluster: d.Cluster, Newest: search.Hit{Doc: d, Spans: query.Spans(n, &d)}})
		}
		out[i].Documents++
	}
	slices.SortStableFunc(out, func(a, b search.Group) int {
		switch {
		case a.Cluster == "" && b.Cluster == "":
			return newest(a.Newest.Doc, b.Newest.Doc)
		case a.Cluster == "":
			return 1
		case b.Cluster == "":
			return -1
		}
		return cmp.Or(b.Documents-a.Documents, newest(a.Newest.Doc, b.Newest.Doc))
	})
	return out
}

// likeness is judged by the runs of three words that two texts share.
func likeness(t *testing.T, open Open) {
	m := newMaker(33)
	x := fresh(t, open)
	var changes []search.Change
	templates := []string{m.words(40), m.words(40), m.words(12)}
	for i := range 60 {
		a := m.listing(i)
		words := strings.Fields(templates[m.IntN(len(templates))])
		for range m.IntN(12) {
			words[m.IntN(len(words))] = m.pick(vocabulary)
		}
		a.Body = strings.Join(words, " ")
		changes = append(changes, search.Change{Seq: uint64(i + 1), Version: see(a, epoch.Add(time.Duration(m.IntN(50))*time.Hour))})
	}
	apply(t, x, 100, changes)
	docs := documents(changes)
	found := 0
	for i := range docs {
		want := alike(docs, &docs[i])
		for _, n := range []int{100, 3} {
			got, err := x.Alike(t.Context(), docs[i].ID, n)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) == 0 {
				got = nil
			}
			same(t, "documents worded like another", got, want[:min(n, len(want))])
		}
		found += len(want)
	}
	if found < len(docs) {
		t.Errorf("only %d likenesses among %d documents; the suite needs better texts", found, len(docs))
	}
	if _, err := x.Alike(t.Context(), strings.Repeat("f", 32), 5); !errors.Is(err, ad.ErrNotFound) {
		t.Errorf("an unknown document: got %v, want ad.ErrNotFound", err)
	}
}

func alike(docs []ad.Document, self *ad.Document) (out []search.Likeness) {
	runs := func(d *ad.Document) map[string]bool {
		set := map[string]bool{}
		for _, r := range search.Runs(&d.Ad) {
			set[r] = true
		}
		return set
	}
	own := runs(self)
	for _, d := range docs {
		both := 0
		other := runs(&d)
		for r := range other {
			if own[r] {
				both++
			}
		}
		share := float64(both) / float64(len(own)+len(other)-both)
		if share >= search.LeastShare && d.Ad.AdID != self.Ad.AdID {
			out = append(out, search.Likeness{Doc: d, Share: share})
		}
	}
	slices.SortFunc(out, func(a, b search.Likeness) int { return cmp.Or(cmp.Compare(b.Share, a.Share), newest(a.Doc, b.Doc)) })
	return out
}

// terms are the words of texts, not the values that stand beside them.
func terms(t *testing.T, open Open) {
	changes := newMaker(34).history(60)
	x := fresh(t, open)
	apply(t, x, 100, changes)
	known := map[string]bool{}
	for _, d := range documents(changes) {
		for _, s := range query.Texts(&d.Ad) {
			for _, tok := range text.Tokens(s.Text) {
				known[tok.Text] = true
			}
		}
	}
	for _, prefix := range []string{"", "g", "tod", "strasse", "р", "今", "zz"} {
		want, got := []string{}, []string{}
		for term := range known {
			if strings.HasPrefix(term, prefix) {
				want = append(want, term)
			}
		}
		for term, err := range x.Terms(t.Context(), prefix) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, term)
		}
		slices.Sort(want)
		slices.Sort(got)
		same(t, fmt.Sprintf("words that begin with %q", prefix), got, want)
	}
	next, stop := iter.Pull2(x.Terms(t.Context(), ""))
	if _, err, ok := next(); err != nil || !ok {
		t.Errorf("words that are left: %v, %v", err, ok)
	}
	stop()
}

// joined checks the edges of a cluster: of its members that are shown, the last
// told.
func joined(t *testing.T, open Open) {
	x := fresh(t, open)
	m := newMaker(35)
	var changes []search.Change
	var ads []string
	add := func(c search.Change) {
		c.Seq = uint64(len(changes) + 1)
		changes = append(changes, c)
	}
	for i := range 4 {
		v := see(m.listing(i), epoch.Add(time.Duration(i)*time.Hour))
		ads = append(ads, v.AdID)
		add(search.Change{Version: v})
	}
	edge := func(i, j int, reason string) *ad.Edge {
		return &ad.Edge{A: ads[i], B: ads[j], Value: ad.Value{Kind: "phone", Value: "+12025550101"}, Weight: 12.5, Reason: reason}
	}
	link := func(i int, by *ad.Edge) {
		add(search.Change{Link: &ad.LinkChange{Moves: []ad.Move{{AdID: ads[i], Cluster: "ca", By: by}}}})
	}
	link(0, nil)
	link(1, edge(1, 0, "a first reason"))
	link(2, edge(2, 0, "They share a number."))
	link(1, edge(1, 0, "They share another number."))
	apply(t, x, 2, changes)
	check := func(limit int, want ...ad.Edge) {
		t.Helper()
		c, err := x.Cluster(t.Context(), "ca", limit)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "edges", c.Edges, want)
	}
	check(10, *edge(2, 0, "They share a number."), *edge(1, 0, "They share another number."))
	check(1, *edge(2, 0, "They share a number."))
	add(search.Change{Link: &ad.LinkChange{Moves: []ad.Move{{AdID: ads[2], Cluster: ""}}}})
	apply(t, x, 1, changes[len(changes)-1:])
	check(10, *edge(1, 0, "They share another number."))
}
