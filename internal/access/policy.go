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
	ScopeRead   Scope = "read"
	ScopeWatch  Scope = "watch"
	ScopePacket Scope = "packet"
	ScopeAdmin  Scope = "admin"

	scopeNone Scope = ""  // any token
	scopeSelf Scope = "-" // no token: a person in a session only
)

// Scopes lists every scope.
func Scopes() []Scope { return []Scope{ScopeRead, ScopeWatch, ScopePacket, ScopeAdmin} }

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
	ActImport   Action = "import"   // bring in pages
	ActCrawl    Action = "crawl"    // start, stop and plan crawls
	ActUsers    Action = "users"    // add, disable and reset users
	ActAudit    Action = "audit"    // read and verify the audit log
)

// A rule says who may take an action. purpose: only for a purpose.
type rule struct {
	action  Action
	scope   Scope
	purpose bool
	roles   []Role
}

// policy is the whole of who may do what: what is not here is denied. Every
// action that shows or brings in ads needs a purpose.
var policy = []rule{
	{ActStatus, scopeNone, false, []Role{Admin, Analyst, Reader, Auditor}},
	{ActPassword, scopeSelf, false, []Role{Admin, Analyst, Reader, Auditor}},
	{ActTokens, scopeSelf, false, []Role{Admin, Analyst, Reader, Auditor}},
	{ActRead, ScopeRead, true, []Role{Admin, Analyst, Reader}},
	{ActWatch, ScopeWatch, true, []Role{Admin, Analyst}},
	{ActPacket, ScopePacket, true, []Role{Admin, Analyst}},
	{ActImport, ScopeAdmin, true, []Role{Admin, Analyst}},
	{ActCrawl, ScopeAdmin, false, []Role{Admin}},
	{ActUsers, ScopeAdmin, false, []Role{Admin}},
	{ActAudit, ScopeAdmin, false, []Role{Admin, Auditor}},
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
	case s.Via == ViaToken && (r.scope == scopeNone || slices.Contains(s.Scopes, r.scope)):
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
