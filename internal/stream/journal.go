package stream

import (
	"context"

	"vigil.example/internal/ad"
)

// A Journal is one stream of events in the shape that the rooms of decisions,
// access and audit ask for.
type Journal struct {
	bus    *Bus
	stream string
}

// Journal returns the named stream as a journal.
func (b *Bus) Journal(stream string) Journal { return Journal{b, stream} }

// Append stores one event; see Bus.Append.
func (j Journal) Append(ctx context.Context, subject, id string, data []byte, expect uint64) (uint64, error) {
	return j.bus.Append(ctx, subject, id, data, expect)
}

// AppendAll stores events of different subjects, all or none; see Bus.AppendAll.
func (j Journal) AppendAll(ctx context.Context, events []ad.Event) (last uint64, err error) {
	return j.bus.AppendAll(ctx, events)
}

// Bundle stores events whose order among others of their subjects does not matter,
// many in one write. When it fails, some may be stored.
func (j Journal) Bundle(ctx context.Context, events []ad.Message) error {
	return j.bus.Publish(ctx, events)
}

// Replay calls f with every event from a sequence on and returns the last.
func (j Journal) Replay(ctx context.Context, from uint64, f func(seq uint64, subject string, data []byte) error) (uint64, error) {
	return j.bus.Replay(ctx, j.stream, from, nil, func(m ad.Message) error { return f(m.Seq, m.Subject, m.Data) })
}

// Last returns the newest event of a subject, or ad.ErrNotFound.
func (j Journal) Last(ctx context.Context, subject string) (seq uint64, data []byte, err error) {
	m, err := j.bus.LastOf(ctx, j.stream, subject)
	return m.Seq, m.Data, err
}

// Follow calls f with every event from a sequence on, and with those that come,
// until ctx ends or f fails.
func (j Journal) Follow(ctx context.Context, from uint64, f func(seq uint64, subject string, data []byte) error) error {
	return j.bus.Tail(ctx, j.stream, from, nil, 500, func(ms []ad.Message) error {
		for _, m := range ms {
			if err := f(m.Seq, m.Subject, m.Data); err != nil {
				return err
			}
		}
		return nil
	})
}
