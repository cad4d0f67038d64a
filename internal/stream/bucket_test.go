package stream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

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
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
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
