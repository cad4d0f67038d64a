package app

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"sync"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/capture"
	"vigil.example/internal/generation"
	"vigil.example/internal/pipeline"
	"vigil.example/internal/stream"
)

// runSealed extracts again, for a generation that is being built, the captures
// that have left their stream. It is done where the sealed files are.
func (a *App) runSealed(ctx context.Context) error {
	part := func(g generation.Generation) int { return g.Listings }
	return a.generations(ctx, part, func(ctx context.Context, g generation.Generation) error {
		if g.N == 1 || g.Listings != g.N {
			return nil
		}
		return a.building(ctx, g, func(ctx context.Context) error {
			return a.leased(ctx, sealedKey(g), func(ctx context.Context, _ *stream.Lease) error { return a.extractSealed(ctx, g) })
		})
	})
}

// sealedKey is where the bucket PROGRESS keeps up to which capture the sealed
// files are extracted for a generation.
func sealedKey(g generation.Generation) string { return "sealed-extract" + suffix(g.N) }

func (a *App) extractSealed(ctx context.Context, g generation.Generation) error {
	s := a.extractSpec(g)
	old, err := a.book.Generation(g.Over)
	if err != nil {
		return err
	}
	u := &unsealer{a: a, g: g, was: stageName(generation.StepExtract, old), is: s.name, handed: map[uint64]handed{}, wake: make(chan struct{}, 1)}
	if err := a.recall(ctx, sealedKey(g), &u.at); err != nil {
		return err
	}
	defer u.close()
	step := func(ctx context.Context, m ad.Message) ([]ad.Message, error) {
		out, err := s.step(ctx, m)
		for i := range out {
			out[i].Header = map[string]string{copiedHeader: "sealed"}
		}
		return out, err
	}
	st := &pipeline.Stage{
		Name: s.name, Stream: stream.Captures, Step: step, From: u, To: s.sink, Dead: a.bus.Pen(1), Written: u.written,
		Config: s.config, Log: a.log, Meter: a.meter,
	}
	return st.Run(ctx)
}

// An unsealer hands out the captures that have left the stream, in the order of
// the stream, and remembers which files are done. It is a pipeline.Source.
type unsealer struct {
	a       *App
	g       generation.Generation
	was, is string // the stage that extracts, in the generation before and in this one

	next func() (unsealed, error, bool) // of the pass under way; nil between two
	stop func()

	mu     sync.Mutex
	at     linked // up to where everything is done
	seqs   map[uint64]bool
	ids    map[string]bool
	handed map[uint64]handed
	back   []ad.Message // to be handed out once more
	files  []unsealedFile
	wake   chan struct{}
}

// An unsealed is a message or, without a subject, the end of a file.
type unsealed struct {
	m    ad.Message
	upTo uint64
}

type handed struct {
	m    ad.Message
	file uint64
}

// An unsealedFile is a file of which some messages may be under way.
type unsealedFile struct {
	upTo uint64
	left int
	read bool // to its end
}

// lookForSealed is how often it is looked whether more captures have left the
// stream meanwhile.
const lookForSealed = 2 * time.Second

// Fetch hands out what is there, or waits.
func (u *unsealer) Fetch(ctx context.Context, max int) (out []ad.Message, err error) {
	for {
		if out = u.again(max); len(out) > 0 {
			return out, nil
		}
		if u.next == nil {
			if err := u.open(ctx); err != nil {
				return nil, err
			}
		}
		for u.next != nil && len(out) < max {
			x, err, ok := u.next()
			switch {
			case !ok:
				u.close()
			case err != nil:
				u.close()
				return out, fmt.Errorf("read sealed captures again: %w", err)
			default:
				if m, ok := u.note(x); ok {
					out = append(out, m)
				}
			}
		}
		if err := u.keep(ctx); err != nil {
			return out, err
		}
		if len(out) > 0 {
			return out, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-u.wake:
		case <-time.After(lookForSealed):
		}
	}
}

func (u *unsealer) again(max int) []ad.Message {
	u.mu.Lock()
	defer u.mu.Unlock()
	n := min(max, len(u.back))
	out := u.back[:n:n]
	u.back = u.back[n:]
	return out
}

// note books what was read from a file.
func (u *unsealer) note(x unsealed) (ad.Message, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if n := len(u.files); n == 0 || u.files[n-1].read {
		u.files = append(u.files, unsealedFile{})
	}
	f := &u.files[len(u.files)-1]
	f.upTo = x.upTo
	if x.m.Subject == "" {
		f.read = true
		return x.m, false
	}
	f.left++
	u.handed[x.m.Seq] = handed{x.m, x.upTo}
	return x.m, true
}

// keep stores how far everything is done.
func (u *unsealer) keep(ctx context.Context) error {
	u.mu.Lock()
	was := u.at
	for len(u.files) > 0 && u.files[0].read && u.files[0].left == 0 {
		u.at.UpTo = u.files[0].upTo
		u.files = u.files[1:]
	}
	now := u.at
	u.mu.Unlock()
	if now == was {
		return nil
	}
	return u.a.bus.Put(ctx, stream.Progress, sealedKey(u.g), encode(now))
}

// Ack takes note that messages are done.
func (u *unsealer) Ack(seqs ...uint64) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, seq := range seqs {
		h, ok := u.handed[seq]
		if !ok {
			continue
		}
		delete(u.handed, seq)
		for i := range u.files {
			if u.files[i].upTo == h.file {
				u.files[i].left--
			}
		}
	}
	u.signal()
	return nil
}

// Nak hands a message out again after the delay.
func (u *unsealer) Nak(seq uint64, delay time.Duration) error {
	time.AfterFunc(delay, func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		if h, ok := u.handed[seq]; ok {
			h.m.Attempt++
			u.handed[seq] = h
			u.back = append(u.back, h.m)
			u.signal()
		}
	})
	return nil
}

