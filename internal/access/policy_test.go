package access

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPolicy is the whole table as people read it: change both or neither.
func TestPolicy(t *testing.T) {
	const want = `
action       admin analyst reader auditor | needs
status       yes   yes     yes    yes     |
password     yes   yes     yes    yes     |
tokens       yes   yes     yes    yes     |
read         yes   yes     yes    -       | purpose
watch        yes   yes     -      -       | purpose
packet       yes   yes     -      -       | purpose
export       yes   yes     -      -       | purpose
correct      yes   yes     -      -       | purpose
import       yes   yes     -      -       | purpose
crawl        yes   -       -      -       |
users        yes   -       -      -       |
audit        yes   -       -      yes     |
hold         yes   -       -      -       |
erase        yes   -       -      -       |
replay       yes   -       -      -       |
dead-letters yes   -       -      -       | purpose
backup       yes   -       -      -       |
`
	var b strings.Builder
	b.WriteString("\naction       admin analyst reader auditor | needs\n")
	for _, r := range policy {
		b.WriteString(pad(string(r.action), 13))
		for _, role := range Roles() {
			s := Subject{User: "u", Role: role, Via: ViaSession, Purpose: Purpose{ID: "p"}}
			cell := "-"
			if s.May(r.action) == nil {
				cell = "yes"
			}
			b.WriteString(pad(cell, len(role)+1))
		}
		s := Subject{User: "u", Role: Admin, Via: ViaSession}
		b.WriteString("|")
		if errors.Is(s.May(r.action), ErrNoPurpose) {
			b.WriteString(" purpose")
		}
		b.WriteString("\n")
	}
	if diff := cmp.Diff(b.String(), want); diff != "" {
		t.Errorf("policy (-got +want):\n%s", diff)
	}
}

func pad(s string, n int) string { return s + strings.Repeat(" ", n-len(s)) }

// TestTokensAreNarrower: a token may never do what its user's session may not, nor
// anything outside its scopes, nor what only a person may.
func TestTokensAreNarrower(t *testing.T) {
	for _, role := range append(Roles(), "", "king") {
		for n := range 1 << len(Scopes()) {
			var scopes []Scope
			for i, s := range Scopes() {
				if n>>i&1 == 1 {
					scopes = append(scopes, s)
				}
			}
			for _, r := range policy {
				p := Purpose{ID: "p"}
				token := Subject{User: "u", Role: role, Via: ViaToken, Scopes: scopes, Purpose: p}
				session := Subject{User: "u", Role: role, Via: ViaSession, Purpose: p}
				want := session.May(r.action) == nil
				for _, needed := range r.scopes {
					want = want && slices.Contains(scopes, needed)
				}
				if got := token.May(r.action) == nil; got != want {
					t.Errorf("%s with %v, %s: got %v, want %v", role, scopes, r.action, got, want)
				}
			}
		}
	}
}

func TestWhoIsNobodyMayNothing(t *testing.T) {
	for name, s := range map[string]Subject{
		"zero":         {},
		"no user":      {Role: Admin, Via: ViaSession, Purpose: Purpose{ID: "p"}},
		"no way in":    {User: "u", Role: Admin, Purpose: Purpose{ID: "p"}},
		"unknown role": {User: "u", Role: "king", Via: ViaSession, Purpose: Purpose{ID: "p"}},
	} {
		for _, r := range append(slices.Clone(policy), rule{action: "fly"}) {
			if err := s.May(r.action); !errors.Is(err, ErrDenied) {
				t.Errorf("%s, %s: got %v", name, r.action, err)
			}
		}
	}
	admin := Subject{User: "u", Role: Admin, Via: ViaSession, Purpose: Purpose{ID: "p"}}
	if err := admin.May("fly"); !errors.Is(err, ErrDenied) {
		t.Errorf("unknown action: %v", err)
	}
}

func TestOneTimePasswordOpensOnlyItsChange(t *testing.T) {
	s := Subject{User: "u", Role: Admin, Via: ViaSession, Purpose: Purpose{ID: "p"}, MustChange: true}
	for _, r := range policy {
		if err := s.May(r.action); (err == nil) != (r.action == ActPassword) {
			t.Errorf("%s: got %v", r.action, err)
		}
	}
}
