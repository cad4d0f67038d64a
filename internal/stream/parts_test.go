package stream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"vigil.example/internal/ad"
)

// bigPage is unlike itself everywhere, so that a part in the wrong place shows.
func bigPage(size int, mark string) []byte {
	b := make([]byte, 0, size+32)
	for i := 0; len(b) < size; i++ {
		b = fmt.Appendf(b, "%s-%d ", mark, i)
	}
	return b[:size]
}

func TestParts(t *testing.T) {
	srv := serve(t, server.Options{JetStream: true, StoreDir: t.TempDir(), MaxPayload: 64 << 10})
	b, ctx := connectTo(t, Config{URL: srv.ClientURL()}), t.Context()
	capture := func(id string, size int) ad.Message {
		return ad.Message{Subject: "capture.crawl.town", ID: id, Data: bigPage(size, id), Header: map[string]string{"Vigil-Source": id}}
	}
	room := b.largest()
	want := []ad.Message{capture("small", 100), capture("just", room), capture("over", room+1), capture("huge", 10*room+7), capture("last", 10)}
	for range 2 { // the second time all ids are known
		if err := b.Publish(ctx, want); err != nil {
			t.Fatal(err)
		}
	}
	same := func(what string, got ad.Message, want ad.Message) {
		t.Helper()
		if got.ID != want.ID || got.Subject != want.Subject || !bytes.Equal(got.Data, want.Data) || len(got.Header) != 1 || got.Header["Vigil-Source"] != want.ID {
			t.Errorf("%s: got %s of %d bytes with %v, want %s of %d", what, got.ID, len(got.Data), got.Header, want.ID, len(want.Data))
		}
	}
	var replayed []ad.Message
	if _, err := b.Replay(ctx, Captures, 0, nil, func(m ad.Message) error { replayed = append(replayed, m); return nil }); err != nil || len(replayed) != len(want) {
		t.Fatalf("replayed %d, %v; want %d", len(replayed), err, len(want))
	}
	for i, m := range replayed {
		same("replay", m, want[i])
		got, err := b.Get(ctx, Captures, m.Seq)
		if err != nil {
			t.Fatal(err)
		}
		same("get", got, want[i])
	}
	var heads []ad.Message
	if _, err := b.ReplayHeads(ctx, Captures, 0, nil, func(m ad.Message) error { heads = append(heads, m); return nil }); err != nil || len(heads) != len(want) {
		t.Fatalf("replayed %d heads, %v; want %d", len(heads), err, len(want))
	}
	for i, m := range heads {
		if m.ID != want[i].ID || m.Subject != want[i].Subject || m.Seq != replayed[i].Seq || len(m.Data) != 0 || !maps.Equal(m.Header, want[i].Header) {
			t.Errorf("the head of %s is %+v", want[i].ID, m)
		}
	}
	for _, filter := range [][]string{nil, {"capture.crawl.*"}} {
		c, err := b.Consumer(ctx, Captures, fmt.Sprint("reader", len(filter)), ConsumerOptions{Filter: filter, Inflight: 20, Wait: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		for got := 0; got < len(want); {
			ms, err := c.Fetch(ctx, 20)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range ms {
				same("fetch", m, want[got])
				got++
			}
		}
	}
	tail, stop := context.WithCancel(ctx)
	n := 0
	err := b.Tail(tail, Captures, 1, []string{"capture.>"}, 3, func(ms []ad.Message) error {
		for _, m := range ms {
			same("tail", m, want[n])
			if n++; n == len(want) {
				stop()
			}
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("tail ended with %v", err)
	}
	if m, err := b.LastOf(ctx, Captures, "capture.crawl.town"); err != nil || m.ID != "last" {
		t.Errorf("the newest is %s, %v", m.ID, err)
	}

	err = b.Publish(ctx, []ad.Message{{Subject: "ad.town", ID: "v1", Data: bigPage(room+1, "v1")}})
	var permanent interface{ Permanent() bool }
	if !errors.As(err, &permanent) || !permanent.Permanent() {
		t.Errorf("an ad that is too big gave %v, want an error that no retry cures", err)
	}

	huge := replayed[3].Seq
	before, err := b.Info(ctx, Captures)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := b.Erase(ctx, Captures, []uint64{huge, 9999}); err != nil || n != 1 {
		t.Fatalf("erased %d, %v; want 1: the other was never there", n, err)
	}
	after, err := b.Info(ctx, Captures)
	if err != nil || before.Messages-after.Messages != 11 {
		t.Errorf("%d stored messages went, %v; want the message and its 10 parts", before.Messages-after.Messages, err)
	}
	if _, err := b.Get(ctx, Captures, 0); !errors.Is(err, ad.ErrNotFound) {
		t.Errorf("message 0: %v", err)
	}
	if _, err := b.Get(ctx, Captures, huge); !errors.Is(err, ad.ErrNotFound) {
		t.Errorf("an erased message says %v", err)
	}
}
