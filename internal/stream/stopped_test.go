package stream

import (
	"errors"
	"testing"
	"time"
)

// A process that did not run for longer than its consumer waits hands out nothing
// of what it was given, and gives nothing back: others have it.
func TestStoppedProcess(t *testing.T) {
	b, ctx := open(t, t.TempDir()), t.Context()
	options := ConsumerOptions{Inflight: 20, Wait: 10 * time.Second}
	c, err := b.Consumer(ctx, Ads, "reader", options)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Publish(ctx, batch(0, 5)); err != nil {
		t.Fatal(err)
	}
	until(t, "messages are queued", func() bool {
		c.p.mu.Lock()
		defer c.p.mu.Unlock()
		return len(c.p.queue) == 5
	})
	c.p.mu.Lock()
	c.p.ran = time.Now().Add(-20 * time.Second)
	c.p.mu.Unlock()
	if got, err := c.Fetch(ctx, 10); !errors.Is(err, errStopped) || len(got) > 0 {
		t.Errorf("after 20 s it fetched %d, %v; want errStopped", len(got), err)
	}
	c.Close()
	i, err := b.consumerInfo(ctx, Ads, "reader")
	if err != nil || i.NumAckPending != 5 {
		t.Errorf("%d messages are under way, %v; want the 5 that others may have", i.NumAckPending, err)
	}
}

// The inner server can be started again under those who are connected to it.
func TestInnerServerRestarts(t *testing.T) {
	b, ctx := open(t, t.TempDir()), t.Context()
	if err := b.Publish(ctx, batch(0, 5)); err != nil {
		t.Fatal(err)
	}
	c, err := b.Consumer(ctx, Ads, "reader", ConsumerOptions{Inflight: 20, Wait: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := b.srv.restart(); err != nil {
		t.Fatal(err)
	}
	until(t, "it is published again", func() bool { return b.Publish(ctx, batch(5, 8)) == nil })
	seen := map[uint64]bool{}
	for len(seen) < 8 {
		got, err := c.Fetch(ctx, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range got {
			seen[m.Seq] = true
		}
	}
}
