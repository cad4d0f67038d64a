package access

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The kinds of purpose.
const (
	PurposeCase   = "case"   // Text names a case
	PurposeReason = "reason" // Text says why, in words
)

// A Purpose is what somebody works for. ID is a keyed digest of the rest: equal
// purposes have equal ids, and logs keep the id only, because people type numbers
// and names into the text.
type Purpose struct {
	ID   string `json:"id"`
	Kind string `json:"kind"`
	Text string `json:"text"`
}

// Bounds of a purpose's text, in characters.
const (
	minPurpose = 3
	maxPurpose = 300
)

// purpose checks and completes a purpose.
func (c Config) purpose(kind, text string) (Purpose, error) {
	text = strings.Join(strings.Fields(text), " ")
	n := utf8.RuneCountInString(text)
	switch {
	case kind != PurposeCase && kind != PurposeReason:
		return Purpose{}, fmt.Errorf("purpose: kind %w: it is %s or %s", ErrInvalid, PurposeCase, PurposeReason)
	case n < minPurpose || n > maxPurpose:
		return Purpose{}, fmt.Errorf("purpose: text %w: it has %d characters, not %d to %d", ErrInvalid, n, minPurpose, maxPurpose)
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		return Purpose{}, fmt.Errorf("purpose: text %w: it has control characters", ErrInvalid)
	}
	h := hmac.New(sha256.New, c.Key)
	h.Write([]byte("purpose\x00" + kind + "\x00" + strings.ToLower(text)))
	return Purpose{ID: hex.EncodeToString(h.Sum(nil)[:16]), Kind: kind, Text: text}, nil
}
