package crawl_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
	"vigil.example/internal/crawl"
	"vigil.example/internal/site"
)

// A queue keeps entries by id, as the real one does; it can be made to fail.
type queue struct {
	err     error
	entries []crawl.Entry
}

func (q *queue) Enqueue(_ context.Context, es []crawl.Entry) error {
	if q.err != nil {
		return q.err
	}
	for _, e := range es {
		if !slices.ContainsFunc(q.entries, func(o crawl.Entry) bool { return o.ID() == e.ID() }) {
			q.entries = append(q.entries, e)
		}
	}
	return nil
}

func offer(t *testing.T, f *crawl.Frontier, p crawl.Parent, links ...ad.Outlink) crawl.Offered {
	t.Helper()
	o, err := f.Offer(context.Background(), p, links)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func boards(t *testing.T) *site.Set {
	t.Helper()
	a := &site.Definition{Name: "board", Seeds: []string{"http://board.example/list"}}
	a.Scope = site.Scope{Deny: []string{"^/login"}, Depth: 3, Strip: []string{"utm_*", "PHPSESSID"}}
	a.Revisit = site.Revisit{List: time.Hour, Detail: 24 * time.Hour}
	b := &site.Definition{Name: "other", Seeds: []string{"http://other.example/"}}
	for _, d := range []*site.Definition{a, b} {
		if err := d.Validate(); err != nil {
			t.Fatal(err)
		}
	}
	return site.NewSet(a, b)
}

func TestOffer(t *testing.T) {
	list, detail := noon.Unix()/3600, noon.Unix()/86400
	onList := crawl.Parent{Site: "board", Kind: ad.KindList, Visit: list - 1, Depth: 1, Capture: "c1"}
	onAd := crawl.Parent{Site: "board", Kind: ad.KindDetail, Visit: detail, Depth: 1, Capture: "c1"}
	for _, c := range []struct {
		name   string
		parent crawl.Parent
		link   ad.Outlink
		url    string // as queued, or "" when refused
		site   string
		visit  int64
		reason crawl.Reason
	}{
		{"an ad is fetched once a slot of its own", onList, ad.Outlink{URL: "http://board.example/ad/1", Kind: ad.LinkDetail}, "http://board.example/ad/1", "board", detail, ""},
		{"the next list page is fetched once a slot of the lists", onList, ad.Outlink{URL: "http://board.example/list?p=2", Kind: ad.LinkList}, "http://board.example/list?p=2", "board", list, ""},
		{"a redirect is fetched once a slot of the lists", onAd, ad.Outlink{URL: "http://board.example/ad/new", Kind: ad.LinkRedirect}, "http://board.example/ad/new", "board", list, ""},
		{"a list linked from an ad is today's", onAd, ad.Outlink{URL: "http://board.example/list", Kind: ad.LinkList}, "http://board.example/list", "board", list, ""},
		{"another loaded site, never revisited", onList, ad.Outlink{URL: "http://other.example/ad/2", Kind: ad.LinkDetail}, "http://other.example/ad/2", "other", 0, ""},
		{"one spelling", onList, ad.Outlink{URL: "HTTP://Board.Example:80/ad/1?z=1&utm_source=x&a=2&PHPSESSID=9#top", Kind: ad.LinkDetail}, "http://board.example/ad/1?a=2&z=1", "board", detail, ""},
		{"a session in the path", onList, ad.Outlink{URL: "http://board.example/ad/1;jsessionid=AB12?a=1", Kind: ad.LinkDetail}, "http://board.example/ad/1?a=1", "board", detail, ""},
		{"a semicolon that is no session", onList, ad.Outlink{URL: "http://board.example/ad;1", Kind: ad.LinkDetail}, "http://board.example/ad;1", "board", detail, ""},
		{"an unknown host", onList, ad.Outlink{URL: "http://stranger.example/", Kind: ad.LinkOther}, "", "", 0, crawl.ReasonScope},
		{"a denied path", onList, ad.Outlink{URL: "http://board.example/login", Kind: ad.LinkOther}, "", "", 0, crawl.ReasonScope},
		{"a telephone link", onList, ad.Outlink{URL: "tel:5550100", Kind: ad.LinkOther}, "", "", 0, crawl.ReasonScheme},
		{"a script", onList, ad.Outlink{URL: "javascript:void(0)", Kind: ad.LinkOther}, "", "", 0, crawl.ReasonScheme},
		{"nonsense", onList, ad.Outlink{URL: "http://board.example/%zz", Kind: ad.LinkOther}, "", "", 0, crawl.ReasonURL},
		{"too long", onList, ad.Outlink{URL: "http://board.example/" + strings.Repeat("x", 2048), Kind: ad.LinkOther}, "", "", 0, crawl.ReasonURL},
		{"too deep", crawl.Parent{Site: "board", Depth: 3}, ad.Outlink{URL: "http://board.example/ad/1", Kind: ad.LinkDetail}, "", "", 0, crawl.ReasonDepth},
		{"a path that repeats itself", onList, ad.Outlink{URL: "http://board.example/a/b/a/b/a/b/a/b", Kind: ad.LinkOther}, "", "", 0, crawl.ReasonTrap},
		{"a date is no trap", onList, ad.Outlink{URL: "http://board.example/2011/11/11/11", Kind: ad.LinkOther}, "http://board.example/2011/11/11/11", "board", list, ""},
		{"a path without end", onList, ad.Outlink{URL: "http://board.example/" + parts(40), Kind: ad.LinkOther}, "", "", 0, crawl.ReasonTrap},
		{"filters upon filters", onList, ad.Outlink{URL: "http://board.example/list?" + strings.Repeat("f=1&", 5) + "p=1", Kind: ad.LinkList}, "", "", 0, crawl.ReasonTrap},
		{"a return address in a return address", onList, ad.Outlink{URL: "http://board.example/x?back=%252Fx%253Fback%253D%25252F", Kind: ad.LinkOther}, "", "", 0, crawl.ReasonTrap},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := &queue{}
			f := crawl.NewFrontier(boards(t), q, func() time.Time { return noon })
			o := offer(t, f, c.parent, c.link)
			var want crawl.Offered
			if c.url != "" {
				want.Entries = []crawl.Entry{{V: 1, URL: c.url, Site: c.site, Kind: c.link.Kind, Visit: c.visit, Depth: c.parent.Depth + 1, From: c.parent.Capture}}
				if diff := cmp.Diff(o, want); diff != "" {
					t.Errorf("offered (-got +want):\n%s", diff)
				}
				if diff := cmp.Diff(q.entries, want.Entries); diff != "" {
					t.Errorf("queued (-got +want):\n%s", diff)
				}
				return
			}
			if len(o.Refused) != 1 || o.Refused[0].Reason != c.reason || len(q.entries) != 0 {
				t.Errorf("got %+v, %v, queued %v, want refused by %s", o, o.Refused, q.entries, c.reason)
			}
		})
	}
}

