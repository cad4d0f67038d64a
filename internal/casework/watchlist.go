package casework

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"vigil.example/internal/ad"
)

// MaxListed bounds the watches of one list.
const MaxListed = 5000

// A WatchList is a named group of watches of one user. It holds ids alone; what is
// watched stands in the subscriptions, and is erased with them.
type WatchList struct {
	ID      string    `json:"id"`
	User    string    `json:"user"`
	Name    string    `json:"name"`
	Purpose string    `json:"purpose"`
	Created time.Time `json:"created"`
	Ended   time.Time `json:"ended,omitzero"`
	Members []string  `json:"members"`        // ids of subscriptions
	Made    []string  `json:"made,omitempty"` // of these, the ones that were made for the list: they end with it
}

// List stores a list of watches under an id that nobody has used; the caller fills
// all but Created.
func (d *Docket) List(ctx context.Context, l WatchList) (WatchList, error) {
	if err := l.check(); err != nil {
		return WatchList{}, fmt.Errorf("make watch list: %w", err)
	}
	return d.decideList(ctx, "make watch list", l.ID, func(old *WatchList) (event, error) {
		if old != nil {
			return event{}, ad.ErrConflict
		}
		one := l
		one.Created, one.Ended = d.now().UTC(), time.Time{}
		return event{Kind: kindListed, By: l.User, List: &one}, nil
	})
}

// EndList ends a list of a user. Its watches are ended one by one, by EndAll.
func (d *Docket) EndList(ctx context.Context, user, id string) (WatchList, error) {
	return d.decideList(ctx, "end watch list", id, func(old *WatchList) (event, error) {
		switch {
		case old == nil || old.User != user:
			return event{}, ad.ErrNotFound
		case !old.Ended.IsZero():
			return event{}, nil
		}
		return event{Kind: kindEnded, By: user}, nil
	})
}

func (d *Docket) decideList(ctx context.Context, doing, id string, choose func(*WatchList) (event, error)) (WatchList, error) {
	d.writing.Lock()
	defer d.writing.Unlock()
	err := d.decide(ctx, func() (string, event, error) {
		var old *WatchList
		if l, err := d.WatchList(id); err == nil {
			old = &l
		}
		e, err := choose(old)
		if err != nil || e.Kind == "" {
			return "", event{}, err
		}
		return subjectList + id, e, nil
	})
	if err != nil {
		return WatchList{}, fmt.Errorf("%s %s: %w", doing, id, err)
	}
	return d.WatchList(id)
}

func (l WatchList) check() error {
	for _, id := range append(slices.Clone(l.Members), l.ID, l.User) {
		if !token(id) {
			return fmt.Errorf("id %w", ErrInvalid)
		}
	}
	if n := len(l.Members); n == 0 || n > MaxListed {
		return fmt.Errorf("list %w: it has 1 to %d watches", ErrInvalid, MaxListed)
	}
	return CheckName(l.Name)
}

// WatchList returns one list, ended or not, or ad.ErrNotFound.
func (d *Docket) WatchList(id string) (WatchList, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	l, ok := d.lists[id]
	if !ok {
		return WatchList{}, fmt.Errorf("watch list: %w", ad.ErrNotFound)
	}
	return *l, nil
}

// WatchLists returns the lists of a user that have not ended, newest first.
func (d *Docket) WatchLists(user string) []WatchList {
	d.mu.RLock()
	defer d.mu.RUnlock()
	var out []WatchList
	for _, l := range d.lists {
		if l.User == user && l.Ended.IsZero() {
			out = append(out, *l)
		}
	}
	slices.SortFunc(out, func(a, b WatchList) int { return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(a.ID, b.ID)) })
	return out
}

