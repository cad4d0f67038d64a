package app

import (
	"context"
	"testing"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/casework"
	"vigil.example/internal/stream"
)

// A subscription that ended, or was erased, while those before it were checked tells
// nobody anything.
func TestEndedSubscriptionIsNotChecked(t *testing.T) {
	const number = "+19125550101"
	c := openCorrected(t, saved(1, "912-555-0101", time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)))
	c.must(c.while(t.Context(), func(ctx context.Context) error {
		c.rest(ctx)
		s, err := c.docket.Subscribe(ctx, casework.Order{User: analyst.User, Value: ad.Value{Kind: "phone", Value: number}, Purpose: "p-1", Known: []string{c.one(ctx, number)}})
		c.must(err)
		c.must(c.docket.End(ctx, analyst.User, s.ID))
		s.Known = nil // as if the ad had come meanwhile
		other := s
		other.ID = "nobody-s"
		c.must(c.checkOne(ctx, s))
		c.must(c.checkOne(ctx, other))
		c.rest(ctx)
		if got := c.alerts(); len(got) != 0 {
			t.Errorf("alerts of what has ended: %+v", got)
		}
		return nil
	}))
}

// Who waits until nothing is on its way waits for those who follow streams, too.
func TestFollowersAreWaitedFor(t *testing.T) {
	c := openCorrected(t)
	f := &follower{stream: stream.Decisions}
	c.followers.Store(f, nil)
	heard := func() bool {
		t.Helper()
		r := &reader{a: c.App, ctx: t.Context()}
		ok := c.heard(r)
		c.must(r.err)
		return ok
	}
	if !heard() {
		t.Error("it waits for nothing")
	}
	_, err := c.docket.Subscribe(t.Context(), casework.Order{User: analyst.User, Value: ad.Value{Kind: "phone", Value: "+19125550101"}, Purpose: "p-1"})
	c.must(err)
	if heard() {
		t.Error("it does not wait for who has not heard of a decision")
	}
	m, err := c.bus.LastOf(t.Context(), stream.Decisions, ">")
	c.must(err)
	f.at.Store(m.Seq)
	if !heard() {
		t.Error("it waits for who has heard of everything")
	}
}
