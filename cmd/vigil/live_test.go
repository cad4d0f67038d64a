package main

import (
	"context"
	"errors"
	"testing"
	"time"

	"vigil.example/internal/api"
)

// Who searches live hears of an ad once it is posted, crawled, read, linked and
// indexed; and stopping the program ends that, and is not held up by it.
func TestLiveSearchHearsOfANewAd(t *testing.T) {
	d := startDemo(t, t.TempDir(), "--ads", "300")
	select {
	case <-d.crawled:
	case <-time.After(patience):
		t.Fatalf("the first crawl does not end:\n%s", d.text())
	}
	group := busiestGroup(t, 300)
	c := d.client(t)
	ctx, stop := context.WithTimeout(t.Context(), 2*patience)
	defer stop()
	ready, come, end := make(chan struct{}), make(chan api.Hit, 10), make(chan error, 1)
	go func() {
		_, err := c.Live(ctx, api.LiveRequest{Query: group.Phone}, func() { close(ready) }, func(h api.Hit) error { come <- h; return nil })
		end <- err
	}()
	select {
	case <-ready:
	case err := <-end:
		t.Fatalf("the live search does not begin: %v", err)
	}
	postAnother(t, d.town, group.ID)
	var hit api.Hit
	select {
	case hit = <-come:
	case err := <-end:
		t.Fatalf("nothing came: %v\n%s", err, d.text())
	}
	if len(hit.Spans) == 0 || hit.Document.Sightings == 0 {
		t.Errorf("what came is not as the index has it: %+v", hit)
	}
	if one, err := c.Ad(t.Context(), hit.Document.Ad.AdID); err != nil || one.Current().ID != hit.Document.ID {
		t.Errorf("what came cannot be opened: %v", err)
	}
	d.stop(t)
	err := <-end
	var p *api.Problem
	if !errors.As(err, &p) || p.Code() != "stopping" {
		t.Errorf("the end of the program is told as %v", err)
	}
}