func (d *Docket) applyList(id string, e event) error {
	switch old, ok := d.lists[id]; {
	case e.Kind == kindListed && e.List != nil && e.List.ID == id:
		d.lists[id] = e.List
	case e.Kind == kindEnded && ok:
		l := *old
		l.Ended = e.At
		d.lists[id] = &l
	case e.Kind == kindEnded:
	default:
		return fmt.Errorf("watch list %s: unknown event %q", id, e.Kind)
	}
	return nil
}

// A bundler is a journal that stores many events at once, which is far cheaper than
// one by one; when it fails, some may be stored.
type bundler interface {
	Bundle(ctx context.Context, events []ad.Message) error
}

// SubscribeAll is Subscribe for many orders of different values; made are the ids
// of those that there were not before. When it fails some may be stored: asking
// again goes on.
func (d *Docket) SubscribeAll(ctx context.Context, orders []Order) (subs []ad.Subscription, made []string, err error) {
	for _, o := range orders {
		if err := o.check(); err != nil {
			return nil, nil, fmt.Errorf("subscribe: %w", err)
		}
	}
	var many []ad.Message
	ids := make([]string, len(orders))
	for i, o := range orders {
		id, held := d.subscriptionID(o.User, o.Value)
		ids[i] = id
		if held {
			continue
		}
		made = append(made, id)
		if len(o.Known) > knownPerEvent {
			if _, err := d.Subscribe(ctx, o); err != nil {
				return nil, nil, err
			}
			continue
		}
		s := ad.Subscription{ID: id, User: o.User, Value: o.Value, Purpose: o.Purpose, Created: d.now().UTC(), Known: d.unstored(id, o.Known)}
		m, err := message(subjectSubscription+id, event{V: ad.Schema, At: s.Created, Kind: kindCreated, By: o.User, Subscription: &s})
		if err != nil {
			return nil, nil, err
		}
		many = append(many, m)
	}
	if err := d.writeAll(ctx, many); err != nil {
		return nil, nil, fmt.Errorf("subscribe: %w", err)
	}
	for _, id := range ids {
		s, err := d.Subscription(id)
		if err != nil {
			return nil, nil, fmt.Errorf("subscribe: %w", err) // erased at once
		}
		subs = append(subs, s)
	}
	return subs, made, nil
}

// EndAll ends those subscriptions of a user that are active.
func (d *Docket) EndAll(ctx context.Context, user string, ids []string) (ended int, err error) {
	var many []ad.Message
	for _, id := range ids {
		s, err := d.Subscription(id)
		if err != nil || s.User != user || !s.Ended.IsZero() {
			continue // ended, or erased
		}
		m, err := message(subjectSubscription+id, event{V: ad.Schema, At: d.now().UTC(), Kind: kindEnded, By: user})
		if err != nil {
			return 0, err
		}
		many = append(many, m)
	}
	if err := d.writeAll(ctx, many); err != nil {
		return 0, fmt.Errorf("end subscriptions: %w", err)
	}
	return len(many), nil
}

func message(subject string, e event) (ad.Message, error) {
	data, err := json.Marshal(e)
	if err != nil {
		return ad.Message{}, fmt.Errorf("encode %s event: %w", e.Kind, err)
	}
	return ad.Message{Subject: subject, ID: ad.EventID(subject, 0, data), Data: data}, nil
}

// writeAll stores events and applies them. They may stand in any order and more
// than once: beginning to watch, and ending that, is the same twice as once.
func (d *Docket) writeAll(ctx context.Context, events []ad.Message) error {
	if len(events) == 0 {
		return nil
	}
	d.writing.Lock()
	defer d.writing.Unlock()
	if b, ok := d.journal.(bundler); ok {
		if err := b.Bundle(ctx, events); err != nil {
			return err
		}
		return d.CatchUp(ctx)
	}
	for _, m := range events {
		d.mu.RLock()
		expect := d.seqs[m.Subject]
		d.mu.RUnlock()
		seq, err := d.journal.Append(ctx, m.Subject, m.ID, m.Data, expect)
		if err == nil {
			err = d.bring(seq, m.Subject, m.Data)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
