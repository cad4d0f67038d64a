package app

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
	"vigil.example/internal/search"
)

func TestManyMovesGoInParts(t *testing.T) {
	link := func(seq uint64, moves int) search.Change {
		return search.Change{Seq: seq, Link: &ad.LinkChange{Moves: make([]ad.Move, moves)}}
	}
	ads := make([]search.Change, 3000)
	for i := range ads {
		ads[i] = search.Change{Seq: uint64(i + 1), Version: &ad.Ad{}}
	}
	for name, c := range map[string]struct {
		cs   []search.Change
		upTo uint64
		want [][2]uint64 // up to, changes
	}{
		"nothing but a position":             {nil, 9, [][2]uint64{{9, 0}}},
		"ads are one part":                   {ads, 3001, [][2]uint64{{3001, 3000}}},
		"few moves are one part":             {[]search.Change{link(3, 500), link(4, 499)}, 7, [][2]uint64{{7, 2}}},
		"a round tells of many":              {[]search.Change{link(3, 600), link(4, 600), link(5, 0), link(6, 2000), link(7, 10)}, 8, [][2]uint64{{4, 2}, {6, 2}, {8, 1}}},
		"the last change reaches the number": {[]search.Change{link(3, 600), link(4, 600)}, 9, [][2]uint64{{9, 2}}},
	} {
		var got [][2]uint64
		if err := inParts(c.cs, c.upTo, func(upTo uint64, part []search.Change) error {
			got = append(got, [2]uint64{upTo, uint64(len(part))})
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	calls := 0
	if err := inParts([]search.Change{link(1, 1000), link(2, 1000), link(3, 1)}, 3, func(uint64, []search.Change) error { calls++; return errors.New("full") }); err == nil || calls != 1 {
		t.Errorf("an error ends it: got %v after %d parts", err, calls)
	}
}
