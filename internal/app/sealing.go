package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/capture"
	"vigil.example/internal/stream"
)

// The archive seals a WARC file when enough has come together, or after a while.
const (
	sealMessages = 5000
	sealAfter    = 15 * time.Minute
)

func (a *App) runArchive(ctx context.Context) error {
	t := time.NewTicker(5 * time.Second)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
			if err := a.noteHead(); err != nil {
				a.log.Warn("noting the head of the audit log", "err", err)
			}
			if err := a.Seal(ctx, false); err != nil && ctx.Err() == nil {
				a.log.Warn("sealing captures, will be tried again", "err", err)
			}
		}
	}
}

// Seal packs captures that are not yet in a sealed WARC file; all of them, or
// only when there are many or they are old.
func (a *App) Seal(ctx context.Context, all bool) error {
	a.sealing.Lock()
	defer a.sealing.Unlock()
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
			m, err := a.bus.Get(ctx, stream.Captures, from)
			if err != nil {
				return err
			}
			if time.Since(m.Time) < sealAfter {
				return nil
			}
		}
		s, err := a.archive.Seal(ctx, from, to, a.items(ctx, from, to))
		if err != nil {
			return err
		}
		b, err := json.Marshal(s)
		if err != nil {
			return fmt.Errorf("note the sealed file: %w", err)
		}
		if err := a.bus.Publish(ctx, []ad.Message{{Subject: "archive.sealed", ID: fmt.Sprintf("sealed:%d-%d", s.From, s.To), Data: b}}); err != nil {
			return err
		}
		from = to + 1
	}
	return nil
}

// items reads the captures of a range of the stream; refusals are no captures.
func (a *App) items(ctx context.Context, from, to uint64) iter.Seq2[capture.Item, error] {
	return func(yield func(capture.Item, error) bool) {
		stop := fmt.Errorf("enough")
		_, err := a.bus.Replay(ctx, stream.Captures, from, []string{"capture.*.*"}, func(m ad.Message) error {
			if m.Seq > to {
				return stop
			}
			p, err := capture.Open(m.Data)
			if err != nil { // extraction has put it into the dead letters, whole
				a.log.Error("a capture cannot be read and is left out of the sealed file", "seq", m.Seq, "err", err)
				return nil
			}
			if !yield(capture.Item{Capture: p.Capture, Seq: m.Seq, Records: m.Data}, nil) {
				return stop
			}
			return nil
		})
		if err != nil && !errors.Is(err, stop) {
			yield(capture.Item{}, err)
		}
	}
}
