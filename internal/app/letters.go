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
	"vigil.example/internal/search/sqlite"
	"vigil.example/internal/stream"
)

// This file is what becomes of dead letters. A letter is gone once its record was
// handled, so that the ledger counts a record once: as stored, as a dead letter or
// as dropped.
//
// Extraction, enrichment and alerts are done here and now, as if the stage had got
// the record: their streams stay as they are, and what other stages have read of
// them stays read. A planned visit goes back to its queue under a new sequence, in
// place of the old one. An index takes the one record. Clusters are a function of
// all ads, so they are made anew.

const (
	letterSubject = "dead."
	// droppedSubject holds what is left of letters that were given up: no record.
	droppedSubject = "dropped."
	// letterHeader is the sequence of the letter that was given up.
	letterHeader = "Vigil-Letter"
	byHeader     = "Vigil-By"
)

// stageOf is the stage of a dead letter; step and gen are what it works for.
func stageOf(m ad.Message) (stage, step string, gen int) {
	_, stage, _ = strings.Cut(m.Subject, ".")
	step, gen = stage, 1
	if i := strings.LastIndex(stage, "-g"); i > 0 {
		if n, err := strconv.Atoi(stage[i+2:]); err == nil {
			step, gen = stage[:i], n
		}
	}
	switch {
	case strings.HasPrefix(step, "crawl-"):
		return stage, "crawl", 1
	case strings.HasPrefix(step, "index-"):
		step = "index"
	}
	return stage, step, gen
}

// letterOf describes a dead letter, without its record.
func letterOf(m ad.Message) desk.Letter {
	stage, step, _ := stageOf(m)
	attempts, _ := strconv.Atoi(m.Header[pipeline.AttemptsHeader])
	n := len(m.Data)
	if bare, err := strconv.Atoi(m.Header[pipeline.BareHeader]); err == nil {
		n = bare
	}
	return desk.Letter{
		ID: m.Seq, Step: step, Stage: stage, Stream: m.Header[pipeline.StreamHeader], Seq: source(m), Reason: m.Header[pipeline.ReasonHeader],
		Attempts: attempts, At: m.Time.UTC(), Bytes: n,
	}
}

// Letters lists dead letters, newest first. It is a desk.Letters, with what
// follows.
func (a *App) Letters(ctx context.Context, step string, before uint64, limit int) (l desk.LetterList, err error) {
	if before == 0 {
		before = 1<<64 - 1
	}
	type kind struct{ step, reason string }
	counts := map[kind]*desk.LetterCount{}
	_, err = a.bus.Replay(ctx, stream.Dead, 0, []string{letterSubject + "*"}, func(m ad.Message) error {
		x := letterOf(m)
		if step != "" && step != x.Step && step != x.Stage {
			return nil
		}
		l.Total++
		k := kind{x.Step, x.Reason}
		if counts[k] == nil {
			counts[k] = &desk.LetterCount{Step: x.Step, Reason: x.Reason, Oldest: x.At}
		}
		counts[k].Count++
		if x.ID >= before || limit <= 0 {
			return nil
		}
		l.Letters = append(l.Letters, x)
		if len(l.Letters) > 2*limit { // the newest are wanted
			l.Letters = slices.Delete(l.Letters, 0, len(l.Letters)-limit-1)
		}
		return nil
	})
	if err != nil {
		return l, err
	}
	if n := len(l.Letters); n > limit {
		l.Letters = l.Letters[n-limit:]
		l.Before = l.Letters[0].ID
	}
	slices.Reverse(l.Letters)
	for _, c := range counts {
		l.Counts = append(l.Counts, *c)
	}
	slices.SortFunc(l.Counts, func(x, y desk.LetterCount) int {
		if x.Count != y.Count {
			return y.Count - x.Count
		}
		return strings.Compare(x.Step+x.Reason, y.Step+y.Reason)
	})
	info, err := a.bus.Info(ctx, stream.Dead)
	l.Dropped = sum(info.Subjects, droppedSubject)
	return l, err
}

