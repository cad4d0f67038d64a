package apitest

import (
	"context"
	"errors"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/casework"
	"vigil.example/internal/desk"
	"vigil.example/internal/erasure"
	"vigil.example/internal/search"
)

// An eraser keeps a real ledger and erases from the index, at once.
type eraser struct {
	index  search.Index
	docket *casework.Docket
	ledger *erasure.Ledger
	clock  func() time.Time
}

func (e *eraser) Check(o erasure.Order) error              { return e.ledger.Check(o) }
func (e *eraser) Erasures() []erasure.Entry                { return e.ledger.Entries() }
func (e *eraser) Erasure(id string) (erasure.Entry, error) { return e.ledger.Entry(id) }
func (e *eraser) Clock() time.Time                         { return e.clock() }
func (e *eraser) versions(ctx context.Context, id string) (int, error) {
	docs, _, err := e.index.Versions(ctx, id)
	if errors.Is(err, ad.ErrNotFound) {
		return 0, nil
	}
	return len(docs), err
}

// Preview knows ads by id and by number.
func (e *eraser) Preview(ctx context.Context, o erasure.Order) (desk.Preview, error) {
	p := desk.Preview{Kind: o.Kind, Before: o.Before}
	ids := o.AdIDs
	if o.Kind == erasure.ByNumber {
		var err error
		if ids, err = e.index.ByValue(ctx, ad.Value{Kind: "phone", Value: o.Value}, 100); err != nil {
			return p, err
		}
	}
	for _, id := range ids {
		n, err := e.versions(ctx, id)
		if err != nil {
			return p, err
		}
		holds := e.docket.HoldsOn(id, []ad.Value{{Kind: "phone", Value: o.Value}})
		switch {
		case n == 0:
			p.Unknown = append(p.Unknown, id)
		case len(holds) > 0:
			p.Held, p.Holds = append(p.Held, id), []string{holds[0].ID}
		default:
			p.Ads, p.Sightings, p.Captures = append(p.Ads, id), p.Sightings+n, p.Captures+n
		}
	}
	return p, nil
}

// Erase erases from the index and records it.
func (e *eraser) Erase(ctx context.Context, o erasure.Order) (erasure.Entry, error) {
	p, err := e.Preview(ctx, o)
	if err != nil {
		return erasure.Entry{}, err
	}
	id, err := e.ledger.Begin(ctx, o)
	if err != nil {
		return erasure.Entry{}, err
	}
	messages := map[string][]uint64{}
	for i := range p.Ads {
		messages["ADS ad"] = append(messages["ADS ad"], uint64(i+1))
	}
	err = e.ledger.Add(ctx, id, erasure.Targets{AdIDs: p.Ads, Messages: messages})
	if err == nil {
		err = e.ledger.Listed(ctx, id)
	}
	if err == nil {
		_, err = e.index.Erase(ctx, p.Ads, nil)
	}
	if err == nil {
		err = e.ledger.Done(ctx, id, erasure.Result{Held: len(p.Held)})
	}
	if err != nil {
		return erasure.Entry{}, err
	}
	return e.ledger.Entry(id)
}
