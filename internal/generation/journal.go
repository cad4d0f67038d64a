package generation

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"vigil.example/internal/ad"
)

// A Journal is an append-only stream of events, each under a subject.
//
// Append returns once data is stored durably; expect is the sequence of the last
// event under that subject, 0 for none, and an error that is ad.ErrConflict says
// that another writer was first. Appending the same id twice may store it once.
//
// Replay calls f for every stored event from sequence from on (0 and 1 are the
// beginning), in order, up to the newest event at the time of the call, and
// returns the sequence of the last one.
type Journal interface {
	Append(ctx context.Context, subject, id string, data []byte, expect uint64) (seq uint64, err error)
	Replay(ctx context.Context, from uint64, f func(seq uint64, subject string, data []byte) error) (last uint64, err error)
}

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
	// The same event retried has the same id; a different one at the same place,
	// or the same one said again later, must not.
	h := sha256.New()
	h.Write([]byte(Subject + "\x00" + strconv.FormatUint(expect, 10) + "\x00"))
	h.Write(data)
	seq, err := b.journal.Append(ctx, Subject, hex.EncodeToString(h.Sum(nil)[:16]), data, expect)
	if err != nil {
		return fmt.Errorf("store %s event: %w", e.Kind, err)
	}
	return b.Apply(seq, Subject, data)
}
