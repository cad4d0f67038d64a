package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"vigil.example/internal/generation"
	"vigil.example/internal/pipeline"
	"vigil.example/internal/stream"
)

// A role is one part of the program that can run in a process of its own.
type role struct {
	name  string
	about string
	home  bool // needs the data folder in which the index and the sealed files lie
	run   func(*App, context.Context) error
}

// roles is the table of them, in the order of the walk.
func roles() []role {
	return []role{
		{"crawl", "plan visits and fetch pages", false, (*App).runCrawl},
		{"extract", "read listings from captures", false, (*App).runExtract},
		{"enrich", "read numbers and other values in listings", false, (*App).runEnrich},
		{"link", "join ads into clusters", false, (*App).runLink},
		{"index", "make ads searchable", true, (*App).runIndex},
		{"alert", "tell subscribers", true, (*App).runAlert},
		{"archive", "seal captures in WARC files", true, (*App).runArchive},
		{"web", "serve the pages and the API", true, (*App).runWeb},
	}
}

// RoleNames are the roles in the order of the walk.
func RoleNames() []string { return namesOf(func(role) bool { return true }) }

func (c Config) homeRoles() []string { return namesOf(c.atHome) }

func namesOf(want func(role) bool) (out []string) {
	for _, r := range roles() {
		if want(r) {
			out = append(out, r.name)
		}
	}
	return out
}

// keep runs a part of a role again and again until ctx ends: what fails is noted
// for the health of the process and begun anew after a pause.
func (a *App) keep(ctx context.Context, part string, f func(context.Context) error) error {
	defer a.health.drop(part) // stopped, or its generation is gone: nobody is to wait for it
	for attempt := 1; ; attempt++ {
		a.health.set(part, stateRunning, nil)
		started := time.Now()
		err := f(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err == nil {
			err = errors.New("ended by itself")
		}
		if time.Since(started) > time.Minute {
			attempt = 1
		}
		a.health.set(part, stateFailing, err)
		if a.life.away.Load() || !a.bus.Connected() { // whatever it says, that is the cause
			err = fmt.Errorf("%w: %w", stream.ErrAway, err)
		}
		a.log.Warn("part of a role failed and is begun again", "part", part, "err", err)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(min(pipeline.Backoff(200*time.Millisecond, attempt), 30*time.Second)):
		}
	}
}

// leased runs a part that only one process may do at a time, whenever this one
// holds the lease.
func (a *App) leased(ctx context.Context, part string, f func(context.Context, *stream.Lease) error) error {
	return a.keep(ctx, part, func(ctx context.Context) error {
		if !a.cfg.sole() {
			a.health.set(part, stateStandby, nil)
		}
		l, err := a.bus.Lease(ctx, part, stream.LeaseOptions{Owner: a.owner, Sole: a.cfg.sole()})
		if err != nil {
			return err
		}
		a.health.set(part, stateRunning, nil)
		held, cancel := context.WithCancel(l.Context())
		defer cancel()
		defer context.AfterFunc(ctx, cancel)()
		err = f(held, l)
		late, stop := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer stop()
		if rerr := l.Release(late); rerr != nil && err == nil && ctx.Err() == nil {
			err = rerr
		}
		if cause := context.Cause(l.Context()); errors.Is(cause, stream.ErrLeaseLost) {
			return cause
		}
		return err
	})
}

// generations runs f for every live generation whose part differs, and starts
// and stops it as generations come and go.
func (a *App) generations(ctx context.Context, part func(generation.Generation) int, f func(context.Context, generation.Generation) error) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	running := map[int]context.CancelFunc{}
	for {
		changed := a.book.Changed()
		live := map[int]generation.Generation{}
		for _, g := range a.book.Live() {
			if _, ok := live[part(g)]; !ok {
				live[part(g)] = g
			}
		}
		for n, stop := range running {
			if _, ok := live[n]; !ok {
				stop()
				delete(running, n)
			}
		}
		for _, n := range slices.Sorted(maps.Keys(live)) {
			if running[n] != nil {
				continue
			}
			own, stop := context.WithCancel(ctx)
			running[n] = stop
			wg.Go(func() {
				if err := f(own, live[n]); err != nil && own.Err() == nil {
					a.log.Error("a generation's part ended", "generation", live[n].N, "err", err)
				}
			})
		}
		select {
		case <-ctx.Done():
			for _, stop := range running {
				stop()
			}
			return nil
		case <-changed:
		}
	}
}

// suffix marks the parts and consumers of later generations; those of the first
// have none.
func suffix(gen int) string {
	if gen <= 1 {
		return ""
	}
	return fmt.Sprintf("-g%d", gen)
}

// Run runs this process's roles until ctx ends. Ready is called once requests
// are answered, if they are.
func (a *App) Run(ctx context.Context, ready func(url string)) error {
	a.ready = ready
	g, ctx := errgroup.WithContext(ctx)
	for _, r := range roles() {
		if !a.cfg.has(r.name) || r.name == "crawl" && !a.cfg.Crawl {
			continue
		}
		g.Go(func() error {
			if err := r.run(a, ctx); err != nil && ctx.Err() == nil {
				return fmt.Errorf("%s: %w", r.name, err)
			}
			return nil
		})
	}
	g.Go(func() error { return a.followBooks(ctx) })
	g.Go(func() error { return a.watchDisk(ctx) })
	a.life.sign = rand.Text()
	a.life.running.Store(true)
	defer a.life.running.Store(false)
	g.Go(func() error { return a.live(ctx) })
	if a.cfg.Admin != "" {
		a.counted.registry.MustRegister(census{a})
		g.Go(func() error { return a.serveAdmin(ctx) })
	}
	return g.Wait()
}
