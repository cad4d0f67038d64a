package app

import (
	"cmp"
	"context"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"vigil.example/internal/ad"
	"vigil.example/internal/crawl"
	"vigil.example/internal/generation"
	"vigil.example/internal/pipeline"
	"vigil.example/internal/site"
	"vigil.example/internal/stream"
)

// A stageSpec says what a stage reads and where its outputs go.
type stageSpec struct {
	name   string // of the stage, its consumer and its dead letters
	from   string
	start  uint64 // sequence at which a new consumer begins; 0 is the beginning
	filter []string
	sink   pipeline.Sink
	to     string   // stream of its outputs; "" when there are none to look for
	wrote  []string // subjects of its outputs; nil for all of that stream
	last   string   // how the subject of a message's last output begins; "" when it has one output
	mark   string   // header in which outputs carry the sequence of their message; SourceHeader when ""
	step   pipeline.Step
	config pipeline.Config
}

// ackWait is how long a message is held by a process that no longer says it is
// working on it: what a killed one had under way is taken up after that.
const ackWait = 10 * time.Second

// stage runs one stage until ctx ends or its source or sink fails for good.
func (a *App) stage(ctx context.Context, s stageSpec) error {
	c, err := a.consume(ctx, s)
	if err != nil {
		return err
	}
	defer c.Close()
	st := &pipeline.Stage{
		Name: s.name, Stream: s.from, Step: s.step, From: c, To: s.sink, Dead: a.bus.Pen(1), Config: s.config, Log: a.log,
		Hold: ackWait, Trials: a.trials(s), Meter: a.meter,
	}
	if s.to != "" {
		st.Written = func(ctx context.Context) (pipeline.Outputs, error) { return a.written(ctx, s) }
	}
	return st.Run(ctx)
}

// consume opens the consumer of a stage.
func (a *App) consume(ctx context.Context, s stageSpec) (*stream.Consumer, error) {
	return a.bus.Consumer(ctx, s.from, s.name, stream.ConsumerOptions{Filter: s.filter, Inflight: s.config.Inflight(), Wait: ackWait, Start: s.start})
}

// lookBack is how many outputs are read at once on the way back.
const lookBack = 4096

// written tells from which messages that are not yet acknowledged outputs are
// already stored, so that what was published just before a crash, or whose
// acknowledgement was lost, is not made again, however long ago that was. It reads the output stream backwards until
// all it meets was made from acknowledged messages. A message is done when its
// last output is there; of one that is not, the outputs that are there are known.
func (a *App) written(ctx context.Context, s stageSpec) (pipeline.Outputs, error) {
	floor, err := a.bus.AckFloor(ctx, s.from, s.name)
	if err != nil {
		return pipeline.Outputs{}, err
	}
	info, err := a.bus.Info(ctx, s.to)
	if err != nil {
		return pipeline.Outputs{}, err
	}
	made, ids := map[uint64]bool{}, map[string]bool{}
	for to := info.Last; to > 0; {
		from := uint64(1)
		if to > lookBack {
			from = to - lookBack + 1
		}
		fresh, seen := 0, 0
		_, err := a.bus.ReplayHeads(ctx, s.to, from, s.wrote, func(m ad.Message) error {
			if m.Seq > to {
				return errEnough
			}
			mark := cmp.Or(s.mark, pipeline.SourceHeader)
			if m.Header[copiedHeader] != "" && mark != copiedHeader {
				return nil
			}
			n, err := strconv.ParseUint(m.Header[mark], 10, 64)
			if err != nil {
				return nil
			}
			seen++
			if n <= floor {
				return nil
			}
			fresh++
			if s.last != "" && !strings.HasPrefix(m.Subject, s.last) {
				ids[m.ID] = true
			} else {
				made[n] = true
			}
			return nil
		})
		if err != nil && !isEnough(err) {
			return pipeline.Outputs{}, err
		}
		if fresh == 0 && seen > 0 || from <= info.First {
			break
		}
		to = from - 1
	}
	return pipeline.Outputs{Done: func(seq uint64) bool { return made[seq] }, Known: func(id string) bool { return ids[id] }}, nil
}

