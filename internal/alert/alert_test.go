package alert

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
)

var at = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func number(n int) ad.Value {
	return ad.Value{Kind: "phone", Value: fmt.Sprintf("+1912555%04d", 100+n)}
}

// subscribed is a list of subscriptions, all active.
type subscribed []ad.Subscription

func (l subscribed) Subscribed(v ad.Value) []ad.Subscription {
	var out []ad.Subscription
	for _, s := range l {
		if s.Value == v {
			out = append(out, s)
		}
	}
	return out
}

// posting is an ad with numbers, each read with a confidence.
func posting(id, version string, confidence float64, numbers ...int) ad.Ad {
	a := ad.Ad{Listing: ad.Listing{AdID: id, VersionID: version, Title: "Garden work", Body: "long", Site: "townboard", SeenAt: at.Add(-time.Minute)}}
	for _, n := range numbers {
		a.Phones = append(a.Phones, ad.Phone{E164: number(n).Value, Confidence: confidence})
	}
	return a
}

func TestMatch(t *testing.T) {
	subs := subscribed{
		{ID: "s1", User: "u1", Value: number(1)},
		{ID: "s2", User: "u2", Value: number(1), Known: []string{"known"}},
		{ID: "s3", User: "u1", Value: number(2)},
		{ID: "s4", User: "u1", Value: ad.Value{Kind: "email", Value: "a@mail.example"}},
		{ID: "s5", User: "u1", Value: number(3), Ended: at},
	}
	mail := posting("m", "v", 1)
	mail.Identifiers = []ad.Identifier{{Kind: "email", Value: "a@mail.example", Confidence: 0.9}, {Kind: "handle", Value: "a@mail.example", Confidence: 1}}
	for name, c := range map[string]struct {
		ad   ad.Ad
		want []string // subscription, value
	}{
		"two people watch one number":        {posting("x", "v", 1, 1), []string{"s1 " + number(1).Value, "s2 " + number(1).Value}},
		"known ad is news to the other only": {posting("known", "v", 1, 1), []string{"s1 " + number(1).Value}},
		"two numbers, two facts":             {posting("x", "v", 1, 2, 1), []string{"s3 " + number(2).Value, "s1 " + number(1).Value, "s2 " + number(1).Value}},
		"number written twice is one fact":   {posting("x", "v", 1, 2, 2), []string{"s3 " + number(2).Value}},
		"at the floor":                       {posting("x", "v", Floor, 2), []string{"s3 " + number(2).Value}},
		"below the floor":                    {posting("x", "v", Floor-0.01, 1, 2), nil},
		"ended subscription":                 {posting("x", "v", 1, 3), nil},
		"nobody watches":                     {posting("x", "v", 1, 9), nil},
		"kind of value counts":               {mail, []string{"s4 a@mail.example"}},
		"no values":                          {posting("x", "v", 1), nil},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, a := range Match(c.ad, subs, at) {
				got = append(got, a.Subscription+" "+a.Value.Value)
			}
			if diff := cmp.Diff(got, c.want); diff != "" {
				t.Errorf("(-got +want):\n%s", diff)
			}
		})
	}
}

func TestMatchTellsTheFact(t *testing.T) {
	got := Match(posting("x", "v1", 1, 1), subscribed{{ID: "s1", User: "u1", Value: number(1)}}, at)
	want := []ad.Alert{{
		V: ad.Schema, ID: ad.AlertID("s1", "x", number(1)), Subscription: "s1", User: "u1", AdID: "x", VersionID: "v1",
		Value: number(1), Title: "Garden work", Site: "townboard", SeenAt: at.Add(-time.Minute), RaisedAt: at,
	}}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
}

// marks keeps read marks in memory, as casework does durably.
type marks struct {
	mu   sync.Mutex
	read map[string]bool
	err  error
}

func (m *marks) IsRead(user, alert string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.read[user+" "+alert]
}

func (m *marks) Mark(_ context.Context, user string, alerts []string, read bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, id := range alerts {
		m.read[user+" "+id] = read
	}
	return m.err
}

func newInbox() *Inbox { return NewInbox(&marks{read: make(map[string]bool)}) }

// told is the n-th alert of a user.
func told(user string, n int) ad.Alert {
	return ad.Alert{V: ad.Schema, ID: fmt.Sprintf("%s%031x", user[len(user)-1:], n), User: user, AdID: fmt.Sprint("ad", n), Title: "Garden work"}
}

func apply(t testing.TB, b *Inbox, seq int, a ad.Alert) {
	t.Helper()
	data, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Apply(uint64(seq), data); err != nil {
		t.Fatal(err)
	}
}

func adsOf(p Page) []string {
	var out []string
	for _, a := range p.Alerts {
		out = append(out, a.AdID)
	}
	return out
}

