package casework

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"vigil.example/internal/ad"
	"vigil.example/internal/phone"
)

// What a hold may be on, besides a value of a kind that ads carry (phone, email,
// handle).
const (
	HoldAd      = "ad"      // by ad id
	HoldCluster = "cluster" // by cluster id: every ad in it
)

// A Hold keeps what it is on from being erased until it is released: somebody
// has the right, or the duty, to find it unchanged.
type Hold struct {
	ID        string    `json:"id"`
	Kind      string    `json:"kind"` // HoldAd, HoldCluster, or the kind of a value: phone, email, handle
	Value     string    `json:"value"`
	Reason    string    `json:"reason"`    // why, in words without identifiers
	Authority string    `json:"authority"` // who may demand it: a court's order, a file number
	By        string    `json:"by"`        // user id
	At        time.Time `json:"at"`
	AdIDs     []string  `json:"ads,omitempty"`      // that were in the cluster when it was held: clusters split and change their names
	Released  *Release  `json:"released,omitempty"` // nil while it holds
}

// A Release says why a hold ended.
type Release struct {
	Reason    string    `json:"reason"`
	Authority string    `json:"authority"`
	By        string    `json:"by"`
	At        time.Time `json:"at"`
}

// target is what a hold is on.
func (h Hold) target() ad.Value { return ad.Value{Kind: h.Kind, Value: h.Value} }

// targets are all that it keeps: its target, and the ads that it names.
func (h Hold) targets() []ad.Value {
	out := []ad.Value{h.target()}
	for _, id := range h.AdIDs {
		out = append(out, ad.Value{Kind: HoldAd, Value: id})
	}
	return out
}

// Hold stores a hold on h's kind and value, and on the ads that it names, and
// returns it; the caller fills Reason, Authority and By too, and Hold the rest. Whoever asks for a hold that
// stands already under the same authority gets that one back. Holds under several
// authorities stand beside each other and are released one by one.
func (d *Docket) Hold(ctx context.Context, h Hold) (Hold, error) {
	h.Authority = strings.TrimSpace(h.Authority)
	if err := h.check(); err != nil {
		return Hold{}, fmt.Errorf("hold: %w", err)
	}
	d.writing.Lock()
	defer d.writing.Unlock()
	err := d.decide(ctx, func() (string, event, error) {
		var stands bool
		if h.ID, stands = d.holdID(h); stands {
			return "", event{}, nil
		}
		one := h
		one.At, one.Released = d.now().UTC(), nil
		return subjectHold + h.ID, event{Kind: kindHeld, By: h.By, Hold: &one}, nil
	})
	if err != nil {
		return Hold{}, fmt.Errorf("hold: %w", err)
	}
	return d.hold(h.ID)
}

func (h Hold) check() error {
	if !token(h.By) {
		return fmt.Errorf("user id %w", ErrInvalid)
	}
	switch h.Kind {
	case HoldAd, HoldCluster:
		if !token(h.Value) {
			return fmt.Errorf("%s id %w", h.Kind, ErrInvalid)
		}
	default:
		if err := checkValue(h.target()); err != nil {
			return err
		}
	}
	return checkGrounds(h.Reason, h.Authority)
}

// maxGrounds bounds a reason or an authority, in characters.
const maxGrounds = 500

// checkGrounds checks a reason and an authority. Their words outlive what is
// erased, so they can hold no telephone number.
func checkGrounds(reason, authority string) error {
	for _, g := range []struct{ what, text string }{{"reason", reason}, {"authority", authority}} {
		switch n := utf8.RuneCountInString(strings.TrimSpace(g.text)); {
		case n == 0:
			return fmt.Errorf("%s %w: none given", g.what, ErrInvalid)
		case n > maxGrounds:
			return fmt.Errorf("%s %w: it has %d characters, more than %d", g.what, ErrInvalid, n, maxGrounds)
		case !utf8.ValidString(g.text) || strings.ContainsFunc(g.text, unicode.IsControl):
			return fmt.Errorf("%s %w: it has control characters", g.what, ErrInvalid)
		case phone.Identifies(g.text):
			return fmt.Errorf("%s %w: it may hold a telephone number or an address; name the file or the order in fewer digits", g.what, ErrInvalid)
		}
	}
	return nil
}

