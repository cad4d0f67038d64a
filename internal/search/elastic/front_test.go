package elastic_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"vigil.example/internal/search/elastic"
	"vigil.example/internal/search/elastic/elastictest"
)

// front stands between a node and its client, and returns where: it has each request,
// and hands on what is to reach the node.
func front(t *testing.T, n *elastictest.Node, f func(w http.ResponseWriter, r *http.Request, on http.Handler)) (url string) {
	t.Helper()
	on := n.Through(t)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { f(w, r, on) }))
	t.Cleanup(s.Close)
	return s.URL
}

// opened opens an index of its own, at a node or in front of it, until the test ends.
func opened(t *testing.T, n *elastictest.Node, url string, refresh time.Duration) *elastic.Index {
	t.Helper()
	o := elastic.Options{Server: n.Server(), Name: n.Name(t, t.TempDir()), Refresh: refresh}
	o.URLs = []string{url}
	x, err := elastic.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = x.Close() })
	return x
}
