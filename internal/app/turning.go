package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/generation"
	"vigil.example/internal/search/sqlite"
	"vigil.example/internal/stream"
)

// turn carries out what was decided about generations: it makes the streams of
// one that is planned, and deletes what one that is retired leaves behind. The
// process that keeps the index does it.
func (a *App) turn(ctx context.Context, _ *stream.Lease) error {
	for {
		changed := a.book.Changed()
		if g, ok := a.book.Building(); ok && g.State == generation.Planned {
			if err := a.prepare(ctx, g); err != nil {
				return err
			}
		}
		for _, g := range a.book.Retired() {
			if err := a.discard(ctx, g); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
	}
}

// prepare makes the streams of a planned generation and says where it begins.
func (a *App) prepare(ctx context.Context, g generation.Generation) error {
	for _, o := range g.Made() {
		if o.Base == generation.Index {
			continue
		}
		if err := a.bus.EnsureGeneration(ctx, o.Base, o.N); err != nil {
			return err
		}
	}
	from := g.From.Seq
	if !g.From.Time.IsZero() {
		input := serves(a.book.Serving(), g.Step.Input())
		_, err := a.bus.Replay(ctx, input, 0, nil, func(m ad.Message) error {
			from = m.Seq
			if !m.Time.Before(g.From.Time) {
				return errEnough
			}
			from = m.Seq + 1
			return nil
		})
		if err != nil && !isEnough(err) {
			return err
		}
	}
	if err := a.book.Build(ctx, g.N, from); err != nil {
		return fmt.Errorf("begin generation %d: %w", g.N, err)
	}
	return nil
}

// discard deletes the outputs of a retired generation that nothing else uses,
// once people's readers of its index had time to go.
func (a *App) discard(ctx context.Context, g generation.Generation) error {
	select {
	case <-ctx.Done():
		return nil
	case <-time.After(3 * tendEvery):
	}
	for _, o := range a.book.Unused(g.N) {
		if o.Base == generation.Index {
			if err := sqlite.Remove(a.indexFile(o.N)); err != nil {
				return err
			}
			continue
		}
		if o.N == 1 {
			// The first generation's streams are declared in the table; they stay, empty.
			info, err := a.bus.Info(ctx, o.Base)
			if err != nil {
				return err
			}
			if err := a.bus.Trim(ctx, o.Base, info.Last); err != nil {
				return err
			}
			continue
		}
		if err := a.bus.DropGeneration(ctx, o.Base, o.N); err != nil && !errors.Is(err, ad.ErrNotFound) {
			return err
		}
	}
	if err := a.book.Drop(ctx, g.N); err != nil {
		return fmt.Errorf("drop generation %d: %w", g.N, err)
	}
	return nil
}

// StartReplay plans a generation that is made anew from a step on; see
// generation.Book.Plan. The roles' processes do the rest.
func (a *App) StartReplay(ctx context.Context, step generation.Step, from generation.From, by string) (generation.Generation, error) {
	return a.book.Plan(ctx, step, from, by)
}

// CancelReplay gives up the generation that is being made.
func (a *App) CancelReplay(ctx context.Context) (generation.Generation, error) {
	g, ok := a.book.Building()
	if !ok {
		return g, fmt.Errorf("cancel the replay: none is under way: %w", ad.ErrNotFound)
	}
	return g, a.book.Cancel(ctx, g.N)
}

// Replay tells how far a generation has come.
func (a *App) Replay(ctx context.Context, n int) (ReplayProgress, error) {
	g, err := a.book.Generation(n)
	if err != nil {
		return ReplayProgress{}, err
	}
	if g.State != generation.Building {
		return ReplayProgress{Generation: g.N, Step: string(g.Step), State: string(g.State)}, nil
	}
	x, err := sqlite.Open(ctx, a.indexFile(g.Index), sqlite.Options{ReadOnly: true})
	if errors.Is(err, ad.ErrNotFound) {
		return ReplayProgress{Generation: g.N, Step: string(g.Step), State: string(generation.Planned)}, nil
	}
	if err != nil {
		return ReplayProgress{}, fmt.Errorf("look at generation %d: %w", n, err)
	}
	defer func() { _ = x.Close() }()
	return a.behind(ctx, g, x)
}
