package cli

import (
	"context"
	"errors"
	"slices"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/api"
	"vigil.example/internal/search"
)

// again is how long to wait before a live search that broke off is begun again, from
// the place that it had reached.
const again = 3 * time.Second

// follow prints the newest ads that match and then others as they come, until
// Ctrl-C.
func (s *searchCmd) follow(c *Context, cl *api.Client, q string) error {
	given := map[string]bool{}
	show := func(h api.Hit) error {
		if given[h.Document.ID] {
			return nil
		}
		given[h.Document.ID] = true
		if s.JSON {
			return lines(c, []api.Hit{h})
		}
		printArrived(c, h.Document)
		return nil
	}
	ready := make(chan struct{})
	ctx, stop := context.WithCancelCause(c.Ctx)
	defer stop(nil)
	// The page is asked for once the server listens: nothing comes between the two.
	page := func() {
		select {
		case <-ready: // begun again
			return
		default:
			close(ready)
		}
		a, err := cl.Search(ctx, api.SearchRequest{Query: q, Size: &s.Size, Sort: search.ByNewest})
		if err != nil {
			stop(err)
			return
		}
		if !s.JSON {
			for _, l := range wrapped(a.Understood, columns) {
				c.printf("%s\n", l)
			}
			c.printf("%s so far; others are shown as they come. Ctrl-C ends.\n\n", plural(a.Total, "ad", "ads"))
		}
		for _, h := range slices.Backward(a.Hits) {
			_ = show(h)
		}
	}
	place := ""
	for {
		var err error
		place, err = cl.Live(ctx, api.LiveRequest{Query: q, After: place}, page, show)
		p, said := errors.AsType[*api.Problem](err)
		switch {
		case c.Ctx.Err() != nil:
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case said && p.Code() == "renewed": // built anew: what is there was there
			place = ""
		case said && p.Code() != "stopping" && p.Code() != "busy" && p.Code() != "index-building", !said && !errors.Is(err, api.ErrUnreachable):
			return err
		case place == "": // it never began
			return err
		}
		select {
		case <-c.Ctx.Done():
			return nil
		case <-time.After(again):
		}
	}
}

// printArrived prints one ad on lines of its own.
func printArrived(c *Context, d ad.Document) {
	title := d.Ad.Title
	if title == "" {
		title = d.Ad.Body
	}
	c.printf("%s\n", cut(clock(d.FirstSeen)+"  "+cut(clean(d.Ad.Site), 20)+"  "+clean(title), columns))
	if vs := shown(&d.Ad); vs != "" {
		for _, l := range wrapped(vs, columns-2) {
			c.printf("  %s\n", l)
		}
	}
	c.printf("  ad %s", d.Ad.AdID)
	if d.Cluster != "" {
		c.printf("  cluster %s", d.Cluster)
	}
	c.printf("\n")
}
