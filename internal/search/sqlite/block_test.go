package sqlite

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
	"vigil.example/internal/query"
	"vigil.example/internal/search"
)

// What a block says of its documents is what the referee says of each of them.
func TestBlockHolds(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	day := func() time.Time { return time.Date(2026, 1, 1+r.IntN(12), 0, 0, 0, 0, time.UTC) }
	moment := func() time.Time { return day().Add(time.Duration(r.IntN(2)) * 11 * time.Hour) }
	var node func(depth int) query.Node
	node = func(depth int) query.Node {
		switch n := r.IntN(4 + 3*min(depth, 1)); n {
		case 4:
			return query.Not{Of: node(depth - 1)}
		case 5:
			return query.And{Of: []query.Node{node(depth - 1), node(depth - 1)}}
		case 6:
			return query.Or{Of: []query.Node{node(depth - 1), node(depth - 1)}}
		default:
			f := query.Field{Name: []string{"seen", "first", "last", "posted"}[n]}
			if r.IntN(3) > 0 {
				f.From = day()
			}
			if r.IntN(3) > 0 {
				f.To = day()
			}
			return f
		}
	}
	said := map[verdict]int{}
	for range 20_000 {
		b := batch{}
		var docs []ad.Document
		around := day()
		for range 1 + r.IntN(4) {
			d := ad.Document{FirstSeen: around.Add(time.Duration(r.IntN(40)) * time.Hour)}
			d.LastSeen = d.FirstSeen.Add(time.Duration(r.IntN(3)*r.IntN(3)) * 20 * time.Hour)
			if r.IntN(5) > 0 {
				d.Ad.PostedAt = moment()
			}
			docs = append(docs, d)
			b.widen(7, d.FirstSeen.UnixMicro(), d.LastSeen.UnixMicro(), micros(d.Ad.PostedAt))
		}
		n := node(2)
		v := b.blocks[0].holds(n)
		said[v]++
		for i := range docs {
			if match := query.Match(n, &docs[i]); v == always && !match || v == never && match {
				t.Fatalf("a block of %v is said to hold %d for %s, the document from %v to %v, posted %v, matches: %v",
					docs, v, query.String(n), docs[i].FirstSeen, docs[i].LastSeen, docs[i].Ad.PostedAt, match)
			}
		}
	}
	for _, v := range []verdict{never, perhaps, always} {
		if said[v] < 1000 {
			t.Errorf("%d was said of %d blocks", v, said[v])
		}
	}
}

