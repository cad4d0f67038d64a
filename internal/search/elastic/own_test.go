package elastic_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vigil.example/internal/search"
	"vigil.example/internal/search/elastic/elastictest"
)

// A writer finds its own changes also when it asks while they are being made visible.
func TestWriterFindsItsOwn(t *testing.T) {
	n := elastictest.Shared(t)
	var slow atomic.Bool
	came, let := make(chan struct{}, 1), make(chan struct{})
	x := opened(t, n, front(t, n, func(w http.ResponseWriter, r *http.Request, on http.Handler) {
		if slow.Load() && strings.HasSuffix(r.URL.Path, "/_refresh") {
			select {
			case came <- struct{}{}:
			default:
			}
			<-let
		}
		on.ServeHTTP(w, r)
	}), time.Millisecond)
	slow.Store(true)
	if err := x.Apply(t.Context(), "ads", 7, []search.Change{sighted(7)}); err != nil {
		t.Fatal(err)
	}
	<-came
	found := make(chan int, 1)
	go func() {
		s, err := x.Stats(t.Context())
		if err != nil {
			t.Error(err)
		}
		found <- s.Ads
	}()
	early := time.After(300 * time.Millisecond) // long enough to be wrong, if it is
	select {
	case n := <-found:
		found <- n
		<-early
	case <-early:
	}
	close(let)
	if n := <-found; n != 1 {
		t.Errorf("%d ads, want 1", n)
	}
}
