package casework

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"vigil.example/internal/ad"
	"vigil.example/internal/phone"
)

// A Correction is what an analyst decided about a piece of an ad's text: that it
// is no number, or which number it reads. It holds for every content of the ad
// that says these words, whenever it is seen, until it is withdrawn.
type Correction struct {
	ID        string      `json:"id"`
	AdID      string      `json:"ad"`
	Text      string      `json:"text"`             // as the ad writes it
	Was       string      `json:"was,omitempty"`    // E.164 that the program read there; "" for none
	Reads     string      `json:"reads,omitempty"`  // E.164 that it reads; "" for no number at all
	Reason    string      `json:"reason,omitempty"` // in words without identifiers
	By        string      `json:"by"`               // user id
	Purpose   string      `json:"purpose"`          // purpose id
	At        time.Time   `json:"at"`
	Withdrawn *Withdrawal `json:"withdrawn,omitempty"` // nil while it holds
}

// A Withdrawal says who took a correction back.
type Withdrawal struct {
	Reason  string    `json:"reason,omitempty"`
	By      string    `json:"by"`
	Purpose string    `json:"purpose"`
	At      time.Time `json:"at"`
}

// ErrCorrected says that another correction of the same text stands.
var ErrCorrected = errors.New("this text is corrected already: withdraw that correction first")

// AboutAd is the kind of value under which Sequences asks for the corrections of an
// ad, by its id.
const AboutAd = "about-ad"

// MaxWritten bounds the text that a correction is about, in characters.
const MaxWritten = 1000

// Correct stores a correction and returns it; the caller fills AdID, Text, Was,
// Reads, Reason, By and Purpose. One that stands and says the same is returned
// instead; one that says something else is ErrCorrected.
func (d *Docket) Correct(ctx context.Context, c Correction) (Correction, error) {
	if err := c.check(); err != nil {
		return Correction{}, err
	}
	d.writing.Lock()
	defer d.writing.Unlock()
	err := d.decide(ctx, func() (string, event, error) {
		id, standing := d.correctionID(c.AdID, c.Text)
		c.ID = id
		switch {
		case standing == nil:
		case standing.Reads == c.Reads:
			return "", event{}, nil
		default:
			return "", event{}, fmt.Errorf("correction %s: %w", id, ErrCorrected)
		}
		one := c
		one.At, one.Withdrawn = d.now().UTC(), nil
		return subjectCorrection + id, event{Kind: kindCorrected, By: c.By, Correction: &one}, nil
	})
	if err != nil {
		return Correction{}, err
	}
	return d.corrections.Get(c.ID)
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

// checkReason checks the reason of a correction, which may be left out. It is
// shown on pages and in packets, so it can hold no telephone number.
func checkReason(reason string) error {
	switch {
	case utf8.RuneCountInString(reason) > maxGrounds:
		return fmt.Errorf("reason %w: it has more than %d characters", ErrInvalid, maxGrounds)
	case !utf8.ValidString(reason) || strings.ContainsFunc(reason, unicode.IsControl):
		return fmt.Errorf("reason %w: it has control characters", ErrInvalid)
	case phone.Identifies(reason):
		return fmt.Errorf("reason %w: it may hold a telephone number or an address; say it without", ErrInvalid)
	}
	return nil
}

// correctionID finds the correction of a text of an ad that stands, or the id that
// the next one will have; see subscriptionID.
func (d *Docket) correctionID(adID, text string) (id string, standing *Correction) {
	for n := 0; ; n++ {
		id = d.keyed("correction", adID, text, strconv.Itoa(n))
		c, err := d.corrections.Get(id)
		if err != nil {
			return id, nil
		}
		if c.Withdrawn == nil {
			return id, &c
		}
	}
}

// Withdraw ends a correction; the caller fills w's Reason, By and Purpose. One that
// was withdrawn already stays as it is; one that does not exist is ad.ErrNotFound.
func (d *Docket) Withdraw(ctx context.Context, id string, w Withdrawal) (Correction, error) {
	err := checkReason(w.Reason)
	if err == nil && !token(w.By) {
		err = fmt.Errorf("user id %w", ErrInvalid)
	}
	if err != nil {
		return Correction{}, fmt.Errorf("withdraw correction %s: %w", id, err)
	}
	d.writing.Lock()
	defer d.writing.Unlock()
	err = d.decide(ctx, func() (string, event, error) {
		c, err := d.corrections.Get(id)
		if err != nil || c.Withdrawn != nil {
			return "", event{}, err
		}
		w.At = d.now().UTC()
		return subjectCorrection + id, event{Kind: kindWithdrawn, By: w.By, Withdrawal: &w}, nil
	})
	if err != nil {
		return Correction{}, fmt.Errorf("withdraw correction %s: %w", id, err)
	}
	return d.corrections.Get(id)
}

// Corrections are the corrections as this docket knows them, with what its own
// process has just decided.
func (d *Docket) Corrections() *Corrections { return d.corrections }

// Corrections is the current state of all corrections, for whoever reads ads. It
// is a projection of their events, which Apply takes; many goroutines may use it.
type Corrections struct {
	mu      sync.RWMutex
	byID    map[string]*corrected
	byAd    map[string][]*corrected // in the order in which they were made
	at      uint64                  // the newest event
	changed chan struct{}
}

// A corrected is a correction and where its first and last event stand.
type corrected struct {
	Correction
	first, last uint64
}

// CorrectionSubjects matches the subjects of the events of corrections.
const CorrectionSubjects = subjectCorrection + "*"

// NewCorrections returns the state before any event.
func NewCorrections() *Corrections {
	return &Corrections{byID: map[string]*corrected{}, byAd: map[string][]*corrected{}, changed: make(chan struct{})}
}

// Apply brings a stored event into the state. Events come in their order; those of
// other subjects, and those that were applied before, change nothing.
func (c *Corrections) Apply(seq uint64, subject string, data []byte) error {
	id, ok := strings.CutPrefix(subject, subjectCorrection)
	if !ok {
		return nil
	}
	e, err := ad.Decode[event](data)
	if err == nil {
		err = c.bring(seq, id, e)
	}
	if err != nil {
		return fmt.Errorf("decision %d: %w", seq, err)
	}
	return nil
}

// bring applies an event. Values are replaced, never changed.
func (c *Corrections) bring(seq uint64, id string, e event) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	old := c.byID[id]
	if old != nil && seq <= old.last {
		return nil
	}
	switch e.Kind {
	case kindCorrected:
		if e.Correction == nil || e.Correction.ID != id {
			return fmt.Errorf("correction %s: corrected event without it", id)
		}
		now := &corrected{*e.Correction, seq, seq}
		c.byID[id] = now
		// One of that id may have been erased and not forgotten yet.
		of := append(slices.DeleteFunc(slices.Clone(c.byAd[now.AdID]), func(x *corrected) bool { return x.ID == id }), now)
		slices.SortFunc(of, func(a, b *corrected) int { return cmp.Compare(a.first, b.first) })
		c.byAd[now.AdID] = of
	case kindWithdrawn:
		if e.Withdrawal == nil {
			return fmt.Errorf("correction %s: withdrawn event without grounds", id)
		}
		if old == nil {
			return nil // its beginning was erased
		}
		now := *old
		now.Withdrawn, now.last = e.Withdrawal, seq
		c.byID[id] = &now
		of := slices.Clone(c.byAd[now.AdID])
		of[slices.Index(of, old)] = &now
		c.byAd[now.AdID] = of
	default:
		return fmt.Errorf("correction %s: unknown event %q", id, e.Kind)
	}
	c.at = max(c.at, seq)
	c.tell()
	return nil
}

