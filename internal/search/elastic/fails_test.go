package elastic

import (
	"sync"
	"testing"

	"vigil.example/internal/ad"
)

// An ad over which the program fails beside the caller ends no process: it fails
// again where the caller hears of it.
func TestProgramFails(t *testing.T) {
	c := &adChange{id: "a", fresh: true, moved: true, said: map[string]said{"d": {}}, state: adState{Readings: []reading{{Document: "d"}}}}
	b, lost := &batch{ads: map[string]*adChange{"a": c}}, &batch{ads: map[string]*adChange{}, hubs: map[ad.Value]*hubChange{}}
	var one sync.Mutex
	failed, err := (&Index{}).states(t.Context(), b, lost, &one)
	if err != nil || len(failed) != 1 || failed[0] != c {
		t.Errorf("failed %v, %v, want the ad", failed, err)
	}
	defer func() {
		if recover() == nil {
			t.Error("nothing failed where it is heard")
		}
	}()
	_, _ = (&Index{}).write(t.Context(), b)
}
