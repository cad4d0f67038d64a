package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"
	"golang.org/x/sync/errgroup"

	"vigil.example/internal/ad"
	"vigil.example/internal/alert"
	"vigil.example/internal/capture"
	"vigil.example/internal/enrich"
	"vigil.example/internal/extract"
	"vigil.example/internal/link"
	"vigil.example/internal/search"
	"vigil.example/internal/search/elastic"
	"vigil.example/internal/search/sqlite"
)

// The peer is what somebody would write by hand who wants one program on one
// machine to go through captures as fast as it can, durably: one stream, one
// consumer, every step called inline, one transaction a batch. It has no stages,
// no dead letters, no replay and no second process, and it must stay as fast as
// we can make it: our own figures are told as a share of it.

const peerBatch = 1000

// hold is how long messages may be worked on before they come again.
const hold = time.Minute

// A broker is an embedded server with one stream, spoken to with nats.go alone.
type broker struct {
	srv *server.Server
	nc  *nats.Conn
	js  jetstream.JetStream
}

func openBroker(ctx context.Context, dir, stream, subjects string) (*broker, error) {
	srv, err := server.NewServer(&server.Options{
		ServerName: "peer", DontListen: true, JetStream: true, StoreDir: dir, SyncAlways: true,
		MaxPayload: 16 << 20, MaxPending: 256 << 20, NoLog: true, NoSigs: true,
		JetStreamMaxMemory: 64 << 20, JetStreamMaxStore: 1 << 50,
	})
	if err != nil {
		return nil, fmt.Errorf("start the peer's streams: %w", err)
	}
	srv.Start()
	b := &broker{srv: srv}
	if !srv.ReadyForConnections(60 * time.Second) {
		b.close()
		return nil, errors.New("start the peer's streams: not ready after 60 s")
	}
	if b.nc, err = nats.Connect("", nats.InProcessServer(srv)); err == nil {
		b.js, err = jetstream.New(b.nc)
	}
	if err == nil {
		_, err = b.js.CreateStream(ctx, jetstream.StreamConfig{
			Name: stream, Subjects: []string{subjects}, Storage: jetstream.FileStorage, AllowAtomicPublish: true, Duplicates: 10 * time.Minute,
		})
	}
	if err != nil {
		b.close()
		return nil, fmt.Errorf("start the peer's streams: %w", err)
	}
	return b, nil
}

func (b *broker) close() {
	if b.nc != nil {
		b.nc.Close()
	}
	b.srv.Shutdown()
	b.srv.WaitForShutdown()
}

// publish stores messages in atomic batches of a thousand.
func (b *broker) publish(ctx context.Context, msgs []ad.Message) error {
	for len(msgs) > 0 {
		n := min(len(msgs), peerBatch)
		id := nuid.Next()
		for i, m := range msgs[:n] {
			w := &nats.Msg{Subject: m.Subject, Data: m.Data, Header: nats.Header{
				nats.MsgIdHdr: {m.ID}, "Nats-Batch-Id": {id}, "Nats-Batch-Sequence": {strconv.Itoa(i + 1)},
			}}
			if i < n-1 {
				if err := b.nc.PublishMsg(w); err != nil {
					return fmt.Errorf("publish: %w", err)
				}
				continue
			}
			w.Header["Nats-Batch-Commit"] = []string{"1"}
			answer, err := b.nc.RequestMsgWithContext(ctx, w)
			if err != nil {
				return fmt.Errorf("publish: %w", err)
			}
			var ack struct {
				Error *jetstream.APIError `json:"error"`
				Count int                 `json:"count"`
			}
			if err := json.Unmarshal(answer.Data, &ack); err != nil || ack.Error != nil || ack.Count != n {
				return fmt.Errorf("publish: the batch was not stored: %s", answer.Data)
			}
		}
		msgs = msgs[n:]
	}
	return nil
}

// consume hands out total messages in batches of at most a thousand.
func (b *broker) consume(ctx context.Context, stream string, total int, f func([]jetstream.Msg) error) error {
	c, err := b.js.CreateConsumer(ctx, stream, jetstream.ConsumerConfig{
		Durable: "peer", AckPolicy: jetstream.AckAllPolicy, AckWait: time.Minute, MaxAckPending: 8 * peerBatch,
	})
	if err != nil {
		return fmt.Errorf("consume: %w", err)
	}
	it, err := c.Messages(jetstream.PullMaxMessages(2 * peerBatch))
	if err != nil {
		return fmt.Errorf("consume: %w", err)
	}
	defer it.Stop()
	for got := 0; got < total; {
		n := min(peerBatch, total-got)
		batch := make([]jetstream.Msg, n)
		for i := range batch {
			if batch[i], err = it.Next(jetstream.NextContext(ctx)); err != nil {
				return fmt.Errorf("consume: %w", err)
			}
		}
		got += n
		if err := f(batch); err != nil {
			return err
		}
	}
	return nil
}

// A peerWalk is the hand-made loop.
type peerWalk struct {
	broker  *broker
	index   search.Index
	extract *extract.Extractor
	chain   *enrich.Chain
	linker  *link.Linker
	tempo   link.Tempo
	solved  int // ads of all rounds of linking
	raiser  *alert.Raiser
	clear   func() error // takes away an index that is not in the folder
}

// noSubscriptions is a town where nobody watches anything.
type noSubscriptions struct{}

func (noSubscriptions) Subscribed(ad.Value) []ad.Subscription { return nil }

