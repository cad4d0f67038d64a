package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/app"
	"vigil.example/internal/stream"
)

const (
	manyRecords = 1_000_000 // in the streams, when the process is killed
	ahead       = 20_000    // captures that may wait while an instance is filled
)

// A filling brings made-up ads into an instance, in several goes.
type filling struct {
	source *source
	ads    int    // taken so far
	token  string // of a reader
	phone  string // that some ad gives
}

// A reached size is what an instance of that size was like.
type scaled struct {
	Ads      int     `json:"ads"`
	Records  uint64  `json:"records"`
	Bytes    uint64  `json:"stream_bytes"`
	Serving  spread  `json:"serving_s"` // after kill -9, from the start of the process to the first search answered
	Resident float64 `json:"resident_mib"`
	Most     float64 `json:"most_mib"`
}

// scale fills an instance until its streams hold a million records, and then
// until it has all the ads; each time it runs it as a process of its own, kills
// that and starts it again.
func (b *Bench) scale(ctx context.Context) error {
	dir, err := b.fresh("scale")
	if err != nil {
		return err
	}
	f := &filling{}
	if f.source, err = newSource(b.Ads, 7); err != nil {
		return err
	}
	sites := b.at("sites") // none: nothing is extracted while it is measured
	if err := os.MkdirAll(sites, 0o700); err != nil {
		return err
	}
	var all []scaled
	for _, enough := range []func(records uint64) bool{
		func(records uint64) bool { return records >= manyRecords },
		func(uint64) bool { return false },
	} {
		if f.source.left == 0 {
			break
		}
		s, err := b.fill(ctx, f, dir, enough)
		if err != nil {
			return err
		}
		if err := b.killed(ctx, f, dir, sites, &s); err != nil {
			return err
		}
		all = append(all, s)
		fmt.Fprintf(b.Out, "  %d ads, %d records, %.1f GB of streams: serving after %s s, %.0f MiB resident, %.0f at most\n",
			s.Ads, s.Records, float64(s.Bytes)/1e9, s.Serving, s.Resident, s.Most)
	}
	b.results["scale"] = all
	return errors.Join(os.RemoveAll(dir), os.RemoveAll(sites))
}

// fill brings in ads until it is enough.
func (b *Bench) fill(ctx context.Context, f *filling, dir string, enough func(records uint64) bool) (s scaled, err error) {
	a, err := app.New(ctx, b.config(dir, f.source.sites))
	if err != nil {
		return s, err
	}
	defer a.Close()
	p := a.Parts()
	err = running(ctx, a, func(ctx context.Context) error {
		for f.source.left > 0 {
			if err := f.more(ctx, p); err != nil {
				return err
			}
			if s.Records, s.Bytes, err = stored(ctx, p); err != nil || enough(s.Records) {
				break
			}
		}
		if err != nil {
			return err
		}
		if err := arrived(ctx, p, f.ads, b.often(5*time.Millisecond)); err != nil {
			return err
		}
		s.Ads = f.ads
		s.Records, s.Bytes, err = stored(ctx, p)
		return err
	})
	if err == nil && f.token == "" {
		f.phone = f.source.phones[0]
		f.token, err = reader(ctx, p.Register)
	}
	return s, err
}

// more publishes captures, and waits while too many are on their way. Pages are
// made while earlier ones are stored.
func (f *filling) more(ctx context.Context, p app.Parts) error {
	g, going := errgroup.WithContext(ctx)
	ready := make(chan []ad.Message, 1)
	g.Go(func() error {
		defer close(ready)
		for range 10 {
			msgs, err := f.source.more(1000)
			if err != nil || len(msgs) == 0 {
				return err
			}
			select {
			case ready <- msgs:
			case <-going.Done(): // publishing failed
				return nil
			}
		}
		return nil
	})
	g.Go(func() error {
		for msgs := range ready {
			if err := p.Bus.Publish(going, msgs); err != nil {
				return err
			}
			f.ads += len(msgs)
		}
		return nil
	})
	if err := g.Wait(); err != nil {
		return err
	}
	for {
		at, err := p.Index.Position(ctx, "ads")
		if err != nil || uint64(f.ads) < at+ahead {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// stored counts what is in all streams.
func stored(ctx context.Context, p app.Parts) (records, bytes uint64, err error) {
	for _, d := range stream.Table() {
		i, err := p.Bus.Info(ctx, d.Name)
		if err != nil {
			return 0, 0, err
		}
		records, bytes = records+i.Messages, bytes+i.Bytes
	}
	return records, bytes, nil
}

// reader makes a user and a token that may search.
func reader(ctx context.Context, r *access.Register) (string, error) {
	u, _, err := r.AddUser(ctx, access.System, "bench", access.Analyst)
	if err != nil {
		return "", err
	}
	_, secret, err := r.MakeToken(ctx, access.System, u.ID, access.TokenOrder{
		Name: "bench", Scopes: []access.Scope{access.ScopeRead}, PurposeKind: access.PurposeReason, PurposeText: "measuring",
	})
	return secret, err
}

// killed runs the instance as a process, lets it settle, and kills it, again and
// again. The first time it finds no state of linking, reads all ads and holds a round
// over them: that takes the most memory, and none of that time counts.
func (b *Bench) killed(ctx context.Context, f *filling, dir, sites string, s *scaled) error {
	states, err := filepath.Glob(filepath.Join(dir, "linker*.state"))
	if err != nil {
		return err
	}
	for _, name := range states {
		if err := os.Remove(name); err != nil {
			return fmt.Errorf("have linking begin anew: %w", err)
		}
	}
	var serving []float64
	for round := range b.Rounds + 1 {
		c, err := serve(dir, sites)
		if err != nil {
			return err
		}
		took, err := c.answering(ctx, f.token, f.phone)
		if err == nil && round == 0 {
			var now, most uint64
			now, most, err = c.settled(ctx)
			s.Resident, s.Most = float64(now)/(1<<20), float64(most)/(1<<20)
		}
		if round > 0 { // the first start came after an orderly end
			serving = append(serving, took.Seconds())
		}
		if err := errors.Join(err, c.kill()); err != nil {
			return err
		}
	}
	s.Serving = spreadOf(serving)
	return nil
}
