// Package casework keeps what people decide: subscriptions to values, which
// alerts they have read, searches that they keep, what must not be erased, the words of
// the purposes they work for, how they correct the reading of an ad, what they
// decide about links, and what they call ads; cases and notes will stand beside them. Decisions come in as method calls and are stored as events, one subject per thing decided
// on, written with the expected last sequence of that subject; out comes the
// current state, which is a projection that CatchUp rebuilds and Apply follows, so
// that several processes can decide on one journal. It never writes an event in
// place, never reads ads, and drops a decision it acknowledged only when the value
// it is about was erased.
//
// Subscriptions, holds and corrections have numbers in them and purposes have words people
// typed. They stand in this room's events and nowhere else; the audit log knows
// them by id.
package casework

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"vigil.example/internal/ad"
)

// A Journal is where decisions are stored.
type Journal interface {
	ad.Journal
	// AppendAll stores events of different subjects, one behind the other, or none of
	// them, as Append stores one, and returns the sequence of the last.
	AppendAll(ctx context.Context, events []ad.Event) (last uint64, err error)
}

// Config is what a Docket needs to know.
type Config struct {
	// Key is the instance's secret, at least 16 bytes. Ids of subscriptions are
	// keyed digests, so that nobody can find the number behind an id by trying
	// all numbers.
	Key []byte
	// Now is the clock; time.Now when nil.
	Now func() time.Time
	// Created, when set, is called once after a subscription has become active,
	// by whichever process it was made, but not for those that Open finds. It may
	// call the Docket's readers, and should return soon.
	Created func(ad.Subscription)
	// Alerted, when set, is called likewise with the id of a saved search that
	// somebody has asked to be told of, or whose alerts know other documents now.
	Alerted func(id string)
}

// Validate says what is wrong with the configuration.
func (c Config) Validate() error {
	if len(c.Key) < 16 {
		return errors.New("casework: key has fewer than 16 bytes")
	}
	return nil
}

// A Docket is the current state of all decisions and the way to take new ones.
// It may be used by many goroutines at once.
type Docket struct {
	journal Journal
	key     []byte
	now     func() time.Time
	created func(ad.Subscription) // nil until Open is done
	alerted func(id string)       // likewise

	writing sync.Mutex // one decision at a time; held across the journal's disk

	mu       sync.RWMutex // guards what follows; never held across the journal's disk
	seqs     map[string]uint64
	events   map[string][]uint64 // of subjects that hold values: where their events stand
	replayed uint64              // everything up to here has been applied
	subs     map[string]*ad.Subscription
	pending  map[string][]string // known ads of subscriptions not yet created
	active   map[ad.Value]map[string]*ad.Subscription
	byUser   map[string]map[string]*ad.Subscription
	read     map[string]map[alertKey]struct{}
	purposes map[string]Purpose
	holds    map[string]*Hold
	held     map[ad.Value]map[string]bool // ids of the holds that stand on a target
	saved    map[string]*Saved
	named    map[string][]ad.Value // by saved search: values in any wording that it ever had
	alerting uint64                // changes with the searches that alert, and is never 0
	looked   map[string]map[string]time.Time
	lists    map[string]*WatchList

	corrections *Corrections   // guards itself
	links       *LinkDecisions // likewise
	labels      *Labels        // likewise
}

// Open rebuilds the state from the journal.
func Open(ctx context.Context, j Journal, c Config) (*Docket, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	d := &Docket{
		journal: j, key: c.Key, now: c.Now,
		seqs:     make(map[string]uint64),
		events:   make(map[string][]uint64),
		subs:     make(map[string]*ad.Subscription),
		pending:  make(map[string][]string),
		active:   make(map[ad.Value]map[string]*ad.Subscription),
		byUser:   make(map[string]map[string]*ad.Subscription),
		read:     make(map[string]map[alertKey]struct{}),
		purposes: make(map[string]Purpose),
		holds:    make(map[string]*Hold),
		held:     make(map[ad.Value]map[string]bool),
		saved:    make(map[string]*Saved),
		named:    make(map[string][]ad.Value),
		alerting: 1,
		looked:   make(map[string]map[string]time.Time),
		lists:    make(map[string]*WatchList),

		corrections: NewCorrections(),
		links:       NewLinkDecisions(),
		labels:      NewLabels(),
	}
	if err := d.CatchUp(ctx); err != nil {
		return nil, err
	}
	d.created, d.alerted = c.Created, c.Alerted
	return d, nil
}

