package access

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
)

func order() TokenOrder {
	return TokenOrder{Name: "night job", Scopes: []Scope{ScopeWatch, ScopeRead, ScopeRead}, PurposeKind: PurposeCase, PurposeText: "Case 26-14"}
}

func TestToken(t *testing.T) {
	r, h, _, u := settled(t, Analyst)
	tok, secret, err := r.MakeToken(t.Context(), u.ID, u.ID, order())
	if err != nil {
		t.Fatal(err)
	}
	want := Token{
		ID: tok.ID, User: u.ID, Name: "night job", Scopes: []Scope{ScopeRead, ScopeWatch}, Purpose: tok.Purpose,
		Created: h.now(), Expires: h.now().Add(90 * 24 * time.Hour),
	}
	if diff := cmp.Diff(r.Tokens(u.ID), []Token{want}); diff != "" {
		t.Errorf("token (-got +want):\n%s", diff)
	}
	if !strings.HasPrefix(secret, "vigil_") || len(secret) != len("vigil_")+43 {
		t.Errorf("the secret has %d characters", len(secret))
	}
	s, err := r.Token(secret)
	if err != nil {
		t.Fatal(err)
	}
	subject := Subject{
		User: u.ID, Name: "alice", Role: Analyst, Purpose: tok.Purpose, Via: ViaToken, Session: tok.ID,
		Scopes: []Scope{ScopeRead, ScopeWatch},
	}
	if diff := cmp.Diff(s, subject); diff != "" {
		t.Errorf("subject (-got +want):\n%s", diff)
	}
	if s.May(ActRead) != nil || s.May(ActWatch) != nil || s.May(ActPacket) == nil || s.May(ActTokens) == nil {
		t.Error("the token's scopes do not hold")
	}
}

func TestTokenEnds(t *testing.T) {
	for name, end := range map[string]func(*testing.T, *Register, *hand, User, Token){
		"by expiry": func(_ *testing.T, _ *Register, h *hand, _ User, _ Token) { h.move(90 * 24 * time.Hour) },
		"with its user": func(t *testing.T, r *Register, _ *hand, u User, _ Token) {
			if err := r.Disable(t.Context(), System, u.ID); err != nil {
				t.Fatal(err)
			}
		},
		"by revocation": func(t *testing.T, r *Register, _ *hand, u User, tok Token) {
			if err := r.Revoke(t.Context(), "x", "x", tok.ID); !errors.Is(err, ad.ErrNotFound) {
				t.Errorf("revoked by another user: %v", err)
			}
			for range 2 {
				if err := r.Revoke(t.Context(), u.ID, u.ID, tok.ID); err != nil {
					t.Fatal(err)
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, h, _, u := settled(t, Analyst)
			tok, secret, err := r.MakeToken(t.Context(), u.ID, u.ID, order())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := r.Token(secret); err != nil {
				t.Fatal(err)
			}
			end(t, r, h, u, tok)
			if _, err := r.Token(secret); !errors.Is(err, ErrNoSession) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestUnknownTokens(t *testing.T) {
	r, _, id, u := settled(t, Analyst)
	tok, secret, err := r.MakeToken(t.Context(), u.ID, u.ID, order())
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]string{
		"empty": "", "prefix only": "vigil_", "its id": tok.ID, "a session": id, "without prefix": strings.TrimPrefix(secret, "vigil_"),
		"one letter more": secret + "A", "one letter less": secret[:len(secret)-1],
	} {
		t.Run(name, func(t *testing.T) {
			if s, err := r.Token(s); !errors.Is(err, ErrNoSession) || s.User != "" {
				t.Errorf("got %v, %v", s, err)
			}
		})
	}
}

func TestMakeTokenRefuses(t *testing.T) {
	for name, change := range map[string]func(*TokenOrder){
		"no name":       func(o *TokenOrder) { o.Name = " " },
		"no scopes":     func(o *TokenOrder) { o.Scopes = nil },
		"unknown scope": func(o *TokenOrder) { o.Scopes = []Scope{"all"} },
		"self scope":    func(o *TokenOrder) { o.Scopes = []Scope{scopeSelf} },
		"no purpose":    func(o *TokenOrder) { o.PurposeText = "" },
		"negative age":  func(o *TokenOrder) { o.Age = -time.Hour },
		"ten years":     func(o *TokenOrder) { o.Age = 10 * 366 * 24 * time.Hour },
	} {
		t.Run(name, func(t *testing.T) {
			r, _, _, u := settled(t, Analyst)
			o := order()
			change(&o)
			if _, secret, err := r.MakeToken(t.Context(), u.ID, u.ID, o); !errors.Is(err, ErrInvalid) || secret != "" {
				t.Errorf("got %v", err)
			}
		})
	}
	r, _, _, _ := settled(t, Analyst)
	if _, _, err := r.MakeToken(t.Context(), System, "nobody", order()); !errors.Is(err, ad.ErrNotFound) {
		t.Errorf("for nobody: %v", err)
	}
}

func TestPurpose(t *testing.T) {
	r, _, id, _ := settled(t, Analyst)
	if s, err := r.Session(t.Context(), id); err != nil || !errors.Is(s.May(ActRead), ErrNoPurpose) {
		t.Errorf("before: %v, %v", s.May(ActRead), err)
	}
	one, err := r.SetPurpose(t.Context(), id, PurposeCase, "  Case   26-14 ")
	if err != nil || one.Purpose.Text != "Case 26-14" || one.May(ActRead) != nil {
		t.Errorf("got %v, %v", one.Purpose, err)
	}
	same, err := r.SetPurpose(t.Context(), id, PurposeCase, "case 26-14")
	if err != nil || same.Purpose.ID != one.Purpose.ID {
		t.Errorf("the same case has another id: %v", err)
	}
	other, err := r.SetPurpose(t.Context(), id, PurposeReason, "Case 26-14")
	if err != nil || other.Purpose.ID == one.Purpose.ID {
		t.Errorf("another kind has the same id: %v", err)
	}
	for name, c := range map[string][2]string{
		"no kind": {"", "Case 26-14"}, "no text": {PurposeCase, "  "}, "too short": {PurposeCase, "ab"},
		"too long": {PurposeReason, strings.Repeat("x ", 200)}, "control characters": {PurposeReason, "some\x07thing"},
		"not text": {PurposeReason, "some\xffthing"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := r.SetPurpose(t.Context(), id, c[0], c[1]); !errors.Is(err, ErrInvalid) {
				t.Errorf("got %v", err)
			}
		})
	}
	if s, err := r.Session(t.Context(), id); err != nil || s.Purpose.ID != other.Purpose.ID {
		t.Errorf("a refused purpose took the place of the last good one: %v", err)
	}
}
