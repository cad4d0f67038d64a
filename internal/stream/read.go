package stream

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"vigil.example/internal/ad"
)

// A Consumer hands out the messages of a stream that are not yet acknowledged.
// It is safe for one reader and any number of acknowledgers.
type Consumer struct {
	it      jetstream.MessagesContext
	feed    chan jetstream.Msg
	failed  chan error
	mu      sync.Mutex
	pending map[uint64]jetstream.Msg
}

// Consumer opens the durable consumer of a stream, making it if need be. At most
// inflight messages are out at once; one that is neither acknowledged nor
// extended within wait comes again.
func (b *Bus) Consumer(ctx context.Context, stream, durable string, filter []string, inflight int, wait time.Duration) (*Consumer, error) {
	c, err := b.js.CreateOrUpdateConsumer(ctx, stream, jetstream.ConsumerConfig{
		Durable: durable, AckPolicy: jetstream.AckExplicitPolicy, AckWait: wait, MaxAckPending: inflight,
		MaxDeliver: -1, FilterSubjects: filter, DeliverPolicy: jetstream.DeliverAllPolicy,
	})
	if err != nil {
		return nil, fmt.Errorf("open consumer %s of %s: %w", durable, stream, err)
	}
	it, err := c.Messages(jetstream.PullMaxMessages(inflight), jetstream.PullExpiry(30*time.Second))
	if err != nil {
		return nil, fmt.Errorf("read consumer %s of %s: %w", durable, stream, err)
	}
	k := &Consumer{it: it, feed: make(chan jetstream.Msg), failed: make(chan error, 1), pending: map[uint64]jetstream.Msg{}}
	go k.pump()
	return k, nil
}

func (k *Consumer) pump() {
	for {
		m, err := k.it.Next()
		if err != nil {
			if errors.Is(err, nats.ErrTimeout) || errors.Is(err, jetstream.ErrNoHeartbeat) {
				continue
			}
			k.failed <- err
			close(k.feed)
			return
		}
		k.feed <- m
	}
}

// linger is how long a batch waits for more after its first message.
const linger = 15 * time.Millisecond

// Fetch waits for a message and returns it with what else arrives at once, at
// most max.
func (k *Consumer) Fetch(ctx context.Context, max int) ([]ad.Message, error) {
	var out []ad.Message
	var timer <-chan time.Time
	for len(out) < max {
		select {
		case m, ok := <-k.feed:
			if !ok {
				if len(out) > 0 {
					return out, nil
				}
				return nil, fmt.Errorf("read consumer: %w", <-k.failed)
			}
			md, err := m.Metadata()
			if err != nil {
				return out, fmt.Errorf("read consumer: %w", err)
			}
			k.mu.Lock()
			k.pending[md.Sequence.Stream] = m
			k.mu.Unlock()
			out = append(out, message(m.Subject(), m.Headers(), m.Data(), md.Sequence.Stream, md.Timestamp, int(md.NumDelivered)))
			if timer == nil {
				timer = time.After(linger)
			}
		case <-timer:
			return out, nil
		case <-ctx.Done():
			return out, ctx.Err()
		}
	}
	return out, nil
}

func (k *Consumer) take(seq uint64) (jetstream.Msg, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	m, ok := k.pending[seq]
	delete(k.pending, seq)
	return m, ok
}

// Ack says that the messages' effects are durable.
func (k *Consumer) Ack(seqs ...uint64) error {
	for _, s := range seqs {
		if m, ok := k.take(s); ok {
			if err := m.Ack(); err != nil {
				return fmt.Errorf("acknowledge %d: %w", s, err)
			}
		}
	}
	return nil
}

// Nak asks for the message again after the delay.
func (k *Consumer) Nak(seq uint64, delay time.Duration) error {
	if m, ok := k.take(seq); ok {
		if err := m.NakWithDelay(delay); err != nil {
			return fmt.Errorf("give back %d: %w", seq, err)
		}
	}
	return nil
}

