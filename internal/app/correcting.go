package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/generation"
	"vigil.example/internal/pipeline"
	"vigil.example/internal/search"
	"vigil.example/internal/stream"
)

// This file carries out corrections. Enrichment reads an ad as was decided so far
// and notes up to which decision it knew (ad.Ad.Decided); of two readings of one
// content, index and linker go by the one that knew more. What was read before a
// decision, or by a process that had not heard of it yet, is read again by whoever
// keeps the index: there every content of an ad stands once, and there it shows
// which of them know too little. The rule is about what there is, not about what
// happened, so it does not matter where a crash falls or who came first.

// correctedSubject is that of readings made anew in the stream of ads. They are no
// new versions, and are counted apart.
const correctedSubject = "corrected."

func isCorrected(m ad.Message) bool { return strings.HasPrefix(m.Subject, correctedSubject) }

// correctedSource is the position in an index of the newest decision that all its
// ads are read by.
const correctedSource = "corrections"

// newestAd is the sequence of the newest reading in a stream of ads: behind it
// others may have been erased.
func (a *App) newestAd(ctx context.Context, name string) (newest uint64, err error) {
	for _, subject := range []string{"ad.*", correctedSubject + "*"} {
		m, err := a.bus.LastOf(ctx, name, subject)
		if err != nil && !errors.Is(err, ad.ErrNotFound) {
			return 0, err
		}
		newest = max(newest, m.Seq)
	}
	return newest, nil
}

// A corrector keeps the ads of one index as people decided.
type corrector struct {
	a *App
	g generation.Generation
	x index

	mu    sync.Mutex
	stale map[string]bool // ads of which a reading came that knew too little
	woken chan struct{}   // holds a token when the index has got something
	done  uint64          // decisions up to here are carried out, by this corrector
}

func newCorrector(a *App, g generation.Generation, x index) *corrector {
	return &corrector{a: a, g: g, x: x, stale: map[string]bool{}, woken: make(chan struct{}, 1)}
}

// applied notes what the index has just got.
func (c *corrector) applied(cs []search.Change) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, x := range cs {
		if x.Version == nil {
			continue
		}
		if _, newest := c.a.corrections.Of(x.Version.AdID); x.Version.Decided < newest {
			c.stale[x.Version.AdID] = true
		}
	}
	select {
	case c.woken <- struct{}{}:
	default:
	}
}

// correctAgain is when something that failed is tried again.
const correctAgain = time.Second

// run corrects until ctx ends. It begins with every ad that there is a decision
// about: what was cut off before is carried through.
func (c *corrector) run(ctx context.Context) error {
	c.done = 0
	for {
		changed := c.a.corrections.Changed()
		wait := time.Duration(0)
		if err := c.round(ctx); err != nil {
			if ctx.Err() != nil || stopped(err) {
				return err
			}
			c.a.log.Warn("correcting ads, will be tried again", "err", err)
			wait = correctAgain
		}
		if wait > 0 {
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(wait):
			}
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		case <-c.woken:
		}
	}
}

// round reads again what knows too little, once the index holds all that was read
// already: a reading that is on its way need not be made twice.
func (c *corrector) round(ctx context.Context) error {
	upTo := c.a.corrections.Position()
	ids, _, _ := c.a.corrections.Since(c.done)
	c.mu.Lock()
	late := len(c.stale)
	c.mu.Unlock()
	if len(ids)+late == 0 && upTo <= c.done {
		return nil
	}
	ads := stream.Named(stream.Ads, c.g.Ads)
	newest, err := c.a.newestAd(ctx, ads)
	if err != nil {
		return err
	}
	if at, err := c.x.Position(ctx, "ads"); err != nil || at < newest {
		return err // what the index gets next wakes us
	}
	c.mu.Lock()
	for _, id := range ids {
		c.stale[id] = true
	}
	ids = slices.Sorted(maps.Keys(c.stale))
	c.stale = map[string]bool{}
	c.mu.Unlock()
	for i, id := range ids {
		if err := c.correct(ctx, id); err != nil {
			c.mu.Lock()
			for _, id := range ids[i:] {
				c.stale[id] = true
			}
			c.mu.Unlock()
			return fmt.Errorf("correct ad %s: %w", id, err)
		}
	}
	c.done = upTo
	if at, err := c.x.Position(ctx, correctedSource); err != nil || at >= upTo {
		return err
	}
	return c.x.Apply(ctx, correctedSource, upTo, nil)
}

// correct publishes new readings of the contents of an ad that know too little.
func (c *corrector) correct(ctx context.Context, id string) error {
	docs, _, err := c.x.Versions(ctx, id)
	if errors.Is(err, ad.ErrNotFound) || c.a.erased.Covers(id) {
		return nil
	}
	if err != nil {
		return err
	}
	var out []ad.Message
	for _, d := range docs {
		if _, newest := c.a.corrections.Of(id); d.Ad.Decided >= newest {
			continue
		}
		x, err := c.a.chain.Enrich(ctx, d.Ad.Listing)
		if err != nil {
			return err
		}
		if x.Decided <= d.Ad.Decided {
			return pipeline.Permanent(errors.New("the pipeline file leaves out the enricher named correction"))
		}
		out = append(out, ad.Message{
			Subject: correctedSubject + ad.Slug(x.Site), ID: fmt.Sprintf("%s:%d", x.VersionID, x.Decided), Data: encode(x),
			Header: map[string]string{copiedHeader: "corrected"},
		})
	}
	return c.a.bus.Pen(c.g.Ads).Publish(ctx, out)
}
