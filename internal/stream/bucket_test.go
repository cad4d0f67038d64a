package stream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats-server/v2/server"

	"vigil.example/internal/ad"
)

func TestBucket(t *testing.T) {
	dir := t.TempDir()
	b, err := Open(t.Context(), Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	if keys, err := b.Keys(ctx, Progress); err != nil || len(keys) != 0 {
		t.Errorf("a new bucket has the keys %v, %v", keys, err)
	}
	if _, err := b.Value(ctx, Progress, "alert"); !errors.Is(err, ad.ErrNotFound) {
		t.Errorf("a key that is not there gave %v, want ad.ErrNotFound", err)
	}
	if err := b.Delete(ctx, Progress, "alert"); err != nil {
		t.Errorf("deleting a key that is not there: %v", err)
	}
	for _, v := range []string{"1", "2"} {
		if err := b.Put(ctx, Progress, "alert", []byte(v)); err != nil {
			t.Fatal(err)
		}
	}
	b.Close()
	b = open(t, dir)
	e, err := b.Value(ctx, Progress, "alert")
	if err != nil || string(e.Value) != "2" || e.Key != "alert" || time.Since(e.Time).Abs() > time.Hour {
		t.Fatalf("read %+v, %v; want the newest value, after a restart too", e, err)
	}
	if i, err := b.Info(ctx, "KV_"+Progress); err != nil || i.Messages > 2 {
		t.Errorf("the bucket holds %d messages, %v: old values stay", i.Messages, err)
	}

	swaps := []struct {
		name     string
		key      string
		revision uint64
		want     error
	}{
		{"of the newest revision", "alert", e.Revision, nil},
		{"of a revision that is gone", "alert", e.Revision, ErrConflict},
		{"of a key that should not be there and is", "alert", 0, ErrConflict},
		{"of a key that should not be there and is not", "index", 0, nil},
		{"of a key that should be there and is not", "link", 3, ErrConflict},
	}
	for _, s := range swaps {
		next, err := b.Swap(ctx, Progress, s.key, []byte(s.name), s.revision)
		if !errors.Is(err, s.want) || err == nil && next <= e.Revision {
			t.Errorf("swap %s: revision %d, %v; want %v", s.name, next, err, s.want)
		}
	}
	if err := b.Delete(ctx, Progress, "alert"); err != nil {
		t.Fatal(err)
	}
	if keys, err := b.Keys(ctx, Progress); err != nil || !slices.Equal(keys, []string{"index"}) {
		t.Errorf("keys %v, %v; want index", keys, err)
	}
	if _, err := b.Swap(ctx, Progress, "alert", []byte("again"), 0); err != nil {
		t.Errorf("a deleted key can be made again: %v", err)
	}
	if err := b.Put(ctx, "ELSEWHERE", "k", nil); err == nil {
		t.Error("a bucket that is not declared was written")
	}
	if err := b.Put(ctx, Progress, "no such key", nil); err == nil {
		t.Error("a key with spaces was written")
	}
}

func TestWatch(t *testing.T) {
	b := open(t, t.TempDir())
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	if err := b.Put(ctx, Sessions, "before", []byte("1")); err != nil {
		t.Fatal(err)
	}
	var got []string
	err := b.Watch(ctx, Sessions, func(e Entry) error {
		got = append(got, fmt.Sprintf("%s=%s %t", e.Key, e.Value, e.Deleted))
		switch len(got) {
		case 1:
			return b.Put(ctx, Sessions, "after", []byte("2"))
		case 2:
			return b.Delete(ctx, Sessions, "before")
		}
		stop()
		return nil
	})
	want := []string{"before=1 false", "after=2 false", "before= true"}
	if !errors.Is(err, context.Canceled) || !slices.Equal(got, want) {
		t.Errorf("saw %q and ended with %v; want %q", got, err, want)
	}
}

func TestEntriesGoByTheServersClock(t *testing.T) {
	b := open(t, t.TempDir())
	for _, k := range []string{"one", "two", "gone"} {
		if err := b.Put(t.Context(), Roll, k, []byte(k)); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Delete(t.Context(), Roll, "gone"); err != nil {
		t.Fatal(err)
	}
	got, now, err := b.Entries(t.Context(), Roll)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]string{}
	for _, e := range got {
		values[e.Key] = string(e.Value)
		if d := now.Sub(e.Time); d < 0 || d > patience {
			t.Errorf("%s is %v old by the server's clock", e.Key, d)
		}
	}
	if diff := cmp.Diff(values, map[string]string{"one": "one", "two": "two"}); diff != "" {
		t.Errorf("got and want:\n%s", diff)
	}
}

// What cannot be done because the server is away says so, at once.
func TestAwayByName(t *testing.T) {
	srv := serve(t, server.Options{JetStream: true, StoreDir: t.TempDir()})
	b, err := Open(t.Context(), Config{URL: srv.ClientURL()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	srv.Shutdown()
	srv.WaitForShutdown()
	until(t, "the connection is lost", func() bool { return !b.Connected() })
	ctx, cancel := context.WithTimeout(t.Context(), late)
	defer cancel()
	for what, f := range map[string]func() error{
		"asking":    func() error { return b.Answers(ctx, time.Second) },
		"publish":   func() error { return b.Publish(ctx, []ad.Message{{Subject: "ad.x", ID: "1", Data: []byte("x")}}) },
		"append":    func() error { _, err := b.Append(ctx, "audit.entry", "1", []byte("x"), 0); return err },
		"info":      func() error { _, err := b.Info(ctx, Ads); return err },
		"waiting":   func() error { _, err := b.Waiting(ctx, Ads, "alert"); return err },
		"get":       func() error { _, err := b.Get(ctx, Ads, 1); return err },
		"replay":    func() error { _, err := b.Replay(ctx, Ads, 0, nil, nil); return err },
		"value":     func() error { _, err := b.Value(ctx, Progress, "x"); return err },
		"entries":   func() error { _, _, err := b.Entries(ctx, Roll); return err },
		"newest of": func() error { _, err := b.LastOf(ctx, Ads, "ad.x"); return err },
	} {
		if err := f(); !errors.Is(err, ErrAway) {
			t.Errorf("%s says %v, want ErrAway", what, err)
		}
	}
	if ctx.Err() != nil {
		t.Errorf("they took longer than %v", late)
	}
}
