package app

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/casework"
	"vigil.example/internal/desk"
	"vigil.example/internal/erasure"
	"vigil.example/internal/generation"
	"vigil.example/internal/site"
	"vigil.example/internal/stream"
)

// A corrected instance is one with imported ads, and somebody who corrects them.
type correctedApp struct {
	*App
	t *testing.T
}

var analyst = access.Subject{User: "u-anna", Name: "anna", Role: access.Analyst, Via: access.ViaSession, Purpose: access.Purpose{ID: "p-1", Kind: "case", Text: "24-0117"}}

func openCorrected(t *testing.T, pages ...desk.SavedPage) *correctedApp {
	t.Helper()
	a, err := New(t.Context(), Config{Version: "test", Data: t.TempDir(), Kind: Real, Sites: site.NewSet(), Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	c := &correctedApp{a, t}
	for _, p := range pages {
		if _, err := a.importer.Import(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func (c *correctedApp) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// rest waits until nothing is on its way, and looks whether the ledger balances.
func (c *correctedApp) rest(ctx context.Context) {
	c.t.Helper()
	c.must(c.Settle(ctx, nil))
	if l, err := c.ledger(ctx); err != nil || !l.Balanced || !l.Settled {
		c.t.Errorf("the ledger does not balance: %+v, %v", l.Rows, err)
	}
}

// with lists the ads that give a number.
func (c *correctedApp) with(ctx context.Context, number string) []string {
	c.t.Helper()
	ids, err := c.shelf.ByValue(ctx, ad.Value{Kind: "phone", Value: number}, 10)
	c.must(err)
	return ids
}

func (c *correctedApp) one(ctx context.Context, number string) string {
	c.t.Helper()
	ids := c.with(ctx, number)
	if len(ids) != 1 {
		c.t.Fatalf("%d ads give %s", len(ids), number)
	}
	return ids[0]
}

func (c *correctedApp) together(ctx context.Context, x, y string) bool {
	c.t.Helper()
	of, err := c.shelf.ClusterOf(ctx, x)
	c.must(err)
	other, err := c.shelf.ClusterOf(ctx, y)
	c.must(err)
	return of != "" && of == other
}

func (c *correctedApp) alerts() []ad.Alert { return c.inbox.Page(analyst.User, 0, 50).Alerts }

// A correction changes what an ad gives, in the index, in clusters and to those who
// watch, and taking it back changes it again; no sighting, no alert and no version
// is counted twice. It holds for captures that come later.
func TestCorrect(t *testing.T) {
	at := time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)
	const one, other, wrong = "+19125550101", "+19125550102", "+19125550109"
	c := openCorrected(t, saved(1, "912-555-0101", at), saved(2, "912-555-0102", at), saved(3, "912-555-0109", at))
	c.must(c.while(t.Context(), func(ctx context.Context) error {
		c.rest(ctx)
		first, third := c.one(ctx, one), c.one(ctx, wrong)
		before, err := c.shelf.Stats(ctx)
		c.must(err)
		_, err = c.docket.Subscribe(ctx, casework.Order{User: analyst.User, Value: ad.Value{Kind: "phone", Value: one}, Purpose: "p-1", Known: []string{first}})
		c.must(err)

		made, err := c.desk.Correct(ctx, analyst, desk.CorrectRequest{AdID: third, Number: "(912) 555 0109", Reads: "nine one two 555-0101", Reason: "the picture shows it"})
		c.must(err)
		c.rest(ctx)
		if got := c.with(ctx, one); !slices.Contains(got, third) || len(c.with(ctx, wrong)) != 0 {
			t.Errorf("ads with the number: %v", got)
		}
		if !c.together(ctx, first, third) {
			t.Error("the ads with one number are not linked")
		}
		if got := c.alerts(); len(got) != 1 || got[0].AdID != third {
			t.Errorf("alerts %+v, want one of the corrected ad", got)
		}
		docs, _, err := c.shelf.Versions(ctx, third)
		c.must(err)
		if x := docs[0].Ad; len(x.Corrected) != 1 || x.Corrected[0].Decision != made[0].ID || x.Corrected[0].Instead[0].E164 != wrong || x.Phones[0].Method != ad.MethodCorrected {
			t.Errorf("shown as %+v, %+v", x.Phones, x.Corrected)
		}

		// Seen again later, with the same words.
		_, err = c.importer.Import(ctx, saved(3, "912-555-0109", at.Add(time.Hour)))
		c.must(err)
		c.rest(ctx)
		if len(c.with(ctx, wrong)) != 0 || len(c.alerts()) != 1 {
			t.Error("a later capture of the ad is read as if nothing were decided")
		}

		_, err = c.desk.Withdraw(ctx, analyst, made[0].ID, "")
		c.must(err)
		c.rest(ctx)
		if len(c.with(ctx, wrong)) != 1 || slices.Contains(c.with(ctx, one), third) || c.together(ctx, first, third) {
			t.Error("what was taken back still holds")
		}
		if got := c.alerts(); len(got) != 1 {
			t.Errorf("%d alerts, want the one of before", len(got))
		}
		if _, err = c.desk.Correct(ctx, analyst, desk.CorrectRequest{AdID: third, Text: "912-555-0109"}); err != nil {
			t.Fatal(err)
		}
		c.rest(ctx)
		if len(c.with(ctx, wrong)) != 0 {
			t.Error("what is no number is found")
		}
		after, err := c.shelf.Stats(ctx)
		c.must(err)
		if after.Ads != before.Ads || after.Documents != before.Documents || after.Sightings != before.Sightings+1 {
			t.Errorf("counts %+v, before %+v", after, before)
		}
		_ = other
		return nil
	}))
}

// Corrections hold through a replay of every step, and through an index that is
// made anew.
func TestCorrectionsSurviveReplays(t *testing.T) {
	at := time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)
	c := openCorrected(t, saved(1, "912-555-0101", at), saved(2, "912-555-0102", at), saved(3, "912-555-0103", at))
	c.must(c.while(t.Context(), func(ctx context.Context) error {
		c.rest(ctx)
		x, y, z := c.one(ctx, "+19125550101"), c.one(ctx, "+19125550102"), c.one(ctx, "+19125550103")
		for _, q := range []desk.CorrectRequest{{AdID: x, Text: "Solid oak", Reads: "912-555-0102"}, {AdID: z, Number: "9125550103"}} {
			_, err := c.desk.Correct(ctx, analyst, q)
			c.must(err)
		}
		look := func(when string) {
			t.Helper()
			c.rest(ctx)
			if got := c.with(ctx, "+19125550102"); len(got) != 2 || !slices.Contains(got, x) || len(c.with(ctx, "+19125550103")) != 0 || !c.together(ctx, x, y) {
				t.Errorf("%s: ads with the number %v, with the other %v, together %t", when, got, c.with(ctx, "+19125550103"), c.together(ctx, x, y))
			}
		}
		look("at first")
		for _, step := range generation.Steps() {
			town := &crawled{App: c.App, t: t}
			town.replayed(ctx, step, generation.From{})
			look("after a replay from " + string(step))
		}
		town := &crawled{App: c.App, t: t}
		town.replayed(ctx, generation.StepEnrich, generation.From{Seq: 4})
		look("after a replay from the middle")
		return nil
	}))
}

// What was decided about an erased ad goes with it, with the number and the words
// that stand in it; a hold keeps both.
func TestEraseCorrections(t *testing.T) {
	at := time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)
	c := openCorrected(t, saved(1, "912-555-0101", at), saved(2, "912-555-0102", at), saved(3, "912-555-0103", at))
	decisions := func(ctx context.Context) uint64 {
		i, err := c.bus.Info(ctx, stream.Decisions)
		c.must(err)
		return sum(i.Subjects, "decisions.correction.")
	}
	c.must(c.while(t.Context(), func(ctx context.Context) error {
		c.rest(ctx)
		x, y, z := c.one(ctx, "+19125550101"), c.one(ctx, "+19125550102"), c.one(ctx, "+19125550103")
		for _, id := range []string{x, y} {
			_, err := c.desk.Correct(ctx, analyst, desk.CorrectRequest{AdID: id, Text: "six seats", Reads: "912-555-0177"})
			c.must(err)
		}
		made, err := c.desk.Correct(ctx, analyst, desk.CorrectRequest{AdID: z, Text: "six seats", Reads: "912-555-0177"})
		c.must(err)
		_, err = c.desk.Withdraw(ctx, analyst, made[0].ID, "mistyped")
		c.must(err)
		c.rest(ctx)
		_, err = c.docket.Hold(ctx, casework.Hold{Kind: casework.HoldAd, Value: y, Reason: "evidence", Authority: "court", By: "admin"})
		c.must(err)
		o, err := c.Erase(ctx, erasure.Order{Kind: erasure.ByNumber, Value: "+19125550177", Reason: "asked for", Authority: "policy", By: "admin"})
		c.must(err)
		for o.State != erasure.Done {
			changed := c.erased.Changed()
			if o, err = c.Erasure(o.ID); err == nil && o.State != erasure.Done {
				<-changed
			}
			c.must(err)
		}
		c.rest(ctx)
		if got := c.with(ctx, "+19125550177"); !slices.Equal(got, []string{y}) {
			t.Errorf("ads with the number: %v, want the one that is held", got)
		}
		if n := decisions(ctx); n != 1 {
			t.Errorf("%d events of corrections are left, want 1", n)
		}
		if all := c.docket.Corrections().All(""); len(all) != 1 || all[0].AdID != y {
			t.Errorf("the docket knows %+v", all)
		}
		for c.corrections.Position() > 0 && len(c.corrections.All("")) != 1 {
			<-c.corrections.Changed()
		}
		return nil
	}))
}
