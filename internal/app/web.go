package app

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"
)

// noteEvery is how often the head of the audit log is written down beside the
// streams.
const noteEvery = 5 * time.Second

// runWeb serves the pages and the API, where an address to listen on is
// configured, and keeps what they show up to date.
func (a *App) runWeb(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return a.followHome(ctx) })
	g.Go(func() error { return a.noteHeads(ctx) })
	g.Go(func() error { return a.finishLetters(ctx) })
	if a.cfg.Listen != "" {
		g.Go(func() error { return a.serve(ctx, a.ready) })
	}
	return g.Wait()
}

func (a *App) noteHeads(ctx context.Context) error {
	t := time.NewTicker(noteEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
			if err := a.noteHead(); err != nil {
				a.log.Warn("noting the head of the audit log", "err", err)
			}
		}
	}
}
