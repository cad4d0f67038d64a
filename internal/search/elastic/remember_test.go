package elastic_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/search"
	"vigil.example/internal/search/elastic/elastictest"
)

// New ads, and what is said next of ads just written, are not read; what was changed
// behind the writer's back is, and nothing is lost by that.
func TestRemembered(t *testing.T) {
	n := elastictest.Shared(t)
	var read atomic.Int64
	x := opened(t, n, front(t, n, func(w http.ResponseWriter, r *http.Request, on http.Handler) {
		if strings.HasSuffix(r.URL.Path, "/_mget") {
			b, _ := io.ReadAll(r.Body)
			var asked struct{ IDs []string }
			_ = json.Unmarshal(b, &asked)
			read.Add(int64(len(asked.IDs) - 1)) // but the epoch
			r.Body = io.NopCloser(bytes.NewReader(b))
		}
		on.ServeHTTP(w, r)
	}), time.Hour)
	apply := func(source string, reads int64, changes ...search.Change) {
		t.Helper()
		read.Store(0)
		if err := x.Apply(t.Context(), source, changes[len(changes)-1].Seq, changes); err != nil {
			t.Fatal(err)
		}
		if got := read.Load(); got != reads {
			t.Errorf("%d ads were read, want %d", got, reads)
		}
	}
	link := func(seq uint64, cluster string, of ...search.Change) search.Change {
		c := &ad.LinkChange{}
		for _, v := range of {
			c.Moves = append(c.Moves, ad.Move{AdID: v.Version.AdID, Cluster: cluster})
		}
		return search.Change{Seq: seq, Link: c}
	}
	one, two, three, four := sighted(1), sighted(2), sighted(3), sighted(4)
	apply("ads", 1, one)
	apply("ads", 0, two, three)
	apply("links", 0, link(1, "c", one, two, three))

	// Two is taken out and comes again as it was; one is changed.
	gone := func(c search.Change) {
		n.Do(http.MethodDelete, "/"+x.ID()+"/_doc/ad:"+c.Version.AdID, "")
	}
	gone(two)
	apply("ads", 1, two)
	gone(one)
	apply("links", 1, link(2, "d", one))
	apply("ads", 0, one)
	apply("ads", 1, three, four) // three is as it was: that is looked at
	apply("ads", 0, sighted(5))  // and says nothing of whether others are new

	for _, c := range []struct {
		of      search.Change
		cluster string
	}{{one, "d"}, {two, ""}, {three, "c"}, {four, ""}} {
		docs, _, err := x.Versions(t.Context(), c.of.Version.AdID)
		if err != nil {
			t.Fatal(err)
		}
		if len(docs) != 1 || docs[0].Sightings != 1 || docs[0].Cluster != c.cluster || docs[0].Ad.Body != c.of.Version.Body {
			t.Errorf("ad %s: %+v, want it once, in cluster %q", c.of.Version.NativeID, docs, c.cluster)
		}
	}
}
