// Package erasure is the ledger of what was erased. In come orders (of single
// ads, of everything about a number, of what is older than a day), what they come
// to, and what carrying them out did, stored as events, one subject an order; out
// comes which orders are not done yet and which targets they have, so that a
// crash is gone on from, which ads shall not come back, how many messages are
// missing where, and a list for people. The ledger is exported as signed lines,
// so that a restored backup can be made to forget again.
//
// It holds ids, keyed digests, counts, and the reason and authority that a person
// gave: never a number, a name or a word of an ad. It deletes nothing by itself.
package erasure

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"vigil.example/internal/ad"
)

// Config is what a Ledger needs to know.
type Config struct {
	// Key is the instance's secret, at least 16 bytes. Numbers are kept as digests
	// under it, so that nobody can find one by trying all numbers, and exported
	// lines are signed with it: an instance that restores them needs the same. A
	// process that only follows may have none; see ErrNoKey.
	Key []byte
	// Now is the clock; time.Now when nil.
	Now func() time.Time
}

// Validate says what is wrong with the configuration.
func (c Config) Validate() error {
	if c.Key != nil && len(c.Key) < 16 {
		return errors.New("erasure: key has fewer than 16 bytes")
	}
	return nil
}

// An Entry is what people see of an order.
type Entry struct {
	ID        string            `json:"id"`
	At        time.Time         `json:"at"`
	By        string            `json:"by"` // user id
	Kind      Kind              `json:"kind"`
	Before    time.Time         `json:"before,omitzero"` // of an order by age
	Reason    string            `json:"reason"`
	Authority string            `json:"authority"`
	State     State             `json:"state"`
	Ads       int               `json:"ads"`      // that it came to
	Captures  int               `json:"captures"` // that it came to
	Done      time.Time         `json:"done,omitzero"`
	Deleted   map[string]uint64 `json:"deleted,omitempty"` // when done, by stream and prefix of subject
	Files     []File            `json:"files,omitempty"`
	Held      int               `json:"held,omitempty"`     // ads that a litigation hold kept, here or elsewhere
	Elsewhere time.Time         `json:"elsewhere,omitzero"` // imported: when the instance it came from had done it
}

// A Pending order is one that is not done here.
type Pending struct {
	Entry
	AdIDs  []string // that an order by ad names
	Digest string   // that an order by number looks for: compare with Ledger.Digest
}

// A Ledger is the current state of all orders and the way to carry them out. It
// may be used by many goroutines at once, and by many processes on one journal:
// each has a Ledger of its own and brings in what others did with Apply or
// CatchUp.
type Ledger struct {
	journal ad.Journal
	key     []byte
	now     func() time.Time
	macs    sync.Pool // of hash.Hash under key

	writing sync.Mutex // one step at a time; held across the journal's disk

	mu       sync.RWMutex // guards what follows; never held across the journal's disk
	seqs     map[string]uint64
	replayed uint64 // everything up to here has been applied in order
	orders   []*order
	byID     map[string]*order
	covered  map[id16]struct{}
	numbers  map[[sha256.Size]byte]struct{}
	barred   map[uint64]struct{}
	counts   map[string]uint64
	changed  chan struct{} // closed at the next event
}

// An id16 is the id of an ad or a capture in its bytes: some are kept for ever.
type id16 [16]byte

func pack(id string) id16 {
	var k id16
	_, _ = hex.Decode(k[:], []byte(id)) // checked: ids have 32 hex digits
	return k
}

// An order is the state of one. What it has recorded is kept until it is done, to
// count each target once.
type order struct {
	Entry
	asked    []string
	digest   string
	ads      map[id16]struct{}
	captures map[id16]struct{}
	messages map[string]map[uint64]struct{}
	prints   map[uint64]struct{}
}

