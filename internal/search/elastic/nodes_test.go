package elastic_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"vigil.example/internal/ad"
	"vigil.example/internal/query"
	"vigil.example/internal/search"
	"vigil.example/internal/search/elastic"
	"vigil.example/internal/search/elastic/elastictest"
	"vigil.example/internal/search/searchtest"
)

// sighted is the n-th of some made-up ads, seen once.
func sighted(n int) search.Change {
	a := ad.Ad{Listing: ad.Listing{Site: "town", NativeID: fmt.Sprint(n), URL: fmt.Sprintf("https://town.example/%d", n), Title: "Garden roses", Body: fmt.Sprintf("number%d of many", n)}, EnrichedBy: "test"}
	a.SeenAt = time.Date(2026, 3, 4, 5, 0, n, 0, time.UTC)
	a.CaptureID = ad.CaptureID(a.URL, a.SeenAt, "")
	a.Seal()
	return search.Change{Seq: uint64(n), Version: &a}
}

func parsed(t *testing.T, s string) query.Node {
	t.Helper()
	n, err := query.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func count(t *testing.T, x search.Index, s string) int {
	t.Helper()
	res, err := x.Search(t.Context(), parsed(t, s), search.Page{})
	if err != nil {
		t.Fatal(err)
	}
	return res.Total
}

// Of three nodes the one that keeps the index is killed while it is written: writing
// goes on by itself, and questions are answered as the referee says.
func TestNodeIsKilled(t *testing.T) {
	nodes := elastictest.Cluster(t, 3)
	var s elastic.Server
	for _, n := range nodes {
		s.URLs = append(s.URLs, n.Server().URLs...)
	}
	x, err := elastic.Open(t.Context(), elastic.Options{Server: s, Name: "three", Refresh: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = x.Close() }()
	nodes[0].Do(http.MethodGet, "/_cluster/health/"+x.ID()+"?wait_for_status=green&timeout=120s", "")
	at := strings.TrimSpace(string(nodes[0].Do(http.MethodGet, "/_cat/shards/"+x.ID()+"?h=prirep,node", "")))
	killed := -1
	for line := range strings.Lines(at) {
		if f := strings.Fields(line); len(f) == 2 && f[0] == "p" {
			for i, n := range nodes {
				if f[1] == filepath.Base(n.Folder) {
					killed = i
				}
			}
		}
	}
	if killed < 0 {
		t.Fatalf("no node keeps the index: %s", at)
	}
	changes := searchtest.Changes(46, 150)
	batches := slices.Collect(slices.Chunk(changes, 20))
	for b, batch := range batches {
		if b == len(batches)/3 {
			nodes[killed].Stop("KILL")
		}
		limit := time.Now().Add(3 * time.Minute)
		for {
			err := x.Apply(t.Context(), "ads", batch[len(batch)-1].Seq, batch)
			if err == nil {
				break
			}
			if !errors.Is(err, search.ErrAway) || time.Now().After(limit) {
				t.Fatalf("batch %d: %v", b, err)
			}
		}
	}
	asked := 60
	if os.Getenv(searchtest.Whole) != "" {
		asked = 2000
	}
	searchtest.Agree(t, x, changes, searchtest.Questions(47, asked))
	if at, err := x.Position(t.Context(), "ads"); err != nil || at != changes[len(changes)-1].Seq {
		t.Errorf("position %d, %v", at, err)
	}
}

// Whoever reads the disk of Elasticsearch finds nothing of an ad that was erased,
// but all of the others.
func TestErasedFromDisk(t *testing.T) {
	n := elastictest.Shared(t)
	x := opener(n, elastic.Options{})(t, t.TempDir()).(*elastic.Index)
	defer func() { _ = x.Close() }()
	gone, stays := sighted(1), sighted(2)
	gone.Version.Body, stays.Version.Body = "zyxgone tulips", "zyxstays tulips"
	gone.Version.Phones = []ad.Phone{{E164: "+12025550171", Confidence: .9}}
	for _, c := range []*search.Change{&gone, &stays} {
		c.Version.Seal()
	}
	edited := *gone.Version
	edited.Body, edited.SeenAt = "zyxagain tulips", edited.SeenAt.Add(time.Hour)
	edited.CaptureID = ad.CaptureID(edited.URL, edited.SeenAt, "")
	edited.Seal()
	for i, c := range []search.Change{gone, stays, {Seq: 3, Version: &edited}} {
		if err := x.Apply(t.Context(), "ads", uint64(i+1), []search.Change{c}); err != nil {
			t.Fatal(err)
		}
	}
	n.Do(http.MethodPost, "/"+x.ID()+"/_flush?force=true", "")
	for word, want := range map[string]bool{"zyxgone": true, "zyxagain": true, "zyxstays": true} {
		if got := onDisk(t, n, word); got != want {
			t.Errorf("before: %s on disk: %t", word, got)
		}
	}
	if seen, err := x.Erase(t.Context(), []string{gone.Version.AdID}, nil); err != nil || seen != 2 {
		t.Fatalf("%d sightings erased, %v", seen, err)
	}
	for word, want := range map[string]bool{"zyxgone": false, "zyxagain": false, "2025550171": false, gone.Version.AdID: false, "zyxstays": true} {
		if got := onDisk(t, n, word); got != want {
			t.Errorf("after: %s on disk: %t", word, got)
		}
	}
}

// onDisk reports whether a file of the node holds a word. What was written for a
// search is not pressed together with other words, so a term can be read.
func onDisk(t *testing.T, n *elastictest.Node, word string) (found bool) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(n.Folder, "data", "indices"), func(path string, d os.DirEntry, err error) error {
		if errors.Is(err, os.ErrNotExist) {
			return nil // a file of another test
		}
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		found = found || strings.Contains(string(b), word)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// Two writers of one index at once, one of which was taken over: the older one is
// refused, and nothing of what either did is lost or doubled.
func TestWriters(t *testing.T) {
	n := elastictest.Shared(t)
	dir := t.TempDir()
	o := elastic.Options{Server: n.Server(), Name: n.Name(t, dir), Epoch: 3, Refresh: -1}
	open := func(o elastic.Options) *elastic.Index {
		t.Helper()
		x, err := elastic.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = x.Close() })
		return x
	}
	if _, err := elastic.Open(t.Context(), elastic.Options{Server: o.Server, Name: o.Name, ReadOnly: true}); !errors.Is(err, ad.ErrNotFound) {
		t.Errorf("no index yet: %v", err)
	}
	old := open(o)
	var changes []search.Change
	for i := range 60 {
		changes = append(changes, sighted(i+1))
	}
	// The same ads by several at once, in pieces.
	var g errgroup.Group
	for w := range 4 {
		beside := open(elastic.Options{Server: o.Server, Name: o.Name, Beside: true, Refresh: -1})
		g.Go(func() error {
			for i := w; i < len(changes); i++ {
				if err := beside.Apply(context.WithoutCancel(t.Context()), "ads", changes[i].Seq, changes[max(i-3, 0):i+1]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	s, err := old.Stats(t.Context())
	if err != nil || s.Documents != 60 || s.Sightings != 60 || s.Ads != 60 {
		t.Errorf("%+v, %v", s, err)
	}
	o.Epoch = 2
	if _, err := elastic.Open(t.Context(), o); !errors.Is(err, search.ErrFenced) {
		t.Errorf("a writer of before: %v", err)
	}
	o.Epoch = 7
	young := open(o)
	if err := old.Apply(t.Context(), "ads", 61, []search.Change{sighted(61)}); !errors.Is(err, search.ErrFenced) {
		t.Errorf("a writer that was taken over: %v", err)
	}
	if _, err := old.Erase(t.Context(), []string{"x"}, nil); !errors.Is(err, search.ErrFenced) {
		t.Errorf("erasing by a writer that was taken over: %v", err)
	}
	if err := young.Apply(t.Context(), "ads", 62, []search.Change{sighted(62)}); err != nil || count(t, old, "roses") != 61 {
		t.Errorf("the younger one: %v, %d", err, count(t, old, "roses"))
	}
	if err := young.Intact(); err != nil {
		t.Error(err)
	}
	if err := elastic.Remove(t.Context(), o.Server, o.Name); err != nil {
		t.Fatal(err)
	}
	if err := young.Intact(); !errors.Is(err, search.ErrDamaged) {
		t.Errorf("an index that was deleted: %v", err)
	}
	if err := young.Apply(t.Context(), "ads", 63, []search.Change{sighted(63)}); !errors.Is(err, search.ErrDamaged) {
		t.Errorf("writing it: %v", err)
	}
	if _, err := young.Search(t.Context(), parsed(t, "roses"), search.Page{}); !errors.Is(err, search.ErrDamaged) {
		t.Errorf("searching it: %v", err)
	}
}
