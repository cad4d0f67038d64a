package casework

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
)

func fix(adID, text, reads string) Correction {
	return Correction{AdID: adID, Text: text, Reads: reads, Ruling: Ruling{By: "anna", Purpose: "p-1"}}
}

func TestCorrect(t *testing.T) {
	m := &memory{}
	d := open(t, m)
	made, err := d.Correct(t.Context(), fix("ad1", "nine one two", "+19125550123"))
	if err != nil || made.ID == "" || made.At.IsZero() {
		t.Fatalf("%+v, %v", made, err)
	}
	again, err := d.Correct(t.Context(), fix("ad1", "nine one two", "+19125550123"))
	if err != nil || again.ID != made.ID || len(m.Events) != 1 {
		t.Errorf("the same once more: %+v, %v; %d events", again, err, len(m.Events))
	}
	if _, err := d.Correct(t.Context(), fix("ad1", "nine one two", "")); !errors.Is(err, ErrCorrected) {
		t.Errorf("another one of the same text: %v", err)
	}
	if _, err := d.Correct(t.Context(), fix("ad2", "nine one two", "")); err != nil {
		t.Errorf("the same text of another ad: %v", err)
	}
	w := Withdrawal{By: "otto", Purpose: "p-2", Reason: "looked again"}
	for range 2 {
		if c, err := d.Withdraw(t.Context(), made.ID, w); err != nil || c.Withdrawn == nil || c.Withdrawn.By != "otto" {
			t.Errorf("withdrawn: %+v, %v", c, err)
		}
	}
	if _, err := d.Withdraw(t.Context(), strings.Repeat("0", 32), w); !errors.Is(err, ad.ErrNotFound) {
		t.Errorf("one that is not there: %v", err)
	}
	next, err := d.Correct(t.Context(), fix("ad1", "nine one two", ""))
	if err != nil || next.ID == made.ID {
		t.Errorf("after it was withdrawn: %+v, %v", next, err)
	}
	standing, newest := d.Corrections().Of("ad1")
	if len(standing) != 1 || standing[0].ID != next.ID || newest != uint64(len(m.Events)) {
		t.Errorf("standing %+v up to %d", standing, newest)
	}
	if ids, decisions, all := d.Corrections().Since(2); !cmp.Equal(ids, []string{"ad1"}) || decisions != 2 || all != 4 {
		t.Errorf("since the second event: %v, %d of %d", ids, decisions, all)
	}
}

