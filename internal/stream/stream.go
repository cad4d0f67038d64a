// Package stream is JetStream, embedded or remote: the system of record. It
// declares every stream in one table, publishes with message ids and, where many
// messages come at once, in atomic batches, so that one flush to disk makes a
// thousand of them durable; it reads them back through acknowledged consumers,
// from a position, or by sequence. A publish has returned only when its messages
// are flushed to disk (sync always).
//
// It is the only room that imports NATS. It knows subjects and bytes, never what
// a record means.
package stream

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"vigil.example/internal/ad"
)

// Config says where the streams live.
type Config struct {
	Dir string `yaml:"dir"` // folder of the embedded server; ignored with URL
	URL string `yaml:"url"` // an external server or cluster, "nats://host:4222"
}

// Validate reports what is wrong with the configuration.
func (c Config) Validate() error {
	if c.Dir == "" && c.URL == "" {
		return errors.New("streams need a folder or the URL of a NATS server")
	}
	return nil
}

// maxPayload bounds one message: a capture of a 10 MiB page with its request.
const maxPayload = 16 << 20

// ErrConflict says that another writer appended to the subject first. It is the
// noun's own error, so that the rooms that write decisions know it without
// knowing this one.
var ErrConflict = ad.ErrConflict

// A Bus is an open connection to the streams.
type Bus struct {
	srv *server.Server // nil with an external server
	nc  *nats.Conn
	js  jetstream.JetStream
}

// Open starts the embedded server, or connects to the external one, and makes
// sure that every stream of the table exists. The embedded server listens on no
// socket.
func Open(ctx context.Context, c Config) (*Bus, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	b := &Bus{}
	opts := []nats.Option{nats.Name("vigil"), nats.MaxReconnects(-1)}
	url := c.URL
	if url == "" {
		srv, err := embedded(c.Dir)
		if err != nil {
			return nil, err
		}
		b.srv = srv
		opts = append(opts, nats.InProcessServer(srv))
	}
	nc, err := nats.Connect(url, opts...)
	if err != nil {
		b.Close()
		return nil, fmt.Errorf("connect to streams: %w", err)
	}
	b.nc = nc
	if b.js, err = jetstream.New(nc, jetstream.WithPublishAsyncMaxPending(4096), jetstream.WithPublishAsyncTimeout(30*time.Second)); err != nil {
		b.Close()
		return nil, fmt.Errorf("connect to streams: %w", err)
	}
	if err := b.ensure(ctx); err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

func embedded(dir string) (*server.Server, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make stream folder: %w", err)
	}
	srv, err := server.NewServer(&server.Options{
		ServerName: "vigil", DontListen: true, JetStream: true, StoreDir: dir, SyncAlways: true,
		MaxPayload: maxPayload, MaxPending: 256 << 20, NoLog: true, NoSigs: true,
		JetStreamMaxMemory: 64 << 20, JetStreamMaxStore: 1 << 50,
	})
	if err != nil {
		return nil, fmt.Errorf("start embedded streams in %s: %w", dir, err)
	}
	srv.Start()
	if !srv.ReadyForConnections(60 * time.Second) {
		srv.Shutdown()
		return nil, fmt.Errorf("start embedded streams in %s: not ready after 60 s; the folder may be damaged or its disk full", dir)
	}
	if !srv.JetStreamEnabled() {
		srv.Shutdown()
		return nil, fmt.Errorf("start embedded streams in %s: storage could not be opened; check the folder's rights and free space", dir)
	}
	return srv, nil
}

func (b *Bus) ensure(ctx context.Context) error {
	for _, d := range Table() {
		cfg := jetstream.StreamConfig{
			Name: d.Name, Description: d.About, Subjects: d.Subjects, Retention: jetstream.LimitsPolicy,
			Storage: jetstream.FileStorage, Discard: jetstream.DiscardNew, MaxAge: d.MaxAge,
			Duplicates: d.Window, AllowAtomicPublish: true, AllowDirect: true,
			DenyDelete: d.Sealed, DenyPurge: d.Sealed,
		}
		if _, err := b.js.CreateOrUpdateStream(ctx, cfg); err != nil {
			return fmt.Errorf("declare stream %s: %w", d.Name, err)
		}
	}
	return nil
}

// Close ends the connection and stops the embedded server.
func (b *Bus) Close() {
	if b.nc != nil {
		b.nc.Close()
	}
	if b.srv != nil {
		b.srv.Shutdown()
		b.srv.WaitForShutdown()
	}
}

// Info is the size of a stream.
type Info struct {
	Messages uint64
	Bytes    uint64
	First    uint64
	Last     uint64
	Subjects map[string]uint64 // messages per subject
}

// Info reports the size of a stream and how many messages each subject holds.
func (b *Bus) Info(ctx context.Context, name string) (Info, error) {
	s, err := b.js.Stream(ctx, name)
	if err != nil {
		return Info{}, fmt.Errorf("read stream %s: %w", name, err)
	}
	i, err := s.Info(ctx, jetstream.WithSubjectFilter(">"))
	if err != nil {
		return Info{}, fmt.Errorf("read stream %s: %w", name, err)
	}
	return Info{i.State.Msgs, i.State.Bytes, i.State.FirstSeq, i.State.LastSeq, i.State.Subjects}, nil
}

// Waiting reports how many messages of a stream a durable consumer has not yet
// acknowledged: those not delivered and those under way. It returns
// ad.ErrNotFound when the consumer was never opened.
func (b *Bus) Waiting(ctx context.Context, stream, durable string) (uint64, error) {
	c, err := b.js.Consumer(ctx, stream, durable)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return 0, fmt.Errorf("read consumer %s of %s: %w", durable, stream, ad.ErrNotFound)
	}
	if err != nil {
		return 0, fmt.Errorf("read consumer %s of %s: %w", durable, stream, err)
	}
	i, err := c.Info(ctx)
	if err != nil {
		return 0, fmt.Errorf("read consumer %s of %s: %w", durable, stream, err)
	}
	return i.NumPending + uint64(i.NumAckPending), nil
}
