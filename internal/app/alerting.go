package app

import (
	"context"
	"errors"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"vigil.example/internal/ad"
	"vigil.example/internal/casework"
	"vigil.example/internal/desk"
	"vigil.example/internal/generation"
	"vigil.example/internal/query"
	"vigil.example/internal/stream"
)

// runAlert matches the ads of the generation that serves. After a switch it goes
// over all ads of the new one: what a replay has found is told once people can
// see it, and what was told is not told again.
func (a *App) runAlert(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return a.followHome(ctx) })
	g.Go(func() error {
		part := func(generation.Generation) int { return a.book.Serving().Ads }
		return a.generations(ctx, part, func(ctx context.Context, g generation.Generation) error {
			name := "alert" + suffix(g.Ads)
			return a.keep(ctx, name, func(ctx context.Context) error {
				return a.stage(ctx, stageSpec{
					name: name, from: stream.Named(stream.Ads, g.Ads), sink: a.bus.Pen(1),
					step: alertStep(a.raiser, a.erased, a.corrections, g.Ads, a.fresh), config: a.stageConfig("alert"),
				})
			})
		})
	})
	g.Go(func() error { return a.tellLate(ctx) })
	g.Go(func() error { return a.tellLateSearches(ctx) })
	return g.Wait()
}

// tellLate looks, some seconds after a subscription was made and once at the
// start for all, whether an ad slipped through between the index that was asked
// what is known and the matching that did not know the subscription yet.
func (a *App) tellLate(ctx context.Context) error {
	for a.shelf.gen() == 0 { // the index is not there yet
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(tendEvery):
		}
	}
	a.check(ctx, a.docket.Active())
	for {
		var some []ad.Subscription
		select {
		case <-ctx.Done():
			return nil
		case s := <-a.late:
			some = append(some, s)
		}
		for more := true; more; { // thousands may be made at once
			select {
			case s := <-a.late:
				some = append(some, s)
			default:
				more = false
			}
		}
		for _, pause := range []time.Duration{0, 5 * time.Second} {
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(pause):
			}
			a.check(ctx, some)
		}
	}
}

// check raises what subscriptions have not been told: ads that carry their values
// and were not known when they were made. What was told is not told again. Those that
// may be on their way to the index are told first; the index is asked for the others
// at leisure, so that thousands do not keep it from what arrives.
func (a *App) check(ctx context.Context, subs []ad.Subscription) {
	if len(subs) == 0 {
		return
	}
	if err := a.bus.Publish(ctx, alertMessages(a.raiser.LateAll(subs))); err != nil && ctx.Err() == nil {
		a.log.Warn("checking subscriptions", "err", err)
	}
	for i, s := range subs {
		began := time.Now()
		if err := a.checkOne(ctx, s); err != nil && ctx.Err() == nil {
			a.log.Warn("checking a subscription", "id", s.ID, "err", err)
		}
		if i < len(subs)-1 && !rest(ctx, time.Since(began)) { // half of a core at most
			return
		}
	}
}

// checkOne asks the index what a subscription has not been told. One that has ended or
// was erased since it was listed, with thousands before it, is left alone.
func (a *App) checkOne(ctx context.Context, s ad.Subscription) error {
	now, err := a.docket.Subscription(s.ID)
	if errors.Is(err, ad.ErrNotFound) {
		return nil
	}
	if err != nil || !now.Ended.IsZero() {
		return err
	}
	ids, err := a.shelf.ByValue(ctx, s.Value, desk.MaxKnown)
	if err != nil {
		return err
	}
	known := make(map[string]bool, len(s.Known))
	for _, id := range s.Known {
		known[id] = true
	}
	var ads []ad.Ad
	for _, id := range ids {
		if known[id] {
			continue
		}
		docs, _, err := a.shelf.Versions(ctx, id)
		if err != nil {
			return err
		}
		for i := range docs {
			ads = append(ads, docs[i].Ad)
		}
	}
	return a.bus.Publish(ctx, alertMessages(a.raiser.Check(s, ads)))
}

// lately is how long before a start an alert on a saved search may have been made
// for the start to look whether an ad slipped past it.
const lately = 24 * time.Hour

// tellLateSearches does for saved searches what tellLate does for values. The index
// may be behind, so it is asked several times.
func (a *App) tellLateSearches(ctx context.Context) error {
	for a.shelf.gen() == 0 {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(tendEvery):
		}
	}
	_, all := a.docket.Alerting(0)
	for _, s := range all {
		if slices.ContainsFunc(s.Alerts, func(x casework.SearchAlert) bool { return a.now().Sub(x.Since) < lately }) {
			a.checkSearch(ctx, s.ID)
		}
	}
	type look struct {
		id   string
		at   time.Time
		left []time.Duration
	}
	var due []look
	for {
		var next <-chan time.Time
		if len(due) > 0 {
			next = time.After(time.Until(due[0].at))
		}
		select {
		case <-ctx.Done():
			return nil
		case id := <-a.lateSearches:
			due = append(due, look{id, time.Now(), []time.Duration{5 * time.Second, time.Minute, 10 * time.Minute}})
		case <-next:
			l := due[0]
			due = due[1:]
			a.checkSearch(ctx, l.id)
			if len(l.left) > 0 {
				due = append(due, look{l.id, time.Now().Add(l.left[0]), l.left[1:]})
			}
		}
		slices.SortStableFunc(due, func(x, y look) int { return x.at.Compare(y.at) })
	}
}

// checkSearch raises what those who have an alert on a saved search have not been
// told: documents that match it and were not known when the alert was made.
func (a *App) checkSearch(ctx context.Context, id string) {
	err := a.raiseLate(ctx, id)
	if err != nil && ctx.Err() == nil {
		a.log.Warn("checking an alert on a saved search", "id", id, "err", err)
	}
}

func (a *App) raiseLate(ctx context.Context, id string) error {
	s, err := a.docket.Saved(id)
	if err != nil || !s.Deleted.IsZero() || len(s.Alerts) == 0 {
		return nil // it was erased, or ended
	}
	n, err := query.Parse(s.Query)
	if err != nil {
		return nil // written by a program whose language had more
	}
	for doc, err := range a.shelf.Walk(ctx, n, "") {
		if err != nil {
			return err
		}
		alerts := a.raiser.CheckSearch(s, []ad.Document{doc})
		if len(alerts) == 0 || a.erased.Covers(doc.Ad.AdID) {
			continue
		}
		if err := a.bus.Publish(ctx, alertMessages(alerts)); err != nil {
			return err
		}
	}
	return nil
}
