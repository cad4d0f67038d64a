package app

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"vigil.example/internal/ad"
	"vigil.example/internal/desk"
	"vigil.example/internal/generation"
	"vigil.example/internal/stream"
)

// This file says how far a replay has come, and what is in its way.

// A progressed says how far a generation that is being built has come.
type progressed struct {
	Done, Total uint64 // records, over all steps that are replayed
	Waiting     uint64 // of them that are there already
	Sealed      uint64 // captures in sealed files, about
}

// progressOf counts what is still on its way in a generation. What a step gives
// the next one is not known before: until it is done, it is taken to be as much as
// in the generation before.
func (a *App) progressOf(ctx context.Context, g generation.Generation, x interface {
	Position(context.Context, string) (uint64, error)
}) (p progressed, err error) {
	r := reader{a: a, ctx: ctx}
	old, err := a.book.Generation(g.Over)
	if err != nil {
		return p, err
	}
	over := true // every step so far has read all there is
	step := func(all, before, waiting uint64) {
		waiting = min(waiting, all)
		done := all - waiting
		if !over {
			all = max(all, before)
		}
		p.Done, p.Total, p.Waiting = p.Done+done, p.Total+all, p.Waiting+waiting
		over = over && waiting == 0
	}
	listings, ads, links := serves(g, stream.Listings), serves(g, stream.Ads), serves(g, stream.Links)
	if g.Listings == g.N {
		pages := pagesOf(r.info(stream.Captures).Subjects)
		t, err := a.trimmed(ctx)
		r.note(err)
		var at linked
		r.note(a.recall(ctx, sealedKey(g), &at))
		step(pages, 0, r.waiting(stream.Captures, stageName(generation.StepExtract, g), pages))
		if t.To > 0 && t.To >= g.From.Seq {
			left := behind(t.To, at.UpTo)
			all := pagesOf(t.Subjects)
			p.Waiting, p.Sealed = p.Waiting+left, left // of sequences; those of pages are fewer
			if done := all - min(all, left); over {
				p.Done, p.Total = p.Done+done, p.Total+all
			} else {
				p.Total += all
			}
			over = over && left == 0
		}
	}
	if g.Ads == g.N {
		all := sum(r.info(listings).Subjects, "listing.")
		step(all, sum(r.info(serves(old, stream.Listings)).Subjects, "listing."), r.waiting(listings, stageName(generation.StepEnrich, g), all))
	}
	from, _, err := a.copiesFrom(g)
	if r.note(err); from != "" {
		i := r.info(from)
		step(i.Messages, 0, r.waiting(from, "copy"+suffix(g.N), i.Messages))
	}
	last, before := r.info(ads), r.info(serves(old, stream.Ads)).Messages
	if g.Links == g.N {
		var at linked
		r.note(a.recall(ctx, stageName(generation.StepLink, g), &at))
		step(last.Messages, before, max(behind(last.Last, at.UpTo), a.unsolved(at)))
	}
	at := func(source string) uint64 {
		n, err := x.Position(ctx, source)
		r.note(err)
		return n
	}
	step(last.Messages, before, behind(last.Last, at("ads")))
	p.Waiting += behind(r.newest(links, "link.change"), at("links"))
	p.Waiting += behind(r.newest(listings, "outcome.*.removed"), at("removals"))
	_, decided, _ := a.corrections.Since(at(correctedSource))
	_, labelled, _ := a.labels.Since(at("labels"))
	p.Waiting += decided + labelled
	return p, r.err
}

// pagesOf counts the captures among the subjects of CAPTURES that are extracted.
func pagesOf(subjects map[string]uint64) uint64 {
	return sum(subjects, "capture.crawl.") + sum(subjects, "capture.import.")
}

// Replays tells which generation serves and how far the one under way has come.
// It is a desk.Replayer, with StartReplay, AcceptReplay and CancelReplay.
func (a *App) Replays(ctx context.Context) (desk.Replays, error) {
	if err := a.book.CatchUp(ctx); err != nil {
		return desk.Replays{}, err
	}
	out := desk.Replays{Serving: a.book.Serving()}
	g, ok := a.book.Building()
	if !ok {
		all := a.book.All()
		if g = all[len(all)-1]; g.N == 1 {
			return out, nil
		}
	}
	r, err := a.replay(ctx, g)
	out.Replay = &r
	return out, err
}

// replay tells of one generation that is or was made by a replay.
func (a *App) replay(ctx context.Context, g generation.Generation) (desk.Replay, error) {
	r := desk.Replay{Generation: g}
	if g.State == generation.Planned || g.State == generation.Building {
		processes, err := a.roll(ctx)
		if err != nil {
			return r, err
		}
		if r.Trouble = notRun(processes, needs(string(g.Step))); r.Trouble == "" {
			r.Trouble = a.troubleOf(g, processes)
		}
	}
	switch g.State {
	case generation.Planned:
		return r, nil
	case generation.Building:
	default:
		var res desk.ReplayResult
		if err := a.recall(ctx, resultKey(g), &res); err != nil {
			return r, err
		}
		if !res.Finished.IsZero() {
			r.Result = &res
		}
		return r, nil
	}
	x, err := a.engine.open(ctx, g.Index, opening{readOnly: true})
	if errors.Is(err, ad.ErrNotFound) {
		return r, nil // in a moment
	}
	if err != nil {
		return r, fmt.Errorf("look at generation %d: %w", g.N, err)
	}
	defer func() { _ = x.Close() }()
	p, err := a.progressOf(ctx, g, x)
	r.Done, r.Total, r.Waiting = p.Done, p.Total, p.Waiting
	if err != nil {
		return r, err
	}
	var res desk.ReplayResult
	if err := a.recall(ctx, resultKey(g), &res); err != nil {
		return r, err
	}
	if r.Held = res.Lost(); r.Held != "" {
		r.Result = &res
	}
	return r, nil
}

// troubleOf says what of a generation fails again and again.
func (a *App) troubleOf(g generation.Generation, processes []desk.Process) string {
	for _, p := range processes {
		for _, t := range p.Troubles {
			if p.Silent == 0 && strings.HasSuffix(t.Part, suffix(g.N)) {
				return t.Part + ": " + t.Error
			}
		}
	}
	return ""
}
