package stream

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/nats-io/nats.go/jetstream"
)

// A Floor says how far a durable consumer has come: everything up to Seq that it
// reads is acknowledged.
type Floor struct {
	Stream   string   `json:"stream"`
	Consumer string   `json:"consumer"`
	Filter   []string `json:"filter,omitempty"` // as the server has it
	Seq      uint64   `json:"seq"`
}

// Floors lists the durable consumers of every stream that is declared, and of
// every generation, in order of streams and names.
func (b *Bus) Floors(ctx context.Context) ([]Floor, error) {
	have, err := b.have(ctx)
	if err != nil {
		return nil, err
	}
	var out []Floor
	for name := range have {
		if _, _, ok := declared(name); !ok {
			continue
		}
		s, err := b.js.Stream(ctx, name)
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			continue // dropped meanwhile
		}
		if err != nil {
			return nil, fmt.Errorf("list consumers of %s: %w", name, err)
		}
		list := s.ListConsumers(ctx)
		for c := range list.Info() {
			if c.Config.Durable == "" {
				continue
			}
			filter := c.Config.FilterSubjects
			if c.Config.FilterSubject != "" {
				filter = []string{c.Config.FilterSubject}
			}
			out = append(out, Floor{name, c.Config.Durable, filter, c.AckFloor.Stream})
		}
		if err := list.Err(); err != nil {
			return nil, fmt.Errorf("list consumers of %s: %w", name, err)
		}
	}
	slices.SortFunc(out, func(x, y Floor) int {
		return slices.Compare([]string{x.Stream, x.Consumer}, []string{y.Stream, y.Consumer})
	})
	return out, nil
}

// GoOn makes a durable consumer that goes on behind a floor. One that is there is
// left as it is.
func (b *Bus) GoOn(ctx context.Context, f Floor) error {
	cfg := jetstream.ConsumerConfig{
		Durable: f.Consumer, AckPolicy: jetstream.AckExplicitPolicy, MaxDeliver: -1, FilterSubjects: f.Filter, DeliverPolicy: jetstream.DeliverAllPolicy,
	}
	if f.Seq > 0 {
		cfg.DeliverPolicy, cfg.OptStartSeq = jetstream.DeliverByStartSequencePolicy, f.Seq+1
	}
	if _, err := b.js.CreateConsumer(ctx, f.Stream, cfg); err != nil && !errors.Is(err, jetstream.ErrConsumerExists) {
		return fmt.Errorf("make consumer %s of %s behind %d: %w", f.Consumer, f.Stream, f.Seq, err)
	}
	return nil
}

// Clear deletes every stream and bucket that is declared, and makes them anew,
// empty: what an unfinished restore left on a server.
func (b *Bus) Clear(ctx context.Context) error {
	have, err := b.have(ctx)
	if err != nil {
		return err
	}
	for name := range have {
		if _, _, ok := declared(name); !ok && !isBucket(name) {
			continue
		}
		if err := b.js.DeleteStream(ctx, name); err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
			return fmt.Errorf("delete stream %s: %w", name, err)
		}
	}
	return b.ensure(ctx)
}

func isBucket(stream string) bool {
	return slices.ContainsFunc(Buckets(), func(d BucketDeclaration) bool { return "KV_"+d.Name == stream })
}

// Look says what Drift does of streams that nobody has opened: Open sets much of it
// right, and makes a stream that is missing anew, empty. Missing are the
// streams that are not there while others are.
func Look(ctx context.Context, c Config) (drift, missing []string, err error) {
	if err := c.Validate(); err != nil {
		return nil, nil, err
	}
	b := &Bus{conf: c}
	b.connectedAgain(nil)
	defer b.Close()
	if err := b.dial(ctx); err != nil {
		return nil, nil, err
	}
	have, err := b.have(ctx)
	if err != nil || len(have) == 0 {
		return nil, nil, err
	}
	for _, d := range Table() {
		if _, ok := have[d.Name]; !ok {
			missing = append(missing, d.Name)
		}
	}
	drift, err = b.Drift(ctx)
	return drift, missing, err
}
