package alert_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/alert"
	"vigil.example/internal/audit"
	"vigil.example/internal/casework"
	"vigil.example/internal/stream"
)

// These tests run what people decide, who they are, what they did and what they
// were told as several processes do: each with a state of its own, on one real bus.

var key = []byte("a key for tests only")

const (
	anna  = "00112233445566778899aabbccddeeff"
	bruno = "ffeeddccbbaa99887766554433221100"
)

func bus(t testing.TB) *stream.Bus {
	t.Helper()
	b, err := stream.Open(t.Context(), stream.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// follow hands a projection the events of a stream from a position on, until the
// test ends.
func follow(t testing.TB, b *stream.Bus, name string, after uint64, apply func(seq uint64, subject string, data []byte) error) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- b.Tail(ctx, name, after+1, nil, 100, func(ms []ad.Message) error {
			for _, m := range ms {
				if err := apply(m.Seq, m.Subject, m.Data); err != nil {
					return err
				}
			}
			return nil
		})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("follow %s: %v", name, err)
		}
	})
}

func docket(t testing.TB, b *stream.Bus, created func(ad.Subscription)) *casework.Docket {
	t.Helper()
	d, err := casework.Open(t.Context(), b.Journal(stream.Decisions), casework.Config{Key: key, Created: created})
	if err != nil {
		t.Fatal(err)
	}
	follow(t, b, stream.Decisions, d.Position(), d.Apply)
	return d
}

const patience = 3 * time.Minute // costs nothing where it comes

func within[T any](t testing.TB, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("%s: not within %v", what, patience)
		panic("unreachable")
	}
}

var watched = ad.Value{Kind: "phone", Value: "+19125550123"}

