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

// ConsumerOptions say what a durable consumer reads and how.
type ConsumerOptions struct {
	Filter   []string      // subjects; nil for all of the stream
	Inflight int           // messages that may be out at once, over all processes that share it
	Wait     time.Duration // one that is neither acknowledged nor extended within it comes again
	Start    uint64        // where to begin; only when the consumer is made anew
}

// A Consumer hands out the messages of a stream that are not yet acknowledged.
// Processes that open the same durable share its messages. It is safe for one
// reader and any number of acknowledgers.
type Consumer struct {
	name    string
	gen     int
	stream  jetstream.Stream
	it      jetstream.MessagesContext
	feed    chan jetstream.Msg
	failed  chan error
	mu      sync.Mutex
	pending map[uint64]jetstream.Msg
}

// Consumer opens the durable consumer of a stream, making it if need be.
func (b *Bus) Consumer(ctx context.Context, stream, durable string, o ConsumerOptions) (*Consumer, error) {
	fail := func(err error) (*Consumer, error) {
		return nil, fmt.Errorf("open consumer %s of %s: %w", durable, stream, err)
	}
	s, err := b.js.Stream(ctx, stream)
	if err != nil {
		return fail(err)
	}
	cfg := jetstream.ConsumerConfig{
		Durable: durable, AckPolicy: jetstream.AckExplicitPolicy, AckWait: o.Wait, MaxAckPending: o.Inflight,
		MaxDeliver: -1, FilterSubjects: filters(stream, o.Filter), DeliverPolicy: jetstream.DeliverAllPolicy,
	}
	// Where a consumer begins cannot be changed: one that is there keeps it.
	switch c, err := s.Consumer(ctx, durable); {
	case err == nil:
		cfg.DeliverPolicy, cfg.OptStartSeq = c.CachedInfo().Config.DeliverPolicy, c.CachedInfo().Config.OptStartSeq
	case !errors.Is(err, jetstream.ErrConsumerNotFound):
		return fail(err)
	case o.Start > 1:
		cfg.DeliverPolicy, cfg.OptStartSeq = jetstream.DeliverByStartSequencePolicy, o.Start
	}
	c, err := s.CreateOrUpdateConsumer(ctx, cfg)
	if err != nil {
		return fail(err)
	}
	it, err := c.Messages(jetstream.PullMaxMessages(o.Inflight), jetstream.PullExpiry(30*time.Second))
	if err != nil {
		return fail(err)
	}
	return newConsumer(stream, durable, s, it), nil
}

func newConsumer(stream, name string, s jetstream.Stream, it jetstream.MessagesContext) *Consumer {
	_, gen := generation(stream)
	k := &Consumer{name: name, gen: gen, stream: s, it: it, feed: make(chan jetstream.Msg), failed: make(chan error, 1), pending: map[uint64]jetstream.Msg{}}
	go k.pump()
	return k
}

func (k *Consumer) pump() {
	for {
		m, err := k.it.Next()
		if err != nil {
			if errors.Is(err, nats.ErrTimeout) || errors.Is(err, jetstream.ErrNoHeartbeat) {
				continue
			}
			if errors.Is(err, jetstream.ErrConsumerDeleted) || errors.Is(err, jetstream.ErrConsumerNotFound) {
				err = fmt.Errorf("%w: %s", ErrConsumerGone, k.name)
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
				err := <-k.failed
				k.failed <- err
				return nil, fmt.Errorf("read consumer: %w", err)
			}
			md, err := m.Metadata()
			if err != nil {
				return out, fmt.Errorf("read consumer: %w", err)
			}
			plain := offWire(k.gen, m.Subject())
			if hidden(plain) {
				_ = m.Ack() // it comes again and is acknowledged then
				continue
			}
			data, err := join(ctx, k.stream, partsOf(m.Headers(), md.Sequence.Stream), m.Data())
			if err != nil {
				return out, fmt.Errorf("read consumer: message %d: %w", md.Sequence.Stream, err)
			}
			k.mu.Lock()
			k.pending[md.Sequence.Stream] = m
			k.mu.Unlock()
			out = append(out, message(plain, m.Headers(), data, md.Sequence.Stream, md.Timestamp, int(md.NumDelivered)))
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
