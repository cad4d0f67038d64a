package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/desk"
	"vigil.example/internal/generation"
	"vigil.example/internal/pipeline"
	"vigil.example/internal/stream"
)

// This file is what a replay needs beside the stages, which run a second time
// with other outputs: what lies before its beginning is copied, and when
// everything has caught up, search is switched over.

// copiedHeader marks a record that its stage did not make of the message that it
// had in hand: one that was taken over from the generation before, with its
// sequence there, or was made of a sealed capture or of a dead letter.
const copiedHeader = "Vigil-Copied"

// begins is the sequence at which a step of a generation begins to read: that of
// the replay if it is the replayed step, else the beginning.
func (a *App) begins(g generation.Generation, gen int, step generation.Step) uint64 {
	if gen == g.N && g.Step == step {
		return g.From.Seq
	}
	return 0
}

// building runs f as long as a generation is being built.
func (a *App) building(ctx context.Context, g generation.Generation, f func(context.Context) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		for {
			changed := a.book.Changed()
			if now, err := a.book.Generation(g.N); err != nil || now.State != generation.Building {
				stop()
			}
			select {
			case <-ctx.Done():
				return
			case <-changed:
			}
		}
	}()
	return f(ctx)
}

// copyBefore takes over from the generation before what the replayed step made of
// messages before the replay's beginning, and its dead letters of them.
func (a *App) copyBefore(ctx context.Context, g generation.Generation, step generation.Step, base string) error {
	if g.Step != step || g.From.Seq <= 1 {
		return nil
	}
	old, err := a.book.Generation(g.Over)
	if err != nil {
		return err
	}
	from, name := serves(old, base), "copy"+suffix(g.N)
	return a.building(ctx, g, func(ctx context.Context) error {
		return a.leased(ctx, name, func(ctx context.Context, _ *stream.Lease) error {
			was, is := stageName(step, old), stageName(step, g)
			carry := func(m ad.Message) bool { return source(m) < g.From.Seq }
			if err := a.carryLetters(ctx, was, is, carry); err != nil {
				return err
			}
			return a.stage(ctx, stageSpec{
				name: name, from: from, sink: a.bus.Pen(g.N), to: stream.Named(base, g.N), mark: copiedHeader, step: a.copyStep(g.From.Seq),
				config: a.stageConfig(string(step)),
			})
		})
	})
}

// copyStep lets through what was made of messages before a sequence.
func (a *App) copyStep(before uint64) pipeline.Step {
	return func(_ context.Context, m ad.Message) ([]ad.Message, error) {
		n, err := strconv.ParseUint(m.Header[pipeline.SourceHeader], 10, 64)
		if err != nil || n >= before {
			return nil, nil
		}
		if a.erased.Rounds() > 0 { // an erasure may overtake a copy that is under way
			if x, err := ad.Decode[struct {
				AdID string `json:"ad_id"`
			}](m.Data); err == nil && a.erased.Covers(x.AdID) {
				return nil, nil
			}
		}
		return []ad.Message{{Subject: m.Subject, ID: m.ID, Data: m.Data, Header: map[string]string{
			pipeline.SourceHeader: m.Header[pipeline.SourceHeader], copiedHeader: strconv.FormatUint(m.Seq, 10),
		}}}, nil
	}
}

// stageName is the name of the stage that does a step in a generation.
func stageName(step generation.Step, g generation.Generation) string {
	n := g.Index
	switch step {
	case generation.StepExtract:
		n = g.Listings
	case generation.StepEnrich:
		n = g.Ads
	case generation.StepLink:
		n = g.Links
	}
	return string(step) + suffix(n)
}

// caughtUp is how many records a new generation may be behind when search is
// switched over although new ones keep coming, besides those of a second.
const caughtUp = 64

// lookEvery is how often it is looked whether a generation has caught up.
const lookEvery = 500 * time.Millisecond

