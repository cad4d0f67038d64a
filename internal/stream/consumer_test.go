package stream

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"vigil.example/internal/ad"
)

func TestConsumerGone(t *testing.T) {
	b, ctx := open(t, t.TempDir()), t.Context()
	options := ConsumerOptions{Inflight: 10, Wait: time.Minute}
	if err := b.Publish(ctx, batch(0, 3)); err != nil {
		t.Fatal(err)
	}
	c, err := b.Consumer(ctx, Ads, "reader", options)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	got := fetch(t, c, 3)
	waits := make(chan error, 1)
	go func() { _, err := c.Fetch(ctx, 10); waits <- err }()
	if err := b.js.DeleteConsumer(ctx, Ads, "reader"); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-waits:
		if !errors.Is(err, ErrConsumerGone) {
			t.Errorf("a waiting reader got %v, want ErrConsumerGone", err)
		}
	case <-time.After(patience):
		t.Fatal("a waiting reader was not told that its consumer is gone")
	}
	if err := c.Ack(got[0].Seq); err != nil {
		t.Errorf("an acknowledgement of a consumer that is gone: %v", err)
	}
	again, err := b.Consumer(ctx, Ads, "reader", options)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	fetch(t, again, 3) // all again
}

// fetch fetches n messages, in however many batches they come.
func fetch(t *testing.T, c *Consumer, n int) (got []ad.Message) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for len(got) < n {
		ms, err := c.Fetch(ctx, n-len(got))
		if got = append(got, ms...); err != nil {
			t.Fatalf("fetched %d, want %d: %v", len(got), n, err)
		}
	}
	return got
}

