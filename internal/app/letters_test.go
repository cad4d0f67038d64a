package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"vigil.example/internal/ad"
	"vigil.example/internal/casework"
	"vigil.example/internal/crawl"
	"vigil.example/internal/desk"
	"vigil.example/internal/generation"
	"vigil.example/internal/pipeline"
	"vigil.example/internal/query"
	"vigil.example/internal/search"
	"vigil.example/internal/stream"
)

// page brings a saved page.
func (c *crawled) page(ctx context.Context, title string, number int) ad.Capture {
	c.t.Helper()
	got, err := c.importer.Import(ctx, desk.SavedPage{Name: title + ".html", Body: fmt.Appendf(nil,
		"<title>%[1]s</title><h1>%[1]s</h1><p>For sale: one %[1]s, as good as new. Call 912-555-%04[2]d.</p>", title, number)})
	c.must(err)
	return got
}

// finds counts the ads that a query finds.
func (c *crawled) found(ctx context.Context, q string) int {
	c.t.Helper()
	n, err := query.Parse(q)
	c.must(err)
	res, err := c.shelf.Search(ctx, n, search.Page{Size: 10})
	c.must(err)
	return res.Total
}

// lettersOf lists the letters of a step.
func (c *crawled) lettersOf(ctx context.Context, step string) []desk.Letter {
	c.t.Helper()
	l, err := c.App.Letters(ctx, step, 0, 100)
	c.must(err)
	return l.Letters
}

// rejected counts what a step has refused for a reason, by the ledger.
func (c *crawled) rejected(ctx context.Context, step, reason string) uint64 {
	c.t.Helper()
	l, err := c.ledger(ctx)
	c.must(err)
	for _, r := range l.Rows {
		if r.Step == step {
			if !r.Balanced {
				c.t.Errorf("%s does not balance: %+v", step, r)
			}
			return r.Rejected[reason]
		}
	}
	return 0
}

func (c *crawled) retryAll(ctx context.Context, step string, want int) {
	c.t.Helper()
	w, err := c.Retry(ctx, desk.LetterPick{All: true, Step: step})
	if err != nil || w.Done != want || len(w.Failed) > 0 || w.Total != want {
		c.t.Fatalf("retried %s: %+v, %v; want %d to go through", step, w, err, want)
	}
}

// What extraction and enrichment could not do is done by a retry with a program
// that can; what still cannot be done stays.
func TestRetryExtractAndEnrich(t *testing.T) {
	c := crawlTown(t, 60, nil)
	c.walk.Stages["extract"] = pipeline.Config{Attempts: 1}
	c.walk.Stages["enrich"] = pipeline.Config{Attempts: 1}
	extracts, enriches := c.extract, c.chain
	broken := func(ctx context.Context, f func(ctx context.Context)) {
		err := c.while(ctx, func(ctx context.Context) error { f(ctx); return nil })
		c.must(err)
	}
	// An older program that reads pages of saved files as little as numbers.
	c.extract, c.cfg.Crawl = nil, false
	broken(t.Context(), func(ctx context.Context) {
		c.page(ctx, "oak table", 101)
		c.page(ctx, "pine chair", 102)
		c.rest(ctx)
		if n := c.rejected(ctx, "extract", "dead letter"); n != 2 || c.found(ctx, "oak table") != 0 {
			t.Fatalf("%d dead letters of extraction, want 2", n)
		}
		w, err := c.Retry(ctx, desk.LetterPick{All: true})
		if c.must(err); w.Done != 0 || len(w.Failed) != 2 {
			t.Errorf("retried with the same program: %+v", w)
		}
		if n := len(c.lettersOf(ctx, "extract")); n != 2 {
			t.Errorf("%d letters stay, want 2", n)
		}
	})
	c.extract, c.chain = extracts, nil
	broken(t.Context(), func(ctx context.Context) {
		c.retryAll(ctx, "extract", 2)
		c.rest(ctx)
		if n := c.rejected(ctx, "enrich", "dead letter"); n != 2 || c.rejected(ctx, "extract", "dead letter") != 0 {
			t.Fatalf("%d dead letters of enrichment, want 2", n)
		}
	})
	c.chain = enriches
	broken(t.Context(), func(ctx context.Context) {
		one := c.lettersOf(ctx, "enrich")[0]
		full, err := c.Letter(ctx, one.ID)
		if c.must(err); len(full.Record) == 0 || full.Stream != stream.Listings || full.Step != "enrich" {
			t.Errorf("shown: %+v", full)
		}
		w, err := c.Retry(ctx, desk.LetterPick{IDs: []uint64{one.ID, 999}})
		if c.must(err); w.Done != 1 || len(w.Failed) != 0 || !slices.Equal(w.Gone, []uint64{999}) {
			t.Errorf("retried one: %+v", w)
		}
		c.retryAll(ctx, "enrich", 1)
		c.rest(ctx)
		for _, q := range []string{"oak table", "pine chair", "912-555-0101", "912-555-0102"} {
			if c.found(ctx, q) != 1 {
				t.Errorf("%s is found %d times", q, c.found(ctx, q))
			}
		}
		if n := len(c.lettersOf(ctx, "")); n != 0 {
			t.Errorf("%d letters are left", n)
		}
	})
	broken(t.Context(), func(ctx context.Context) { // a start reads all of it again
		if got := c.rest(ctx); got.Stats.Sightings != 2 {
			t.Errorf("%d sightings after another start, want 2", got.Stats.Sightings)
		}
	})
}

