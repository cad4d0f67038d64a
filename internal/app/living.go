package app

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"vigil.example/internal/ad"
	"vigil.example/internal/desk"
	"vigil.example/internal/stream"
)

const (
	liveEvery = 10 * time.Second       // how often who listens hears that there is nothing
	liveLook  = 100 * time.Millisecond // how often the index is asked whether it has taken in what came
	liveBatch = 200
)

// Arrivals tells of ads that the index that is searched has taken in; see
// desk.Arrivals. It reads the stream that fills the index, and waits for the index.
func (a *App) Arrivals(ctx context.Context, after desk.Place, f func(desk.Place, []*ad.Ad) error) error {
	gen := a.book.Serving().Ads
	if after == (desk.Place{}) {
		at, err := a.shelf.Position(ctx, "ads")
		if err != nil {
			return err
		}
		after = desk.Place{Generation: gen, Seq: at}
	}
	if after.Generation != gen {
		return desk.ErrRenewed
	}
	type batch struct {
		upTo uint64
		ads  []*ad.Ad
	}
	come := make(chan batch)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		name := stream.Named(stream.Ads, gen)
		return a.bus.Tail(ctx, name, after.Seq+1, nil, liveBatch, func(ms []ad.Message) error {
			b := batch{upTo: ms[len(ms)-1].Seq}
			for _, m := range ms {
				// What cannot be read is a dead letter of the index.
				if x, err := a.fresh.ad(gen, m); err == nil && !a.erased.Covers(x.AdID) {
					b.ads = append(b.ads, x)
				}
			}
			select {
			case come <- b:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	})
	g.Go(func() error {
		if err := f(after, nil); err != nil {
			return err
		}
		beat, look := time.NewTicker(liveEvery), time.NewTicker(liveLook)
		defer beat.Stop()
		defer look.Stop()
		var held *batch // came, and the index may not have it yet
		for {
			from := come
			if held != nil {
				from = nil
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case b := <-from:
				held = &b
			case <-look.C:
			case <-beat.C:
				if err := f(after, nil); err != nil {
					return err
				}
			}
			if a.book.Serving().Ads != gen {
				return desk.ErrRenewed
			}
			if held == nil {
				continue
			}
			at, err := a.shelf.Position(ctx, "ads")
			if waiting(err) || err == nil && at < held.upTo {
				continue
			} else if err != nil {
				return err
			}
			after.Seq = held.upTo
			if err := f(after, held.ads); err != nil {
				return err
			}
			held = nil
		}
	})
	return g.Wait()
}