// extractSpec is the stage that extracts in a generation.
func (a *App) extractSpec(g generation.Generation) stageSpec {
	gen := g.Listings
	return stageSpec{
		name: stageName(generation.StepExtract, g), from: stream.Captures, filter: []string{"capture.crawl.*", "capture.import.*"},
		start: a.begins(g, gen, generation.StepExtract), sink: a.bus.Pen(gen), to: stream.Named(stream.Listings, gen), last: "outcome.",
		step: extractStep(a.extract, a.erased, gen, a.fresh), config: a.stageConfig("extract"),
	}
}

func (a *App) runExtract(ctx context.Context) error {
	part := func(g generation.Generation) int { return g.Listings }
	return a.generations(ctx, part, func(ctx context.Context, g generation.Generation) error {
		run, ctx := errgroup.WithContext(ctx)
		spec := a.extractSpec(g)
		run.Go(func() error {
			return a.keep(ctx, spec.name, func(ctx context.Context) error { return a.stage(ctx, spec) })
		})
		if g.Listings == g.N {
			run.Go(func() error { return a.copyBefore(ctx, g, generation.StepExtract, stream.Listings) })
		}
		return run.Wait()
	})
}

func (a *App) runEnrich(ctx context.Context) error {
	both, ctx := errgroup.WithContext(ctx)
	both.Go(func() error { return a.leased(ctx, "sitewords", a.learnWords) })
	both.Go(func() error { return a.enrichAll(ctx) })
	return both.Wait()
}

func (a *App) enrichAll(ctx context.Context) error {
	part := func(g generation.Generation) int { return g.Ads }
	return a.generations(ctx, part, func(ctx context.Context, g generation.Generation) error {
		run, ctx := errgroup.WithContext(ctx)
		gen := g.Ads
		spec := stageSpec{
			name: stageName(generation.StepEnrich, g), from: stream.Named(stream.Listings, g.Listings), filter: []string{"listing.*"},
			start: a.begins(g, gen, generation.StepEnrich), sink: a.bus.Pen(gen), to: stream.Named(stream.Ads, gen),
			step: enrichStep(a.chain, a.erased, g.Listings, gen, a.fresh), config: a.stageConfig("enrich"),
		}
		run.Go(func() error {
			return a.keep(ctx, spec.name, func(ctx context.Context) error { return a.stage(ctx, spec) })
		})
		if g.Ads == g.N {
			run.Go(func() error { return a.copyBefore(ctx, g, generation.StepEnrich, stream.Ads) })
		}
		return run.Wait()
	})
}

// runCrawl plans visits and fetches, one lease and one consumer a site: a slow
// site holds up no other, and no two processes visit one site at once.
func (a *App) runCrawl(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return a.leased(ctx, "frontier", a.runFrontier) })
	for _, d := range a.cfg.Sites.All() {
		g.Go(func() error {
			return a.leased(ctx, crawler(d.Name), func(ctx context.Context, _ *stream.Lease) error { return a.crawlSite(ctx, d) })
		})
	}
	return g.Wait()
}

// crawler is the name of the stage that crawls a site.
func crawler(site string) string { return "crawl-" + ad.Slug(site) }

func (a *App) crawlSite(ctx context.Context, d *site.Definition) error {
	name := ad.Slug(d.Name)
	pen, err := a.bus.Fenced(ctx, crawler(name), 1, stream.Captures)
	if err != nil {
		return err
	}
	return a.stage(ctx, stageSpec{
		name: crawler(name), from: stream.Frontier, filter: []string{"frontier." + name}, sink: pen,
		to: stream.Captures, wrote: []string{"capture.crawl." + name, "refusal." + name + ".*"},
		step: crawlStep(a.fetcher, a.erased), config: a.crawlConfig(d),
	})
}

func (a *App) crawlConfig(d *site.Definition) pipeline.Config {
	c := a.stageConfig("crawl")
	c.Workers = d.Polite.Parallel
	c.Batch = d.Polite.Parallel // a batch is stored when its last page has come: keep it short
	if d.Polite.Delay < 100*time.Millisecond {
		c.Batch = 16 * d.Polite.Parallel
	}
	return c
}

// queue is the crawl's queue over the frontier stream.
type queue struct{ sink pipeline.Sink }

