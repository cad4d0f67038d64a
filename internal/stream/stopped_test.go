package stream

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// The test binary is also the process that is stopped.
const ownerEnv = "VIGIL_TEST_OWNER"

// owner holds the lease and writes until it may not.
func owner(ctx context.Context, url string) error {
	b, err := Open(ctx, Config{URL: url, Token: "sibling"})
	if err != nil {
		return err
	}
	defer b.Close()
	l, err := b.Lease(ctx, "link", LeaseOptions{TTL: short, Owner: "child"})
	if err != nil {
		return err
	}
	p, err := b.Fenced(ctx, "link", 1, Links)
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		if err := p.Publish(ctx, changes(p.self.Pen, 20*n, 20*n+1+n%20)); err != nil {
			<-l.Context().Done()
			fmt.Println("ended:", errors.Is(err, ErrFenced), errors.Is(context.Cause(l.Context()), ErrLeaseLost))
			return nil
		}
		fmt.Println("stored", n)
	}
}

// A real process that is stopped while it writes, and goes on after another has
// taken over.
func TestStoppedProcess(t *testing.T) {
	if url := os.Getenv(ownerEnv); url != "" {
		if err := owner(context.Background(), url); err != nil {
			fmt.Println("failed:", err)
		}
		return
	}
	b := serving(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	child := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestStoppedProcess$", "-test.count=1")
	child.Env = append(os.Environ(), ownerEnv+"="+b.Address())
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && lines.Text() != "stored 30" {
	}
	if err := child.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	l, err := b.Lease(ctx, "link", LeaseOptions{TTL: short, Owner: "parent"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Release(ctx)
	p := penOf(t, b, "link", 1, Links)
	if err := p.Publish(ctx, changes(p.self.Pen, 0, 50)); err != nil {
		t.Fatal(err)
	}
	if err := child.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	var last string
	for lines.Scan() {
		if s := lines.Text(); s != "PASS" {
			last = s
		}
	}
	if err := child.Wait(); err != nil || last != "ended: true true" {
		t.Errorf("the stopped process said %q, %v; want that it was fenced and lost its lease", last, err)
	}
	if err := p.Publish(ctx, changes(p.self.Pen, 50, 100)); err != nil || !l.Held() {
		t.Errorf("the new owner: %v, held %t", err, l.Held())
	}
	if fences, stored := whole(t, b, Links); fences != 2 || stored < 100+31 {
		t.Errorf("%d fences, %d messages", fences, stored)
	}
}