func TestInbox(t *testing.T) {
	b := newInbox()
	for n := 1; n <= 5; n++ {
		apply(t, b, 10*n, told("ua", n))
	}
	apply(t, b, 60, told("ub", 1))
	apply(t, b, 70, told("ua", 3)) // the same alert again, further on
	apply(t, b, 20, told("ua", 2)) // and redelivered

	p := b.Page("ua", 0, 3)
	if diff := cmp.Diff(adsOf(p), []string{"ad5", "ad4", "ad3"}); diff != "" {
		t.Errorf("first page (-got +want):\n%s", diff)
	}
	p.Alerts = nil
	if diff := cmp.Diff(p, Page{Unread: 5, Total: 5, Newest: 50, Before: 30}); diff != "" {
		t.Errorf("counts (-got +want):\n%s", diff)
	}
	next := b.Page("ua", p.Before, 3)
	if diff := cmp.Diff(adsOf(next), []string{"ad2", "ad1"}); diff != "" || next.Before != 0 {
		t.Errorf("second page, then %d (-got +want):\n%s", next.Before, diff)
	}
	if diff := cmp.Diff(b.Page("nobody", 0, 3), Page{}); diff != "" {
		t.Errorf("unknown user (-got +want):\n%s", diff)
	}
	if !b.Seen(told("ua", 3).ID) || b.Seen(told("ua", 9).ID) || b.Seen("odd") {
		t.Error("seen is wrong")
	}
	if _, err := b.Alert("ub", told("ua", 1).ID); !errors.Is(err, ad.ErrNotFound) {
		t.Errorf("somebody else's alert: %v", err)
	}
}

func TestMark(t *testing.T) {
	b := newInbox()
	for n := 1; n <= 4; n++ {
		apply(t, b, n, told("ua", n))
	}
	if err := b.Mark(t.Context(), "ua", []string{told("ua", 2).ID}, true); err != nil {
		t.Fatal(err)
	}
	if a, err := b.Alert("ua", told("ua", 2).ID); err != nil || !a.Read || b.Unread("ua") != 3 {
		t.Errorf("read alert: %v, %v; %d unread, want 3", a.Read, err, b.Unread("ua"))
	}
	if err := b.Mark(t.Context(), "ua", []string{told("ua", 1).ID, told("ub", 1).ID}, true); !errors.Is(err, ad.ErrNotFound) || b.Unread("ua") != 3 {
		t.Errorf("marking somebody else's too: %v, %d unread; want not found and nothing marked", err, b.Unread("ua"))
	}
	newest := b.Page("ua", 0, 1).Newest
	apply(t, b, 5, told("ua", 5)) // comes while the user looks
	if err := b.MarkAll(t.Context(), "ua", newest); err != nil || b.Unread("ua") != 1 {
		t.Errorf("mark all: %v, %d unread; want 1", err, b.Unread("ua"))
	}
	b.marks.(*marks).err = errors.New("journal is out of order")
	if err := b.Mark(t.Context(), "ua", []string{told("ua", 5).ID}, true); err == nil {
		t.Error("a mark that was not stored was acknowledged")
	}
}

func TestMemoryIsBounded(t *testing.T) {
	b := newInbox()
	for n := range Kept + 250 {
		apply(t, b, n+1, told("ua", n))
	}
	p := b.Page("ua", 0, 5*Kept)
	if len(p.Alerts) != Kept || p.Total != Kept+250 || p.Older != 250 {
		t.Errorf("%d in full, %d in all, %d older", len(p.Alerts), p.Total, p.Older)
	}
	if !b.Seen(told("ua", 0).ID) {
		t.Error("an alert no longer held in full is forgotten")
	}
	apply(t, b, 9999, told("ua", 0))
	if got := b.Page("ua", 0, 1).Total; got != Kept+250 {
		t.Errorf("an old alert was counted again: %d", got)
	}
}

// TestInboxRebuilds: whatever the order and however often alerts are delivered,
// the inbox is the same, unless the order pushes others out of the full ones.
func TestInboxRebuilds(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 0))
		live, again := newInbox(), newInbox()
		var order []int
		for n := range 200 {
			apply(t, live, n+1, told([]string{"ua", "ub", "uc"}[n%3], n))
			order = append(order, n)
			if r.IntN(3) == 0 {
				order = append(order, n)
			}
		}
		r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, n := range order {
			apply(t, again, n+1, told([]string{"ua", "ub", "uc"}[n%3], n))
		}
		for _, u := range []string{"ua", "ub", "uc"} {
			if diff := cmp.Diff(again.Page(u, 0, 500), live.Page(u, 0, 500)); diff != "" {
				t.Fatalf("seed %d (-again +live):\n%s", seed, diff)
			}
		}
	}
}

