package casework

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"vigil.example/internal/ad"
)

// An Order asks for a subscription.
type Order struct {
	User    string   // user id, fit for a subject token
	Value   ad.Value // kind phone (E.164), email or handle
	Purpose string   // purpose id
	Known   []string // ads that carry the value now: they will not raise an alert
}

// ErrInvalid says that what was asked for cannot be right, whoever asks.
var ErrInvalid = errors.New("not valid")

// knownPerEvent keeps an event far below the 1 MiB that a message may have.
const knownPerEvent = 8000

var e164 = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

// Subscribe stores a subscription and returns it. A user who is subscribed to the
// value already gets that subscription back and nothing is stored: two of them
// would tell the same fact twice.
func (d *Docket) Subscribe(ctx context.Context, o Order) (ad.Subscription, error) {
	if err := o.check(); err != nil {
		return ad.Subscription{}, fmt.Errorf("subscribe: %w", err)
	}
	d.writing.Lock()
	defer d.writing.Unlock()
	var id string
	err := d.decide(ctx, func() (string, event, error) {
		var held bool
		if id, held = d.subscriptionID(o.User, o.Value); held {
			return "", event{}, nil
		}
		known := d.unstored(id, o.Known)
		for len(known) > knownPerEvent {
			e := event{Kind: kindKnown, By: o.User, Known: known[:knownPerEvent]}
			if err := d.write(ctx, change{subjectSubscription + id, e}); err != nil {
				return subjectSubscription + id, event{}, err
			}
			known = known[knownPerEvent:]
		}
		s := ad.Subscription{
			ID: id, User: o.User, Value: o.Value, Purpose: o.Purpose,
			Created: d.now().UTC(), Known: known,
		}
		return subjectSubscription + id, event{Kind: kindCreated, By: o.User, Subscription: &s}, nil
	})
	if err != nil {
		return ad.Subscription{}, fmt.Errorf("subscribe: %w", err)
	}
	return d.Subscription(id)
}

// unstored sorts known ads and leaves out those that an earlier, unfinished try
// to make this subscription has stored.
func (d *Docket) unstored(id string, known []string) []string {
	d.mu.RLock()
	defer d.mu.RUnlock()
	stored := make(map[string]bool, len(d.pending[id]))
	for _, k := range d.pending[id] {
		stored[k] = true
	}
	known = slices.Compact(slices.Sorted(slices.Values(known)))
	return slices.DeleteFunc(known, func(k string) bool { return stored[k] })
}

func (o Order) check() error {
	if !token(o.User) {
		return fmt.Errorf("user id %w", ErrInvalid)
	}
	return checkValue(o.Value)
}

// checkValue checks a value that ads carry.
func checkValue(v ad.Value) error {
	switch {
	case v.Kind == "phone" && e164.MatchString(v.Value):
	case v.Kind != "phone" && token(v.Kind) && v.Value != "" && len(v.Value) <= 320 &&
		utf8.ValidString(v.Value) && v.Value == strings.TrimSpace(v.Value):
	default:
		return fmt.Errorf("value of kind %q %w", v.Kind, ErrInvalid)
	}
	return nil
}

// subscriptionID is the id of the user's active subscription to the value, or the
// id that the next one will have. It is the same in every process, so two that
// subscribe at once meet on one subject and one of them conflicts.
func (d *Docket) subscriptionID(user string, v ad.Value) (id string, held bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	for n := 0; ; n++ {
		id = d.keyed("subscription", user, v.Kind, v.Value, strconv.Itoa(n))
		s, ok := d.subs[id]
		if !ok {
			return id, false
		}
		if s.Ended.IsZero() {
			return id, true
		}
	}
}

// End ends a subscription of a user. Ending one that has ended changes nothing;
// one that is somebody else's is not found.
func (d *Docket) End(ctx context.Context, user, id string) error {
	d.writing.Lock()
	defer d.writing.Unlock()
	err := d.decide(ctx, func() (string, event, error) {
		s, err := d.Subscription(id)
		if err == nil && s.User != user {
			err = ad.ErrNotFound
		}
		if err != nil || !s.Ended.IsZero() {
			return "", event{}, err
		}
		return subjectSubscription + id, event{Kind: kindEnded, By: user}, nil
	})
	if err != nil {
		return fmt.Errorf("end subscription %s: %w", id, err)
	}
	return nil
}

// Subscription returns one subscription, active or ended, or ad.ErrNotFound.
func (d *Docket) Subscription(id string) (ad.Subscription, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	s, ok := d.subs[id]
	if !ok {
		return ad.Subscription{}, fmt.Errorf("subscription: %w", ad.ErrNotFound)
	}
	return *s, nil
}

// Subscriptions returns a user's subscriptions, ended ones too, oldest first.
func (d *Docket) Subscriptions(user string) []ad.Subscription {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return listed(d.byUser[user])
}

// Subscribed returns the active subscriptions to a value, oldest first. The
// caller may not change their Known lists.
func (d *Docket) Subscribed(v ad.Value) []ad.Subscription {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return listed(d.active[v])
}

// Active returns every active subscription, oldest first.
func (d *Docket) Active() []ad.Subscription {
	d.mu.RLock()
	defer d.mu.RUnlock()
	all := make(map[string]*ad.Subscription)
	for _, m := range d.active {
		maps.Copy(all, m)
	}
	return listed(all)
}

func listed(m map[string]*ad.Subscription) []ad.Subscription {
	if len(m) == 0 {
		return nil
	}
	out := make([]ad.Subscription, 0, len(m))
	for s := range maps.Values(m) {
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b ad.Subscription) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// applySubscription brings an event of a subscription into the state. Values are
// replaced, never changed: readers may hold the old ones.
func (d *Docket) applySubscription(id string, e event) error {
	switch e.Kind {
	case kindKnown:
		d.pending[id] = append(d.pending[id], e.Known...)
	case kindCreated:
		if e.Subscription == nil || e.Subscription.ID != id {
			return fmt.Errorf("subscription %s: created event without it", id)
		}
		s := *e.Subscription
		s.Known = append(d.pending[id], s.Known...)
		delete(d.pending, id)
		d.subs[id] = &s
		put(d.byUser, s.User, id, &s)
		put(d.active, s.Value, id, &s)
	case kindEnded:
		old, ok := d.subs[id]
		if !ok {
			return nil // its beginning was erased
		}
		s := *old
		s.Ended, s.Known = e.At, nil // nothing is matched against it any more
		d.subs[id] = &s
		put(d.byUser, s.User, id, &s)
		d.unwatch(s.Value, id)
	default:
		return fmt.Errorf("subscription %s: unknown event %q", id, e.Kind)
	}
	return nil
}

func (d *Docket) unwatch(v ad.Value, id string) {
	delete(d.active[v], id)
	if len(d.active[v]) == 0 {
		delete(d.active, v)
	}
}

func put[K comparable](m map[K]map[string]*ad.Subscription, k K, id string, s *ad.Subscription) {
	if m[k] == nil {
		m[k] = make(map[string]*ad.Subscription)
	}
	m[k][id] = s
}
