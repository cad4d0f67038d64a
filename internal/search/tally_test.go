package search

import (
	"runtime"
	"strings"
	"testing"
)

// A tally keeps what it counts, not the long strings that it was given parts of.
func TestTallyKeepsParts(t *testing.T) {
	heap := func() int {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	const long, of = 4 << 20, 16
	x, before := NewTally(Ask{Facets: []Facet{Site}}), heap()
	for i := range of {
		all := strings.Repeat("x", i+1) + strings.Repeat(betweenFacets, len(Facets())-1) + strings.Repeat(" ", long)
		for range 2 {
			x.Add(all[:i+len(Facets())], 1)
		}
	}
	if grown := heap() - before; grown > 2*long {
		t.Errorf("%d bytes are kept of %d", grown, of*long)
	}
	if s := x.Survey(); s.Total != 2*of || len(s.Facets[Site]) != of || s.Facets[Site][0] != (Count{"x", 2}) {
		t.Errorf("counted %+v", s)
	}
}
