package desk

import (
	"context"
	"strings"

	"vigil.example/internal/access"
	"vigil.example/internal/audit"
	"vigil.example/internal/casework"
)

// This file holds what people do with rulings of any kind: they take one back, they
// list them, and they read who made it.

// withdraw takes a ruling back with what withdraws one of its kind.
func withdraw[T any](ctx context.Context, d *Desk, s access.Subject, e audit.Entry, reason string, of func(context.Context, string, casework.Withdrawal) (T, error)) (none T, err error) {
	if err := d.may(ctx, s, access.ActCorrect, e); err != nil {
		return none, err
	}
	x, err := of(ctx, e.Object, casework.Withdrawal{Reason: strings.TrimSpace(reason), By: s.User, Purpose: s.Purpose.ID})
	e.Outcome = outcome(err)
	if lerr := d.log(ctx, s, e); lerr != nil {
		return none, lerr
	}
	if err != nil {
		return none, err
	}
	return x, nil
}

// listed logs that rulings are read, and returns them.
func listed[T any](ctx context.Context, d *Desk, s access.Subject, e audit.Entry, all func() []T) ([]T, error) {
	if err := d.may(ctx, s, access.ActRead, e); err != nil {
		return nil, err
	}
	out := all()
	e.Count = len(out)
	return out, d.log(ctx, s, e)
}

// named puts the names of users for their ids.
func (d *Desk) named(r *casework.Ruling) {
	r.By = d.called(r.By)
	if r.Withdrawn != nil {
		w := *r.Withdrawn
		w.By = d.called(w.By)
		r.Withdrawn = &w
	}
}
