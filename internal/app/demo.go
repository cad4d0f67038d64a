package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"vigil.example/crawlers"
	"vigil.example/internal/ad"
	"vigil.example/internal/bazaar"
	"vigil.example/internal/desk"
	"vigil.example/internal/link"
	"vigil.example/internal/site"
)

// DemoOptions says how a demo runs.
type DemoOptions struct {
	Config
	Ads    int
	Seed   uint64
	Score  bool // crawl to the end with the town's clock frozen, score, stop
	Frozen bool // the town's clock stands still
}

// pace is how fast the town's clock runs: a town day in six minutes.
const pace = 240

// before is how many weeks before its opening the town is crawled for the first time,
// unless its clock is frozen, and once a week from then on: weeks to compare.
const before = 4

const week = 7 * 24 * time.Hour

// revisit is how often, by our clock, the demo looks at the town's lists again.
const revisit = 15 * time.Second

// A town is a served Bazaar.
type town struct {
	*bazaar.Town
	state townState
	file  string
	opens time.Time // the first crawl is done when it has seen the town at that time
	l     net.Listener

	resumed bool // it was served before
}

// townState is what the demo keeps of a town besides its seed.
type townState struct {
	Seed  uint64           `json:"seed"`
	Ads   int              `json:"ads"`
	Now   time.Time        `json:"now"`
	Posts []bazaar.Posting `json:"posts,omitempty"`
}

func openTown(o DemoOptions) (*town, error) {
	t := &town{file: filepath.Join(o.Data, "town.json"), state: townState{Seed: o.Seed, Ads: o.Ads}}
	b, err := os.ReadFile(t.file)
	switch {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("open the town: %w", err)
	default:
		if err := json.Unmarshal(b, &t.state); err != nil {
			return nil, fmt.Errorf("open the town: %s is damaged: %w; give another folder with --data", t.file, err)
		}
		if t.state.Seed != o.Seed || t.state.Ads != o.Ads {
			return nil, fmt.Errorf("%w: %s holds the town of seed %d with %d ads; give --seed %d --ads %d, or another folder with --data",
				ErrFolder, o.Data, t.state.Seed, t.state.Ads, t.state.Seed, t.state.Ads)
		}
	}
	c := bazaar.DefaultConfig()
	c.Seed, c.Ads, c.Posts = o.Seed, o.Ads, t.state.Posts
	if t.Town, err = bazaar.New(c); err != nil {
		return nil, err
	}
	switch {
	case !t.state.Now.IsZero():
		t.SetNow(t.state.Now)
		t.resumed = true
	case !o.Frozen:
		t.SetNow(c.Start.Add(-before * week))
	}
	t.opens = c.Start
	if t.l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("serve the town: %w", err)
	}
	return t, nil
}

func (t *town) save() error {
	t.state.Now, t.state.Posts = t.Now(), t.Posts()
	b, err := json.MarshalIndent(t.state, "", "  ")
	if err != nil {
		return fmt.Errorf("keep the town: %w", err)
	}
	return writeDurably(t.file, append(b, '\n'))
}

// run serves the town and moves its clock.
func (t *town) run(ctx context.Context, frozen func() bool) error {
	srv := &http.Server{Handler: t.Handler(), ReadHeaderTimeout: 10 * time.Second}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		if err := srv.Serve(t.l); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve the town: %w", err)
		}
		return nil
	})
	g.Go(func() error {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		defer func() { _ = srv.Close() }()
		for n := 1; ; n++ {
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
			}
			if !frozen() {
				t.SetNow(t.Now().Add(pace * time.Second))
			}
			if n%5 == 0 || len(t.Posts()) != len(t.state.Posts) {
				if err := t.save(); err != nil {
					return err
				}
			}
		}
	})
	return g.Wait()
}

// townSites are the definitions of the town's sites, with visits as often as the
// demo wants them by its own clock.
func townSites(hosts []string) (*site.Set, error) {
	all, err := crawlers.Load()
	if err != nil {
		return nil, err
	}
	var defs []*site.Definition
	for _, d := range all.All() {
		for _, h := range hosts {
			if d.Scope.Hosts[0] == h {
				d.Revisit = site.Revisit{List: pace * revisit, Detail: pace * 40 * revisit}
				defs = append(defs, d)
			}
		}
	}
	return site.NewSet(defs...), nil
}

// RunDemo builds the town, crawls it and serves the pages until ctx ends; or,
// for a score, crawls it to the end and prints how well that went.
func RunDemo(ctx context.Context, o DemoOptions, out io.Writer) error {
	o.Kind, o.Crawl = Demo, true
	if err := os.MkdirAll(o.Data, 0o700); err != nil {
		return fmt.Errorf("open data folder: %w", err)
	}
	if o.Score {
		o.Listen, o.Frozen = "", true
	}
	// The folder is checked and locked before the town writes into it.
	f, err := openFolder(o.Data, Demo, false, false)
	if err != nil {
		return err
	}
	f.close()
	t, err := openTown(o)
	if err != nil {
		return err
	}
	o.Clock, o.Resolve, o.TownURL = t.Now, map[string]string{}, "http://"+t.l.Addr().String()
	for _, h := range t.Hosts() {
		o.Resolve[h] = t.l.Addr().String()
	}
	if o.Sites, err = townSites(t.Hosts()); err != nil {
		return err
	}
	a, err := New(ctx, o.Config)
	if err != nil {
		return err
	}
	defer a.Close()
	if err := t.save(); err != nil {
		return err
	}
	crawled := make(chan struct{})
	frozen := func() bool {
		select {
		case <-crawled:
			return o.Frozen
		default:
			return true // the first crawl sees the town at moments, a week apart
		}
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return t.run(ctx, frozen) })
	urls := make(chan string, 1)
	g.Go(func() error { return a.Run(ctx, func(u string) { urls <- u }) })
	d := &demo{app: a, town: t, frozen: o.Frozen, out: out, started: time.Now(), progress: &progress{out: out, terminal: o.Terminal}}
	if o.Score {
		g.Go(func() error { defer stop(); return d.score(ctx) })
	} else {
		g.Go(func() error { defer close(crawled); return d.guide(ctx, urls) })
	}
	if err := g.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