// A retry that is cut off between storing what follows and taking the letter away
// is carried through, and makes nothing twice.
func TestRetryCutOff(t *testing.T) {
	c := crawlTown(t, 60, func(cfg *Config) { cfg.Crawl = false })
	c.walk.Stages["extract"] = pipeline.Config{Attempts: 1}
	extracts := c.extract
	c.extract = nil
	c.must(c.while(t.Context(), func(ctx context.Context) error {
		c.page(ctx, "oak table", 103)
		c.rest(ctx)
		return nil
	}))
	c.extract = extracts
	c.must(c.while(t.Context(), func(ctx context.Context) error {
		m, err := c.letter(ctx, c.lettersOf(ctx, "extract")[0].ID)
		c.must(err)
		was, _, err := pipeline.Restore(m)
		c.must(err)
		_, _, err = c.begin(ctx, m, "extract", stream.Listings)
		c.must(err)
		out, err := extractStep(c.extract, c.erased, 1, c.fresh)(ctx, was)
		c.must(err)
		for i := range out {
			out[i].Header = map[string]string{pipeline.SourceHeader: fmt.Sprint(was.Seq), copiedHeader: "retried"}
		}
		c.must(c.bus.Publish(ctx, out[:1])) // and here the power goes
		c.must(c.lettering(ctx, func(context.Context) error { return nil }))
		if got := c.rest(ctx); got.Stats.Sightings != 1 || len(c.lettersOf(ctx, "")) != 0 {
			t.Errorf("%+v, letters %+v", got, c.lettersOf(ctx, ""))
		}
		return nil
	}))
}

// A record that no reader of ads understands is a letter of linking, of the index
// and of alerts; all three take it again once the program understands it.
func TestRetryFollowers(t *testing.T) {
	c := crawlTown(t, 60, func(cfg *Config) { cfg.Crawl = false })
	var understands atomic.Bool
	c.fresh.read = func(m ad.Message) (ad.Ad, error) {
		if m.ID == "odd" && !understands.Load() {
			return ad.Ad{}, pipeline.Permanent(errors.New("read record: a field of a kind that is not known"))
		}
		return decode[ad.Ad](m)
	}
	number := ad.Value{Kind: "phone", Value: "+19125550104"}
	c.must(c.while(t.Context(), func(ctx context.Context) error {
		c.subscribe(ctx, number)
		c.page(ctx, "oak table", 104)
		c.rest(ctx)
		var odd ad.Ad
		_, err := c.bus.Replay(ctx, stream.Ads, 0, nil, func(m ad.Message) (err error) { odd, err = decode[ad.Ad](m); return err })
		c.must(err)
		// Another ad with the same number, from the same capture as far as that goes.
		c.page(ctx, "elm shelf", 105)
		c.rest(ctx)
		l := odd.Listing
		l.NativeID, l.Title = "another", "walnut desk"
		l.Seal()
		odd, err = c.chain.Enrich(ctx, l)
		c.must(err)
		m := ad.Message{Subject: "ad.elsewhere", ID: "odd", Data: encode(odd), Header: map[string]string{pipeline.SourceHeader: "1"}}
		c.must(c.bus.Publish(ctx, []ad.Message{m}))
		c.page(ctx, "ash stool", 106)
		c.must(c.Settle(ctx, nil))
		for _, step := range []string{"link", "index", "alert"} {
			if n := len(c.lettersOf(ctx, step)); n != 1 {
				t.Errorf("%d letters of %s, want 1", n, step)
			}
		}
		if c.found(ctx, "walnut desk") != 0 || c.found(ctx, "ash stool") != 1 {
			t.Error("the walk does not go on behind the odd record")
		}
		return nil
	}))
	understands.Store(true)
	c.must(c.while(t.Context(), func(ctx context.Context) error {
		c.must(c.Settle(ctx, nil))
		if n := c.rejected(ctx, "link", "dead letter"); n != 1 {
			t.Errorf("%d dead letters of linking after a start, want 1", n)
		}
		if len(c.told(ctx)) != 1 {
			t.Errorf("told of %d ads, want 1", len(c.told(ctx)))
		}
		for _, step := range []string{"index", "alert", "link"} {
			c.retryAll(ctx, step, 1)
		}
		c.must(c.Settle(ctx, nil))
		for _, step := range []string{"link", "index"} {
			if n := c.rejected(ctx, step, "dead letter"); n != 0 {
				t.Errorf("%d dead letters of %s", n, step)
			}
		}
		if c.found(ctx, "walnut desk") != 1 {
			t.Error("the odd ad is not found")
		}
		if len(c.told(ctx)) != 2 {
			t.Errorf("told of %d ads, want 2", len(c.told(ctx)))
		}
		ids, err := c.shelf.ByValue(ctx, number, 10)
		c.must(err)
		clusters := map[string]bool{}
		for _, id := range ids {
			cl, err := c.shelf.ClusterOf(ctx, id)
			c.must(err)
			clusters[cl] = true
		}
		if len(ids) != 2 || len(clusters) != 1 || clusters[""] {
			t.Errorf("ads %v with the number are in clusters %v", ids, clusters)
		}
		return nil
	}))
}

