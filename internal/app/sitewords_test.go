package app

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
	"vigil.example/internal/desk"
	"vigil.example/internal/enrich"
	"vigil.example/internal/query"
	"vigil.example/internal/search"
	"vigil.example/internal/site"
	"vigil.example/internal/stream"
)

// A warning of a board against what a manager's ad would say: under every ad it makes
// a lead of each, or of none.
const (
	leading  = "Bookings on this board are made by our manager, text him first on (912) 555-0199. We have several girls available, new girls every week."
	silences = "Report trafficking: is she not allowed to leave? Call our line (800) 555-0199 day or night. No escorts under 21, you must be 18+ to read this."
)

// board is pages of a small site, each of another poster, under a footer.
func board(from, n int, own, footer string) []desk.SavedPage {
	r := rand.New(rand.NewPCG(uint64(from), 1))
	nouns := strings.Fields("garden river window morning candle harbour orange copper meadow violin lantern pepper ribbon marble thunder maple")
	var out []desk.SavedPage
	for i := range n {
		var says []string
		for range 14 {
			says = append(says, nouns[r.IntN(len(nouns))])
		}
		k := from + i
		html := fmt.Sprintf(`<html><head><title>Companion profile %s</title></head><body><h1>Companion profile %s</h1><p>Relaxing massage by %s. %s %s, call 912-555-%04d any day.</p><p>%s</p></body></html>`,
			says[0], says[0], says[1], own, strings.Join(says, " "), 100+k, footer)
		out = append(out, desk.SavedPage{Name: fmt.Sprintf("page-%d.html", k), URL: fmt.Sprintf("https://smallboard.example/ads/%d", k), Operator: "tester", Body: []byte(html)})
	}
	return out
}

// model waits until a site has one.
func (c *correctedApp) model(ctx context.Context, name string) *site.Model {
	c.t.Helper()
	for until := time.Now().Add(3 * time.Minute); time.Now().Before(until); {
		if m := c.models.of(name); m != nil {
			return m
		}
		if !rest(ctx, 20*time.Millisecond) {
			break
		}
	}
	c.t.Fatalf("nothing was learned of %s", name)
	return nil
}

// bring imports pages and returns what was read in them.
func (c *correctedApp) bring(ctx context.Context, pages []desk.SavedPage) []ad.Ad {
	c.t.Helper()
	urls := map[string]bool{}
	for _, p := range pages {
		_, err := c.importer.Import(ctx, p)
		c.must(err)
		urls[p.URL] = true
	}
	c.rest(ctx)
	var out []ad.Ad
	for doc, err := range c.shelf.Dump(ctx) {
		c.must(err)
		if urls[doc.Ad.URL] {
			out = append(out, doc.Ad)
		}
	}
	if len(out) != len(pages) {
		c.t.Fatalf("%d ads of %d pages", len(out), len(pages))
	}
	return out
}

func leads(ads []ad.Ad) (n int) {
	for _, a := range ads {
		if a.Lead != nil {
			n++
		}
	}
	return n
}

// What a site says under every ad makes no lead of them, and hides none; its number
// joins nobody and tells nobody. It is found and shown as before.
func TestSitesWordsAreNotThePosters(t *testing.T) {
	for name, x := range map[string]struct {
		own, footer, number string
		before, after       int // leads of 20
	}{
		"a footer that reads like a lead":   {"", leading, "+19125550199", 20, 0},
		"a footer that warns, and one says": {"I am 17, texts only.", silences, "+18005550199", 0, 20},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			c := openCorrectedIn(t, dir)
			unknowing, err := enrich.NewChain("test", c.walk.Enrich, enrich.Config{})
			c.must(err)
			var version int
			c.must(c.while(t.Context(), func(ctx context.Context) error {
				c.bring(ctx, board(0, 70, "", x.footer))
				version = c.model(ctx, "smallboard.example").Version
				after := c.bring(ctx, board(300, 20, x.own, x.footer))
				before := make([]ad.Ad, len(after)) // as it would be if nothing were known
				for i, a := range after {
					var err error
					before[i], err = unknowing.Enrich(ctx, a.Listing)
					c.must(err)
				}
				if n := leads(before); n != x.before {
					t.Errorf("%d of 20 ads are leads while nothing is known, want %d", n, x.before)
				}
				if n := leads(after); n != x.after {
					t.Errorf("%d of 20 ads are leads without the site's words, want %d", n, x.after)
				}
				c.ownNumber(ctx, after, x.number, x.footer)
				// What was read before is read by today's model when it is read again.
				again, err := c.chain.Enrich(ctx, before[0].Listing)
				c.must(err)
				if again.SiteWords == nil || again.SiteWords.Version != version {
					t.Errorf("read again by %+v, want version %d", again.SiteWords, version)
				}
				return nil
			}))
			c.Close()

			// The model is there after a start, before anything is read.
			again := openCorrectedIn(t, dir)
			if m := again.models.of("smallboard.example"); m == nil || m.Version < version {
				t.Fatalf("after a start: %+v", m)
			}
		})
	}
}

