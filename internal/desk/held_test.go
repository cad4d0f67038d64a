package desk

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
	"vigil.example/internal/search"
)

// A crowd is an index of hubs alone, which as many ads give as it says, twice what the
// linker told.
type crowd struct {
	search.Index
	told  map[string]int
	asked []string
}

func (c *crowd) Hubs(context.Context) (out []ad.Hub, _ error) {
	for v, n := range c.told {
		out = append(out, ad.Hub{Value: ad.Value{Kind: "phone", Value: v}, Carriers: n, Held: true})
	}
	return out, nil
}

func (c *crowd) ByValue(_ context.Context, v ad.Value, _ int) ([]string, error) {
	c.asked = append(c.asked, v.Value)
	return make([]string, 2*c.told[v.Value]), nil
}

// However many ads give the values that are held back, no answer waits until all of them
// are counted, and each has its turn.
func TestHubsAreCountedByTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := &crowd{told: map[string]int{"a": 10, "b": 20, "c": countedAtOnce, "d": 2 * countedAtOnce}}
		d := New(Parts{Index: x})
		for _, s := range []struct {
			what  string
			later time.Duration
			asked []string
			want  map[string]int
		}{
			{"at first those of few ads", 0, []string{"a", "b"}, map[string]int{"a": 20, "b": 40, "c": countedAtOnce, "d": 2 * countedAtOnce}},
			{"soon after none", time.Second, nil, map[string]int{"a": 20, "b": 40, "c": countedAtOnce, "d": 2 * countedAtOnce}},
			{"then one of many", 5 * time.Second, []string{"c"}, map[string]int{"a": 20, "b": 40, "c": 2 * countedAtOnce, "d": 2 * countedAtOnce}},
			{"then the other", 5 * time.Second, []string{"d"}, map[string]int{"a": 20, "b": 40, "c": 2 * countedAtOnce, "d": 4 * countedAtOnce}},
			{"and again", 5 * time.Second, []string{"a", "b"}, map[string]int{"a": 20, "b": 40, "c": 2 * countedAtOnce, "d": 4 * countedAtOnce}},
		} {
			time.Sleep(s.later)
			x.asked = nil
			held, err := d.held(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]int{}
			for v, h := range held {
				got[v.Value] = h.Carriers
			}
			if diff := cmp.Diff(s.want, got); diff != "" {
				t.Errorf("%s: carriers (-want +got)\n%s", s.what, diff)
			}
			if diff := cmp.Diff(s.asked, x.asked); diff != "" {
				t.Errorf("%s: counted (-want +got)\n%s", s.what, diff)
			}
		}
	})
}

// What is sealed does not say what the linker told when the value's turn has not come.
func TestSealedHubsAreCounted(t *testing.T) {
	x := &crowd{told: map[string]int{"a": 10, "b": 100, "c": countedAtOnce / 2, "d": countedAtOnce / 2}}
	d := New(Parts{Index: x})
	held, err := d.held(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h := held[ad.Value{Kind: "phone", Value: "d"}]
	if h.Carriers != countedAtOnce/2 {
		t.Fatalf("it had its turn: %d", h.Carriers)
	}
	got, err := d.counted(t.Context(), []ad.Hub{h})
	if err != nil || got[0].Carriers != countedAtOnce {
		t.Errorf("given by %d ads, %v; want %d", got[0].Carriers, err, countedAtOnce)
	}
}
