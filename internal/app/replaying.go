package app

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/generation"
	"vigil.example/internal/pipeline"
	"vigil.example/internal/search/sqlite"
	"vigil.example/internal/stream"
)

// This file is what a replay needs beside the stages, which run a second time
// with other outputs: what lies before its beginning is copied, what has left the
// captures stream is read from the sealed files, and when everything has caught
// up, search is switched over.

// copiedHeader marks a record that was taken over from the generation before.
const copiedHeader = "Vigil-Copied"

// begins is the sequence at which a step of a generation begins to read: that of
// the replay if it is the replayed step, else the beginning.
func (a *App) begins(g generation.Generation, gen int, step string) uint64 {
	if gen == g.N && string(g.Step) == step {
		return g.From.Seq
	}
	return 0
}

// copyBefore takes over from the generation before what the replayed step made of
// messages before the replay's beginning.
func (a *App) copyBefore(ctx context.Context, g generation.Generation, step, base string, gen int) error {
	if string(g.Step) != step || g.N != gen || g.From.Seq <= 1 {
		return nil
	}
	old := a.book.Serving()
	from := map[string]int{stream.Listings: old.Listings, stream.Ads: old.Ads}[base]
	if from == gen { // switched already: what there was to copy was copied
		return nil
	}
	part := "copy" + suffix(gen)
	return a.leased(ctx, part, func(ctx context.Context, _ *stream.Lease) error {
		return a.stage(ctx, stageSpec{
			name: part, from: stream.Named(base, from), sink: a.bus.Pen(gen), config: a.stageConfig("copy"),
			step: func(_ context.Context, m ad.Message) ([]ad.Message, error) {
				n, err := strconv.ParseUint(m.Header[pipeline.SourceHeader], 10, 64)
				if m.Header[copiedHeader] == "" && (err != nil || n >= g.From.Seq) {
					return nil, nil
				}
				return []ad.Message{{Subject: m.Subject, ID: m.ID, Data: m.Data, Header: map[string]string{
					pipeline.SourceHeader: m.Header[pipeline.SourceHeader], copiedHeader: "1",
				}}}, nil
			},
		})
	})
}

// extractSealed reads again the captures that have left the stream. It goes
// through the sealed files once, leaving out what was made before it was stopped.
func (a *App) extractSealed(ctx context.Context, s stageSpec) error {
	return a.leased(ctx, "sealed-"+s.name, func(ctx context.Context, _ *stream.Lease) error {
		t, err := a.trimmed(ctx)
		if err != nil {
			return err
		}
		var at linked
		key := "sealed-" + s.name
		if err := a.recall(ctx, key, &at); err != nil {
			return err
		}
		if t.To == 0 || at.UpTo >= t.To {
			<-ctx.Done()
			return nil
		}
		if a.archive == nil {
			return errors.New("captures of this replay lie in sealed files: run role extract with the data folder that holds them (--data), too")
		}
		sealed, err := a.archive.List(ctx)
		if err != nil {
			return err
		}
		for _, f := range sealed {
			if f.To <= at.UpTo || f.From > t.To {
				continue
			}
			var out []ad.Message
			for it, err := range a.archive.Each(ctx, f) {
				if err != nil {
					return err
				}
				if it.Seq < s.start || it.Seq > t.To || it.Capture.Via != ad.ViaCrawl && it.Capture.Via != ad.ViaImport {
					continue
				}
				m := captureMessage(it.Capture, "", it.Records)
				m.Seq = it.Seq
				made, err := s.step(ctx, m)
				if err != nil {
					letter := pipeline.Letter(s.name, stream.Captures, m, err)
					if err := a.bus.Publish(ctx, []ad.Message{letter}); err != nil {
						return err
					}
					continue
				}
				for i := range made {
					made[i].Header = map[string]string{pipeline.SourceHeader: strconv.FormatUint(it.Seq, 10), copiedHeader: "1"}
				}
				out = append(out, made...)
			}
			if err := s.sink.Publish(ctx, out); err != nil {
				return err
			}
			at.UpTo = f.To
			if err := a.bus.Put(ctx, stream.Progress, key, encode(at)); err != nil {
				return err
			}
		}
		<-ctx.Done()
		return nil
	})
}