// holdID is the id of the hold that stands on a target under an authority, or the
// id that the next one will have; see subscriptionID.
func (d *Docket) holdID(h Hold) (id string, stands bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	for n := 0; ; n++ {
		id = d.keyed("hold", h.Kind, h.Value, h.Authority, strconv.Itoa(n))
		old, ok := d.holds[id]
		if !ok {
			return id, false
		}
		if old.Released == nil {
			return id, true
		}
	}
}

// Release ends a hold; the caller fills r's Reason, Authority and By. One that was
// released already stays as it is; one that does not exist is ad.ErrNotFound.
func (d *Docket) Release(ctx context.Context, id string, r Release) (Hold, error) {
	err := checkGrounds(r.Reason, r.Authority)
	if err == nil && !token(r.By) {
		err = fmt.Errorf("user id %w", ErrInvalid)
	}
	if err != nil {
		return Hold{}, fmt.Errorf("release hold %s: %w", id, err)
	}
	d.writing.Lock()
	defer d.writing.Unlock()
	err = d.decide(ctx, func() (string, event, error) {
		h, err := d.hold(id)
		if err != nil || h.Released != nil {
			return "", event{}, err
		}
		r.At = d.now().UTC()
		return subjectHold + id, event{Kind: kindReleased, By: r.By, Release: &r}, nil
	})
	if err != nil {
		return Hold{}, fmt.Errorf("release hold %s: %w", id, err)
	}
	return d.hold(id)
}

func (d *Docket) hold(id string) (Hold, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	h, ok := d.holds[id]
	if !ok {
		return Hold{}, fmt.Errorf("hold: %w", ad.ErrNotFound)
	}
	return *h, nil
}

// Holds returns every hold, released ones too, oldest first.
func (d *Docket) Holds() []Hold {
	d.mu.RLock()
	defer d.mu.RUnlock()
	out := make([]Hold, 0, len(d.holds))
	for _, h := range d.holds {
		out = append(out, *h)
	}
	sortHolds(out)
	return out
}

// HoldsOn returns the holds that keep an ad from being erased: those on the ad, on
// a value it carries, or on a cluster it is in. Any of the three may be empty.
func (d *Docket) HoldsOn(adID string, values []ad.Value, clusters ...string) []Hold {
	targets := append([]ad.Value{{Kind: HoldAd, Value: adID}}, values...)
	for _, c := range clusters {
		targets = append(targets, ad.Value{Kind: HoldCluster, Value: c})
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	var out []Hold
	found := make(map[string]bool)
	for _, t := range targets {
		for id := range d.held[t] {
			if !found[id] {
				found[id] = true
				out = append(out, *d.holds[id])
			}
		}
	}
	sortHolds(out)
	return out
}

// Held reports whether any hold keeps an ad from being erased; see HoldsOn.
func (d *Docket) Held(adID string, values []ad.Value, clusters ...string) bool {
	return len(d.HoldsOn(adID, values, clusters...)) > 0
}

func sortHolds(hs []Hold) {
	slices.SortFunc(hs, func(a, b Hold) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
}

// applyHold brings an event of a hold into the state. Values are replaced, never
// changed.
func (d *Docket) applyHold(id string, e event) error {
	switch e.Kind {
	case kindHeld:
		if e.Hold == nil || e.Hold.ID != id {
			return fmt.Errorf("hold %s: held event without it", id)
		}
		h := *e.Hold
		d.holds[id] = &h
		for _, t := range h.targets() {
			if d.held[t] == nil {
				d.held[t] = make(map[string]bool)
			}
			d.held[t][id] = true
		}
	case kindReleased:
		if e.Release == nil {
			return fmt.Errorf("hold %s: released event without grounds", id)
		}
		old, ok := d.holds[id]
		if !ok {
			return nil // its beginning was erased
		}
		h := *old
		h.Released = e.Release
		d.holds[id] = &h
		d.unhold(h, id)
	default:
		return fmt.Errorf("hold %s: unknown event %q", id, e.Kind)
	}
	return nil
}

func (d *Docket) unhold(h Hold, id string) {
	for _, t := range h.targets() {
		delete(d.held[t], id)
		if len(d.held[t]) == 0 {
			delete(d.held, t)
		}
	}
}
