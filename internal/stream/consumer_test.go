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
	got, err := c.Fetch(ctx, 10)
	if err != nil || len(got) != 3 {
		t.Fatalf("fetched %d, %v", len(got), err)
	}
	fetched := make(chan error, 1)
	go func() { _, err := c.Fetch(ctx, 10); fetched <- err }()
	if err := b.js.DeleteConsumer(ctx, Ads, "reader"); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-fetched:
		if !errors.Is(err, ErrConsumerGone) {
			t.Errorf("a waiting reader got %v, want ErrConsumerGone", err)
		}
	case <-time.After(3 * time.Second):
		t.Fatal("a waiting reader was not told within 3 s that its consumer is gone")
	}
	if err := c.Ack(got[0].Seq); err != nil {
		t.Errorf("an acknowledgement of a consumer that is gone: %v", err)
	}
	again, err := b.Consumer(ctx, Ads, "reader", options)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if got, err := again.Fetch(ctx, 10); err != nil || len(got) != 3 {
		t.Errorf("opened anew it fetched %d, %v; want all 3 again", len(got), err)
	}
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
		got, err := c.Fetch(ctx, 20)
		if err != nil || got[0].Seq != 16 || len(got) != 5 {
			t.Fatalf("fetched %d from %d, %v; want 5 from 16", len(got), got[0].Seq, err)
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
	b, ctx := open(t, t.TempDir()), t.Context()
	if err := b.Publish(ctx, batch(0, 4)); err != nil {
		t.Fatal(err)
	}
	options := ConsumerOptions{Inflight: 8, Wait: 2 * time.Second}
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
	wait, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	for wait.Err() == nil {
		ms, _ := other.Fetch(wait, 4)
		for _, m := range ms {
			if m.Seq != first[0].Seq {
				t.Fatalf("message %d was given to another while its reader held it", m.Seq)
			}
		}
	}
	slow.Close()
	started := time.Now()
	for seen := map[uint64]bool{}; len(seen) < 3; {
		ms, err := other.Fetch(ctx, 4)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range ms {
			if m.Seq != first[0].Seq {
				seen[m.Seq] = true
			}
		}
	}
	if took := time.Since(started); took > time.Second {
		t.Errorf("what a closed reader had read ahead came after %v, want at once", took)
	}
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
		if took := time.Since(stored); took > 10*linger {
			t.Errorf("a lone message came after %v", took)
		}
	}
	if err := b.Publish(ctx, batch(100, 400)); err != nil {
		t.Fatal(err)
	}
	if ms, err := c.Fetch(ctx, 256); err != nil || len(ms) < 100 {
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
