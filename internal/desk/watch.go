package desk

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/alert"
	"vigil.example/internal/audit"
	"vigil.example/internal/casework"
	"vigil.example/internal/enrich/contact"
	"vigil.example/internal/phone"
	"vigil.example/internal/query"
)

// ErrNotAValue says that what was typed is no number, e-mail address or handle.
var ErrNotAValue = errors.New("no telephone number, e-mail address or platform:handle can be read in it")

// ErrSeveral says that what was typed holds more than one number.
var ErrSeveral = errors.New("several numbers can be read in it; watch one at a time")

// ReadValue reads the identifying value that a person typed: a number in any
// form, an e-mail address, or a handle as platform:name.
func ReadValue(text string) (ad.Value, error) {
	text = strings.TrimSpace(text)
	if ps := phone.ReadQuery(text); len(ps) == 1 {
		return ad.Value{Kind: "phone", Value: ps[0].E164}, nil
	} else if len(ps) > 1 {
		return ad.Value{}, ErrSeveral
	}
	if ids := contact.Read(text); len(ids) == 1 { // written as ads write them
		return ad.Value{Kind: ids[0].Kind, Value: ids[0].Value}, nil
	}
	if p, h, ok := strings.Cut(text, ":"); ok && p != "" && h != "" && !strings.ContainsAny(text, " ,;<>/") {
		if f, err := query.NewField("handle", p+":"+h); err == nil { // of a platform that no ad is read for
			return ad.Value{Kind: "handle", Value: f.Values[0]}, nil
		}
	}
	return ad.Value{}, ErrNotAValue
}

// MaxKnown bounds the ads that a new subscription remembers as already there.
const MaxKnown = 10_000

// Watch subscribes the subject to a value as typed.
func (d *Desk) Watch(ctx context.Context, s access.Subject, text string) (ad.Subscription, error) {
	e := audit.Entry{Action: "watch.create", Query: text}
	if err := d.may(ctx, s, access.ActWatch, e); err != nil {
		return ad.Subscription{}, err
	}
	v, err := ReadValue(text)
	if err != nil {
		return ad.Subscription{}, err
	}
	e.Values = []string{v.Value}
	sub, err := d.watch(ctx, s, v)
	e.Object, e.Outcome, e.Count = sub.ID, outcome(err), len(sub.Known)
	if lerr := d.log(ctx, s, e); lerr != nil {
		return ad.Subscription{}, lerr
	}
	return sub, err
}

func (d *Desk) watch(ctx context.Context, s access.Subject, v ad.Value) (ad.Subscription, error) {
	known, err := d.Index.ByValue(ctx, v, MaxKnown)
	if err != nil {
		return ad.Subscription{}, fmt.Errorf("subscribe: %w", err)
	}
	sub, err := d.Docket.Subscribe(ctx, casework.Order{User: s.User, Value: v, Purpose: s.Purpose.ID, Known: known})
	if err != nil {
		return ad.Subscription{}, fmt.Errorf("subscribe: %w", err)
	}
	if late := d.Raiser.Late(sub); len(late) > 0 {
		if err := d.Raise(ctx, late); err != nil {
			return sub, fmt.Errorf("subscribe: %w", err)
		}
	}
	return sub, nil
}

// Watches lists the subject's active subscriptions.
func (d *Desk) Watches(ctx context.Context, s access.Subject) ([]ad.Subscription, error) {
	e := audit.Entry{Action: "watch.list"}
	if err := d.may(ctx, s, access.ActWatch, e); err != nil {
		return nil, err
	}
	var out []ad.Subscription
	for _, sub := range d.Docket.Subscriptions(s.User) {
		if sub.Ended.IsZero() {
			out = append(out, sub)
		}
	}
	e.Count = len(out)
	return out, d.log(ctx, s, e)
}

// Unwatch ends a subscription of the subject.
func (d *Desk) Unwatch(ctx context.Context, s access.Subject, id string) error {
	e := audit.Entry{Action: "watch.end", Object: id}
	if err := d.may(ctx, s, access.ActWatch, e); err != nil {
		return err
	}
	err := d.Docket.End(ctx, s.User, id)
	e.Outcome = outcome(err)
	if lerr := d.log(ctx, s, e); lerr != nil {
		return lerr
	}
	return err
}

// Alerts returns a page of the subject's inbox; before 0 begins at the newest.
func (d *Desk) Alerts(ctx context.Context, s access.Subject, before uint64, limit int) (alert.Page, error) {
	e := audit.Entry{Action: "inbox.view"}
	if err := d.may(ctx, s, access.ActWatch, e); err != nil {
		return alert.Page{}, err
	}
	p := d.Inbox.Page(s.User, before, limit)
	e.Count = len(p.Alerts)
	return p, d.log(ctx, s, e)
}

// Unread counts the subject's unread alerts; it shows no ad and is not logged.
func (d *Desk) Unread(s access.Subject) int {
	if s.May(access.ActWatch) != nil {
		return 0
	}
	return d.Inbox.Unread(s.User)
}

// WaitAlert returns when the subject has an alert newer than after, or ctx ends.
func (d *Desk) WaitAlert(ctx context.Context, s access.Subject, after uint64) (uint64, error) {
	if err := s.May(access.ActWatch); err != nil {
		return 0, err
	}
	return d.Inbox.Wait(ctx, s.User, after)
}

// MarkRead marks alerts of the subject as read, or as unread again. Without ids
// it marks all up to the sequence newest as read.
func (d *Desk) MarkRead(ctx context.Context, s access.Subject, ids []string, read bool, newest uint64) error {
	e := audit.Entry{Action: "inbox.mark", Count: len(ids)}
	if err := d.may(ctx, s, access.ActWatch, e); err != nil {
		return err
	}
	var err error
	if len(ids) == 0 {
		err = d.Inbox.MarkAll(ctx, s.User, newest)
	} else {
		err = d.Inbox.Mark(ctx, s.User, ids, read)
	}
	e.Outcome = outcome(err)
	if lerr := d.log(ctx, s, e); lerr != nil {
		return lerr
	}
	return err
}