// switchWhenReady switches search to a generation once it has caught up: when
// nothing is on its way at last, or only what has just come for some time. What is
// done only while it is built must be done.
func (a *App) switchWhenReady(ctx context.Context, g generation.Generation, x index) error {
	t := time.NewTicker(lookEvery)
	defer t.Stop()
	var r desk.ReplayResult
	var total, mark uint64
	whole := false // nothing was on its way when r was made
	for quiet := 0; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		p, err := a.progressOf(ctx, g, x)
		if err == nil && mark == 0 {
			mark, err = a.copyEnd(ctx, g)
		}
		copied := false
		if err == nil {
			copied, err = a.copied(ctx, g, mark)
		}
		come := uint64(0)
		if total > 0 && p.Total > total {
			come = p.Total - total
		}
		total = p.Total
		if err == nil && copied && p.Sealed == 0 && p.Waiting <= caughtUp+2*come {
			if r.Finished.IsZero() || p.Waiting == 0 && !whole { // takes its time in a large index, while new records come
				r, err = a.compare(ctx, g, x)
				r.Coming = int(p.Waiting + 2*come)
				whole = p.Waiting == 0
			} else if quiet++; p.Waiting == 0 && quiet >= 2 || quiet >= 10 {
				var ok bool
				if ok, err = a.mayTakeOver(ctx, g, &r); ok {
					break
				}
			}
		} else {
			quiet, r, whole = 0, desk.ReplayResult{}, false
		}
		if err != nil && ctx.Err() == nil {
			a.log.Warn("looking how far a replay is", "err", err)
		}
	}
	if err := a.bus.Put(ctx, stream.Progress, resultKey(g), encode(r)); err != nil {
		return err
	}
	if err := a.book.Switch(ctx, g.N); err != nil {
		return fmt.Errorf("switch to generation %d: %w", g.N, err)
	}
	<-ctx.Done()
	return nil
}

// copiesFrom is the stream that a generation copies the beginning from; "" for
// none.
func (a *App) copiesFrom(g generation.Generation) (name string, old generation.Generation, err error) {
	old, err = a.book.Generation(g.Over)
	switch {
	case err != nil || g.From.Seq <= 1:
		return "", old, err
	case g.Step == generation.StepExtract:
		return serves(old, stream.Listings), old, nil
	}
	return serves(old, stream.Ads), old, nil
}

// copyEnd is up to where the stream that is copied from must have been read: all
// that it will have of messages before the replay's beginning is there. It is 0
// while the generation before still makes some.
func (a *App) copyEnd(ctx context.Context, g generation.Generation) (uint64, error) {
	name, old, err := a.copiesFrom(g)
	if err != nil || name == "" {
		return 1, err
	}
	input, stage := stream.Captures, stageName(g.Step, old)
	if g.Step == generation.StepEnrich {
		input = serves(old, stream.Listings)
	}
	left, err := a.bus.Waiting(ctx, input, stage)
	if err != nil {
		return 0, err
	}
	floor, err := a.bus.AckFloor(ctx, input, stage)
	if err != nil || left > 0 && floor < g.From.Seq-1 {
		return 0, err
	}
	i, err := a.bus.Info(ctx, name)
	return max(i.Last, 1), err
}

// copied reports whether a generation has copied what it is to.
func (a *App) copied(ctx context.Context, g generation.Generation, mark uint64) (bool, error) {
	name, _, err := a.copiesFrom(g)
	if err != nil || name == "" || mark == 0 {
		return name == "", err
	}
	left, err := a.bus.Waiting(ctx, name, "copy"+suffix(g.N))
	if errors.Is(err, ad.ErrNotFound) { // it is about to begin
		return false, nil
	}
	if err != nil || left == 0 {
		return err == nil, err
	}
	floor, err := a.bus.AckFloor(ctx, name, "copy"+suffix(g.N))
	return floor >= mark, err
}

// resultKey is where the bucket PROGRESS keeps what a replay has changed.
func resultKey(g generation.Generation) string { return fmt.Sprintf("result-%d", g.N) }

// mayTakeOver reports whether a generation may serve that has caught up: when it has
// lost nothing to speak of, or a person said so. Else what it has changed is kept for
// whoever asks, and r is to be made again once dead letters were retried.
func (a *App) mayTakeOver(ctx context.Context, g generation.Generation, r *desk.ReplayResult) (bool, error) {
	if r.Lost() == "" {
		return true, nil
	}
	var by string
	if err := a.recall(ctx, acceptKey(g), &by); err != nil || by != "" {
		return err == nil, err
	}
	var kept desk.ReplayResult
	if err := a.recall(ctx, resultKey(g), &kept); err != nil {
		return false, err
	}
	if !kept.Finished.Equal(r.Finished) {
		a.log.Warn("a replay is held back", "generation", g.N, "why", r.Lost(), "next", "vigil replay --status")
		err := a.bus.Put(ctx, stream.Progress, resultKey(g), encode(*r))
		if r.Coming > 0 { // counted while records came: it is counted anew
			*r = desk.ReplayResult{}
		}
		return false, err
	}
	n, err := a.lettersOf(ctx, g, g.Made())
	if err == nil && n != r.Letters {
		*r = desk.ReplayResult{}
	}
	return false, err
}