func (q queue) Enqueue(ctx context.Context, entries []crawl.Entry) error {
	msgs := make([]ad.Message, len(entries))
	for i, e := range entries {
		msgs[i] = ad.Message{Subject: "frontier." + ad.Slug(e.Site), ID: e.ID(), Data: encode(e)}
	}
	return q.sink.Publish(ctx, msgs)
}

// runFrontier plans visits: of the links of crawled pages, and of the seeds
// whenever they are due. What is known is read from the stream first.
func (a *App) runFrontier(ctx context.Context, _ *stream.Lease) error {
	pen, err := a.bus.Fenced(ctx, "frontier", 1, stream.Frontier)
	if err != nil {
		return err
	}
	f := crawl.NewFrontier(a.cfg.Sites, queue{pen}, a.cfg.Clock)
	_, err = a.bus.Replay(ctx, stream.Frontier, 0, []string{"frontier.*"}, func(m ad.Message) error {
		if e, err := decode[crawl.Entry](m); err == nil {
			f.Remember(e)
		}
		return nil // an entry that cannot be read goes to the dead letters when its turn comes
	})
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		for {
			changed := a.erased.Changed()
			f.Forgotten(a.erased.Fingerprints())
			select {
			case <-ctx.Done():
				return nil
			case <-changed:
			}
		}
	})
	g.Go(func() error {
		part := func(generation.Generation) int { return a.book.Serving().Listings }
		return a.generations(ctx, part, func(ctx context.Context, _ generation.Generation) error {
			return a.keep(ctx, "frontier-links", func(ctx context.Context) error { return a.followLinks(ctx, f) })
		})
	})
	g.Go(func() error { return a.plan(ctx, f) })
	return g.Wait()
}

// followLinks offers the links of crawled pages to the frontier, in the
// generation that serves. After a switch it goes on behind the captures whose
// pages it has read in the generation before: links are offered once a visit.
func (a *App) followLinks(ctx context.Context, f *crawl.Frontier) error {
	const key = "frontier"
	gen := a.book.Serving().Listings
	from := stream.Named(stream.Listings, gen)
	spec := stageSpec{name: "frontier", from: from, filter: []string{"outcome.*.*"}, sink: a.bus.Pen(1), config: a.stageConfig("frontier")}
	var at linked // Read: the generation; UpTo: the newest capture whose links were offered
	if err := a.recall(ctx, key, &at); err != nil {
		return err
	}
	if at.UpTo > 0 && at.Read != uint64(gen) {
		start, err := a.beyond(ctx, from, at.UpTo)
		if err != nil {
			return err
		}
		spec.start = start
	}
	var newest atomic.Pointer[linked]
	offer := frontierStep(f)
	spec.step = func(ctx context.Context, m ad.Message) ([]ad.Message, error) {
		out, err := offer(ctx, m)
		if n, perr := strconv.ParseUint(m.Header[pipeline.SourceHeader], 10, 64); err == nil && perr == nil && n > at.UpTo {
			at = linked{Read: uint64(gen), UpTo: n} // one worker, one lane
			now := at
			newest.Store(&now)
		}
		return out, err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { a.remember(ctx, key, &newest); return nil })
	g.Go(func() error { return a.stage(ctx, spec) })
	return g.Wait()
}

// beyond finds where in a stream of outcomes those of captures after a sequence
// begin; some before it are given again, which does no harm.
func (a *App) beyond(ctx context.Context, listings string, capture uint64) (start uint64, err error) {
	slack := uint64(a.stageConfig("extract").Inflight()) // outcomes are that much out of order
	_, err = a.bus.ReplayHeads(ctx, listings, 0, []string{"outcome.*.*"}, func(m ad.Message) error {
		n, err := strconv.ParseUint(m.Header[pipeline.SourceHeader], 10, 64)
		if err == nil && n+slack > capture {
			start = m.Seq
			return errEnough
		}
		start = m.Seq + 1
		return nil
	})
	if err != nil && !isEnough(err) {
		return 0, err
	}
	return start, nil
}

// plan queues the seeds whenever their next visit is due.
func (a *App) plan(ctx context.Context, f *crawl.Frontier) error {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		if _, err := f.Start(ctx); err == nil {
			a.planned.Store(true)
		} else if ctx.Err() == nil {
			a.log.Warn("planning visits, will be tried again", "err", err)
			if stopped(err) {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}