// ownNumber looks at how the site's number is read.
func (c *correctedApp) ownNumber(ctx context.Context, ads []ad.Ad, number, footer string) {
	c.t.Helper()
	v := ad.Value{Kind: "phone", Value: number}
	for _, a := range ads {
		if a.SiteWords == nil || len(a.SiteWords.Spans) == 0 {
			c.t.Fatalf("nothing is marked in %q", a.Body)
		}
		if !strings.Contains(a.Body, footer) {
			c.t.Errorf("the page says it no more: %q", a.Body)
		}
		if a.Written(v) == "" {
			c.t.Errorf("the site's number is not read in %q", a.Body)
		}
		values := a.Values(desk.Confidence)
		if len(values) != 1 || values[0] == v {
			c.t.Errorf("values to rest on are %v", values)
		}
	}
	if n := len(c.with(ctx, number)); n == 0 {
		c.t.Errorf("the index holds nobody who gives the number")
	}
	if got := c.raiser.Check(ad.Subscription{ID: "s-1", User: "u-anna", Value: v}, ads); len(got) > 0 {
		c.t.Errorf("%d alerts for the site's own number", len(got))
	}
	q, err := query.Parse(number)
	c.must(err)
	res, err := c.shelf.Search(ctx, q, search.Page{Size: 1})
	c.must(err)
	if res.Total < len(ads) {
		c.t.Errorf("a search for the number finds %d of more than %d ads", res.Total, len(ads))
	}
}

// What cannot be read in the bucket, from a program or a disk that broke, marks
// nothing and is learned again; two processes cannot write one version each.
func TestModelIsLearnedAgain(t *testing.T) {
	c := openCorrectedIn(t, t.TempDir())
	key := modelKey("smallboard.example")
	c.must(c.bus.Put(t.Context(), stream.Words, key, []byte(`{"v":1,"site":"smallb`)))
	c.must(c.while(t.Context(), func(ctx context.Context) error {
		c.bring(ctx, board(0, 70, "", silences))
		if m := c.model(ctx, "smallboard.example"); m.Version != 1 || len(m.Phrases) == 0 {
			t.Errorf("learned %+v", m)
		}
		return nil
	}))
	sample, _, err := c.sheets(t.Context(), 1, "ad.smallboard-example", 1)
	c.must(err)
	e, err := c.bus.Value(t.Context(), stream.Words, key)
	c.must(err)
	c.must(c.learnSite(t.Context(), "smallboard.example", sample["smallboard.example"]))
	if now, err := c.bus.Value(t.Context(), stream.Words, key); err != nil || now.Revision != e.Revision {
		t.Errorf("the same ads made another version: %v", err)
	}
}

func TestLooksAreFew(t *testing.T) {
	at := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	n := 0
	var l look
	for ads := uint64(1); ads <= 100_000; ads++ {
		if l.due(ads, at) {
			l, n = look{ads, at}, n+1
		}
	}
	if n > 20 || n < 10 {
		t.Errorf("%d looks at 100,000 ads", n)
	}
	if (look{5000, at}).due(5100, at.Add(48*time.Hour)) || !(look{5000, at}).due(5300, at.Add(2*time.Hour)) {
		t.Error("an hour and some ads later it is due, and for fewer it is not")
	}
}

// Of a site that lost most of its ads a look at what it had says nothing.
func TestErasedAdsMakeALookStale(t *testing.T) {
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	if !(look{50_000, at}).due(1000, at.AddDate(0, 1, 0)) {
		t.Error("a site of which 1000 ads of 50,000 are left is not looked at until it has 50,200")
	}
	if (look{1000, at}).due(900, at.AddDate(0, 1, 0)) {
		t.Error("each erasure has the site looked at")
	}
}

// A start goes on from what was looked at, but for sites whose model is gone.
func TestLooksAreKept(t *testing.T) {
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	kept := looked{"v1", 2, map[string]look{"ad.one-example": {500, at}, "ad.gone-example": {900, at}}}
	known := []*site.Model{{Site: "one.example"}, {Site: "new.example"}}
	for what, x := range map[string]struct {
		by   string
		gen  int
		want map[string]look
	}{
		"as it was":       {"v1", 2, map[string]look{"ad.one-example": {500, at}}},
		"another program": {"v2", 2, map[string]look{}},
		"another ads":     {"v1", 3, map[string]look{}},
	} {
		var read looked
		if err := json.Unmarshal(encode(kept), &read); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(looked{x.by, x.gen, x.want}, read.since(x.by, x.gen, known)); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", what, diff)
		}
	}
}

// Somebody may bring pages of as many sites as he likes.
func TestModelsAreBounded(t *testing.T) {
	a, err := New(t.Context(), Config{Version: "test", Data: t.TempDir(), Kind: Real, Sites: site.NewSet(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	for i := range mostModels {
		a.models.put(&site.Model{Site: fmt.Sprintf("s%d.example", i), Version: 1})
	}
	var sample []site.Sheet
	for i, p := range board(0, 70, "", silences) {
		sample = append(sample, site.Sheet{Body: string(p.Body), Values: []ad.Value{{Kind: "phone", Value: fmt.Sprintf("+1912555%04d", i)}}})
	}
	if err := a.learnSite(t.Context(), "late.example", sample); err != nil {
		t.Fatal(err)
	}
	if keys, err := a.bus.Keys(t.Context(), stream.Words); err != nil || len(keys) != 0 {
		t.Errorf("kept %v, %v", keys, err)
	}
}
