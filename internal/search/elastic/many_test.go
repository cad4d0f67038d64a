package elastic_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/search"
	"vigil.example/internal/search/elastic/elastictest"
)

// Many changes are written in parts, two of them at a time and no more. What is said
// of an ad later stays later, also when a part fails and all comes again; until then
// nothing is said to be written.
func TestManyAtOnce(t *testing.T) {
	n := elastictest.Shared(t)
	var now, most, bulks, fail atomic.Int64
	both := make(chan struct{})
	x := opened(t, n, front(t, n, func(w http.ResponseWriter, r *http.Request, on http.Handler) {
		if !strings.HasSuffix(r.URL.Path, "/_bulk") {
			on.ServeHTTP(w, r)
			return
		}
		at := now.Add(1)
		defer now.Add(-1)
		for was := most.Load(); at > was && !most.CompareAndSwap(was, at); was = most.Load() {
		}
		switch bulks.Add(1) {
		case 1: // waits for the one beside it
			select {
			case <-both:
			case <-time.After(20 * time.Second):
				t.Error("no second part is on its way beside the first")
			}
		case 2:
			close(both)
		case fail.Load():
			w.Header().Set("X-Elastic-Product", "Elasticsearch")
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		on.ServeHTTP(w, r)
	}), time.Hour)
	const ads = 2500
	changes := make([]search.Change, 0, 2*ads)
	for i := range ads {
		changes = append(changes, sighted(i+1))
	}
	for i := range ads { // each again, edited, and the last of them moved
		c := sighted(i + 1)
		v := *c.Version
		v.Body += " again"
		v.SeenAt = v.SeenAt.Add(24 * time.Hour)
		v.CaptureID = ad.CaptureID(v.URL, v.SeenAt, "")
		v.Seal()
		changes = append(changes, search.Change{Seq: uint64(ads + i + 1), Version: &v})
	}
	link := &ad.LinkChange{}
	for _, c := range changes[:ads] {
		link.Moves = append(link.Moves, ad.Move{AdID: c.Version.AdID, Cluster: "cone"})
	}
	upTo := uint64(len(changes) + 1)
	changes = append(changes, search.Change{Seq: upTo, Link: link})
	fail.Store(3)
	if err := x.Apply(t.Context(), "ads", upTo, changes); !errors.Is(err, search.ErrAway) {
		t.Fatalf("a part fails: %v", err)
	}
	if at, err := x.Position(t.Context(), "ads"); err != nil || at != 0 {
		t.Fatalf("position %d, %v, of what failed", at, err)
	}
	fail.Store(0)
	if err := x.Apply(t.Context(), "ads", upTo, changes); err != nil {
		t.Fatal(err)
	}
	if at, err := x.Position(t.Context(), "ads"); err != nil || at != upTo {
		t.Fatalf("position %d, %v", at, err)
	}
	if got := most.Load(); got != 2 {
		t.Errorf("%d requests at a time, want 2", got)
	}
	for q, want := range map[string]int{"seen:2000..2100": 2 * ads, "again": ads, "cluster:cone": 2 * ads} {
		if got := count(t, x, q); got != want {
			t.Errorf("%s: %d documents, want %d", q, got, want)
		}
	}
	for _, i := range []int{0, 999, 1000, ads - 1} {
		docs, _, err := x.Versions(t.Context(), changes[i].Version.AdID)
		if err != nil {
			t.Fatal(err)
		}
		said := ""
		for _, d := range docs {
			said += fmt.Sprintf("%q current %t, ", d.Ad.Body, d.Current)
		}
		first := changes[i].Version.Body
		want := map[string]bool{
			fmt.Sprintf("%q current false, %q current true, ", first, first+" again"): true,
			fmt.Sprintf("%q current true, %q current false, ", first+" again", first): true,
		}
		if !want[said] {
			t.Errorf("ad %d: %s", i, said)
		}
	}
}
