package app

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/alert"
	"vigil.example/internal/desk"
	"vigil.example/internal/erasure"
	"vigil.example/internal/site"
	"vigil.example/internal/stream"
)

// TestSavedSearchInTheWalk: a page that comes is told of once to who saved the
// search for it, also after a restart; the number is erased with the search that
// names it, and what was looked up is forgotten.
func TestSavedSearchInTheWalk(t *testing.T) {
	ctx := t.Context()
	cfg := Config{Version: "test", Data: t.TempDir(), Kind: Real, Sites: site.NewSet(), Log: slog.New(slog.DiscardHandler)}
	when := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	who := access.Subject{User: "u1", Name: "anna", Role: access.Analyst, Via: access.ViaSession, Purpose: access.Purpose{ID: "p1", Kind: "case", Text: "26-14"}}
	const number = "+19125550101"
	run := func(f func(ctx context.Context, a *App) error) {
		t.Helper()
		a, err := New(ctx, cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		err = a.while(ctx, func(ctx context.Context) error {
			if err := a.Settle(ctx, nil); err != nil {
				return err
			}
			return f(ctx, a)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	inbox := func(ctx context.Context, a *App, n int) []ad.Alert {
		t.Helper()
		var p alert.Page
		for p = a.inbox.Page("u1", 0, 50); len(p.Alerts) < n; p = a.inbox.Page("u1", 0, 50) {
			if _, err := a.inbox.Wait(ctx, "u1", p.Newest); err != nil {
				t.Fatalf("%d alerts instead of %d: %v", len(p.Alerts), n, err)
			}
		}
		if len(p.Alerts) != n {
			t.Errorf("%d alerts instead of %d", len(p.Alerts), n)
		}
		return p.Alerts
	}
	var byWords, byNumber, looked string
	run(func(ctx context.Context, a *App) error {
		if _, err := a.importer.Import(ctx, saved(1, "912-555-0101", when)); err != nil {
			return err
		}
		if err := a.Settle(ctx, nil); err != nil {
			return err
		}
		for q, id := range map[string]*string{`"oak table" -cheap`: &byWords, "phone:" + number: &byNumber} {
			v, err := a.desk.SaveSearch(ctx, who, desk.SavedOrder{Name: "Tables", Query: q})
			if err != nil {
				return err
			}
			if v, err = a.desk.AlertOn(ctx, who, v.ID); err != nil || v.Total != 1 {
				return fmt.Errorf("%d match already, %w", v.Total, err)
			}
			*id = v.ID
		}
		if _, err := a.importer.Import(ctx, saved(2, "912-555-0102", when.Add(time.Hour))); err != nil {
			return err
		}
		got := inbox(ctx, a, 1)
		if got[0].Search != byWords || len(got[0].Found) == 0 {
			t.Errorf("told of %+v", got[0])
		}
		if _, err := a.importer.Import(ctx, saved(1, "912-555-0101", when.Add(2*time.Hour))); err != nil { // seen again
			return err
		}
		if err := a.Settle(ctx, nil); err != nil {
			return err
		}
		inbox(ctx, a, 1)
		l, err := a.desk.LookUp(ctx, who, "912 555 0101\n912 555 0102\n", "")
		if err != nil || l.Hits != 2 {
			return fmt.Errorf("looked up %+v, %w", l, err)
		}
		looked = l.ID
		return nil
	})
	run(func(ctx context.Context, a *App) error { // after a restart
		if _, err := a.importer.Import(ctx, saved(3, "912-555-0103", when.Add(3*time.Hour))); err != nil {
			return err
		}
		inbox(ctx, a, 2)
		l, err := a.desk.LookUp(ctx, who, "912 555 0101\n", "")
		if err != nil {
			return err
		}
		looked = l.ID
		x, err := a.Erase(ctx, erasure.Order{Kind: erasure.ByNumber, Value: number, Reason: "asked for", Authority: "law", By: "admin"})
		for err == nil && x.State != erasure.Done {
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
		if err != nil {
			return err
		}
		if _, err := a.docket.Saved(byNumber); err == nil {
			t.Error("the search that names the number is there still")
		}
		if _, err := a.docket.Saved(byWords); err != nil {
			t.Errorf("the other search: %v", err)
		}
		left := 0
		if _, err := a.bus.Replay(ctx, stream.Decisions, 0, nil, func(m ad.Message) error {
			if strings.Contains(string(m.Data), number) {
				left++
			}
			return nil
		}); err != nil {
			return err
		}
		if left > 0 {
			t.Errorf("%d decisions name the number still", left)
		}
		for gone := false; !gone; { // each process forgets when it hears of it
			_, err := a.desk.LookedUp(ctx, who, looked)
			if gone = err != nil; !gone {
				select {
				case <-ctx.Done():
					return ctx.Err()
				default:
				}
			}
		}
		return nil
	})
	if slices.Contains([]string{byWords, byNumber, looked}, "") {
		t.Error("an id is missing")
	}
}
