package access

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestRecordsOfVersion1: what the first program wrote stays readable. The file is
// never written again; a later version gets one of its own.
func TestRecordsOfVersion1(t *testing.T) {
	file, err := os.ReadFile("testdata/records.v1")
	if err != nil {
		t.Fatal(err)
	}
	m := &memory{}
	for line := range bytes.Lines(file) {
		subject, data, _ := bytes.Cut(bytes.TrimSpace(line), []byte(" "))
		m.Events = append(m.Events, stored{Subject: string(subject), Data: data})
	}
	for _, kind := range []string{kindCreated, kindPassword, kindRole, kindDisabled, kindEnabled, kindMade, kindRevoked} {
		if !strings.Contains(string(file), `"kind":"`+kind+`"`) {
			t.Errorf("the file holds no event of kind %s", kind)
		}
	}
	h := newHand()
	r := open(t, m, h)
	at := h.now()
	users := []User{
		{ID: userID("alice"), Name: "alice", Role: Analyst, Created: at},
		{ID: userID("bruno"), Name: "bruno", Role: Auditor, Created: at, MustChange: true, Disabled: true},
	}
	if diff := cmp.Diff(r.Users(), users, cmpopts.IgnoreUnexported(User{})); diff != "" {
		t.Errorf("users (-got +want):\n%s", diff)
	}
	if _, _, err := r.SignIn(t.Context(), "alice", good); err != nil {
		t.Errorf("the password of then: %v", err)
	}
	tokens := []Token{{
		ID: "b57dcb18a3a08b5586aee15599accf33", User: userID("alice"), Name: "nightly", Scopes: []Scope{ScopeRead},
		Purpose: Purpose{ID: "6864cc2042a1d6924ffdc02f1012eb99", Kind: PurposeCase, Text: "case 26-1"},
		Created: at, Expires: at.Add(time.Hour), Revoked: at,
	}}
	if diff := cmp.Diff(r.Tokens(userID("alice")), tokens); diff != "" {
		t.Errorf("tokens (-got +want):\n%s", diff)
	}
}