// acceptKey is where the bucket PROGRESS keeps who said that a replay that was held
// back is to take over.
func acceptKey(g generation.Generation) string { return fmt.Sprintf("accept-%d", g.N) }

// AcceptReplay lets the generation that is held back take over.
func (a *App) AcceptReplay(ctx context.Context, by string) (desk.Replay, error) {
	if err := a.book.CatchUp(ctx); err != nil {
		return desk.Replay{}, err
	}
	g, ok := a.book.Building()
	if !ok {
		return desk.Replay{}, fmt.Errorf("accept a replay: %w", desk.ErrNoReplay)
	}
	r, err := a.replay(ctx, g)
	if err != nil {
		return r, err
	}
	if r.Result == nil {
		return r, fmt.Errorf("accept a replay: %w: generation %d is still being made", desk.ErrNotHeld, g.N)
	}
	return r, a.bus.Put(ctx, stream.Progress, acceptKey(g), encode(by))
}

// compare counts what people find before and after a replay.
func (a *App) compare(ctx context.Context, g generation.Generation, x index) (r desk.ReplayResult, err error) {
	old, err := a.book.Generation(g.Over)
	if err != nil {
		return r, err
	}
	now, err := a.volume(ctx, old.Index)
	if err != nil {
		return r, err
	}
	defer func() { _ = now.Close() }()
	if r.Before, err = contents(ctx, now); err != nil { // first: the new one has what it has and what comes
		return r, err
	}
	if r.After, err = contents(ctx, x); err != nil {
		return r, err
	}
	if r.Letters, err = a.lettersOf(ctx, g, g.Made()); err != nil {
		return r, err
	}
	if r.LettersBefore, err = a.lettersOf(ctx, old, replacedBy(old, g)); err != nil {
		return r, err
	}
	r.Finished = a.now().UTC()
	return r, nil
}

// lettersOf counts the dead letters of the stages that fill outputs of a generation.
func (a *App) lettersOf(ctx context.Context, g generation.Generation, outputs []generation.Output) (n uint64, err error) {
	i, err := a.bus.Info(ctx, stream.Dead)
	if err != nil {
		return 0, err
	}
	for _, s := range stagesOf(g, outputs) {
		n += i.Subjects["dead."+s]
	}
	return n, nil
}

// replacedBy are the outputs of a generation that the next one does not share.
func replacedBy(old, next generation.Generation) (out []generation.Output) {
	shared := next.Outputs()
	for _, o := range old.Outputs() {
		if !slices.Contains(shared, o) {
			out = append(out, o)
		}
	}
	return out
}

func contents(ctx context.Context, x index) (c desk.Contents, err error) {
	s, err := x.Stats(ctx)
	if err != nil {
		return c, err
	}
	c.Ads, c.Versions, c.Clusters = s.Ads, s.Documents, s.Clusters
	numbers := map[string]bool{}
	for d, err := range x.Dump(ctx) {
		if err != nil {
			return c, err
		}
		for _, p := range d.Ad.Phones {
			if p.Confidence >= desk.Confidence {
				numbers[p.E164] = true
			}
		}
	}
	c.Numbers = len(numbers)
	return c, nil
}

// stagesOf names the stages that fill outputs of a generation, as their dead
// letters do.
func stagesOf(g generation.Generation, outputs []generation.Output) (names []string) {
	for _, o := range outputs {
		switch s := suffix(o.N); o.Base {
		case generation.Listings:
			names = append(names, "extract"+s)
		case generation.Ads:
			names = append(names, "enrich"+s, "alert"+s)
		case generation.Links:
			names = append(names, "link"+s)
		case generation.Index:
			names = append(names, "index-ads"+s, "index-removals"+s, "index-links"+s, "index-labels"+s)
		}
	}
	return append(names, "copy"+suffix(g.N))
}
