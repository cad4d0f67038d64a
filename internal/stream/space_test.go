package stream

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"vigil.example/internal/ad"
)

// small mounts a file system of its own.
func small(t *testing.T, size string) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("mounting a small file system needs root")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skip("this environment lets nobody mount a file system:", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func TestReserve(t *testing.T) {
	dir, ctx := small(t, "96m"), t.Context()
	const reserve = 32 << 20
	b, err := Open(ctx, Config{Dir: filepath.Join(dir, "streams"), Reserve: reserve})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { b.Close() }()
	fill := func(from int) (stored int, err error) {
		for ; err == nil && stored < 200; stored++ {
			msgs := make([]ad.Message, 20)
			for i := range msgs {
				msgs[i] = ad.Message{Subject: "ad.town", ID: fmt.Sprint("v", from+stored, ".", i), Data: make([]byte, 50<<10)}
			}
			err = b.Publish(ctx, msgs)
		}
		return stored - 1, err
	}
	stored, err := fill(0)
	if !errors.Is(err, ErrFull) || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "MiB are free") {
		t.Fatalf("a full disk says %v, want ErrFull with the free space and the folder", err)
	}
	if _, err := b.Append(ctx, "decisions.subscription.a", "", []byte("1"), 0); !errors.Is(err, ErrFull) {
		t.Errorf("an append to a full disk says %v, want ErrFull", err)
	}
	if free, kept := b.Free(); free < reserve/2 || free > reserve+(4<<20) || kept != reserve {
		t.Errorf("%d MiB are free and %d kept", free>>20, kept>>20)
	}
	if got := count(t, b); got != uint64(20*stored) {
		t.Errorf("%d messages are stored, want the %d acknowledged", got, 20*stored)
	}
	// Room comes back while it runs, and erasing works on the full disk.
	if n, err := b.Erase(ctx, Ads, []uint64{3}); err != nil || n != 1 {
		t.Fatalf("erasing on a full disk: %d, %v", n, err)
	}
	if err := b.Trim(ctx, Ads, uint64(10*stored)); err != nil {
		t.Fatal(err)
	}
	until(t, "publishing works again when there is room", func() bool { return b.Publish(ctx, batch(0, 20)) == nil })
	if _, err := b.Append(ctx, "decisions.subscription.a", "", []byte("1"), 0); err != nil {
		t.Error(err)
	}
	b.Close()
	if b, err = Open(ctx, Config{Dir: filepath.Join(dir, "streams"), Reserve: reserve}); err != nil {
		t.Fatal(err)
	}
	if got := count(t, b); got != uint64(10*stored+20) {
		t.Errorf("%d messages are there after a restart, want %d", got, 10*stored+20)
	}
}
