package elastic_test

import (
	"testing"

	"vigil.example/internal/search"
	"vigil.example/internal/search/elastic"
	"vigil.example/internal/search/elastic/elastictest"
	"vigil.example/internal/search/searchtest"
)

// opener opens indexes on a node, each named for its folder.
func opener(n *elastictest.Node, o elastic.Options) searchtest.Open {
	return func(tb testing.TB, dir string) search.Index {
		tb.Helper()
		o.Server, o.Name, o.Refresh = n.Server(), n.Name(tb, dir), -1
		x, err := elastic.Open(tb.Context(), o)
		if err != nil {
			tb.Fatal(err)
		}
		return x
	}
}

func TestIndex(t *testing.T) {
	searchtest.Run(t, opener(elastictest.Shared(t), elastic.Options{}))
}
