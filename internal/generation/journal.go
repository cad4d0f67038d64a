package generation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"vigil.example/internal/ad"
)

// Subject is the one subject of the events of this room.
const Subject = "generation.change"

// The kinds of event.
const (
	kindPlanned   = "planned"
	kindBuilding  = "building"
	kindSwitched  = "switched"
	kindCancelled = "cancelled"
	kindDropped   = "dropped"
)

// An event is one change of one generation.
type event struct {
	V    int       `json:"v"`
	Kind string    `json:"kind"`
	At   time.Time `json:"at"`
	By   string    `json:"by,omitempty"` // of planned: user id
	N    int       `json:"n"`
	Step Step      `json:"step,omitempty"` // of planned
	From From      `json:"from,omitzero"`  // of planned as asked, of building as resolved
}

// tries bounds how often a change is decided anew after losing to another writer.
const tries = 8

// decide makes one change: choose looks at the current state and gives the next
// event, or none when nothing is left to do. When another process was first, or
// choose refuses by a state that may be behind, what others wrote is read and
// choose is asked again.
func (b *Book) decide(ctx context.Context, choose func() (*event, error)) error {
	b.writing.Lock()
	defer b.writing.Unlock()
	for asked := range tries {
		e, err := choose()
		switch {
		case err != nil && asked > 0, err == nil && e == nil:
			return err
		case err == nil:
			if err := b.write(ctx, *e); !errors.Is(err, ad.ErrConflict) {
				return err
			}
		}
		if err := b.CatchUp(ctx); err != nil {
			return err
		}
	}
	return fmt.Errorf("still not first after %d tries: %w", tries, ad.ErrConflict)
}

// write stores one event and applies it. The caller holds b.writing.
func (b *Book) write(ctx context.Context, e event) error {
	e.V, e.At = ad.Schema, b.now().UTC()
	data, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encode %s event: %w", e.Kind, err)
	}
	b.mu.RLock()
	expect := b.seq
	b.mu.RUnlock()
	seq, err := b.journal.Append(ctx, Subject, ad.EventID(Subject, expect, data), data, expect)
	if err != nil {
		return fmt.Errorf("store %s event: %w", e.Kind, err)
	}
	return b.Apply(seq, Subject, data)
}