// Extend says that the messages are still being worked on.
func (k *Consumer) Extend(seqs ...uint64) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, s := range seqs {
		if m, ok := k.pending[s]; ok {
			if err := m.InProgress(); err != nil {
				return fmt.Errorf("extend %d: %w", s, err)
			}
		}
	}
	return nil
}

// Close stops reading; what is not acknowledged comes again.
func (k *Consumer) Close() {
	k.it.Stop()
	for range k.feed { // let the pump see the end
	}
}

func message(subject string, h nats.Header, data []byte, seq uint64, t time.Time, attempt int) ad.Message {
	m := ad.Message{Subject: subject, Data: data, Seq: seq, Time: t, Attempt: attempt}
	for k, v := range h {
		switch {
		case k == nats.MsgIdHdr:
			m.ID = v[0]
		case strings.HasPrefix(k, "Nats-"):
		default:
			if m.Header == nil {
				m.Header = make(map[string]string, 2)
			}
			m.Header[k] = v[0]
		}
	}
	return m
}

// Tail reads a stream in order from a sequence, calling f with batches of at
// most max messages, each as soon as it has arrived, until ctx ends or f fails.
// Empty calls of f mark the moments when the end of the stream was reached.
func (b *Bus) Tail(ctx context.Context, stream string, from uint64, filter []string, max int, f func([]ad.Message) error) error {
	c, err := b.js.OrderedConsumer(ctx, stream, jetstream.OrderedConsumerConfig{
		FilterSubjects: filter, DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: from,
	})
	if err != nil {
		return fmt.Errorf("follow stream %s: %w", stream, err)
	}
	it, err := c.Messages(jetstream.PullMaxMessages(max))
	if err != nil {
		return fmt.Errorf("follow stream %s: %w", stream, err)
	}
	k := &Consumer{it: it, feed: make(chan jetstream.Msg), failed: make(chan error, 1), pending: map[uint64]jetstream.Msg{}}
	go k.pump()
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
	last := s.CachedInfo().State.LastSeq
	from = max(from, s.CachedInfo().State.FirstSeq, 1)
	if last < from {
		return last, nil
	}
	cfg := jetstream.OrderedConsumerConfig{FilterSubjects: filter, DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: from}
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
		if err := f(message(m.Subject(), m.Headers(), m.Data(), md.Sequence.Stream, md.Timestamp, 1)); err != nil {
			return 0, err
		}
		if md.Sequence.Stream == last || md.NumPending == 0 {
			return last, nil
		}
	}
}

// Get returns one message by its sequence, or ad.ErrNotFound.
func (b *Bus) Get(ctx context.Context, stream string, seq uint64) (ad.Message, error) {
	s, err := b.js.Stream(ctx, stream)
	if err != nil {
		return ad.Message{}, fmt.Errorf("read %s: %w", stream, err)
	}
	r, err := s.GetMsg(ctx, seq)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return ad.Message{}, fmt.Errorf("read %s at %d: %w", stream, seq, ad.ErrNotFound)
	}
	if err != nil {
		return ad.Message{}, fmt.Errorf("read %s at %d: %w", stream, seq, err)
	}
	return message(r.Subject, r.Header, r.Data, r.Sequence, r.Time, 1), nil
}

// Latest returns when the newest message of a subject was stored; the zero time
// when there is none.
func (b *Bus) Latest(ctx context.Context, stream, subject string) (time.Time, error) {
	s, err := b.js.Stream(ctx, stream)
	if err != nil {
		return time.Time{}, fmt.Errorf("read %s: %w", stream, err)
	}
	r, err := s.GetLastMsgForSubject(ctx, subject)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("read the newest of %s: %w", subject, err)
	}
	return r.Time.UTC(), nil
}

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

// Replay calls f with every event from a sequence on and returns the last.
func (j Journal) Replay(ctx context.Context, from uint64, f func(seq uint64, subject string, data []byte) error) (uint64, error) {
	return j.bus.Replay(ctx, j.stream, from, nil, func(m ad.Message) error { return f(m.Seq, m.Subject, m.Data) })
}