// Letter returns one dead letter with its record.
func (a *App) Letter(ctx context.Context, id uint64) (desk.Letter, error) {
	m, err := a.letter(ctx, id)
	if err != nil {
		return desk.Letter{}, err
	}
	l := letterOf(m)
	was, _, err := a.original(ctx, m)
	if err != nil {
		return desk.Letter{}, err
	}
	l.Subject, l.Record = was.Subject, was.Data
	return l, nil
}

func (a *App) letter(ctx context.Context, id uint64) (ad.Message, error) {
	m, err := a.bus.Get(ctx, stream.Dead, id)
	if err == nil && !strings.HasPrefix(m.Subject, letterSubject) {
		err = ad.ErrNotFound
	}
	if err != nil {
		return m, fmt.Errorf("dead letter %d: %w", id, err)
	}
	return m, nil
}

// original is the message of a letter; the data of one that was too big to be kept
// are read where they stand.
func (a *App) original(ctx context.Context, m ad.Message) (was ad.Message, from string, err error) {
	from = m.Header[pipeline.StreamHeader]
	if from != "" && !ofWalk(from) {
		return was, from, fmt.Errorf("dead letter %d says that it comes from stream %s, which no step reads: no step of vigil wrote it; drop it", m.Seq, from)
	}
	if m.Header[pipeline.BareHeader] == "" {
		return pipeline.Restore(m)
	}
	was, err = a.bus.Get(ctx, from, source(m))
	return was, from, err
}

// ofWalk reports whether steps read a stream, so that their letters can come from
// it. Others are no place to read from, to write to or to erase from because a
// letter says so.
func ofWalk(name string) bool {
	base, _, _ := strings.Cut(name, "_")
	return slices.Contains([]string{stream.Frontier, stream.Captures, stream.Listings, stream.Ads, stream.Links}, base)
}

// picked lists the letters that are meant, oldest first.
func (a *App) picked(ctx context.Context, p desk.LetterPick) (ids []uint64, err error) {
	if !p.All {
		return p.IDs, nil
	}
	_, err = a.bus.Replay(ctx, stream.Dead, 0, []string{letterSubject + "*"}, func(m ad.Message) error {
		if stage, step, _ := stageOf(m); p.Step == "" || p.Step == step || p.Step == stage {
			ids = append(ids, m.Seq)
		}
		return nil
	})
	return ids, err
}

// lettering runs f while no other process works on dead letters.
func (a *App) lettering(ctx context.Context, f func(context.Context) error) error {
	a.letters.Lock()
	defer a.letters.Unlock()
	l, err := a.bus.Lease(ctx, "dead-letters", stream.LeaseOptions{Owner: a.owner, Sole: a.cfg.sole()})
	if err != nil {
		return err
	}
	defer func() { _ = l.Release(context.WithoutCancel(ctx)) }()
	if err := a.settleLetters(l.Context()); err != nil {
		return err
	}
	return f(l.Context())
}

// finishLetters carries through, at the start, what of dead letters was cut off.
func (a *App) finishLetters(ctx context.Context) error {
	err := a.lettering(ctx, func(context.Context) error { return nil })
	if err != nil && ctx.Err() == nil {
		a.log.Warn("carrying through work on dead letters; the next retry or drop does it", "err", err)
	}
	return nil
}

// work does something with every letter that is picked.
func (a *App) work(ctx context.Context, p desk.LetterPick, f func(context.Context, ad.Message) error) (w desk.LetterWork, err error) {
	err = a.lettering(ctx, func(ctx context.Context) error {
		ids, err := a.picked(ctx, p)
		if err != nil {
			return err
		}
		for _, id := range ids {
			m, err := a.letter(ctx, id)
			if errors.Is(err, ad.ErrNotFound) {
				w.Gone = append(w.Gone, id)
				continue
			}
			if w.Total++; err == nil {
				err = f(ctx, m)
			}
			switch {
			case err == nil:
				w.Done++
			case ctx.Err() != nil:
				return context.Cause(ctx)
			case len(w.Failed) < desk.MaxFailed:
				w.Failed = append(w.Failed, desk.LetterFailure{ID: id, Why: err.Error()})
			}
		}
		return nil
	})
	return w, err
}

