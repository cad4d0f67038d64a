package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"vigil.example/internal/ad"
)

// Tail reads a stream in order from a sequence, calling f with batches of at
// most max messages, each as soon as it has arrived, until ctx ends or f fails.
func (b *Bus) Tail(ctx context.Context, stream string, from uint64, filter []string, max int, f func([]ad.Message) error) error {
	s, err := b.js.Stream(ctx, stream)
	if err != nil {
		return fmt.Errorf("follow stream %s: %w", stream, err)
	}
	c, err := s.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{
		FilterSubjects: filters(stream, filter), DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: from,
	})
	if err != nil {
		return fmt.Errorf("follow stream %s: %w", stream, err)
	}
	it, err := c.Messages(jetstream.PullMaxMessages(max))
	if err != nil {
		return fmt.Errorf("follow stream %s: %w", stream, err)
	}
	k := newConsumer(stream, stream, s, it)
	defer k.Close()
	for {
		msgs, err := k.Fetch(ctx, max)
		clear(k.pending)
		if len(msgs) > 0 {
			if err := f(msgs); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
	}
}

// Replay calls f with every message that a stream holds at the time of the call,
// from a sequence on, in order, and returns the last sequence of the stream.
func (b *Bus) Replay(ctx context.Context, stream string, from uint64, filter []string, f func(ad.Message) error) (uint64, error) {
	s, err := b.js.Stream(ctx, stream)
	if err != nil {
		return 0, fmt.Errorf("replay stream %s: %w", stream, err)
	}
	_, gen := generation(stream)
	last := s.CachedInfo().State.LastSeq
	from = max(from, s.CachedInfo().State.FirstSeq, 1)
	if last < from {
		return last, nil
	}
	cfg := jetstream.OrderedConsumerConfig{FilterSubjects: filters(stream, filter), DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: from}
	c, err := s.OrderedConsumer(ctx, cfg)
	if err != nil {
		return 0, fmt.Errorf("replay stream %s: %w", stream, err)
	}
	if c.CachedInfo().NumPending == 0 {
		return last, nil
	}
	it, err := c.Messages(jetstream.PullMaxMessages(500))
	if err != nil {
		return 0, fmt.Errorf("replay stream %s: %w", stream, err)
	}
	defer it.Stop()
	for {
		m, err := it.Next(jetstream.NextContext(ctx))
		if err != nil {
			return 0, fmt.Errorf("replay stream %s: %w", stream, err)
		}
		md, err := m.Metadata()
		if err != nil {
			return 0, fmt.Errorf("replay stream %s: %w", stream, err)
		}
		if md.Sequence.Stream > last {
			return last, nil
		}
		if plain := offWire(gen, m.Subject()); !hidden(plain) {
			data, err := join(ctx, s, partsOf(m.Headers(), md.Sequence.Stream), m.Data())
			if err != nil {
				return 0, fmt.Errorf("replay stream %s: message %d: %w", stream, md.Sequence.Stream, err)
			}
			if err := f(message(plain, m.Headers(), data, md.Sequence.Stream, md.Timestamp, 1)); err != nil {
				return 0, err
			}
		}
		if md.Sequence.Stream == last || md.NumPending == 0 {
			return last, nil
		}
	}
}

// Get returns one message by its sequence, or ad.ErrNotFound.
func (b *Bus) Get(ctx context.Context, stream string, seq uint64) (ad.Message, error) {
	return b.get(ctx, stream, fmt.Sprintf("read %s at %d", stream, seq), func(s jetstream.Stream) (*jetstream.RawStreamMsg, error) {
		return s.GetMsg(ctx, seq)
	})
}

// LastOf returns the newest message of a subject, or ad.ErrNotFound.
func (b *Bus) LastOf(ctx context.Context, stream, subject string) (ad.Message, error) {
	_, gen := generation(stream)
	return b.get(ctx, stream, fmt.Sprintf("read the newest of %s in %s", subject, stream), func(s jetstream.Stream) (*jetstream.RawStreamMsg, error) {
		return s.GetLastMsgForSubject(ctx, onWire(gen, subject))
	})
}

func (b *Bus) get(ctx context.Context, stream, doing string, get func(jetstream.Stream) (*jetstream.RawStreamMsg, error)) (ad.Message, error) {
	s, err := b.js.Stream(ctx, stream)
	if err != nil {
		return ad.Message{}, fmt.Errorf("%s: %w", doing, err)
	}
	r, err := get(s)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return ad.Message{}, fmt.Errorf("%s: %w", doing, ad.ErrNotFound)
	}
	if err != nil {
		return ad.Message{}, fmt.Errorf("%s: %w", doing, err)
	}
	data, err := join(ctx, s, partsOf(r.Header, r.Sequence), r.Data)
	if err != nil {
		return ad.Message{}, fmt.Errorf("%s: %w", doing, err)
	}
	_, gen := generation(stream)
	return message(offWire(gen, r.Subject), r.Header, data, r.Sequence, r.Time, 1), nil
}

// Latest returns when the newest message of a subject was stored; the zero time
// when there is none.
func (b *Bus) Latest(ctx context.Context, stream, subject string) (time.Time, error) {
	m, err := b.LastOf(ctx, stream, subject)
	if errors.Is(err, ad.ErrNotFound) {
		return time.Time{}, nil
	}
	return m.Time.UTC(), err
}
