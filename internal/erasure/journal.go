package erasure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"vigil.example/internal/ad"
)

// subjectOrder stands before the id of an order: one subject each.
const subjectOrder = "erasure.order."

// The kinds of event.
const (
	kindBegun     = "begun"
	kindTargets   = "targets"
	kindListed    = "listed"
	kindDone      = "done"
	kindElsewhere = "elsewhere" // an imported done: it says nothing about this instance
)

// An event is one step of carrying out one order.
type event struct {
	V       int       `json:"v"`
	Kind    string    `json:"kind"`
	At      time.Time `json:"at"`
	Order   *recorded `json:"order,omitempty"`
	Targets *Targets  `json:"targets,omitempty"`
	Result  *Result   `json:"result,omitempty"`
}

// A recorded order is what the ledger keeps of an Order.
type recorded struct {
	Kind      Kind      `json:"kind"`
	AdIDs     []string  `json:"ads,omitempty"`
	Digest    string    `json:"digest,omitempty"` // keyed, of the number
	Before    time.Time `json:"before,omitzero"`
	Reason    string    `json:"reason"`
	Authority string    `json:"authority"`
	By        string    `json:"by"`
}

// check says what is wrong with an event that came from elsewhere.
func (e event) check() error {
	switch {
	case e.V < 1 || e.V > ad.Schema:
		return fmt.Errorf("schema %d is not known to this program, which knows %d", e.V, ad.Schema)
	case e.Kind == kindBegun && e.Order != nil && e.Targets == nil && e.Result == nil:
		o := e.Order
		if !ids(o.AdIDs) || (o.Kind == ByNumber) != sumShape.MatchString(o.Digest) || (o.Kind == OlderThan) == o.Before.IsZero() || (o.Kind == ByAd) != (len(o.AdIDs) > 0) {
			return fmt.Errorf("order by %s %w", o.Kind, ErrInvalid)
		}
		return nil
	case e.Kind == kindTargets && e.Targets != nil && e.Order == nil && e.Result == nil:
		return e.Targets.check()
	case e.Kind == kindListed && e.Targets == nil && e.Order == nil && e.Result == nil:
		return nil
	case (e.Kind == kindDone || e.Kind == kindElsewhere) && e.Result != nil && e.Order == nil && e.Targets == nil:
		return e.Result.check()
	}
	return fmt.Errorf("unknown event %q", e.Kind)
}

// decode reads an event of an order; ok is false for what belongs to another room.
func decode(seq uint64, subject string, data []byte) (id string, e event, ok bool, err error) {
	if id, ok = strings.CutPrefix(subject, subjectOrder); !ok {
		return "", e, false, nil
	}
	if err := json.Unmarshal(data, &e); err != nil {
		return id, e, true, fmt.Errorf("erasure event %d: %w", seq, err)
	}
	if e.V > ad.Schema {
		return id, e, true, fmt.Errorf("erasure event %d: written by a newer program (schema %d, this one knows %d)", seq, e.V, ad.Schema)
	}
	if err := e.check(); err != nil {
		return id, e, true, fmt.Errorf("erasure event %d: %w", seq, err)
	}
	return id, e, true, nil
}

// tries bounds how often a step is decided anew after losing to another writer.
const tries = 8

// decide takes one step of one order: choose looks at the current state and gives
// the next event, or none when nothing is left to do. When another process was
// first, or choose refuses by a state that may be behind, what others wrote is
// read and choose is asked again. The caller holds l.writing.
func (l *Ledger) decide(ctx context.Context, id string, choose func() (*event, error)) error {
	for asked := range tries {
		e, err := choose()
		switch {
		case err != nil && asked > 0, err == nil && e == nil:
			return err
		case err == nil:
			if err := l.write(ctx, subjectOrder+id, *e); !errors.Is(err, ad.ErrConflict) {
				return err
			}
		}
		if err := l.CatchUp(ctx); err != nil {
			return err
		}
	}
	return fmt.Errorf("still not first after %d tries: %w", tries, ad.ErrConflict)
}

// write stores one event and applies it. The caller holds l.writing.
func (l *Ledger) write(ctx context.Context, subject string, e event) error {
	data, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encode %s event: %w", e.Kind, err)
	}
	l.mu.RLock()
	expect := l.seqs[subject]
	l.mu.RUnlock()
	seq, err := l.journal.Append(ctx, subject, ad.EventID(subject, expect, data), data, expect)
	if err != nil {
		return fmt.Errorf("store %s event: %w", e.Kind, err)
	}
	return l.Apply(seq, subject, data)
}

// event makes an event of now.
func (l *Ledger) event(kind string) event {
	return event{V: ad.Schema, Kind: kind, At: l.now().UTC()}
}
