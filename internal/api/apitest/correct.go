package apitest

import (
	"context"
	"testing"

	"vigil.example/internal/casework"
	"vigil.example/internal/enrich/correction"
	"vigil.example/internal/search"
)

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
