package sqlite_test

import (
	"path/filepath"
	"testing"

	"vigil.example/internal/search"
	"vigil.example/internal/search/searchtest"
	"vigil.example/internal/search/sqlite"
)

func open(tb testing.TB, dir string) search.Index {
	tb.Helper()
	x, err := sqlite.Open(tb.Context(), filepath.Join(dir, "index #1 ?.db"), sqlite.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return x
}

// openFew opens an index that ranks few matches, as one does of very many.
func openFew(tb testing.TB, dir string) search.Index {
	x := open(tb, dir)
	x.(*sqlite.Index).RankAtMost(25)
	return x
}

func TestIndex(t *testing.T) { searchtest.Run(t, openFew) }