// Searches of several blocks for a word and a time find what the referee finds, also
// after documents were seen again and erased.
func TestSeveralBlocks(t *testing.T) {
	x, err := Open(t.Context(), t.TempDir()+"/index.db", Options{Epoch: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = x.Close() }()
	x.most = 300
	began := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	const size = 3<<blockBits + 100
	listing := func(i int, seen time.Time) *ad.Ad {
		a := &ad.Ad{Listing: ad.Listing{Site: []string{"townboard", "harbour", "market"}[i%3], NativeID: fmt.Sprint(i), URL: fmt.Sprintf("https://town.example/%d", i), Title: "boat", Body: "for hire", SeenAt: seen, CaptureID: fmt.Sprintf("%032x", i)}}
		if i%3 > 0 {
			a.PostedAt = began.Add(time.Duration(i) * time.Hour)
		}
		if i%2 == 0 {
			a.Body += " today"
		}
		a.Seal()
		return a
	}
	var changes []search.Change
	for i := range size {
		changes = append(changes, search.Change{Seq: uint64(i + 1), Version: listing(i, began.Add(time.Duration(i)*time.Hour))})
	}
	apply := func() {
		t.Helper()
		if err := x.Apply(t.Context(), "ads", changes[len(changes)-1].Seq, changes); err != nil {
			t.Fatal(err)
		}
	}
	apply()
	round := -1
	compare := func(when string) {
		t.Helper()
		round++
		var all []ad.Document
		for d, err := range x.Dump(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, d)
		}
		const surveyedAlone = 12 // those behind have no date, or no word
		for i, typed := range []string{
			"boat first:2026-02-01..2026-02-07", "today first:2026-02..2026-05", "boat last:2026-05..", "boat seen:2026-03", "boat posted:2026-04..2026-05", "boat -posted:2026-02..2026-05",
			"boat (first:2026-02 OR first:2026-05)", "boat -first:2026-02..", "boat first:2025", "boat -today first:..2026-05-03", "boat first:2026-02.. last:..2026-06", "boat first:2026-02.. side:demand", "boat", "first:..2026-04",
		} {
			q, err := query.Parse(typed)
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for i := range all {
				if query.Match(q, &all[i]) {
					want = append(want, all[i].ID)
				}
			}
			slices.Sort(want)
			// To read all that is found takes most of the time: each is paged through at one
			// of these moments, and walked over at another.
			paged, walks := i%3 == round, (i+1)%3 == round
			for _, sort := range search.Sorts() {
				if i >= surveyedAlone || !paged && sort != search.ByRelevance {
					continue
				}
				var got []string
				whole, size := paged && sort == search.ByRelevance, 20
				if whole {
					size = search.MaxPage
				}
				for len(got) < len(want) && (whole || len(got) == 0) {
					res, err := x.Search(t.Context(), q, search.Page{Offset: len(got), Size: size, Sort: sort})
					if err != nil {
						t.Fatal(err)
					}
					if res.Total != len(want) || len(res.Hits) != min(size, len(want)-len(got)) {
						t.Fatalf("%s: %s has %d matches by %s, %d of them on a page; want %d", when, typed, res.Total, sort, len(res.Hits), len(want))
					}
					for _, h := range res.Hits {
						got = append(got, h.Doc.ID)
					}
				}
				slices.Sort(got)
				if same := slices.Equal(slices.Compact(got), want); whole && !same {
					t.Errorf("%s: pages of %s have %d documents, want others: %d", when, typed, len(got), len(want))
				}
			}
			ask := search.Ask{Facets: search.Facets(), Every: search.Daily}
			s, err := x.Survey(t.Context(), q, ask)
			counted := search.NewTally(ask)
			for i := range all {
				if query.Match(q, &all[i]) {
					counted.Add(search.Traits(&all[i].Ad, all[i].Labels), 1)
					counted.AddDay(int64(all[i].LastSeen.Sub(time.Unix(0, 0))/(24*time.Hour)), 1)
				}
			}
			if diff := cmp.Diff(s, counted.Survey()); err != nil || diff != "" {
				t.Errorf("%s: a survey of %s (-got +want, %v):\n%s", when, typed, err, diff)
			}
			g, err := x.Grouped(t.Context(), q, search.Page{Size: 1})
			if err != nil || g.Total != len(want) {
				t.Errorf("%s: %s has %d groups (%v), want %d", when, typed, g.Total, err, len(want))
			}
			if !walks {
				continue
			}
			var walked []string
			for d, err := range x.Walk(t.Context(), q, "") {
				if err != nil {
					t.Fatal(err)
				}
				walked = append(walked, d.ID)
			}
			if !slices.Equal(walked, want) {
				t.Errorf("%s: a walk of %s has %d documents, want others: %d", when, typed, len(walked), len(want))
			}
		}
	}
	compare("as they came")

	changes = nil
	for i := 0; i < size; i += 700 { // later, and one earlier than all
		changes = append(changes, search.Change{Seq: uint64(size + i + 1), Version: listing(i, began.AddDate(0, 3+i%5, 0))})
	}
	changes = append(changes, search.Change{Seq: 2*size + 1, Version: listing(size-1, began.AddDate(0, -1, 0))})
	for i := 5; i < size; i += 900 {
		changes = append(changes, search.Change{Seq: uint64(2*size + 2 + i), Labels: &ad.Labels{AdID: listing(i, began).AdID, Names: []string{"checked"}}})
	}
	apply()
	compare("seen again and labelled")

	var gone []string
	for i := 1 << blockBits; i < 2<<blockBits; i++ { // one whole block
		gone = append(gone, listing(i, began).AdID)
	}
	if _, err := x.Erase(t.Context(), append(gone, listing(0, began).AdID, listing(size-1, began).AdID), nil); err != nil {
		t.Fatal(err)
	}
	compare("erased")
}

// What a brief says of a document is what was put into it.
func TestBrief(t *testing.T) {
	var k brief
	want := map[int64][2]int64{}
	r := rand.New(rand.NewPCG(5, 6))
	for range 3000 {
		doc, trait, day := 7<<blockBits+r.Int64N(900), r.Int64N(1<<32), dayOf(time.Date(r.IntN(10_000), 1, 1, 0, 0, r.IntN(1<<30), 0, time.UTC).UnixMicro())
		k = k.with(doc, uint32(trait), day)
		if trait == 0 {
			trait = want[doc][0]
		}
		want[doc] = [2]int64{trait, day}
	}
	for i := range int64(1 << blockBits) {
		trait, day := k.of(i)
		if got := [2]int64{int64(trait), day}; got != want[7<<blockBits+i] {
			t.Errorf("document %d has trait and day %v, want %v", i, got, want[7<<blockBits+i])
		}
	}
	for _, at := range []time.Time{time.Unix(0, 0), time.Unix(-1, 0), time.Unix(-24*60*60, 0), time.Unix(24*60*60-1, 0), time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)} {
		if got, want := dayOf(at.UnixMicro())*24*60*60, at.UTC().Truncate(24*time.Hour).Unix(); got != want {
			t.Errorf("the day of %v begins at %d, want %d", at, got, want)
		}
	}
}
