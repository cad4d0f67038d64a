package sqlite_test

import (
	"slices"
	"testing"

	"vigil.example/internal/query"
	"vigil.example/internal/search"
	"vigil.example/internal/search/searchtest"
)

// Leaves of what most documents match, which are asked in order of id whether they
// match, are those of a walk.
func TestLeavesOfWhatMostMatch(t *testing.T) {
	x := open(t, t.TempDir())
	defer func() { _ = x.Close() }()
	changes := searchtest.Changes(60, 300)
	if err := x.Apply(t.Context(), "ads", changes[len(changes)-1].Seq, changes); err != nil {
		t.Fatal(err)
	}
	const size = 5
	anywhere := "(site:townboard OR site:bazaar OR site:tablon)"
	for _, typed := range []string{anywhere, anywhere + " (seen:2026-02 OR last:2026-03..) -label:spam", anywhere + " label:none"} {
		n, err := query.Parse(typed)
		if err != nil {
			t.Fatal(err)
		}
		var want, got []string
		for d, err := range x.Walk(t.Context(), n, "") {
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, d.ID)
		}
		for after, more := "", true; more; {
			docs, err := search.Leaf(t.Context(), x, n, after, size)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range docs {
				got, after = append(got, d.ID), d.ID
			}
			more = len(docs) == size && len(got) <= len(want)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: leaves have %d documents, a walk %d", typed, len(got), len(want))
		}
		if s, err := x.Stats(t.Context()); err != nil || typed == anywhere && len(want) != s.Documents {
			t.Errorf("%s: %d of %d documents, %v", typed, len(want), s.Documents, err)
		}
	}
}