// subscribe subscribes a user to a value that no ad carries yet.
func (c *crawled) subscribe(ctx context.Context, v ad.Value) {
	c.t.Helper()
	_, err := c.docket.Subscribe(ctx, casework.Order{User: "u1", Purpose: "p1", Value: v})
	c.must(err)
}

// A planned visit that was given up goes back to the queue, once.
func TestRetryCrawl(t *testing.T) {
	c := crawlTown(t, 60, nil)
	var lost ad.Message
	c.must(c.while(t.Context(), func(ctx context.Context) error {
		before := c.rest(ctx)
		d := c.cfg.Sites.All()[0]
		// A visit of a list in the next slot, taken from the queue and given up.
		e := crawl.Entry{V: ad.Schema, URL: d.Seeds[0], Site: d.Name, Kind: ad.LinkList, Visit: 1 << 40}
		lost = ad.Message{Subject: "frontier." + ad.Slug(d.Name), ID: e.ID(), Data: []byte("{")}
		c.must(c.bus.Publish(ctx, []ad.Message{lost}))
		c.rest(ctx)
		if n := c.rejected(ctx, "crawl", "dead letter"); n != 1 {
			t.Fatalf("%d dead letters of the crawl, want 1", n)
		}
		first := c.lettersOf(ctx, "crawl")[0]
		c.retryAll(ctx, "crawl", 1) // it goes back, and cannot be read again
		c.rest(ctx)
		second := c.lettersOf(ctx, "crawl")[0]
		if second.ID == first.ID || second.Seq == first.Seq {
			t.Errorf("retried: %+v, then %+v", first, second)
		}
		// The same letter with a record that can be read: the visit is made.
		m, err := c.letter(ctx, second.ID)
		c.must(err)
		m.Data, m.ID = encode(e), "mended"
		c.must(c.bus.Publish(ctx, []ad.Message{m}))
		_, err = c.Drop(ctx, desk.LetterPick{IDs: []uint64{second.ID}}, "replaced by a mended one", "u1")
		c.must(err)
		c.retryAll(ctx, "crawl", 1)
		c.must(c.Settle(ctx, nil))
		if got := c.town.Visits().Pages; got != before.Pages+1 {
			t.Errorf("%d pages were fetched, want one more than %d", got, before.Pages)
		}
		return nil
	}))
}

// A capture that cannot be opened holds nothing up, and a letter that is dropped
// stays counted, over a replay until its capture was tried anew.
// A letter that no step wrote leads nowhere: not into another stream, nor does it
// show what stands there.
func TestForgedLetters(t *testing.T) {
	c := crawlTown(t, 60, nil)
	ctx := t.Context()
	forged := func(subject, from, was, bare string) ad.Message {
		h := map[string]string{pipeline.SourceHeader: "1", pipeline.StreamHeader: from, pipeline.SubjectHeader: was}
		if bare != "" {
			h[pipeline.BareHeader] = bare
		}
		return ad.Message{Subject: subject, ID: subject + from + was, Data: []byte(`{"v":1}`), Header: h}
	}
	c.must(c.bus.Publish(ctx, []ad.Message{
		forged("dead.crawl-x", stream.Audit, "audit.entry", ""), forged("dead.crawl-x", stream.Decisions, "casework.hold.x", ""),
		forged("dead.crawl-x", stream.Frontier, "audit.entry", ""), forged("dead.enrich", stream.Access, "access.user.x", "99"),
	}))
	before := map[string]uint64{}
	for _, name := range []string{stream.Audit, stream.Decisions, stream.Access} {
		i, err := c.bus.Info(ctx, name)
		c.must(err)
		before[name] = i.Last
	}
	w, err := c.Retry(ctx, desk.LetterPick{All: true})
	c.must(err)
	if w.Done != 0 || len(w.Failed) != 4 {
		t.Errorf("retried: %+v", w)
	}
	if l, err := c.Letter(ctx, 4); err == nil {
		t.Errorf("shows %q of %s", l.Record, l.Stream)
	}
	for name, last := range before {
		if i, err := c.bus.Info(ctx, name); err != nil || i.Last != last {
			t.Errorf("%s ends at %d, not %d, %v", name, i.Last, last, err)
		}
	}
}

