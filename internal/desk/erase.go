package desk

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/audit"
	"vigil.example/internal/casework"
	"vigil.example/internal/erasure"
)

// An Eraser carries out orders to erase. From Erase on an order is carried out
// whatever crashes.
type Eraser interface {
	// Check says what is wrong with an order, as Erase would.
	Check(o erasure.Order) error
	// Preview finds what an order would come to now, and changes nothing.
	Preview(ctx context.Context, o erasure.Order) (Preview, error)
	// Erase makes an order durable and returns at once.
	Erase(ctx context.Context, o erasure.Order) (erasure.Entry, error)
	// Erasures lists all orders, newest first.
	Erasures() []erasure.Entry
	// Erasure returns one order, or ad.ErrNotFound.
	Erasure(id string) (erasure.Entry, error)
	// Clock is what the age of an ad is told by: that of the captures.
	Clock() time.Time
}

// A Preview is what an order to erase would come to.
type Preview struct {
	Kind      erasure.Kind
	Before    time.Time // of an order by age
	Ads       []string  // to be erased, by id
	Sightings int       // versions of these ads
	Captures  int       // pages that go: of these ads, lists that link to them, and others that name the number
	Held      []string  // ads that a hold keeps
	Holds     []string  // ids of those holds
	Unknown   []string  // ads that were asked for and are not there
}

// What to erase and what to hold can go wrong in ways that a person can mend.
var (
	ErrErase    = errors.New("one of three says what to erase: ads by id, a number, or an age")
	ErrByNumber = errors.New("an order goes by a telephone number, not by another value of ads")
	ErrHeld     = errors.New("a litigation hold keeps it")
	ErrHold     = errors.New("one of three says what to hold: an ad, a number, or a cluster")
	ErrAge      = errors.New("an age is a number of days or weeks as in 180d or 26w, or a day as in 2026-05-01")
)

// MaxErase bounds the ads that one request to erase may name.
const MaxErase = audit.MaxValues

// An EraseRequest is an order as a person gives it.
type EraseRequest struct {
	AdIDs     []string
	Number    string // in any form
	OlderThan string // see ReadAge
	Reason    string
	Authority string
}

var age = regexp.MustCompile(`^([1-9][0-9]{0,4})([dw])$`)

// ReadAge reads an age (180d, 26w) or a day (2026-05-01) as the time that it
// comes to.
func ReadAge(text string, now time.Time) (time.Time, error) {
	text = strings.TrimSpace(text)
	if m := age.FindStringSubmatch(text); m != nil {
		n, _ := strconv.Atoi(m[1]) // digits, by the pattern
		if m[2] == "w" {
			n *= 7
		}
		return now.UTC().AddDate(0, 0, -n).Truncate(time.Second), nil
	}
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return t, ErrAge
	}
	return t, nil
}

// order reads what a person wants erased, and the entry of the audit log for it.
func (d *Desk) order(s access.Subject, q EraseRequest) (o erasure.Order, e audit.Entry, err error) {
	o = erasure.Order{Reason: q.Reason, Authority: q.Authority, By: s.User}
	switch {
	case len(q.AdIDs) > 0 && q.Number == "" && q.OlderThan == "":
		if len(q.AdIDs) > MaxErase {
			return o, e, fmt.Errorf("%w: at most %d ads in one order", ErrTooLarge, MaxErase)
		}
		o.Kind, o.AdIDs, e.Values = erasure.ByAd, q.AdIDs, q.AdIDs
	case q.Number != "" && len(q.AdIDs) == 0 && q.OlderThan == "":
		v, err := ReadValue(q.Number)
		if err == nil && v.Kind != "phone" {
			err = ErrByNumber
		}
		if err != nil {
			return o, e, err
		}
		o.Kind, o.Value, e.Values = erasure.ByNumber, v.Value, []string{v.Value}
	case q.OlderThan != "" && len(q.AdIDs) == 0 && q.Number == "":
		o.Kind = erasure.OlderThan
		if o.Before, err = ReadAge(q.OlderThan, d.Eraser.Clock()); err != nil {
			return o, e, err
		}
	default:
		return o, e, ErrErase
	}
	return o, e, d.Eraser.Check(o)
}

