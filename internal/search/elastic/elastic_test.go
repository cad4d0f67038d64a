package elastic_test

import (
	"flag"
	"os"
	"testing"

	"vigil.example/internal/search"
	"vigil.example/internal/search/elastic"
	"vigil.example/internal/search/elastic/elastictest"
	"vigil.example/internal/search/searchtest"
)

// TestMain lets many tests run at once: most of their time they wait.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "12"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// opener opens indexes on a node, each named for its folder.
func opener(n *elastictest.Node, o elastic.Options) searchtest.Open {
	return func(tb testing.TB, dir string) search.Index {
		tb.Helper()
		o := o // indexes are opened beside each other
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