func TestDropLetters(t *testing.T) {
	c := crawlTown(t, 60, func(cfg *Config) { cfg.Crawl = false })
	c.must(c.while(t.Context(), func(ctx context.Context) error {
		for i := range 3 {
			bad := ad.Message{Subject: "capture.import.nowhere", ID: fmt.Sprintf("bad%d", i), Data: fmt.Appendf(nil, "no WARC record %d", i)}
			c.must(c.bus.Publish(ctx, []ad.Message{bad}))
		}
		c.page(ctx, "oak table", 107)
		c.rest(ctx)
		ls := c.lettersOf(ctx, "extract")
		if len(ls) != 3 || c.found(ctx, "oak table") != 1 {
			t.Fatalf("%d letters, want 3", len(ls))
		}
		if w, err := c.Retry(ctx, desk.LetterPick{All: true}); err != nil || w.Done != 0 || len(w.Failed) != 3 {
			t.Errorf("retried what cannot be read: %+v, %v", w, err)
		}
		w, err := c.Drop(ctx, desk.LetterPick{IDs: []uint64{ls[0].ID}}, "a test", "u1")
		if err != nil || w.Done != 1 {
			t.Errorf("dropped %+v, %v", w, err)
		}
		c.rest(ctx)
		if n, m := c.rejected(ctx, "extract", "dropped"), c.rejected(ctx, "extract", "dead letter"); n != 1 || m != 2 {
			t.Errorf("%d dropped, %d dead letters, want 1 and 2", n, m)
		}
		if _, err := c.Letter(ctx, ls[0].ID); !errors.Is(err, ad.ErrNotFound) {
			t.Errorf("the dropped letter can be read: %v", err)
		}
		// Letters before the beginning of a replay are taken over, dropped ones too.
		r := c.replayed(ctx, generation.StepExtract, generation.From{Seq: 4})
		c.rest(ctx)
		if n, m := c.rejected(ctx, "extract", "dropped"), c.rejected(ctx, "extract", "dead letter"); n != 1 || m != 2 || r.Result.Letters != 2 {
			t.Errorf("after a replay behind them: %d dropped, %d dead letters, %+v", n, m, r.Result)
		}
		// A replay over the captures themselves tries them again.
		c.replayed(ctx, generation.StepExtract, generation.From{})
		c.rest(ctx)
		if n, m := c.rejected(ctx, "extract", "dropped"), c.rejected(ctx, "extract", "dead letter"); n != 0 || m != 3 {
			t.Errorf("after a replay over them: %d dropped, %d dead letters", n, m)
		}
		if i, err := c.bus.Info(ctx, stream.Dead); err != nil || i.Messages != 3 {
			t.Errorf("%d messages in the stream of dead letters: %v %v", i.Messages, i.Subjects, err)
		}
		return nil
	}))
}

// The index built anew tries again what it could not take, and counts it once.
func TestLettersOfAnIndexBuiltAnew(t *testing.T) {
	c := crawlTown(t, 60, func(cfg *Config) { cfg.Crawl = false })
	c.must(c.while(t.Context(), func(ctx context.Context) error {
		c.page(ctx, "oak table", 108)
		c.must(c.bus.Publish(ctx, []ad.Message{{Subject: "ad.elsewhere", ID: "odd", Data: []byte("?"), Header: map[string]string{pipeline.SourceHeader: "1"}}}))
		c.must(c.Settle(ctx, nil))
		before := c.lettersOf(ctx, "index")
		c.replayed(ctx, generation.StepIndex, generation.From{})
		after := c.lettersOf(ctx, "index")
		if len(before) != 1 || len(after) != 1 || after[0].Stage != "index-ads-g2" {
			t.Errorf("before %+v, after %+v", before, after)
		}
		return nil
	}))
}