func parts(n int) string {
	var s []string
	for i := range n {
		s = append(s, fmt.Sprint(i))
	}
	return strings.Join(s, "/")
}

// TestRedirectLoop: following a loop ends when every address of it is known.
func TestRedirectLoop(t *testing.T) {
	f := crawl.NewFrontier(boards(t), &queue{}, func() time.Time { return noon })
	next := map[string]string{"http://board.example/a": "http://board.example/b", "http://board.example/b": "http://board.example/a"}
	todo := offer(t, f, crawl.Parent{Site: "board", Visit: 7}, ad.Outlink{URL: "http://board.example/a", Kind: ad.LinkRedirect}).Entries
	fetched := 0
	for len(todo) > 0 {
		e := todo[0]
		fetched++
		todo = append(todo[1:], offer(t, f, crawl.Parent{Site: e.Site, Visit: e.Visit, Depth: e.Depth}, ad.Outlink{URL: next[e.URL], Kind: ad.LinkRedirect}).Entries...)
	}
	if fetched != 2 {
		t.Errorf("fetched %d pages of a loop of two", fetched)
	}
}

func TestRememberedOnlyWhenDurable(t *testing.T) {
	q := &queue{err: errors.New("disk full")}
	f := crawl.NewFrontier(boards(t), q, func() time.Time { return noon })
	p := crawl.Parent{Site: "board", Visit: 7}
	links := []ad.Outlink{{URL: "http://board.example/ad/1", Kind: ad.LinkDetail}, {URL: "http://board.example/ad/1#x", Kind: ad.LinkDetail}}
	if _, err := f.Offer(context.Background(), p, links); !errors.Is(err, q.err) {
		t.Errorf("got %v, want %v", err, q.err)
	}
	q.err = nil
	if o := offer(t, f, p, links...); len(o.Entries) != 1 || o.Known != 1 {
		t.Errorf("after the error: got %+v, want one queued, one known", o)
	}
	if o := offer(t, f, p, links...); len(o.Entries) != 0 || o.Known != 2 {
		t.Errorf("again: got %+v, want both known", o)
	}

	// After a restart the queue's entries bring everything back.
	g := crawl.NewFrontier(boards(t), q, func() time.Time { return noon })
	for _, e := range q.entries {
		g.Remember(e)
	}
	if o := offer(t, g, p, links...); len(o.Entries) != 0 || g.Len() != 1 {
		t.Errorf("after a restart: got %+v, remembering %d", o, g.Len())
	}
}

func TestSeeds(t *testing.T) {
	now := noon
	q := &queue{}
	f := crawl.NewFrontier(boards(t), q, func() time.Time { return now })
	for _, c := range []struct {
		name string
		pass time.Duration
		want int
	}{
		{"all at first", 0, 2}, {"none again", 59 * time.Minute, 0}, {"the one that is revisited, an hour later", time.Minute, 1},
	} {
		now = now.Add(c.pass)
		n, err := f.Start(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if n != c.want {
			t.Errorf("%s: got %d, want %d", c.name, n, c.want)
		}
	}
	want := []crawl.Entry{
		{V: 1, URL: "http://board.example/list", Site: "board", Kind: ad.LinkList, Visit: noon.Unix() / 3600},
		{V: 1, URL: "http://other.example/", Site: "other", Kind: ad.LinkList},
		{V: 1, URL: "http://board.example/list", Site: "board", Kind: ad.LinkList, Visit: noon.Unix()/3600 + 1},
	}
	if diff := cmp.Diff(q.entries, want); diff != "" {
		t.Errorf("queued (-got +want):\n%s", diff)
	}
}

func TestEntryJSON(t *testing.T) {
	e := crawl.Entry{V: 1, URL: "http://board.example/ad/1", Site: "board", Kind: ad.LinkDetail, Visit: 3, Depth: 1, From: "c1"}
	b, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"v":1,"url":"http://board.example/ad/1","site":"board","kind":"detail","visit":3,"depth":1,"from":"c1"}`
	if string(b) != want {
		t.Errorf("got %s, want %s", b, want)
	}
	if e.ID() == crawl.EntryID(e.URL, 4) || e.ID() != crawl.EntryID(e.URL, 3) || len(e.ID()) != 32 {
		t.Errorf("id %s", e.ID())
	}
}
