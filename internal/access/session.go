package access

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"vigil.example/internal/ad"
)

// maxSessions bounds the sessions of one user; the oldest gives way. Two sign-ins
// of a user at the same moment in two processes may leave one more.
const maxSessions = 8

// mark is how often the use of a session is written down for the other processes:
// to them it may look idle for so long more than it is.
const mark = time.Minute

// A session is a person who has signed in.
type session struct {
	// What is stored when it begins, and not changed after: so that no late write
	// can bring back a session that was ended.
	User  string    `json:"user"`
	Began time.Time `json:"began"`
	Epoch uint64    `json:"epoch"` // of the user, when it began: see User.since

	ref     string
	used    time.Time
	marked  time.Time // the use that was last written down
	sealed  string    // the stored purpose, and what it says
	purpose Purpose
}

// sessions keeps every session in a store that other processes may share, under
// the SHA-256 of its id, so that who reads the store cannot use one. What a person
// typed as purpose is sealed with a key made of the id itself. A session has three
// entries: who it is, its purpose, and when it was last used. The purpose is there,
// even if empty, as long as the session lives, and is read at every request: so
// signing out, and a new purpose, count everywhere from the next request on.
type sessions struct {
	c     Config
	begun sync.Mutex // one sign-in at a time

	mu    sync.Mutex
	known map[string]*session // by key, as this process has seen them
}

// SignIn checks name and password and opens a session. The id is the secret that
// the browser keeps. Errors are ErrBadCredentials, ErrLocked, ErrBusy, the store's
// or the context's.
func (r *Register) SignIn(ctx context.Context, name, password string) (id string, s Subject, err error) {
	u, err := r.check(ctx, strings.ToLower(strings.TrimSpace(name)), password)
	if err != nil {
		return "", Subject{}, fmt.Errorf("sign in: %w", err)
	}
	if r.hasher.outdated(u.hash) {
		// The stored hash is cheaper than today's cost. The sign-in stands even
		// when this cannot be mended now; the next one tries again.
		_ = r.setPassword(ctx, u, password, event{By: System, OneTime: u.MustChange, Again: true})
	}
	id = base64.RawURLEncoding.EncodeToString(random(32))
	if err := r.sessions.begin(ctx, id, u); err != nil {
		return "", Subject{}, fmt.Errorf("sign in: %w", err)
	}
	s, err = r.Session(ctx, id)
	return id, s, err
}

// Session returns who a session belongs to and counts as use of it, or returns
// ErrNoSession. Role and state of the user are as they are now. Another error says
// that the store of sessions could not be read, not that there is no session.
func (r *Register) Session(ctx context.Context, id string) (Subject, error) {
	return r.subject(ctx, id, true)
}

// Glance is Session for what a page does by itself, such as waiting for alerts: it
// does not count as use, or an open page would keep a session alive that nobody
// sits at.
func (r *Register) Glance(ctx context.Context, id string) (Subject, error) {
	return r.subject(ctx, id, false)
}

func (r *Register) subject(ctx context.Context, id string, use bool) (Subject, error) {
	s, err := r.sessions.find(ctx, id, use)
	if err != nil {
		return Subject{}, err
	}
	u, err := r.User(s.User)
	if err != nil || u.Disabled || !u.keeps(s) {
		return Subject{}, ErrNoSession
	}
	return Subject{
		User: u.ID, Name: u.Name, Role: u.Role, Purpose: s.purpose, Via: ViaSession, Session: s.ref,
		MustChange: u.MustChange && !r.c.KeepOneTime,
	}, nil
}

// keeps reports whether a session outlived the user's last change of password or
// exclusion.
func (u User) keeps(s session) bool { return s.Epoch >= u.since || s.ref == u.kept }

