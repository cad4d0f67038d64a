package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"vigil.example/internal/ad"
	"vigil.example/internal/desk"
	"vigil.example/internal/generation"
	"vigil.example/internal/pipeline"
	"vigil.example/internal/stream"
)

// This file is what becomes of dead letters. A letter is gone once its record was
// handled, so that the ledger counts a record once: as stored, as a dead letter or
// as dropped.

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
func (a *App) freshLetters(ctx context.Context, g generation.Generation, x index) error {
	for _, source := range []string{"ads", "removals", "links", "labels"} {
		if at, err := x.Position(ctx, source); err != nil || at > 0 {
			return err
		}
	}
	s := suffix(g.Index)
	return a.dropLettersOf(ctx, []string{"index-ads" + s, "index-removals" + s, "index-links" + s, "index-labels" + s})
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
