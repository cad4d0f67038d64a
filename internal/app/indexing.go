package app

import (
	"context"

	"golang.org/x/sync/errgroup"

	"vigil.example/internal/ad"
	"vigil.example/internal/generation"
	"vigil.example/internal/pipeline"
	"vigil.example/internal/search"
	"vigil.example/internal/stream"
)

func (a *App) runIndex(ctx context.Context) error {
	if err := a.noteSeat(seatOf(a.cfg.Index)); err != nil {
		return err
	}
	part := func(g generation.Generation) int { return g.Index }
	run, ctx := errgroup.WithContext(ctx)
	if len(a.cfg.Index.URLs) == 0 { // else role archive does: it has the sealed files
		run.Go(func() error { return a.leased(ctx, "generations", a.turn) })
	}
	run.Go(func() error {
		return a.generations(ctx, part, func(ctx context.Context, g generation.Generation) error {
			return a.leased(ctx, "index"+suffix(g.Index), func(ctx context.Context, l *stream.Lease) error {
				return a.clear(ctx, g, l, a.indexGeneration(ctx, g, l))
			})
		})
	})
	return run.Wait()
}

// indexGeneration feeds the index of a generation from four streams, each with
// its own position in the index. It ends when the file is no longer the one that
// it opened, to be begun anew on a fresh one.
func (a *App) indexGeneration(ctx context.Context, g generation.Generation, l *stream.Lease) error {
	x, err := a.openWriter(ctx, g, l.Epoch())
	if err != nil {
		return err
	}
	defer func() { _ = x.Close() }()
	if err := a.freshLetters(ctx, g, x); err != nil {
		return err
	}
	dead := lettersOfFile{a.bus.Pen(1), x.ID()}
	run, ctx := errgroup.WithContext(ctx)
	c := newCorrector(a, g, x)
	for _, s := range []struct {
		source, stream string
		filter         []string
		decode         func(ad.Message) (search.Change, error)
	}{
		{"ads", stream.Named(stream.Ads, g.Ads), nil, versionChange(g.Ads, a.erased, a.fresh)},
		{"removals", stream.Named(stream.Listings, g.Listings), []string{"outcome.*.removed"}, removalChange},
		{"links", stream.Named(stream.Links, g.Links), nil, linkChange},
		{"labels", stream.Decisions, []string{a.labels.Subjects()}, labelChange(a.labels, a.erased)},
	} {
		part := "index-" + s.source + suffix(g.Index)
		defer a.health.drop(part)
		run.Go(func() error {
			f := pipeline.Follower[search.Change]{
				Name: part, Stream: s.stream, Dead: dead, Batch: a.engine.batch(), Log: a.log, Decode: s.decode, Meter: a.meter,
				Position: func(ctx context.Context) (uint64, error) { return x.Position(ctx, s.source) },
				Tail: func(ctx context.Context, from uint64, n int, f func([]ad.Message) error) error {
					return a.bus.Tail(ctx, s.stream, from, s.filter, n, f)
				},
				Apply: func(ctx context.Context, upTo uint64, cs []search.Change) error {
					err := inParts(cs, upTo, func(upTo uint64, part []search.Change) error { return x.Apply(ctx, s.source, upTo, part) })
					a.taken(part, err)
					if err == nil && s.source == "ads" {
						c.applied(cs)
					}
					return overWhen(err)
				},
			}
			return f.Run(ctx)
		})
	}
	run.Go(func() error { return a.guardIndex(ctx, g, x) })
	run.Go(func() error { return a.keep(ctx, "correct"+suffix(g.Index), c.run) })
	if g.N != a.book.Serving().N {
		run.Go(func() error { return a.switchWhenReady(ctx, g, x) })
	}
	return run.Wait()
}

// movesAtOnce is how many moves of ads between clusters go into an index at once, about:
// a round of linking tells of thousands, and new ads wait for it meanwhile.
const movesAtOnce = 1000

// inParts applies changes that come in the order of their stream, so that no part has
// many more moves than that. Each part is up to its last change, the last one up to upTo.
func inParts(cs []search.Change, upTo uint64, apply func(upTo uint64, part []search.Change) error) error {
	moves, from := 0, 0
	for i, c := range cs {
		if c.Link == nil {
			continue
		}
		if moves += len(c.Link.Moves); moves < movesAtOnce || i == len(cs)-1 {
			continue
		}
		if err := apply(c.Seq, cs[from:i+1]); err != nil {
			return err
		}
		moves, from = 0, i+1
	}
	return apply(upTo, cs[from:])
}

// taken notes for the health of the process whether the index takes changes: what
// it does not take now waits in the stream.
func (a *App) taken(part string, err error) {
	switch {
	case waiting(err):
		a.health.set(part, stateFailing, err)
	case err == nil:
		a.health.drop(part)
	}
}
