package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/desk"
	"vigil.example/internal/generation"
	"vigil.example/internal/link"
	"vigil.example/internal/pipeline"
	"vigil.example/internal/search"
	"vigil.example/internal/stream"
)

// This file is how records of dead letters go through their step once more.
//
// Extraction, enrichment and alerts are done here and now, as if the stage had got
// the record: their streams stay as they are, and what other stages have read of
// them stays read. A planned visit goes back to its queue under a new sequence, in
// place of the old one. An index takes the one record. Clusters are a function of
// all ads, so they are made anew.

// A retry says what was there when a letter's record was taken up again, so that
// one that is cut off is carried through without making anything twice.
type retry struct {
	Stage string `json:"stage"`
	Last  uint64 `json:"last"` // of the stream that the outputs go to
}

const retryPrefix = "retry-"

func retryKey(letter uint64) string { return retryPrefix + strconv.FormatUint(letter, 10) }

// settleLetters carries through what was cut off: letters that are given up and
// still there, and retries.
func (a *App) settleLetters(ctx context.Context) error {
	var gone []uint64
	_, err := a.bus.Replay(ctx, stream.Dead, 0, []string{droppedSubject + "*"}, func(m ad.Message) error {
		if n, err := strconv.ParseUint(m.Header[letterHeader], 10, 64); err == nil {
			gone = append(gone, n)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if _, err := a.bus.Erase(ctx, stream.Dead, gone); err != nil {
		return err
	}
	keys, err := a.bus.Keys(ctx, stream.Progress)
	if err != nil {
		return err
	}
	for _, key := range keys {
		id, err := strconv.ParseUint(strings.TrimPrefix(key, retryPrefix), 10, 64)
		if err != nil || !strings.HasPrefix(key, retryPrefix) {
			continue
		}
		if err := a.settleRetry(ctx, id); err != nil {
			a.log.Warn("carrying through the retry of a dead letter", "id", id, "err", err)
		}
	}
	return nil
}

func (a *App) settleRetry(ctx context.Context, id uint64) error {
	m, err := a.letter(ctx, id)
	if err == nil {
		err = a.retry(ctx, m)
		if _, failed := errors.AsType[again](err); failed { // it stays, as if nobody had tried
			return nil
		}
		return err
	}
	if !errors.Is(err, ad.ErrNotFound) {
		return err
	}
	var r retry
	if err := a.recall(ctx, retryKey(id), &r); err != nil {
		return err
	}
	if _, step, gen := stageOf(ad.Message{Subject: letterSubject + r.Stage}); step == "link" {
		if err := a.relink(ctx, gen, id); err != nil {
			return err
		}
	}
	return a.bus.Delete(ctx, stream.Progress, retryKey(id))
}

// Retry takes the records of dead letters through their step once more.
func (a *App) Retry(ctx context.Context, p desk.LetterPick) (desk.LetterWork, error) {
	return a.work(ctx, p, a.retry)
}

// again is an error of a step that was tried once more.
type again struct{ error }

func (e again) Unwrap() error { return e.error }

func (a *App) retry(ctx context.Context, m ad.Message) error {
	stage, step, gen := stageOf(m)
	was, from, err := a.original(ctx, m)
	if err != nil {
		return err
	}
	g, err := a.usedBy(step, gen)
	if err != nil {
		return err
	}
	switch step {
	case "crawl":
		return a.requeue(ctx, m, stage)
	case "extract":
		return a.redo(ctx, m, was, redoing{stage, extractStep(a.extract, a.erased, gen, a.fresh), a.bus.Pen(gen), stream.Named(stream.Listings, gen)})
	case "enrich":
		return a.redo(ctx, m, was, redoing{stage, enrichStep(a.chain, a.erased, g.Listings, gen, a.fresh), a.bus.Pen(gen), stream.Named(stream.Ads, gen)})
	case "alert":
		return a.redo(ctx, m, was, redoing{stage, alertStep(a.raiser, a.erased, a.corrections, gen, a.fresh), a.bus.Pen(1), stream.Alerts})
	case "index":
		return a.reindex(ctx, m, was, g, from)
	case "link":
		return a.relinkOne(ctx, m, was, g)
	}
	return errors.New("this step takes nothing again by itself: the links of a page are offered anew when it is visited next, a copy when the replay begins anew; drop the letter")
}

// usedBy is the newest generation in use that has the output of a stage.
func (a *App) usedBy(step string, gen int) (generation.Generation, error) {
	base := map[string]string{"extract": generation.Listings, "enrich": generation.Ads, "alert": generation.Ads, "link": generation.Links, "index": generation.Index}[step]
	for _, g := range slices.Backward(a.book.All()) {
		used := g.State == generation.Serving || g.State == generation.Building
		if used && (base == "" || slices.Contains(g.Outputs(), generation.Output{Base: base, N: gen})) {
			return g, nil
		}
	}
	return generation.Generation{}, fmt.Errorf("generation %d, for which it was to be handled, is no longer used; drop the letter", gen)
}

// done takes a letter away whose record was handled.
func (a *App) done(ctx context.Context, m ad.Message) error {
	if _, err := a.bus.Erase(ctx, stream.Dead, []uint64{m.Seq}); err != nil {
		return err
	}
	return a.bus.Delete(ctx, stream.Progress, retryKey(m.Seq))
}

// begin notes that a letter's record is being taken up again. When that was noted
// before, it returns what was noted then.
func (a *App) begin(ctx context.Context, m ad.Message, stage, to string) (r retry, before bool, err error) {
	e, err := a.bus.Value(ctx, stream.Progress, retryKey(m.Seq))
	if err == nil {
		r, err = decodeValue[retry](e.Value)
		return r, true, err
	}
	if !errors.Is(err, ad.ErrNotFound) {
		return r, false, err
	}
	info, err := a.bus.Info(ctx, to)
	if err != nil {
		return r, false, err
	}
	r = retry{stage, info.Last}
	return r, false, a.bus.Put(ctx, stream.Progress, retryKey(m.Seq), encode(r))
}

// redoing is a step as its stage does it.
type redoing struct {
	stage string
	step  pipeline.Step
	sink  pipeline.Sink
	to    string
}

// retryLimit is how long one step may take when it is tried again.
const retryLimit = time.Minute

// redo does a step for the record of a letter, stores what follows from it as the
// stage would have, and takes the letter away.
func (a *App) redo(ctx context.Context, m, was ad.Message, d redoing) error {
	r, before, err := a.begin(ctx, m, d.stage, d.to)
	if err != nil {
		return err
	}
	out, err := tried(ctx, d.step, was)
	if err != nil && !errors.Is(err, pipeline.Skip) {
		if derr := a.bus.Delete(ctx, stream.Progress, retryKey(m.Seq)); derr != nil {
			return derr
		}
		return again{err}
	}
	stored := map[string]bool{}
	if before {
		_, err := a.bus.Replay(ctx, d.to, r.Last+1, nil, func(x ad.Message) error {
			stored[x.ID] = true
			return nil
		})
		if err != nil {
			return err
		}
	}
	out = slices.DeleteFunc(out, func(x ad.Message) bool { return stored[x.ID] })
	for i := range out {
		h := maps.Clone(out[i].Header)
		if h == nil {
			h = map[string]string{}
		}
		h[pipeline.SourceHeader], h[copiedHeader] = strconv.FormatUint(was.Seq, 10), "retried"
		out[i].Header = h
	}
	if err := d.sink.Publish(ctx, out); err != nil {
		return err
	}
	return a.done(ctx, m)
}

// tried runs a step, and says so when it panics.
func tried(ctx context.Context, step pipeline.Step, m ad.Message) (out []ad.Message, err error) {
	ctx, cancel := context.WithTimeout(ctx, retryLimit)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			out, err = nil, fmt.Errorf("the program failed on it: %v", p)
		}
	}()
	m.Attempt = 1
	return step(ctx, m)
}

// requeue puts a planned visit back to the end of the queue.
func (a *App) requeue(ctx context.Context, m ad.Message, stage string) error {
	fresh, to, replaces, err := pipeline.Again(m)
	if err != nil {
		return err
	}
	if to != stream.Frontier || !strings.HasPrefix(fresh.Subject, "frontier.") {
		return errors.New("it holds no planned visit; drop the letter")
	}
	r, before, err := a.begin(ctx, m, stage, to)
	if err != nil {
		return err
	}
	queued := false
	if before {
		_, err := a.bus.Replay(ctx, to, r.Last+1, []string{fresh.Subject}, func(x ad.Message) error {
			queued = queued || x.ID == fresh.ID
			return nil
		})
		if err != nil {
			return err
		}
	}
	if !queued {
		if err := a.bus.Publish(ctx, []ad.Message{fresh}); err != nil {
			return err
		}
	}
	if _, err := a.bus.Erase(ctx, to, []uint64{replaces}); err != nil {
		return err
	}
	return a.done(ctx, m)
}

// reindex brings the record of a letter into an index, beside its writer.
func (a *App) reindex(ctx context.Context, m, was ad.Message, g generation.Generation, from string) error {
	read := removalChange
	switch base, _, _ := strings.Cut(from, "_"); base {
	case stream.Ads:
		read = versionChange(g.Ads, a.erased, a.fresh)
	case stream.Links:
		read = linkChange
	}
	step := func(ctx context.Context, was ad.Message) ([]ad.Message, error) {
		c, err := read(was)
		if err != nil {
			return nil, err
		}
		x, err := a.engine.open(ctx, g.Index, opening{beside: true})
		if err != nil {
			return nil, err
		}
		defer func() { _ = x.Close() }()
		return nil, x.Apply(ctx, "letters", m.Seq, []search.Change{c})
	}
	if _, err := tried(ctx, step, was); err != nil {
		return again{err}
	}
	return a.done(ctx, m)
}

// relinkOne has the clusters made anew, with the ad of a letter, once it is known
// that it can be linked.
func (a *App) relinkOne(ctx context.Context, m, was ad.Message, g generation.Generation) error {
	step := func(_ context.Context, was ad.Message) ([]ad.Message, error) {
		x, err := a.fresh.ad(g.Ads, was)
		if err == nil {
			link.New(a.cfg.Link).Add(x)
		}
		return nil, err
	}
	if _, err := tried(ctx, step, was); err != nil {
		return again{err}
	}
	stage, _, gen := stageOf(m)
	if _, _, err := a.begin(ctx, m, stage, stream.Dead); err != nil {
		return err
	}
	// The linker leaves out what lies in a letter, so the letter goes first.
	if _, err := a.bus.Erase(ctx, stream.Dead, []uint64{m.Seq}); err != nil {
		return err
	}
	if err := a.relink(ctx, gen, m.Seq); err != nil {
		return err
	}
	return a.bus.Delete(ctx, stream.Progress, retryKey(m.Seq))
}

// relinkKey is where the bucket PROGRESS keeps for which letter the clusters of a
// generation were last to be made anew.
func relinkKey(gen int) string { return "relink" + suffix(gen) }

func (a *App) relink(ctx context.Context, gen int, letter uint64) error {
	return a.bus.Put(ctx, stream.Progress, relinkKey(gen), encode(letter))
}

// onRelink calls f once the clusters of a generation are to be made anew for
// another letter than the last.
func (a *App) onRelink(ctx context.Context, gen int, last uint64, f func()) {
	for attempt := 1; ctx.Err() == nil; attempt++ {
		err := a.bus.Watch(ctx, stream.Progress, func(e stream.Entry) error {
			if e.Key != relinkKey(gen) || e.Deleted {
				return nil
			}
			if now, err := decodeValue[uint64](e.Value); err != nil || now != last {
				f()
			}
			return nil
		})
		if err != nil && ctx.Err() == nil {
			a.log.Warn("watching for letters to link again", "err", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pipeline.Backoff(time.Second, attempt)):
		}
	}
}