// Open rebuilds the state from the journal.
func Open(ctx context.Context, j ad.Journal, c Config) (*Ledger, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	l := &Ledger{
		journal: j, key: c.Key, now: c.Now,
		seqs:    make(map[string]uint64),
		byID:    make(map[string]*order),
		covered: make(map[id16]struct{}),
		numbers: make(map[[sha256.Size]byte]struct{}),
		barred:  make(map[uint64]struct{}),
		counts:  make(map[string]uint64),
		changed: make(chan struct{}),
	}
	l.macs.New = func() any { return hmac.New(sha256.New, l.key) }
	if err := l.CatchUp(ctx); err != nil {
		return nil, err
	}
	return l, nil
}

// CatchUp applies what the journal holds and the state does not: what another
// process did.
func (l *Ledger) CatchUp(ctx context.Context) error {
	l.mu.RLock()
	from := l.replayed + 1
	l.mu.RUnlock()
	var seen uint64
	last, err := l.journal.Replay(ctx, from, func(seq uint64, subject string, data []byte) error {
		seen = seq
		return l.Apply(seq, subject, data)
	})
	if err != nil {
		return fmt.Errorf("replay erasures from %d: %w", from, err)
	}
	l.mu.Lock()
	l.replayed = max(l.replayed, seen, last)
	l.mu.Unlock()
	return nil
}

// Apply brings one stored event into the state. Applying an event again, or one
// under a subject of another room, changes nothing. Events of one subject must
// come in order; subjects may come in any order.
func (l *Ledger) Apply(seq uint64, subject string, data []byte) error {
	id, e, ok, err := decode(seq, subject, data)
	if !ok || err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if seq <= l.seqs[subject] {
		return nil
	}
	if err := l.fold(id, e); err != nil {
		return fmt.Errorf("erasure event %d: %w", seq, err)
	}
	l.seqs[subject] = seq
	close(l.changed)
	l.changed = make(chan struct{})
	return nil
}

// fold changes the state by an event that is checked. The caller holds l.mu.
func (l *Ledger) fold(id string, e event) error {
	o := l.byID[id]
	if (o == nil) != (e.Kind == kindBegun) {
		return fmt.Errorf("order %s: %s %w", id, e.Kind, ErrState)
	}
	if o != nil && o.State == Done {
		return fmt.Errorf("order %s: %s %w: it is done", id, e.Kind, ErrState)
	}
	switch e.Kind {
	case kindBegun:
		l.begin(id, e)
	case kindTargets:
		l.record(o, *e.Targets)
	case kindListed:
		o.State = Erasing
	case kindElsewhere:
		o.Elsewhere, o.Held = e.At, e.Result.Held
	case kindDone:
		o.State, o.Done = Done, e.At
		o.Deleted, o.Files, o.Held = e.Result.Deleted, e.Result.Files, e.Result.Held
		o.ads, o.captures, o.messages, o.prints = nil, nil, nil, nil
		for key, n := range o.Deleted {
			l.counts[key] += n
		}
	}
	return nil
}

