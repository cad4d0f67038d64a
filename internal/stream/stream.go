// Package stream is JetStream, embedded or remote: the system of record. It
// declares every stream in one table, publishes with message ids and, where many
// messages come at once, in atomic batches, so that one flush to disk makes a
// thousand of them durable; it reads them back through acknowledged consumers,
// from a position, or by sequence. A publish has returned only when its messages
// are flushed to disk (sync always), or a quorum of a cluster has them.
//
// It is the only room that imports NATS. It knows subjects and bytes, never what
// a record means.
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

// A Bus is an open connection to the streams.
type Bus struct {
	srv   *inner // nil when the server is another process
	nc    *nats.Conn
	js    jetstream.JetStream
	conf  Config
	space *space // nil when the disk is not seen from here

	unwatch func() // ends what watches the space, and waits for it

	wipe sync.Mutex // one erasure at a time, see wiping

	mu   sync.Mutex
	line context.Context // ends when the connection is lost
	cut  context.CancelCauseFunc

	buckets map[string]jetstream.KeyValue
	held    sync.Map // name of a lease to the *Lease that this process holds
}

// Open starts the embedded server, or connects to the external one, and makes
// sure that every stream of the table exists. It waits for an external server
// until its storage answers, half a minute at most; once open the connection is
// kept up for ever, and what is done while it is down returns an error.
func Open(ctx context.Context, c Config) (*Bus, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	b := &Bus{conf: c}
	b.connectedAgain(nil)
	if err := b.open(ctx); err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

func (b *Bus) open(ctx context.Context) error {
	if err := b.dial(ctx); err != nil {
		return err
	}
	err := b.ensure(ctx)
	if code(err) == codeNotClustered {
		err = fmt.Errorf("--nats-replicas %d needs a cluster of as many servers, and %s is a single one: name the cluster with --nats, or leave --nats-replicas out: %w", b.conf.Replicas, withoutSecrets(b.conf.URL), err)
	}
	if err != nil {
		return err
	}
	return b.ensureBuckets(ctx)
}

// dial reaches the server and changes nothing there.
func (b *Bus) dial(ctx context.Context) error {
	var err error
	// Without a connection nothing is kept to be sent later: by then it may be
	// somebody else's.
	opts := []nats.Option{nats.Name("vigil"), nats.MaxReconnects(-1), nats.ReconnectBufSize(-1), nats.IgnoreAuthErrorAbort(),
		nats.DisconnectErrHandler(b.disconnected), nats.ReconnectHandler(b.connectedAgain)}
	if b.conf.URL == "" {
		if b.srv, err = startInner(b.conf); err != nil {
			return err
		}
		opts = append(opts, nats.InProcessServer(b.srv))
		if b.conf.Token != "" {
			opts = append(opts, nats.Token(b.conf.Token))
		}
		b.space = newSpace(b.conf.Dir, b.conf.Reserve)
		b.watchSpace()
	} else {
		opts = append(opts, b.conf.options()...)
		if b.conf.Dir != "" && b.conf.Reserve > 0 {
			b.space = newSpace(b.conf.Dir, b.conf.Reserve)
		}
	}
	if b.nc, err = connect(ctx, b.conf, opts); err != nil {
		return err
	}
	if b.js, err = jetstream.New(b.nc, jetstream.WithPublishAsyncMaxPending(4096), jetstream.WithPublishAsyncTimeout(answerWithin)); err != nil {
		return fmt.Errorf("connect to streams: %w", err)
	}
	return nil
}

func (b *Bus) disconnected(*nats.Conn, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cut(nats.ErrDisconnected)
}

func (b *Bus) connectedAgain(*nats.Conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.line == nil || b.line.Err() != nil {
		b.line, b.cut = context.WithCancelCause(context.Background())
	}
}

// answered returns a context for waiting for an answer: it ends when the
// connection is lost, for the answer is lost with it, and it always ends.
func (b *Bus) answered(ctx context.Context) (context.Context, context.CancelFunc) {
	b.mu.Lock()
	line := b.line
	b.mu.Unlock()
	limited, cancel := context.WithTimeout(ctx, answerWithin)
	waiting, end := context.WithCancelCause(limited)
	stop := context.AfterFunc(line, func() { end(nats.ErrDisconnected) })
	return waiting, func() { stop(); end(nil); cancel() }
}

// cause says why a wait for an answer ended.
func cause(ctx context.Context, err error) error {
	if err != nil && errors.Is(context.Cause(ctx), nats.ErrDisconnected) {
		return fmt.Errorf("%w while waiting for the answer", nats.ErrDisconnected)
	}
	return err
}

// answerWithin bounds how long a publish or a request waits for its answer when
// the caller sets no limit: a cluster that lost its quorum gives none.
const answerWithin = 30 * time.Second

// Close ends the connection and stops the embedded server.
func (b *Bus) Close() {
	if b.nc != nil {
		b.nc.Close()
	}
	if b.unwatch != nil {
		b.unwatch()
	}
	if b.srv != nil {
		b.srv.stop()
	}
}

// Connected reports whether the server can be reached at this moment.
func (b *Bus) Connected() bool { return b.nc.IsConnected() }

// Answers returns ErrAway when the server cannot be reached at this moment, or
// gives no answer within a limit: a cluster without its quorum gives none.
func (b *Bus) Answers(ctx context.Context, within time.Duration) error {
	if err := b.connected(); err != nil {
		return err
	}
	near, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	if _, err := b.js.Stream(near, Audit); err != nil {
		return fmt.Errorf("ask the streams: %w", absent(err))
	}
	return ctx.Err()
}

// Info is the size of a stream.
type Info struct {
	Messages uint64
	Bytes    uint64
	First    uint64
	Last     uint64
	Now      time.Time         // by the server's clock, which the times of messages go by
	Subjects map[string]uint64 // messages per subject; without fences and parts
}

// Info reports the size of a stream and how many messages each subject holds.
func (b *Bus) Info(ctx context.Context, name string) (Info, error) {
	if err := b.connected(); err != nil {
		return Info{}, fmt.Errorf("read stream %s: %w", name, err)
	}
	s, err := b.js.Stream(ctx, name)
	if err != nil {
		return Info{}, fmt.Errorf("read stream %s: %w", name, absent(err))
	}
	i, err := s.Info(ctx, jetstream.WithSubjectFilter(">"))
	if err != nil {
		return Info{}, fmt.Errorf("read stream %s: %w", name, absent(err))
	}
	_, gen := generation(name)
	subjects := make(map[string]uint64, len(i.State.Subjects))
	for s, n := range i.State.Subjects {
		if plain := offWire(gen, s); !hidden(plain) {
			subjects[plain] = n
		}
	}
	return Info{i.State.Msgs, i.State.Bytes, i.State.FirstSeq, i.State.LastSeq, i.TimeStamp.UTC(), subjects}, nil
}

// Waiting reports how many messages of a stream a durable consumer has not yet
// acknowledged: those not delivered and those under way. It returns
// ad.ErrNotFound when the consumer was never opened.
func (b *Bus) Waiting(ctx context.Context, stream, durable string) (uint64, error) {
	i, err := b.consumerInfo(ctx, stream, durable)
	if err != nil {
		return 0, err
	}
	return i.NumPending + uint64(i.NumAckPending), nil
}

// AckFloor returns the sequence up to which a durable consumer has acknowledged
// everything that it reads. It returns ad.ErrNotFound when the consumer was never
// opened.
func (b *Bus) AckFloor(ctx context.Context, stream, durable string) (uint64, error) {
	i, err := b.consumerInfo(ctx, stream, durable)
	if err != nil {
		return 0, err
	}
	return i.AckFloor.Stream, nil
}

func (b *Bus) consumerInfo(ctx context.Context, stream, durable string) (*jetstream.ConsumerInfo, error) {
	if err := b.connected(); err != nil {
		return nil, fmt.Errorf("read consumer %s of %s: %w", durable, stream, err)
	}
	c, err := b.js.Consumer(ctx, stream, durable)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return nil, fmt.Errorf("read consumer %s of %s: %w", durable, stream, ad.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("read consumer %s of %s: %w", durable, stream, absent(err))
	}
	return c.CachedInfo(), nil
}
