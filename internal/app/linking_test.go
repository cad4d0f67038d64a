package app

import (
	"context"
	"testing"

	"vigil.example/internal/ad"
	"vigil.example/internal/stream"
)

// An ad that cannot be read becomes a dead letter of the linker also when the linker
// that meets it makes all clusters anew.
func TestUnreadableAdOfALinkerThatBeginsAnew(t *testing.T) {
	c := crawlTown(t, 60, nil)
	c.must(c.while(t.Context(), func(ctx context.Context) error { c.rest(ctx); return nil }))
	c.must(c.bus.Publish(t.Context(), []ad.Message{
		{Subject: "ad.poison", ID: "unreadable", Data: []byte("no record")},
		{Subject: "link.change", ID: "of no version", Data: []byte("no record")},
	}))
	info, err := c.bus.Info(t.Context(), stream.Ads)
	c.must(err)
	c.must(c.while(t.Context(), func(ctx context.Context) error { return c.Settle(ctx, nil) }))
	left, err := c.lettered(t.Context(), "link")
	c.must(err)
	if len(left) != 1 || !left[info.Last] {
		t.Errorf("dead letters of the linker: %v, want one of %d", left, info.Last)
	}
}