func (l *Ledger) begin(id string, e event) {
	o := &order{
		Entry: Entry{
			ID: id, At: e.At, By: e.Order.By, Kind: e.Order.Kind, Before: e.Order.Before,
			Reason: e.Order.Reason, Authority: e.Order.Authority, State: Listing,
		},
		asked: e.Order.AdIDs, digest: e.Order.Digest,
		ads: make(map[id16]struct{}), captures: make(map[id16]struct{}),
		messages: make(map[string]map[uint64]struct{}), prints: make(map[uint64]struct{}),
	}
	// In the order of time, whatever order the subjects come in.
	at, _ := slices.BinarySearchFunc(l.orders, o, func(a, b *order) int {
		if c := a.At.Compare(b.At); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	l.orders, l.byID[id] = slices.Insert(l.orders, at, o), o
	for _, id := range o.asked {
		l.covered[pack(id)] = struct{}{}
	}
	if o.Kind == ByNumber {
		var sum [sha256.Size]byte
		_, _ = hex.Decode(sum[:], []byte(o.digest)) // checked: 64 hex digits
		l.numbers[sum] = struct{}{}
	}
}

func (l *Ledger) record(o *order, t Targets) {
	for _, id := range t.AdIDs {
		k := pack(id)
		o.ads[k] = struct{}{}
		if o.Kind != OlderThan {
			l.covered[k] = struct{}{}
		}
	}
	for _, id := range t.CaptureIDs {
		o.captures[pack(id)] = struct{}{}
	}
	for key, seqs := range t.Messages {
		if o.messages[key] == nil {
			o.messages[key] = make(map[uint64]struct{})
		}
		for _, seq := range seqs {
			o.messages[key][seq] = struct{}{}
		}
	}
	for _, f := range t.Fingerprints {
		o.prints[f] = struct{}{}
		if o.Kind != OlderThan {
			l.barred[f] = struct{}{}
		}
	}
	o.Ads, o.Captures = len(o.ads), len(o.captures)
}

// Begin records an order and returns its id. From then on it is pending until it
// is done, whatever crashes.
func (l *Ledger) Begin(ctx context.Context, o Order) (id string, err error) {
	o, err = o.check(l.now())
	if err != nil {
		return "", fmt.Errorf("begin erasing: %w", err)
	}
	if l.key == nil {
		return "", fmt.Errorf("begin erasing: %w", ErrNoKey)
	}
	r := recorded{Kind: o.Kind, AdIDs: o.AdIDs, Before: o.Before, Reason: o.Reason, Authority: o.Authority, By: o.By}
	if o.Kind == ByNumber {
		r.Digest = l.Digest(o.Value)
	}
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	id = hex.EncodeToString(b[:])
	l.writing.Lock()
	defer l.writing.Unlock()
	e := l.event(kindBegun)
	e.Order = &r
	if err := l.write(ctx, subjectOrder+id, e); err != nil {
		return "", fmt.Errorf("begin erasing: %w", err)
	}
	return id, nil
}

// Add records more targets of an order that is not done; those it has already are
// left out. A list of any length may be given: it is stored in several events.
func (l *Ledger) Add(ctx context.Context, id string, t Targets) error {
	if err := t.check(); err != nil {
		return fmt.Errorf("record targets of order %s: %w", id, err)
	}
	l.writing.Lock()
	defer l.writing.Unlock()
	for _, part := range t.parts() {
		err := l.decide(ctx, id, func() (*event, error) {
			rest, err := l.fresh(id, part)
			if err != nil || rest.empty() {
				return nil, err
			}
			e := l.event(kindTargets)
			e.Targets = &rest
			return &e, nil
		})
		if err != nil {
			return fmt.Errorf("record targets: %w", err)
		}
	}
	return nil
}

// fresh returns what of the targets is not recorded, sorted, each once.
func (l *Ledger) fresh(id string, t Targets) (Targets, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	o, err := l.open(id)
	if err != nil {
		return Targets{}, err
	}
	out := Targets{
		AdIDs:      without(t.AdIDs, func(id string) bool { return has(o.ads, pack(id)) }),
		CaptureIDs: without(t.CaptureIDs, func(id string) bool { return has(o.captures, pack(id)) }),
	}
	if o.Kind != OlderThan {
		out.Fingerprints = without(t.Fingerprints, func(f uint64) bool { return has(o.prints, f) })
	}
	for key, seqs := range t.Messages {
		if left := without(seqs, func(n uint64) bool { return has(o.messages[key], n) }); left != nil {
			if out.Messages == nil {
				out.Messages = make(map[string][]uint64)
			}
			out.Messages[key] = left
		}
	}
	return out, nil
}

// open returns an order that is not done. The caller holds l.mu.
func (l *Ledger) open(id string) (*order, error) {
	o := l.byID[id]
	if o == nil {
		return nil, unknown(id)
	}
	if o.State == Done {
		return nil, fmt.Errorf("order %s: %w: it is done", id, ErrState)
	}
	return o, nil
}

// Listed says that all targets of an order are recorded, so that deleting may
// begin. Before that a crash means listing anew; after it, deleting what is
// recorded.
func (l *Ledger) Listed(ctx context.Context, id string) error {
	return l.step(ctx, "finish listing targets", id, func(o *order) (*event, error) {
		if o.State != Listing {
			return nil, nil
		}
		e := l.event(kindListed)
		return &e, nil
	})
}

// Done records that everything an order comes to is deleted, everywhere. It being
// done already is not an error.
func (l *Ledger) Done(ctx context.Context, id string, r Result) error {
	if err := r.check(); err != nil {
		return fmt.Errorf("finish order %s: %w", id, err)
	}
	return l.step(ctx, "finish erasing", id, func(o *order) (*event, error) {
		switch o.State {
		case Done:
			return nil, nil
		case Listing:
			return nil, fmt.Errorf("order %s: %w: its targets are not all listed", id, ErrState)
		}
		all := r
		all.Deleted = make(map[string]uint64, len(o.messages)+len(r.Deleted))
		for key, seqs := range o.messages {
			all.Deleted[key] = uint64(len(seqs))
		}
		maps.Copy(all.Deleted, r.Deleted)
		e := l.event(kindDone)
		e.Result = &all
		return &e, nil
	})
}

// step takes one step of an order that is there.
func (l *Ledger) step(ctx context.Context, what, id string, choose func(*order) (*event, error)) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	err := l.decide(ctx, id, func() (*event, error) {
		l.mu.RLock()
		defer l.mu.RUnlock()
		o := l.byID[id]
		if o == nil {
			return nil, unknown(id)
		}
		return choose(o)
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// Pending returns the orders that are not done here, oldest first.
//
// One that is listing has had nothing deleted here: find its targets, starting
// from what Walk gives (an imported order has ids already, but no messages), Add
// them, and say Listed. Then, or when it is erasing already, delete what Walk
// gives and say Done.
func (l *Ledger) Pending() []Pending {
	l.mu.RLock()
	defer l.mu.RUnlock()
	var out []Pending
	for _, o := range l.orders {
		if o.State != Done {
			out = append(out, Pending{Entry: o.entry(), AdIDs: slices.Clone(o.asked), Digest: o.digest})
		}
	}
	return out
}

// Entries returns every order for people to read, newest first.
func (l *Ledger) Entries() []Entry {
	l.mu.RLock()
	defer l.mu.RUnlock()
	out := make([]Entry, 0, len(l.orders))
	for _, o := range slices.Backward(l.orders) {
		out = append(out, o.entry())
	}
	return out
}

// Entry returns one order, or ad.ErrNotFound.
func (l *Ledger) Entry(id string) (Entry, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	o := l.byID[id]
	if o == nil {
		return Entry{}, unknown(id)
	}
	return o.entry(), nil
}

func (o *order) entry() Entry {
	e := o.Entry
	e.Deleted, e.Files = maps.Clone(e.Deleted), slices.Clone(e.Files)
	return e
}

// Walk calls f with the recorded targets of an order, part by part, the ads that
// it names first. It reads the journal: the ledger keeps no targets of orders
// that are done in memory.
func (l *Ledger) Walk(ctx context.Context, id string, f func(Targets) error) error {
	found := false
	_, err := l.journal.Replay(ctx, 1, func(seq uint64, subject string, data []byte) error {
		if subject != subjectOrder+id {
			return nil
		}
		_, e, _, err := decode(seq, subject, data)
		if err != nil {
			return err
		}
		found = true
		switch {
		case e.Kind == kindBegun && len(e.Order.AdIDs) > 0:
			return f(Targets{AdIDs: e.Order.AdIDs})
		case e.Kind == kindTargets:
			return f(*e.Targets)
		}
		return nil
	})
	if err == nil && !found {
		err = ad.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("read targets of order %s: %w", id, err)
	}
	return nil
}

func has[K comparable](set map[K]struct{}, k K) bool {
	_, ok := set[k]
	return ok
}

// without returns the distinct elements that drop does not take, in order; nil
// when none is left.
func without[T interface{ string | uint64 }](s []T, drop func(T) bool) []T {
	s = slices.DeleteFunc(sorted(s), drop)
	if len(s) == 0 {
		return nil
	}
	return s
}
