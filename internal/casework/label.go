package casework

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"vigil.example/internal/ad"
	"vigil.example/internal/phone"
)

// A Label is what a person calls an ad: their judgement, with name, purpose and time,
// and never a finding of the program. It holds for every content of the ad until it
// is withdrawn.
type Label struct {
	Ruling
	AdID string `json:"ad"`
	Name string `json:"label"` // as ad.LabelName writes it
}

const (
	// MaxLabels is how many labels stand on one ad at most.
	MaxLabels = 20
	// maxLabelDigits keeps numbers out of labels, and years in.
	maxLabelDigits = 4
)

// Vocabulary is what is offered where ads are labelled, when an agency has chosen
// nothing else. Any other name that CheckLabel passes may be given as well.
func Vocabulary() []string {
	return []string{"trafficking-like", "spam", "scam", "consenting", "unclear"}
}

// CheckLabel says why a label cannot be given: it is not written as ad.LabelName
// writes it, or it may hold a telephone number.
func CheckLabel(name string) error {
	kept, ok := ad.LabelName(name)
	digits := 0
	for _, r := range name {
		if r >= '0' && r <= '9' {
			digits++
		}
	}
	switch {
	case !ok || kept != name:
		return fmt.Errorf("label %w: it has letters a to z, digits and single hyphens, %d at most", ErrInvalid, ad.MaxLabel)
	case digits > maxLabelDigits, phone.Identifies(name), phone.Identifies(strings.ReplaceAll(name, "-", " ")):
		return fmt.Errorf("label %w: it may hold a telephone number or an address; say it without", ErrInvalid)
	}
	return nil
}

// Labels is the current state of all labels.
type Labels = Rulings[Label]

// NewLabels returns the state before any event.
func NewLabels() *Labels {
	return newRulings(kind[Label]{
		name: "label", subject: subjectLabel, event: kindLabelled,
		in:     func(e *event) **Label { return &e.Label },
		ruling: func(x *Label) *Ruling { return &x.Ruling },
		ads:    func(x *Label) []string { return []string{x.AdID} },
		erased: func(x *Label, match func(ad.Value) bool) (ad.Value, bool) {
			v := ad.Value{Kind: AboutAd, Value: x.AdID}
			return v, match(v)
		},
	})
}

// Labels are the labels as this docket knows them, with what its own process has just
// decided.
func (d *Docket) Labels() *Labels { return d.labels }

// Label gives an ad a label and returns it; see LabelAll.
func (d *Docket) Label(ctx context.Context, x Label) (Label, error) {
	all, err := d.LabelAll(ctx, []Label{x})
	if err != nil {
		return Label{}, err
	}
	return all[0], nil
}

// LabelAll gives labels and returns those that stand, in the same order, or gives none;
// the caller fills AdID, Name, Reason, By and Purpose of each. One of that name that
// stands is returned instead.
func (d *Docket) LabelAll(ctx context.Context, xs []Label) ([]Label, error) {
	for _, x := range xs {
		if err := x.check(); err != nil {
			return nil, err
		}
	}
	d.writing.Lock()
	defer d.writing.Unlock()
	ids := make([]string, len(xs))
	err := d.decideAll(ctx, func() (cs []change, err error) {
		stand := make(map[string]int) // by ad
		for i, x := range xs {
			id, is := d.labels.next(func(n string) string { return d.keyed("label", x.AdID, x.Name, n) })
			if again := slices.Contains(ids[:i], id); again || is != nil {
				ids[i] = id
				continue
			}
			if _, known := stand[x.AdID]; !known {
				of, _ := d.labels.Of(x.AdID)
				stand[x.AdID] = len(of)
			}
			if stand[x.AdID]++; stand[x.AdID] > MaxLabels {
				return nil, fmt.Errorf("label ad %s %w: it would have more than %d; take one back first", x.AdID, ErrInvalid, MaxLabels)
			}
			ids[i], cs = id, append(cs, d.labels.made(id, x, d.now()))
		}
		return cs, nil
	})
	if err != nil {
		return nil, err
	}
	return d.labels.gotten(ids)
}

func (x Label) check() error {
	switch err := CheckLabel(x.Name); {
	case err != nil:
		return err
	case !token(x.AdID):
		return fmt.Errorf("ad id %w", ErrInvalid)
	case !token(x.By):
		return fmt.Errorf("user id %w", ErrInvalid)
	}
	return checkReason(x.Reason)
}

// Unlabel takes a label back; see UnlabelAll.
func (d *Docket) Unlabel(ctx context.Context, id string, w Withdrawal) (Label, error) {
	return withdraw(ctx, d, d.labels, id, w)
}

// UnlabelAll takes labels back, all or none; the caller fills w's Reason, By and
// Purpose. One that was taken back already stays as it is; one that does not exist is
// ad.ErrNotFound.
func (d *Docket) UnlabelAll(ctx context.Context, ids []string, w Withdrawal) ([]Label, error) {
	return withdrawAll(ctx, d, d.labels, ids, w)
}

// LabelsAt are all labels of the ad that a stored event is about, and the newest event
// about it, as the state stands: it has applied that event. It is ad.ErrNotFound when
// the label was erased.
func LabelsAt(l *Labels, subject string) (ad.Labels, uint64, error) {
	x, err := l.Get(strings.TrimPrefix(subject, subjectLabel))
	if err != nil {
		return ad.Labels{}, 0, err
	}
	standing, newest := l.Of(x.AdID)
	return ad.Labels{AdID: x.AdID, Names: LabelNames(standing)}, newest, nil
}

// LabelNames are the names of labels, in order.
func LabelNames(of []Label) []string {
	var names []string
	for _, x := range of {
		names = append(names, x.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
