package elastic_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vigil.example/internal/search"
	"vigil.example/internal/search/elastic"
	"vigil.example/internal/search/elastic/elastictest"
)

// A writer finds its own changes also when it asks while they are being made visible.
func TestWriterFindsItsOwn(t *testing.T) {
	n := elastictest.Shared(t)
	s := n.Server()
	through := n.Through(t)
	var slow atomic.Bool
	came, on := make(chan struct{}, 1), make(chan struct{})
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if slow.Load() && strings.HasSuffix(r.URL.Path, "/_refresh") {
			select {
			case came <- struct{}{}:
			default:
			}
			<-on
		}
		through.ServeHTTP(w, r)
	}))
	defer front.Close()
	o := elastic.Options{Server: s, Name: n.Name(t, t.TempDir()), Refresh: time.Millisecond}
	o.URLs = []string{front.URL}
	x, err := elastic.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = x.Close() }()
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
	close(on)
	if n := <-found; n != 1 {
		t.Errorf("%d ads, want 1", n)
	}
}
