package casework

import (
	"cmp"
	"context"
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

// This file holds what all decisions about ads have in common: how they are taken,
// taken back, projected and erased. A kind of them is a struct that embeds Ruling, a
// subject, a field of event, and a line in Docket.rulings.

// A Ruling is what a decision about ads says beside what it decides. It holds,
// whatever the program finds, until it is withdrawn.
type Ruling struct {
	ID        string      `json:"id"`
	Reason    string      `json:"reason,omitempty"` // in words without identifiers
	By        string      `json:"by"`               // user id
	Purpose   string      `json:"purpose"`          // purpose id
	At        time.Time   `json:"at"`
	Withdrawn *Withdrawal `json:"withdrawn,omitempty"` // nil while it holds
}

// A Withdrawal says who took a ruling back.
type Withdrawal struct {
	Reason  string    `json:"reason,omitempty"`
	By      string    `json:"by"`
	Purpose string    `json:"purpose"`
	At      time.Time `json:"at"`
}

// A kind says what is special to one kind of ruling.
type kind[T any] struct {
	name    string // in errors
	subject string // prefix of its subjects
	event   string // kind of the event that makes one
	in      func(*event) **T
	ruling  func(*T) *Ruling
	ads     func(*T) []string
	// erased says of which erased value a ruling must go with.
	erased func(x *T, match func(ad.Value) bool) (ad.Value, bool)
}

// Rulings is the current state of all decisions of one kind. It is a projection of
// their events, which Apply takes; many goroutines may use it. Values in it are
// replaced, never changed.
type Rulings[T any] struct {
	kind kind[T]

	mu      sync.RWMutex
	byID    map[string]*ruled[T]
	byAd    map[string][]*ruled[T] // in the order in which they were made
	at      uint64                 // the newest event
	changed chan struct{}
}

// A ruled is a decision and where its first and last event stand.
type ruled[T any] struct {
	is          T
	first, last uint64
}

// A projection is what a Docket does with rulings of any kind.
type projection interface {
	prefix() string // of the subjects of their events
	bring(id string, e event) error
	about(match func(ad.Value) bool) map[string]ad.Value // by subject; see Docket.about
	drop(id string)
}

func newRulings[T any](k kind[T]) *Rulings[T] {
	return &Rulings[T]{kind: k, byID: map[string]*ruled[T]{}, byAd: map[string][]*ruled[T]{}, changed: make(chan struct{})}
}

func (r *Rulings[T]) prefix() string { return r.kind.subject }

// Subjects matches the subjects of the events.
func (r *Rulings[T]) Subjects() string { return r.kind.subject + "*" }

// Apply brings a stored event into the state. Events come in their order; those of
// other subjects, and those that were applied before, change nothing.
func (r *Rulings[T]) Apply(seq uint64, subject string, data []byte) error {
	id, ok := strings.CutPrefix(subject, r.kind.subject)
	if !ok {
		return nil
	}
	e, err := ad.Decode[event](data)
	if err == nil {
		e.seq = seq
		err = r.bring(id, e)
	}
	if err != nil {
		return fmt.Errorf("decision %d: %w", seq, err)
	}
	return nil
}

func (r *Rulings[T]) bring(id string, e event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.byID[id]
	if old != nil && e.seq <= old.last {
		return nil
	}
	switch e.Kind {
	case r.kind.event:
		x := *r.kind.in(&e)
		if x == nil || r.kind.ruling(x).ID != id {
			return fmt.Errorf("%s %s: %s event without it", r.kind.name, id, e.Kind)
		}
		r.put(id, &ruled[T]{*x, e.seq, e.seq})
	case kindWithdrawn:
		if e.Withdrawal == nil {
			return fmt.Errorf("%s %s: withdrawn event without grounds", r.kind.name, id)
		}
		if old != nil { // else its beginning was erased
			now := *old
			r.kind.ruling(&now.is).Withdrawn, now.last = e.Withdrawal, e.seq
			r.put(id, &now)
		}
	default:
		return fmt.Errorf("%s %s: unknown event %q", r.kind.name, id, e.Kind)
	}
	r.at = max(r.at, e.seq)
	r.tell()
	return nil
}

// put stores a ruling, in place of one of that id: that may have been withdrawn, or
// erased and not forgotten yet. The caller holds r.mu.
func (r *Rulings[T]) put(id string, now *ruled[T]) {
	r.remove(id)
	r.byID[id] = now
	for _, of := range r.kind.ads(&now.is) {
		all := append(slices.Clone(r.byAd[of]), now)
		slices.SortFunc(all, byFirst[T])
		r.byAd[of] = all
	}
}

// remove takes a ruling out of the state. The caller holds r.mu.
func (r *Rulings[T]) remove(id string) {
	old, ok := r.byID[id]
	if !ok {
		return
	}
	delete(r.byID, id)
	for _, of := range r.kind.ads(&old.is) {
		all := slices.DeleteFunc(slices.Clone(r.byAd[of]), func(x *ruled[T]) bool { return x == old })
		if r.byAd[of] = all; len(all) == 0 {
			delete(r.byAd, of)
		}
	}
}

func byFirst[T any](a, b *ruled[T]) int { return cmp.Compare(a.first, b.first) }

func (r *Rulings[T]) tell() {
	close(r.changed)
	r.changed = make(chan struct{})
}

// Changed is closed when the state changes next.
func (r *Rulings[T]) Changed() <-chan struct{} {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.changed
}

// Position is the sequence of the newest event that was applied.
func (r *Rulings[T]) Position() uint64 {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.at
}

// Get returns one ruling, withdrawn or not, or ad.ErrNotFound.
func (r *Rulings[T]) Get(id string) (T, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if x, ok := r.byID[id]; ok {
		return x.is, nil
	}
	var none T
	return none, fmt.Errorf("%s: %w", r.kind.name, ad.ErrNotFound)
}

// Of returns the rulings about an ad that stand, in the order in which they were
// made, and the sequence of the newest event about the ad, withdrawals too; 0 when
// there never was one.
func (r *Rulings[T]) Of(adID string) (standing []T, newest uint64) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, x := range r.byAd[adID] {
		newest = max(newest, x.last)
		if r.stands(x) {
			standing = append(standing, x.is)
		}
	}
	return standing, newest
}