func TestCorrectionIsChecked(t *testing.T) {
	d := open(t, &memory{})
	file := fix("ad1", "nine one two", "")
	file.Reason = "as in file 2026-0412"
	if _, err := d.Correct(t.Context(), file); err != nil {
		t.Errorf("a reason that names a file: %v", err)
	}
	for name, c := range map[string]Correction{
		"no ad":                       fix("", "x", ""),
		"no text":                     fix("ad1", "", ""),
		"space around the text":       fix("ad1", " x", ""),
		"a text too long":             fix("ad1", strings.Repeat("x", MaxWritten+1), ""),
		"half a character":            fix("ad1", "\xf0", ""),
		"a number in another form":    fix("ad1", "x", "912-555-0123"),
		"nobody":                      {AdID: "ad1", Text: "x"},
		"a number in the reason":      {AdID: "ad1", Text: "x", Ruling: Ruling{By: "anna", Reason: "as in 912-555-0123"}},
		"a number called an id":       {AdID: "ad1", Text: "x", Ruling: Ruling{By: "anna", Reason: "ref 912 555 0101, see there"}},
		"an address in the reason":    {AdID: "ad1", Text: "x", Ruling: Ruling{By: "anna", Reason: "as moon@mail.example says"}},
		"a text of one letter":        fix("ad1", "e", "+19125550123"),
		"a reason of several lines":   {AdID: "ad1", Text: "x", Ruling: Ruling{By: "anna", Reason: "one\ntwo"}},
		"a reason longer than a page": {AdID: "ad1", Text: "x", Ruling: Ruling{By: "anna", Reason: strings.Repeat("x", maxGrounds+1)}},
	} {
		if _, err := d.Correct(t.Context(), c); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Several processes decide at once on one journal: each text of an ad has at most
// one correction that stands, and whoever reads the journal from the start, or
// followed it, or decided himself knows the same.
func TestCorrectionsOfSeveralProcesses(t *testing.T) {
	m := &memory{}
	ds := []*Docket{open(t, m), open(t, m), open(t, m)}
	var wg sync.WaitGroup
	for i, d := range ds {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 6))
			for range 80 {
				c, err := d.Correct(t.Context(), fix(fmt.Sprintf("ad%d", r.IntN(3)), fmt.Sprintf("a text %d", r.IntN(3)), []string{"", "+19125550123"}[r.IntN(2)]))
				if err != nil && !errors.Is(err, ErrCorrected) && !errors.Is(err, ad.ErrConflict) {
					t.Error(err)
				}
				if err == nil && r.IntN(2) == 0 {
					if _, err := d.Withdraw(t.Context(), c.ID, Withdrawal{By: "anna"}); err != nil && !errors.Is(err, ad.ErrConflict) {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	follower := NewCorrections()
	for i, e := range m.Events {
		if err := follower.Apply(uint64(i)+1, e.Subject, e.Data); err != nil {
			t.Fatal(err)
		}
	}
	want := open(t, m).Corrections().All()
	for i, d := range ds {
		if err := d.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(d.Corrections().All(), want); diff != "" {
			t.Errorf("process %d (-got +want):\n%s", i, diff)
		}
	}
	if diff := cmp.Diff(follower.All(), want); diff != "" || len(want) < 9 {
		t.Errorf("a follower (-got +want):\n%s", diff)
	}
	stands := map[[2]string]bool{}
	for _, c := range want {
		if k := [2]string{c.AdID, c.Text}; c.Withdrawn == nil {
			if stands[k] {
				t.Errorf("two corrections of %v stand", k)
			}
			stands[k] = true
		}
	}
}

// An erased ad takes its corrections along, in every process; those of others, and
// what is decided anew, stay.
func TestForgetCorrections(t *testing.T) {
	m := &memory{}
	ds := []*Docket{open(t, m), open(t, m)}
	for _, id := range []string{"gone", "stays"} {
		for _, text := range []string{"one", "two"} {
			c, err := ds[0].Correct(t.Context(), fix(id, text, ""))
			if err != nil {
				t.Fatal(err)
			}
			if text == "two" {
				if _, err := ds[0].Withdraw(t.Context(), c.ID, Withdrawal{By: "anna"}); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if err := ds[1].CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	seqs := ds[0].Sequences(is(ad.Value{Kind: AboutAd, Value: "gone"}))
	if !cmp.Equal(seqs, []uint64{1, 2, 3}) {
		t.Fatalf("sequences %v", seqs)
	}
	m.Erase(seqs)
	if strings.Contains(m.Text(), "gone") {
		t.Error("the journal still holds it")
	}
	for _, d := range ds {
		if n, err := d.Forget(t.Context(), func(ad.Value) bool { return true }); err != nil || n != 2 {
			t.Errorf("forgot %d, %v", n, err)
		}
		if len(d.Corrections().About("gone")) != 0 || len(d.Corrections().About("stays")) != 2 {
			t.Errorf("left are %+v", d.Corrections().All())
		}
	}
	late := NewCorrections() // it has heard of what was erased, and not that it was
	for _, seq := range []uint64{1, 99} {
		if err := late.Apply(seq, subjectCorrection+"x", []byte(`{"v":1,"kind":"corrected","correction":{"id":"x","ad":"gone"}}`)); err != nil {
			t.Fatal(err)
		}
	}
	if got := late.About("gone"); len(got) != 1 {
		t.Errorf("one that was erased is there beside the new one: %+v", got)
	}
	if c, err := ds[1].Correct(t.Context(), fix("gone", "one", "")); err != nil || len(ds[1].Corrections().About("gone")) != 1 {
		t.Errorf("decided anew: %+v, %v", c, err)
	}
}
