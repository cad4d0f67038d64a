package app

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"vigil.example/internal/generation"
	"vigil.example/internal/query"
	"vigil.example/internal/search"
	"vigil.example/internal/search/elastic/elastictest"
)

// until waits until something holds.
func (c *crawled) until(ctx context.Context, what string, holds func() bool) {
	c.t.Helper()
	limit := time.After(5 * time.Minute)
	t := time.NewTicker(20 * time.Millisecond)
	defer t.Stop()
	for !holds() {
		select {
		case <-ctx.Done():
			c.t.Fatal(ctx.Err())
		case <-limit:
			c.t.Fatalf("%s: never; %+v", what, c.health.all())
		case <-t.C:
		}
	}
}

// fails reports whether a part of a role fails and says why in these words.
func (c *crawled) fails(part, words string) bool {
	for _, p := range c.health.all() {
		if strings.HasPrefix(p.Part, part) && p.State == stateFailing && strings.Contains(p.Error, words) {
			return true
		}
	}
	return false
}

// Elasticsearch becomes read only and is killed while a town is crawled: what was
// read waits, search says so, and in the end it finds what the index in a file
// finds that is made of the same streams. A replay is switched to as with that.
func TestElasticsearchFindsTheSame(t *testing.T) {
	node := elastictest.New(t)
	node.Start()
	var data string
	c := crawlTown(t, 150, func(cfg *Config) { cfg.Index, data = node.Server(), cfg.Data })
	everything, err := query.Parse("seen:2000..2100")
	if err != nil {
		t.Fatal(err)
	}
	var want seenState
	err = c.while(t.Context(), func(ctx context.Context) error {
		c.watchBusiest(ctx)
		name, err := c.engine.(names).alias(ctx, 1)
		c.must(err)
		c.until(ctx, "an index", func() bool { is, err := c.engine.there(ctx, 1); return is && err == nil })
		node.Block(name, true)
		c.until(ctx, "the index is read only", func() bool { return c.fails("index-", "takes no writing") })
		s, err := c.Status(ctx)
		c.must(err)
		if !strings.Contains(s.Index.Trouble, "takes no writing") {
			t.Errorf("status says of the index: %+v", s.Index)
		}
		node.Stop("KILL")
		c.until(ctx, "search says so", func() bool {
			_, err := c.shelf.Search(ctx, everything, search.Page{})
			return errors.Is(err, search.ErrAway) || errors.Is(err, search.ErrBuilding)
		})
		c.until(ctx, "the index is away", func() bool { return c.fails("index", search.ErrAway.Error()) })
		node.Start()
		node.Block(name, false)
		want = c.rest(ctx)
		c.until(ctx, "nothing fails", func() bool { return !c.fails("", "") })
		r := c.replayed(ctx, generation.StepIndex, generation.From{})
		if r.Result.Before != r.Result.After {
			t.Errorf("a replay: %+v", r.Result)
		}
		if got := c.rest(ctx); got != want {
			t.Errorf("after a replay:\n got %+v\nwant %+v", got, want)
		}
		c.tidy(ctx)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if want.Stats.Ads < 100 {
		t.Fatalf("nothing to compare: %+v", want)
	}
	c.Close()
	file := crawlTown(t, 150, func(cfg *Config) { cfg.Data, cfg.Crawl, cfg.IndexFile, cfg.MoveIndex = data, false, true, true })
	err = file.while(t.Context(), func(ctx context.Context) error {
		got := file.rest(ctx)
		if got.Pages = want.Pages; got != want {
			t.Errorf("the index in a file:\n got %+v\nwant %+v", got, want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