// Extend has nothing to do: nobody else gets these messages.
func (u *unsealer) Extend(...uint64) error { return nil }

func (u *unsealer) signal() {
	select {
	case u.wake <- struct{}{}:
	default:
	}
}

// written is what the stage knows to be stored: it keeps that itself.
func (u *unsealer) written(context.Context) (pipeline.Outputs, error) {
	return pipeline.Outputs{Done: u.made, Known: u.known}, nil
}

func (u *unsealer) made(seq uint64) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.seqs[seq]
}

func (u *unsealer) known(id string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.ids[id]
}

func (u *unsealer) close() {
	if u.stop != nil {
		u.stop()
	}
	u.next, u.stop = nil, nil
}

// open begins a pass over what has left the stream since the last one, if that
// is done. The consumer of the stream was made before the first, so that what
// leaves the stream later was read from it, or is found here.
func (u *unsealer) open(ctx context.Context) error {
	u.mu.Lock()
	after, busy := u.at.UpTo, len(u.files) > 0
	u.mu.Unlock()
	t, err := u.a.trimmed(ctx)
	if err != nil || busy || t.To <= after {
		return err
	}
	info, err := u.a.bus.Info(ctx, stream.Captures)
	if err != nil || info.First <= t.To { // noted, not gone yet
		return err
	}
	within := func(seq uint64) bool { return seq > after && seq <= t.To }
	seqs, ids, err := u.a.madeOf(ctx, stream.Named(stream.Listings, u.g.N), u.is, within)
	if err != nil {
		return err
	}
	u.mu.Lock()
	u.seqs, u.ids = seqs, ids
	u.mu.Unlock()
	u.next, u.stop = iter.Pull2(u.read(ctx, after, t.To))
	return nil
}

// madeOf tells what a generation has of a range of captures: those that are done,
// with an outcome or a dead letter, and outputs of others.
func (a *App) madeOf(ctx context.Context, listings, stage string, within func(uint64) bool) (seqs map[uint64]bool, ids map[string]bool, err error) {
	seqs, ids = map[uint64]bool{}, map[string]bool{}
	_, err = a.bus.Replay(ctx, listings, 0, nil, func(m ad.Message) error {
		switch n := source(m); {
		case !within(n):
		case m.Subject[0] == 'o': // its outcome, the last
			seqs[n] = true
		default:
			ids[m.ID] = true
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	_, err = a.bus.Replay(ctx, stream.Dead, 0, []string{"dead." + stage, "dropped." + stage}, func(m ad.Message) error {
		if n := source(m); within(n) {
			seqs[n] = true
		}
		return nil
	})
	return seqs, ids, err
}

// read gives the captures of a range from the sealed files. One that could not be
// opened is in none of them: it lies in its dead letter.
func (u *unsealer) read(ctx context.Context, after, to uint64) iter.Seq2[unsealed, error] {
	return func(yield func(unsealed, error) bool) {
		sealed, err := u.a.archive.List(ctx)
		if err != nil {
			yield(unsealed{}, err)
			return
		}
		for _, f := range sealed {
			if f.To <= after || f.From > to {
				continue
			}
			// Of the last file some captures may still be in the stream.
			from, upTo := max(f.From, after+1, u.g.From.Seq), min(f.To, to)
			if upTo >= from && !u.readFile(ctx, f, from, upTo, yield) {
				return
			}
			if !yield(unsealed{upTo: upTo}, nil) {
				return
			}
		}
	}
}

// readFile gives the captures of a range of one file.
func (u *unsealer) readFile(ctx context.Context, f capture.Sealed, from, upTo uint64, yield func(unsealed, error) bool) bool {
	seen := map[uint64]bool{}
	for it, err := range u.a.archive.Each(ctx, f) {
		if err != nil {
			yield(unsealed{}, err)
			return false
		}
		seen[it.Seq] = true
		if it.Seq < from || it.Seq > upTo || !isPage(it.Capture) {
			continue
		}
		m := captureMessage(it.Capture, "", it.Records)
		m.Seq, m.Attempt = it.Seq, 1
		if !yield(unsealed{m, upTo}, nil) {
			return false
		}
	}
	lost, err := u.letters(ctx, func(seq uint64) bool { return seq >= from && seq <= upTo && !seen[seq] })
	if err != nil {
		yield(unsealed{}, err)
		return false
	}
	for _, m := range lost {
		m.Attempt = 1
		if !yield(unsealed{m, upTo}, nil) {
			return false
		}
	}
	return true
}

// isPage reports whether a capture is one that is extracted: not what a site
// allows, which is fetched outside of any planned visit.
func isPage(c ad.Capture) bool {
	if c.Via != ad.ViaCrawl {
		return c.Via == ad.ViaImport
	}
	return c.Visit != 0 || c.Depth != 0 || !strings.HasSuffix(c.URL, "/robots.txt")
}

// letters are the captures that lie in dead letters of the generation before.
// Those that were given up, or were too big to be kept there, stay what they are.
func (u *unsealer) letters(ctx context.Context, want func(uint64) bool) (out []ad.Message, err error) {
	lies := map[uint64]bool{}
	_, err = u.a.bus.Replay(ctx, stream.Dead, 0, []string{"dead." + u.was}, func(m ad.Message) error {
		if !want(source(m)) {
			return nil
		}
		if was, from, err := pipeline.Restore(m); err == nil && from == stream.Captures {
			out = append(out, was)
			lies[was.Seq] = true
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, u.a.carryLetters(ctx, u.was, u.is, func(m ad.Message) bool { return want(source(m)) && !lies[source(m)] })
}
