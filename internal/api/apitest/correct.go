package apitest

import (
	"context"
	"testing"

	"vigil.example/internal/ad"
	"vigil.example/internal/casework"
	"vigil.example/internal/enrich/correction"
	"vigil.example/internal/search"
)

// label gives the town's ads their labels in the index whenever one is given or taken
// back, as the walk would, until the test ends.
func (t *Town) label(tb testing.TB, l *casework.Labels, index search.Index) {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	tb.Cleanup(func() { stop(); <-done })
	go func() {
		defer close(done)
		for {
			changed := l.Changed()
			for i := range t.Ads {
				standing, newest := l.Of(t.Ads[i].AdID)
				if newest == 0 {
					continue
				}
				c := search.Change{Seq: newest, Labels: &ad.Labels{AdID: t.Ads[i].AdID, Names: casework.LabelNames(standing)}}
				if err := index.Apply(ctx, "labels", newest, []search.Change{c}); err != nil && ctx.Err() == nil {
					tb.Errorf("label an ad: %v", err)
				}
			}
			select {
			case <-ctx.Done():
				return
			case <-changed:
			}
		}
	}()
}

// follow reads the town's ads again whenever a correction is made, as the walk
// would, until the test ends.
func (t *Town) follow(tb testing.TB, c *casework.Corrections, index search.Index) {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	tb.Cleanup(func() { stop(); <-done })
	go func() {
		defer close(done)
		for {
			changed := c.Changed()
			for i := range t.Ads {
				x := t.Ads[i]
				standing, newest := c.Of(x.AdID)
				if newest == 0 {
					continue
				}
				correction.Apply(&x, standing, newest)
				if err := index.Apply(ctx, "corrections", newest, []search.Change{{Seq: newest, Version: &x}}); err != nil && ctx.Err() == nil {
					tb.Errorf("correct an ad: %v", err)
				}
			}
			select {
			case <-ctx.Done():
				return
			case <-changed:
			}
		}
	}()
}
