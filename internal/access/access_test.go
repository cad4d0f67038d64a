package access

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"vigil.example/internal/ad"
)

// A hand is a clock that is moved by hand.
type hand struct {
	mu sync.Mutex
	t  time.Time
}

func newHand() *hand { return &hand{t: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)} }

func (h *hand) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.t
}

func (h *hand) move(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.t = h.t.Add(d)
}

var (
	key   = []byte("a key for tests only")
	cheap = Argon{Time: 1, Memory: 64, Lanes: 1, AtOnce: 4, Waiting: 400}
)

func openWith(t testing.TB, j Journal, c Config) *Register {
	t.Helper()
	r, err := Open(t.Context(), j, c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func open(t testing.TB, j Journal, h *hand) *Register {
	return openWith(t, j, Config{Key: key, Now: h.now, Argon: cheap})
}

const good = "a meadow of blue lupins"

// settled is a register with one user who has chosen the password good, and the
// user's session.
func settled(t testing.TB, role Role) (*Register, *hand, string, User) {
	t.Helper()
	h := newHand()
	r := open(t, &memory{}, h)
	u, first, err := r.AddUser(t.Context(), System, "alice", role)
	if err != nil {
		t.Fatal(err)
	}
	id, _, err := r.SignIn(t.Context(), "alice", first)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.ChangePassword(t.Context(), id, first, good); err != nil {
		t.Fatal(err)
	}
	return r, h, id, u
}

func TestFirstSignIn(t *testing.T) {
	h := newHand()
	r := open(t, &memory{}, h)
	first, err := r.Bootstrap(t.Context(), "admin")
	if err != nil || first == "" {
		t.Fatalf("bootstrap: %q, %v", first, err)
	}
	if again, err := r.Bootstrap(t.Context(), "other"); again != "" || err != nil {
		t.Errorf("bootstrap again: %q, %v; want nothing", again, err)
	}
	id, s, err := r.SignIn(t.Context(), " Admin ", first)
	if err != nil {
		t.Fatal(err)
	}
	want := Subject{User: userID("admin"), Name: "admin", Role: Admin, Via: ViaSession, Session: s.Session, MustChange: true}
	if diff := cmp.Diff(s, want); diff != "" {
		t.Errorf("subject (-got +want):\n%s", diff)
	}
	if err := s.May(ActUsers); !errors.Is(err, ErrMustChange) {
		t.Errorf("with the one-time password: %v", err)
	}
	other, _, err := r.SignIn(t.Context(), "admin", first)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.ChangePassword(t.Context(), id, first, good); err != nil {
		t.Fatal(err)
	}
	if s, err = r.Session(id); err != nil || s.MustChange || s.May(ActUsers) != nil {
		t.Errorf("after the change: %v, %v", s, err)
	}
	if _, err := r.Session(other); !errors.Is(err, ErrNoSession) {
		t.Errorf("the other session lives on: %v", err)
	}
	if _, _, err := r.SignIn(t.Context(), "admin", first); !errors.Is(err, ErrBadCredentials) {
		t.Errorf("the one-time password works twice: %v", err)
	}
	if _, _, err := r.SignIn(t.Context(), "admin", good); err != nil {
		t.Errorf("the new password: %v", err)
	}
}

func TestDemoMayKeepTheOneTimePassword(t *testing.T) {
	r := openWith(t, &memory{}, Config{Key: key, Argon: cheap, KeepOneTime: true})
	first, err := r.Bootstrap(t.Context(), "admin")
	if err != nil {
		t.Fatal(err)
	}
	_, s, err := r.SignIn(t.Context(), "admin", first)
	if err != nil || s.May(ActUsers) != nil {
		t.Errorf("%v, %v", s, err)
	}
}

func TestSignInRefuses(t *testing.T) {
	r, _, _, _ := settled(t, Analyst)
	if _, _, err := r.AddUser(t.Context(), System, "gone", Analyst); err != nil {
		t.Fatal(err)
	}
	if err := r.Disable(t.Context(), System, userID("gone")); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string][2]string{
		"wrong password":  {"alice", "wrong"},
		"nobody":          {"nobody", good},
		"empty":           {"", ""},
		"odd name":        {"alice\x00", good},
		"endless":         {"alice", strings.Repeat("x", 1<<20)},
		"disabled":        {"gone", good},
		"name in a hurry": {"alic", good},
	} {
		t.Run(name, func(t *testing.T) {
			id, s, err := r.SignIn(t.Context(), c[0], c[1])
			if !errors.Is(err, ErrBadCredentials) || id != "" || s.User != "" {
				t.Errorf("got %q, %v, %v", id, s, err)
			}
		})
	}
}

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
	if _, err := r.Session(id); !errors.Is(err, ErrNoSession) {
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

func TestSessionEnds(t *testing.T) {
	t.Run("when unused", func(t *testing.T) {
		r, h, id, _ := settled(t, Analyst)
		for range 4 {
			h.move(29 * time.Minute)
			if _, err := r.Session(id); err != nil {
				t.Fatalf("used in time: %v", err)
			}
		}
		h.move(30 * time.Minute)
		if _, err := r.Session(id); !errors.Is(err, ErrNoSession) {
			t.Errorf("got %v", err)
		}
		if _, err := r.SetPurpose(id, PurposeCase, "case 1"); !errors.Is(err, ErrNoSession) {
			t.Errorf("purpose: got %v", err)
		}
	})
	t.Run("after twelve hours of use", func(t *testing.T) {
		r, h, id, _ := settled(t, Analyst)
		for range 35 {
			h.move(20 * time.Minute)
			if _, err := r.Session(id); err != nil {
				t.Fatal(err)
			}
		}
		h.move(20 * time.Minute)
		if _, err := r.Session(id); !errors.Is(err, ErrNoSession) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("by signing out", func(t *testing.T) {
		r, _, id, _ := settled(t, Analyst)
		r.SignOut(id)
		r.SignOut(id)
		if _, err := r.Session(id); !errors.Is(err, ErrNoSession) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("with the user", func(t *testing.T) {
		r, _, id, u := settled(t, Analyst)
		if err := r.Disable(t.Context(), System, u.ID); err != nil {
			t.Fatal(err)
		}
		if err := r.Enable(t.Context(), System, u.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Session(id); !errors.Is(err, ErrNoSession) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("when there are too many", func(t *testing.T) {
		r, h, id, _ := settled(t, Analyst)
		for range maxSessions {
			h.move(time.Second)
			if _, _, err := r.SignIn(t.Context(), "alice", good); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := r.Session(id); !errors.Is(err, ErrNoSession) {
			t.Errorf("the oldest: got %v", err)
		}
	})
}

func TestRoleHoldsAtOnce(t *testing.T) {
	r, _, id, u := settled(t, Admin)
	if err := r.SetRole(t.Context(), System, u.ID, Auditor); err != nil {
		t.Fatal(err)
	}
	if s, err := r.Session(id); err != nil || s.Role != Auditor {
		t.Errorf("got %v, %v", s.Role, err)
	}
	if err := r.SetRole(t.Context(), System, u.ID, "king"); !errors.Is(err, ErrInvalid) {
		t.Errorf("unknown role: %v", err)
	}
}

func TestSecretsAreNotKept(t *testing.T) {
	m := &memory{}
	r := open(t, m, newHand())
	u, first, err := r.AddUser(t.Context(), System, "alice", Analyst)
	if err != nil {
		t.Fatal(err)
	}
	id, s, err := r.SignIn(t.Context(), "alice", first)
	if err != nil {
		t.Fatal(err)
	}
	_, secret, err := r.MakeToken(t.Context(), u.ID, u.ID, order())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range m.events {
		for what, x := range map[string]string{"password": first, "session": id, "token": secret} {
			if strings.Contains(string(e.data), x) {
				t.Errorf("an event holds the %s in clear", what)
			}
		}
	}
	if strings.Contains(fmt.Sprintf("%+v", s), id) {
		t.Error("the subject holds the session's secret")
	}
	if _, err := r.Session(s.Session); !errors.Is(err, ErrNoSession) {
		t.Error("the session's name for logs opens it")
	}
}

func TestUserNames(t *testing.T) {
	for name, ok := range map[string]bool{
		"bo": true, "j.doe-2_x": true, "unit1234": true, "Upper": true, // lowered
		"": false, "x": false, "2fast": false, "9125550123": false, "a12345": false, "two words": false,
		"someone@mail.example": false, "müller": false, strings.Repeat("x", 25): false,
	} {
		t.Run(name, func(t *testing.T) {
			r := open(t, &memory{}, newHand())
			_, _, err := r.AddUser(t.Context(), System, name, Reader)
			if ok && err != nil || !ok && !errors.Is(err, ErrInvalid) {
				t.Errorf("got %v", err)
			}
			if ok {
				if _, _, err := r.AddUser(t.Context(), System, name, Reader); !errors.Is(err, ErrExists) {
					t.Errorf("again: %v", err)
				}
			}
		})
	}
}

func TestPasswordsThatAreRefused(t *testing.T) {
	r, _, id, _ := settled(t, Analyst)
	for name, p := range map[string]string{
		"short":           "fourteen chars",
		"one letter":      strings.Repeat("a", 30),
		"three letters":   strings.Repeat("abc", 10),
		"the user's name": "alice-alice-123",
		"too long":        strings.Repeat("abcdefgh", 40),
		"not text":        "\xff\xfe a meadow of lupins",
		"the old one":     good,
	} {
		t.Run(name, func(t *testing.T) {
			if err := r.ChangePassword(t.Context(), id, good, p); !errors.Is(err, ErrWeakPassword) {
				t.Errorf("got %v", err)
			}
		})
	}
	if err := r.ChangePassword(t.Context(), id, "not the old one", good+"!"); !errors.Is(err, ErrBadCredentials) {
		t.Errorf("wrong old password: %v", err)
	}
	if err := r.ChangePassword(t.Context(), id, good, "a\u0308ußerst lange Wiese"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.SignIn(t.Context(), "alice", "\u00e4ußerst lange Wiese"); err != nil {
		t.Errorf("the same letters in another encoding: %v", err)
	}
}

// TestRebuild: a register opened anew knows the same users and tokens.
func TestRebuild(t *testing.T) {
	h, m := newHand(), &memory{}
	r := open(t, m, h)
	var first string
	for i, role := range Roles() {
		u, once, err := r.AddUser(t.Context(), System, fmt.Sprint("user", i), role)
		if err != nil {
			t.Fatal(err)
		}
		first = once
		for range 2 {
			tok, _, err := r.MakeToken(t.Context(), u.ID, u.ID, order())
			if err != nil {
				t.Fatal(err)
			}
			if i%2 == 0 {
				if err := r.Revoke(t.Context(), u.ID, u.ID, tok.ID); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if err := r.Disable(t.Context(), System, userID("user1")); err != nil {
		t.Fatal(err)
	}
	if err := r.SetRole(t.Context(), System, userID("user2"), Analyst); err != nil {
		t.Fatal(err)
	}
	same := func() {
		t.Helper()
		again := open(t, m, h)
		if diff := cmp.Diff(again.users, r.users, cmp.AllowUnexported(User{})); diff != "" {
			t.Errorf("users (-rebuilt +live):\n%s", diff)
		}
		if diff := cmp.Diff(again.tokens, r.tokens); diff != "" {
			t.Errorf("tokens (-rebuilt +live):\n%s", diff)
		}
		if diff := cmp.Diff(again.secrets, r.secrets, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("secrets differ")
		}
	}
	same()
	if _, err := m.Replay(t.Context(), 0, r.Apply); err != nil {
		t.Fatal(err)
	}
	same()
	if _, _, err := open(t, m, h).SignIn(t.Context(), "user3", first); err != nil {
		t.Errorf("sign in after rebuilding: %v", err)
	}
}

// TestTwoProcesses: of two registers that add one name at once, one succeeds, and
// both know the outcome.
func TestTwoProcesses(t *testing.T) {
	h, m := newHand(), &memory{}
	a, b := open(t, m, h), open(t, m, h)
	var wg sync.WaitGroup
	errs := make(chan error, 2)
	for _, r := range []*Register{a, b} {
		wg.Go(func() {
			_, _, err := r.AddUser(t.Context(), System, "alice", Analyst)
			errs <- err
		})
	}
	wg.Wait()
	one, two := <-errs, <-errs
	if (one == nil) == (two == nil) || !errors.Is(errors.Join(one, two), ErrExists) {
		t.Errorf("got %v and %v", one, two)
	}
	if err := errors.Join(a.CatchUp(t.Context()), b.CatchUp(t.Context())); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(a.Users(), b.Users(), cmp.AllowUnexported(User{})); diff != "" {
		t.Errorf("(-one +other):\n%s", diff)
	}
}

// TestAnOldPasswordDoesNotComeBack: a change decided before a reset does not undo it.
func TestAnOldPasswordDoesNotComeBack(t *testing.T) {
	r, _, _, u := settled(t, Analyst)
	before, err := r.User(u.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Reset(t.Context(), System, u.ID); err != nil {
		t.Fatal(err)
	}
	if err := r.setPassword(t.Context(), System, before, good, false); !errors.Is(err, ad.ErrConflict) {
		t.Errorf("got %v", err)
	}
}

func TestCheaperHashesAreRenewed(t *testing.T) {
	h, m := newHand(), &memory{}
	first, err := open(t, m, h).Bootstrap(t.Context(), "admin")
	if err != nil {
		t.Fatal(err)
	}
	dear := cheap
	dear.Time = 2
	r := openWith(t, m, Config{Key: key, Now: h.now, Argon: dear})
	for range 2 {
		if _, s, err := r.SignIn(t.Context(), "admin", first); err != nil || !s.MustChange {
			t.Fatalf("%v, %v", s, err)
		}
	}
	u, err := r.UserNamed("admin")
	if err != nil || !strings.Contains(u.hash, "t=2,") || len(m.events) != 2 {
		t.Errorf("%v; %d events, want one renewal", err, len(m.events))
	}
}

func TestOutage(t *testing.T) {
	h, m := newHand(), &memory{}
	r := open(t, m, h)
	m.outage(true)
	if _, _, err := r.AddUser(t.Context(), System, "alice", Analyst); !errors.Is(err, errOutage) {
		t.Errorf("got %v", err)
	}
	if _, err := r.UserNamed("alice"); !errors.Is(err, ad.ErrNotFound) {
		t.Errorf("a user that was not stored exists: %v", err)
	}
	if _, err := Open(t.Context(), m, Config{Key: key, Argon: cheap}); !errors.Is(err, errOutage) {
		t.Errorf("open: got %v", err)
	}
}

func TestConfigCanOnlyBeTightened(t *testing.T) {
	for name, c := range map[string]struct {
		set  func(*Config)
		want string
	}{
		"defaults":          {func(*Config) {}, ""},
		"tighter":           {func(c *Config) { c.Attempts, c.Lock, c.Idle = 3, time.Hour, 5*time.Minute }, ""},
		"no key":            {func(c *Config) { c.Key = nil }, "key"},
		"more attempts":     {func(c *Config) { c.Attempts = 6 }, "attempts is 6"},
		"shorter window":    {func(c *Config) { c.Window = time.Minute }, "window is 1m0s"},
		"shorter lock":      {func(c *Config) { c.Lock = time.Minute }, "lock is 1m0s"},
		"longer idle":       {func(c *Config) { c.Idle = time.Hour }, "idle is 1h0m0s"},
		"longer sessions":   {func(c *Config) { c.Absolute = 24 * time.Hour }, "absolute is 24h0m0s"},
		"tokens for ever":   {func(c *Config) { c.TokenAge = 1e6 * time.Hour }, "token age"},
		"shorter passwords": {func(c *Config) { c.MinPassword = 8 }, "min password is 8"},
	} {
		t.Run(name, func(t *testing.T) {
			conf := Config{Key: key}
			c.set(&conf)
			err := conf.Validate()
			if (c.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestDecodePHC(t *testing.T) {
	for name, phc := range map[string]string{
		"empty":            "",
		"another function": "$argon2i$v=19$m=64,t=1,p=1$AAAA$AAAA",
		"another version":  "$argon2id$v=16$m=64,t=1,p=1$AAAA$AAAA",
		"no passes":        "$argon2id$v=19$m=64,t=0,p=1$AAAA$AAAA",
		"all the memory":   "$argon2id$v=19$m=99999999,t=1,p=1$AAAA$AAAA",
		"broken salt":      "$argon2id$v=19$m=64,t=1,p=1$!$AAAA",
		"empty sum":        "$argon2id$v=19$m=64,t=1,p=1$AAAA$",
	} {
		t.Run(name, func(t *testing.T) {
			if _, _, _, err := decodePHC(phc); err == nil {
				t.Error("accepted")
			}
		})
	}
}