// caughtUp is how many records a new generation may be behind when search is
// switched over: what the walk does in a moment.
const caughtUp = 64

// switchWhenReady switches search to a generation once it has caught up, and does
// away with what only the one before needed.
func (a *App) switchWhenReady(ctx context.Context, g generation.Generation, x *sqlite.Index) error {
	t := time.NewTicker(500 * time.Millisecond)
	defer t.Stop()
	for quiet := 0; quiet < 3; {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		p, err := a.behind(ctx, g, x)
		if err != nil {
			if ctx.Err() == nil {
				a.log.Warn("looking how far a replay is", "err", err)
			}
			continue
		}
		if p.Waiting <= caughtUp {
			quiet++
		} else {
			quiet = 0
		}
	}
	if err := a.book.Switch(ctx, g.N); err != nil {
		return fmt.Errorf("switch to generation %d: %w", g.N, err)
	}
	<-ctx.Done()
	return nil
}

// A ReplayProgress says how far a generation that is being built has come.
type ReplayProgress struct {
	Generation int    `json:"generation"`
	Step       string `json:"step"`
	State      string `json:"state"`
	Done       uint64 `json:"done"`    // records of the new generation's ads that are searchable
	Waiting    uint64 `json:"waiting"` // records on their way, over all steps
}

// behind counts what is still on its way in a generation.
func (a *App) behind(ctx context.Context, g generation.Generation, x interface {
	Position(context.Context, string) (uint64, error)
}) (p ReplayProgress, err error) {
	p = ReplayProgress{Generation: g.N, Step: string(g.Step), State: string(g.State)}
	r := reader{a: a, ctx: ctx}
	serving := a.book.Serving()
	listings, ads, links := stream.Named(stream.Listings, g.Listings), stream.Named(stream.Ads, g.Ads), stream.Named(stream.Links, g.Links)
	if g.Listings != serving.Listings {
		p.Waiting += r.waiting(stream.Captures, "extract"+suffix(g.Listings), r.info(stream.Captures).Messages)
		t, err := a.trimmed(ctx)
		r.note(err)
		var at linked
		r.note(a.recall(ctx, "sealed-extract"+suffix(g.Listings), &at))
		p.Waiting += behind(t.To, at.UpTo)
	}
	if g.Ads != serving.Ads {
		p.Waiting += r.waiting(listings, "enrich"+suffix(g.Ads), r.info(listings).Messages)
	}
	if (g.Step == generation.StepExtract || g.Step == generation.StepEnrich) && g.From.Seq > 1 && g.Ads != serving.Ads {
		base, gen, old := stream.Ads, g.Ads, serving.Ads
		if g.Step == generation.StepExtract {
			base, gen, old = stream.Listings, g.Listings, serving.Listings
		}
		from := stream.Named(base, old)
		p.Waiting += r.waiting(from, "copy"+suffix(gen), r.info(from).Messages)
	}
	var at linked
	r.note(a.recall(ctx, "link"+suffix(g.Links), &at))
	last := r.info(ads).Last
	p.Waiting += behind(last, at.UpTo)
	indexed, err := x.Position(ctx, "ads")
	r.note(err)
	p.Done = indexed
	p.Waiting += behind(last, indexed)
	linksAt, err := x.Position(ctx, "links")
	r.note(err)
	newest, err := a.bus.LastOf(ctx, links, "link.change")
	if !errors.Is(err, ad.ErrNotFound) {
		r.note(err)
		p.Waiting += behind(newest.Seq, linksAt)
	}
	return p, r.err
}
