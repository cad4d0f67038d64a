package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/casework"
	"vigil.example/internal/desk"
	"vigil.example/internal/erasure"
	"vigil.example/internal/generation"
	"vigil.example/internal/query"
	"vigil.example/internal/search"
	"vigil.example/internal/site"
	"vigil.example/internal/stream"
)

// saved is an imported page of an ad that gives a number.
func saved(n int, number string, at time.Time) desk.SavedPage {
	return desk.SavedPage{Name: fmt.Sprintf("%d.html", n), SavedAt: at,
		Body: fmt.Appendf(nil, "<title>Oak table %d</title><h1>Oak table %d</h1><p>Solid oak, six seats, number %d of its kind. Call %s.</p>", n, n, n, number)}
}

// An order by age takes what is old, save what is held, what somebody was told of
// and what somebody waits for; the same pages may come back. What was erased by
// name may not.
func TestEraseByAge(t *testing.T) {
	ctx := t.Context()
	a, err := New(ctx, Config{Version: "test", Data: t.TempDir(), Kind: Real, Sites: site.NewSet(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	old, young := time.Date(2024, 3, 1, 12, 0, 0, 0, time.UTC), time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)
	ids := map[string]string{} // ad ids by number
	pages := map[string]desk.SavedPage{
		"+19125550101": saved(1, "912-555-0101", old), "+19125550102": saved(2, "912-555-0102", old), "+19125550103": saved(3, "912-555-0103", old),
		"+19125550104": saved(4, "912-555-0104", young), "+19125550105": saved(5, "912-555-0105", old),
	}
	settle := func(f func(ctx context.Context) error) {
		t.Helper()
		err := a.while(ctx, func(ctx context.Context) error {
			if err := a.Settle(ctx, nil); err != nil {
				return err
			}
			return f(ctx)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range pages {
		if _, err := a.importer.Import(ctx, p); err != nil {
			t.Fatal(err)
		}
	}
	settle(func(ctx context.Context) error {
		for number := range pages {
			found, err := a.shelf.ByValue(ctx, ad.Value{Kind: "phone", Value: number}, 10)
			if err != nil || len(found) != 1 {
				return fmt.Errorf("%d ads give a number of one page, %w", len(found), err)
			}
			ids[number] = found[0]
		}
		return nil
	})
	order := func(o erasure.Order) erasure.Entry {
		t.Helper()
		o.Reason, o.Authority, o.By = "end of retention", "policy", "admin"
		foretold, err := a.Preview(ctx, o)
		if err != nil {
			t.Fatal(err)
		}
		x, err := a.Erase(ctx, o)
		if err != nil {
			t.Fatal(err)
		}
		settle(func(ctx context.Context) error {
			for x.State != erasure.Done {
				changed := a.erased.Changed()
				if x, err = a.Erasure(x.ID); err != nil || x.State == erasure.Done {
					break
				}
				select {
				case <-changed:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			return a.Settle(ctx, nil)
		})
		if l, err := a.ledger(ctx); err != nil || !l.Balanced {
			t.Errorf("the ledger does not balance: %+v, %v", l, err)
		}
		if foretold.Captures != x.Captures || len(foretold.Ads) != x.Ads {
			t.Errorf("foretold were %d ads and %d pages, erased %d and %d", len(foretold.Ads), foretold.Captures, x.Ads, x.Captures)
		}
		return x
	}
	left := func(want ...string) {
		t.Helper()
		for number, id := range ids {
			_, _, err := a.shelf.Versions(ctx, id)
			is, wanted := err == nil, false
			for _, w := range want {
				wanted = wanted || w == number
			}
			if is != wanted {
				t.Errorf("%s is there: %t, want %t (%v)", number, is, wanted, err)
			}
		}
	}

	hold, err := a.docket.Hold(ctx, casework.Hold{Kind: casework.HoldAd, Value: ids["+19125550102"], Reason: "evidence", Authority: "court", By: "admin"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.docket.Subscribe(ctx, casework.Order{User: "admin", Value: ad.Value{Kind: "phone", Value: "+19125550103"}, Purpose: "p"}); err != nil {
		t.Fatal(err)
	}
	x := order(erasure.Order{Kind: erasure.OlderThan, Before: time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC)})
	if x.Ads != 2 || x.Held != 1 || x.Captures != 2 {
		t.Errorf("came to %+v", x)
	}
	left("+19125550102", "+19125550103", "+19125550104")

	// An old page may come again, a named one may not.
	order(erasure.Order{Kind: erasure.ByAd, AdIDs: []string{ids["+19125550104"]}})
	left("+19125550102", "+19125550103")
	if _, err := a.importer.Import(ctx, pages["+19125550104"]); !errors.Is(err, desk.ErrPage) {
		t.Errorf("an erased page was imported again: %v", err)
	}
	if _, err := newImporter(a.bus, a.cfg.Sites, time.Now, a.bars).Import(ctx, saved(1, "912-555-0101", old.Add(time.Hour))); err != nil {
		t.Errorf("a page that was too old: %v", err)
	}
	if _, err := a.docket.Release(ctx, hold.ID, casework.Release{Reason: "over", Authority: "court", By: "admin"}); err != nil {
		t.Fatal(err)
	}
	x = order(erasure.Order{Kind: erasure.ByNumber, Value: "+19125550102"})
	if x.Ads != 1 || x.Held != 0 {
		t.Errorf("came to %+v", x)
	}
	left("+19125550101", "+19125550103")
	if i, err := a.bus.Info(ctx, stream.Captures); err != nil || sum(i.Subjects, "capture.import.") != 2 {
		t.Errorf("captures %+v, %v; want 2", i.Subjects, err)
	}
}

// What a step had in hand when an ad was erased is not stored, and an index that
// reads it later leaves it out.
func TestErasedInHand(t *testing.T) {
	ctx := t.Context()
	a, err := New(ctx, Config{Version: "test", Data: t.TempDir(), Kind: Real, Sites: site.NewSet(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if _, err := a.importer.Import(ctx, saved(1, "912-555-0101", time.Date(2024, 3, 1, 12, 0, 0, 0, time.UTC))); err != nil {
		t.Fatal(err)
	}
	if err := a.while(ctx, func(ctx context.Context) error { return a.Settle(ctx, nil) }); err != nil {
		t.Fatal(err)
	}
	listing, err := a.bus.LastOf(ctx, stream.Listings, "listing.*")
	if err != nil {
		t.Fatal(err)
	}
	version, err := a.bus.LastOf(ctx, stream.Ads, "ad.*")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Erase(ctx, erasure.Order{Kind: erasure.ByAd, AdIDs: []string{idOf(version.Data)}, Reason: "asked for", Authority: "policy", By: "admin"}); err != nil {
		t.Fatal(err)
	}
	a.fresh.clear()
	if out, err := enrichStep(a.chain, a.erased, 1, 1, a.fresh)(ctx, listing); len(out) != 0 || err == nil {
		t.Errorf("enriched %d, %v", len(out), err)
	}
	if _, err := versionChange(1, a.erased, a.fresh)(version); err == nil {
		t.Error("the index takes it")
	}
	if err := a.eraseOrders(ctx); err != nil {
		t.Fatal(err)
	}
	n, err := query.Parse("oak")
	if err != nil {
		t.Fatal(err)
	}
	if r, err := a.shelf.Search(ctx, n, search.Page{Size: 10}); err != nil || r.Total != 0 {
		t.Errorf("%d ads, %v", r.Total, err)
	}
}

// What a replay has just given up still holds the ad on disk: the order is done
// when that is deleted.
func TestEraseBehindAReplay(t *testing.T) {
	c := crawlTown(t, 60, nil)
	err := c.while(t.Context(), func(ctx context.Context) error {
		c.rest(ctx)
		m, err := c.bus.LastOf(ctx, stream.Ads, "ad.*")
		c.must(err)
		r, err := c.StartReplay(ctx, generation.StepEnrich, generation.From{}, "u1")
		c.must(err)
		wait := func(ready func() bool, changed func() <-chan struct{}) {
			for {
				ch := changed()
				if ready() {
					return
				}
				select {
				case <-ch:
				case <-ctx.Done():
					t.Fatal(ctx.Err())
				}
			}
		}
		wait(func() bool { return c.book.Serving().N == r.N }, c.book.Changed)
		x, err := c.Erase(ctx, erasure.Order{Kind: erasure.ByAd, AdIDs: []string{idOf(m.Data)}, Reason: "asked for", Authority: "policy", By: "admin"})
		c.must(err)
		wait(func() bool {
			x, err = c.Erasure(x.ID)
			return err != nil || x.State == erasure.Done
		}, c.erased.Changed)
		c.must(err)
		if left := c.book.Retired(); len(left) != 0 {
			t.Errorf("done while %v is there", left)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
