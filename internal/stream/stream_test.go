package stream

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"vigil.example/internal/ad"
)

func open(t *testing.T, dir string) *Bus {
	t.Helper()
	b, err := Open(t.Context(), Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

func batch(from, to int) []ad.Message {
	var out []ad.Message
	for i := from; i < to; i++ {
		out = append(out, ad.Message{Subject: "ad.town", ID: fmt.Sprint("v", i), Data: []byte(fmt.Sprint(i)), Header: map[string]string{"Vigil-Source": fmt.Sprint(i)}})
	}
	return out
}

func count(t *testing.T, b *Bus) uint64 {
	t.Helper()
	i, err := b.Info(t.Context(), Ads)
	if err != nil {
		t.Fatal(err)
	}
	return i.Messages
}

func TestPublish(t *testing.T) {
	b := open(t, t.TempDir())
	steps := []struct {
		name     string
		from, to int
		want     uint64
	}{
		{"one message", 0, 1, 1},
		{"a few messages go as single publishes", 1, 5, 5},
		{"many messages go as one atomic batch", 5, 500, 500},
		{"a batch of known ids stores nothing", 100, 400, 500},
		{"known ids at both ends are left out", 400, 700, 700},
		{"more than the server takes at once", 700, 3300, 3300},
	}
	for _, s := range steps {
		if err := b.Publish(t.Context(), batch(s.from, s.to)); err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		if got := count(t, b); got != s.want {
			t.Errorf("%s: %d messages stored, want %d", s.name, got, s.want)
		}
	}
	next := 0
	last, err := b.Replay(t.Context(), Ads, 1, nil, func(m ad.Message) error {
		if string(m.Data) != fmt.Sprint(next) || m.ID != fmt.Sprint("v", next) || m.Header["Vigil-Source"] != fmt.Sprint(next) {
			t.Fatalf("message %d is %q with id %s", next, m.Data, m.ID)
		}
		next++
		return nil
	})
	if err != nil || next != 3300 || last != 3300 {
		t.Fatalf("replayed %d messages to %d, %v; want 3300", next, last, err)
	}
}

func TestConsumer(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir)
	if err := b.Publish(t.Context(), batch(0, 20)); err != nil {
		t.Fatal(err)
	}
	c, err := b.Consumer(t.Context(), Ads, "reader", ConsumerOptions{Inflight: 100, Wait: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	got := fetch(t, c, 10)
	for _, m := range got[:4] {
		if err := c.Ack(m.Seq); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Nak(got[4].Seq, time.Millisecond); err != nil {
		t.Fatal(err)
	}
	seen := map[uint64]int{}
	for len(seen) < 11 {
		more, err := c.Fetch(t.Context(), 20)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range more {
			seen[m.Seq] = m.Attempt
		}
	}
	if seen[got[4].Seq] != 2 {
		t.Errorf("a message given back came in attempt %d, want 2", seen[got[4].Seq])
	}
	c.Close()
	if n, err := b.Waiting(t.Context(), Ads, "reader"); err != nil || n != 16 {
		t.Errorf("%d waiting, %v; want 16", n, err)
	}
}

// Events that are stored together are stored all or none: also when one of them was
// overtaken, came twice, or has an id that is known.
func TestAppendAll(t *testing.T) {
	b := open(t, t.TempDir())
	ctx, j := t.Context(), b.Journal(Decisions)
	events := func(prefix string, n int) (out []ad.Event) {
		for i := range n {
			out = append(out, ad.Event{Subject: fmt.Sprint("decisions.label.", prefix, i), ID: fmt.Sprint(prefix, i), Data: fmt.Append(nil, prefix, i)})
		}
		return out
	}
	check := func(want int) {
		t.Helper()
		var got []string
		if _, err := j.Replay(ctx, 0, func(_ uint64, s string, d []byte) error { got = append(got, s+" "+string(d)); return nil }); err != nil || len(got) != want {
			t.Fatalf("%d events, %v, want %d: %v", len(got), err, want, got)
		}
	}
	for _, n := range []int{1, 2, 500} {
		last, err := j.AppendAll(ctx, events(fmt.Sprint("n", n, "-"), n))
		if err != nil {
			t.Fatal(err)
		}
		seq, data, err := j.Last(ctx, fmt.Sprint("decisions.label.n", n, "-0"))
		if err != nil || seq != last-uint64(n)+1 || string(data) != fmt.Sprint("n", n, "-0") {
			t.Errorf("the first of %d is at %d with %q, %v; the last at %d", n, seq, data, err, last)
		}
	}
	check(503)
	overtaken, twice, known := events("a", 40), events("b", 40), events("c", 40)
	overtaken[20] = ad.Event{Subject: "decisions.label.n1-0", ID: "another", Data: []byte("x")}
	twice[30].Subject = twice[3].Subject
	known[39].ID = "n500-7"
	for name, of := range map[string][]ad.Event{"overtaken": overtaken, "one subject twice": twice, "a known id": known} {
		if _, err := j.AppendAll(ctx, of); !errors.Is(err, ErrConflict) {
			t.Errorf("%s: %v, want ErrConflict", name, err)
		}
		check(503)
	}
	for _, n := range []int{0, 1001} {
		if _, err := j.AppendAll(ctx, events("d", n)); err == nil || errors.Is(err, ErrConflict) {
			t.Errorf("%d events: %v", n, err)
		}
	}
	if seq, _, err := j.Last(ctx, "decisions.label.n1-0"); err != nil {
		t.Fatal(err)
	} else {
		overtaken[20].Expect = seq
	}
	if _, err := j.AppendAll(ctx, overtaken); err != nil {
		t.Error(err)
	}
	check(543)
}

func TestAppendConflict(t *testing.T) {
	b := open(t, t.TempDir())
	ctx := t.Context()
	j := b.Journal(Decisions)
	one, err := j.Append(ctx, "decisions.subscription.a", "", []byte("1"), 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.Append(ctx, "decisions.subscription.b", "", []byte("x"), 0); err != nil {
		t.Fatalf("another subject does not conflict: %v", err)
	}
	if _, err := j.Append(ctx, "decisions.subscription.a", "", []byte("2"), 0); !errors.Is(err, ErrConflict) {
		t.Fatalf("a stale writer got %v, want ErrConflict", err)
	}
	if _, err := j.Append(ctx, "decisions.subscription.a", "", []byte("2"), one); err != nil {
		t.Fatal(err)
	}
	var got []string
	if _, err := j.Replay(ctx, 0, func(_ uint64, s string, d []byte) error { got = append(got, s+"="+string(d)); return nil }); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(got) != "[decisions.subscription.a=1 decisions.subscription.b=x decisions.subscription.a=2]" {
		t.Errorf("replayed %v", got)
	}
}

func TestReopen(t *testing.T) {
	dir := t.TempDir()
	b, err := Open(t.Context(), Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Publish(t.Context(), batch(0, 100)); err != nil {
		t.Fatal(err)
	}
	b.Close()
	b = open(t, dir)
	if err := b.Publish(t.Context(), batch(50, 150)); err != nil {
		t.Fatal(err)
	}
	if got := count(t, b); got != 150 {
		t.Errorf("%d stored after reopening, want 150: ids are remembered", got)
	}
	if _, err := b.Get(t.Context(), Ads, 999); !errors.Is(err, ad.ErrNotFound) {
		t.Errorf("a message that is not there gave %v, want ad.ErrNotFound", err)
	}
}

func TestTail(t *testing.T) {
	b := open(t, t.TempDir())
	if err := b.Publish(t.Context(), batch(0, 30)); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	n := 0
	err := b.Tail(ctx, Ads, 11, nil, 7, func(ms []ad.Message) error {
		for _, m := range ms {
			n++
			if m.Seq != uint64(n+10) {
				t.Errorf("message %d has sequence %d", n, m.Seq)
			}
		}
		if n == 20 {
			if err := b.Publish(t.Context(), batch(30, 35)); err != nil {
				return err
			}
		}
		if n == 25 {
			stop()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || n != 25 {
		t.Errorf("tail saw %d messages and ended with %v", n, err)
	}
}