func (p peerSteps) open(ctx context.Context, dir string) (*peerWalk, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open the peer's folder: %w", err)
	}
	b, err := openBroker(ctx, filepath.Join(dir, "streams"), "CAPTURES", "capture.>")
	if err != nil {
		return nil, err
	}
	w := &peerWalk{
		broker: b, extract: extract.New(p.sites), chain: p.chain, linker: link.New(link.Config{}),
		raiser: alert.NewRaiser(noSubscriptions{}, func(string) bool { return false }, nil), clear: func() error { return nil },
	}
	if len(p.index.URLs) == 0 {
		w.index, err = sqlite.Open(ctx, filepath.Join(dir, "index.db"), sqlite.Options{})
	} else {
		name := "vigil-bench-" + strings.ToLower(nuid.Next())
		w.index, err = elastic.Open(ctx, elastic.Options{Server: p.index, Name: name})
		w.clear = func() error { return elastic.Remove(context.WithoutCancel(ctx), p.index, name) }
	}
	if err != nil {
		b.close()
		return nil, err
	}
	return w, nil
}

func (w *peerWalk) close() error {
	w.broker.close()
	return errors.Join(w.index.Close(), w.clear())
}

// A batch is what came at once, and what the steps made of it.
type batch struct {
	msgs []jetstream.Msg
	ads  [][]ad.Ad // of each message
}

// run publishes the captures and takes them through every step. Reading pages
// runs on all processors; linking and the index, which keep an order, run beside
// it, a batch behind.
func (w *peerWalk) run(ctx context.Context, captures *tape) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		return captures.play(func(msgs []ad.Message) error { return w.broker.publish(ctx, msgs) })
	})
	read := make(chan batch, 1)
	g.Go(func() error {
		defer close(read)
		return w.broker.consume(ctx, "CAPTURES", len(captures.heads), func(msgs []jetstream.Msg) error {
			b, err := w.steps(ctx, msgs)
			if err != nil {
				return err
			}
			select {
			case read <- b:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	})
	g.Go(func() error {
		for b := range read {
			if err := w.store(ctx, b); err != nil {
				return err
			}
		}
		return nil
	})
	return g.Wait()
}

func (w *peerWalk) steps(ctx context.Context, msgs []jetstream.Msg) (batch, error) {
	b := batch{msgs: msgs, ads: make([][]ad.Ad, len(msgs))}
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make(chan error, runtime.GOMAXPROCS(0))
	for range cap(errs) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(msgs); i = int(next.Add(1)) - 1 {
				var err error
				if b.ads[i], err = w.read(ctx, msgs[i].Data()); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	select {
	case err := <-errs:
		return b, err
	default:
		return b, nil
	}
}

// read makes ads of one capture.
func (w *peerWalk) read(ctx context.Context, records []byte) ([]ad.Ad, error) {
	p, err := capture.Open(records)
	if err != nil {
		return nil, err
	}
	res, err := w.extract.Extract(p.Capture, extract.Page{
		Status: p.Status, ContentType: p.Header.Get("Content-Type"), Body: p.Body, Redirect: p.Header.Get("Location"),
	})
	if err != nil {
		return nil, err
	}
	ads := make([]ad.Ad, len(res.Listings))
	for i, l := range res.Listings {
		l.Via = p.Capture.Via // else the ad is not one of those that are counted
		if ads[i], err = w.chain.Enrich(ctx, l); err != nil {
			return nil, err
		}
	}
	return ads, nil
}

// store links, matches and indexes a batch in one transaction, then acknowledges.
func (w *peerWalk) store(ctx context.Context, b batch) error {
	last := b.msgs[len(b.msgs)-1]
	md, err := last.Metadata()
	if err != nil {
		return fmt.Errorf("consume: %w", err)
	}
	first := md.Sequence.Stream - uint64(len(b.msgs)) + 1
	var changes []search.Change
	var linked ad.LinkChange
	for i := range b.ads {
		for j := range b.ads[i] {
			x, seq := &b.ads[i][j], first+uint64(i)
			x.CaptureSeq = seq
			changes = append(changes, search.Change{Seq: seq, Version: x})
			c := w.linker.Add(x)
			linked.Moves, linked.Hubs = append(linked.Moves, c.Moves...), append(linked.Hubs, c.Hubs...)
			w.raiser.Raise(*x)
		}
	}
	c := w.rounds()
	linked.Moves, linked.Hubs = append(linked.Moves, c.Moves...), append(linked.Hubs, c.Hubs...)
	linked.Moves = lastMoves(linked.Moves)
	changes = append(changes, search.Change{Seq: md.Sequence.Stream, Link: &linked})
	if err := w.index.Apply(ctx, "captures", md.Sequence.Stream, changes); err != nil {
		return err
	}
	return last.Ack()
}

// rounds finds who is behind all ads, when the program's linker would while ads keep
// coming.
func (w *peerWalk) rounds() (c ad.LinkChange) {
	began := time.Now()
	if !w.tempo.Due(began, began, w.linker.Changed(), w.linker.Len()) {
		return c
	}
	c = w.linker.Solve(began)
	w.tempo = link.Tempo{Took: time.Since(began), Ended: time.Now(), Ads: w.linker.Len()}
	w.solved += w.tempo.Ads
	return c
}

// lastMoves leaves the last move of each ad: only that counts at the end of a batch.
func lastMoves(all []ad.Move) []ad.Move {
	last := make(map[string]int, len(all))
	for i, m := range all {
		last[m.AdID] = i
	}
	out := all[:0]
	for i, m := range all {
		if last[m.AdID] == i {
			out = append(out, m)
		}
	}
	return out
}
