package access

import (
	"context"
	"errors"
	"sync"
	"time"
)

// maxNames bounds how many names the lockout remembers. Names come from outside.
const maxNames = 10_000

// attempts are the wrong passwords given for one name.
type attempts struct {
	times  []time.Time // within the window
	locked time.Time   // until then
}

// A lockout counts wrong passwords by name, whether or not the name exists: so
// that a lock says nothing about who is a user.
type lockout struct {
	c     Config
	mu    sync.Mutex
	names map[string]*attempts
}

// begin counts an attempt as wrong before the password is looked at, so that many
// at once cannot outrun the count, or returns ErrLocked.
func (l *lockout) begin(name string) error {
	now := l.c.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.names[name]
	if a == nil {
		l.sweep(now)
		if len(l.names) >= maxNames {
			return ErrBusy
		}
		a = &attempts{}
		l.names[name] = a
	}
	if now.Before(a.locked) {
		return ErrLocked
	}
	a.times = append(within(a.times, now.Add(-l.c.Window)), now)
	if len(a.times) > l.c.Attempts {
		a.locked, a.times = now.Add(l.c.Lock), nil
		return ErrLocked
	}
	return nil
}

// wrong locks the name when the attempt that was counted was the last one free.
func (l *lockout) wrong(name string) {
	now := l.c.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if a := l.names[name]; a != nil && len(a.times) >= l.c.Attempts {
		a.locked, a.times = now.Add(l.c.Lock), nil
	}
}

// undo takes back an attempt that was not judged.
func (l *lockout) undo(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if a := l.names[name]; a != nil && len(a.times) > 0 {
		a.times = a.times[:len(a.times)-1]
	}
}

func (l *lockout) clear(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.names, name)
}

// sweep forgets names with nothing to remember, once half of the room is taken.
// The caller holds l.mu.
func (l *lockout) sweep(now time.Time) {
	if len(l.names) < maxNames/2 {
		return
	}
	for name, a := range l.names {
		a.times = within(a.times, now.Add(-l.c.Window))
		if len(a.times) == 0 && !now.Before(a.locked) {
			delete(l.names, name)
		}
	}
}

// within drops the times that are not after since.
func within(times []time.Time, since time.Time) []time.Time {
	for len(times) > 0 && !times[0].After(since) {
		times = times[1:]
	}
	return times
}

// check returns the user if the password is right: otherwise ErrBadCredentials,
// ErrLocked or ErrBusy. A name that nobody has takes as long and gives the same
// errors as a wrong password.
func (r *Register) check(ctx context.Context, name, password string) (User, error) {
	if checkName(name) != nil || len(password) > 4*maxPassword {
		name, password = "-", "" // nobody has this name; spend the time all the same
	}
	if err := r.lockout.begin(name); err != nil && name != "-" {
		return User{}, err
	}
	u, err := r.UserNamed(name)
	hash := u.hash
	if err != nil || u.Disabled {
		hash = ""
	}
	ok, err := r.hasher.verify(ctx, hash, password)
	switch {
	case err != nil:
		r.lockout.undo(name)
		if !errors.Is(err, ErrBusy) && ctx.Err() == nil {
			err = errors.Join(ErrBadCredentials, err)
		}
		return User{}, err
	case !ok:
		r.lockout.wrong(name)
		return User{}, ErrBadCredentials
	}
	r.lockout.clear(name)
	return u, nil
}
