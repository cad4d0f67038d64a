package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"

	"vigil.example/internal/ad"
)

// Tail reads a stream in order from a sequence, calling f with batches of at
// most max messages, each as soon as it has arrived, until ctx ends or f fails.
func (b *Bus) Tail(ctx context.Context, stream string, from uint64, filter []string, max int, f func([]ad.Message) error) error {
	return b.follow(ctx, stream, from, filter, max, false, func(p *puller, ds []delivery) error {
		msgs := make([]ad.Message, 0, len(ds))
		for _, d := range ds {
			m, ok, err := p.message(ctx, d)
			if err != nil {
				return err
			}
			if ok {
				msgs = append(msgs, m)
			}
		}
		if len(msgs) == 0 {
			return nil
		}
		return f(msgs)
	})
}

// errDone ends a replay.
var errDone = errors.New("all was read")

// Replay calls f with every message that a stream holds at the time of the call,
// from a sequence on, in order, and returns the last sequence of the stream.
func (b *Bus) Replay(ctx context.Context, stream string, from uint64, filter []string, f func(ad.Message) error) (uint64, error) {
	return b.replay(ctx, stream, from, filter, false, f)
}

// ReplayHeads is Replay of messages without their data, which is not read.
func (b *Bus) ReplayHeads(ctx context.Context, stream string, from uint64, filter []string, f func(ad.Message) error) (uint64, error) {
	return b.replay(ctx, stream, from, filter, true, f)
}

func (b *Bus) replay(ctx context.Context, stream string, from uint64, filter []string, heads bool, f func(ad.Message) error) (uint64, error) {
	if err := b.connected(); err != nil {
		return 0, fmt.Errorf("replay stream %s: %w", stream, err)
	}
	s, err := b.js.Stream(ctx, stream)
	if err != nil {
		return 0, fmt.Errorf("replay stream %s: %w", stream, absent(err))
	}
	last := s.CachedInfo().State.LastSeq
	from = max(from, s.CachedInfo().State.FirstSeq, 1)
	if last < from || s.CachedInfo().State.Msgs == 0 {
		return last, nil
	}
	err = b.follow(ctx, stream, from, filter, 500, heads, func(p *puller, ds []delivery) error {
		for _, d := range ds {
			if d.seq > last {
				return errDone
			}
			m, ok, err := p.message(ctx, d)
			if err != nil {
				return err
			}
			if ok {
				if err := f(m); err != nil {
					return err
				}
			}
			if d.seq == last {
				return errDone
			}
			from = d.seq + 1
		}
		if len(ds) > 0 && ds[len(ds)-1].left > 0 {
			return nil
		}
		// Nothing is left where this is read from, which in a cluster may lag.
		if more, err := b.more(ctx, s, filter, from, last); more || err != nil {
			return err
		}
		return errDone
	})
	if err != nil && !errors.Is(err, errDone) {
		return 0, err
	}
	return last, nil
}

// more asks the leader of a cluster whether there is a message to read between
// two sequences.
func (b *Bus) more(ctx context.Context, s jetstream.Stream, filter []string, from, last uint64) (bool, error) {
	c := s.CachedInfo().Config
	if c.Replicas <= 1 {
		return false, nil
	}
	if len(filter) == 0 {
		filter = []string{">"}
	} else {
		filter = filters(c.Name, filter)
	}
	for _, subject := range filter {
		m, err := s.GetMsg(ctx, from, jetstream.WithGetMsgSubject(subject))
		if err == nil && m.Sequence <= last {
			return true, nil
		}
		if err != nil && !errors.Is(err, jetstream.ErrMsgNotFound) {
			return false, fmt.Errorf("ask for the rest of %s: %w", c.Name, err)
		}
	}
	return false, nil
}

