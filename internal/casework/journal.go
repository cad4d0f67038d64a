package casework

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"vigil.example/internal/ad"
)

// Subjects of the events of this room. The last token is an id.
const (
	subjectSubscription = "decisions.subscription."
	subjectInbox        = "decisions.inbox."
	subjectPurpose      = "decisions.purpose."
	subjectHold         = "decisions.hold."
	subjectCorrection   = "decisions.correction."
	subjectSaved        = "decisions.saved."
	subjectLooked       = "decisions.looked."
	subjectList         = "decisions.watchlist."
	subjectLink         = "decisions.link."
	subjectLabel        = "decisions.label."
)

// holdsValue reports whether events of a subject may have to be erased for a
// value in them.
func holdsValue(subject string) bool {
	return strings.HasPrefix(subject, subjectSubscription) || strings.HasPrefix(subject, subjectHold) || strings.HasPrefix(subject, subjectCorrection) || strings.HasPrefix(subject, subjectSaved) || strings.HasPrefix(subject, subjectLink) || strings.HasPrefix(subject, subjectLabel)
}

// The kinds of event. Known events come before the created event of the same
// subscription and carry the ads that do not fit into it: the subscription is not
// active before its created event, so no ad among them can raise an alert.
const (
	kindKnown   = "known"
	kindCreated = "created"
	kindEnded   = "ended"
	kindRead    = "read"
	kindUnread  = "unread"
	kindPurpose = "purpose"

	kindHeld     = "held"
	kindReleased = "released"

	kindCorrected = "corrected"
	kindWithdrawn = "withdrawn"

	kindSaved    = "saved"
	kindDeleted  = "deleted"
	kindRestored = "restored"
	kindAlerted  = "alerted"
	kindSilenced = "silenced"
	kindLooked   = "looked"
	kindListed   = "listed"

	kindLink     = "link"
	kindLabelled = "labelled"
)

// An event is what one decision looks like in the journal.
type event struct {
	V            int              `json:"v"`
	Kind         string           `json:"kind"`
	At           time.Time        `json:"at"`
	By           string           `json:"by"` // user id
	Subscription *ad.Subscription `json:"subscription,omitempty"`
	Known        []string         `json:"known,omitempty"`
	Alerts       []string         `json:"alerts,omitempty"`
	Purpose      *Purpose         `json:"purpose,omitempty"`
	Hold         *Hold            `json:"hold,omitempty"`
	Release      *Release         `json:"release,omitempty"`
	Correction   *Correction      `json:"correction,omitempty"`
	Withdrawal   *Withdrawal      `json:"withdrawal,omitempty"`
	Wording      *Wording         `json:"wording,omitempty"`    // of a saved search
	KnownDocs    []byte           `json:"known_docs,omitempty"` // a KeySet: what its alerts know from now on
	Fold         bool             `json:"fold,omitempty"`
	Of           string           `json:"of,omitempty"` // purpose of an alert on it, or which was looked at
	UpTo         time.Time        `json:"up_to,omitzero"`
	List         *WatchList       `json:"list,omitempty"`
	Link         *LinkDecision    `json:"link,omitempty"`
	Label        *Label           `json:"label,omitempty"`

	seq uint64 // where it stands
}

// tries bounds how often a decision is taken anew after losing to another writer.
const tries = 8

// decide takes one decision: choose looks at the current state and gives the next
// event and its subject, or no subject when nothing is left to do. When another
// process was first, its events are read and choose is asked again. The caller
// holds d.writing.
func (d *Docket) decide(ctx context.Context, choose func() (string, event, error)) error {
	return d.decideAll(ctx, func() ([]change, error) {
		subject, e, err := choose()
		if subject == "" {
			return nil, err
		}
		return []change{{subject, e}}, err
	})
}

// A change is an event and the subject that it is to stand under.
type change struct {
	subject string
	event   event
}

// decideAll is decide for several events, each under a subject of its own: all of them
// are stored, or none. With an error, choose names the subjects that it was about.
func (d *Docket) decideAll(ctx context.Context, choose func() ([]change, error)) error {
	for range tries {
		cs, err := choose()
		if err == nil && len(cs) > 0 {
			err = d.write(ctx, cs...)
		}
		if !errors.Is(err, ad.ErrConflict) {
			return err
		}
		if err := d.CatchUp(ctx); err != nil {
			return err
		}
		for _, c := range cs {
			if err := d.realign(ctx, c.subject); err != nil {
				return err
			}
		}
	}
	return fmt.Errorf("decide: still not first after %d tries: %w", tries, ad.ErrConflict)
}

// realign takes note that events of a subject were erased: the next one follows
// what is left of them. The caller holds d.writing and has caught up.
func (d *Docket) realign(ctx context.Context, subject string) error {
	last, _, err := d.journal.Last(ctx, subject)
	if err != nil && !errors.Is(err, ad.ErrNotFound) {
		return fmt.Errorf("decide: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if last <= d.replayed { // a later one is yet to be applied
		d.seqs[subject] = last
	}
	return nil
}

// write stores events and applies them, all or none. The caller holds d.writing.
func (d *Docket) write(ctx context.Context, cs ...change) error {
	now, events := d.now().UTC(), make([]ad.Event, len(cs))
	for i, c := range cs {
		c.event.V, c.event.At = ad.Schema, now
		data, err := json.Marshal(c.event)
		if err != nil {
			return fmt.Errorf("encode %s event: %w", c.event.Kind, err)
		}
		d.mu.RLock()
		expect := d.seqs[c.subject]
		d.mu.RUnlock()
		events[i] = ad.Event{Subject: c.subject, ID: ad.EventID(c.subject, expect, data), Data: data, Expect: expect}
	}
	last, err := d.journal.AppendAll(ctx, events)
	if err != nil {
		return fmt.Errorf("store %s decision: %w", cs[0].event.Kind, err)
	}
	for i, e := range events {
		if err := d.bring(last-uint64(len(events)-1-i), e.Subject, e.Data); err != nil {
			return err
		}
	}
	return nil
}
