package app

import (
	"context"
	"fmt"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"vigil.example/internal/ad"
	"vigil.example/internal/stream"
)

// This file keeps what every process knows of other processes' decisions true:
// the events of journals are followed and applied as they come.

// follow applies the events of a stream after a sequence as they come.
func (a *App) follow(ctx context.Context, name string, at uint64, apply func(m ad.Message) error) error {
	f := &follower{stream: name}
	f.at.Store(at)
	a.followers.Store(f, nil)
	defer a.followers.Delete(f)
	return a.keep(ctx, "follow-"+name, func(ctx context.Context) error {
		return a.bus.Tail(ctx, name, at+1, nil, 256, func(ms []ad.Message) error {
			for _, m := range ms {
				if err := apply(m); err != nil {
					a.log.Error("an event cannot be applied and is left out", "stream", name, "seq", m.Seq, "err", err)
				}
				at = m.Seq
				f.at.Store(at)
			}
			return nil
		})
	})
}

// A follower is where one who follows a stream is.
type follower struct {
	stream string
	at     atomic.Uint64
}

// heard reports whether everybody in this process who follows a stream has applied its
// newest event.
func (a *App) heard(r *reader) bool {
	for f := range a.followers.Range {
		if f := f.(*follower); r.newest(f.stream, ">") > f.at.Load() {
			return false
		}
	}
	return true
}

// followBooks follows what every role must know: which generations live, what was
// erased and corrected, and what sites add to their pages.
func (a *App) followBooks(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		return a.follow(ctx, stream.Generations, 0, func(m ad.Message) error { return a.book.Apply(m.Seq, m.Subject, m.Data) })
	})
	g.Go(func() error {
		return a.follow(ctx, stream.Erasures, 0, func(m ad.Message) error { return a.erased.Apply(m.Seq, m.Subject, m.Data) })
	})
	g.Go(func() error { return a.followRulings(ctx) })
	g.Go(func() error { return a.forget(ctx) })
	g.Go(func() error { return a.followModels(ctx) })
	return g.Wait()
}

// forget clears what this process holds in memory of ads that were erased.
func (a *App) forget(ctx context.Context) error {
	for {
		changed := a.erased.Changed()
		ids := a.erased.AdIDs()
		a.fresh.clear()
		if err := a.forgetRulings(ctx); err != nil && ctx.Err() == nil {
			a.log.Warn("forgetting what was decided about erased ads", "err", err)
		}
		if a.inbox != nil {
			a.inbox.Forget(ids)
			a.raiser.Forget(ids)
			if a.desk != nil {
				a.desk.ForgetLookups()
			}
			if _, err := a.docket.Forget(ctx, anyValue); err != nil && ctx.Err() == nil {
				a.log.Warn("forgetting decisions about erased numbers", "err", err)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
	}
}

// followHome follows users, decisions and alerts, and tends the index that people
// search, once however many roles of this process ask for it.
func (a *App) followHome(ctx context.Context) error {
	if !a.following.CompareAndSwap(false, true) {
		<-ctx.Done()
		return nil
	}
	defer a.following.Store(false)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return a.tend(ctx) })
	g.Go(func() error {
		return a.follow(ctx, stream.Access, a.register.Position(), func(m ad.Message) error { return a.register.Apply(m.Seq, m.Subject, m.Data) })
	})
	g.Go(func() error {
		return a.follow(ctx, stream.Decisions, a.docket.Position(), func(m ad.Message) error { return a.docket.Apply(m.Seq, m.Subject, m.Data) })
	})
	g.Go(func() error {
		return a.follow(ctx, stream.Alerts, a.told, func(m ad.Message) error {
			if err := a.inbox.Apply(m.Seq, m.Data); err != nil {
				return fmt.Errorf("alert: %w", err)
			}
			return nil
		})
	})
	return g.Wait()
}