// PreviewErase tells what an order would come to.
func (d *Desk) PreviewErase(ctx context.Context, s access.Subject, q EraseRequest) (Preview, error) {
	_, p, err := d.preview(ctx, s, q, "erase.preview")
	return p, err
}

func (d *Desk) preview(ctx context.Context, s access.Subject, q EraseRequest, action string) (erasure.Order, Preview, error) {
	if err := d.may(ctx, s, access.ActErase, audit.Entry{Action: action}); err != nil {
		return erasure.Order{}, Preview{}, err
	}
	o, e, err := d.order(s, q)
	if err != nil {
		return o, Preview{}, err
	}
	e.Action = action
	p, err := d.Eraser.Preview(ctx, o)
	e.Outcome, e.Count = outcome(err), len(p.Ads)
	if lerr := d.log(ctx, s, e); lerr != nil {
		return o, Preview{}, lerr
	}
	return o, p, err
}

// Erase gives an order to erase. What a hold keeps is left out of it; an order
// that comes to nothing else, or that names an ad that is not there, is refused.
// The log has a line of what was asked for before anything can be erased, and
// another that names the order.
func (d *Desk) Erase(ctx context.Context, s access.Subject, q EraseRequest) (erasure.Entry, error) {
	stood := d.standing()
	o, p, err := d.preview(ctx, s, q, "erase.ask")
	if err == nil {
		err = d.Docket.CatchUp(ctx)
	}
	switch {
	case err != nil:
		return erasure.Entry{}, err
	case slices.ContainsFunc(d.standing(), func(id string) bool { return !slices.Contains(stood, id) }):
		return erasure.Entry{}, fmt.Errorf("%w, or may: a hold was put while it was looked what the order comes to; give it again", ErrHeld)
	case len(p.Unknown) > 0:
		return erasure.Entry{}, fmt.Errorf("ad %s: %w", p.Unknown[0], ad.ErrNotFound)
	case len(p.Ads) == 0 && len(p.Held) > 0:
		return erasure.Entry{}, fmt.Errorf("%w: hold %s", ErrHeld, strings.Join(p.Holds, ", "))
	case o.Kind == erasure.ByNumber && len(p.Holds) > 0 && d.Docket.Held("", []ad.Value{{Kind: "phone", Value: o.Value}}):
		return erasure.Entry{}, fmt.Errorf("%w: hold %s", ErrHeld, strings.Join(p.Holds, ", "))
	}
	if o.Kind == erasure.ByAd {
		o.AdIDs = p.Ads
	}
	x, err := d.Eraser.Erase(ctx, o)
	x.By = d.called(x.By)
	if lerr := d.log(ctx, s, audit.Entry{Action: "erase.order", Object: x.ID, Count: len(p.Ads), Outcome: outcome(err)}); lerr != nil {
		return erasure.Entry{}, lerr
	}
	return x, err
}

// standing lists the ids of the holds that stand.
func (d *Desk) standing() (ids []string) {
	for _, h := range d.Docket.Holds() {
		if h.Released == nil {
			ids = append(ids, h.ID)
		}
	}
	return ids
}

// Erasures lists what was erased and why, newest first, with the names of users.
func (d *Desk) Erasures(ctx context.Context, s access.Subject) ([]erasure.Entry, error) {
	e := audit.Entry{Action: "erase.list"}
	if err := d.may(ctx, s, access.ActAudit, e); err != nil {
		return nil, err
	}
	out := d.Eraser.Erasures()
	for i := range out {
		out[i].By = d.called(out[i].By)
	}
	e.Count = len(out)
	return out, d.log(ctx, s, e)
}

// called is the name of a user.
func (d *Desk) called(id string) string {
	if u, err := d.Register.User(id); err == nil {
		return u.Name
	}
	return id
}

// Erasure tells how far an order is.
func (d *Desk) Erasure(ctx context.Context, s access.Subject, id string) (erasure.Entry, error) {
	e := audit.Entry{Action: "erase.view", Object: id}
	if err := d.may(ctx, s, access.ActAudit, e); err != nil {
		return erasure.Entry{}, err
	}
	x, err := d.Eraser.Erasure(id)
	x.By = d.called(x.By)
	if errors.Is(err, ad.ErrNotFound) {
		err = ad.ErrNotFound // the request names it already
	}
	// Whoever follows an order asks again and again until it is done: that look is
	// worth a line.
	if err == nil && x.State != erasure.Done {
		return x, nil
	}
	e.Outcome = outcome(err)
	if lerr := d.log(ctx, s, e); lerr != nil {
		return erasure.Entry{}, lerr
	}
	return x, err
}

