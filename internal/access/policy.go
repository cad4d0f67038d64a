package access

import (
	"fmt"
	"slices"
)

// A Role says what kind of work a user does.
type Role string

// The roles.
const (
	Admin   Role = "admin"   // runs the installation and may work in it
	Analyst Role = "analyst" // searches, subscribes, makes packets
	Reader  Role = "reader"  // reads ads for a purpose, and nothing else
	Auditor Role = "auditor" // reads the audit log, never ads
)

// Roles lists every role.
func Roles() []Role { return []Role{Admin, Analyst, Reader, Auditor} }

// A Scope narrows an API token to some of what its user may do.
type Scope string

// The scopes.
const (
	ScopeRead    Scope = "read"
	ScopeWatch   Scope = "watch"
	ScopePacket  Scope = "packet"
	ScopeCorrect Scope = "correct"
	ScopeAdmin   Scope = "admin"

	scopeSelf Scope = "-" // no token: a person in a session only
)

// Scopes lists every scope.
func Scopes() []Scope { return []Scope{ScopeRead, ScopeWatch, ScopePacket, ScopeCorrect, ScopeAdmin} }

// An Action is something a subject asks to do.
type Action string

// The actions.
const (
	ActStatus   Action = "status"   // see the ledger and the health: counts, no ads
	ActPassword Action = "password" // change one's own password
	ActTokens   Action = "tokens"   // make, list and revoke one's own tokens
	ActRead     Action = "read"     // search, open an ad or a cluster
	ActWatch    Action = "watch"    // subscribe, end a subscription, read the inbox
	ActPacket   Action = "packet"   // make and download an evidence packet
	ActExport   Action = "export"   // download all that a search finds
	ActCorrect  Action = "correct"  // say how a piece of an ad reads, and take that back
	ActImport   Action = "import"   // bring in pages
	ActCrawl    Action = "crawl"    // start, stop and plan crawls
	ActUsers    Action = "users"    // add, disable and reset users
	ActAudit    Action = "audit"    // read and verify the audit log; see holds and what was erased

	ActHold        Action = "hold"         // hold from erasure, and release
	ActErase       Action = "erase"        // erase ads and numbers for good
	ActReplay      Action = "replay"       // run steps again over what is stored, and switch to the result
	ActDeadLetters Action = "dead-letters" // read, retry and drop what could not be handled: it holds ads
	ActBackup      Action = "backup"       // write and restore a backup
)

// A rule says who may take an action. A token needs every one of the scopes.
// purpose: only for a purpose.
type rule struct {
	action  Action
	scopes  []Scope
	purpose bool
	roles   []Role
}

// covers reports whether a token of these scopes may take the action.
func (r rule) covers(scopes []Scope) bool {
	return !slices.ContainsFunc(r.scopes, func(s Scope) bool { return !slices.Contains(scopes, s) })
}

// policy is the whole of who may do what: what is not here is denied. Every
// action that shows or brings in ads needs a purpose.
var policy = []rule{
	{ActStatus, nil, false, []Role{Admin, Analyst, Reader, Auditor}},
	{ActPassword, []Scope{scopeSelf}, false, []Role{Admin, Analyst, Reader, Auditor}},
	{ActTokens, []Scope{scopeSelf}, false, []Role{Admin, Analyst, Reader, Auditor}},
	{ActRead, []Scope{ScopeRead}, true, []Role{Admin, Analyst, Reader}},
	{ActWatch, []Scope{ScopeWatch}, true, []Role{Admin, Analyst}},
	{ActPacket, []Scope{ScopePacket}, true, []Role{Admin, Analyst}},
	{ActExport, []Scope{ScopeRead, ScopePacket}, true, []Role{Admin, Analyst}},
	{ActCorrect, []Scope{ScopeRead, ScopeCorrect}, true, []Role{Admin, Analyst}},
	{ActImport, []Scope{ScopeAdmin}, true, []Role{Admin, Analyst}},
	{ActCrawl, []Scope{ScopeAdmin}, false, []Role{Admin}},
	{ActUsers, []Scope{ScopeAdmin}, false, []Role{Admin}},
	{ActAudit, []Scope{ScopeAdmin}, false, []Role{Admin, Auditor}},
	{ActHold, []Scope{ScopeAdmin}, false, []Role{Admin}},
	{ActErase, []Scope{ScopeAdmin}, false, []Role{Admin}},
	{ActReplay, []Scope{ScopeAdmin}, false, []Role{Admin}},
	{ActDeadLetters, []Scope{ScopeAdmin, ScopeRead}, true, []Role{Admin}},
	{ActBackup, []Scope{ScopeAdmin}, false, []Role{Admin}},
}

// Needs is what an action asks of a subject.
type Needs struct {
	Scopes  []Scope // that a token must have, all of them
	Roles   []Role  // of which its user must have one
	Purpose bool    // there must be a purpose
}

// NeedsOf says what the policy asks for an action; false when it knows none of the name.
func NeedsOf(a Action) (Needs, bool) {
	i := slices.IndexFunc(policy, func(r rule) bool { return r.action == a })
	if i < 0 {
		return Needs{}, false
	}
	r := policy[i]
	return Needs{slices.Clone(r.scopes), slices.Clone(r.roles), r.purpose}, true
}

// The ways a subject came in.
const (
	ViaSession = "session"
	ViaToken   = "token"
)

// A Subject is somebody who is asking. The zero Subject may do nothing.
type Subject struct {
	User       string  // user id
	Name       string  // what people call the user
	Role       Role    // as it is now
	Purpose    Purpose // what for; empty until given
	Via        string  // session or token
	Session    string  // names the session or token in logs; opens nothing
	Scopes     []Scope // of a token
	MustChange bool    // signed in with a one-time password
}

// May returns nil when the subject may take the action now; otherwise ErrDenied,
// ErrMustChange or ErrNoPurpose.
func (s Subject) May(a Action) error {
	i := slices.IndexFunc(policy, func(r rule) bool { return r.action == a })
	if i < 0 || s.User == "" || !slices.Contains(policy[i].roles, s.Role) {
		return fmt.Errorf("%s: %w", a, ErrDenied)
	}
	r := policy[i]
	switch {
	case s.Via == ViaSession:
	case s.Via == ViaToken && r.covers(s.Scopes):
	default:
		return fmt.Errorf("%s: %w", a, ErrDenied)
	}
	if s.MustChange && a != ActPassword {
		return fmt.Errorf("%s: %w", a, ErrMustChange)
	}
	if r.purpose && s.Purpose.ID == "" {
		return fmt.Errorf("%s: %w", a, ErrNoPurpose)
	}
	return nil
}
