package app

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/casework"
	"vigil.example/internal/desk"
	"vigil.example/internal/erasure"
	"vigil.example/internal/generation"
	"vigil.example/internal/query"
	"vigil.example/internal/search"
	"vigil.example/internal/stream"
)

// finds lists the ads that a query finds, in order of id.
func (c *correctedApp) finds(ctx context.Context, q string) (ids []string) {
	c.t.Helper()
	n, err := query.Parse(q)
	c.must(err)
	res, err := c.shelf.Search(ctx, n, search.Page{Size: 50})
	c.must(err)
	for _, h := range res.Hits {
		ids = append(ids, h.Doc.Ad.AdID)
	}
	slices.Sort(ids)
	return ids
}

func (c *correctedApp) call(ctx context.Context, id string, names ...string) {
	c.t.Helper()
	_, err := c.desk.Label(ctx, analyst, desk.LabelRequest{Ads: []string{id}, Labels: names})
	c.must(err)
}

// An ad is found by what a person calls it, at once and until that is taken back, by
// every content that comes later, through every replay, and when the index is lost.
func TestLabels(t *testing.T) {
	at := time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)
	dir := t.TempDir()
	c := openCorrectedIn(t, dir)
	for _, p := range []desk.SavedPage{saved(1, "912-555-0101", at), saved(2, "912-555-0102", at), saved(3, "912-555-0103", at)} {
		_, err := c.importer.Import(t.Context(), p)
		c.must(err)
	}
	var x, y, z string
	look := func(ctx context.Context, when string) {
		c.t.Helper()
		c.rest(ctx)
		for q, want := range map[string][]string{"label:spam": {x}, "label:operation-7": {x, y}, "-has:label": {z}, "label:scam": nil} {
			slices.Sort(want)
			if got := c.finds(ctx, q); !slices.Equal(got, want) {
				t.Errorf("%s: %s finds %v, want %v", when, q, got, want)
			}
		}
	}
	c.must(c.while(t.Context(), func(ctx context.Context) error {
		c.rest(ctx)
		x, y, z = c.one(ctx, "+19125550101"), c.one(ctx, "+19125550102"), c.one(ctx, "+19125550103")
		c.call(ctx, x, "spam", "Operation 7")
		if got := c.finds(ctx, "label:spam"); !slices.Equal(got, []string{x}) {
			t.Errorf("as soon as it is said: %v", got)
		}
		c.call(ctx, y, "operation-7")
		c.call(ctx, z, "scam")
		_, err := c.desk.Unlabel(ctx, analyst, desk.LabelRequest{Ads: []string{z}, Labels: []string{"scam"}, Reason: "mistaken"})
		c.must(err)
		if got := c.finds(ctx, "label:scam"); got != nil {
			t.Errorf("as soon as it is taken back: %v", got)
		}
		look(ctx, "at first")
		_, err = c.importer.Import(ctx, saved(1, "912-555-0101", at.Add(time.Hour)))
		c.must(err)
		look(ctx, "when it is seen again")
		for _, step := range generation.Steps() {
			town := &crawled{App: c.App, t: t}
			town.replayed(ctx, step, generation.From{})
			look(ctx, "after a replay from "+string(step))
		}
		return nil
	}))
	c.Close()
	files, err := filepath.Glob(filepath.Join(dir, "index*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files of the index: %v", err)
	}
	for _, f := range files {
		c.must(os.RemoveAll(f))
	}
	c = openCorrectedIn(t, dir)
	c.must(c.while(t.Context(), func(ctx context.Context) error {
		look(ctx, "after the index was lost")
		return nil
	}))
	all := c.docket.Labels().All()
	c.Close()
	again := filepath.Join(t.TempDir(), "again")
	restored(t, sickConfig(dir), sickConfig(again))
	c = openCorrectedIn(t, again)
	c.must(c.while(t.Context(), func(ctx context.Context) error {
		look(ctx, "after a backup and its restore")
		return nil
	}))
	if diff := cmp.Diff(c.docket.Labels().All(), all); diff != "" || len(all) != 4 {
		t.Errorf("labels after a backup and its restore (-got +want):\n%s", diff)
	}
}

// What an erased ad was called goes with it, who said so and what was taken back; a
// hold keeps it.
func TestEraseLabels(t *testing.T) {
	at := time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)
	c := openCorrected(t, saved(1, "912-555-0101", at), saved(2, "912-555-0102", at))
	decisions := func(ctx context.Context) uint64 {
		i, err := c.bus.Info(ctx, stream.Decisions)
		c.must(err)
		return sum(i.Subjects, "decisions.label.")
	}
	c.must(c.while(t.Context(), func(ctx context.Context) error {
		c.rest(ctx)
		x, y := c.one(ctx, "+19125550101"), c.one(ctx, "+19125550102")
		c.call(ctx, x, "spam", "scam")
		c.call(ctx, y, "spam")
		_, err := c.desk.Unlabel(ctx, analyst, desk.LabelRequest{Ads: []string{x}, Labels: []string{"scam"}})
		c.must(err)
		c.rest(ctx)
		if n := decisions(ctx); n != 4 {
			t.Errorf("%d events of labels, want 4", n)
		}
		_, err = c.docket.Hold(ctx, casework.Hold{Kind: casework.HoldAd, Value: y, Reason: "evidence", Authority: "court", By: "admin"})
		c.must(err)
		o, err := c.Erase(ctx, erasure.Order{Kind: erasure.ByAd, AdIDs: []string{x}, Reason: "asked for", Authority: "policy", By: "admin"})
		c.must(err)
		for o.State != erasure.Done {
			changed := c.erased.Changed()
			if o, err = c.Erasure(o.ID); err == nil && o.State != erasure.Done {
				<-changed
			}
			c.must(err)
		}
		c.rest(ctx)
		if got := c.finds(ctx, "has:label"); !slices.Equal(got, []string{y}) {
			t.Errorf("labelled ads: %v, want the one that is left", got)
		}
		if n := decisions(ctx); n != 1 {
			t.Errorf("%d events of labels are left, want 1", n)
		}
		if all := c.docket.Labels().All(); len(all) != 1 || all[0].AdID != y {
			t.Errorf("the docket knows %+v", all)
		}
		return nil
	}))
}
