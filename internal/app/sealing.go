package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"time"

	"golang.org/x/sync/errgroup"

	"vigil.example/internal/ad"
	"vigil.example/internal/capture"
	"vigil.example/internal/pipeline"
	"vigil.example/internal/stream"
)

// The archive seals a WARC file when enough has come together, or after a while.
const (
	sealMessages = 5000
	sealAfter    = 15 * time.Minute
	sealBehind   = 4 * sealMessages // so much to seal that it is done as fast as it can be
)

// A pacer makes work that nobody waits for rest as long as it works: sealing a
// file would otherwise hold a processor for seconds while ads are on their way.
type pacer struct {
	since   time.Time
	hurried bool
}

// hurry says whether somebody waits. Like rest it is called by who holds the work.
func (p *pacer) hurry(yes bool) { p.hurried, p.since = yes, time.Now() }

// rest is called between small pieces of the work.
func (p *pacer) rest() {
	if worked := time.Since(p.since); !p.hurried && worked > 2*time.Millisecond {
		time.Sleep(min(worked, 20*time.Millisecond))
		p.since = time.Now()
	}
}

func (a *App) runArchive(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return a.followHome(ctx) }) // erasing asks for holds and clusters
	g.Go(func() error { return a.leased(ctx, "archive", a.keepArchive) })
	g.Go(func() error { return a.runSealed(ctx) })
	if len(a.cfg.Index.URLs) > 0 { // role index may be where there are no sealed files
		g.Go(func() error { return a.leased(ctx, "generations", a.turn) })
	}
	return g.Wait()
}

// keepArchive seals, and lets captures leave the stream that were sealed long
// enough ago.
func (a *App) keepArchive(ctx context.Context, _ *stream.Lease) error {
	pen, err := a.bus.Fenced(ctx, "archive", 1, stream.Archive)
	if err != nil {
		return err
	}
	t := time.NewTicker(5 * time.Second)
	defer t.Stop()
	for {
		changed := a.erased.Changed()
		err := a.eraseOrders(ctx)
		if err == nil {
			err = a.seal(ctx, pen, false)
		}
		if err == nil {
			err = a.trim(ctx, pen)
		}
		if stopped(err) {
			return err
		}
		if err != nil && ctx.Err() == nil {
			a.health.set("archive", stateFailing, err)
			a.log.Warn("keeping the archive, will be tried again", "err", err)
		} else {
			a.health.set("archive", stateRunning, nil)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		case <-changed:
		}
	}
}

// Seal packs all captures that are not yet in a sealed WARC file.
func (a *App) Seal(ctx context.Context) error { return a.seal(ctx, a.bus.Pen(1), true) }

// seal packs captures that are not yet in a sealed WARC file; all of them, or
// only when there are many or they are old.
func (a *App) seal(ctx context.Context, pen pipeline.Sink, all bool) error {
	a.sealing.Lock()
	defer a.sealing.Unlock()
	return a.sealLocked(ctx, pen, all)
}

// sealLocked is seal for who holds a.sealing.
func (a *App) sealLocked(ctx context.Context, pen pipeline.Sink, all bool) error {
	info, err := a.bus.Info(ctx, stream.Captures)
	if err != nil {
		return err
	}
	sealed, err := a.archive.List(ctx)
	if err != nil {
		return err
	}
	from := max(info.First, 1)
	if n := len(sealed); n > 0 {
		from = sealed[n-1].To + 1
	}
	for from <= info.Last {
		to := min(from+sealMessages-1, info.Last)
		if to-from+1 < sealMessages && !all {
			old, err := a.older(ctx, from, sealAfter)
			if err != nil || !old {
				return err
			}
		}
		a.pace.hurry(all || info.Last-to > sealBehind)
		s, err := a.archive.Seal(ctx, from, to, a.items(ctx, from, to))
		if err != nil {
			return err
		}
		b, err := json.Marshal(s)
		if err != nil {
			return fmt.Errorf("note the sealed file: %w", err)
		}
		if err := pen.Publish(ctx, []ad.Message{{Subject: "archive.sealed", ID: fmt.Sprintf("sealed:%d-%d", s.From, s.To), Data: b}}); err != nil {
			return err
		}
		from = to + 1
	}
	return nil
}

// older reports whether the first capture at or after a sequence was stored
// longer ago than that.
func (a *App) older(ctx context.Context, from uint64, than time.Duration) (bool, error) {
	old := false
	_, err := a.bus.Replay(ctx, stream.Captures, from, nil, func(m ad.Message) error {
		old = a.now().Sub(m.Time) >= than
		return errEnough
	})
	if err != nil && !isEnough(err) {
		return false, err
	}
	return old, nil
}

