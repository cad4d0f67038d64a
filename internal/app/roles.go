package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"vigil.example/internal/ad"
	"vigil.example/internal/capture"
	"vigil.example/internal/crawl"
	"vigil.example/internal/desk"
	"vigil.example/internal/link"
	"vigil.example/internal/pipeline"
	"vigil.example/internal/search"
	"vigil.example/internal/site"
	"vigil.example/internal/stream"
)

// A role is one part of the program that runs by itself.
type role struct {
	name   string
	wanted func(*App) bool // nil: always
	run    func(*App, context.Context) error
}

// roles is the table of them, in the order of the walk.
func roles() []role {
	crawling := func(a *App) bool { return a.cfg.Crawl }
	return []role{
		{"frontier", crawling, (*App).runFrontier},
		{"crawl", crawling, (*App).runCrawl},
		{"extract", nil, (*App).runExtract},
		{"enrich", nil, (*App).runEnrich},
		{"link", nil, (*App).runLink},
		{"index", nil, (*App).runIndex},
		{"alert", nil, (*App).runAlert},
		{"archive", nil, (*App).runArchive},
	}
}

// queue is the crawl's queue over the frontier stream.
type queue struct{ bus *stream.Bus }

func (q queue) Enqueue(ctx context.Context, entries []crawl.Entry) error {
	msgs := make([]ad.Message, len(entries))
	for i, e := range entries {
		msgs[i] = ad.Message{Subject: "frontier." + ad.Slug(e.Site), ID: e.ID(), Data: encode(e)}
	}
	return q.bus.Publish(ctx, msgs)
}

// A stageSpec says what a stage reads and where its outputs go.
type stageSpec struct {
	name   string // of the stage and of its durable consumer
	from   string
	filter []string
	to     string   // stream of its outputs; "" when there are none to look for
	wrote  []string // subjects of its outputs; nil for all of that stream
	step   pipeline.Step
	config pipeline.Config
}

func (a *App) stage(ctx context.Context, s stageSpec) error {
	var done func(uint64) bool
	if s.to != "" {
		var err error
		if done, err = a.written(ctx, s); err != nil {
			return err
		}
	}
	c, err := a.bus.Consumer(ctx, s.from, s.name, s.filter, s.config.Inflight(), time.Minute)
	if err != nil {
		return err
	}
	defer c.Close()
	st := &pipeline.Stage{Name: s.name, Step: s.step, From: c, To: a.bus, Dead: a.bus, Done: done, Config: s.config, Log: a.log}
	return st.Run(ctx)
}