// Drop gives dead letters up.
func (a *App) Drop(ctx context.Context, p desk.LetterPick, reason, by string) (desk.LetterWork, error) {
	return a.work(ctx, p, func(ctx context.Context, m ad.Message) error {
		stage, _, _ := stageOf(m)
		left := ad.Message{Subject: droppedSubject + stage, ID: fmt.Sprintf("dropped:%d", m.Seq), Data: []byte("{}"), Header: map[string]string{
			pipeline.SourceHeader: m.Header[pipeline.SourceHeader], pipeline.StreamHeader: m.Header[pipeline.StreamHeader],
			pipeline.ReasonHeader: reason, byHeader: by, letterHeader: strconv.FormatUint(m.Seq, 10),
		}}
		if err := a.bus.Publish(ctx, []ad.Message{left}); err != nil {
			return err
		}
		_, err := a.bus.Erase(ctx, stream.Dead, []uint64{m.Seq})
		return err
	})
}

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
		x, err := sqlite.Open(ctx, a.indexFile(g.Index), sqlite.Options{Beside: true})
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

// lettersOfFile stores dead letters of an index file. What one file could not take
// is a letter once more when the next one cannot either.
type lettersOfFile struct {
	pipeline.Sink
	file string
}

// Publish stores letters.
func (l lettersOfFile) Publish(ctx context.Context, msgs []ad.Message) error {
	msgs = slices.Clone(msgs)
	for i := range msgs {
		msgs[i].ID += ":" + l.file
	}
	return l.Sink.Publish(ctx, msgs)
}

// freshLetters takes away the letters of an index that is begun anew: it reads
// everything again, and will have letters of its own.
func (a *App) freshLetters(ctx context.Context, g generation.Generation, x *sqlite.Index) error {
	for _, source := range []string{"ads", "removals", "links"} {
		if at, err := x.Position(ctx, source); err != nil || at > 0 {
			return err
		}
	}
	s := suffix(g.Index)
	return a.dropLettersOf(ctx, []string{"index-ads" + s, "index-removals" + s, "index-links" + s})
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

// lettered are the sequences of the messages of which a stage has given up: they
// lie in dead letters, or were dropped.
func (a *App) lettered(ctx context.Context, stage string) (map[uint64]bool, error) {
	seqs := map[uint64]bool{}
	_, err := a.bus.Replay(ctx, stream.Dead, 0, []string{letterSubject + stage, droppedSubject + stage}, func(m ad.Message) error {
		seqs[source(m)] = true
		return nil
	})
	return seqs, err
}

// carryLetters takes over letters of a stage for the same stage of another
// generation, and what is left of those that were dropped.
func (a *App) carryLetters(ctx context.Context, was, is string, want func(ad.Message) bool) error {
	there, err := a.lettered(ctx, is)
	if err != nil {
		return err
	}
	var out []ad.Message
	_, err = a.bus.Replay(ctx, stream.Dead, 0, []string{letterSubject + was, droppedSubject + was}, func(m ad.Message) error {
		if there[source(m)] || !want(m) {
			return nil
		}
		kind, _, _ := strings.Cut(m.Subject, ".")
		h := maps.Clone(m.Header)
		delete(h, letterHeader)
		out = append(out, ad.Message{Subject: kind + "." + is, ID: fmt.Sprintf("carried:%s:%d", is, m.Seq), Data: m.Data, Header: h})
		return nil
	})
	if err != nil {
		return err
	}
	return a.bus.Publish(ctx, out)
}

// dropLettersOf takes away the letters of stages that will not work again, and
// what is left of those that were dropped: the generation that replaces theirs
// has taken up the records itself.
func (a *App) dropLettersOf(ctx context.Context, stages []string) error {
	filter := make([]string, 0, 2*len(stages))
	for _, s := range stages {
		filter = append(filter, letterSubject+s, droppedSubject+s)
	}
	var seqs []uint64
	_, err := a.bus.Replay(ctx, stream.Dead, 0, filter, func(m ad.Message) error {
		seqs = append(seqs, m.Seq)
		return nil
	})
	if err != nil {
		return err
	}
	_, err = a.bus.Erase(ctx, stream.Dead, seqs)
	return err
}
