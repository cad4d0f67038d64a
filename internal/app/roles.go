package app

import (
	"context"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"vigil.example/internal/ad"
	"vigil.example/internal/crawl"
	"vigil.example/internal/desk"
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
	last   string   // how the subject of a message's last output begins; "" when it has one output
	step   pipeline.Step
	config pipeline.Config
}

// ackWait is how long a message is held by a process that no longer says it is
// working on it: what a killed one had under way is taken up after that.
const ackWait = 10 * time.Second

func (a *App) stage(ctx context.Context, s stageSpec) error {
	var done func(uint64) bool
	var known func(string) bool
	if s.to != "" {
		var err error
		if done, known, err = a.written(ctx, s); err != nil {
			return err
		}
	}
	c, err := a.bus.Consumer(ctx, s.from, s.name, stream.ConsumerOptions{Filter: s.filter, Inflight: s.config.Inflight(), Wait: ackWait})
	if err != nil {
		return err
	}
	defer c.Close()
	st := &pipeline.Stage{Name: s.name, Step: s.step, From: c, To: a.bus, Dead: a.bus, Done: done, Known: known, Config: s.config, Log: a.log}
	return st.Run(ctx)
}

// written looks at the newest outputs in a stream and tells from which messages
// they were made, so that what was published just before a crash is not made
// again. It goes back as far as messages can have been under way, also when other
// stages write to the same stream. A message is done when its last output is
// there; of one that is not, the outputs that are there are known.
func (a *App) written(ctx context.Context, s stageSpec) (done func(uint64) bool, known func(string) bool, err error) {
	info, err := a.bus.Info(ctx, s.to)
	if err != nil {
		return nil, nil, err
	}
	back := uint64(s.config.Inflight()) * 8
	if s.wrote != nil {
		back *= uint64(max(1, len(a.cfg.Sites.All())))
	}
	from := uint64(1)
	if info.Last > back {
		from = info.Last - back
	}
	made, ids := map[uint64]bool{}, map[string]bool{}
	_, err = a.bus.Replay(ctx, s.to, from, s.wrote, func(m ad.Message) error {
		if s.last != "" && !strings.HasPrefix(m.Subject, s.last) {
			ids[m.ID] = true
		} else if n, err := strconv.ParseUint(m.Header[pipeline.SourceHeader], 10, 64); err == nil {
			made[n] = true
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	return func(seq uint64) bool { return made[seq] }, func(id string) bool { return ids[id] }, nil
}

func (a *App) runExtract(ctx context.Context) error {
	return a.stage(ctx, stageSpec{
		name: "extract", from: stream.Captures, filter: []string{"capture.crawl.*", "capture.import.*"}, to: stream.Listings,
		last: "outcome.",
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