// written looks at the newest outputs in a stream and tells from which messages
// they were made, so that what was published just before a crash is not made
// again. It goes back as far as messages can have been under way, also when other
// stages write to the same stream.
func (a *App) written(ctx context.Context, s stageSpec) (func(uint64) bool, error) {
	info, err := a.bus.Info(ctx, s.to)
	if err != nil {
		return nil, err
	}
	back := uint64(s.config.Inflight()) * 8
	if s.wrote != nil {
		back *= uint64(max(1, len(a.cfg.Sites.All())))
	}
	from := uint64(1)
	if info.Last > back {
		from = info.Last - back
	}
	made := map[uint64]bool{}
	_, err = a.bus.Replay(ctx, s.to, from, s.wrote, func(m ad.Message) error {
		if n, err := strconv.ParseUint(m.Header[pipeline.SourceHeader], 10, 64); err == nil {
			made[n] = true
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return func(seq uint64) bool { return made[seq] }, nil
}

func (a *App) runExtract(ctx context.Context) error {
	return a.stage(ctx, stageSpec{
		name: "extract", from: stream.Captures, filter: []string{"capture.crawl.*", "capture.import.*"}, to: stream.Listings,
		step: extractStep(a.extract), config: a.stageConfig("extract"),
	})
}

func (a *App) runEnrich(ctx context.Context) error {
	return a.stage(ctx, stageSpec{
		name: "enrich", from: stream.Listings, filter: []string{"listing.*"}, to: stream.Ads,
		step: enrichStep(a.chain), config: a.stageConfig("enrich"),
	})
}

func (a *App) runFrontier(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		return a.stage(ctx, stageSpec{
			name: "frontier", from: stream.Listings, filter: []string{"outcome.*.*"},
			step: frontierStep(a.frontier), config: a.stageConfig("frontier"),
		})
	})
	g.Go(func() error { return a.plan(ctx) })
	return g.Wait()
}

// plan queues the seeds whenever their next visit is due.
func (a *App) plan(ctx context.Context) error {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		if _, err := a.frontier.Start(ctx); err != nil && ctx.Err() == nil {
			a.log.Warn("planning visits, will be tried again", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

// runCrawl fetches, one consumer a site, so that a slow site holds up no other.
func (a *App) runCrawl(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, d := range a.cfg.Sites.All() {
		g.Go(func() error {
			name := ad.Slug(d.Name)
			return a.stage(ctx, stageSpec{
				name: crawler(name), from: stream.Frontier, filter: []string{"frontier." + name},
				to: stream.Captures, wrote: []string{"capture.crawl." + name, "refusal." + name + ".*"},
				step: crawlStep(a.fetcher), config: a.crawlConfig(d),
			})
		})
	}
	return g.Wait()
}

// crawler is the name of the stage that crawls a site.
func crawler(site string) string { return "crawl-" + ad.Slug(site) }

func (a *App) crawlConfig(d *site.Definition) pipeline.Config {
	c := a.stageConfig("crawl")
	c.Workers = d.Polite.Parallel
	c.Batch = d.Polite.Parallel // a batch is stored when its last page has come: keep it short
	if d.Polite.Delay < 100*time.Millisecond {
		c.Batch = 16 * d.Polite.Parallel
	}
	return c
}

func (a *App) runAlert(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		return a.stage(ctx, stageSpec{name: "alert", from: stream.Ads, step: alertStep(a.raiser), config: a.stageConfig("alert")})
	})
	g.Go(func() error {
		var at uint64
		f := pipeline.Follower[ad.Message]{
			Name: "inbox", Dead: a.bus, Batch: 256, Log: a.log,
			Position: func(context.Context) (uint64, error) { return at, nil },
			Tail: func(ctx context.Context, from uint64, n int, f func([]ad.Message) error) error {
				return a.bus.Tail(ctx, stream.Alerts, from, nil, n, f)
			},
			Decode: func(m ad.Message) (ad.Message, error) { _, err := decode[ad.Alert](m); return m, err },
			Apply: func(_ context.Context, upTo uint64, ms []ad.Message) error {
				for _, m := range ms {
					if err := a.inbox.Apply(m.Seq, m.Data); err != nil {
						return err
					}
				}
				at = upTo
				return nil
			},
		}
		return f.Run(ctx)
	})
	g.Go(func() error { return a.tellLate(ctx) })
	return g.Wait()
}

// tellLate looks, some seconds after a subscription was made and once at the
// start for all, whether an ad slipped through between the index that was asked
// what is known and the matching that did not know the subscription yet.
func (a *App) tellLate(ctx context.Context) error {
	for _, s := range a.docket.Active() {
		a.check(ctx, s)
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case s := <-a.late:
			for _, pause := range []time.Duration{0, 5 * time.Second} {
				select {
				case <-ctx.Done():
					return nil
				case <-time.After(pause):
				}
				a.check(ctx, s)
			}
		}
	}
}

// check raises what a subscription has not been told: ads that carry its value
// and were not known when it was made. What was told is not told again.
func (a *App) check(ctx context.Context, s ad.Subscription) {
	ids, err := a.index.ByValue(ctx, s.Value, desk.MaxKnown)
	if err != nil {
		a.log.Warn("checking a subscription", "id", s.ID, "err", err)
		return
	}
	known := make(map[string]bool, len(s.Known))
	for _, id := range s.Known {
		known[id] = true
	}
	var ads []ad.Ad
	for _, id := range ids {
		if known[id] {
			continue
		}
		docs, _, err := a.index.Versions(ctx, id)
		if err != nil {
			a.log.Warn("checking a subscription", "id", s.ID, "err", err)
			return
		}
		for i := range docs {
			ads = append(ads, docs[i].Ad)
		}
	}
	alerts := append(a.raiser.Late(s), a.raiser.Check(s, ads)...)
	if err := a.bus.Publish(ctx, alertMessages(alerts)); err != nil && ctx.Err() == nil {
		a.log.Warn("checking a subscription", "id", s.ID, "err", err)
	}
}

// runIndex feeds the index from three streams, each with its own position.
func (a *App) runIndex(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, s := range []struct {
		source, stream string
		filter         []string
		decode         func(ad.Message) (search.Change, error)
	}{
		{"ads", stream.Ads, nil, versionChange},
		{"removals", stream.Listings, []string{"outcome.*.removed"}, removalChange},
		{"links", stream.Links, nil, linkChange},
	} {
		g.Go(func() error {
			f := pipeline.Follower[search.Change]{
				Name: "index-" + s.source, Dead: a.bus, Batch: 500, Log: a.log, Decode: s.decode,
				Position: func(ctx context.Context) (uint64, error) { return a.index.Position(ctx, s.source) },
				Tail: func(ctx context.Context, from uint64, n int, f func([]ad.Message) error) error {
					return a.bus.Tail(ctx, s.stream, from, s.filter, n, f)
				},
				Apply: func(ctx context.Context, upTo uint64, cs []search.Change) error {
					return a.index.Apply(ctx, s.source, upTo, cs)
				},
			}
			return f.Run(ctx)
		})
	}
	return g.Wait()
}

// linking is what the ledger wants to know of the linker.
type linking struct {
	read atomic.Uint64 // ads linked
	upTo atomic.Uint64 // sequence of the last one
}

const linkVersion = "Vigil-Linker"

// runLink keeps the clusters. The linker's state depends on the ads stream alone,
// so it is read from the start; changes are published beyond the last ad whose
// changes are stored, or all anew when the rules of linking have changed.
func (a *App) runLink(ctx context.Context) error {
	l := link.New(a.cfg.Link)
	info, err := a.bus.Info(ctx, stream.Links)
	if err != nil {
		return err
	}
	var done uint64
	version := link.Version
	if info.Last > 0 {
		m, err := a.bus.Get(ctx, stream.Links, info.Last)
		if err != nil {
			return err
		}
		done, _ = strconv.ParseUint(m.Header[pipeline.SourceHeader], 10, 64)
		version = m.Header[linkVersion]
	}
	f := pipeline.Follower[*ad.Ad]{
		Name: "link", Dead: a.bus, Batch: 500, Log: a.log,
		Position: func(context.Context) (uint64, error) { return a.linking.upTo.Load(), nil },
		Tail: func(ctx context.Context, from uint64, n int, f func([]ad.Message) error) error {
			return a.bus.Tail(ctx, stream.Ads, from, nil, n, f)
		},
		Decode: func(m ad.Message) (*ad.Ad, error) {
			x, err := decode[ad.Ad](m)
			x.CaptureSeq = m.Seq // the linker's batch needs the place in this stream
			return &x, err
		},
	}
	var held []ad.Message // changes that are not stored yet
	f.Apply = func(ctx context.Context, upTo uint64, ads []*ad.Ad) error {
		for _, x := range ads {
			seq := x.CaptureSeq
			if seq <= a.linking.upTo.Load() {
				continue
			}
			ch := l.Add(x)
			a.linking.read.Add(1)
			a.linking.upTo.Store(seq)
			if seq > done && len(ch.Moves)+len(ch.Hubs) > 0 {
				held = append(held, linkMessages(ch, seq)...)
			}
			if seq == done && version != link.Version {
				held = append(held, linkMessages(l.Snapshot(), seq)...)
			}
		}
		// The state has gone ahead: what follows from it must be stored now.
		for attempt := 1; ; attempt++ {
			err := a.bus.Publish(ctx, held)
			if err == nil {
				held = nil
				return nil
			}
			if ctx.Err() != nil {
				return err
			}
			a.log.Warn("publishing links, will be tried again", "err", err)
			select {
			case <-ctx.Done():
			case <-time.After(pipeline.Backoff(200*time.Millisecond, attempt)):
			}
		}
	}
	return f.Run(ctx)
}

// movesPerMessage keeps one change far below the size of a message.
const movesPerMessage = 5000

func linkMessages(ch ad.LinkChange, seq uint64) (out []ad.Message) {
	for part := 0; len(ch.Moves)+len(ch.Hubs) > 0; part++ {
		n := min(len(ch.Moves), movesPerMessage)
		one := ad.LinkChange{V: ad.Schema, Moves: ch.Moves[:n], Hubs: ch.Hubs}
		ch.Moves, ch.Hubs = ch.Moves[n:], nil
		out = append(out, ad.Message{
			Subject: "link.change", ID: fmt.Sprintf("link:%s:%d:%d", link.Version, seq, part), Data: encode(one),
			Header: map[string]string{pipeline.SourceHeader: strconv.FormatUint(seq, 10), linkVersion: link.Version},
		})
	}
	return out
}

// The archive seals a WARC file when enough has come together, or after a while.
const (
	sealMessages = 5000
	sealAfter    = 15 * time.Minute
)

func (a *App) runArchive(ctx context.Context) error {
	t := time.NewTicker(5 * time.Second)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
			if err := a.Seal(ctx, false); err != nil && ctx.Err() == nil {
				a.log.Warn("sealing captures, will be tried again", "err", err)
			}
		}
	}
}