// SetPurpose gives a session its purpose; every action after it is for that.
func (r *Register) SetPurpose(ctx context.Context, id, kind, text string) (Subject, error) {
	p, err := r.c.purpose(kind, text)
	if err != nil {
		return Subject{}, err
	}
	if err := r.sessions.setPurpose(ctx, id, p); err != nil {
		return Subject{}, err
	}
	return r.Session(ctx, id)
}

// SignOut ends a session, in every process. One that is not there is fine.
func (r *Register) SignOut(ctx context.Context, id string) error {
	return r.sessions.end(ctx, keyOf(id))
}

// keyOf is where a session stands in the store.
func keyOf(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:])
}

// refOf names a session in logs. It is a digest of the key, so it does not even
// show where the session is kept.
func refOf(key string) string {
	sum := sha256.Sum256([]byte("ref\x00" + key))
	return hex.EncodeToString(sum[:8])
}

// The entries of a session, and the list of a user's sessions.
func whoAt(key string) string     { return "s." + key + ".who" }
func purposeAt(key string) string { return "s." + key + ".for" }
func usedAt(key string) string    { return "s." + key + ".used" }
func listAt(user string) string   { return "u." + user }

func (ss *sessions) begin(ctx context.Context, id string, u User) error {
	ss.begun.Lock()
	defer ss.begun.Unlock()
	key, now := keyOf(id), ss.c.Now()
	mine, err := ss.mine(ctx, u.ID)
	if err != nil {
		return err
	}
	for len(mine) >= maxSessions {
		if err := ss.end(ctx, mine[0]); err != nil {
			return err
		}
		mine = mine[1:]
	}
	s := &session{User: u.ID, Began: now, Epoch: u.since, ref: refOf(key), used: now, marked: now}
	empty, err := seal(id, Purpose{})
	if err != nil {
		return err
	}
	s.sealed = string(empty)
	if err := errors.Join(ss.put(ctx, listAt(u.ID), append(mine, key)), ss.put(ctx, whoAt(key), s), ss.write(ctx, purposeAt(key), empty)); err != nil {
		return err
	}
	ss.mu.Lock()
	defer ss.mu.Unlock()
	for k, old := range ss.known {
		if ss.over(old, now) {
			delete(ss.known, k)
		}
	}
	ss.known[key] = s
	return nil
}

// mine returns the keys of a user's live sessions, oldest first.
func (ss *sessions) mine(ctx context.Context, user string) ([]string, error) {
	b, err := ss.read(ctx, listAt(user))
	if err != nil || b == nil {
		return nil, err
	}
	var all, live []string
	if err := json.Unmarshal(b, &all); err != nil {
		return nil, fmt.Errorf("read the sessions of a user: %w", err)
	}
	for _, key := range all {
		_, err := ss.load(ctx, key)
		switch {
		case err == nil:
			live = append(live, key)
		case !errors.Is(err, ErrNoSession):
			return nil, err
		}
	}
	return live, nil
}

// over reports whether a session has ended by itself.
func (ss *sessions) over(s *session, now time.Time) bool {
	return now.Sub(s.used) >= ss.c.Idle || now.Sub(s.Began) >= ss.c.Absolute
}

// find returns a copy of a live session; use restarts its idle clock.
func (ss *sessions) find(ctx context.Context, id string, use bool) (session, error) {
	key, now := keyOf(id), ss.c.Now()
	ss.mu.Lock()
	s, ok := ss.known[key]
	// What this process knows may be older than what others have seen.
	ok = ok && !ss.over(s, now) && now.Sub(s.marked) < mark
	ss.mu.Unlock()
	if !ok {
		var err error
		if s, err = ss.load(ctx, key); err != nil {
			return session{}, err
		}
	}
	sealed, err := ss.read(ctx, purposeAt(key))
	if err != nil {
		return session{}, err
	}
	if sealed == nil {
		ss.drop(key)
		return session{}, ErrNoSession
	}
	write, err := ss.note(id, s, sealed, use, now)
	if err != nil {
		return session{}, err
	}
	if write {
		if err := ss.write(ctx, usedAt(key), []byte(now.UTC().Format(time.RFC3339Nano))); err != nil {
			return session{}, err
		}
	}
	ss.mu.Lock()
	defer ss.mu.Unlock()
	return *s, nil
}

