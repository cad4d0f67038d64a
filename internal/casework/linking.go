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

	"vigil.example/internal/ad"
)

// A LinkDecision is what an analyst decided about who is behind ads. It holds
// against all evidence, in whatever clusters are found later, until it is withdrawn.
type LinkDecision struct {
	ID        string      `json:"id"`
	Kind      LinkKind    `json:"kind"`
	Ads       []string    `json:"ads,omitempty"`   // ids
	Value     *ad.Value   `json:"value,omitempty"` // of IsHub
	Reason    string      `json:"reason,omitempty"`
	By        string      `json:"by"`      // user id
	Purpose   string      `json:"purpose"` // purpose id
	At        time.Time   `json:"at"`
	Withdrawn *Withdrawal `json:"withdrawn,omitempty"` // nil while it holds
}

// A LinkKind says what a decision about links is.
type LinkKind string

// The decisions about links.
const (
	MustLink    LinkKind = "must-link"   // one poster is behind these ads
	CannotLink  LinkKind = "cannot-link" // two posters are behind these two ads
	Independent LinkKind = "independent" // one poster is behind these ads and behind no other
	IsHub       LinkKind = "hub"         // this value belongs to nobody in particular and joins nothing
)

// MaxLinked is how many ads one decision is about at most.
const MaxLinked = 2000

// ErrLinkDecided says that a decision stands which says the opposite.
var ErrLinkDecided = errors.New("the opposite is decided about these ads: withdraw that decision first")

// DecideLink stores a decision about links and returns it; the caller fills Kind, Ads
// or Value, Reason, By and Purpose. One that stands and says the same is returned
// instead; where the opposite stands about two ads it is ErrLinkDecided.
func (d *Docket) DecideLink(ctx context.Context, x LinkDecision) (LinkDecision, error) {
	x.Ads = slices.Compact(slices.Sorted(slices.Values(x.Ads)))
	if err := x.check(); err != nil {
		return LinkDecision{}, err
	}
	d.writing.Lock()
	defer d.writing.Unlock()
	err := d.decide(ctx, func() (string, event, error) {
		id, stands := d.linkID(x)
		if x.ID = id; stands {
			return "", event{}, nil
		}
		if other := d.links.opposite(x); other != "" {
			return "", event{}, fmt.Errorf("link decision %s: %w", other, ErrLinkDecided)
		}
		one := x
		one.At, one.Withdrawn = d.now().UTC(), nil
		return subjectLink + id, event{Kind: kindLink, By: x.By, Link: &one}, nil
	})
	if err != nil {
		return LinkDecision{}, err
	}
	return d.links.Get(x.ID)
}

func (x LinkDecision) check() error {
	least, most := 2, MaxLinked
	switch x.Kind {
	case MustLink:
	case CannotLink:
		most = 2
	case Independent:
		least = 1
	case IsHub:
		least, most = 0, 0
	default:
		return fmt.Errorf("kind of decision %w: it is %s, %s, %s or %s", ErrInvalid, MustLink, CannotLink, Independent, IsHub)
	}
	switch {
	case len(x.Ads) < least || len(x.Ads) > most:
		return fmt.Errorf("ads %w: %s is about %d to %d of them", ErrInvalid, x.Kind, least, most)
	case !token(x.By):
		return fmt.Errorf("user id %w", ErrInvalid)
	case (x.Kind == IsHub) != (x.Value != nil), x.Value != nil && (x.Value.Kind == "" || x.Value.Value == ""):
		return fmt.Errorf("value %w: %s is about one, and nothing else is", ErrInvalid, IsHub)
	}
	for _, id := range x.Ads {
		if !token(id) {
			return fmt.Errorf("ad id %w", ErrInvalid)
		}
	}
	return checkReason(x.Reason)
}

// linkID finds the decision that says the same and stands, or the id that the next
// one will have; see subscriptionID.
func (d *Docket) linkID(x LinkDecision) (id string, stands bool) {
	about := slices.Clone(x.Ads)
	if x.Value != nil {
		about = []string{x.Value.Kind, x.Value.Value}
	}
	for n := 0; ; n++ {
		id = d.keyed("link", append([]string{string(x.Kind), strconv.Itoa(n)}, about...)...)
		old, err := d.links.Get(id)
		if err != nil {
			return id, false
		}
		if old.Withdrawn == nil {
			return id, true
		}
	}
}

// WithdrawLink ends a decision about links; the caller fills w's Reason, By and
// Purpose. One that was withdrawn already stays as it is; one that does not exist is
// ad.ErrNotFound.
func (d *Docket) WithdrawLink(ctx context.Context, id string, w Withdrawal) (LinkDecision, error) {
	err := checkReason(w.Reason)
	if err == nil && !token(w.By) {
		err = fmt.Errorf("user id %w", ErrInvalid)
	}
	if err != nil {
		return LinkDecision{}, fmt.Errorf("withdraw link decision %s: %w", id, err)
	}
	d.writing.Lock()
	defer d.writing.Unlock()
	err = d.decide(ctx, func() (string, event, error) {
		x, err := d.links.Get(id)
		if err != nil || x.Withdrawn != nil {
			return "", event{}, err
		}
		w.At = d.now().UTC()
		return subjectLink + id, event{Kind: kindWithdrawn, By: w.By, Withdrawal: &w}, nil
	})
	if err != nil {
		return LinkDecision{}, fmt.Errorf("withdraw link decision %s: %w", id, err)
	}
	return d.links.Get(id)
}