// Seal packs captures that are not yet in a sealed WARC file; all of them, or
// only when there are many or they are old.
func (a *App) Seal(ctx context.Context, all bool) error {
	a.sealing.Lock()
	defer a.sealing.Unlock()
	info, err := a.bus.Info(ctx, stream.Captures)
	if err != nil {
		return err
	}
	sealed, err := a.archive.List(ctx)
	if err != nil {
		return err
	}
	from := max(info.First, 1)
	if n := len(sealed); n > 0 {
		from = sealed[n-1].To + 1
	}
	for from <= info.Last {
		to := min(from+sealMessages-1, info.Last)
		if to-from+1 < sealMessages && !all {
			m, err := a.bus.Get(ctx, stream.Captures, from)
			if err != nil {
				return err
			}
			if time.Since(m.Time) < sealAfter {
				return nil
			}
		}
		s, err := a.archive.Seal(ctx, from, to, a.items(ctx, from, to))
		if err != nil {
			return err
		}
		b, err := json.Marshal(s)
		if err != nil {
			return fmt.Errorf("note the sealed file: %w", err)
		}
		if err := a.bus.Publish(ctx, []ad.Message{{Subject: "archive.sealed", ID: fmt.Sprintf("sealed:%d-%d", s.From, s.To), Data: b}}); err != nil {
			return err
		}
		from = to + 1
	}
	return nil
}

// items reads the captures of a range of the stream; refusals are no captures.
func (a *App) items(ctx context.Context, from, to uint64) iter.Seq2[capture.Item, error] {
	return func(yield func(capture.Item, error) bool) {
		stop := fmt.Errorf("enough")
		_, err := a.bus.Replay(ctx, stream.Captures, from, []string{"capture.*.*"}, func(m ad.Message) error {
			if m.Seq > to {
				return stop
			}
			p, err := capture.Open(m.Data)
			if err != nil {
				err = fmt.Errorf("capture at %d: %w", m.Seq, err)
			}
			if !yield(capture.Item{Capture: p.Capture, Seq: m.Seq, Records: m.Data}, err) {
				return stop
			}
			return nil
		})
		if err != nil && !errors.Is(err, stop) {
			yield(capture.Item{}, err)
		}
	}
}