func (r *Rulings[T]) stands(x *ruled[T]) bool { return r.kind.ruling(&x.is).Withdrawn == nil }

// About returns every ruling about an ad, withdrawn ones too, oldest first.
func (r *Rulings[T]) About(adID string) []T {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return values(r.byAd[adID])
}

// All returns every ruling, withdrawn ones too, oldest first.
func (r *Rulings[T]) All() []T { return r.all(func(*ruled[T]) bool { return true }) }

// Standing returns the rulings that hold, oldest first.
func (r *Rulings[T]) Standing() []T { return r.all(r.stands) }

func (r *Rulings[T]) all(see func(*ruled[T]) bool) []T {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var of []*ruled[T]
	for _, x := range r.byID {
		if see(x) {
			of = append(of, x)
		}
	}
	slices.SortFunc(of, byFirst[T])
	return values(of)
}

func values[T any](of []*ruled[T]) []T {
	out := make([]T, len(of))
	for i, x := range of {
		out[i] = x.is
	}
	return out
}

// Since returns the ads about which something was decided after a sequence, and
// how many rulings and withdrawals about ads that were, of how many there are.
func (r *Rulings[T]) Since(seq uint64) (adIDs []string, decisions, all uint64) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for id, of := range r.byAd {
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

// Forget drops the rulings whose events were deleted from the journal: those up to
// a sequence whose subjects are not left.
func (r *Rulings[T]) Forget(upTo uint64, left map[string]bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, x := range r.byID {
		if x.first <= upTo && !left[r.kind.subject+id] {
			r.remove(id)
			r.tell()
		}
	}
}

// drop takes one ruling out of the state.
func (r *Rulings[T]) drop(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.remove(id)
	r.tell()
}

// about finds the subjects whose events hold an erased value.
func (r *Rulings[T]) about(match func(ad.Value) bool) map[string]ad.Value {
	r.mu.RLock()
	defer r.mu.RUnlock()
	out := map[string]ad.Value{}
	for id, x := range r.byID {
		if v, is := r.kind.erased(&x.is, match); is {
			out[r.kind.subject+id] = v
		}
	}
	return out
}

// next finds the ruling that stands under an id of a number from 0, or the id that
// the next one will have; see subscriptionID.
func (r *Rulings[T]) next(id func(n string) string) (string, *T) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for n := 0; ; n++ {
		id := id(strconv.Itoa(n))
		x, ok := r.byID[id]
		switch {
		case !ok:
			return id, nil
		case r.stands(x):
			return id, &x.is
		}
	}
}

