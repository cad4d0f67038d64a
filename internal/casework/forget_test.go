package casework

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
)

func is(v ad.Value) func(ad.Value) bool { return func(o ad.Value) bool { return o == v } }

// TestForget: after any decisions, one number is erased while others still decide:
// the journal does not hold it, every process forgets it and nothing else, and
// whatever is decided anew stays.
func TestForget(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 3))
		m := &memory{}
		ds := []*Docket{open(t, m), open(t, m)}
		decide := func(n int) {
			for range n {
				if err := act(t.Context(), ds[r.IntN(2)], r); err != nil && !errors.Is(err, ad.ErrConflict) {
					t.Fatalf("seed %d: %v", seed, err)
				}
			}
		}
		decide(60)
		v := number(r.IntN(6))
		standing := r.IntN(2) == 0
		h := hold(t, ds[1], order("phone", v.Value, "a"))
		if !standing {
			release(t, ds[1], h.ID)
		}
		if err := ds[0].CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		seqs := ds[0].Sequences(is(v))
		if !slices.IsSorted(seqs) {
			t.Fatalf("seed %d: sequences %v", seed, seqs)
		}
		decideElsewhere := func() { // ends what is being erased, perhaps
			for _, s := range ds[1].Subscribed(v) {
				if err := ds[1].End(t.Context(), s.User, s.ID); err != nil {
					t.Fatal(err)
				}
			}
		}
		if r.IntN(2) == 0 {
			decideElsewhere()
		}
		m.Erase(seqs)
		if r.IntN(2) == 0 {
			decideElsewhere()
		}
		if got := strings.Contains(m.Text(), v.Value); got != standing {
			t.Fatalf("seed %d: the journal holds the number: %v, the hold stands: %v", seed, got, standing)
		}
		for i, d := range ds {
			if _, err := d.Forget(t.Context(), is(v)); err != nil {
				t.Fatal(err)
			}
			if len(d.Subscribed(v)) > 0 || d.Held("", []ad.Value{v}) != standing {
				t.Fatalf("seed %d: docket %d knows of the number still, or not of its hold", seed, i)
			}
			if left := d.Sequences(is(v)); len(left) > 0 {
				t.Fatalf("seed %d: docket %d: left over %v", seed, i, left)
			}
		}
		s, err := ds[0].Subscribe(t.Context(), Order{User: "u0", Value: v})
		if err != nil {
			t.Fatal(err)
		}
		if n, err := ds[1].Forget(t.Context(), is(v)); err != nil || n != 0 {
			t.Fatalf("seed %d: forgot %d decided anew, %v", seed, n, err)
		}
		if diff := cmp.Diff(ds[1].Subscribed(v), []ad.Subscription{s}); diff != "" {
			t.Fatalf("seed %d: decided anew (-got +want):\n%s", seed, diff)
		}
		decide(40)
		fresh := known(open(t, m))
		for i, d := range ds {
			if err := d.CatchUp(t.Context()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(known(d), fresh); diff != "" {
				t.Fatalf("seed %d: docket %d (-live +reopened):\n%s", seed, i, diff)
			}
		}
	}
}

// known is state without the places in the journal: those of what an erasure left
// over, the end of something forgotten, may differ until they are needed.
func known(d *Docket) map[string]any {
	s := state(d)
	delete(s, "seqs")
	delete(s, "events")
	return s
}

// TestErasedTooLate: an event that a process had read before it was erased, and
// applies after it was told to forget, changes nothing.
func TestErasedTooLate(t *testing.T) {
	m := &memory{}
	one, other := open(t, m), open(t, m)
	if _, err := one.Subscribe(t.Context(), Order{User: "u", Value: number(1)}); err != nil {
		t.Fatal(err)
	}
	under := m.Events[0]
	m.Erase(one.Sequences(is(number(1))))
	if _, err := other.Forget(t.Context(), is(number(1))); err != nil {
		t.Fatal(err)
	}
	if err := other.Apply(1, under.Subject, under.Data); err != nil {
		t.Fatal(err)
	}
	if got := other.Subscribed(number(1)); len(got) != 0 {
		t.Errorf("an erased subscription came back")
	}
}

// TestForgetNeedsTheDeletion: what is not deleted from the journal is not
// forgotten, or a restart would bring it back.
func TestForgetNeedsTheDeletion(t *testing.T) {
	m := &memory{}
	d := open(t, m)
	if _, err := d.Subscribe(t.Context(), Order{User: "u", Value: number(1)}); err != nil {
		t.Fatal(err)
	}
	if n, err := d.Forget(t.Context(), is(number(1))); err != nil || n != 0 || len(d.Subscribed(number(1))) != 1 {
		t.Errorf("forgot %d, %v", n, err)
	}
	m.Outage(true)
	if _, err := d.Forget(t.Context(), is(number(1))); !errors.Is(err, errOutage) {
		t.Errorf("got %v, want the journal's error", err)
	}
}
