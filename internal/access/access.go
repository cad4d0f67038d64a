// Package access knows who is asking, what they may do, and for which purpose. In
// come names, passwords, session ids and API tokens; out come Subjects, and a
// Subject says whether it may take an action. Users and tokens are events in a
// journal, one subject each, from which the state is rebuilt and which several
// processes may share; sessions live in a store that they may share too, or in
// memory. Failed sign-ins are counted by each process alone: a lock holds in the
// process that set it. The room keeps no secret in clear (passwords as argon2id,
// sessions and tokens as SHA-256), reads no ads and answers no request by itself.
package access

import "errors"

// What the doors branch on.
var (
	// ErrDenied says that the subject's role or scopes do not cover the action.
	ErrDenied = errors.New("not allowed")
	// ErrNoPurpose says that the action needs a purpose and the subject gave none.
	ErrNoPurpose = errors.New("no purpose given")
	// ErrMustChange says that a one-time password must be replaced first.
	ErrMustChange = errors.New("the one-time password must be changed first")
	// ErrBadCredentials says that name or password is wrong, not which.
	ErrBadCredentials = errors.New("wrong name or password")
	// ErrLocked says that the name is locked after too many wrong passwords.
	ErrLocked = errors.New("locked after too many wrong passwords")
	// ErrBusy says that too many sign-ins are under way; trying again helps.
	ErrBusy = errors.New("too many sign-ins at once")
	// ErrNoSession says that a session or token is unknown, expired or revoked.
	ErrNoSession = errors.New("not signed in, or no longer")
	// ErrWeakPassword says that a new password is refused; the text says why.
	ErrWeakPassword = errors.New("password not accepted")
	// ErrExists says that the name is taken, by a disabled user perhaps.
	ErrExists = errors.New("name is taken")
	// ErrInvalid says that a name, role, scope or purpose cannot be right.
	ErrInvalid = errors.New("not valid")
)