// note brings what was read into a session, counts the use, and reports whether
// the others should learn of it.
func (ss *sessions) note(id string, s *session, sealed []byte, use bool, now time.Time) (write bool, err error) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	if string(sealed) != s.sealed {
		if s.purpose, err = unseal(id, sealed); err != nil {
			return false, fmt.Errorf("read the purpose of a session: %w", err)
		}
		s.sealed = string(sealed)
	}
	if !use {
		return false, nil
	}
	s.used = now
	if now.Sub(s.marked) < mark {
		return false, nil
	}
	s.marked = now
	return true, nil
}

// load reads a session from the store and returns it as this process knows it, or
// ErrNoSession.
func (ss *sessions) load(ctx context.Context, key string) (*session, error) {
	who, err := ss.read(ctx, whoAt(key))
	if err != nil {
		return nil, err
	}
	if who == nil {
		ss.drop(key)
		return nil, ErrNoSession
	}
	used, err := ss.read(ctx, usedAt(key))
	if err != nil {
		return nil, err
	}
	s := &session{ref: refOf(key)}
	if err := json.Unmarshal(who, s); err != nil {
		return nil, fmt.Errorf("read a session: %w", err)
	}
	s.used = s.Began
	if used != nil {
		if s.used, err = time.Parse(time.RFC3339Nano, string(used)); err != nil {
			return nil, fmt.Errorf("read a session: %w", err)
		}
	}
	s.marked = s.used
	ss.mu.Lock()
	defer ss.mu.Unlock()
	if old, ok := ss.known[key]; ok {
		if s.used.After(old.used) {
			old.used = s.used
		}
		old.marked = s.marked
		s = old
	}
	if ss.over(s, ss.c.Now()) {
		delete(ss.known, key)
		return nil, ErrNoSession
	}
	ss.known[key] = s
	return s, nil
}

func (ss *sessions) setPurpose(ctx context.Context, id string, p Purpose) error {
	key := keyOf(id)
	sealed, err := seal(id, p)
	if err != nil {
		return err
	}
	if _, err := ss.load(ctx, key); err != nil {
		return err
	}
	if err := ss.write(ctx, purposeAt(key), sealed); err != nil {
		return err
	}
	// Whoever signed out between the two must stay signed out.
	if _, err := ss.load(ctx, key); err != nil {
		return errors.Join(err, ss.remove(ctx, purposeAt(key)))
	}
	return nil
}

// end ends a session: first what setPurpose looks at, then what find does.
func (ss *sessions) end(ctx context.Context, key string) error {
	ss.drop(key)
	return errors.Join(ss.remove(ctx, whoAt(key)), ss.remove(ctx, purposeAt(key)), ss.remove(ctx, usedAt(key)))
}

func (ss *sessions) drop(key string) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	delete(ss.known, key)
}

// read returns an entry, or nil when it is not there.
func (ss *sessions) read(ctx context.Context, key string) ([]byte, error) {
	b, err := ss.c.Sessions.Get(ctx, key)
	if errors.Is(err, ad.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read a session: %w", err)
	}
	return b, nil
}

func (ss *sessions) put(ctx context.Context, key string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode a session: %w", err)
	}
	return ss.write(ctx, key, b)
}

func (ss *sessions) write(ctx context.Context, key string, b []byte) error {
	if err := ss.c.Sessions.Put(ctx, key, b); err != nil {
		return fmt.Errorf("store a session: %w", err)
	}
	return nil
}

func (ss *sessions) remove(ctx context.Context, key string) error {
	if err := ss.c.Sessions.Delete(ctx, key); err != nil && !errors.Is(err, ad.ErrNotFound) {
		return fmt.Errorf("end a session: %w", err)
	}
	return nil
}
