package elastic_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
	"vigil.example/internal/search"
	"vigil.example/internal/search/elastic/elastictest"
	"vigil.example/internal/search/searchtest"
)

// Writing is cut off at every place where it can be: before a request is carried
// out, and after that but before anybody hears of it. When the same changes come
// again, the index is as if nothing had been.
func TestCutOff(t *testing.T) {
	n := elastictest.Shared(t)
	var writes, cut atomic.Int64
	torn := opened(t, n, front(t, n, func(w http.ResponseWriter, r *http.Request, on http.Handler) {
		if !strings.HasSuffix(r.URL.Path, "/_bulk") && !strings.Contains(r.URL.Path, "/_doc/mark:position") {
			on.ServeHTTP(w, r)
			return
		}
		switch writes.Add(1) % 5 {
		case 2: // never heard of
			cut.Add(1)
		case 4: // done, but nobody hears of it
			cut.Add(1)
			on.ServeHTTP(httptest.NewRecorder(), r)
		default:
			on.ServeHTTP(w, r)
			return
		}
		w.Header().Set("X-Elastic-Product", "Elasticsearch")
		w.WriteHeader(http.StatusInternalServerError)
	}), time.Hour)
	whole := opened(t, n, n.Server().URLs[0], time.Hour)
	changes := searchtest.Changes(77, 60)
	const size = 9
	failed := 0
	for i := 0; i < len(changes); i += size {
		part := changes[i:min(i+size, len(changes))]
		upTo := part[len(part)-1].Seq
		if err := whole.Apply(t.Context(), "ads", upTo, part); err != nil {
			t.Fatal(err)
		}
		for {
			err := torn.Apply(t.Context(), "ads", upTo, part)
			if err == nil {
				break
			}
			if failed++; !errors.Is(err, search.ErrAway) {
				t.Fatal(err)
			}
		}
	}
	if failed < 10 || cut.Load() < 10 {
		t.Fatalf("writing was cut off %d times and failed %d times, too few to tell", cut.Load(), failed)
	}
	if d := cmp.Diff(dumped(t, whole), dumped(t, torn)); d != "" {
		t.Errorf("documents (-whole +torn):\n%s", d)
	}
	a, err := whole.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b, err := torn.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a.Bytes, b.Bytes = 0, 0
	if d := cmp.Diff(a, b); d != "" {
		t.Errorf("counts (-whole +torn):\n%s", d)
	}
}

func dumped(t *testing.T, x search.Index) (out []ad.Document) {
	t.Helper()
	for d, err := range x.Walk(t.Context(), parsed(t, "seen:2000..2100"), "") {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, d)
	}
	return out
}