func (c *Corrections) tell() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// Changed is closed when the state changes next.
func (c *Corrections) Changed() <-chan struct{} {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.changed
}

// Position is the sequence of the newest event in the state.
func (c *Corrections) Position() uint64 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.at
}

// Get returns one correction, withdrawn or not, or ad.ErrNotFound.
func (c *Corrections) Get(id string) (Correction, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	x, ok := c.byID[id]
	if !ok {
		return Correction{}, fmt.Errorf("correction: %w", ad.ErrNotFound)
	}
	return x.Correction, nil
}

// Of returns the corrections of an ad that stand, in the order in which they were
// made, and the sequence of the newest decision about the ad, withdrawals too; 0
// when there never was one.
func (c *Corrections) Of(adID string) (standing []Correction, newest uint64) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for _, x := range c.byAd[adID] {
		newest = max(newest, x.last)
		if x.Withdrawn == nil {
			standing = append(standing, x.Correction)
		}
	}
	return standing, newest
}

// All returns every correction, withdrawn ones too, oldest first; those of one ad
// when it is given.
func (c *Corrections) All(adID string) []Correction {
	c.mu.RLock()
	defer c.mu.RUnlock()
	var of []*corrected
	if adID != "" {
		of = c.byAd[adID]
	} else {
		for _, x := range c.byID {
			of = append(of, x)
		}
		slices.SortFunc(of, func(a, b *corrected) int { return cmp.Compare(a.first, b.first) })
	}
	out := make([]Correction, len(of))
	for i, x := range of {
		out[i] = x.Correction
	}
	return out
}

// Since returns the ads about which something was decided after a sequence, and
// how many corrections and withdrawals that were, of how many there are.
func (c *Corrections) Since(seq uint64) (adIDs []string, decisions, all uint64) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for id, of := range c.byAd {
		some := false
		for _, x := range of {
			for _, at := range slices.Compact([]uint64{x.first, x.last}) {
				all++
				if at > seq {
					decisions++
					some = true
				}
			}
		}
		if some {
			adIDs = append(adIDs, id)
		}
	}
	slices.Sort(adIDs)
	return adIDs, decisions, all
}

// Forget drops the corrections whose events were deleted from the journal: those
// up to a sequence whose ids are not left.
func (c *Corrections) Forget(upTo uint64, left map[string]bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, x := range c.byID {
		if x.first <= upTo && !left[id] {
			c.drop(id)
		}
	}
}

// drop takes a correction out of the state. The caller holds c.mu.
func (c *Corrections) drop(id string) {
	x, ok := c.byID[id]
	if !ok {
		return
	}
	delete(c.byID, id)
	of := slices.DeleteFunc(slices.Clone(c.byAd[x.AdID]), func(y *corrected) bool { return y.ID == id })
	if c.byAd[x.AdID] = of; len(of) == 0 {
		delete(c.byAd, x.AdID)
	}
	c.tell()
}

// CorrectionOf is the id of the correction that an event's subject names.
func CorrectionOf(subject string) string { return strings.TrimPrefix(subject, subjectCorrection) }