func TestConsumerStart(t *testing.T) {
	b, ctx := open(t, t.TempDir()), t.Context()
	if err := b.Publish(ctx, batch(0, 20)); err != nil {
		t.Fatal(err)
	}
	for range 2 { // where it starts counts only when it is made
		c, err := b.Consumer(ctx, Ads, "late", ConsumerOptions{Inflight: 40, Wait: time.Minute, Start: 16})
		if err != nil {
			t.Fatal(err)
		}
		got := fetch(t, c, 5)
		if got[0].Seq != 16 || got[4].Seq != 20 {
			t.Fatalf("fetched %d to %d; want 16 to 20", got[0].Seq, got[4].Seq)
		}
		for _, m := range got {
			if err := c.Nak(m.Seq, 0); err != nil {
				t.Fatal(err)
			}
		}
		c.Close()
	}
	c, err := b.Consumer(ctx, Ads, "late", ConsumerOptions{Inflight: 40, Wait: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}

// TestConsumerHolds checks that what is read ahead is not given to others while
// its reader is slow, and is given at once when the reader closes.
func TestConsumerHolds(t *testing.T) {
	for wait := 2 * time.Second; !heldFor(t, wait); wait *= 2 { // a loaded machine may not run its reader in time
		if wait > time.Minute {
			t.Fatal("messages were given to another while their reader held them")
		}
	}
}

// heldFor reports whether nobody else was given what a slow reader of a consumer that
// waits so long had read ahead.
func heldFor(t *testing.T, wait time.Duration) bool {
	b, ctx := open(t, t.TempDir()), t.Context()
	if err := b.Publish(ctx, batch(0, 4)); err != nil {
		t.Fatal(err)
	}
	options := ConsumerOptions{Inflight: 8, Wait: wait}
	slow, err := b.Consumer(ctx, Ads, "shared", options)
	if err != nil {
		t.Fatal(err)
	}
	first, err := slow.Fetch(ctx, 1)
	if err != nil {
		t.Fatal(err)
	}
	until(t, "the slow one has read ahead", func() bool { slow.p.mu.Lock(); defer slow.p.mu.Unlock(); return len(slow.p.queue) == 3 })
	other, err := b.Consumer(ctx, Ads, "shared", options)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	whole, cancel := context.WithTimeout(ctx, wait*5/2)
	defer cancel()
	for whole.Err() == nil {
		ms, _ := other.Fetch(whole, 4)
		for _, m := range ms {
			if m.Seq != first[0].Seq {
				t.Logf("waiting %v, message %d was given to another while its reader held it", wait, m.Seq)
				slow.Close()
				return false
			}
		}
	}
	slow.Close()
	return true
}

// TestClosedGivesBack checks that what a reader had read ahead is given to others as
// soon as it closes, however long they would wait for it.
func TestClosedGivesBack(t *testing.T) {
	b, ctx := open(t, t.TempDir()), t.Context()
	if err := b.Publish(ctx, batch(0, 4)); err != nil {
		t.Fatal(err)
	}
	options := ConsumerOptions{Inflight: 8, Wait: time.Hour}
	slow, err := b.Consumer(ctx, Ads, "shared", options)
	if err != nil {
		t.Fatal(err)
	}
	fetch(t, slow, 1)
	until(t, "the slow one has read ahead", func() bool { slow.p.mu.Lock(); defer slow.p.mu.Unlock(); return len(slow.p.queue) == 3 })
	other, err := b.Consumer(ctx, Ads, "shared", options)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	slow.Close()
	fetch(t, other, 3)
}

func TestFetchLingers(t *testing.T) {
	b, ctx := open(t, t.TempDir()), t.Context()
	c, err := b.Consumer(ctx, Ads, "reader", ConsumerOptions{Inflight: 1000, Wait: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i := range 3 {
		if err := b.Publish(ctx, batch(i, i+1)); err != nil {
			t.Fatal(err)
		}
		stored := time.Now()
		if ms, err := c.Fetch(ctx, 100); err != nil || len(ms) != 1 {
			t.Fatalf("fetched %d, %v", len(ms), err)
		}
		if took := time.Since(stored); took > late { // and not when the request for more ends
			t.Errorf("a lone message came after %v", took)
		}
	}
	if err := b.Publish(ctx, batch(100, 400)); err != nil {
		t.Fatal(err)
	}
	until(t, "the flood has come", func() bool { c.p.mu.Lock(); defer c.p.mu.Unlock(); return len(c.p.queue) == 300 })
	if ms, err := c.Fetch(ctx, 256); err != nil || len(ms) != 256 {
		t.Errorf("of 300 messages a fetch took %d, %v", len(ms), err)
	}
}

func TestTrim(t *testing.T) {
	b, ctx := open(t, t.TempDir()), t.Context()
	if err := b.Publish(ctx, batch(0, 30)); err != nil {
		t.Fatal(err)
	}
	if err := b.Trim(ctx, Ads, 12); err != nil {
		t.Fatal(err)
	}
	if i, err := b.Info(ctx, Ads); err != nil || i.First != 13 || i.Messages != 18 {
		t.Errorf("after trimming up to 12 the first is %d of %d, %v", i.First, i.Messages, err)
	}
	if err := b.Publish(ctx, batch(5, 6)); err != nil {
		t.Fatal(err)
	}
	if got := count(t, b); got != 18 {
		t.Errorf("an id of a trimmed message was stored again: %d messages", got)
	}
	if err := b.Trim(ctx, Audit, 1); err == nil {
		t.Error("a sealed stream was trimmed")
	}
	if _, err := b.LastOf(ctx, Ads, "ad.nowhere"); !errors.Is(err, ad.ErrNotFound) {
		t.Errorf("the newest of nothing is %v", err)
	}
}

// TestCut trims where the server says blocks begin and looks for what was trimmed
// in every byte.
func TestCut(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	b := open(t, dir)
	token := func(i int) string { return fmt.Sprintf("<token %06d>", i) }
	const n = 3000
	for from := 0; from < n; from += 500 {
		var msgs []ad.Message
		for i := from; i < from+500; i++ {
			msgs = append(msgs, ad.Message{Subject: "ad.town", ID: fmt.Sprint("v", i), Data: append([]byte(token(i)), make([]byte, 10_000)...)})
		}
		if err := b.Publish(ctx, msgs); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Erase(ctx, Ads, []uint64{1, 2, 1500}); err != nil {
		t.Fatal(err)
	}
	if cut, err := b.Cut(Ads, 100); err != nil || cut != 0 {
		t.Errorf("within the first block the cut is at %d, %v; want 0", cut, err)
	}
	cut, err := b.Cut(Ads, 2000)
	if err != nil || cut < 1000 || cut >= 2000 {
		t.Fatalf("the cut is at %d, %v; want one in the block below 2000", cut, err)
	}
	if err := b.Trim(ctx, Ads, cut); err != nil {
		t.Fatal(err)
	}
	if n := found(t, dir, []byte(token(int(cut)))); n != 1 { // its sequence is one more
		t.Errorf("the first message that stays is found %d times, want 1", n)
	}
	for _, gone := range []int{0, 1, 2, 1499, int(cut) - 1, int(cut) - 2, int(cut) - 300} {
		if n := found(t, dir, []byte(token(gone))); n > 0 {
			t.Errorf("message %d was trimmed and is found %d times", gone+1, n)
		}
	}
	if i, err := b.Info(ctx, Ads); err != nil || i.First != cut+1 || i.Messages != n-cut {
		t.Errorf("%d messages from %d, %v; want all after %d", i.Messages, i.First, err, cut)
	}
}
