package bench

import (
	"context"
	"path/filepath"
	"strconv"
	"sync/atomic"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"vigil.example/internal/ad"
	"vigil.example/internal/pipeline"
	"vigil.example/internal/stream"
)

// recordSize is that of an ad as it is stored, about.
const recordSize = 1600

// streams measures publishing, consuming and acknowledging alone: through our
// rooms with a step that does nothing, and on the client library directly.
func (b *Bench) streams(ctx context.Context) error {
	msgs := make([]ad.Message, b.Ads)
	for i := range msgs {
		data := make([]byte, recordSize)
		copy(data, strconv.Itoa(i))
		msgs[i] = ad.Message{Subject: "listing.bench", ID: "bench:" + strconv.Itoa(i), Data: data}
	}
	return b.compare(ctx, "streams", b.Ads,
		func(ctx context.Context, dir string) (*span, error) { return peerStreams(ctx, dir, msgs) },
		func(ctx context.Context, dir string) (*span, error) { return b.ourStreams(ctx, dir, msgs) },
	)
}

func peerStreams(ctx context.Context, dir string, msgs []ad.Message) (*span, error) {
	p, err := openBroker(ctx, dir, "LISTINGS", "listing.*")
	if err != nil {
		return nil, err
	}
	defer p.close()
	s := begin()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return p.publish(ctx, msgs) })
	g.Go(func() error {
		return p.consume(ctx, "LISTINGS", len(msgs), func(batch []jetstream.Msg) error { return batch[len(batch)-1].Ack() })
	})
	err = g.Wait()
	s.end()
	return s, err
}

func (b *Bench) ourStreams(ctx context.Context, dir string, msgs []ad.Message) (*span, error) {
	bus, err := stream.Open(ctx, stream.Config{Dir: filepath.Join(dir, "streams")})
	if err != nil {
		return nil, err
	}
	defer bus.Close()
	config := pipeline.Config{Batch: peerBatch}
	c, err := bus.Consumer(ctx, stream.Listings, "bench", stream.ConsumerOptions{Inflight: config.Inflight(), Wait: hold})
	if err != nil {
		return nil, err
	}
	defer c.Close()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var left atomic.Int64
	left.Store(int64(len(msgs)))
	source := counting{c, func(n int) {
		if left.Add(-int64(n)) == 0 {
			stop()
		}
	}}
	stage := &pipeline.Stage{
		Name: "bench", Stream: stream.Listings, From: source, To: bus, Dead: bus, Hold: hold, Config: config, Log: b.Log,
		Step: func(context.Context, ad.Message) ([]ad.Message, error) { return nil, nil },
	}
	s := begin()
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return bus.Publish(gctx, msgs) })
	g.Go(func() error { return stage.Run(gctx) })
	err = g.Wait()
	s.end()
	return s, err
}

// counting tells of what is acknowledged.
type counting struct {
	pipeline.Source
	told func(n int)
}

func (c counting) Ack(seqs ...uint64) error {
	err := c.Source.Ack(seqs...)
	c.told(len(seqs))
	return err
}