type demo struct {
	app     *App
	town    *town
	frozen  bool // the town's clock stands still
	out     io.Writer
	started time.Time
	*progress
}

// guide prints where to go, shows how the first crawl is getting on, and says
// what to click first.
func (d *demo) guide(ctx context.Context, urls <-chan string) error {
	var url string
	select {
	case url = <-urls:
	case <-ctx.Done():
		return nil
	}
	password, err := d.app.Bootstrap(ctx)
	if err == nil && password == "" {
		password, err = d.app.NewPassword(ctx)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(d.out, `
Vigil demo: a made-up town of classifieds. Nothing in it is real.

  Open      %s
  Sign in   admin
  Password  %s   (for this run only)
  The town  %s

`, url, password, d.app.cfg.TownURL)
	first := false
	err = d.weeks(ctx, func(s desk.Status) {
		d.line(s)
		if !first && s.Clusters > 0 {
			first = true
			d.clear()
			if d.town.resumed {
				fmt.Fprintf(d.out, "Going on with %d ads and %d linked clusters.\n", s.Ads, s.Clusters)
			} else {
				fmt.Fprintf(d.out, "First linked cluster after %.1f s.\n", time.Since(d.started).Seconds())
			}
		}
	})
	if err != nil {
		return ignoreStop(ctx, err)
	}
	s, err := d.app.Status(ctx)
	if err != nil {
		return ignoreStop(ctx, err)
	}
	d.clear()
	fmt.Fprintf(d.out, "Crawled in %.1f s: %d ads, %d linked clusters, ledger %s.\n", time.Since(d.started).Seconds(), s.Ads, s.Clusters, balanced(s.Ledger))
	d.suggest()
	if d.frozen {
		fmt.Fprintln(d.out, "The town's clock stands still; new ads come when you have somebody post one. Ctrl-C stops.")
		return nil
	}
	fmt.Fprintln(d.out, "The town's clock runs now, a day in six minutes; new ads keep coming. Ctrl-C stops.")
	return nil
}

// weeks crawls the town to the end, and again each week until it opens.
func (d *demo) weeks(ctx context.Context, progress func(desk.Status)) error {
	for {
		if err := d.app.Settle(ctx, progress); err != nil {
			return err
		}
		now := d.town.Now()
		if !now.Before(d.town.opens) {
			return nil
		}
		s, err := d.app.Status(ctx)
		if err != nil {
			return err
		}
		d.town.SetNow(now.Add(week))
		if err := d.planned(ctx, visits(s)); err != nil {
			return err
		}
	}
}

// planned waits until more than n visits have been planned: the lists are due again
// as soon as the clock has moved, and the frontier looks at it each second.
func (d *demo) planned(ctx context.Context, n uint64) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
		if s, err := d.app.Status(ctx); err != nil || visits(s) > n {
			return err
		}
	}
}

// visits is how many visits were planned so far.
func visits(s desk.Status) uint64 {
	for _, r := range s.Ledger.Rows {
		if r.Step == "crawl" {
			return r.In
		}
	}
	return 0
}

func (d *demo) suggest() {
	best := d.town.Busiest()
	if best.Ads == 0 {
		return
	}
	fmt.Fprintf(d.out, `
What to try first
  1. Sign in, give a purpose (any case number will do here).
  2. Paste this number, in whatever form you like: %s
     and open the cluster of one of its ads: "Why linked" tells what holds it together.
  3. Press "Watch this number". Then open the town, and let %s post another ad:
     your inbox shows it within half a minute.
  4. Download the evidence packet of the cluster, and check it:
     vigil packet verify PACKET.zip --key %s
     or with other people's tools, as README.txt in it says.

`, link.Display(ad.Value{Kind: "phone", Value: best.Phone}), best.ID, d.app.folder.at("signer.pub.pem"))
}

// line shows progress on one line.
func (d *demo) line(s desk.Status) {
	var pages, waiting uint64
	for _, r := range s.Ledger.Rows {
		if r.Step == "crawl" {
			pages, waiting = r.Stored, r.Waiting
		}
	}
	d.say("%6d pages fetched, %6d planned, %6d ads searchable, %5d clusters", pages, waiting, s.Ads, s.Clusters)
}

func balanced(l desk.Ledger) string {
	if l.Balanced {
		return "balanced"
	}
	return "NOT BALANCED"
}

func ignoreStop(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}
