package stream

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"
)

// serving opens streams that siblings may use too.
func serving(t *testing.T) *Bus {
	t.Helper()
	b, err := Open(t.Context(), Config{Dir: t.TempDir(), Listen: "127.0.0.1:0", Token: "sibling"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// sibling is the connection of another process to the same server.
func sibling(t *testing.T, b *Bus) *Bus {
	t.Helper()
	s, err := Open(t.Context(), Config{URL: b.Address(), Token: "sibling"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// stopped makes the holder of a lease behave like a stopped process or one whose
// clock stands still: it renews nothing and believes that it holds the lease. What
// it does meanwhile is what such a process does when it goes on. The function
// returned lets it see the time again.
func stopped(l *Lease) (wake func()) {
	l.renewing.Lock()
	l.mu.Lock()
	sent := l.sent
	l.sent = time.Now().Add(time.Hour)
	l.mu.Unlock()
	return func() {
		l.mu.Lock()
		l.sent = sent
		l.mu.Unlock()
		l.renewing.Unlock()
		l.Held()
	}
}

func take(t *testing.T, b *Bus, name string, o LeaseOptions) *Lease {
	t.Helper()
	l, err := b.Lease(t.Context(), name, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Release(context.Background()); err != nil && b.nc.IsConnected() {
			t.Errorf("release: %v", err)
		}
	})
	return l
}

func ended(t *testing.T, l *Lease) error {
	t.Helper()
	select {
	case <-l.Context().Done():
		return context.Cause(l.Context())
	case <-time.After(patience):
		t.Fatal("the lease does not end")
		return nil
	}
}

// short is a TTL for tests; a loaded machine may delay a renewal by some of it.
const short = 900 * time.Millisecond

func TestLease(t *testing.T) {
	one := serving(t)
	two := sibling(t, one)
	ctx := t.Context()

	a := take(t, one, "link", LeaseOptions{TTL: short, Owner: "first"})
	info, err := two.Leases(ctx)
	if err != nil || len(info) != 1 || info[0].Name != "link" || info[0].Owner != "first" || info[0].PID == 0 || info[0].Host == "" || info[0].TTL != short || time.Since(info[0].Since) > time.Hour {
		t.Fatalf("leases %+v, %v", info, err)
	}

	// A holder that renews keeps it, however long another waits. On a loaded machine it
	// may not come to renew it in time.
	for ttl := short; ; ttl *= 2 {
		wait, cancel := context.WithTimeout(ctx, 3*ttl)
		l, err := two.Lease(wait, "link", LeaseOptions{TTL: ttl})
		cancel()
		if errors.Is(err, context.DeadlineExceeded) && a.Held() {
			break
		}
		if ttl > time.Minute || err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got the lease %v of a living holder, %v; it holds it: %t, %v", l, err, a.Held(), context.Cause(a.Context()))
		}
		if l != nil {
			if err := l.Release(ctx); err != nil {
				t.Fatal(err)
			}
		}
		a = take(t, one, "link", LeaseOptions{TTL: 2 * ttl})
	}
	if err := a.Release(ctx); err != nil {
		t.Fatal(err)
	}
	a = take(t, one, "link", LeaseOptions{TTL: time.Minute})

	// Another name is another lease.
	take(t, two, "crawl-townboard", LeaseOptions{TTL: short})

	// Released, it is free at once.
	got := make(chan *Lease)
	idle := two.nc.NumSubscriptions()
	go func() {
		l, err := two.Lease(ctx, "link", LeaseOptions{TTL: time.Minute, Owner: "second"})
		if err != nil {
			t.Error(err)
		}
		got <- l
	}()
	for two.nc.NumSubscriptions() == idle { // it is not waiting yet
		runtime.Gosched()
	}
	began := time.Now()
	if err := a.Release(ctx); err != nil {
		t.Fatal(err)
	}
	b := <-got
	if took := time.Since(began); took > late {
		t.Errorf("a released lease was taken after %s, want at once", took)
	}
	if a.Held() || !errors.Is(context.Cause(a.Context()), context.Canceled) || !b.Held() {
		t.Errorf("after the hand-over the first holds %t (%v), the second %t", a.Held(), context.Cause(a.Context()), b.Held())
	}
	if err := a.Release(ctx); err != nil || !b.Held() {
		t.Errorf("a second release: %v; the other holds %t", err, b.Held())
	}

	// Who knows that nobody else is there need not wait for the TTL of a minute.
	began = time.Now()
	c := take(t, one, "link", LeaseOptions{TTL: short, Sole: true})
	if took := time.Since(began); took > late {
		t.Errorf("the sole one waited %s", took)
	}
	if !c.Held() {
		t.Error("the sole one does not hold it")
	}
	if err := b.renew(ctx); !errors.Is(err, ErrLeaseLost) {
		t.Errorf("the one before renewed it: %v", err)
	}
	if err := ended(t, b); !errors.Is(err, ErrLeaseLost) {
		t.Errorf("the one before ended with %v, want ErrLeaseLost", err)
	}
	if err := b.Release(ctx); err != nil || !c.Held() || c.renew(ctx) != nil {
		t.Errorf("releasing a lost lease: %v; it must not touch the new holder's", err)
	}
}

func TestLeaseOfStoppedHolder(t *testing.T) {
	one := serving(t)
	two := sibling(t, one)
	a := take(t, one, "link", LeaseOptions{TTL: short})
	began := time.Now()
	wake := stopped(a)
	b := take(t, two, "link", LeaseOptions{TTL: short})
	if took := time.Since(began); took < short*2/3 {
		t.Errorf("taken over after %s, before the holder could know", took)
	}
	wake()
	if err := ended(t, a); !errors.Is(err, ErrLeaseLost) {
		t.Errorf("the stopped holder woke up to %v, want ErrLeaseLost", err)
	}
	if h, _, err := b.read(t.Context()); err != nil || h.Token != b.self.Token {
		t.Errorf("the new holder lost it to one that woke up: %v, %v", h, err)
	}
}

// A waiter with a short TTL must not take the lease of a holder with a long one.
func TestLeaseOfPatientHolder(t *testing.T) {
	one := serving(t)
	two := sibling(t, one)
	a := take(t, one, "archive", LeaseOptions{TTL: time.Hour})
	wait, cancel := context.WithTimeout(t.Context(), short)
	defer cancel()
	if _, err := two.Lease(wait, "archive", LeaseOptions{TTL: short / 10}); err == nil {
		t.Error("taken over before the holder's own TTL")
	}
	if !a.Held() {
		t.Error("the holder lost it")
	}
}

// A server that is gone: the holder stops by itself, before anybody could take over.
func TestLeaseWithoutServer(t *testing.T) {
	b, err := Open(t.Context(), Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	l := take(t, b, "link", LeaseOptions{TTL: short})
	b.srv.stop()
	began, held := time.Now(), time.Duration(0)
	for l.Held() && held < patience {
		<-time.After(short / 100)
		if took := time.Since(began); l.Held() { // and so it was at that moment
			held = took
		}
	}
	if held > short*2/3 {
		t.Errorf("held on for %s without its server, want at most %s", held, short*2/3)
	}
	if err := ended(t, l); !errors.Is(err, ErrLeaseLost) {
		t.Errorf("ended with %v, want ErrLeaseLost", err)
	}
	b.Close()
}

// A renewal whose answer got lost moved the revision: the lease is still ours.
func TestLeaseLostAnswer(t *testing.T) {
	b := open(t, t.TempDir())
	l := take(t, b, "link", LeaseOptions{TTL: time.Minute})
	l.renewing.Lock()
	known := l.revision
	if err := l.write(t.Context(), known); err != nil {
		t.Fatal(err)
	}
	l.revision = known
	l.renewing.Unlock()
	if err := l.renew(t.Context()); err != nil || !l.Held() {
		t.Errorf("renewed with %v, held %t", err, l.Held())
	}
	l.renewing.Lock()
	l.revision = known
	l.renewing.Unlock()
	if err := l.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left, err := b.Leases(t.Context()); err != nil || len(left) != 0 {
		t.Errorf("after the release %v are held, %v", left, err)
	}
}
