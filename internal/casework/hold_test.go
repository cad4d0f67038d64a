package casework

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
)

func order(kind, value, authority string) Hold {
	return Hold{Kind: kind, Value: value, Reason: "trial to come", Authority: authority, By: "u1"}
}

func hold(t *testing.T, d *Docket, h Hold) Hold {
	t.Helper()
	got, err := d.Hold(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func release(t *testing.T, d *Docket, id string) {
	t.Helper()
	if _, err := d.Release(t.Context(), id, Release{Reason: "judgment is final", Authority: "file 7", By: "u2"}); err != nil {
		t.Fatal(err)
	}
}

func TestHold(t *testing.T) {
	m := &memory{}
	d := open(t, m)
	h := hold(t, d, order("phone", number(1).Value, " court order 12 "))
	want := Hold{ID: h.ID, Kind: "phone", Value: number(1).Value, Reason: "trial to come", Authority: "court order 12", By: "u1", At: h.At}
	if diff := cmp.Diff(h, want); diff != "" || h.At.IsZero() {
		t.Errorf("hold (-got +want):\n%s", diff)
	}
	again := order("phone", number(1).Value, "court order 12")
	again.By = "u9"
	if diff := cmp.Diff(hold(t, d, again), h); diff != "" || len(m.Events) != 1 {
		t.Errorf("asked for again, %d events (-got +first):\n%s", len(m.Events), diff)
	}
	second := hold(t, d, order("phone", number(1).Value, "court order 13"))
	release(t, d, h.ID)
	release(t, d, h.ID)
	if !d.Held("x", []ad.Value{number(1)}) {
		t.Error("released one of two holds, and neither holds")
	}
	release(t, d, second.ID)
	if d.Held("x", []ad.Value{number(1)}) {
		t.Error("held after both were released")
	}
	third := hold(t, d, order("phone", number(1).Value, "court order 12"))
	if third.ID == h.ID || !d.Held("x", []ad.Value{number(1)}) {
		t.Error("a released hold cannot be set again")
	}
	var got []string
	for _, h := range d.Holds() {
		got = append(got, h.Authority)
		if (h.Released == nil) != (h.ID == third.ID) {
			t.Errorf("hold %s: released %v", h.ID, h.Released)
		}
	}
	if diff := cmp.Diff(got, []string{"court order 12", "court order 13", "court order 12"}); diff != "" {
		t.Errorf("holds (-got +want):\n%s", diff)
	}
	if _, err := d.Release(t.Context(), "nothing", Release{Reason: "r", Authority: "a", By: "u"}); !errors.Is(err, ad.ErrNotFound) {
		t.Errorf("released what is not there: %v", err)
	}
	if diff := cmp.Diff(state(open(t, m)), state(d)); diff != "" {
		t.Errorf("rebuilt (-rebuilt +live):\n%s", diff)
	}
}

func TestHeld(t *testing.T) {
	d := open(t, &memory{})
	hold(t, d, order(HoldAd, "x", "a"))
	hold(t, d, order(HoldCluster, "c1", "a"))
	hold(t, d, order("phone", number(1).Value, "a"))
	hold(t, d, order("email", "someone@mail.example", "a"))
	for name, c := range map[string]struct {
		id       string
		values   []ad.Value
		clusters []string
		want     int
	}{
		"the ad":                    {"x", nil, nil, 1},
		"its number":                {"y", []ad.Value{number(2), number(1)}, nil, 1},
		"its address":               {"y", []ad.Value{{Kind: "email", Value: "someone@mail.example"}}, nil, 1},
		"its cluster":               {"y", nil, []string{"c0", "c1"}, 1},
		"a number, without an ad":   {"", []ad.Value{number(1)}, nil, 1},
		"all of it, values twice":   {"x", []ad.Value{number(1), number(1)}, []string{"c1"}, 3},
		"another ad":                {"y", []ad.Value{number(2)}, []string{"c2"}, 0},
		"an id is no number":        {number(1).Value, nil, nil, 0},
		"an id is no cluster":       {"c1", nil, nil, 0},
		"the same words, as handle": {"y", []ad.Value{{Kind: "handle", Value: "someone@mail.example"}}, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := d.HoldsOn(c.id, c.values, c.clusters...); len(got) != c.want || d.Held(c.id, c.values, c.clusters...) != (c.want > 0) {
				t.Errorf("%d holds, want %d", len(got), c.want)
			}
		})
	}
}

func TestHoldRefuses(t *testing.T) {
	good := order(HoldAd, "x", "court order 12")
	for name, change := range map[string]func(*Hold){
		"no reason":                    func(h *Hold) { h.Reason = " " },
		"no authority":                 func(h *Hold) { h.Authority = "" },
		"endless reason":               func(h *Hold) { h.Reason = strings.Repeat("x", maxGrounds+1) },
		"reason with a number":         func(h *Hold) { h.Reason = "keep what (912) 555-0123 wrote" },
		"authority with control codes": func(h *Hold) { h.Authority = "court\x00" },
		"nobody":                       func(h *Hold) { h.By = "" },
		"no ad":                        func(h *Hold) { h.Value = "" },
		"ad id that is no id":          func(h *Hold) { h.Value = "a b" },
		"cluster id that is no id":     func(h *Hold) { h.Kind, h.Value = HoldCluster, "c.>" },
		"number as typed":              func(h *Hold) { h.Kind, h.Value = "phone", "912 555 0123" },
		"no kind":                      func(h *Hold) { h.Kind = "" },
	} {
		t.Run(name, func(t *testing.T) {
			m := &memory{}
			h := good
			change(&h)
			_, err := open(t, m).Hold(t.Context(), h)
			if !errors.Is(err, ErrInvalid) || len(m.Events) != 0 {
				t.Errorf("got %v with %d events stored", err, len(m.Events))
			}
			if err != nil && strings.Contains(err.Error(), "555") {
				t.Errorf("the error shows the number: %v", err)
			}
		})
	}
	d := open(t, &memory{})
	h := hold(t, d, good)
	for name, r := range map[string]Release{
		"no reason":    {Authority: "a", By: "u"},
		"no authority": {Reason: "r", By: "u"},
		"nobody":       {Reason: "r", Authority: "a"},
	} {
		if _, err := d.Release(t.Context(), h.ID, r); !errors.Is(err, ErrInvalid) || !d.Held("x", nil) {
			t.Errorf("%s: released with %v", name, err)
		}
	}
}
