package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"vigil.example/internal/ad"
	"vigil.example/internal/app"
	"vigil.example/internal/enrich"
	"vigil.example/internal/search"
	"vigil.example/internal/search/elastic"
	"vigil.example/internal/site"
	"vigil.example/internal/stream"
	"vigil.example/pipelines"
)

// peerSteps is what the peer needs of the steps, made once.
type peerSteps struct {
	sites *site.Set
	chain *enrich.Chain
	index elastic.Server
}

func newPeerSteps(set *site.Set) (peerSteps, error) {
	walk, err := pipelines.Load()
	if err != nil {
		return peerSteps{}, err
	}
	chain, err := enrich.NewChain("vigil bench pipeline "+walk.Digest, walk.Enrich, enrich.Config{Country: country(set)})
	if err != nil {
		return peerSteps{}, fmt.Errorf("read pipelines/walk.yaml: %w", err)
	}
	return peerSteps{sites: set, chain: chain}, nil
}

func country(set *site.Set) func(string) string {
	return func(name string) string {
		if d := set.ByName(name); d != nil {
			return d.Country
		}
		return ""
	}
}

// throughput takes the same captures through the peer and through the program,
// in turn.
func (b *Bench) throughput(ctx context.Context) error {
	src, err := newSource(b.Ads, 7)
	if err != nil {
		return err
	}
	captures, err := record(b.Data, src, b.Ads)
	if err != nil {
		return err
	}
	defer func() { _ = captures.close() }()
	src.leave()
	steps, err := newPeerSteps(src.sites)
	if err != nil {
		return err
	}
	steps.index = b.Index
	return b.compare(ctx, "throughput", b.Ads,
		func(ctx context.Context, dir string) (*span, error) { return runPeer(ctx, steps, dir, captures) },
		func(ctx context.Context, dir string) (*span, error) { return b.runOurs(ctx, src.sites, dir, captures) },
	)
}

func runPeer(ctx context.Context, steps peerSteps, dir string, captures *tape) (*span, error) {
	w, err := steps.open(ctx, dir)
	if err != nil {
		return nil, err
	}
	s := begin()
	if err = w.run(ctx, captures); err == nil {
		_, err = w.index.Position(ctx, "captures") // until it can be found
	}
	s.end()
	s.solved = w.solved
	if err == nil {
		err = counted(ctx, w.index, len(captures.heads))
	}
	if e := w.close(); err == nil {
		err = e
	}
	return s, err
}

// counted checks that an index holds what it should, so that no run is fast by
// leaving something out.
func counted(ctx context.Context, ix search.Index, want int) error {
	st, err := ix.Stats(ctx)
	if err == nil && (st.Sightings != want || st.Clusters == 0) {
		err = fmt.Errorf("%d of %d ads are in the index, in %d clusters", st.Sightings, want, st.Clusters)
	}
	return err
}

// walking are the roles of the walk from a capture on. The archive packs captures
// later, in bulk; the peer has none.
var walking = []string{"extract", "enrich", "link", "index", "alert"}

// runOurs takes captures through an instance.
func (b *Bench) runOurs(ctx context.Context, set *site.Set, dir string, captures *tape) (*span, error) {
	c := b.config(dir, set)
	c.Roles = walking
	a, err := app.New(ctx, c)
	if err != nil {
		return nil, err
	}
	defer a.Close()
	defer a.DropIndex(ctx)
	s := &span{}
	err = running(ctx, a, func(ctx context.Context) error {
		parts := a.Parts()
		s = begin()
		if err := captures.play(func(msgs []ad.Message) error { return parts.Bus.Publish(ctx, msgs) }); err != nil {
			return err
		}
		if err := arrived(ctx, parts, len(captures.heads), b.often(10*time.Millisecond)); err != nil {
			return err
		}
		s.end()
		s.solved = parts.Solved()
		return counted(ctx, parts.Index, len(captures.heads))
	})
	return s, err
}

// config is an instance that serves and fetches nothing.
func (b *Bench) config(dir string, set *site.Set) app.Config {
	return app.Config{Version: b.Version, Index: b.Index, Data: dir, Kind: app.Real, Sites: set, Log: b.Log}
}

// running runs an instance while f works, from when it has its index.
func running(ctx context.Context, a *app.App, f func(context.Context) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return a.Run(ctx, nil) })
	var err error
	g.Go(func() error {
		defer stop()
		if err = opened(ctx, a); err == nil {
			err = f(ctx)
		}
		return err
	})
	if e := g.Wait(); err == nil && ctx.Err() == nil {
		err = e
	}
	return err
}

// opened waits until the index can be asked.
func opened(ctx context.Context, a *app.App) error {
	for late := time.Now().Add(time.Minute); ; {
		_, err := a.Parts().Index.Position(ctx, "ads")
		if !errors.Is(err, search.ErrBuilding) || time.Now().After(late) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// arrived waits until that many ads are linked, matched and searchable, and looks
// every so often.
func arrived(ctx context.Context, p app.Parts, ads int, every time.Duration) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		at, err := p.Index.Position(ctx, "ads")
		if err != nil {
			return err
		}
		if at < uint64(ads) {
			continue
		}
		break
	}
	for {
		left, err := p.Bus.Waiting(ctx, stream.Ads, "alert")
		if err != nil {
			return err
		}
		newest, err := p.Bus.LastOf(ctx, stream.Links, "link.change")
		if err != nil && !errors.Is(err, ad.ErrNotFound) {
			return err
		}
		at, err := p.Index.Position(ctx, "links")
		if err != nil {
			return err
		}
		if left == 0 && at >= newest.Seq {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// fresh makes an empty folder for a round, and leaves the memory of the round
// before behind.
func (b *Bench) fresh(name string) (string, error) {
	dir := b.at(name)
	if err := os.RemoveAll(dir); err != nil {
		return "", fmt.Errorf("clear %s: %w", dir, err)
	}
	runtime.GC()
	return dir, nil
}
