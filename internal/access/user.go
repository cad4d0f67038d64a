package access

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"vigil.example/internal/ad"
)

// A User is somebody who may sign in.
type User struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	Role       Role      `json:"role"`
	Created    time.Time `json:"created"`
	Disabled   bool      `json:"disabled,omitempty"`
	MustChange bool      `json:"must_change,omitempty"` // has a one-time password

	hash string
	// Sessions that began before the event since are over, except kept.
	since uint64
	kept  string
}

// System is who made a change that no user made.
const System = "system"

// A Register knows the users, their sessions and their tokens. It may be used by
// many goroutines at once.
type Register struct {
	journal ad.Journal
	c       Config
	hasher  *hasher
	lockout *lockout

	writing sync.Mutex // one change at a time; held across the journal's disk

	mu       sync.RWMutex // guards what follows
	seqs     map[string]uint64
	replayed uint64
	users    map[string]*User // by id; values are replaced, never changed
	tokens   map[string]*Token
	secrets  map[[32]byte]string // token id by SHA-256 of the secret

	sessions sessions
}

// Open rebuilds users and tokens from the journal.
func Open(ctx context.Context, j ad.Journal, c Config) (*Register, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c = c.withDefaults()
	r := &Register{
		journal: j, c: c, hasher: newHasher(c.Argon),
		lockout:  &lockout{c: c, names: make(map[string]*attempts)},
		seqs:     make(map[string]uint64),
		users:    make(map[string]*User),
		tokens:   make(map[string]*Token),
		secrets:  make(map[[32]byte]string),
		sessions: sessions{c: c, known: make(map[string]*session)},
	}
	if err := r.CatchUp(ctx); err != nil {
		return nil, err
	}
	return r, nil
}

// A user's name goes into the audit log, so it can hold no telephone number.
var userName = regexp.MustCompile(`^[a-z][a-z0-9._-]{1,23}$`)

func checkName(name string) error {
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, name)
	if !userName.MatchString(name) || len(digits) > 4 {
		return fmt.Errorf("user name %w: 2 to 24 of a-z, 0-9, dot, hyphen and underscore, beginning with a letter, at most 4 digits", ErrInvalid)
	}
	return nil
}

// userID is made of the name, so that two processes adding one name meet on one
// subject, and a name is never given out twice.
func userID(name string) string {
	s := sha256.Sum256([]byte("vigil user\x00" + name))
	return hex.EncodeToString(s[:16])
}

// AddUser adds a user and returns the one-time password. by is the user id of who
// does it, or System.
func (r *Register) AddUser(ctx context.Context, by, name string, role Role) (User, string, error) {
	name = strings.ToLower(strings.TrimSpace(name))
	if err := checkName(name); err != nil {
		return User{}, "", fmt.Errorf("add user: %w", err)
	}
	if !slices.Contains(Roles(), role) {
		return User{}, "", fmt.Errorf("add user %s: role %q %w", name, role, ErrInvalid)
	}
	password := oneTime()
	hash, err := r.hasher.hash(ctx, password)
	if err != nil {
		return User{}, "", fmt.Errorf("add user %s: %w", name, err)
	}
	id := userID(name)
	err = r.decide(ctx, func() (string, event, error) {
		if _, err := r.User(id); err == nil {
			return "", event{}, ErrExists
		}
		return subjectUser + id, event{Kind: kindCreated, By: by, Name: name, Role: role, Hash: hash, OneTime: true}, nil
	})
	if err != nil {
		return User{}, "", fmt.Errorf("add user %s: %w", name, err)
	}
	u, err := r.User(id)
	return u, password, err
}

// Bootstrap adds the first user, an administrator, and returns the one-time
// password. When there are users already it does nothing and returns "".
func (r *Register) Bootstrap(ctx context.Context, name string) (password string, err error) {
	if len(r.Users()) > 0 {
		return "", nil
	}
	_, password, err = r.AddUser(ctx, System, name, Admin)
	return password, err
}

// Reset gives a user a new one-time password, ends the user's sessions and lifts
// a lock of this process.
func (r *Register) Reset(ctx context.Context, by, user string) (password string, err error) {
	u, err := r.User(user)
	if err != nil {
		return "", fmt.Errorf("reset password: %w", err)
	}
	password = oneTime()
	if err := r.setPassword(ctx, u, password, event{By: by, OneTime: true}); err != nil {
		return "", fmt.Errorf("reset password of %s: %w", u.Name, err)
	}
	r.lockout.clear(u.Name)
	return password, nil
}

