package casework

import (
	"errors"
	"strings"
	"testing"

	"vigil.example/internal/ad"
)

// Decisions about links hold until they are taken back, by every process that reads
// their events; the opposite of one that stands is refused; those of erased ads go.
func TestLinkDecisions(t *testing.T) {
	j := &memory{}
	d, other := open(t, j), open(t, j)
	a, b, c := strings.Repeat("a", 32), strings.Repeat("b", 32), strings.Repeat("c", 32)
	must, err := d.DecideLink(t.Context(), LinkDecision{Kind: MustLink, Ads: []string{b, a}, Ruling: Ruling{By: "mara"}})
	if err != nil {
		t.Fatal(err)
	}
	if again, err := other.DecideLink(t.Context(), LinkDecision{Kind: MustLink, Ads: []string{a, b}, Ruling: Ruling{By: "otto"}}); err != nil || again.ID != must.ID || again.By != "mara" {
		t.Errorf("the same once more: %+v, %v", again, err)
	}
	if _, err := other.DecideLink(t.Context(), LinkDecision{Kind: CannotLink, Ads: []string{a, b}, Ruling: Ruling{By: "otto"}}); !errors.Is(err, ErrLinkDecided) {
		t.Errorf("the opposite: %v", err)
	}
	for name, x := range map[string]LinkDecision{
		"one ad":          {Kind: MustLink, Ads: []string{a, a}},
		"three ads":       {Kind: CannotLink, Ads: []string{a, b, c}},
		"no value":        {Kind: IsHub},
		"a value too":     {Kind: MustLink, Ads: []string{a, b}, Value: &ad.Value{Kind: "phone", Value: "+19125550143"}},
		"no kind":         {Ads: []string{a, b}},
		"no id":           {Kind: MustLink, Ads: []string{a, "912 555"}},
		"a number in why": {Kind: MustLink, Ads: []string{a, b}, Ruling: Ruling{Reason: "call 912-555-0143"}},
	} {
		x.By = "mara"
		if _, err := d.DecideLink(t.Context(), x); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got, err := other.WithdrawLink(t.Context(), must.ID, Withdrawal{By: "otto"}); err != nil || got.Withdrawn == nil {
		t.Errorf("taken back: %+v, %v", got, err)
	}
	cannot, err := other.DecideLink(t.Context(), LinkDecision{Kind: CannotLink, Ads: []string{a, b}, Ruling: Ruling{By: "otto"}})
	if err != nil {
		t.Fatal(err)
	}
	hub, err := other.DecideLink(t.Context(), LinkDecision{Kind: IsHub, Value: &ad.Value{Kind: "phone", Value: "+19125550143"}, Ruling: Ruling{By: "otto"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := d.Links().Standing(); len(got) != 2 || got[0].ID != cannot.ID || got[1].ID != hub.ID {
		t.Errorf("standing: %+v", got)
	}
	if got := d.Links().All(); len(got) != 3 {
		t.Errorf("all: %+v", got)
	}
	gone := func(v ad.Value) bool { return v == ad.Value{Kind: AboutAd, Value: a} || v.Value == "+19125550143" }
	if seqs := d.Sequences(gone); len(seqs) != 4 {
		t.Errorf("events to erase with the ad and the number: %v", seqs)
	}
}
