package access

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"vigil.example/internal/ad"
)

// A cupboard is a store of sessions for several processes. hook, when set, runs
// ahead of every call, with what is done to which key.
type cupboard struct {
	mu   sync.Mutex
	kept map[string][]byte
	out  bool
	hook func(what, key string)
}

func (c *cupboard) call(what, key string, f func()) error {
	if c.hook != nil {
		c.hook(what, key)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.out {
		return errOutage
	}
	f()
	return nil
}

func (c *cupboard) Get(_ context.Context, key string) (v []byte, err error) {
	ok := false
	if err := c.call("get", key, func() { v, ok = c.kept[key] }); err != nil {
		return nil, err
	}
	if !ok {
		return nil, ad.ErrNotFound
	}
	return v, nil
}

func (c *cupboard) Put(_ context.Context, key string, v []byte) error {
	return c.call("put", key, func() { c.kept[key] = v })
}

func (c *cupboard) Delete(_ context.Context, key string) error {
	return c.call("delete", key, func() { delete(c.kept, key) })
}

// twoProcesses are two registers over one journal and one store, with a user who
// has chosen the password good, and a session of the user, begun at the first.
func twoProcesses(t *testing.T) (rs [2]*Register, c *cupboard, h *hand, id string) {
	t.Helper()
	h, c = newHand(), &cupboard{kept: map[string][]byte{}}
	m := &memory{}
	for i := range rs {
		rs[i] = openWith(t, m, Config{Key: key, Now: h.now, Argon: cheap, Sessions: c})
	}
	_, first, err := rs[0].AddUser(t.Context(), System, "alice", Analyst)
	if err != nil {
		t.Fatal(err)
	}
	if id, _, err = rs[0].SignIn(t.Context(), "alice", first); err != nil {
		t.Fatal(err)
	}
	if err := rs[0].ChangePassword(t.Context(), id, first, good); err != nil {
		t.Fatal(err)
	}
	follow(t, rs)
	return rs, c, h, id
}

func follow(t *testing.T, rs [2]*Register) {
	t.Helper()
	for _, r := range rs {
		if err := r.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// lives reports whether a session is known to each of the processes.
func lives(t *testing.T, rs [2]*Register, id string) (out [2]bool) {
	t.Helper()
	for i, r := range rs {
		_, err := r.Glance(t.Context(), id)
		if err != nil && !errors.Is(err, ErrNoSession) {
			t.Fatal(err)
		}
		out[i] = err == nil
	}
	return out
}

var (
	both    = [2]bool{true, true}
	neither = [2]bool{}
)

func TestSharedSessions(t *testing.T) {
	t.Run("one sign-in for all, until signing out at any", func(t *testing.T) {
		rs, _, _, id := twoProcesses(t)
		if got := lives(t, rs, id); got != both {
			t.Fatalf("signed in: %v", got)
		}
		if err := rs[1].SignOut(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if got := lives(t, rs, id); got != neither {
			t.Errorf("signed out: %v", got)
		}
	})
	t.Run("a purpose counts from the next request", func(t *testing.T) {
		rs, _, _, id := twoProcesses(t)
		lives(t, rs, id)
		for i, text := range []string{"case 26-1", "case 26-2"} {
			want, err := rs[i].SetPurpose(t.Context(), id, PurposeCase, text)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := rs[1-i].Session(t.Context(), id); err != nil || got.Purpose != want.Purpose || got.Purpose.Text != text {
				t.Errorf("at the other process: %v, %v; want %v", got.Purpose, err, want.Purpose)
			}
		}
	})
	t.Run("use in one keeps it alive in the other", func(t *testing.T) {
		rs, _, h, id := twoProcesses(t)
		lives(t, rs, id)
		for range 4 {
			h.move(20 * time.Minute)
			if _, err := rs[0].Session(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		h.move(28 * time.Minute)
		if got := lives(t, rs, id); got != both {
			t.Errorf("after 28 minutes: %v", got)
		}
		h.move(2 * time.Minute)
		if got := lives(t, rs, id); got != neither {
			t.Errorf("after 30 minutes: %v", got)
		}
	})
	t.Run("it outlives a restart", func(t *testing.T) {
		rs, c, h, id := twoProcesses(t)
		again := openWith(t, rs[0].journal, Config{Key: key, Now: h.now, Argon: cheap, Sessions: c})
		if s, err := again.Session(t.Context(), id); err != nil || s.Name != "alice" || s.MustChange {
			t.Errorf("%v, %v", s, err)
		}
	})
	t.Run("a new password leaves the session that set it", func(t *testing.T) {
		rs, _, _, id := twoProcesses(t)
		other, _, err := rs[1].SignIn(t.Context(), "alice", good)
		if err != nil {
			t.Fatal(err)
		}
		if err := rs[1].ChangePassword(t.Context(), other, good, good+" again"); err != nil {
			t.Fatal(err)
		}
		follow(t, rs)
		if got := lives(t, rs, id); got != neither {
			t.Errorf("the first session: %v", got)
		}
		if got := lives(t, rs, other); got != both {
			t.Errorf("the session that set it: %v", got)
		}
		if _, err := rs[0].Reset(t.Context(), System, userID("alice")); err != nil {
			t.Fatal(err)
		}
		follow(t, rs)
		if got := lives(t, rs, other); got != neither {
			t.Errorf("after a reset: %v", got)
		}
	})
	t.Run("who is behind on the users makes no session that outlives a reset", func(t *testing.T) {
		rs, _, _, _ := twoProcesses(t)
		if _, err := rs[0].Reset(t.Context(), System, userID("alice")); err != nil {
			t.Fatal(err)
		}
		late, _, err := rs[1].SignIn(t.Context(), "alice", good) // has not heard of it
		if err != nil {
			t.Fatal(err)
		}
		follow(t, rs)
		if got := lives(t, rs, late); got != neither {
			t.Errorf("it lives on: %v", got)
		}
	})
	t.Run("the limit holds for all", func(t *testing.T) {
		rs, _, h, id := twoProcesses(t)
		for i := range maxSessions {
			if got := lives(t, rs, id); got != both {
				t.Fatalf("gone after %d others: %v", i, got)
			}
			h.move(time.Second)
			out, _, err := rs[i%2].SignIn(t.Context(), "alice", good)
			if err != nil {
				t.Fatal(err)
			}
			if i < 3 { // those that signed out take no place
				if err := rs[i%2].SignOut(t.Context(), out); err != nil {
					t.Fatal(err)
				}
				if _, _, err := rs[i%2].SignIn(t.Context(), "alice", good); err != nil {
					t.Fatal(err)
				}
			}
		}
		if got := lives(t, rs, id); got != neither {
			t.Errorf("the oldest of %d: %v", maxSessions+1, got)
		}
	})
}

// TestSignedOutStaysSignedOut: whatever another process is writing about a session
// at the moment when it ends, it has ended.
func TestSignedOutStaysSignedOut(t *testing.T) {
	for name, c := range map[string]struct {
		key string
		do  func(r *Register, id string) error
	}{
		"a purpose": {".for", func(r *Register, id string) error {
			_, err := r.SetPurpose(t.Context(), id, PurposeCase, "case 26-1")
			return err
		}},
		"a use": {".used", func(r *Register, id string) error {
			_, err := r.Session(t.Context(), id)
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			rs, store, h, id := twoProcesses(t)
			h.move(2 * mark)
			met := false
			store.hook = func(what, key string) {
				if what == "put" && strings.HasSuffix(key, c.key) && !met {
					met = true
					if err := rs[0].SignOut(t.Context(), id); err != nil {
						t.Error(err)
					}
				}
			}
			if err := c.do(rs[1], id); err != nil && !errors.Is(err, ErrNoSession) {
				t.Fatal(err)
			}
			if got := lives(t, rs, id); got != neither || !met {
				t.Errorf("signed out while it was written (%v): %v", met, got)
			}
		})
	}
}

// TestStoreShowsNothing: who reads the store can neither use a session nor read
// what a person typed.
func TestStoreShowsNothing(t *testing.T) {
	rs, c, _, id := twoProcesses(t)
	s, err := rs[0].SetPurpose(t.Context(), id, PurposeReason, "looking for a missing cousin")
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range c.kept {
		for what, secret := range map[string]string{
			"the session's id": id, "the purpose": "cousin", "the purpose's id": s.Purpose.ID, "the name in logs": s.Session, "the password": good,
		} {
			if strings.Contains(k, secret) || strings.Contains(string(v), secret) {
				t.Errorf("%s shows %s", k, what)
			}
		}
		for _, try := range []string{k, strings.TrimSuffix(strings.TrimPrefix(k, "s."), ".who")} {
			if _, err := rs[1].Session(t.Context(), try); !errors.Is(err, ErrNoSession) {
				t.Errorf("key %s opens a session: %v", k, err)
			}
		}
	}
	other, _, err := rs[0].SignIn(t.Context(), "alice", good)
	if err != nil {
		t.Fatal(err)
	}
	c.kept[purposeAt(keyOf(other))] = c.kept[purposeAt(keyOf(id))]
	if s, err := rs[1].Session(t.Context(), other); err == nil {
		t.Errorf("a purpose was moved to another session: %v", s.Purpose)
	}
}

// TestStoreOutage: a store that does not answer is an error of its own: nobody is
// told to sign in again, and nobody is let in.
func TestStoreOutage(t *testing.T) {
	rs, c, _, id := twoProcesses(t)
	lives(t, rs, id)
	c.mu.Lock()
	c.out = true
	c.mu.Unlock()
	s, err := rs[0].Session(t.Context(), id)
	if !errors.Is(err, errOutage) || errors.Is(err, ErrNoSession) || s.User != "" {
		t.Errorf("session: %v, %v", s, err)
	}
	if err := rs[0].SignOut(t.Context(), id); !errors.Is(err, errOutage) {
		t.Errorf("sign out: %v", err)
	}
	if _, _, err := rs[0].SignIn(t.Context(), "alice", good); !errors.Is(err, errOutage) {
		t.Errorf("sign in: %v", err)
	}
	c.mu.Lock()
	c.out = false
	c.mu.Unlock()
	if got := lives(t, rs, id); got != both {
		t.Errorf("afterwards: %v", got)
	}
}

// TestSessionsInMemoryAreSwept: what nobody uses any more does not stay.
func TestSessionsInMemoryAreSwept(t *testing.T) {
	h := newHand()
	m := newInMemory(12*time.Hour, h.now)
	put := func(k string) {
		if err := m.Put(t.Context(), k, nil); err != nil {
			t.Fatal(err)
		}
	}
	put("old")
	h.move(11 * time.Hour)
	put("young")
	h.move(2 * time.Hour)
	put("new")
	if _, err := m.Get(t.Context(), "old"); !errors.Is(err, ad.ErrNotFound) || len(m.entries) != 2 {
		t.Errorf("%d entries, the old one: %v", len(m.entries), err)
	}
}
