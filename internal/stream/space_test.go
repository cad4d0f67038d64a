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
	skip := t.Skip
	if os.Getenv("CI") != "" { // there it must run
		skip = t.Fatal
	}
	if os.Getuid() != 0 {
		skip("mounting a small file system needs root")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		skip("this environment lets nobody mount a file system:", err)
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
	// Somebody else takes what is left above the reserve, and some of it.
	ballast := filepath.Join(dir, "ballast")
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(ballast, make([]byte, int64(fs.Bavail)*fs.Bsize-reserve/2), 0o600); err != nil {
		t.Fatal(err)
	}
	until(t, "the room left is known", func() bool { free, kept := b.Free(); return free <= reserve/2 && kept == reserve })
	full := func(err error) bool { return errors.Is(err, ErrFull) }
	until(t, "one message is refused", func() bool { return full(b.Publish(ctx, batch(9000, 9001))) })
	if _, err := b.Append(ctx, "decisions.subscription.a", "", []byte("1"), 0); !full(err) {
		t.Errorf("an append to a full disk says %v, want ErrFull", err)
	}
	late := count(t, b) - uint64(20*stored) // the one message, if it was let through at first
	if late > 1 {
		t.Errorf("%d messages more are stored than the %d acknowledged", late, 20*stored)
	}
	// Erasing works on the full disk, and when room comes back all goes on by itself.
	if n, err := b.Erase(ctx, Ads, []uint64{3}); err != nil || n != 1 {
		t.Fatalf("erasing on a full disk: %d, %v", n, err)
	}
	if err := b.Trim(ctx, Ads, uint64(10*stored)); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(ballast); err != nil {
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
	if got := count(t, b); got != uint64(10*stored+20)+late {
		t.Errorf("%d messages are there after a restart, want %d", got, uint64(10*stored+20)+late)
	}
}
