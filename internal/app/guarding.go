package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/generation"
	"vigil.example/internal/search"
	"vigil.example/internal/stream"
)

// This file sees to it that the index is whole or not asked: a file that was
// deleted, cut or written over is made anew from the streams, and one that is
// being made is not searched, because it would say of most ads that they are not
// there.

// builtSource is the position that says whether an index has once held all that
// the streams held: 1 from then on.
const builtSource = "built"

// ends are the sequences that an index must have reached to hold what the streams
// hold now, by source.
func (a *App) ends(ctx context.Context, g generation.Generation) (map[string]uint64, error) {
	out := map[string]uint64{}
	for source, of := range map[string][2]string{
		"removals": {stream.Named(stream.Listings, g.Listings), "outcome.*.removed"},
		"links":    {stream.Named(stream.Links, g.Links), "link.change"},
		"labels":   {stream.Decisions, a.labels.Subjects()},
	} {
		m, err := a.bus.LastOf(ctx, of[0], of[1])
		if err != nil && !errors.Is(err, ad.ErrNotFound) {
			return nil, err
		}
		out[source] = m.Seq
	}
	var err error
	out["ads"], err = a.newestAd(ctx, stream.Named(stream.Ads, g.Ads))
	return out, err
}

// complete marks an index that has reached the ends; false when it has not yet.
func complete(ctx context.Context, x index, ends map[string]uint64) (bool, error) {
	if n, err := x.Position(ctx, builtSource); err != nil || n > 0 {
		return n > 0, err
	}
	for source, end := range ends {
		if at, err := x.Position(ctx, source); err != nil || at < end {
			return false, err
		}
	}
	return true, x.Apply(ctx, builtSource, 1, nil)
}

// The whole file is read some time after the start, which is not slower for it, and
// then now and again: damage in a part that nobody reads is found before somebody
// needs it.
const (
	checkAfter = 10 * time.Second
	checkEvery = time.Hour
)

// guardIndex ends the writing of an index whose file was deleted, replaced or
// damaged, or that another process has taken over. It marks the index when it is
// complete, and reads all of it every hour, and whenever a reader has met damage.
func (a *App) guardIndex(ctx context.Context, g generation.Generation, x index) error {
	ends, err := a.ends(ctx, g)
	if err != nil {
		return err
	}
	t := time.NewTicker(tendEvery)
	defer t.Stop()
	built, look := false, a.now().Add(checkAfter)
	for {
		if !built {
			if built, err = complete(ctx, x, ends); err != nil && ctx.Err() == nil {
				return fmt.Errorf("the index is opened anew: %w", err)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		err := x.Intact()
		if err == nil && (a.now().After(look) || a.met(ctx, g, x)) {
			err = x.Check(ctx)
			look = a.now().Add(checkEvery)
		}
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("the index is opened anew: %w", err)
		}
	}
}

// damageKey is where a reader notes the id of an index in which it met damage.
func damageKey(gen int) string { return "damaged" + suffix(gen) }

// met reports whether a reader has met damage in an index, once.
func (a *App) met(ctx context.Context, g generation.Generation, x index) bool {
	e, err := a.bus.Value(ctx, stream.Progress, damageKey(g.Index))
	if err != nil || string(e.Value) != x.ID() {
		return false
	}
	if err := a.bus.Delete(ctx, stream.Progress, damageKey(g.Index)); err != nil && ctx.Err() == nil {
		a.log.Warn("looking after the index", "err", err)
	}
	return true
}

// An over ends a follower whose index is to be opened anew.
type over struct{ error }

func (o over) Unwrap() error { return o.error }
func (over) Final() bool     { return true }

// overWhen makes errors final after which this open index is of no use.
func overWhen(err error) error {
	if errors.Is(err, search.ErrDamaged) || errors.Is(err, search.ErrFenced) {
		return over{err}
	}
	return err
}

// clear removes an index that has come to harm, if it is still this process that
// keeps it. Readers keep what they have open; a file in its place has other locks,
// so that they hold nobody up.
func (a *App) clear(ctx context.Context, g generation.Generation, l *stream.Lease, err error) error {
	if !errors.Is(err, search.ErrDamaged) || !l.Held() {
		return err
	}
	return errors.Join(err, a.engine.remove(context.WithoutCancel(ctx), g.Index))
}
