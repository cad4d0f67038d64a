package access

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// maxPassword bounds what is hashed, in characters.
const maxPassword = 256

// Argon is the cost of one argon2id hash. The default is the second recommended
// option of RFC 9106 section 4: 3 passes, 4 lanes, 64 MiB.
type Argon struct {
	Time    uint32 // passes
	Memory  uint32 // KiB
	Lanes   uint8
	AtOnce  int // hashes under way at once; 1 when 0: one takes all lanes, two take twice the memory
	Waiting int // sign-ins that may wait for their turn; 32 when 0
}

func (a Argon) withDefaults() Argon {
	if a.Time == 0 {
		a.Time, a.Memory, a.Lanes = 3, 64*1024, 4
	}
	if a.AtOnce == 0 {
		a.AtOnce = 1
	}
	if a.Waiting == 0 {
		a.Waiting = 32
	}
	return a
}

const (
	saltBytes = 16
	hashBytes = 32
)

// A hasher makes and checks password hashes, a few at a time.
type hasher struct {
	cost  Argon
	turns chan struct{}
	line  chan struct{}
	dummy string // hash of nothing anybody knows
}

func newHasher(a Argon) *hasher {
	h := &hasher{cost: a, turns: make(chan struct{}, a.AtOnce), line: make(chan struct{}, a.AtOnce+a.Waiting)}
	h.dummy = h.encode(random(saltBytes), random(hashBytes))
	return h
}

// limited runs f when fewer than AtOnce others do, or returns ErrBusy when the
// line is full.
func (h *hasher) limited(ctx context.Context, f func()) error {
	select {
	case h.line <- struct{}{}:
		defer func() { <-h.line }()
	default:
		return ErrBusy
	}
	select {
	case h.turns <- struct{}{}:
		defer func() { <-h.turns }()
	case <-ctx.Done():
		return ctx.Err()
	}
	f()
	return nil
}

// hash makes the PHC string of a password.
func (h *hasher) hash(ctx context.Context, password string) (phc string, err error) {
	err = h.limited(ctx, func() {
		salt := random(saltBytes)
		phc = h.encode(salt, argon2.IDKey(prepared(password), salt, h.cost.Time, h.cost.Memory, h.cost.Lanes, hashBytes))
	})
	return phc, err
}

func (h *hasher) encode(salt, sum []byte) string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.cost.Memory, h.cost.Time, h.cost.Lanes, b64(salt), b64(sum))
}

// verify reports whether the password is the one of the PHC string. An empty
// string stands for a user who does not exist: it takes as long and is false.
func (h *hasher) verify(ctx context.Context, phc, password string) (ok bool, err error) {
	known := phc != ""
	if !known {
		phc = h.dummy
	}
	a, salt, want, err := decodePHC(phc)
	if err != nil {
		return false, err
	}
	err = h.limited(ctx, func() {
		got := argon2.IDKey(prepared(password), salt, a.Time, a.Memory, a.Lanes, uint32(len(want)))
		ok = subtle.ConstantTimeCompare(got, want) == 1 && known
	})
	return ok && err == nil, err
}

// outdated reports whether a PHC string was made at another cost than today's.
func (h *hasher) outdated(phc string) bool {
	a, _, _, err := decodePHC(phc)
	return err != nil || a.Time != h.cost.Time || a.Memory != h.cost.Memory || a.Lanes != h.cost.Lanes
}

func decodePHC(phc string) (a Argon, salt, sum []byte, err error) {
	part := strings.Split(phc, "$")
	if len(part) != 6 || part[1] != "argon2id" || part[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return a, nil, nil, fmt.Errorf("password hash: not argon2id of version %d", argon2.Version)
	}
	if _, err = fmt.Sscanf(part[3], "m=%d,t=%d,p=%d", &a.Memory, &a.Time, &a.Lanes); err != nil {
		return a, nil, nil, fmt.Errorf("password hash: parameters: %w", err)
	}
	if a.Time == 0 || a.Lanes == 0 || a.Memory > 4<<20 || a.Time > 100 {
		return a, nil, nil, fmt.Errorf("password hash: parameters m=%d,t=%d,p=%d are out of range", a.Memory, a.Time, a.Lanes)
	}
	if salt, err = base64.RawStdEncoding.DecodeString(part[4]); err != nil {
		return a, nil, nil, fmt.Errorf("password hash: salt: %w", err)
	}
	if sum, err = base64.RawStdEncoding.DecodeString(part[5]); err != nil || len(sum) < 16 {
		return a, nil, nil, fmt.Errorf("password hash: sum is not %d bytes of base64", hashBytes)
	}
	return a, salt, sum, nil
}

// prepared is a password as it is hashed: NFKC, so that the same keys on another
// machine give the same bytes (SP 800-63B-4 section 3.1.1.2).
func prepared(password string) []byte { return norm.NFKC.Bytes([]byte(password)) }

// checkPassword says why a new password is refused.
func (c Config) checkPassword(name, password string) error {
	n := utf8.RuneCountInString(password)
	switch {
	case !utf8.ValidString(password):
		return fmt.Errorf("%w: it is not text", ErrWeakPassword)
	case n < c.MinPassword:
		return fmt.Errorf("%w: it has %d characters, at least %d are needed (a sentence is easy to remember)", ErrWeakPassword, n, c.MinPassword)
	case n > maxPassword:
		return fmt.Errorf("%w: it has more than %d characters", ErrWeakPassword, maxPassword)
	case different(password) < 6:
		return fmt.Errorf("%w: it has fewer than 6 different characters", ErrWeakPassword)
	case n < 2*len(name)+8 && strings.Contains(strings.ToLower(password), name):
		return fmt.Errorf("%w: it is mostly the user's name", ErrWeakPassword)
	}
	return nil
}

func different(s string) int {
	m := make(map[rune]bool)
	for _, r := range s {
		m[r] = true
	}
	return len(m)
}

// oneTime makes a one-time password: 20 characters of 31 that are not mistaken
// for each other, 99 bits, in groups of five.
func oneTime() string {
	const letters = "abcdefghjkmnpqrstuvwxyz23456789"
	var b strings.Builder
	for i := range 20 {
		if i > 0 && i%5 == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(letters[below(len(letters))])
	}
	return b.String()
}

// below is a random number from 0 to n-1, every one as likely; n is at most 256.
func below(n int) int {
	for {
		if r := int(random(1)[0]); r < 256/n*n {
			return r % n
		}
	}
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return b
}
