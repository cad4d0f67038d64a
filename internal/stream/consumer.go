package stream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"vigil.example/internal/ad"
)

// ConsumerOptions say what a durable consumer reads and how.
type ConsumerOptions struct {
	Filter   []string      // subjects; nil for all of the stream
	Inflight int           // messages that one process may have out at once
	Wait     time.Duration // one that is neither acknowledged nor extended within it comes again
	Start    uint64        // where to begin; only when the consumer is made anew
}

// sharers is how many processes may have all they are allowed of one consumer out
// at once; more of them get less each.
const sharers = 8

// A Consumer hands out the messages of a stream that are not yet acknowledged.
// Processes that open the same durable share its messages. It outlives lost
// connections. It is safe for one reader and any number of acknowledgers.
type Consumer struct {
	p *puller

	mu      sync.Mutex
	pending map[uint64]string // where to acknowledge what was handed out
}

// Answers to a delivery.
var (
	ack        = []byte("+ACK")
	inProgress = []byte("+WPI")
)

// Consumer opens the durable consumer of a stream, making it if need be.
func (b *Bus) Consumer(ctx context.Context, stream, durable string, o ConsumerOptions) (*Consumer, error) {
	fail := func(err error) (*Consumer, error) {
		return nil, fmt.Errorf("open consumer %s of %s: %w", durable, stream, err)
	}
	cfg := jetstream.ConsumerConfig{
		Durable: durable, AckPolicy: jetstream.AckExplicitPolicy, AckWait: o.Wait, MaxAckPending: sharers * o.Inflight,
		MaxDeliver: -1, FilterSubjects: filters(stream, o.Filter), DeliverPolicy: jetstream.DeliverAllPolicy,
	}
	// Where a consumer begins cannot be changed: one that is there keeps it.
	switch c, err := b.js.Consumer(ctx, stream, durable); {
	case err == nil:
		cfg.DeliverPolicy, cfg.OptStartSeq = c.CachedInfo().Config.DeliverPolicy, c.CachedInfo().Config.OptStartSeq
	case !errors.Is(err, jetstream.ErrConsumerNotFound):
		return fail(err)
	case o.Start > 1:
		cfg.DeliverPolicy, cfg.OptStartSeq = jetstream.DeliverByStartSequencePolicy, o.Start
	}
	if _, err := b.js.CreateOrUpdateConsumer(ctx, stream, cfg); err != nil {
		return fail(err)
	}
	k := &Consumer{pending: map[uint64]string{}}
	// Half is read ahead, half is in the reader's hands.
	p, err := b.pull(stream, durable, o.Inflight/2, false, o.Wait, k.extend)
	if err != nil {
		return fail(err)
	}
	k.p = p
	return k, nil
}

// DropConsumer deletes a durable consumer; who reads with it gets ErrConsumerGone.
// One that is not there is no error, nor is a stream.
func (b *Bus) DropConsumer(ctx context.Context, stream, durable string) error {
	err := b.js.DeleteConsumer(ctx, stream, durable)
	if err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) && !errors.Is(err, jetstream.ErrStreamNotFound) {
		return fmt.Errorf("drop consumer %s of %s: %w", durable, stream, err)
	}
	return nil
}

// Fetch waits for a message and returns it with what else arrives at once, at
// most max. It returns ErrConsumerGone when somebody deletes the consumer, and
// keeps waiting through everything that passes.
func (k *Consumer) Fetch(ctx context.Context, max int) ([]ad.Message, error) {
	for {
		ds, err := k.p.batch(ctx, max)
		if err != nil {
			return nil, err
		}
		out := make([]ad.Message, 0, len(ds))
		k.mu.Lock()
		for _, d := range ds {
			k.pending[d.seq] = d.msg.Reply
		}
		k.mu.Unlock()
		for _, d := range ds {
			m, ok, err := k.p.message(ctx, d)
			if err != nil {
				return out, err // the rest comes again
			}
			if ok {
				out = append(out, m)
			} else if err := k.Ack(d.seq); err != nil {
				return out, err
			}
		}
		if err := k.p.wasStopped(); err != nil {
			return nil, err
		}
		if len(out) > 0 {
			return out, nil
		}
	}
}

func (k *Consumer) answer(seq uint64, body []byte) error {
	k.mu.Lock()
	reply, ok := k.pending[seq]
	delete(k.pending, seq)
	k.mu.Unlock()
	if !ok {
		return nil
	}
	return k.p.bus.nc.Publish(reply, body)
}

// Ack says that the messages' effects are durable.
func (k *Consumer) Ack(seqs ...uint64) error {
	for _, s := range seqs {
		if err := k.answer(s, ack); err != nil {
			return fmt.Errorf("acknowledge %d: %w", s, err)
		}
	}
	return nil
}

// Nak asks for the message again after the delay.
func (k *Consumer) Nak(seq uint64, delay time.Duration) error {
	if err := k.answer(seq, fmt.Appendf(nil, `-NAK {"delay":%d}`, delay)); err != nil {
		return fmt.Errorf("give back %d: %w", seq, err)
	}
	return nil
}

// Extend says that the messages are still being worked on.
func (k *Consumer) Extend(seqs ...uint64) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.p.bus.nc.IsConnected() {
		return fmt.Errorf("extend %d messages: %w", len(seqs), nats.ErrDisconnected)
	}
	for _, s := range seqs {
		if reply, ok := k.pending[s]; ok {
			if err := k.p.bus.nc.Publish(reply, inProgress); err != nil {
				return fmt.Errorf("extend %d: %w", s, err)
			}
		}
	}
	return nil
}

// extend holds what is read ahead.
func (k *Consumer) extend(queued []delivery) {
	for _, d := range queued {
		_ = d.msg.Respond(inProgress) // if it is lost the message comes twice
	}
}

// Close stops reading. What was not handed out is given back at once, what is
// not acknowledged comes again.
func (k *Consumer) Close() {
	for _, d := range k.p.close() {
		_ = d.msg.Respond([]byte("-NAK")) // if it is lost the message comes again later
	}
}
