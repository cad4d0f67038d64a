package sqlite_test

import (
	"flag"
	"os"
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

var update = flag.Bool("update", false, "write the golden files")

// TestRanking keeps the quality of the order by relevance as a golden file.
func TestRanking(t *testing.T) {
	got := searchtest.Ranking(t, open)
	if *update {
		if err := os.WriteFile("testdata/ranking.txt", []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/ranking.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("ranking:\n%s\nwas:\n%s", got, want)
	}
}