// Position returns the sequence up to which every event of the journal is in the
// state: a process follows the others by handing Apply what comes after it.
func (d *Docket) Position() uint64 {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.replayed
}

// CatchUp applies what the journal holds and the state does not: what another
// process decided.
func (d *Docket) CatchUp(ctx context.Context) error {
	from := d.Position() + 1
	last, err := d.journal.Replay(ctx, from, d.Apply)
	if err != nil {
		return fmt.Errorf("replay decisions from %d: %w", from, err)
	}
	d.reached(last)
	return nil
}

// Apply brings the next stored event into the state. It takes all events of the
// journal in their order, beginning anywhere up to the one after Position;
// applying one again, or one under a subject of another room, changes nothing.
func (d *Docket) Apply(seq uint64, subject string, data []byte) error {
	if seq <= d.Position() {
		return nil
	}
	if err := d.bring(seq, subject, data); err != nil {
		return err
	}
	d.reached(seq)
	return nil
}

func (d *Docket) reached(seq uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.replayed = max(d.replayed, seq)
}

// bring applies one event: the next of the journal, or one that this process has
// just written, ahead of what others wrote before it under other subjects.
func (d *Docket) bring(seq uint64, subject string, data []byte) error {
	id, apply := d.applier(subject)
	if apply == nil {
		return nil
	}
	e, err := ad.Decode[event](data)
	if err != nil {
		return fmt.Errorf("decision %d: %w", seq, err)
	}
	e.seq = seq
	fresh, err := d.fold(seq, subject, func() error { return apply(id, e) })
	if err != nil {
		return fmt.Errorf("decision %d: %w", seq, err)
	}
	if fresh && e.Kind == kindCreated && d.created != nil {
		if s, err := d.Subscription(id); err == nil {
			d.created(s)
		}
	}
	if fresh && e.KnownDocs != nil && d.alerted != nil {
		d.alerted(id)
	}
	return nil
}

// fold changes the state by an event unless it holds it already.
func (d *Docket) fold(seq uint64, subject string, apply func() error) (fresh bool, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if seq <= d.seqs[subject] || seq <= d.replayed {
		return false, nil
	}
	if err := apply(); err != nil {
		return false, err
	}
	d.seqs[subject] = seq
	if holdsValue(subject) {
		d.events[subject] = append(d.events[subject], seq)
	}
	return true, nil
}

// applier finds what applies events of a subject, and the id in the subject.
func (d *Docket) applier(subject string) (string, func(string, event) error) {
	for _, a := range []struct {
		prefix string
		apply  func(string, event) error
	}{
		{subjectSubscription, d.applySubscription},
		{subjectInbox, d.applyMarks},
		{subjectPurpose, d.applyPurpose},
		{subjectHold, d.applyHold},
		{subjectSaved, d.applySaved},
		{subjectLooked, d.applyLooked},
		{subjectList, d.applyList},
	} {
		if id, ok := strings.CutPrefix(subject, a.prefix); ok {
			return id, a.apply
		}
	}
	for _, r := range d.rulings() {
		if id, ok := strings.CutPrefix(subject, r.prefix()); ok {
			return id, r.bring
		}
	}
	return "", nil
}

// rulings are the decisions about ads of all kinds. They guard themselves.
func (d *Docket) rulings() []projection { return []projection{d.corrections, d.links, d.labels} }

// keyed is a digest that only this instance can make.
func (d *Docket) keyed(kind string, parts ...string) string {
	h := hmac.New(sha256.New, d.key)
	h.Write([]byte(kind))
	for _, p := range parts {
		h.Write([]byte{0})
		h.Write([]byte(p))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// token reports whether s may stand as the last token of a subject.
func token(s string) bool { return s != "" && s != "-" && s == ad.Slug(s) }