// TestAnotherProcessChecksLateAds: the process that raises alerts hears once of a
// subscription that a web process made, and tells of an ad that had passed already;
// the web process shows the alert, and no other ad raises it again.
func TestAnotherProcessChecksLateAds(t *testing.T) {
	b := bus(t)
	heard := make(chan ad.Subscription, 10)
	raising := docket(t, b, func(s ad.Subscription) { heard <- s })
	web := docket(t, b, nil)
	seen, shown := alert.NewInbox(raising), alert.NewInbox(web)
	inbox := func(x *alert.Inbox) func(uint64, string, []byte) error {
		return func(seq uint64, _ string, data []byte) error { return x.Apply(seq, data) }
	}
	follow(t, b, stream.Alerts, 0, inbox(seen))
	follow(t, b, stream.Alerts, 0, inbox(shown))
	r := alert.NewRaiser(raising, seen.Seen, nil)

	posting := ad.Ad{Listing: ad.Listing{AdID: "x", VersionID: "v"}, Phones: []ad.Phone{{E164: watched.Value, Confidence: 1}}}
	if got := r.Raise(posting); len(got) != 0 {
		t.Fatalf("%d alerts before anybody watches", len(got))
	}
	sub, err := web.Subscribe(t.Context(), casework.Order{User: anna, Value: watched})
	if err != nil {
		t.Fatal(err)
	}
	s := within(t, "hear of the subscription", heard)
	if diff := cmp.Diff(s, sub); diff != "" {
		t.Errorf("heard of (-got +made):\n%s", diff)
	}
	late := r.Late(s)
	if len(late) != 1 {
		t.Fatalf("%d late alerts, want 1", len(late))
	}
	data, err := json.Marshal(late[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Publish(t.Context(), []ad.Message{{Subject: "alert." + anna, ID: late[0].ID, Data: data}}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for _, x := range []*alert.Inbox{shown, seen} {
		if _, err := x.Wait(ctx, anna, 0); err != nil {
			t.Fatal(err)
		}
	}
	if got := r.Raise(posting); len(got) != 0 {
		t.Errorf("raised %d alerts again", len(got))
	}
	// What one process marks as read is read in the other.
	if err := shown.Mark(t.Context(), anna, []string{late[0].ID}, true); err != nil {
		t.Fatal(err)
	}
	if err := raising.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := seen.Unread(anna); n != 0 {
		t.Errorf("%d unread in the other process", n)
	}
	if len(heard) != 0 {
		t.Errorf("heard of the subscription again")
	}
}

// TestProcessesDecideAtOnce: two processes that change the same things at once
// agree in the end, and both are told what holds.
func TestProcessesDecideAtOnce(t *testing.T) {
	b := bus(t)
	var mu sync.Mutex
	heard := [2]map[string]int{{}, {}}
	var ds [2]*casework.Docket
	for i := range ds {
		ds[i] = docket(t, b, func(s ad.Subscription) {
			mu.Lock()
			defer mu.Unlock()
			heard[i][s.ID]++
		})
	}
	var ids [2][20]string
	var wg sync.WaitGroup
	for i, d := range ds {
		wg.Go(func() {
			for n := range 20 {
				v := ad.Value{Kind: "phone", Value: fmt.Sprintf("+1912555%04d", 100+n)}
				s, err := d.Subscribe(t.Context(), casework.Order{User: anna, Value: v})
				if err != nil {
					t.Error(err)
					return
				}
				ids[i][n] = s.ID
				h, err := d.Hold(t.Context(), casework.Hold{Kind: casework.HoldAd, Value: "x", Reason: "trial", Authority: fmt.Sprint("order ", n), By: bruno})
				if err != nil {
					t.Error(err)
					return
				}
				if n%2 == 0 {
					continue
				}
				if _, err := d.Release(t.Context(), h.ID, casework.Release{Reason: "over", Authority: "court", By: bruno}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if diff := cmp.Diff(ids[0], ids[1]); diff != "" {
		t.Errorf("the two were told of different subscriptions:\n%s", diff)
	}
	for _, d := range ds {
		if err := d.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(ds[0].Active(), ds[1].Active()); diff != "" || len(ds[0].Active()) != 20 {
		t.Errorf("%d active subscriptions (-one +other):\n%s", len(ds[0].Active()), diff)
	}
	if diff := cmp.Diff(ds[0].Holds(), ds[1].Holds()); diff != "" {
		t.Errorf("holds (-one +other):\n%s", diff)
	}
	if got := len(ds[0].HoldsOn("x", nil)); got != 10 {
		t.Errorf("%d holds stand, want 10", got)
	}
	mu.Lock()
	defer mu.Unlock()
	for i, m := range heard {
		if len(m) != 20 {
			t.Errorf("process %d heard of %d subscriptions", i, len(m))
		}
		for id, n := range m {
			if n != 1 {
				t.Errorf("process %d heard %d times of %s", i, n, id)
			}
		}
	}
}

// TestErasedEverywhere: what was erased from the journal is gone from every
// process, and the same person can decide the same thing anew in any of them.
func TestErasedEverywhere(t *testing.T) {
	b := bus(t)
	one, other := docket(t, b, nil), docket(t, b, nil)
	is := func(v ad.Value) bool { return v == watched }
	s, err := one.Subscribe(t.Context(), casework.Order{User: anna, Value: watched, Known: []string{"k"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := one.End(t.Context(), anna, s.ID); err != nil {
		t.Fatal(err)
	}
	theirs, err := one.Subscribe(t.Context(), casework.Order{User: bruno, Value: watched})
	if err != nil {
		t.Fatal(err)
	}
	if err := other.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	seqs := one.Sequences(is)
	if len(seqs) != 3 {
		t.Fatalf("%d events, want 3", len(seqs))
	}
	if n, err := b.Erase(t.Context(), stream.Decisions, seqs); err != nil || n != 3 {
		t.Fatalf("erased %d, %v", n, err)
	}
	// The other process, which has not heard of the erasure, writes after it.
	if err := other.End(t.Context(), bruno, theirs.ID); err != nil {
		t.Fatal(err)
	}
	for i, d := range []*casework.Docket{one, other} {
		if _, err := d.Forget(t.Context(), is); err != nil {
			t.Fatal(err)
		}
		if got := d.Subscribed(watched); len(got) != 0 || len(d.Subscriptions(anna)) != 0 {
			t.Errorf("process %d still knows of the number", i)
		}
	}
	for _, d := range []*casework.Docket{one, other} {
		if _, err := d.Subscribe(t.Context(), casework.Order{User: bruno, Value: watched}); err != nil {
			t.Errorf("anew, after what was left: %v", err)
		}
	}
	again, err := other.Subscribe(t.Context(), casework.Order{User: anna, Value: watched})
	if err != nil {
		t.Fatal(err)
	}
	if err := one.End(t.Context(), anna, again.ID); err != nil {
		// It follows by itself; make sure it has.
		if err := errors.Join(one.CatchUp(t.Context()), one.End(t.Context(), anna, again.ID)); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := one.Forget(t.Context(), is); err != nil || n != 0 {
		t.Errorf("forgot %d decided anew, %v", n, err)
	}
	fresh := docket(t, b, nil)
	for _, u := range []string{anna, bruno} {
		if diff := cmp.Diff(fresh.Subscriptions(u), one.Subscriptions(u)); diff != "" {
			t.Errorf("subscriptions (-reopened +live):\n%s", diff)
		}
	}
}

// TestOneChainOfTwoProcesses: two processes append to one audit chain as fast as
// they can; every entry is in it once, and it does not fork.
func TestOneChainOfTwoProcesses(t *testing.T) {
	b := bus(t)
	const each, askers = 1000, 20
	var logs [2]*audit.Log
	for i := range logs {
		var err error
		if logs[i], err = audit.Open(t.Context(), b.Journal(stream.Audit), audit.Config{Key: key}); err != nil {
			t.Fatal(err)
		}
	}
	begin := time.Now()
	var wg sync.WaitGroup
	for p, l := range logs {
		for g := range askers {
			wg.Go(func() {
				for n := range each / askers {
					e := audit.Entry{Actor: anna, Action: "search", Query: fmt.Sprint(p, g, n), Outcome: "ok"}
					if err := l.Append(t.Context(), e); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
	}
	wg.Wait()
	took := time.Since(begin)
	third, err := audit.Open(t.Context(), b.Journal(stream.Audit), audit.Config{Key: key})
	if err != nil {
		t.Fatal(err)
	}
	n, head, err := third.Verify(t.Context(), logs[0].Head(), logs[1].Head())
	if err != nil || n != 2*each || head != third.Head() {
		t.Fatalf("%d entries up to %v, %v; want %d", n, head, err, 2*each)
	}
	asked := map[string]bool{}
	if err := third.Walk(t.Context(), 0, func(e audit.Entry) error { asked[e.Query] = true; return nil }); err != nil {
		t.Fatal(err)
	}
	if len(asked) != 2*each {
		t.Errorf("%d different entries, want %d", len(asked), 2*each)
	}
	t.Logf("%d entries of two processes in %v", n, took)
}

// TestNoProcessStarves: of four processes that all append one entry after the
// other without a pause, none is refused because the others were first.
func TestNoProcessStarves(t *testing.T) {
	b := bus(t)
	const each = 60
	var wg sync.WaitGroup
	for p := range 4 {
		l, err := audit.Open(t.Context(), b.Journal(stream.Audit), audit.Config{Key: key})
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			for n := range each {
				if err := l.Append(t.Context(), audit.Entry{Actor: anna, Action: "search", Outcome: "ok"}); err != nil {
					t.Errorf("process %d, entry %d: %v", p, n, err)
					return
				}
			}
		})
	}
	wg.Wait()
	l, err := audit.Open(t.Context(), b.Journal(stream.Audit), audit.Config{Key: key})
	if err != nil {
		t.Fatal(err)
	}
	if n, _, err := l.Verify(t.Context()); err != nil || n != 4*each {
		t.Errorf("%d entries, %v; want %d", n, err, 4*each)
	}
}

// drawer keeps sessions in the bucket of the bus, as app does.
type drawer struct{ *stream.Bus }

func (d drawer) Get(ctx context.Context, key string) ([]byte, error) {
	e, err := d.Value(ctx, stream.Sessions, key)
	return e.Value, err
}

func (d drawer) Put(ctx context.Context, key string, value []byte) error {
	return d.Bus.Put(ctx, stream.Sessions, key, value)
}

func (d drawer) Delete(ctx context.Context, key string) error {
	return d.Bus.Delete(ctx, stream.Sessions, key)
}

// registers are web processes that share users and sessions.
func registers(t testing.TB, b *stream.Bus) (rs [2]*access.Register) {
	t.Helper()
	for i := range rs {
		var err error
		rs[i], err = access.Open(t.Context(), b.Journal(stream.Access), access.Config{Key: key, Sessions: drawer{b}, Argon: access.Argon{Time: 1, Memory: 64, Lanes: 1}})
		if err != nil {
			t.Fatal(err)
		}
		follow(t, b, stream.Access, rs[i].Position(), rs[i].Apply)
	}
	return rs
}

// TestOneSignInForTwoProcesses: who signs in at one web process is known to the
// other, until an administrator at the first shuts the user out.
func TestOneSignInForTwoProcesses(t *testing.T) {
	b := bus(t)
	rs := registers(t, b)
	u, once, err := rs[0].AddUser(t.Context(), access.System, "anna", access.Analyst)
	if err != nil {
		t.Fatal(err)
	}
	id, _, err := rs[0].SignIn(t.Context(), "anna", once)
	if err != nil {
		t.Fatal(err)
	}
	if err := rs[1].CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s, err := rs[1].Session(t.Context(), id); err != nil || s.User != u.ID {
		t.Fatalf("at the other process: %v, %v", s, err)
	}
	second, _, err := rs[1].SignIn(t.Context(), "anna", once)
	if err != nil {
		t.Fatal(err)
	}
	if err := rs[0].SignOut(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	if _, err := rs[1].Session(t.Context(), second); !errors.Is(err, access.ErrNoSession) {
		t.Errorf("signed out at the other process: %v", err)
	}
	// Both change the same user at once: one after the other, whoever comes first.
	var wg sync.WaitGroup
	for i, r := range rs {
		wg.Go(func() {
			for _, role := range []access.Role{access.Reader, access.Analyst, access.Auditor} {
				if err := r.SetRole(t.Context(), access.System, u.ID, role); err != nil {
					t.Errorf("process %d: %v", i, err)
				}
			}
		})
	}
	wg.Wait()
	if err := rs[0].Disable(t.Context(), access.System, u.ID); err != nil {
		t.Fatal(err)
	}
	if err := rs[1].CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, r := range rs {
		if _, err := r.Session(t.Context(), id); !errors.Is(err, access.ErrNoSession) {
			t.Errorf("process %d, after the user was disabled: %v", i, err)
		}
	}
	if diff := cmp.Diff(rs[0].Users(), rs[1].Users(), cmp.AllowUnexported(access.User{})); diff != "" {
		t.Errorf("users (-one +other):\n%s", diff)
	}
}

// BenchmarkSharedSession is what a request pays for a session that every web
// process shares.
func BenchmarkSharedSession(b *testing.B) {
	rs := registers(b, bus(b))
	_, once, err := rs[0].AddUser(b.Context(), access.System, "anna", access.Analyst)
	if err != nil {
		b.Fatal(err)
	}
	id, _, err := rs[0].SignIn(b.Context(), "anna", once)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := rs[0].Session(b.Context(), id); err != nil {
			b.Fatal(err)
		}
	}
}
