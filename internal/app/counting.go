package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/crawl"
	"vigil.example/internal/pipeline"
	"vigil.example/internal/search"
	"vigil.example/internal/site"
	"vigil.example/internal/stream"
	"vigil.example/internal/trend"
)

// A counting is the posts and the coverage of the crawl, counted. It is made when
// somebody asks, and after that only what is new is read.
type counting struct {
	mu       sync.Mutex
	coverage coverage
	book     *trend.Book
	made     time.Time
	of       int // generation of the index that it was made from
}

// countEvery is how old figures may be.
const countEvery = 10 * time.Second

// Book counts what the serving generation holds; see desk.Counter.
func (a *App) Book(ctx context.Context) (*trend.Book, error) {
	c := &a.counting
	c.mu.Lock()
	defer c.mu.Unlock()
	gen := a.shelf.gen()
	if c.book != nil && c.of == gen && time.Since(c.made) < countEvery {
		return c.book, nil
	}
	if err := a.cover(ctx, &c.coverage); err != nil {
		return nil, fmt.Errorf("count the pages of the crawl: %w", err)
	}
	var posts []trend.Post
	err := a.shelf.Posts(ctx, func(p search.Post) {
		posts = append(posts, trend.Post{
			Demand: p.Side == ad.SideDemand, Metro: p.Metro, Site: p.Site, At: p.At, Ad: p.Ad, Text: p.Text,
			Signature: p.Signature, Author: p.Author, ReadBy: p.ReadBy,
		})
	})
	if err != nil {
		return nil, fmt.Errorf("count posts: %w", err)
	}
	c.book, c.made, c.of = trend.NewBook(posts, c.coverage.days()), time.Now(), gen
	return c.book, nil
}

// Posts gives what there is to count; see search.Counter.
func (s *shelf) Posts(ctx context.Context, f func(search.Post)) error {
	_, err := with(s, func(v *volume) (struct{}, error) { return struct{}{}, v.Posts(ctx, f) })
	return err
}

// A coverage follows every planned visit to its end, from the streams' own
// records: planned in FRONTIER, answered by an outcome in LISTINGS, or refused in
// CAPTURES. What a rule of ours refused was never due.
type coverage struct {
	listings int // generation of LISTINGS that was read
	read     map[string]uint64
	open     map[string]siteDay // visits that are planned, by entry id, and when
	ended    map[string]bool    // visits whose end was read before their plan
	counts   map[siteDay]*trend.Day
}

type siteDay struct {
	site string
	day  int64 // Unix day
}

// ours are the reasons of refusals that make a page not due: the site or the law
// forbids it, or it should never have been planned.
var ours = map[crawl.Reason]bool{
	crawl.ReasonURL: true, crawl.ReasonScheme: true, crawl.ReasonScope: true, crawl.ReasonRobots: true, crawl.ReasonAddress: true,
	crawl.ReasonDepth: true, crawl.ReasonTrap: true, "erased": true,
}

func (v *coverage) day(site string, at time.Time) *trend.Day {
	k := siteDay{site, at.UTC().Unix() / 86400}
	if v.counts[k] == nil {
		v.counts[k] = &trend.Day{Site: site, Day: time.Unix(86400*k.day, 0).UTC()}
	}
	return v.counts[k]
}

// end notes that a visit has ended, and whether it is the first time that this is
// read.
func (v *coverage) end(id string) {
	if _, ok := v.open[id]; ok {
		delete(v.open, id)
		return
	}
	v.ended[id] = true
}

// days are the counts of every site and day; visits that have not ended were due
// when they were planned for.
func (v *coverage) days() []trend.Day {
	waiting := map[siteDay]int{}
	for _, k := range v.open {
		waiting[k]++
	}
	var out []trend.Day
	for k, d := range v.counts {
		x := *d
		x.Due += waiting[k]
		delete(waiting, k)
		out = append(out, x)
	}
	for k, n := range waiting {
		out = append(out, trend.Day{Site: k.site, Day: time.Unix(86400*k.day, 0).UTC(), Due: n})
	}
	return out
}

// cover reads what is new in the three streams.
func (a *App) cover(ctx context.Context, v *coverage) error {
	g := a.book.Serving()
	if v.read == nil || v.listings != g.Listings {
		*v = coverage{listings: g.Listings, read: map[string]uint64{}, open: map[string]siteDay{}, ended: map[string]bool{}, counts: map[siteDay]*trend.Day{}}
	}
	for _, s := range []struct {
		name   string
		filter string
		take   func(ad.Message) error
	}{
		{stream.Frontier, "frontier.*", a.duePages(v)},
		{stream.Captures, "refusal.*.*", a.refused(v)},
		{stream.Named(stream.Listings, g.Listings), "outcome.*.*", v.outcome},
	} {
		upTo, err := a.bus.Replay(ctx, s.name, v.read[s.name]+1, []string{s.filter}, func(m ad.Message) error {
			err := s.take(m)
			if pipeline.IsPermanent(err) { // it is counted where it lies as a dead letter
				err = nil
			}
			v.read[s.name] = max(v.read[s.name], m.Seq)
			return err
		})
		if errors.Is(err, ad.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		v.read[s.name] = max(v.read[s.name], upTo)
	}
	return nil
}

// duePages notes a planned visit. Its time is that of its slot: the clock of the
// crawl may differ from that of the streams.
func (a *App) duePages(v *coverage) func(ad.Message) error {
	return func(m ad.Message) error {
		e, err := decode[crawl.Entry](m)
		if err != nil {
			return err
		}
		at := m.Time
		if d := a.cfg.Sites.ByName(e.Site); d != nil && e.Visit > 0 {
			if every := interval(d, e.Kind); every > 0 {
				at = time.Unix(0, e.Visit*int64(every))
			}
		}
		if id := e.ID(); v.ended[id] {
			delete(v.ended, id)
		} else {
			v.open[id] = siteDay{e.Site, at.UTC().Unix() / 86400}
		}
		return nil
	}
}

func interval(d *site.Definition, k ad.LinkKind) time.Duration {
	if k == ad.LinkDetail {
		return d.Revisit.Detail
	}
	return d.Revisit.List
}

func (a *App) refused(v *coverage) func(ad.Message) error {
	return func(m ad.Message) error {
		var r struct {
			crawl.Entry
			Reason crawl.Reason `json:"reason"`
		}
		if json.Unmarshal(m.Data, &r) != nil || r.URL == "" { // of an erased address nothing is left
			return nil
		}
		if ours[r.Reason] {
			v.end(r.ID())
		}
		return nil
	}
}

// outcome notes what a fetched page turned out to be.
func (v *coverage) outcome(m ad.Message) error {
	var o struct {
		Via    ad.Via      `json:"via"`
		Site   string      `json:"site"`
		URL    string      `json:"url"`
		Kind   ad.PageKind `json:"kind"`
		SeenAt time.Time   `json:"seen_at"`
		Visit  int64       `json:"visit"`
		Status int         `json:"status"`
	}
	if err := json.Unmarshal(m.Data, &o); err != nil || o.Via != ad.ViaCrawl {
		return nil
	}
	v.end(crawl.EntryID(o.URL, o.Visit))
	d := v.day(o.Site, o.SeenAt)
	d.Due++
	if o.Status == 0 || o.Status >= 500 || o.Status == 429 {
		return nil
	}
	d.Fetched++
	if o.Kind != ad.KindBlocked && o.Kind != ad.KindEmpty {
		d.Parsed++
	}
	return nil
}
