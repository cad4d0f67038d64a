package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/casework"
	"vigil.example/internal/desk"
	"vigil.example/internal/enrich"
	"vigil.example/internal/erasure"
	"vigil.example/internal/generation"
	"vigil.example/internal/link"
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
	c := openCorrectedIn(t, t.TempDir())
	for _, p := range pages {
		_, err := c.importer.Import(t.Context(), p)
		c.must(err)
	}
	return c
}

func openCorrectedIn(t *testing.T, dir string) *correctedApp {
	t.Helper()
	a, err := New(t.Context(), Config{Version: "test", Data: dir, Kind: Real, Sites: site.NewSet(), Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return &correctedApp{a, t}
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
	const one, wrong = "+19125550101", "+19125550109"
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
		if all := c.docket.Corrections().All(); len(all) != 1 || all[0].AdID != y {
			t.Errorf("the docket knows %+v", all)
		}
		for c.corrections.Position() > 0 && len(c.corrections.All()) != 1 {
			<-c.corrections.Changed()
		}
		return nil
	}))
}

// decidedAlike looks whether every content of every ad is read as enrichment reads it
// now, and the clusters are those of these readings.
func (c *correctedApp) decidedAlike(ctx context.Context) {
	c.t.Helper()
	l, clusters := link.New(c.cfg.Link), map[string]string{}
	for d, err := range c.shelf.Dump(ctx) {
		c.must(err)
		want, err := c.chain.Enrich(ctx, d.Ad.Listing)
		c.must(err)
		if diff := cmp.Diff(d.Ad, want); diff != "" {
			c.t.Errorf("an ad is not read as was decided (-got +want):\n%s", diff)
		}
		clusters[d.Ad.AdID] = d.Cluster
		l.Add(&want)
	}
	l.Solve(time.Now()) // at rest a round has found who is behind all ads
	moves := l.Snapshot().Moves
	for i, x := range moves {
		for _, y := range moves[:i] {
			if got, want := clusters[x.AdID] != "" && clusters[x.AdID] == clusters[y.AdID], x.Cluster != "" && x.Cluster == y.Cluster; got != want {
				c.t.Errorf("ads %s and %s are linked: %t, want %t", x.AdID, y.AdID, got, want)
			}
		}
	}
}

// readings counts the readings in the stream of ads, and those made anew of them.
func (c *correctedApp) readings(ctx context.Context) (all, again uint64) {
	c.t.Helper()
	i, err := c.bus.Info(ctx, stream.Ads)
	c.must(err)
	return i.Messages, sum(i.Subjects, correctedSubject)
}

// Whatever the order in which captures come, corrections are made and are taken
// back, and wherever the work is cut off: in the end every ad is read as was decided.
func TestCorrectionsInAnyOrder(t *testing.T) {
	at := time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)
	dir := t.TempDir()
	r := rand.New(rand.NewPCG(11, 5))
	var made []casework.Correction
	captures := 0
	for round := range 3 {
		c := openCorrectedIn(t, dir)
		c.must(c.while(t.Context(), func(ctx context.Context) error {
			if round == 0 {
				for n := range 5 {
					_, err := c.importer.Import(ctx, saved(n, fmt.Sprintf("912-555-010%d", n%3), at))
					c.must(err)
				}
				c.rest(ctx)
			}
			var ids []string
			for d, err := range c.shelf.Dump(ctx) {
				c.must(err)
				ids = append(ids, d.Ad.AdID)
			}
			slices.Sort(ids)
			for range 40 {
				switch r.IntN(4) {
				case 0:
					captures++
					n := r.IntN(5)
					_, err := c.importer.Import(ctx, saved(n, fmt.Sprintf("912-555-010%d", n%3), at.Add(time.Duration(captures)*time.Hour)))
					c.must(err)
				case 1:
					if len(made) == 0 {
						continue
					}
					k := r.IntN(len(made))
					_, err := c.docket.Withdraw(ctx, made[k].ID, casework.Withdrawal{By: analyst.User})
					c.must(err)
					made = slices.Delete(made, k, k+1)
				default:
					x := casework.Correction{AdID: ids[r.IntN(len(ids))], Text: []string{"Solid oak", "six seats", "912-555-0100", "912-555-0101"}[r.IntN(4)], Ruling: casework.Ruling{By: analyst.User, Purpose: "p-1"}}
					if r.IntN(3) > 0 {
						x.Reads = fmt.Sprintf("+1912555010%d", r.IntN(6))
					} else if x.Was = "+19125550101"; x.Text[0] != '9' {
						continue
					}
					x, err := c.docket.Correct(ctx, x)
					if errors.Is(err, casework.ErrCorrected) {
						continue
					}
					c.must(err)
					made = append(made, x)
				}
			}
			return nil // in the midst of it
		}))
		c.Close()
	}
	c := openCorrectedIn(t, dir)
	var all, again uint64
	c.must(c.while(t.Context(), func(ctx context.Context) error {
		c.rest(ctx)
		c.decidedAlike(ctx)
		all, again = c.readings(ctx)
		return nil
	}))
	if again == 0 {
		t.Error("nothing was read again")
	}
	c.Close()
	c = openCorrectedIn(t, dir)
	c.must(c.while(t.Context(), func(ctx context.Context) error {
		c.rest(ctx)
		c.decidedAlike(ctx)
		if n, _ := c.readings(ctx); n != all {
			t.Errorf("%d readings after a start at which nothing was to be done, %d before", n, all)
		}
		return nil
	}))
}

// A process that has not heard of a decision yet stores what it read: the index
// notices, and the ad is read again.
func TestReadingThatKnewTooLittle(t *testing.T) {
	at := time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)
	c := openCorrected(t, saved(1, "912-555-0101", at))
	ignorant, err := enrich.NewChain("test", c.walk.Enrich, enrich.Config{})
	c.must(err)
	c.must(c.while(t.Context(), func(ctx context.Context) error {
		c.rest(ctx)
		id := c.one(ctx, "+19125550101")
		_, err := c.desk.Correct(ctx, analyst, desk.CorrectRequest{AdID: id, Number: "912-555-0101"})
		c.must(err)
		_, err = c.docket.Subscribe(ctx, casework.Order{User: analyst.User, Value: ad.Value{Kind: "phone", Value: "+19125550101"}, Purpose: "p-1"})
		c.must(err)
		docs, _, err := c.shelf.Versions(ctx, id)
		c.must(err)
		for i, body := range []string{docs[0].Ad.Body, docs[0].Ad.Body + " Still here."} { // the same content, and another
			l := docs[0].Ad.Listing
			l.Body, l.CaptureID, l.SeenAt = body, fmt.Sprintf("%032d", i), at.Add(time.Duration(i-1)*time.Hour)
			l.ContentSHA256 = l.Content()
			l.VersionID = ad.VersionID(l.AdID, l.ContentSHA256, l.CaptureID)
			x, err := ignorant.Enrich(ctx, l)
			c.must(err)
			if len(x.Phones) != 1 {
				t.Fatalf("it read %+v", x.Phones)
			}
			c.must(c.bus.Publish(ctx, []ad.Message{{Subject: "ad.test", ID: x.VersionID, Data: encode(x)}}))
		}
		c.must(c.Settle(ctx, nil))
		if got := c.with(ctx, "+19125550101"); len(got) != 0 {
			t.Errorf("ads with what is no number: %v", got)
		}
		if got := c.alerts(); len(got) != 0 {
			t.Errorf("alerts %+v", got)
		}
		c.decidedAlike(ctx)
		return nil
	}))
}
