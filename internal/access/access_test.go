package access

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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

func openWith(t testing.TB, j ad.Journal, c Config) *Register {
	t.Helper()
	r, err := Open(t.Context(), j, c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func open(t testing.TB, j ad.Journal, h *hand) *Register {
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
	if s, err = r.Session(t.Context(), id); err != nil || s.MustChange || s.May(ActUsers) != nil {
		t.Errorf("after the change: %v, %v", s, err)
	}
	if _, err := r.Session(t.Context(), other); !errors.Is(err, ErrNoSession) {
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

func TestSessionEnds(t *testing.T) {
	t.Run("when unused", func(t *testing.T) {
		r, h, id, _ := settled(t, Analyst)
		for range 4 {
			h.move(29 * time.Minute)
			if _, err := r.Session(t.Context(), id); err != nil {
				t.Fatalf("used in time: %v", err)
			}
		}
		h.move(30 * time.Minute)
		if _, err := r.Session(t.Context(), id); !errors.Is(err, ErrNoSession) {
			t.Errorf("got %v", err)
		}
		if _, err := r.SetPurpose(t.Context(), id, PurposeCase, "case 1"); !errors.Is(err, ErrNoSession) {
			t.Errorf("purpose: got %v", err)
		}
	})
	t.Run("when only glanced at", func(t *testing.T) {
		r, h, id, _ := settled(t, Analyst)
		h.move(29 * time.Minute)
		if _, err := r.Glance(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		h.move(time.Minute)
		if _, err := r.Glance(t.Context(), id); !errors.Is(err, ErrNoSession) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("after twelve hours of use", func(t *testing.T) {
		r, h, id, _ := settled(t, Analyst)
		for range 35 {
			h.move(20 * time.Minute)
			if _, err := r.Session(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		h.move(20 * time.Minute)
		if _, err := r.Session(t.Context(), id); !errors.Is(err, ErrNoSession) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("by signing out", func(t *testing.T) {
		r, _, id, _ := settled(t, Analyst)
		_ = r.SignOut(t.Context(), id)
		_ = r.SignOut(t.Context(), id)
		if _, err := r.Session(t.Context(), id); !errors.Is(err, ErrNoSession) {
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
		if _, err := r.Session(t.Context(), id); !errors.Is(err, ErrNoSession) {
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
		if _, err := r.Session(t.Context(), id); !errors.Is(err, ErrNoSession) {
			t.Errorf("the oldest: got %v", err)
		}
	})
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
	for _, e := range m.Events {
		for what, x := range map[string]string{"password": first, "session": id, "token": secret} {
			if strings.Contains(string(e.Data), x) {
				t.Errorf("an event holds the %s in clear", what)
			}
		}
	}
	if strings.Contains(fmt.Sprintf("%+v", s), id) {
		t.Error("the subject holds the session's secret")
	}
	if _, err := r.Session(t.Context(), s.Session); !errors.Is(err, ErrNoSession) {
		t.Error("the session's name for logs opens it")
	}
}