// Links are the decisions about links as this docket knows them.
func (d *Docket) Links() *LinkDecisions { return d.links }

// LinkDecisions is the current state of all decisions about links. It is a projection
// of their events, which Apply takes; many goroutines may use it.
type LinkDecisions struct {
	mu   sync.RWMutex
	byID map[string]*linkDecided
	at   uint64 // the newest event
}

// A linkDecided is a decision and where its first and last event stand.
type linkDecided struct {
	LinkDecision
	first, last uint64
}

// LinkSubjects matches the subjects of the events of decisions about links.
const LinkSubjects = subjectLink + "*"

// NewLinkDecisions returns the state before any event.
func NewLinkDecisions() *LinkDecisions { return &LinkDecisions{byID: map[string]*linkDecided{}} }

// Apply brings a stored event into the state. Events come in their order; those of
// other subjects, and those that were applied before, change nothing.
func (l *LinkDecisions) Apply(seq uint64, subject string, data []byte) error {
	id, ok := strings.CutPrefix(subject, subjectLink)
	if !ok {
		return nil
	}
	e, err := ad.Decode[event](data)
	if err == nil {
		err = l.bring(seq, id, e)
	}
	if err != nil {
		return fmt.Errorf("decision %d: %w", seq, err)
	}
	return nil
}

func (l *LinkDecisions) bring(seq uint64, id string, e event) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	old := l.byID[id]
	if old != nil && seq <= old.last {
		return nil
	}
	switch e.Kind {
	case kindLink:
		if e.Link == nil || e.Link.ID != id {
			return fmt.Errorf("link decision %s: event without it", id)
		}
		l.byID[id] = &linkDecided{*e.Link, seq, seq}
	case kindWithdrawn:
		if e.Withdrawal == nil {
			return fmt.Errorf("link decision %s: withdrawn event without grounds", id)
		}
		if old != nil { // else its beginning was erased
			now := *old
			now.Withdrawn, now.last = e.Withdrawal, seq
			l.byID[id] = &now
		}
	default:
		return fmt.Errorf("link decision %s: unknown event %q", id, e.Kind)
	}
	l.at = max(l.at, seq)
	return nil
}

// Position is the sequence of the newest event that was applied.
func (l *LinkDecisions) Position() uint64 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.at
}

// Get returns one decision, withdrawn or not, or ad.ErrNotFound.
func (l *LinkDecisions) Get(id string) (LinkDecision, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	x, ok := l.byID[id]
	if !ok {
		return LinkDecision{}, fmt.Errorf("link decision: %w", ad.ErrNotFound)
	}
	return x.LinkDecision, nil
}

// All returns every decision that see says yes to, withdrawn ones too, oldest first.
func (l *LinkDecisions) All(see func(LinkDecision) bool) (out []LinkDecision) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	var of []*linkDecided
	for _, x := range l.byID {
		if see(x.LinkDecision) {
			of = append(of, x)
		}
	}
	slices.SortFunc(of, func(a, b *linkDecided) int { return cmp.Compare(a.first, b.first) })
	for _, x := range of {
		out = append(out, x.LinkDecision)
	}
	return out
}

// Standing returns the decisions that hold, oldest first.
func (l *LinkDecisions) Standing() []LinkDecision {
	return l.All(func(x LinkDecision) bool { return x.Withdrawn == nil })
}

// opposite is the id of a decision that stands and says the opposite about two ads.
func (l *LinkDecisions) opposite(x LinkDecision) string {
	against := map[LinkKind]LinkKind{MustLink: CannotLink, CannotLink: MustLink}[x.Kind]
	for _, y := range l.Standing() {
		both := 0
		for _, id := range x.Ads {
			if slices.Contains(y.Ads, id) {
				both++
			}
		}
		if y.Kind == against && both > 1 {
			return y.ID
		}
	}
	return ""
}

// about says of which erased value a decision must go with: of ads, when too few are
// left for it to say anything.
func (x LinkDecision) about(match func(ad.Value) bool) (v ad.Value, is bool) {
	if x.Value != nil {
		return *x.Value, match(*x.Value)
	}
	left := 0
	for _, id := range x.Ads {
		if of := (ad.Value{Kind: AboutAd, Value: id}); match(of) {
			v = of
		} else {
			left++
		}
	}
	return v, v.Kind != "" && (left == 0 || left == 1 && x.Kind != Independent)
}

// Forget drops the decisions whose events were deleted from the journal: those up to
// a sequence whose ids are not left.
func (l *LinkDecisions) Forget(upTo uint64, left map[string]bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, x := range l.byID {
		if x.first <= upTo && !left[id] {
			delete(l.byID, id)
		}
	}
}

func (l *LinkDecisions) drop(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.byID, id)
}

// LinkOf is the id of the decision that an event's subject names.
func LinkOf(subject string) string { return strings.TrimPrefix(subject, subjectLink) }