// rule stores a ruling and returns it. One that stands under an id is returned
// instead. Object may refuse it, given that one, or nil and the id of the new one.
func rule[T any](ctx context.Context, d *Docket, r *Rulings[T], x T, id func(n string) string, object func(id string, stands *T) error) (T, error) {
	d.writing.Lock()
	defer d.writing.Unlock()
	var at string
	err := d.decide(ctx, func() (string, event, error) {
		var stands *T
		at, stands = r.next(id)
		if err := object(at, stands); err != nil || stands != nil {
			return "", event{}, err
		}
		c := r.made(at, x, d.now())
		return c.subject, c.event, nil
	})
	if err != nil {
		var none T
		return none, err
	}
	return r.Get(at)
}

// made is the event that makes a ruling under an id.
func (r *Rulings[T]) made(id string, x T, now time.Time) change {
	of := r.kind.ruling(&x)
	of.ID, of.At, of.Withdrawn = id, now.UTC(), nil
	e := event{Kind: r.kind.event, By: of.By}
	*r.kind.in(&e) = &x
	return change{r.kind.subject + id, e}
}

// withdraw ends a ruling. One that was withdrawn already stays as it is; one that
// does not exist is ad.ErrNotFound.
func withdraw[T any](ctx context.Context, d *Docket, r *Rulings[T], id string, w Withdrawal) (none T, err error) {
	all, err := withdrawAll(ctx, d, r, []string{id}, w)
	if err != nil {
		return none, err
	}
	return all[0], nil
}

// withdrawAll ends several rulings or, when one of them does not exist, none.
func withdrawAll[T any](ctx context.Context, d *Docket, r *Rulings[T], ids []string, w Withdrawal) ([]T, error) {
	err := checkReason(w.Reason)
	if err == nil && !token(w.By) {
		err = fmt.Errorf("user id %w", ErrInvalid)
	}
	if err != nil {
		return nil, fmt.Errorf("withdraw a %s: %w", r.kind.name, err)
	}
	d.writing.Lock()
	defer d.writing.Unlock()
	err = d.decideAll(ctx, func() (cs []change, err error) {
		w.At = d.now().UTC()
		for i, id := range ids {
			x, err := r.Get(id)
			if err != nil {
				return nil, fmt.Errorf("withdraw %s %s: %w", r.kind.name, id, err)
			}
			if r.kind.ruling(&x).Withdrawn == nil && !slices.Contains(ids[:i], id) {
				cs = append(cs, change{r.kind.subject + id, event{Kind: kindWithdrawn, By: w.By, Withdrawal: &w}})
			}
		}
		return cs, nil
	})
	if err != nil {
		return nil, err
	}
	return r.gotten(ids)
}

// gotten returns the rulings of ids.
func (r *Rulings[T]) gotten(ids []string) ([]T, error) {
	out := make([]T, len(ids))
	for i, id := range ids {
		var err error
		if out[i], err = r.Get(id); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// checkReason checks the reason of a ruling, which may be left out. It is shown on
// pages and in packets, so it can hold no telephone number.
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
