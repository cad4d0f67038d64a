package casework

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
)

var key = []byte("a key for tests only")

// clock ticks a second at every look.
func clock() func() time.Time {
	var mu sync.Mutex
	t := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		t = t.Add(time.Second)
		return t
	}
}

func open(t *testing.T, j Journal) *Docket {
	t.Helper()
	d, err := Open(t.Context(), j, Config{Key: key, Now: clock()})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func number(n int) ad.Value {
	return ad.Value{Kind: "phone", Value: fmt.Sprintf("+1912555%04d", 100+n)}
}

// alertID is a well-formed alert id.
func alertID(n int) string { return fmt.Sprintf("%032x", n) }

// state is everything a docket knows, in a form that can be compared.
func state(d *Docket) map[string]any {
	d.mu.RLock()
	defer d.mu.RUnlock()
	active := make(map[ad.Value][]ad.Subscription)
	for v, m := range d.active {
		active[v] = listed(m)
	}
	users := make(map[string][]ad.Subscription)
	for u, m := range d.byUser {
		users[u] = listed(m)
	}
	read := make(map[string][]string)
	for u, m := range d.read {
		for k := range m {
			read[u] = append(read[u], fmt.Sprintf("%x", k))
		}
		slices.Sort(read[u])
	}
	holds := make(map[ad.Value][]string)
	for v, m := range d.held {
		holds[v] = slices.Sorted(maps.Keys(m))
	}
	return map[string]any{
		"holds": d.holds, "held": holds, "events": d.events,
		"subs": listed(d.subs), "active": active, "users": users, "read": read, "purposes": d.purposes, "seqs": d.seqs, "pending": d.pending,
	}
}

func TestSubscribe(t *testing.T) {
	d := open(t, &memory{})
	s, err := d.Subscribe(t.Context(), Order{User: "u1", Value: number(1), Purpose: "p1", Known: []string{"b", "a", "b"}})
	if err != nil {
		t.Fatal(err)
	}
	want := ad.Subscription{ID: s.ID, User: "u1", Value: number(1), Purpose: "p1", Created: s.Created, Known: []string{"a", "b"}}
	if diff := cmp.Diff(s, want); diff != "" {
		t.Errorf("subscription (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(d.Subscribed(number(1)), []ad.Subscription{want}); diff != "" {
		t.Errorf("active by value (-got +want):\n%s", diff)
	}
	if got := d.Subscribed(number(2)); got != nil {
		t.Errorf("another number has %v", got)
	}

	again, err := d.Subscribe(t.Context(), Order{User: "u1", Value: number(1), Purpose: "p2"})
	if err != nil || again.ID != s.ID {
		t.Errorf("subscribing again: got %v, %v; want the same subscription", again.ID, err)
	}
	other, err := d.Subscribe(t.Context(), Order{User: "u2", Value: number(1)})
	if err != nil || other.ID == s.ID {
		t.Errorf("another user: got %v, %v; want another subscription", other.ID, err)
	}

	if err := d.End(t.Context(), "u2", s.ID); !errors.Is(err, ad.ErrNotFound) {
		t.Errorf("ending another user's: got %v, want not found", err)
	}
	for range 2 {
		if err := d.End(t.Context(), "u1", s.ID); err != nil {
			t.Fatal(err)
		}
	}
	if got := d.Subscribed(number(1)); len(got) != 1 || got[0].ID != other.ID {
		t.Errorf("after ending one: got %v, want the other's only", got)
	}
	renewed, err := d.Subscribe(t.Context(), Order{User: "u1", Value: number(1)})
	if err != nil || renewed.ID == s.ID {
		t.Errorf("subscribing after the end: got %v, %v; want a new id", renewed.ID, err)
	}
	if got := d.Subscriptions("u1"); len(got) != 2 || got[0].Ended.IsZero() || !got[1].Ended.IsZero() {
		t.Errorf("history: got %v, want the ended one, then the new one", got)
	}
}

// TestCreated: every process hears of a subscription once, whoever made it.
func TestCreated(t *testing.T) {
	m := &memory{}
	heard := make([][]string, 2)
	var dockets [2]*Docket
	for i := range dockets {
		var err error
		dockets[i], err = Open(t.Context(), m, Config{Key: key, Now: clock(), Created: func(s ad.Subscription) {
			if len(dockets[i].Subscribed(s.Value)) == 0 {
				t.Error("called before the subscription was active")
			}
			heard[i] = append(heard[i], s.ID)
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	s, err := dockets[0].Subscribe(t.Context(), Order{User: "u", Value: number(1)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dockets[1].Subscribe(t.Context(), Order{User: "u", Value: number(1)}); err != nil {
		t.Fatal(err)
	}
	for _, d := range dockets {
		if _, err := m.Replay(t.Context(), 0, d.Apply); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(heard, [][]string{{s.ID}, {s.ID}}); diff != "" {
		t.Errorf("heard (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(dockets[1].Active(), []ad.Subscription{s}); diff != "" {
		t.Errorf("active (-got +want):\n%s", diff)
	}
	if _, err := Open(t.Context(), m, Config{Key: key, Created: func(ad.Subscription) { t.Error("called while opening") }}); err != nil {
		t.Fatal(err)
	}
}

func TestSubscribeRefuses(t *testing.T) {
	for name, o := range map[string]Order{
		"no user":                {Value: number(1)},
		"user with a dot":        {User: "a.b", Value: number(1)},
		"number not in E.164":    {User: "u", Value: ad.Value{Kind: "phone", Value: "912-555-0101"}},
		"no kind":                {User: "u", Value: ad.Value{Value: "x"}},
		"empty handle":           {User: "u", Value: ad.Value{Kind: "handle"}},
		"handle with space ends": {User: "u", Value: ad.Value{Kind: "handle", Value: " x"}},
		"endless mail":           {User: "u", Value: ad.Value{Kind: "email", Value: strings.Repeat("x", 400)}},
	} {
		t.Run(name, func(t *testing.T) {
			m := &memory{}
			_, err := open(t, m).Subscribe(t.Context(), o)
			if !errors.Is(err, ErrInvalid) {
				t.Errorf("got %v, want %v", err, ErrInvalid)
			}
			if err != nil && strings.Contains(err.Error(), "555") {
				t.Errorf("the error shows the value: %v", err)
			}
			if len(m.Events) > 0 {
				t.Errorf("%d events were stored", len(m.Events))
			}
		})
	}
}

// brokenOff is a docket with which subscribing to a value that thousands of ads give
// broke off between two events.
func brokenOff(t *testing.T) (m *memory, d *Docket, known []string) {
	t.Helper()
	m = &memory{}
	d = open(t, m)
	for i := range 2*knownPerEvent + 5 {
		known = append(known, alertID(i))
	}
	n := 0
	m.Lose = func() bool { n++; return n == 2 }
	if _, err := d.Subscribe(t.Context(), Order{User: "u", Value: number(1), Known: known}); err == nil {
		t.Fatal("the broken try succeeded")
	}
	return m, d, known
}

func TestSubscribeToAHub(t *testing.T) {
	m, d, known := brokenOff(t)
	if got := d.Subscribed(number(1)); got != nil {
		t.Fatal("a subscription is active before all its known ads are stored")
	}
	s, err := d.Subscribe(t.Context(), Order{User: "u", Value: number(1), Known: known})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s.Known, known); diff != "" {
		t.Errorf("known ads differ")
	}
	for i, e := range m.Events {
		if len(e.Data) > 1<<19 {
			t.Errorf("event %d has %d bytes", i, len(e.Data))
		}
	}
	if diff := cmp.Diff(state(open(t, m)), state(d)); diff != "" {
		t.Errorf("rebuilt (-rebuilt +live):\n%s", diff)
	}
}

// What a try that broke off has stored was erased elsewhere, which this process has not
// heard of: the next try begins under the subject anew.
func TestSubscribeToAHubErasedMeanwhile(t *testing.T) {
	m, d, known := brokenOff(t)
	m.Erase([]uint64{1, 2})
	s, err := d.Subscribe(t.Context(), Order{User: "u", Value: number(1), Known: known})
	if err != nil || len(s.Known) != len(known) {
		t.Errorf("%d known ads of %d, %v", len(s.Known), len(known), err)
	}
}

func TestMarks(t *testing.T) {
	m := &memory{}
	d := open(t, m)
	mark := func(read bool, ids ...string) {
		t.Helper()
		if err := d.Mark(t.Context(), "u", ids, read); err != nil {
			t.Fatal(err)
		}
	}
	mark(true, alertID(1), alertID(2))
	mark(true, alertID(1))
	mark(false, alertID(3))
	if len(m.Events) != 1 {
		t.Errorf("%d events, want 1: marks that change nothing are not stored", len(m.Events))
	}
	// Read, unread and read again within the journal's memory of ids.
	mark(false, alertID(1))
	mark(true, alertID(1))
	mark(false, alertID(1))
	if d.IsRead("u", alertID(1)) || !d.IsRead("u", alertID(2)) || d.IsRead("v", alertID(2)) || d.IsRead("u", "odd") {
		t.Error("marks are not what was last said")
	}
	if err := d.Mark(t.Context(), "u", []string{"odd"}, true); !errors.Is(err, ErrInvalid) {
		t.Errorf("odd id: got %v", err)
	}
	if err := d.Mark(t.Context(), "a b", []string{alertID(1)}, true); !errors.Is(err, ErrInvalid) {
		t.Errorf("odd user: got %v", err)
	}
}

func TestPurpose(t *testing.T) {
	m := &memory{}
	d := open(t, m)
	p := Purpose{ID: "0123abcd", Kind: "case", Text: "Case 26-14"}
	for range 2 {
		if err := d.KeepPurpose(t.Context(), "u", p); err != nil {
			t.Fatal(err)
		}
	}
	got, err := d.Purpose(p.ID)
	if err != nil || got != p || len(m.Events) != 1 {
		t.Errorf("got %v, %v in %d events; want it, once", got, err, len(m.Events))
	}
	if _, err := d.Purpose("ffff"); !errors.Is(err, ad.ErrNotFound) {
		t.Errorf("unknown purpose: %v", err)
	}
	if err := d.KeepPurpose(t.Context(), "u", Purpose{ID: "a.b", Kind: "case", Text: "x"}); !errors.Is(err, ErrInvalid) {
		t.Errorf("odd id: %v", err)
	}
}

// act takes one random decision.
func act(ctx context.Context, d *Docket, r *rand.Rand) error {
	user := fmt.Sprint("u", r.IntN(3))
	switch r.IntN(7) {
	case 5:
		_, err := d.Hold(ctx, Hold{Kind: HoldAd, Value: fmt.Sprint("ad", r.IntN(3)), Reason: "trial", Authority: fmt.Sprint("order ", r.IntN(2)), By: user})
		return err
	case 6:
		if hs := d.Holds(); len(hs) > 0 {
			_, err := d.Release(ctx, hs[r.IntN(len(hs))].ID, Release{Reason: "over", Authority: "court", By: user})
			return err
		}
		return nil
	case 0, 1:
		_, err := d.Subscribe(ctx, Order{User: user, Value: number(r.IntN(6)), Known: []string{alertID(r.IntN(4))}})
		return err
	case 2:
		if s := d.Subscriptions(user); len(s) > 0 {
			return d.End(ctx, user, s[r.IntN(len(s))].ID)
		}
		return nil
	case 3:
		return d.Mark(ctx, user, []string{alertID(r.IntN(5)), alertID(r.IntN(5) + 5)}, r.IntN(2) == 0)
	default:
		return d.KeepPurpose(ctx, user, Purpose{ID: fmt.Sprintf("%04x", r.IntN(5)), Kind: "case", Text: "some case"})
	}
}

// TestRebuildEqualsLive: after any decisions, with lost answers among them, a
// docket opened anew knows what the live one knows once it has caught up.
func TestRebuildEqualsLive(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		m := &memory{}
		lossy := rand.New(rand.NewPCG(seed, 2))
		m.Lose = func() bool { return seed%2 == 1 && lossy.IntN(5) == 0 }
		d := open(t, m)
		for range 60 {
			if err := act(t.Context(), d, r); err != nil && !errors.Is(err, errOutage) {
				t.Fatalf("seed %d: %v", seed, err)
			}
		}
		if err := d.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(state(open(t, m)), state(d)); diff != "" {
			t.Fatalf("seed %d (-rebuilt +live):\n%s", seed, diff)
		}
		// Applying everything again, as a consumer that starts over does, changes nothing.
		before := state(d)
		if _, err := m.Replay(t.Context(), 0, d.Apply); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(state(d), before); diff != "" {
			t.Fatalf("seed %d: applied twice (-after +before):\n%s", seed, diff)
		}
	}
}

// TestTwoProcesses: dockets on one journal, deciding at once, agree in the end,
// and no user has two active subscriptions to a value.
func TestTwoProcesses(t *testing.T) {
	m := &memory{}
	dockets := []*Docket{open(t, m), open(t, m), open(t, m)}
	var wg sync.WaitGroup
	for i, d := range dockets {
		for g := range 2 {
			wg.Go(func() {
				r := rand.New(rand.NewPCG(uint64(i), uint64(g)))
				for range 80 {
					if err := act(t.Context(), d, r); err != nil && !errors.Is(err, ad.ErrConflict) {
						t.Error(err)
					}
					d.Subscribed(number(r.IntN(6)))
				}
			})
		}
	}
	wg.Wait()
	want := state(open(t, m))
	for i, d := range dockets {
		if err := d.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(state(d), want); diff != "" {
			t.Errorf("docket %d (-got +rebuilt):\n%s", i, diff)
		}
	}
	for n := range 6 {
		have := make(map[string]bool)
		for _, s := range dockets[0].Subscribed(number(n)) {
			if have[s.User] {
				t.Errorf("a user has two active subscriptions to one value")
			}
			have[s.User] = true
		}
	}
}

func TestOutageIsAnError(t *testing.T) {
	m := &memory{}
	d := open(t, m)
	m.Outage(true)
	if _, err := d.Subscribe(t.Context(), Order{User: "u", Value: number(1)}); !errors.Is(err, errOutage) {
		t.Errorf("got %v, want the journal's error", err)
	}
	if d.Subscribed(number(1)) != nil {
		t.Error("active though nothing was stored")
	}
	if _, err := Open(t.Context(), m, Config{Key: key}); !errors.Is(err, errOutage) {
		t.Errorf("open: got %v, want the journal's error", err)
	}
	m.Outage(false)
	if _, err := d.Subscribe(t.Context(), Order{User: "u", Value: number(1)}); err != nil {
		t.Error(err)
	}
}

func TestApply(t *testing.T) {
	for name, c := range map[string]struct{ subject, data, want string }{
		"another room's event is left alone": {"decisions.note.x", `{`, ""},
		"broken":                             {subjectPurpose + "x", `{`, "decision 7: it is cut off"},
		"from a newer program":               {subjectPurpose + "x", `{"v":99}`, "newer vigil"},
		"unknown kind":                       {subjectSubscription + "x", `{"v":1,"kind":"sold"}`, `unknown event "sold"`},
		"ended, its beginning erased":        {subjectSubscription + "x", `{"v":1,"kind":"ended"}`, ""},
		"released, its beginning erased":     {subjectHold + "x", `{"v":1,"kind":"released","release":{}}`, ""},
		"released without grounds":           {subjectHold + "x", `{"v":1,"kind":"released"}`, "without grounds"},
		"another hold's":                     {subjectHold + "x", `{"v":1,"kind":"held","hold":{"id":"y"}}`, "without it"},
		"another subscription's":             {subjectSubscription + "x", `{"v":1,"kind":"created","subscription":{"id":"y"}}`, "without it"},
	} {
		t.Run(name, func(t *testing.T) {
			err := open(t, &memory{}).Apply(7, c.subject, []byte(c.data))
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestConfigNeedsAKey(t *testing.T) {
	if _, err := Open(t.Context(), &memory{}, Config{Key: []byte("short")}); err == nil {
		t.Error("a short key was accepted")
	}
}