// ChangePassword replaces the password of the session's user, who gives the old
// one again, and ends the user's other sessions.
func (r *Register) ChangePassword(ctx context.Context, sessionID, old, password string) error {
	s, err := r.Session(ctx, sessionID)
	if err != nil {
		return err
	}
	u, err := r.check(ctx, s.Name, old)
	if err != nil {
		return fmt.Errorf("change password: %w", err)
	}
	if err := r.c.checkPassword(u.Name, password); err != nil {
		return fmt.Errorf("change password: %w", err)
	}
	if old == password {
		return fmt.Errorf("change password: %w: it is the old one", ErrWeakPassword)
	}
	if err := r.setPassword(ctx, u, password, event{By: u.ID, Session: s.Session}); err != nil {
		return fmt.Errorf("change password of %s: %w", u.Name, err)
	}
	return nil
}

// setPassword stores a new password for a user as u was read: when the password
// was changed since, it is ad.ErrConflict, so that an old password cannot come
// back over a reset. e says the rest of the event.
func (r *Register) setPassword(ctx context.Context, u User, password string, e event) error {
	var err error
	if e.Hash, err = r.hasher.hash(ctx, password); err != nil {
		return err
	}
	e.Kind = kindPassword
	return r.decide(ctx, func() (string, event, error) {
		if now, err := r.User(u.ID); err != nil || now.hash != u.hash {
			return "", event{}, cmp.Or(err, ad.ErrConflict)
		}
		return subjectUser + u.ID, e, nil
	})
}

// SetRole gives a user another role; it holds from the user's next request on.
func (r *Register) SetRole(ctx context.Context, by, user string, role Role) error {
	if !slices.Contains(Roles(), role) {
		return fmt.Errorf("set role: role %q %w", role, ErrInvalid)
	}
	return r.change(ctx, "set role", user, func(u User) (event, bool) {
		return event{Kind: kindRole, By: by, Role: role}, u.Role != role
	})
}

// Disable shuts a user out at once: sessions end and tokens stop working.
func (r *Register) Disable(ctx context.Context, by, user string) error {
	return r.change(ctx, "disable user", user, func(u User) (event, bool) {
		return event{Kind: kindDisabled, By: by}, !u.Disabled
	})
}

// Enable lets a disabled user in again.
func (r *Register) Enable(ctx context.Context, by, user string) error {
	return r.change(ctx, "enable user", user, func(u User) (event, bool) {
		return event{Kind: kindEnabled, By: by}, u.Disabled
	})
}

// change stores an event of a user unless choose finds nothing to change.
func (r *Register) change(ctx context.Context, what, user string, choose func(User) (event, bool)) error {
	err := r.decide(ctx, func() (string, event, error) {
		u, err := r.User(user)
		if err != nil {
			return "", event{}, err
		}
		e, needed := choose(u)
		if !needed {
			return "", event{}, nil
		}
		return subjectUser + user, e, nil
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// User returns a user by id, or ad.ErrNotFound.
func (r *Register) User(id string) (User, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	u, ok := r.users[id]
	if !ok {
		return User{}, fmt.Errorf("user: %w", ad.ErrNotFound)
	}
	return *u, nil
}

// UserNamed returns a user by name, or ad.ErrNotFound.
func (r *Register) UserNamed(name string) (User, error) {
	return r.User(userID(strings.ToLower(strings.TrimSpace(name))))
}

// Users returns all users, by name.
func (r *Register) Users() []User {
	r.mu.RLock()
	defer r.mu.RUnlock()
	out := make([]User, 0, len(r.users))
	for _, u := range r.users {
		out = append(out, *u)
	}
	slices.SortFunc(out, func(a, b User) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

func (r *Register) applyUser(id string, seq uint64, e event) error {
	if e.Kind == kindCreated {
		r.users[id] = &User{ID: id, Name: e.Name, Role: e.Role, Created: e.At, MustChange: e.OneTime, hash: e.Hash}
		return nil
	}
	old, ok := r.users[id]
	if !ok {
		return fmt.Errorf("user %s: %s before created", id, e.Kind)
	}
	u := *old
	switch e.Kind {
	case kindPassword:
		u.hash, u.MustChange = e.Hash, e.OneTime
		if !e.Again {
			u.since, u.kept = seq, e.Session
		}
	case kindRole:
		u.Role = e.Role
	case kindDisabled:
		u.Disabled, u.since, u.kept = true, seq, ""
	case kindEnabled:
		u.Disabled = false
	default:
		return fmt.Errorf("user %s: unknown event %q", id, e.Kind)
	}
	r.users[id] = &u
	return nil
}
