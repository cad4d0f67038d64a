package access

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"time"
)

// maxSessions bounds the sessions of one user; the oldest gives way.
const maxSessions = 8

// A session is a person who has signed in.
type session struct {
	user    string
	ref     string
	began   time.Time
	used    time.Time
	purpose Purpose
}

// sessions are kept in memory under the SHA-256 of their ids, so that who reads
// the memory or a dump cannot use them as they are.
type sessions struct {
	c     Config
	mu    sync.Mutex
	byKey map[[32]byte]*session
}

// SignIn checks name and password and opens a session. The id is the secret that
// the browser keeps. Errors are ErrBadCredentials, ErrLocked, ErrBusy or the
// context's.
func (r *Register) SignIn(ctx context.Context, name, password string) (id string, s Subject, err error) {
	u, err := r.check(ctx, strings.ToLower(strings.TrimSpace(name)), password)
	if err != nil {
		return "", Subject{}, fmt.Errorf("sign in: %w", err)
	}
	if r.hasher.outdated(u.hash) {
		// The stored hash is cheaper than today's cost. The sign-in stands even
		// when this cannot be mended now; the next one tries again.
		_ = r.setPassword(ctx, System, u, password, u.MustChange)
	}
	id = base64.RawURLEncoding.EncodeToString(random(32))
	r.sessions.begin(id, u.ID)
	s, err = r.Session(id)
	return id, s, err
}

// Session returns who a session belongs to and counts as use of it, or returns
// ErrNoSession. Role and state of the user are as they are now.
func (r *Register) Session(id string) (Subject, error) { return r.subject(id, true) }

// Glance is Session for what a page does by itself, such as waiting for alerts: it
// does not count as use, or an open page would keep a session alive that nobody
// sits at.
func (r *Register) Glance(id string) (Subject, error) { return r.subject(id, false) }

func (r *Register) subject(id string, use bool) (Subject, error) {
	s, ok := r.sessions.find(id, use)
	if !ok {
		return Subject{}, ErrNoSession
	}
	u, err := r.User(s.user)
	if err != nil || u.Disabled {
		return Subject{}, ErrNoSession
	}
	return Subject{
		User: u.ID, Name: u.Name, Role: u.Role, Purpose: s.purpose, Via: ViaSession, Session: s.ref,
		MustChange: u.MustChange && !r.c.KeepOneTime,
	}, nil
}

// SetPurpose gives a session its purpose; every action after it is for that.
func (r *Register) SetPurpose(id, kind, text string) (Subject, error) {
	p, err := r.c.purpose(kind, text)
	if err != nil {
		return Subject{}, err
	}
	if !r.sessions.setPurpose(id, p) {
		return Subject{}, ErrNoSession
	}
	return r.Session(id)
}

// SignOut ends a session. One that is not there is fine.
func (r *Register) SignOut(id string) { r.sessions.end(id) }

func (ss *sessions) begin(id, user string) {
	now := ss.c.Now()
	key := sha256.Sum256([]byte(id))
	// The reference names the session in logs. It is a digest of the digest, so
	// it does not even show the key under which the session is kept.
	ref := sha256.Sum256(key[:])
	ss.mu.Lock()
	defer ss.mu.Unlock()
	var mine int
	var oldest [32]byte
	for k, s := range ss.byKey {
		switch {
		case ss.over(s, now):
			delete(ss.byKey, k)
		case s.user == user:
			if mine == 0 || s.began.Before(ss.byKey[oldest].began) {
				oldest = k
			}
			mine++
		}
	}
	if mine >= maxSessions {
		delete(ss.byKey, oldest)
	}
	ss.byKey[key] = &session{user: user, ref: hex.EncodeToString(ref[:8]), began: now, used: now}
}

// over reports whether a session has ended by itself.
func (ss *sessions) over(s *session, now time.Time) bool {
	return now.Sub(s.used) >= ss.c.Idle || now.Sub(s.began) >= ss.c.Absolute
}

// find returns a copy of a live session; use restarts its idle clock.
func (ss *sessions) find(id string, use bool) (session, bool) {
	now := ss.c.Now()
	key := sha256.Sum256([]byte(id))
	ss.mu.Lock()
	defer ss.mu.Unlock()
	s, ok := ss.byKey[key]
	if !ok {
		return session{}, false
	}
	if ss.over(s, now) {
		delete(ss.byKey, key)
		return session{}, false
	}
	if use {
		s.used = now
	}
	return *s, true
}

func (ss *sessions) setPurpose(id string, p Purpose) bool {
	key := sha256.Sum256([]byte(id))
	ss.mu.Lock()
	defer ss.mu.Unlock()
	s, ok := ss.byKey[key]
	if !ok || ss.over(s, ss.c.Now()) {
		return false
	}
	s.purpose = p
	return true
}

func (ss *sessions) end(id string) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	delete(ss.byKey, sha256.Sum256([]byte(id)))
}

// endOf ends the sessions of a user, except one.
func (ss *sessions) endOf(user, except string) {
	keep := sha256.Sum256([]byte(except))
	ss.mu.Lock()
	defer ss.mu.Unlock()
	for k, s := range ss.byKey {
		if s.user == user && k != keep {
			delete(ss.byKey, k)
		}
	}
}
