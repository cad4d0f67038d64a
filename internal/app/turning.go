package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/desk"
	"vigil.example/internal/generation"
	"vigil.example/internal/stream"
)

// turn carries out what was decided about generations: it makes the streams of
// one that is planned, and deletes what one that is retired leaves behind. The
// process that keeps the index does it.
func (a *App) turn(ctx context.Context, _ *stream.Lease) error {
	if err := a.sweep(ctx); err != nil {
		return err
	}
	for {
		changed := a.book.Changed()
		if g, ok := a.book.Building(); ok && g.State == generation.Planned {
			if err := a.prepare(ctx, g); err != nil && !errors.Is(err, generation.ErrState) { // cancelled meanwhile
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

// prepare makes the streams of a planned generation, says where it begins, and
// holds back what it is to read from leaving the captures.
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
		var err error
		if from, err = a.since(ctx, g); err != nil {
			return err
		}
	}
	if g.Step == generation.StepExtract {
		g.From.Seq = max(from, 1)
		c, err := a.consume(ctx, a.extractSpec(g))
		if err != nil {
			return err
		}
		c.Close()
	}
	if err := a.book.Build(ctx, g.N, from); err != nil {
		return fmt.Errorf("begin generation %d: %w", g.N, err)
	}
	return nil
}

// since finds where in the input of a replay the captures of a time and later
// begin: of the stream by when they were stored, of sealed files by when they
// were fetched.
func (a *App) since(ctx context.Context, g generation.Generation) (uint64, error) {
	seq, err := a.capturedAt(ctx, g.From.Time)
	if err != nil || g.Step == generation.StepExtract {
		return seq, err
	}
	from := uint64(0)
	_, err = a.bus.Replay(ctx, serves(g, stream.Listings), 0, nil, func(m ad.Message) error {
		from = m.Seq
		if source(m) >= seq {
			return errEnough
		}
		from++
		return nil
	})
	if err != nil && !isEnough(err) {
		return 0, err
	}
	return from, nil
}

// capturedAt is the sequence of the first capture of a time or later, or the one
// that the next capture will have.
func (a *App) capturedAt(ctx context.Context, t time.Time) (uint64, error) {
	seq, err := a.sealedAt(ctx, t)
	if err != nil || seq > 0 {
		return seq, err
	}
	info, err := a.bus.Info(ctx, stream.Captures)
	if err != nil {
		return 0, err
	}
	low, high := max(info.First, 1), info.Last+1
	for low < high { // messages stand in the order of their times
		mid := low + (high-low)/2
		at, late := high, true
		_, err := a.bus.Replay(ctx, stream.Captures, mid, nil, func(m ad.Message) error {
			at, late = m.Seq, !m.Time.Before(t)
			return errEnough
		})
		switch {
		case err != nil && !isEnough(err):
			return 0, err
		case late:
			high = mid
		default:
			low = at + 1
		}
	}
	return low, nil
}

// sealedAt is the same among the captures that have left the stream; 0 for none.
func (a *App) sealedAt(ctx context.Context, t time.Time) (uint64, error) {
	left, err := a.trimmed(ctx)
	if err != nil || left.To == 0 {
		return 0, err
	}
	sealed, err := a.archive.List(ctx)
	if err != nil {
		return 0, err
	}
	first := uint64(0)
	for _, f := range slices.Backward(sealed) {
		if f.From > left.To {
			continue
		}
		here := uint64(0)
		for it, err := range a.archive.Each(ctx, f) {
			if err != nil {
				return 0, err
			}
			if !it.Capture.FetchedAt.Before(t) {
				here = it.Seq
				break
			}
		}
		if here == 0 { // those before it are older still
			break
		}
		first = here
	}
	return first, nil
}

// settleFor is how long the stages of a generation that is retired have to end,
// and people's readers of its index to go.
const settleFor = 3 * tendEvery

// discard deletes what a retired generation has that nothing else uses.
func (a *App) discard(ctx context.Context, g generation.Generation) error {
	select {
	case <-ctx.Done():
		return nil
	case <-time.After(settleFor):
	}
	unused := a.book.Unused(g.N)
	for _, o := range unused {
		if err := a.remove(ctx, g, o); err != nil {
			return err
		}
	}
	if err := a.dropLettersOf(ctx, stagesOf(g, unused)); err != nil {
		return err
	}
	for _, name := range []string{sealedKey(g), "copy" + suffix(g.N)} {
		if err := a.forgetPart(ctx, name); err != nil {
			return err
		}
	}
	if err := a.book.Drop(ctx, g.N); err != nil {
		return fmt.Errorf("drop generation %d: %w", g.N, err)
	}
	return nil
}

// remove deletes one output of a generation, and what its stages remember.
func (a *App) remove(ctx context.Context, g generation.Generation, o generation.Output) error {
	s := suffix(o.N)
	reads := map[string]string{} // consumers on streams that stay
	switch o.Base {
	case generation.Index:
		if err := a.forgetPart(ctx, "index"+s); err != nil {
			return err
		}
		return a.engine.remove(ctx, o.N)
	case generation.Listings:
		reads["extract"+s] = stream.Captures
		reads["frontier"] = stream.Named(o.Base, o.N)
	case generation.Ads:
		reads["enrich"+s] = serves(g, stream.Listings)
		reads["alert"+s] = stream.Named(o.Base, o.N)
	case generation.Links:
		for _, part := range []string{"link" + s, relinkKey(o.N)} {
			if err := a.forgetPart(ctx, part); err != nil {
				return err
			}
		}
		if err := a.folder.wipeLinkState(a.folder.linkState(o.N)); err != nil {
			return err
		}
	}
	if old, err := a.book.Generation(g.Over); err == nil {
		for _, base := range []string{stream.Listings, stream.Ads} {
			if err := a.bus.DropConsumer(ctx, serves(old, base), "copy"+suffix(g.N)); err != nil {
				return err
			}
		}
	}
	for name, from := range reads {
		if err := a.bus.DropConsumer(ctx, from, name); err != nil {
			return err
		}
	}
	if o.N > 1 {
		return a.bus.DropGeneration(ctx, o.Base, o.N)
	}
	return a.empty(ctx, o.Base)
}

// empty empties a stream of the first generation. Those are declared in the table
// and stay.
func (a *App) empty(ctx context.Context, base string) error {
	info, err := a.bus.Info(ctx, base)
	if err != nil || info.Messages == 0 {
		return err
	}
	return a.bus.Trim(ctx, base, info.Last)
}

// sweep empties streams of the first generation that are given up: a process that
// was late to hear of it may have written there once more.
func (a *App) sweep(ctx context.Context) error {
	used := a.book.Streams()
	for _, r := range a.book.Retired() {
		used = append(used, r.Outputs()...) // their turn comes
	}
	for _, base := range []string{generation.Listings, generation.Ads, generation.Links} {
		if slices.Contains(used, generation.Output{Base: base, N: 1}) {
			continue
		}
		if err := a.empty(ctx, base); err != nil {
			return err
		}
	}
	return nil
}

// forgetPart deletes the lease and the position of a part that will not run again.
func (a *App) forgetPart(ctx context.Context, part string) error {
	for _, bucket := range []string{stream.Leases, stream.Progress} {
		if _, err := a.bus.Value(ctx, bucket, part); errors.Is(err, ad.ErrNotFound) {
			continue
		}
		if err := a.bus.Delete(ctx, bucket, part); err != nil {
			return err
		}
	}
	return nil
}

// StartReplay plans a generation that is made anew from a step on; see
// generation.Book.Plan. The roles' processes do the rest.
func (a *App) StartReplay(ctx context.Context, step generation.Step, from generation.From, by string) (desk.Replay, error) {
	if err := a.anything(ctx, step, from); err != nil {
		return desk.Replay{}, fmt.Errorf("plan a replay from %s on: %w", step, err)
	}
	g, err := a.book.Plan(ctx, step, from, by)
	if err != nil {
		return desk.Replay{Generation: g}, err
	}
	processes, err := a.roll(ctx)
	if err != nil {
		a.log.Warn("looking who is to do a replay", "err", err) // it is planned all the same
	}
	return desk.Replay{Generation: g, Trouble: notRun(processes, needs(string(step)))}, nil
}

// anything returns desk.ErrNothing when a replay would do nothing.
func (a *App) anything(ctx context.Context, step generation.Step, from generation.From) error {
	if err := a.book.CatchUp(ctx); err != nil {
		return err
	}
	if g, ok := a.book.Building(); ok {
		return fmt.Errorf("%w: %v; see vigil replay --status, or give it up with vigil replay --cancel", generation.ErrUnderWay, g)
	}
	if !slices.Contains(generation.Steps(), step) {
		return nil // Plan says what is wrong
	}
	name := step.Input()
	if step != generation.StepExtract {
		name = serves(a.book.Serving(), name)
	}
	info, err := a.bus.Info(ctx, name)
	if err != nil {
		return err
	}
	last := info.Last
	if step == generation.StepExtract && info.Messages == 0 {
		t, err := a.trimmed(ctx)
		if err != nil {
			return err
		}
		last = t.To
	} else if info.Messages == 0 {
		last = 0
	}
	switch {
	case last == 0:
		return fmt.Errorf("%w: %s holds nothing yet", desk.ErrNothing, name)
	case from.Seq > last:
		return fmt.Errorf("%w: %s ends at sequence %d", desk.ErrNothing, name, last)
	case from.Time.IsZero():
		return nil
	}
	newest, err := a.bus.Get(ctx, stream.Captures, last)
	if step == generation.StepExtract && err == nil && newest.Time.Before(from.Time) {
		return fmt.Errorf("%w: the newest capture was stored at %s", desk.ErrNothing, newest.Time.UTC().Format(time.RFC3339))
	}
	return nil
}

// CancelReplay gives up the generation that is being made.
func (a *App) CancelReplay(ctx context.Context) (desk.Replay, error) {
	if err := a.book.CatchUp(ctx); err != nil {
		return desk.Replay{}, err
	}
	g, ok := a.book.Building()
	if !ok {
		return desk.Replay{}, fmt.Errorf("cancel the replay: %w", desk.ErrNoReplay)
	}
	if err := a.book.Cancel(ctx, g.N); err != nil {
		return desk.Replay{}, err
	}
	g, err := a.book.Generation(g.N)
	return desk.Replay{Generation: g}, err
}