// TestInboxForgets: the alerts of erased ads are gone from every inbox, are not
// shown when they come again or late, and are not raised again.
func TestInboxForgets(t *testing.T) {
	b := newInbox()
	for n := range 6 {
		apply(t, b, 10*n+10, told("ua", n))
	}
	apply(t, b, 80, told("ub", 2))
	b.Forget([]string{"ad2", "ad5", "ad9"})
	b.Forget(nil)
	apply(t, b, 30, told("ua", 2)) // a replay
	apply(t, b, 90, told("ua", 9)) // was under way
	p := b.Page("ua", 0, 10)
	if diff := cmp.Diff(adsOf(p), []string{"ad4", "ad3", "ad1", "ad0"}); diff != "" || p.Total != 4 || p.Unread != 4 {
		t.Errorf("%d, %d unread (-got +want):\n%s", p.Total, p.Unread, diff)
	}
	if p := b.Page("ub", 0, 10); len(p.Alerts) != 0 || p.Total != 0 {
		t.Errorf("somebody else's: %v", p)
	}
	for _, n := range []int{2, 5, 9} {
		if !b.Seen(told("ua", n).ID) {
			t.Errorf("alert %d may be raised again", n)
		}
		if _, err := b.Alert("ua", told("ua", n).ID); !errors.Is(err, ad.ErrNotFound) {
			t.Errorf("alert %d: %v", n, err)
		}
	}
	apply(t, b, 100, told("ua", 7))
	if got := b.Page("ua", 0, 1); adsOf(got)[0] != "ad7" || got.Newest != 100 {
		t.Errorf("the next alert: %v", got)
	}
}

func TestRaiserForgets(t *testing.T) {
	p := newPump(&switchable{})
	for _, id := range []string{"a", "b", "c", "b"} {
		p.raiser.Raise(posting(id, "v", 1, 1))
	}
	p.raiser.Forget([]string{"b", "x"})
	var got []string
	for _, a := range p.raiser.Late(ad.Subscription{ID: "s", User: "u", Value: number(1)}) {
		got = append(got, a.AdID)
	}
	if diff := cmp.Diff(got, []string{"a", "c"}); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
	for _, a := range p.raiser.recent {
		if a != nil && (a.AdID == "b" || a.AdID == "x") {
			t.Errorf("left over: %v", a)
		}
	}
}

func TestApplyRefuses(t *testing.T) {
	for name, data := range map[string]string{"broken": `{`, "no id": `{}`, "odd id": `{"id":"zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"}`} {
		t.Run(name, func(t *testing.T) {
			if err := newInbox().Apply(3, []byte(data)); err == nil {
				t.Error("accepted")
			}
		})
	}
}

func TestWait(t *testing.T) {
	b := newInbox()
	got := make(chan uint64)
	go func() {
		newest, err := b.Wait(t.Context(), "ua", 0)
		if err != nil {
			t.Error(err)
		}
		got <- newest
	}()
	apply(t, b, 4, told("ub", 1))
	apply(t, b, 7, told("ua", 1))
	if newest := <-got; newest != 7 {
		t.Errorf("woke at %d, want 7", newest)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if newest, err := b.Wait(ctx, "ua", 7); !errors.Is(err, context.Canceled) || newest != 7 {
		t.Errorf("nothing newer: %d, %v", newest, err)
	}
}

// pump raises alerts and stores them, once an id, as the pipeline does.
type pump struct {
	raiser *Raiser
	inbox  *Inbox
	seq    int
	stored map[string]int
}

func (p *pump) store(t testing.TB, alerts []ad.Alert) {
	for _, a := range alerts {
		p.seq++
		p.stored[a.ID]++
		apply(t, p.inbox, p.seq, a)
	}
}

// switchable is subscriptions that can be added to while ads pass.
type switchable struct {
	mu sync.RWMutex
	subscribed
}

func (s *switchable) Subscribed(v ad.Value) []ad.Subscription {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.subscribed.Subscribed(v)
}

func (s *switchable) add(n ad.Subscription) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.subscribed = append(s.subscribed, n)
}

func newPump(subs Subscriptions) *pump {
	b := newInbox()
	return &pump{raiser: NewRaiser(subs, b.Seen, func() time.Time { return at }), inbox: b, stored: make(map[string]int)}
}

