package casework

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"vigil.example/internal/ad"
)

// A Correction is what an analyst decided about a piece of an ad's text: that it
// is no number, or which number it reads. It holds for every content of the ad
// that says these words, whenever it is seen, until it is withdrawn.
type Correction struct {
	Ruling
	AdID  string `json:"ad"`
	Text  string `json:"text"`            // as the ad writes it
	Was   string `json:"was,omitempty"`   // E.164 that the program read there; "" for none
	Reads string `json:"reads,omitempty"` // E.164 that it reads; "" for no number at all
}

// ErrCorrected says that another correction of the same text stands.
var ErrCorrected = errors.New("this text is corrected already: withdraw that correction first")

// AboutAd is the kind of value under which Sequences asks for the rulings about an
// ad, by its id.
const AboutAd = "about-ad"

// MaxWritten bounds the text that a correction is about, in characters.
const MaxWritten = 1000

// Corrections is the current state of all corrections, for whoever reads ads.
type Corrections = Rulings[Correction]

// NewCorrections returns the state before any event.
func NewCorrections() *Corrections {
	return newRulings(kind[Correction]{
		name: "correction", subject: subjectCorrection, event: kindCorrected,
		in:     func(e *event) **Correction { return &e.Correction },
		ruling: func(c *Correction) *Ruling { return &c.Ruling },
		ads:    func(c *Correction) []string { return []string{c.AdID} },
		erased: func(c *Correction, match func(ad.Value) bool) (ad.Value, bool) {
			v := ad.Value{Kind: AboutAd, Value: c.AdID}
			return v, match(v)
		},
	})
}

// Corrections are the corrections as this docket knows them, with what its own
// process has just decided.
func (d *Docket) Corrections() *Corrections { return d.corrections }

// Correct stores a correction and returns it; the caller fills AdID, Text, Was,
// Reads, Reason, By and Purpose. One that stands and says the same is returned
// instead; one that says something else is ErrCorrected.
func (d *Docket) Correct(ctx context.Context, c Correction) (Correction, error) {
	if err := c.check(); err != nil {
		return Correction{}, err
	}
	id := func(n string) string { return d.keyed("correction", c.AdID, c.Text, n) }
	return rule(ctx, d, d.corrections, c, id, func(id string, stands *Correction) error {
		if stands != nil && stands.Reads != c.Reads {
			return fmt.Errorf("correction %s: %w", id, ErrCorrected)
		}
		return nil
	})
}

func (c Correction) check() error {
	text := strings.TrimSpace(c.Text)
	switch {
	case !token(c.AdID):
		return fmt.Errorf("ad id %w", ErrInvalid)
	case !token(c.By):
		return fmt.Errorf("user id %w", ErrInvalid)
	case text == "" || text != c.Text || !utf8.ValidString(text) || utf8.RuneCountInString(text) > MaxWritten:
		return fmt.Errorf("text %w: give 1 to %d characters, with no space around them", ErrInvalid, MaxWritten)
	case c.Reads != "" && signs(text) < minSigns:
		return fmt.Errorf("text %w: a number takes %d signs or more; give the whole piece that stands for it", ErrInvalid, minSigns)
	case c.Was != "" && !e164.MatchString(c.Was) || c.Reads != "" && !e164.MatchString(c.Reads):
		return fmt.Errorf("number %w", ErrInvalid)
	}
	return checkReason(c.Reason)
}

// minSigns is how many signs a text has at least that reads as a number: what is
// shorter stands in many places and is no number in any.
const minSigns = 6

// signs counts the characters of a text that are no space.
func signs(text string) (n int) {
	for _, r := range text {
		if !unicode.IsSpace(r) {
			n++
		}
	}
	return n
}

// Withdraw ends a correction; the caller fills w's Reason, By and Purpose. One that
// was withdrawn already stays as it is; one that does not exist is ad.ErrNotFound.
func (d *Docket) Withdraw(ctx context.Context, id string, w Withdrawal) (Correction, error) {
	return withdraw(ctx, d, d.corrections, id, w)
}
