package app

import (
	"context"
	"log/slog"
	"testing"

	"vigil.example/internal/ad"
	"vigil.example/internal/desk"
	"vigil.example/internal/pipeline"
	"vigil.example/internal/site"
	"vigil.example/internal/stream"
)

// A program killed between the outputs of one capture has stored some of them:
// the next start must make the rest, and none twice.
func TestExtractionCutShort(t *testing.T) {
	page := desk.SavedPage{Name: "a.html", Body: []byte("<title>Oak table</title><h1>Oak table</h1><p>Solid oak, six seats. Call 912-555-0143.</p>")}
	for stored := range 3 {
		a, err := New(t.Context(), Config{Version: "test", Data: t.TempDir(), Kind: Real, Sites: site.NewSet(), Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		if _, err := a.importer.Import(t.Context(), page); err != nil {
			t.Fatal(err)
		}
		m, err := a.bus.Get(t.Context(), stream.Captures, 1)
		if err != nil {
			t.Fatal(err)
		}
		out, err := extractStep(a.extract, a.erased, 1, a.fresh)(t.Context(), m)
		if err != nil || len(out) != 2 {
			t.Fatalf("%d outputs, %v; want a listing and an outcome", len(out), err)
		}
		for i := range out {
			out[i].Header = map[string]string{pipeline.SourceHeader: "1"}
		}
		if err := a.bus.Publish(t.Context(), out[:stored]); err != nil {
			t.Fatal(err)
		}
		if err := a.while(t.Context(), func(ctx context.Context) error { return a.Settle(ctx, nil) }); err != nil {
			t.Fatal(err)
		}
		i, err := a.bus.Info(t.Context(), stream.Listings)
		if err != nil {
			t.Fatal(err)
		}
		if o, l := sum(i.Subjects, "outcome."), sum(i.Subjects, "listing."); o != 1 || l != 1 {
			t.Errorf("with %d outputs stored before: %d outcomes and %d listings, want 1 and 1", stored, o, l)
		}
		if l, err := a.ledger(t.Context()); err != nil || !l.Balanced {
			t.Errorf("with %d outputs stored before: the ledger does not balance: %+v, %v", stored, l, err)
		}
		found := 0
		for doc, err := range a.shelf.Dump(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			found++
			if w := doc.Ad.Written(ad.Value{Kind: "phone", Value: "+19125550143"}); w == "" {
				t.Errorf("with %d outputs stored before: the number is not read", stored)
			}
		}
		if found != 1 {
			t.Errorf("with %d outputs stored before: %d ads, want 1", stored, found)
		}
	}
}
