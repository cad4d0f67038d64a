package access

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"vigil.example/internal/ad"
)

func TestRoleHoldsAtOnce(t *testing.T) {
	r, _, id, u := settled(t, Admin)
	if err := r.SetRole(t.Context(), System, u.ID, Auditor); err != nil {
		t.Fatal(err)
	}
	if s, err := r.Session(t.Context(), id); err != nil || s.Role != Auditor {
		t.Errorf("got %v, %v", s.Role, err)
	}
	if err := r.SetRole(t.Context(), System, u.ID, "king"); !errors.Is(err, ErrInvalid) {
		t.Errorf("unknown role: %v", err)
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
	if err := r.setPassword(t.Context(), before, good, event{By: System, OneTime: false}); !errors.Is(err, ad.ErrConflict) {
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
	if err != nil || !strings.Contains(u.hash, "t=2,") || len(m.Events) != 2 {
		t.Errorf("%v; %d events, want one renewal", err, len(m.Events))
	}
}

func TestOutage(t *testing.T) {
	h, m := newHand(), &memory{}
	r := open(t, m, h)
	m.Outage(true)
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