func TestAnAlertFiresOnce(t *testing.T) {
	p := newPump(subscribed{{ID: "s1", User: "u1", Value: number(1)}, {ID: "s2", User: "u1", Value: number(2)}})
	p.store(t, p.raiser.Raise(posting("x", "v1", 1, 1)))
	p.store(t, p.raiser.Raise(posting("x", "v1", 1, 1)))    // redelivered
	p.store(t, p.raiser.Raise(posting("x", "v2", 1, 1, 2))) // edited: one new fact
	p.store(t, p.raiser.Raise(posting("y", "v1", 1, 1)))    // another ad
	p.raiser = NewRaiser(p.raiser.subs, p.inbox.Seen, nil)  // a new process
	p.store(t, p.raiser.Raise(posting("x", "v3", 1, 2, 1))) // a replay
	want := map[string]int{
		ad.AlertID("s1", "x", number(1)): 1, ad.AlertID("s2", "x", number(2)): 1, ad.AlertID("s1", "y", number(1)): 1,
	}
	if diff := cmp.Diff(p.stored, want); diff != "" {
		t.Errorf("stored (-got +want):\n%s", diff)
	}
}

func TestLate(t *testing.T) {
	subs := &switchable{}
	p := newPump(subs)
	p.store(t, p.raiser.Raise(posting("indexed", "v", 1, 1)))
	p.store(t, p.raiser.Raise(posting("on its way", "v", 1, 1)))
	p.store(t, p.raiser.Raise(posting("on its way", "v2", 1, 1)))
	p.store(t, p.raiser.Raise(posting("another number", "v", 1, 2)))
	p.store(t, p.raiser.Raise(posting("unsure", "v", 0.1, 1)))
	s := ad.Subscription{ID: "s1", User: "u1", Value: number(1), Known: []string{"indexed"}}
	subs.add(s)
	p.store(t, p.raiser.Late(s))
	p.store(t, p.raiser.Late(s))
	if diff := cmp.Diff(p.stored, map[string]int{ad.AlertID("s1", "on its way", number(1)): 1}); diff != "" {
		t.Errorf("stored (-got +want):\n%s", diff)
	}
}

func TestCheck(t *testing.T) {
	s := ad.Subscription{ID: "s1", User: "u1", Value: number(1), Known: []string{"known"}}
	p := newPump(subscribed{s})
	p.store(t, p.raiser.Raise(posting("told", "v", 1, 1)))
	found := []ad.Ad{posting("told", "v", 1, 1), posting("known", "v", 1, 1), posting("missed", "v", 1, 2, 1), posting("missed", "v2", 1, 1), posting("other", "v", 1, 2)}
	var got []string
	for _, a := range p.raiser.Check(s, found) {
		got = append(got, a.AdID)
	}
	if diff := cmp.Diff(got, []string{"missed"}); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
}

func TestLateForgetsOldAds(t *testing.T) {
	p := newPump(&switchable{})
	for n := range RecentAds + 3 {
		p.raiser.Raise(posting(fmt.Sprint("ad", n), "v", 1, 1))
	}
	got := p.raiser.Late(ad.Subscription{ID: "s", User: "u", Value: number(1)})
	if len(got) != RecentAds || got[0].AdID != "ad3" {
		t.Errorf("%d ads, the first %v; want %d from ad3", len(got), got[0].AdID, RecentAds)
	}
}

// TestNoAdIsMissed: a subscription made while ads pass hears of every ad that it
// did not know, whichever came first.
func TestNoAdIsMissed(t *testing.T) {
	for range 50 {
		subs := &switchable{}
		p := newPump(subs)
		var wg sync.WaitGroup
		raised := make(chan []ad.Alert, 40)
		wg.Go(func() {
			for n := range 30 {
				raised <- p.raiser.Raise(posting(fmt.Sprint("ad", n), "v", 1, 1))
			}
		})
		wg.Go(func() {
			s := ad.Subscription{ID: "s", User: "u", Value: number(1)}
			subs.add(s)
			raised <- p.raiser.Late(s)
		})
		wg.Wait()
		close(raised)
		for alerts := range raised {
			p.store(t, alerts)
		}
		// The ones before the subscription come late, the ones after it at once.
		if got := p.inbox.Page("u", 0, 100); got.Total != 30 {
			t.Fatalf("%d of 30 ads were told", got.Total)
		}
	}
}

// What was read of an ad before a decision tells a later subscriber nothing.
func TestLateGoesByTheNewestReading(t *testing.T) {
	for name, readings := range map[string][]uint64{"in order": {0, 7}, "with another before": {0, 3, 7}} {
		t.Run(name, func(t *testing.T) {
			p := newPump(&switchable{})
			for _, decided := range readings {
				a := posting("ad", "v", .9, 1)
				if a.Decided = decided; decided == 7 {
					a = posting("ad", "v", .9, 2)
					a.Decided = 7
				}
				p.raiser.Raise(a)
			}
			for n, want := range map[int]int{1: 0, 2: 1} {
				if got := p.raiser.Late(ad.Subscription{ID: "s", User: "u", Value: number(n)}); len(got) != want {
					t.Errorf("number %d: %d alerts, want %d", n, len(got), want)
				}
			}
		})
	}
}
