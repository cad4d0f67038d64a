package casework

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"vigil.example/internal/ad"
)

// A LinkDecision is what an analyst decided about who is behind ads. It holds
// against all evidence, in whatever clusters are found later, until it is withdrawn.
type LinkDecision struct {
	Ruling
	Kind  LinkKind  `json:"kind"`
	Ads   []string  `json:"ads,omitempty"`   // ids
	Value *ad.Value `json:"value,omitempty"` // of IsHub
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

// LinkDecisions is the current state of all decisions about links.
type LinkDecisions = Rulings[LinkDecision]

// NewLinkDecisions returns the state before any event.
func NewLinkDecisions() *LinkDecisions {
	return newRulings(kind[LinkDecision]{
		name: "link decision", subject: subjectLink, event: kindLink,
		in:     func(e *event) **LinkDecision { return &e.Link },
		ruling: func(x *LinkDecision) *Ruling { return &x.Ruling },
		ads:    func(x *LinkDecision) []string { return x.Ads },
		erased: (*LinkDecision).erased,
	})
}

// Links are the decisions about links as this docket knows them.
func (d *Docket) Links() *LinkDecisions { return d.links }

// DecideLink stores a decision about links and returns it; the caller fills Kind, Ads
// or Value, Reason, By and Purpose. One that stands and says the same is returned
// instead; where the opposite stands about two ads it is ErrLinkDecided.
func (d *Docket) DecideLink(ctx context.Context, x LinkDecision) (LinkDecision, error) {
	x.Ads = slices.Compact(slices.Sorted(slices.Values(x.Ads)))
	if err := x.check(); err != nil {
		return LinkDecision{}, err
	}
	about := x.Ads
	if x.Value != nil {
		about = []string{x.Value.Kind, x.Value.Value}
	}
	id := func(n string) string { return d.keyed("link", append([]string{string(x.Kind), n}, about...)...) }
	return rule(ctx, d, d.links, x, id, func(_ string, stands *LinkDecision) error {
		if stands != nil {
			return nil
		}
		if other := opposite(d.links, x); other != "" {
			return fmt.Errorf("link decision %s: %w", other, ErrLinkDecided)
		}
		return nil
	})
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

// WithdrawLink ends a decision about links; the caller fills w's Reason, By and
// Purpose. One that was withdrawn already stays as it is; one that does not exist is
// ad.ErrNotFound.
func (d *Docket) WithdrawLink(ctx context.Context, id string, w Withdrawal) (LinkDecision, error) {
	return withdraw(ctx, d, d.links, id, w)
}

// opposite is the id of a decision that stands and says the opposite about two ads.
func opposite(l *LinkDecisions, x LinkDecision) string {
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

// erased says of which erased value a decision must go with: of ads, when too few are
// left for it to say anything.
func (x *LinkDecision) erased(match func(ad.Value) bool) (v ad.Value, is bool) {
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