// A HoldRequest is a hold as a person asks for it.
type HoldRequest struct {
	AdID, Number, Cluster string // one of them; a number in any form, or another value that ads carry
	Reason, Authority     string
}

// MaxHeld bounds the ads of a cluster that one hold keeps.
const MaxHeld = 10_000

// Hold puts a litigation hold on an ad, a value or a cluster.
func (d *Desk) Hold(ctx context.Context, s access.Subject, q HoldRequest) (casework.Hold, error) {
	e := audit.Entry{Action: "hold.add"}
	if err := d.may(ctx, s, access.ActHold, e); err != nil {
		return casework.Hold{}, err
	}
	h := casework.Hold{Reason: q.Reason, Authority: q.Authority, By: s.User}
	switch {
	case q.AdID != "" && q.Number == "" && q.Cluster == "":
		h.Kind, h.Value = casework.HoldAd, q.AdID
	case q.Cluster != "" && q.AdID == "" && q.Number == "":
		h.Kind, h.Value = casework.HoldCluster, q.Cluster
	case q.Number != "" && q.AdID == "" && q.Cluster == "":
		v, err := ReadValue(q.Number)
		if err != nil {
			return casework.Hold{}, err
		}
		h.Kind, h.Value = v.Kind, v.Value
	default:
		return casework.Hold{}, ErrHold
	}
	e.Values = []string{h.Value}
	h, err := d.hold(ctx, h)
	e.Object, e.Outcome, e.Count = h.ID, outcome(err), len(h.AdIDs)
	if lerr := d.log(ctx, s, e); lerr != nil {
		return casework.Hold{}, lerr
	}
	return d.signed(h), err
}

// signed is a hold with the names of who put and released it.
func (d *Desk) signed(h casework.Hold) casework.Hold {
	h.By = d.called(h.By)
	if h.Released != nil {
		r := *h.Released
		r.By = d.called(r.By)
		h.Released = &r
	}
	return h
}

func (d *Desk) hold(ctx context.Context, h casework.Hold) (casework.Hold, error) {
	switch h.Kind {
	case casework.HoldAd:
		if docs, _, err := d.Index.Versions(ctx, h.Value); err != nil || len(docs) == 0 {
			return h, fmt.Errorf("hold ad %s: %w", h.Value, errOr(err, ad.ErrNotFound))
		}
	case casework.HoldCluster:
		c, err := d.Index.Cluster(ctx, h.Value, MaxHeld)
		if err != nil {
			return h, fmt.Errorf("hold cluster %s: %w", h.Value, err)
		}
		if c.Size > MaxHeld {
			return h, fmt.Errorf("cluster %s is %w: a hold keeps at most %d ads; hold the numbers that join it", h.Value, ErrTooLarge, MaxHeld)
		}
		for _, m := range c.Members {
			h.AdIDs = append(h.AdIDs, m.Ad.AdID)
		}
		slices.Sort(h.AdIDs)
	}
	return d.Docket.Hold(ctx, h)
}

func errOr(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// Holds lists the holds, oldest first; released ones too.
func (d *Desk) Holds(ctx context.Context, s access.Subject) ([]casework.Hold, error) {
	e := audit.Entry{Action: "hold.list"}
	if err := d.may(ctx, s, access.ActAudit, e); err != nil {
		return nil, err
	}
	out := d.Docket.Holds()
	for i := range out {
		out[i] = d.signed(out[i])
	}
	e.Count = len(out)
	return out, d.log(ctx, s, e)
}

// Release ends a hold.
func (d *Desk) Release(ctx context.Context, s access.Subject, id, reason, authority string) (casework.Hold, error) {
	e := audit.Entry{Action: "hold.release", Object: id}
	if err := d.may(ctx, s, access.ActHold, e); err != nil {
		return casework.Hold{}, err
	}
	h, err := d.Docket.Release(ctx, id, casework.Release{Reason: reason, Authority: authority, By: s.User})
	e.Outcome = outcome(err)
	if lerr := d.log(ctx, s, e); lerr != nil {
		return casework.Hold{}, lerr
	}
	return d.signed(h), err
}
