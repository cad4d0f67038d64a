package access

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"vigil.example/internal/ad"
)

// tokenPrefix lets people and scanners recognise a token that leaked.
const tokenPrefix = "vigil_"

// A Token lets a program act for a user, within scopes, for a purpose, until it
// expires. The secret is shown once, when the token is made.
type Token struct {
	ID      string    `json:"id"`
	User    string    `json:"user"`
	Name    string    `json:"name"`
	Scopes  []Scope   `json:"scopes"`
	Purpose Purpose   `json:"purpose"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
	Revoked time.Time `json:"revoked,omitzero"`
}

// A TokenOrder asks for a token.
type TokenOrder struct {
	Name        string // what it is for people
	Scopes      []Scope
	PurposeKind string
	PurposeText string
	Age         time.Duration // until it expires; the configured age when 0
}

// MakeToken makes a token for a user and returns its secret, which nobody can
// read again.
func (r *Register) MakeToken(ctx context.Context, by, user string, o TokenOrder) (t Token, secret string, err error) {
	t, err = r.token(user, o)
	if err != nil {
		return Token{}, "", fmt.Errorf("make token: %w", err)
	}
	secret = tokenPrefix + base64.RawURLEncoding.EncodeToString(random(32))
	sum := sha256.Sum256([]byte(secret))
	err = r.decide(ctx, func() (string, event, error) {
		u, err := r.User(user)
		if err == nil && u.Disabled {
			err = ErrDenied
		}
		return subjectToken + t.ID, event{Kind: kindMade, By: by, Token: &t, SHA256: hex.EncodeToString(sum[:])}, err
	})
	if err != nil {
		return Token{}, "", fmt.Errorf("make token: %w", err)
	}
	return t, secret, nil
}

// token checks an order and completes it.
func (r *Register) token(user string, o TokenOrder) (Token, error) {
	name := strings.Join(strings.Fields(o.Name), " ")
	if n := utf8.RuneCountInString(name); n < 1 || n > 60 || !utf8.ValidString(name) {
		return Token{}, fmt.Errorf("token name %w: it has %d characters, not 1 to 60", ErrInvalid, n)
	}
	scopes := slices.Compact(slices.Sorted(slices.Values(o.Scopes)))
	if len(scopes) == 0 {
		return Token{}, fmt.Errorf("token scopes %w: none given", ErrInvalid)
	}
	for _, s := range scopes {
		if !slices.Contains(Scopes(), s) {
			return Token{}, fmt.Errorf("token scope %q %w", s, ErrInvalid)
		}
	}
	p, err := r.c.purpose(o.PurposeKind, o.PurposeText)
	if err != nil {
		return Token{}, err
	}
	age := cmp.Or(o.Age, r.c.TokenAge)
	if age <= 0 || age > MaxTokenAge {
		return Token{}, fmt.Errorf("token age %w: it is %v, not up to %v", ErrInvalid, age, MaxTokenAge)
	}
	now := r.c.Now().UTC()
	return Token{
		ID: hex.EncodeToString(random(16)), User: user, Name: name, Scopes: scopes, Purpose: p,
		Created: now, Expires: now.Add(age),
	}, nil
}

// Token returns who a token acts for, or ErrNoSession.
func (r *Register) Token(secret string) (Subject, error) {
	if !strings.HasPrefix(secret, tokenPrefix) {
		return Subject{}, ErrNoSession
	}
	// Looking up the digest shows at most, by its timing, something about
	// digests; that does not help to find a secret of 256 bits.
	sum := sha256.Sum256([]byte(secret))
	r.mu.RLock()
	defer r.mu.RUnlock()
	t, ok := r.tokens[r.secrets[sum]]
	if !ok || !t.Revoked.IsZero() || !r.c.Now().Before(t.Expires) {
		return Subject{}, ErrNoSession
	}
	u, ok := r.users[t.User]
	if !ok || u.Disabled {
		return Subject{}, ErrNoSession
	}
	return Subject{
		User: u.ID, Name: u.Name, Role: u.Role, Purpose: t.Purpose, Via: ViaToken, Session: t.ID,
		Scopes: slices.Clone(t.Scopes),
	}, nil
}

// Tokens returns a user's tokens, expired and revoked ones too, oldest first.
func (r *Register) Tokens(user string) []Token {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var out []Token
	for _, t := range r.tokens {
		if t.User == user {
			out = append(out, *t)
		}
	}
	slices.SortFunc(out, func(a, b Token) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// Revoke makes a user's token stop working. Revoking it again changes nothing;
// one that is somebody else's is ad.ErrNotFound.
func (r *Register) Revoke(ctx context.Context, by, user, id string) error {
	err := r.decide(ctx, func() (string, event, error) {
		r.mu.RLock()
		t, ok := r.tokens[id]
		r.mu.RUnlock()
		switch {
		case !ok || t.User != user:
			return "", event{}, ad.ErrNotFound
		case !t.Revoked.IsZero():
			return "", event{}, nil
		}
		return subjectToken + id, event{Kind: kindRevoked, By: by}, nil
	})
	if err != nil {
		return fmt.Errorf("revoke token: %w", err)
	}
	return nil
}

func (r *Register) applyToken(id string, _ uint64, e event) error {
	switch e.Kind {
	case kindMade:
		if e.Token == nil || e.Token.ID != id {
			return fmt.Errorf("token %s: made event without it", id)
		}
		var key [32]byte
		if n, err := hex.Decode(key[:], []byte(e.SHA256)); err != nil || n != len(key) {
			return fmt.Errorf("token %s: digest is not 32 bytes of hex", id)
		}
		t := *e.Token
		r.tokens[id] = &t
		r.secrets[key] = id
	case kindRevoked:
		old, ok := r.tokens[id]
		if !ok {
			return fmt.Errorf("token %s: revoked before made", id)
		}
		t := *old
		t.Revoked = e.At
		r.tokens[id] = &t
	default:
		return fmt.Errorf("token %s: unknown event %q", id, e.Kind)
	}
	return nil
}
