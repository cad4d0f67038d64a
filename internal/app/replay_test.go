package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"testing"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/casework"
	"vigil.example/internal/crawl"
	"vigil.example/internal/desk"
	"vigil.example/internal/enrich"
	"vigil.example/internal/generation"
	"vigil.example/internal/pipeline"
	"vigil.example/internal/query"
	"vigil.example/internal/search"
	"vigil.example/internal/stream"
)

// A crawled town is an instance in this process that crawls a made-up town whose
// clock stands still.
type crawled struct {
	*App
	town *town
	t    *testing.T
}

// crawlTown opens an instance over a town of some ads.
func crawlTown(t *testing.T, ads int, set func(*Config)) *crawled {
	t.Helper()
	level := slog.LevelError
	if os.Getenv("VIGIL_LOG") != "" {
		level = slog.LevelInfo
	}
	cfg := Config{
		Version: "test", Data: t.TempDir(), Kind: Demo, Crawl: true,
		Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: level})),
	}
	tw, err := openTown(DemoOptions{Config: cfg, Ads: ads, Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	tw.SetNow(tw.opens)
	srv := &http.Server{Handler: tw.Handler(), ReadHeaderTimeout: time.Second}
	go func() { _ = srv.Serve(tw.l) }()
	t.Cleanup(func() { _ = srv.Close() })
	cfg.Clock, cfg.Resolve = tw.Now, map[string]string{}
	for _, h := range tw.Hosts() {
		cfg.Resolve[h] = tw.l.Addr().String()
	}
	if cfg.Sites, err = townSites(tw.Hosts()); err != nil {
		t.Fatal(err)
	}
	if set != nil {
		set(&cfg)
	}
	a, err := New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return &crawled{a, tw, t}
}

func (c *crawled) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// A seenState is what must stay the same over a replay that changes nothing.
type seenState struct {
	State  State
	Alerts uint64
	Pages  int64
	Stats  counts
}

type counts struct{ Ads, Documents, Sightings, Removed, Clusters int }

// rest waits until nothing is on its way and tells what there is.
func (c *crawled) rest(ctx context.Context) (s seenState) {
	c.t.Helper()
	c.must(c.Settle(ctx, nil))
	l, err := c.ledger(ctx)
	c.must(err)
	if !l.Balanced || !l.Settled {
		c.t.Errorf("the ledger does not balance: %+v", l.Rows)
	}
	s.State, err = StateOf(c.shelf.Dump(ctx))
	c.must(err)
	i, err := c.bus.Info(ctx, stream.Alerts)
	c.must(err)
	s.Alerts, s.Pages = i.Messages, c.town.Visits().Pages
	x, err := c.shelf.Stats(ctx)
	c.must(err)
	s.Stats = counts{x.Ads, x.Documents, x.Sightings, x.Removed, x.Clusters}
	return s
}

// replayed runs a replay to its end, the deleting too.
func (c *crawled) replayed(ctx context.Context, step generation.Step, from generation.From) desk.Replay {
	c.t.Helper()
	r, err := c.StartReplay(ctx, step, from, "u1")
	c.must(err)
	c.dropped(ctx, r.Over)
	rs, err := c.Replays(ctx)
	c.must(err)
	if rs.Serving.N != r.N || rs.Replay.Result == nil {
		c.t.Fatalf("generation %d does not serve: %+v", r.N, rs)
	}
	return *rs.Replay
}

// dropped waits until a generation is gone.
func (c *crawled) dropped(ctx context.Context, n int) {
	c.t.Helper()
	limit := time.After(5 * time.Minute)
	for {
		changed := c.book.Changed()
		if g, err := c.book.Generation(n); err != nil || g.State == generation.Dropped {
			c.must(err)
			return
		}
		select {
		case <-ctx.Done():
			c.t.Fatal(ctx.Err())
		case <-limit:
			rs, err := c.Replays(ctx)
			c.t.Fatalf("generation %d is still there: %+v %+v %v", n, rs.Serving, rs.Replay, err)
		case <-changed:
		}
	}
}

// watchBusiest subscribes to the number that most ads carry, before any is known.
func (c *crawled) watchBusiest(ctx context.Context) {
	c.t.Helper()
	best := c.town.Busiest()
	_, err := c.docket.Subscribe(ctx, casework.Order{User: "u1", Purpose: "p1", Value: ad.Value{Kind: "phone", Value: best.Phone}})
	c.must(err)
}

// steady searches all the time and reports an answer that is less than there is.
func (c *crawled) steady(ctx context.Context, want int) (stop func()) {
	n, err := query.Parse("seen:2000..2100")
	c.must(err)
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	asked := 0
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			res, err := c.shelf.Search(ctx, n, search.Page{Size: 3})
			if ctx.Err() != nil {
				return
			}
			asked++
			if err != nil || res.Total < want {
				c.t.Errorf("search %d during the replay: %d ads, want %d: %v", asked, res.Total, want, err)
				return
			}
			select {
			case <-ctx.Done():
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	return func() {
		cancel()
		<-done
		c.t.Logf("%d searches were answered", asked)
	}
}

// A replay with the same program comes to the same, from whatever step on, and
// tells nobody of anything twice; people search all the time.
func TestReplayComesToTheSame(t *testing.T) {
	c := crawlTown(t, 150, nil)
	err := c.while(t.Context(), func(ctx context.Context) error {
		c.watchBusiest(ctx)
		want := c.rest(ctx)
		if want.Alerts == 0 || want.Stats.Ads == 0 {
			t.Fatalf("nothing to compare: %+v", want)
		}
		for i, step := range []generation.Step{generation.StepIndex, generation.StepLink, generation.StepEnrich, generation.StepExtract, generation.StepEnrich} {
			stop := c.steady(ctx, want.Stats.Ads)
			r := c.replayed(ctx, step, generation.From{})
			stop()
			if r.N != i+2 || r.Result.Before != r.Result.After || r.Result.After.Ads != want.Stats.Ads || r.Result.After.Numbers == 0 {
				t.Errorf("from %s on: generation %d, %+v", step, r.N, r.Result)
			}
			if got := c.rest(ctx); got != want {
				t.Errorf("after a replay from %s on:\n got %+v\nwant %+v", step, got, want)
			}
			c.tidy(ctx)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// tidy checks that nothing is left of generations that are gone.
func (c *crawled) tidy(ctx context.Context) {
	c.t.Helper()
	used := map[generation.Output]bool{}
	for _, o := range c.book.Streams() {
		used[o] = true
	}
	for n := 1; n <= len(c.book.All()); n++ {
		for _, base := range []string{stream.Listings, stream.Ads, stream.Links} {
			i, err := c.bus.Info(ctx, stream.Named(base, n))
			switch {
			case used[generation.Output{Base: base, N: n}]:
				c.must(err)
			case n == 1 && (err != nil || i.Messages > 0):
				c.t.Errorf("%s still holds %d messages: %v", base, i.Messages, err)
			case n > 1 && err == nil:
				c.t.Errorf("%s is still there", stream.Named(base, n))
			}
		}
		is, err := c.engine.there(ctx, n)
		c.must(err)
		if is != used[generation.Output{Base: generation.Index, N: n}] {
			c.t.Errorf("index of generation %d there: %t", n, is)
		}
	}
	for _, base := range []string{stream.Captures, serves(c.book.Serving(), stream.Listings), serves(c.book.Serving(), stream.Ads)} {
		for n := 1; n <= len(c.book.All()); n++ {
			for _, part := range []string{"extract", "enrich", "alert", "copy"} {
				g, _ := c.book.Generation(n)
				if _, err := c.bus.Waiting(ctx, base, part+suffix(n)); g.State == generation.Dropped && !c.stillUsed(part, n) && !errors.Is(err, ad.ErrNotFound) {
					c.t.Errorf("consumer %s of %s is still there: %v", part+suffix(n), base, err)
				}
			}
		}
	}
}

// stillUsed reports whether a stage's output of a number is that of a generation
// in use.
func (c *crawled) stillUsed(part string, n int) bool {
	g := c.book.Serving()
	return map[string]int{"extract": g.Listings, "enrich": g.Ads, "alert": g.Ads}[part] == n
}

// blind is a chain of enrichers that reads no numbers, as an older program might
// have been.
func blind(t *testing.T) *enrich.Chain {
	t.Helper()
	c, err := enrich.NewChain("blind", []string{"contact", "signature"}, enrich.Config{Country: func(string) string { return "US" }})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// told lists the ads of all alerts, and complains of one told twice.
func (c *crawled) told(ctx context.Context) map[string]bool {
	c.t.Helper()
	told := map[string]bool{}
	_, err := c.bus.Replay(ctx, stream.Alerts, 0, nil, func(m ad.Message) error {
		x, err := decode[ad.Alert](m)
		if told[x.AdID] {
			c.t.Errorf("told twice of ad %s", x.AdID)
		}
		told[x.AdID] = true
		return err
	})
	c.must(err)
	return told
}

// What only the new program finds is found, and told once.
func TestReplayWithABetterProgram(t *testing.T) {
	c := crawlTown(t, 100, nil)
	seeing := c.chain
	c.chain = blind(t)
	err := c.while(t.Context(), func(ctx context.Context) error {
		c.watchBusiest(ctx)
		before := c.rest(ctx)
		if before.Alerts > 0 {
			t.Fatalf("the blind program told of %d ads", before.Alerts)
		}
		carriers, err := c.shelf.ByValue(ctx, ad.Value{Kind: "phone", Value: c.town.Busiest().Phone}, 1000)
		if c.must(err); len(carriers) > 0 {
			t.Fatalf("the blind program found %d carriers", len(carriers))
		}
		c.chain = seeing
		r := c.replayed(ctx, generation.StepEnrich, generation.From{})
		after := c.rest(ctx)
		if r.Result.Before.Numbers != 0 || r.Result.After.Numbers == 0 || after.State.Versions != before.State.Versions || after.State.Numbers == before.State.Numbers {
			t.Errorf("before %+v, after %+v, %+v", before, after, r.Result)
		}
		if carriers, err = c.shelf.ByValue(ctx, ad.Value{Kind: "phone", Value: c.town.Busiest().Phone}, 1000); err != nil || len(carriers) == 0 {
			t.Fatalf("the new program found no carriers: %v", err)
		}
		if told := c.told(ctx); len(told) != len(carriers) {
			t.Errorf("told of %d ads, %d carry the number", len(told), len(carriers))
		}
		c.replayed(ctx, generation.StepExtract, generation.From{})
		if got := c.rest(ctx); got.State != after.State || got.Alerts != after.Alerts {
			t.Errorf("after another replay:\n got %+v\nwant %+v", got, after)
		}
		c.told(ctx)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A replay from the middle on takes over what lies before, as it was.
func TestReplayFromTheMiddle(t *testing.T) {
	c := crawlTown(t, 100, nil)
	seeing := c.chain
	c.chain = blind(t)
	err := c.while(t.Context(), func(ctx context.Context) error {
		before := c.rest(ctx)
		i, err := c.bus.Info(ctx, stream.Listings)
		c.must(err)
		middle := i.Last / 2
		c.chain = seeing
		c.replayed(ctx, generation.StepEnrich, generation.From{Seq: middle})
		if got := c.rest(ctx); got.State.Versions != before.State.Versions || got.Stats.Sightings != before.Stats.Sightings {
			t.Errorf("\n got %+v\nwant %+v", got, before)
		}
		c.halves(ctx, middle)
		// What was taken over once is taken over again, what was made anew too.
		later := middle + (i.Last-middle)/2
		c.chain = blind(t)
		c.replayed(ctx, generation.StepEnrich, generation.From{Seq: later})
		numbered := 0
		_, err = c.bus.Replay(ctx, serves(c.book.Serving(), stream.Ads), 0, nil, func(m ad.Message) error {
			x, err := decode[ad.Ad](m)
			if n := source(m); len(x.Phones) > 0 {
				numbered++
				if n < middle || n >= later {
					t.Errorf("the ad made of listing %d has numbers", n)
				}
			}
			return err
		})
		if c.must(err); numbered == 0 {
			t.Error("no ad between the two beginnings kept its numbers")
		}
		c.rest(ctx)
		// Extraction from the middle of the captures.
		m, err := c.bus.Get(ctx, stream.Captures, 40)
		c.must(err)
		c.replayed(ctx, generation.StepExtract, generation.From{Time: m.Time})
		if got := c.rest(ctx); got.State.Versions != before.State.Versions || got.Stats.Sightings != before.Stats.Sightings {
			t.Errorf("\n got %+v\nwant %+v", got, before)
		}
		taken, made := 0, 0
		_, err = c.bus.Replay(ctx, serves(c.book.Serving(), stream.Listings), 0, []string{"outcome.*.*"}, func(m ad.Message) error {
			old := m.Header[copiedHeader] != ""
			if old {
				taken++
			} else {
				made++
			}
			if n := source(m); old != (n < c.book.Serving().From.Seq) {
				t.Errorf("the outcome of capture %d was taken over: %t", n, old)
			}
			return nil
		})
		if c.must(err); taken == 0 || made == 0 {
			t.Errorf("%d outcomes taken over, %d made", taken, made)
		}
		c.tidy(ctx)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// halves checks that the ads of listings before the middle were made without
// reading numbers, and the others with.
func (c *crawled) halves(ctx context.Context, middle uint64) {
	c.t.Helper()
	with, without := 0, 0
	_, err := c.bus.Replay(ctx, serves(c.book.Serving(), stream.Ads), 0, nil, func(m ad.Message) error {
		x, err := decode[ad.Ad](m)
		n := source(m)
		switch {
		case len(x.Phones) > 0 && n < middle:
			c.t.Errorf("the ad made of listing %d was made anew", n)
		case len(x.Phones) > 0:
			with++
		case n < middle:
			without++
		}
		return err
	})
	if c.must(err); with == 0 || without == 0 {
		c.t.Errorf("%d ads with numbers behind the middle, %d without before", with, without)
	}
}

// Captures that have left their stream are read from the sealed files, also those
// that leave it while the replay goes on.
func TestReplayOfSealedCaptures(t *testing.T) {
	c := crawlTown(t, 80, func(cfg *Config) { cfg.Keep = time.Millisecond })
	err := c.while(t.Context(), func(ctx context.Context) error {
		c.watchBusiest(ctx)
		c.rest(ctx)
		_, err := c.importer.Import(ctx, desk.SavedPage{Name: "a.html", Body: []byte("<title>Oak table</title><h1>Oak table</h1><p>Solid oak, six seats. Call 912-555-0143.</p>")})
		c.must(err)
		bad := ad.Message{Subject: "capture.import.nowhere", ID: "bad", Data: []byte("no WARC record")}
		c.must(c.bus.Publish(ctx, []ad.Message{bad}))
		c.rest(ctx)
		c.must(c.Seal(ctx))
		_, err = c.importer.Import(ctx, desk.SavedPage{Name: "b.html", Body: []byte("<title>Pine chair</title><h1>Pine chair</h1><p>Hardly used pine chair. Call 912-555-0144.</p>")})
		c.must(err)
		want := c.rest(ctx)
		c.leave(ctx)
		t1, err := c.trimmed(ctx)
		c.must(err)
		i, err := c.bus.Info(ctx, stream.Captures)
		if c.must(err); t1.To == 0 || i.First <= t1.To || i.Messages > 6 {
			t.Fatalf("nothing has left the stream: %+v, %+v", t1, i)
		}
		if got := c.rest(ctx); got.State != want.State {
			t.Errorf("trimming changed\n got %+v\nwant %+v", got, want)
		}
		c.replayed(ctx, generation.StepExtract, generation.From{})
		if got := c.rest(ctx); got != want {
			t.Errorf("\n got %+v\nwant %+v", got, want)
		}
		// From a capture in the middle of the sealed file on.
		c.replayed(ctx, generation.StepExtract, generation.From{Seq: t1.To / 2})
		if got := c.rest(ctx); got != want {
			t.Errorf("from the middle of a sealed file on:\n got %+v\nwant %+v", got, want)
		}
		// What leaves the stream meanwhile.
		c.must(c.Seal(ctx))
		_, err = c.importer.Import(ctx, desk.SavedPage{Name: "c.html", Body: []byte("<title>Beech bench</title><h1>Beech bench</h1><p>A bench of beech. Call 912-555-0145.</p>")})
		c.must(err)
		want = c.rest(ctx)
		r, err := c.StartReplay(ctx, generation.StepExtract, generation.From{}, "u1")
		c.must(err)
		c.leave(ctx)
		c.dropped(ctx, r.Over)
		if got := c.rest(ctx); got != want {
			t.Errorf("trimmed during the replay:\n got %+v\nwant %+v", got, want)
		}
		l, err := c.App.Letters(ctx, "", 0, 10)
		if c.must(err); l.Total != 1 {
			t.Errorf("%d dead letters, want that of the one bad capture: %+v", l.Total, l)
		}
		c.tidy(ctx)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// leave lets captures leave the stream up to the middle of the last sealed file,
// as trimming does in a stream of some megabytes.
func (c *crawled) leave(ctx context.Context) {
	c.t.Helper()
	before, err := c.trimmed(ctx)
	c.must(err)
	sealed, err := c.archive.List(ctx)
	c.must(err)
	last := sealed[len(sealed)-1]
	next := trimmed{V: 1, To: last.To, Subjects: maps.Clone(before.Subjects)}
	if last.To-last.From > 10 {
		next.To -= 3
	}
	if next.Subjects == nil {
		next.Subjects = map[string]uint64{}
	}
	_, err = c.bus.Replay(ctx, stream.Captures, 0, nil, func(m ad.Message) error {
		if m.Seq <= next.To {
			next.Subjects[m.Subject]++
		}
		return nil
	})
	c.must(err)
	c.must(c.bus.Publish(ctx, []ad.Message{{Subject: "archive.trimmed", ID: fmt.Sprintf("trimmed:%d", next.To), Data: encode(next)}}))
	c.must(c.bus.Trim(ctx, stream.Captures, next.To))
}

// What arrives while a replay goes on is in the new generation, and a crawl goes
// on after it without visiting anything twice.
func TestTheWalkGoesOnOverAReplay(t *testing.T) {
	c := crawlTown(t, 80, nil)
	err := c.while(t.Context(), func(ctx context.Context) error {
		c.watchBusiest(ctx)
		before := c.rest(ctx)
		r, err := c.StartReplay(ctx, generation.StepExtract, generation.From{}, "u1")
		c.must(err)
		n := 0
		for ; c.book.Serving().N != r.N; n++ { // pages keep coming
			_, err := c.importer.Import(ctx, desk.SavedPage{Name: fmt.Sprintf("%d.html", n), Body: fmt.Appendf(nil,
				"<title>Oak table %[1]d</title><h1>Oak table %[1]d</h1><p>Solid oak, table number %[1]d. Call 912-555-01%02[1]d.</p>", n%100)})
			c.must(err)
			if _, err := c.StartReplay(ctx, generation.StepIndex, generation.From{}, "u2"); !errors.Is(err, generation.ErrUnderWay) && c.book.Serving().N != r.N {
				t.Errorf("planned a second replay: %v", err)
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(20 * time.Millisecond):
			}
		}
		c.dropped(ctx, r.Over)
		mid := c.rest(ctx)
		if mid.Stats.Sightings != before.Stats.Sightings+n || mid.Pages != before.Pages {
			t.Errorf("%d pages brought during the replay: before %+v, after %+v", n, before, mid)
		}
		// A day later in the town: lists are visited again, new ads are found.
		c.town.SetNow(c.town.Now().Add(24 * time.Hour))
		c.planned.Store(false)
		after := c.rest(ctx)
		if after.Pages == mid.Pages || after.Stats.Ads <= mid.Stats.Ads {
			t.Errorf("the crawl does not go on: %+v, then %+v", mid, after)
		}
		visits := map[string]bool{}
		_, err = c.bus.Replay(ctx, stream.Frontier, 0, []string{"frontier.*"}, func(m ad.Message) error {
			e, err := decode[crawl.Entry](m)
			key := fmt.Sprintf("%s %d", e.URL, e.Visit)
			if visits[key] {
				t.Errorf("planned twice: %s", key)
			}
			visits[key] = true
			return err
		})
		c.must(err)
		c.told(ctx)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A replay that is given up leaves nothing behind, at whatever moment.
func TestCancelReplay(t *testing.T) {
	c := crawlTown(t, 80, nil)
	err := c.while(t.Context(), func(ctx context.Context) error {
		c.watchBusiest(ctx)
		want := c.rest(ctx)
		if _, err := c.CancelReplay(ctx); !errors.Is(err, desk.ErrNoReplay) {
			t.Errorf("cancelled nothing: %v", err)
		}
		serving := 1
		for round, wait := range []time.Duration{0, 5 * time.Millisecond, 100 * time.Millisecond, 500 * time.Millisecond} {
			step := generation.Steps()[round%2]
			r, err := c.StartReplay(ctx, step, generation.From{Seq: uint64(round * 10)}, "u1")
			c.must(err)
			select {
			case <-ctx.Done():
			case <-time.After(wait):
			}
			if _, err = c.CancelReplay(ctx); errors.Is(err, desk.ErrNoReplay) {
				t.Logf("the replay was over within %v", wait)
				c.dropped(ctx, r.Over)
				serving = r.N
			} else {
				c.must(err)
				c.dropped(ctx, r.N)
			}
			if got := c.rest(ctx); got != want || c.book.Serving().N != serving {
				t.Errorf("after a replay that was given up:\n got %+v\nwant %+v", got, want)
			}
			c.tidy(ctx)
		}
		c.replayed(ctx, generation.StepLink, generation.From{})
		if got := c.rest(ctx); got != want {
			t.Errorf("\n got %+v\nwant %+v", got, want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A generation that has lost ads waits for somebody's word. Search stays on what
// there was meanwhile.
func TestReplayThatLosesAdsIsHeldBack(t *testing.T) {
	c := crawlTown(t, 80, nil)
	err := c.while(t.Context(), func(ctx context.Context) error {
		before := c.rest(ctx)
		held := func() desk.Replay {
			c.t.Helper()
			r, err := c.StartReplay(ctx, generation.StepExtract, generation.From{}, "u1")
			c.must(err)
			if _, err := c.AcceptReplay(ctx, "u1"); !errors.Is(err, desk.ErrNotHeld) {
				t.Errorf("accepted while it was made: %v", err)
			}
			limit := time.After(5 * time.Minute)
			for r.Held == "" {
				select {
				case <-limit:
					t.Fatalf("it is not held back: %+v", r)
				case <-time.After(50 * time.Millisecond):
				}
				rs, err := c.Replays(ctx)
				c.must(err)
				if r = *rs.Replay; rs.Serving.N != 1 {
					t.Fatalf("generation %d serves with %+v", rs.Serving.N, r.Result)
				}
			}
			return r
		}
		i, err := c.bus.Info(ctx, stream.Captures)
		c.must(err)
		c.must(c.bus.Trim(ctx, stream.Captures, i.Last/2)) // which nothing of ours does before they are sealed
		r := held()
		if r.Result == nil || r.Result.Before.Ads != before.Stats.Ads || r.Result.After.Ads >= before.Stats.Ads {
			t.Errorf("held back with %+v", r.Result)
		}
		_, err = c.CancelReplay(ctx)
		c.must(err)
		c.dropped(ctx, r.N)
		if got, err := StateOf(c.shelf.Dump(ctx)); err != nil || got != before.State {
			t.Errorf("after it was given up:\n got %+v\nwant %+v, %v", got, before.State, err)
		}

		r = held()
		if _, err = c.AcceptReplay(ctx, "u1"); err != nil {
			return err
		}
		c.dropped(ctx, r.Over)
		if rs, err := c.Replays(ctx); err != nil || rs.Serving.N != r.N || rs.Replay.Held != "" {
			t.Errorf("accepted, and it does not serve: %+v, %v", rs, err)
		}
		_, err = c.AcceptReplay(ctx, "u1")
		if !errors.Is(err, desk.ErrNoReplay) {
			t.Errorf("accepted nothing: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What would do nothing is refused, and says so.
func TestReplayRefuses(t *testing.T) {
	c := crawlTown(t, 60, nil)
	_, err := c.StartReplay(t.Context(), generation.StepExtract, generation.From{}, "u1")
	if !errors.Is(err, desk.ErrNothing) {
		t.Errorf("replayed nothing: %v", err)
	}
	err = c.while(t.Context(), func(ctx context.Context) error {
		c.rest(ctx)
		for name, x := range map[string]struct {
			step generation.Step
			from generation.From
			want error
		}{
			"a sequence beyond the end": {generation.StepEnrich, generation.From{Seq: 1 << 40}, desk.ErrNothing},
			"a time in the future":      {generation.StepExtract, generation.From{Time: time.Now().Add(time.Hour)}, desk.ErrNothing},
			"a step that is none":       {"crawl", generation.From{}, generation.ErrInvalid},
			"half an index":             {generation.StepIndex, generation.From{Seq: 7}, generation.ErrInvalid},
		} {
			if _, err := c.StartReplay(ctx, x.step, x.from, "u1"); !errors.Is(err, x.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A replay that is stopped again and again while it reads sealed files and copies
// makes nothing twice and leaves nothing out.
func TestReplayStoppedOften(t *testing.T) {
	seed := uint64(time.Now().UnixNano() % 1e6)
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 6))
	c := crawlTown(t, 150, func(cfg *Config) { cfg.Keep = time.Hour })
	c.walk.Stages["extract"] = pipeline.Config{Batch: 7}
	c.walk.Stages["enrich"] = pipeline.Config{Batch: 7}
	var want seenState
	c.must(c.while(t.Context(), func(ctx context.Context) error {
		c.watchBusiest(ctx)
		c.rest(ctx)
		c.must(c.Seal(ctx))
		c.page(ctx, "oak table", 110)
		want = c.rest(ctx)
		c.leave(ctx)
		return nil
	}))
	for _, x := range []struct {
		step generation.Step
		from uint64
	}{{generation.StepExtract, 0}, {generation.StepExtract, 150}, {generation.StepEnrich, 70}} {
		plan, err := c.StartReplay(t.Context(), x.step, generation.From{Seq: x.from}, "u1")
		c.must(err)
		stops := 0
		for ; c.book.Serving().N != plan.N; stops++ {
			ctx, stop := context.WithTimeout(t.Context(), time.Duration(50+r.IntN(700))*time.Millisecond)
			if stops > 5 {
				stop()
				ctx, stop = context.WithTimeout(t.Context(), time.Minute)
			}
			err := c.while(ctx, func(ctx context.Context) error {
				for c.book.Serving().N != plan.N {
					select {
					case <-ctx.Done():
						return ctx.Err()
					case <-c.book.Changed():
					case <-time.After(50 * time.Millisecond):
					}
				}
				return nil
			})
			stop()
			if err != nil && !errors.Is(err, context.DeadlineExceeded) {
				t.Fatal(err)
			}
			if stops > 10 {
				t.Fatal("it does not get on")
			}
		}
		c.must(c.while(t.Context(), func(ctx context.Context) error {
			c.dropped(ctx, plan.Over)
			if got := c.rest(ctx); got != want {
				t.Errorf("from %s %d on, stopped %d times:\n got %+v\nwant %+v", x.step, x.from, stops, got, want)
			}
			c.tidy(ctx)
			return nil
		}))
	}
}