// items reads the captures of a range of the stream; refusals are no captures.
func (a *App) items(ctx context.Context, from, to uint64) iter.Seq2[capture.Item, error] {
	return func(yield func(capture.Item, error) bool) {
		_, err := a.bus.Replay(ctx, stream.Captures, from, []string{"capture.*.*"}, func(m ad.Message) error {
			if m.Seq > to {
				return errEnough
			}
			p, err := capture.Open(m.Data)
			if err != nil { // extraction has put it into the dead letters, whole
				a.log.Error("a capture cannot be read and is left out of the sealed file", "seq", m.Seq, "err", err)
				return nil
			}
			if !yield(capture.Item{Capture: p.Capture, Seq: m.Seq, Records: m.Data}, nil) {
				return errEnough
			}
			return nil
		})
		if err != nil && !isEnough(err) {
			yield(capture.Item{}, err)
		}
	}
}

// errEnough ends a replay that has seen what it wanted.
var errEnough = errors.New("enough")

func isEnough(err error) bool { return errors.Is(err, errEnough) }

// A trimmed record says which captures have left the stream for the sealed files,
// and how many messages of each subject there were in all.
type trimmed struct {
	V        int               `json:"v"`
	To       uint64            `json:"to"`
	Subjects map[string]uint64 `json:"subjects"`
}

// trim lets captures leave the stream that are sealed, read back whole, older
// than the configured time, and read by extraction. The record of it comes first, so that the ledger
// knows what is missing whenever something is.
func (a *App) trim(ctx context.Context, pen pipeline.Sink) error {
	if a.cfg.Keep <= 0 {
		return nil
	}
	a.sealing.Lock()
	defer a.sealing.Unlock()
	before, err := a.trimmed(ctx)
	if err != nil {
		return err
	}
	info, err := a.bus.Info(ctx, stream.Captures)
	if err != nil {
		return err
	}
	if before.To >= info.First && before.To > 0 { // the purge was cut off
		return a.bus.Trim(ctx, stream.Captures, before.To)
	}
	floor, err := a.read(ctx)
	if err != nil {
		return err
	}
	sealed, err := a.archive.List(ctx)
	if err != nil {
		return err
	}
	sealedTo := before.To
	for _, s := range sealed {
		if s.To <= before.To {
			continue
		}
		if s.To > floor || s.To >= info.Last {
			break
		}
		if old, err := a.older(ctx, s.To, a.cfg.Keep); err != nil {
			return err
		} else if !old {
			break
		}
		sealedTo = s.To
	}
	// Where a file of the stream ends, so that none of it stays behind unseen.
	to, err := a.bus.Cut(stream.Captures, sealedTo)
	if err != nil || to <= before.To {
		return err
	}
	for _, s := range sealed {
		if s.To > before.To && s.From <= to {
			if _, err := a.archive.Verify(ctx, s); err != nil {
				return err
			}
		}
	}
	next := trimmed{V: 1, To: to, Subjects: maps.Clone(before.Subjects)}
	if next.Subjects == nil {
		next.Subjects = map[string]uint64{}
	}
	_, err = a.bus.Replay(ctx, stream.Captures, before.To+1, nil, func(m ad.Message) error {
		if m.Seq > to {
			return errEnough
		}
		next.Subjects[m.Subject]++
		return nil
	})
	if err != nil && !isEnough(err) {
		return err
	}
	if err := pen.Publish(ctx, []ad.Message{{Subject: "archive.trimmed", ID: fmt.Sprintf("trimmed:%d", next.To), Data: encode(next)}}); err != nil {
		return err
	}
	return a.bus.Trim(ctx, stream.Captures, next.To)
}

// trimmed is the newest record of what has left the captures stream.
func (a *App) trimmed(ctx context.Context) (t trimmed, err error) {
	m, err := a.bus.LastOf(ctx, stream.Archive, "archive.trimmed")
	if errors.Is(err, ad.ErrNotFound) {
		return t, nil
	}
	if err != nil {
		return t, err
	}
	return decode[trimmed](m)
}

// read is the sequence up to which every live generation has read the captures.
func (a *App) read(ctx context.Context) (uint64, error) {
	if err := a.book.CatchUp(ctx); err != nil {
		return 0, err
	}
	floor := uint64(1<<64 - 1)
	for _, g := range a.book.Live() {
		n, err := a.bus.AckFloor(ctx, stream.Captures, "extract"+suffix(g.Listings))
		if err != nil {
			return 0, err
		}
		floor = min(floor, n)
	}
	return floor, nil
}