// follow reads a stream in order with a consumer of its own that is not
// acknowledged, beginning again after the last message seen when it is lost, and
// giving up when no new one can be had for half a minute.
// When there is nothing to read at the start, f is called with nothing.
func (b *Bus) follow(ctx context.Context, stream string, from uint64, filter []string, batch int, heads bool, f func(*puller, []delivery) error) error {
	next := max(from, 1)
	for until := time.Now().Add(answerWithin); ; {
		seen, err := b.followOnce(ctx, stream, next, filter, batch, heads, f)
		if seen >= next {
			next, until = seen+1, time.Now().Add(answerWithin)
		}
		if errors.Is(err, errCut) { // it is back, and may take its time until it is ready
			until = time.Now().Add(answerWithin)
		}
		lost := errors.Is(err, errCut) || errors.Is(err, errGap) || errors.Is(err, ErrConsumerGone) || errors.Is(err, errOpen) && passing(err)
		if !lost || !again(ctx, until) {
			return err
		}
	}
}

// errOpen marks that a reader could not be opened.
var errOpen = errors.New("open a reader")

func (b *Bus) followOnce(ctx context.Context, stream string, from uint64, filter []string, batch int, heads bool, f func(*puller, []delivery) error) (seen uint64, err error) {
	name := nuid.Next()
	c, err := b.js.CreateConsumer(ctx, stream, jetstream.ConsumerConfig{
		Name: name, AckPolicy: jetstream.AckNonePolicy, MaxDeliver: 1, FilterSubjects: filters(stream, filter),
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: from,
		MemoryStorage: true, Replicas: 1, InactiveThreshold: 5 * time.Minute, HeadersOnly: heads,
	})
	if err != nil {
		return 0, fmt.Errorf("follow stream %s: %w: %w", stream, errOpen, absent(err))
	}
	defer b.dropReader(stream, name)
	p, err := b.pull(stream, name, 2*batch, true, 0, nil)
	if err != nil {
		return 0, fmt.Errorf("follow stream %s: %w", stream, err)
	}
	defer p.close()
	p.heads = heads
	if c.CachedInfo().NumPending == 0 {
		if err := f(p, nil); err != nil {
			return 0, err
		}
	}
	for {
		ds, err := p.batch(ctx, batch)
		if err != nil {
			return seen, fmt.Errorf("follow stream %s: %w", stream, err)
		}
		if err := f(p, ds); err != nil {
			return seen, err
		}
		seen = ds[len(ds)-1].seq
	}
}

// dropReader takes a reader's consumer away; the server does it later by itself.
func (b *Bus) dropReader(stream, name string) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if b.nc.IsConnected() {
		_ = b.js.DeleteConsumer(ctx, stream, name)
	}
}

// Get returns one message by its sequence, or ad.ErrNotFound.
func (b *Bus) Get(ctx context.Context, stream string, seq uint64) (ad.Message, error) {
	if seq == 0 { // sequences begin at 1
		return ad.Message{}, fmt.Errorf("read %s at 0: %w", stream, ad.ErrNotFound)
	}
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
	if err := b.connected(); err != nil {
		return ad.Message{}, fmt.Errorf("%s: %w", doing, err)
	}
	s, err := b.js.Stream(ctx, stream)
	if err != nil {
		return ad.Message{}, fmt.Errorf("%s: %w", doing, absent(err))
	}
	r, err := get(s)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return ad.Message{}, fmt.Errorf("%s: %w", doing, ad.ErrNotFound)
	}
	if err != nil {
		return ad.Message{}, fmt.Errorf("%s: %w", doing, absent(err))
	}
	_, gen := generation(stream)
	plain := offWire(gen, r.Subject)
	if hidden(plain) {
		return ad.Message{}, fmt.Errorf("%s: %w", doing, ad.ErrNotFound)
	}
	data, err := b.join(ctx, stream, partsOf(r.Header, r.Sequence), r.Data)
	if err != nil {
		return ad.Message{}, fmt.Errorf("%s: %w", doing, absent(err))
	}
	return message(plain, r.Header, data, r.Sequence, r.Time, 1), nil
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
