package app

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"testing"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/casework"
	"vigil.example/internal/desk"
	"vigil.example/internal/erasure"
	"vigil.example/internal/stream"
)

// adsOf gives the ads of an instance by a number that they give.
func adsOf(t *testing.T, a *App) map[string]string {
	t.Helper()
	out := map[string]string{}
	_, err := a.bus.Replay(t.Context(), stream.Ads, 0, nil, func(m ad.Message) error {
		x, err := decode[brief](m)
		for _, v := range x.values() {
			out[v.Value] = x.AdID
		}
		return err
	})
	try(t, err)
	return out
}

func brought(t *testing.T, a *App, pages ...desk.SavedPage) {
	t.Helper()
	for _, p := range pages {
		_, err := a.importer.Import(t.Context(), p)
		try(t, err)
	}
	try(t, a.while(t.Context(), func(ctx context.Context) error { return a.Settle(ctx, nil) }))
}

// The page of an ad that a hold keeps stays when another ad is erased whose number
// stands on it.
func TestHoldKeepsThePage(t *testing.T) {
	day := time.Date(2024, 3, 1, 12, 0, 0, 0, time.UTC)
	inside(t, filepath.Join(t.TempDir(), "data"), func(a *App) {
		held := saved(2, "912-555-0102", day)
		held.Body = fmt.Appendf(held.Body, "<!-- seen beside 912-555-0101 -->")
		other := saved(3, "912-555-0103", day)
		other.Body = fmt.Appendf(other.Body, "<!-- seen beside 912-555-0101 -->")
		brought(t, a, saved(1, "912-555-0101", day), held, other)
		ids := adsOf(t, a)
		_, err := a.docket.Hold(t.Context(), casework.Hold{Kind: casework.HoldAd, Value: ids["+19125550102"], Reason: "evidence", Authority: "court", By: "admin"})
		try(t, err)
		order := erasure.Order{Kind: erasure.ByAd, AdIDs: []string{ids["+19125550101"]}, Reason: "asked for", Authority: "policy", By: "admin"}
		if p, err := a.Preview(t.Context(), order); err != nil || p.Captures != 2 || p.Sightings != 1 {
			t.Errorf("foretold are %d pages of %d versions, %v; want its own page and the one that names its number", p.Captures, p.Sightings, err)
		}
		_, err = a.Erase(t.Context(), order)
		try(t, err)
		try(t, a.eraseOrders(t.Context()))
		for number, want := range map[string]bool{"+19125550102": true, "+19125550103": false} {
			docs, _, err := a.shelf.Versions(t.Context(), ids[number])
			try(t, err)
			if _, _, err := a.Records(t.Context(), docs[0].Ad.CaptureID, docs[0].Ad.CaptureSeq); (err == nil) != want {
				t.Errorf("the page of %s: %v", number, err)
			}
		}
	})
}

// A restore erases again what was erased, not what a hold has kept then, though
// the backup knows nothing of the hold.
func TestRestoreSparesWhatWasHeld(t *testing.T) {
	day := time.Date(2024, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, o := range []erasure.Order{
		{Kind: erasure.ByNumber, Value: "+19125550101"},
		{Kind: erasure.OlderThan, Before: day.AddDate(0, 1, 0)},
	} {
		from, to := filepath.Join(t.TempDir(), "from"), filepath.Join(t.TempDir(), "to")
		inside(t, from, func(a *App) {
			one, two := saved(1, "912-555-0101", day), saved(2, "912-555-0101 or 912-555-0102", day)
			brought(t, a, one, two)
			try(t, a.Seal(t.Context()))
			_, err := a.Bootstrap(t.Context())
			try(t, err)
		})
		file := restoredFile(t, sickConfig(from))
		var kept string
		inside(t, from, func(a *App) {
			kept = adsOf(t, a)["+19125550102"]
			_, err := a.docket.Hold(t.Context(), casework.Hold{Kind: casework.HoldAd, Value: kept, Reason: "evidence", Authority: "court", By: "admin"})
			try(t, err)
			o.Reason, o.Authority, o.By = "asked for", "policy", "admin"
			_, err = a.Erase(t.Context(), o)
			try(t, err)
			try(t, a.eraseOrders(t.Context()))
			if x := a.Erasures()[0]; x.Ads != 1 || x.Held != 1 {
				t.Fatalf("came to %+v", x)
			}
		})
		try(t, RunRestore(t.Context(), sickConfig(to), RestoreOptions{File: file, Ledger: filepath.Join(from, ledgerFile)}, io.Discard))
		inside(t, to, func(a *App) {
			docs, _, err := a.shelf.Versions(t.Context(), kept)
			if err != nil || len(docs) != 1 {
				t.Errorf("%s: the ad that was held: %d versions, %v", o.Kind, len(docs), err)
				return
			}
			if _, _, err := a.Records(t.Context(), docs[0].Ad.CaptureID, docs[0].Ad.CaptureSeq); err != nil {
				t.Errorf("%s: its page: %v", o.Kind, err)
			}
			if i, err := a.bus.Info(t.Context(), stream.Ads); err != nil || i.Messages != 1 {
				t.Errorf("%s: %d ads, %v", o.Kind, i.Messages, err)
			}
		})
	}
}
