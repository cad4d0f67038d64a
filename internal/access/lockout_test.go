package access

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"
)

// TestLockout: five wrong passwords lock the name for the configured time, for
// names that nobody has just the same.
func TestLockout(t *testing.T) {
	for _, name := range []string{"alice", "nobody"} {
		t.Run(name, func(t *testing.T) {
			r, h, _, _ := settled(t, Analyst)
			want := func(password string, want error) {
				t.Helper()
				if _, _, err := r.SignIn(t.Context(), name, password); !errors.Is(err, want) {
					t.Errorf("got %v, want %v", err, want)
				}
			}
			right := error(nil)
			if name == "nobody" {
				right = ErrBadCredentials
			}
			for range 4 {
				want("wrong", ErrBadCredentials)
			}
			h.move(15 * time.Minute) // the window has passed
			for range 5 {
				want("wrong", ErrBadCredentials)
				h.move(time.Minute)
			}
			want(good, ErrLocked)
			h.move(13 * time.Minute)
			want(good, ErrLocked)
			h.move(2 * time.Minute)
			if _, _, err := r.SignIn(t.Context(), name, good); !errors.Is(err, right) {
				t.Errorf("after the lock: got %v, want %v", err, right)
			}
		})
	}
}

func TestResetLiftsTheLock(t *testing.T) {
	r, _, id, u := settled(t, Analyst)
	for range 6 {
		_, _, _ = r.SignIn(t.Context(), "alice", "wrong")
	}
	once, err := r.Reset(t.Context(), System, u.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Session(t.Context(), id); !errors.Is(err, ErrNoSession) {
		t.Errorf("old session: %v", err)
	}
	if _, s, err := r.SignIn(t.Context(), "alice", once); err != nil || !s.MustChange {
		t.Errorf("with the new one-time password: %v, %v", s, err)
	}
}

// TestManyAtOnceCannotOutrunTheLock: however many guesses come at once, at most
// five are looked at.
func TestManyAtOnceCannotOutrunTheLock(t *testing.T) {
	r, _, _, _ := settled(t, Analyst)
	var wg sync.WaitGroup
	errs := make(chan error, 200)
	for range 200 {
		wg.Go(func() {
			_, _, err := r.SignIn(t.Context(), "alice", "wrong")
			errs <- err
		})
	}
	wg.Wait()
	close(errs)
	judged := 0
	for err := range errs {
		if errors.Is(err, ErrBadCredentials) {
			judged++
		} else if !errors.Is(err, ErrLocked) {
			t.Error(err)
		}
	}
	if judged > 5 {
		t.Errorf("%d guesses were looked at", judged)
	}
	if _, _, err := r.SignIn(t.Context(), "alice", good); !errors.Is(err, ErrLocked) {
		t.Errorf("afterwards: %v", err)
	}
}

func TestTooManySignInsAreTurnedAway(t *testing.T) {
	h := newHasher(Argon{Time: 1, Memory: 64, Lanes: 1, AtOnce: 1, Waiting: 1})
	inside, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := h.limited(t.Context(), func() { close(inside); <-release }); err != nil {
			t.Error(err)
		}
	})
	<-inside
	ctx, cancel := context.WithCancel(t.Context())
	second := make(chan error)
	go func() { second <- h.limited(ctx, func() {}) }()
	for len(h.line) < 2 {
		runtime.Gosched()
	}
	if err := h.limited(t.Context(), func() {}); !errors.Is(err, ErrBusy) {
		t.Errorf("third: got %v, want busy", err)
	}
	cancel()
	if err := <-second; !errors.Is(err, context.Canceled) {
		t.Errorf("second, given up: %v", err)
	}
	close(release)
	wg.Wait()
}
