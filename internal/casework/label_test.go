package casework

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
)

func TestCheckLabel(t *testing.T) {
	for _, name := range append(Vocabulary(), "operation-7", "wave-2026", "x", strings.Repeat("a", ad.MaxLabel)) {
		if err := CheckLabel(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{
		"", "-", "Spam", "two words", "a--b", "-a", "a_b", "é", "a.b", strings.Repeat("a", ad.MaxLabel+1), "spam\x00",
		"9125550123", "912-555-0123", "call-912-555-0123", "555-0123", "two-one-two-55-six-01-one-one", "a@b", "a1b2c3d4e5",
	} {
		if err := CheckLabel(name); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: got %v, want ErrInvalid", name, err)
		} else if strings.Contains(err.Error(), "555") {
			t.Errorf("%q: the error holds it", name)
		}
	}
}

func TestLabelIsChecked(t *testing.T) {
	d := open(t, &memory{})
	for name, x := range map[string]Label{
		"no ad":                  {Name: "spam", Ruling: Ruling{By: "anna"}},
		"nobody":                 {AdID: "ad1", Name: "spam"},
		"no label":               {AdID: "ad1", Ruling: Ruling{By: "anna"}},
		"a number in the reason": {AdID: "ad1", Name: "spam", Ruling: Ruling{By: "anna", Reason: "as 912-555-0123"}},
	} {
		if _, err := d.Label(t.Context(), x); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i := range MaxLabels {
		if _, err := d.Label(t.Context(), Label{AdID: "ad1", Name: fmt.Sprintf("l%d", i), Ruling: Ruling{By: "anna"}}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.Label(t.Context(), Label{AdID: "ad1", Name: "more", Ruling: Ruling{By: "anna"}}); !errors.Is(err, ErrInvalid) {
		t.Errorf("one more than may stand: %v", err)
	}
	if x, err := d.Label(t.Context(), Label{AdID: "ad1", Name: "l3", Ruling: Ruling{By: "otto"}}); err != nil || x.By != "anna" {
		t.Errorf("one that stands: %+v, %v", x, err)
	}
}

// Many labels are given and taken back in one step: all or none, also when another
// process was first with one of them, or the answer is lost.
func TestLabelAll(t *testing.T) {
	m := &memory{}
	d, other := open(t, m), open(t, m)
	var xs []Label
	for i := range 50 {
		xs = append(xs, Label{AdID: fmt.Sprint("ad", i), Name: "spam", Ruling: Ruling{By: "anna", Purpose: "p-1"}})
	}
	xs = append(xs, xs[0])
	if _, err := d.LabelAll(t.Context(), append(slices.Clone(xs), Label{AdID: "ad1", Name: "912-555-0123", Ruling: Ruling{By: "anna"}})); !errors.Is(err, ErrInvalid) {
		t.Errorf("one that is refused: %v", err)
	}
	m.Outage(true)
	if _, err := d.LabelAll(t.Context(), xs); err == nil {
		t.Error("labelled while the journal is out of order")
	}
	m.Outage(false)
	if n := len(d.Labels().All()); n != 0 || len(m.Events) != 0 {
		t.Fatalf("%d labels, %d events of what was refused", n, len(m.Events))
	}
	first, err := other.Label(t.Context(), Label{AdID: "ad7", Name: "spam", Ruling: Ruling{By: "otto"}})
	if err != nil {
		t.Fatal(err)
	}
	made, err := d.LabelAll(t.Context(), xs)
	if err != nil || len(made) != len(xs) || !cmp.Equal(made[7], first) || !cmp.Equal(made[50], made[0]) || len(m.Events) != 50 {
		t.Fatalf("%d labels, %d events, %v", len(made), len(m.Events), err)
	}
	var ids []string
	for i, x := range made {
		if x.AdID != xs[i].AdID || x.Withdrawn != nil {
			t.Fatalf("label %d: %+v", i, x)
		}
		ids = append(ids, x.ID)
	}
	w := Withdrawal{By: "otto", Purpose: "p-2"}
	if _, err := d.UnlabelAll(t.Context(), append(slices.Clone(ids), "nosuch"), w); !errors.Is(err, ad.ErrNotFound) || len(d.Labels().Standing()) != 50 {
		t.Errorf("taken back with one that is not there: %v, %d stand", err, len(d.Labels().Standing()))
	}
	lost := true
	m.Lose = func() bool { defer func() { lost = false }(); return lost }
	if _, err := d.UnlabelAll(t.Context(), ids, w); err == nil {
		t.Error("the answer was lost, and nobody is told")
	}
	gone, err := d.UnlabelAll(t.Context(), ids, w)
	if err != nil || len(gone) != len(ids) || len(m.Events) != 100 {
		t.Fatalf("taken back: %d, %d events, %v", len(gone), len(m.Events), err)
	}
	for i, x := range gone {
		if x.ID != ids[i] || x.Withdrawn == nil || x.Withdrawn.By != "otto" {
			t.Fatalf("label %d: %+v", i, x)
		}
	}
	if third := open(t, m); !cmp.Equal(third.Labels().All(), d.Labels().All()) || len(d.Labels().Standing()) != 0 {
		t.Error("who reads the journal anew comes to other labels")
	}
}

// Whatever two processes do at once, both come to the labels that a plain list of what
// was done gives, and so does a third that reads the journal anew; what an index is told
// of each event, in any order, gives these labels too; and of erased ads nothing is left.
func TestLabels(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 3))
		m := &memory{}
		ds := []*Docket{open(t, m), open(t, m)}
		ads, names := []string{"ad1", "ad2", "ad3"}, []string{"spam", "scam", "unclear"}
		want := map[string]map[string]bool{"ad1": {}, "ad2": {}, "ad3": {}}
		for range 60 {
			d := ds[r.IntN(2)]
			if err := d.CatchUp(t.Context()); err != nil {
				t.Fatal(err)
			}
			of, name := ads[r.IntN(3)], names[r.IntN(3)]
			if !want[of][name] {
				x, err := d.Label(t.Context(), Label{AdID: of, Name: name, Ruling: Ruling{By: "anna", Purpose: "p-1"}})
				if err != nil || x.Withdrawn != nil {
					t.Fatalf("seed %d: label: %+v, %v", seed, x, err)
				}
				want[of][name] = true
				continue
			}
			standing, _ := d.Labels().Of(of)
			i := slices.IndexFunc(standing, func(x Label) bool { return x.Name == name })
			if _, err := d.Unlabel(t.Context(), standing[i].ID, Withdrawal{By: "otto", Purpose: "p-2"}); err != nil {
				t.Fatalf("seed %d: take back: %v", seed, err)
			}
			delete(want[of], name)
		}
		check := func(what string, got func(of string) []string) {
			t.Helper()
			for _, of := range ads {
				if diff := cmp.Diff(got(of), slices.Sorted(maps.Keys(want[of]))); diff != "" {
					t.Fatalf("seed %d: %s: labels of %s (-got +want):\n%s", seed, what, of, diff)
				}
			}
		}
		ds = append(ds, open(t, m))
		for i, d := range ds {
			if err := d.CatchUp(t.Context()); err != nil {
				t.Fatal(err)
			}
			check(fmt.Sprint("process ", i), func(of string) []string {
				standing, _ := d.Labels().Of(of)
				return LabelNames(standing)
			})
		}
		type change struct {
			seq uint64
			of  ad.Labels
		}
		var changes []change
		state := NewLabels()
		for i, e := range m.Events {
			if err := state.Apply(uint64(i+1), e.Subject, e.Data); err != nil {
				t.Fatal(err)
			}
			of, newest, err := LabelsAt(state, e.Subject)
			if err != nil || newest != uint64(i+1) {
				t.Fatalf("seed %d: event %d: newest %d, %v", seed, i+1, newest, err)
			}
			changes = append(changes, change{newest, of})
		}
		r.Shuffle(len(changes), func(i, j int) { changes[i], changes[j] = changes[j], changes[i] })
		index := map[string]change{}
		for _, c := range changes {
			if c.seq >= index[c.of.AdID].seq {
				index[c.of.AdID] = c
			}
		}
		check("an index", func(of string) []string { return index[of].of.Names })

		gone := func(v ad.Value) bool { return v == ad.Value{Kind: AboutAd, Value: "ad2"} }
		seqs := ds[0].Sequences(gone)
		for i, e := range m.Events {
			x, err := state.Get(strings.TrimPrefix(e.Subject, subjectLabel))
			if about := err == nil && x.AdID == "ad2"; about != slices.Contains(seqs, uint64(i+1)) {
				t.Fatalf("seed %d: event %d about the erased ad: %v", seed, i+1, about)
			}
		}
	}
}
