package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/audit"
	"vigil.example/internal/desk"
	"vigil.example/internal/pipeline"
	"vigil.example/internal/stream"
)

// This file is what a restored instance does before it is one: what is derived
// without a copy is made anew, and what nobody made is taken away.

// wake opens what was laid down, erases, takes the mark away and has everything
// made that is derived.
func (r *restorer) wake(ctx context.Context, c Config) error {
	c.Kind, c.Crawl, c.Listen, c.restoring = r.Kind, false, "", true
	c.Roles = derivers()
	a, err := New(ctx, c)
	if err != nil {
		return err
	}
	defer a.Close()
	if g, ok := a.book.Building(); ok {
		if err := a.book.Cancel(ctx, g.N); err != nil {
			return err
		}
		fmt.Fprintf(r.out, "A replay (step %s) was under way; it is not in the backup and was cancelled. Begin it again when it is still wanted.\n", g.Step)
	}
	if err := a.forgetLetters(ctx, r.Floors); err != nil {
		return err
	}
	if err := a.forgetOrphans(ctx); err != nil {
		return err
	}
	if n := len(a.erased.Pending()); n > 0 {
		fmt.Fprintf(r.out, "Carrying out %d orders to erase, %d of them newer than the backup.\n", n, r.orders)
	}
	if err := a.eraseOrders(ctx); err != nil {
		return err
	}
	if err := a.exportLedger(ctx); err != nil {
		return err
	}
	if err := a.audit.Append(ctx, audit.Entry{Actor: access.System, Action: "restore", Outcome: "ok"}); err != nil {
		return err
	}
	if err := a.noteHead(); err != nil {
		return err
	}
	if err := a.finished(ctx); err != nil {
		return err
	}
	d := &demo{app: a, out: r.out, progress: r.show}
	err = a.while(ctx, func(ctx context.Context) error { return a.derive(ctx, d.line) })
	r.show.clear()
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		fmt.Fprintln(r.out, "Stopped while the index was being made; vigil run goes on with it. Nothing is missing.")
		return nil
	}
	s, err := a.Status(ctx)
	if err != nil {
		return err
	}
	PrintLedger(r.out, s.Ledger)
	if !s.Ledger.Balanced {
		return ErrUnbalanced
	}
	return nil
}

// derivers are the roles that make only what can be made anew at any time, and
// need no definitions of sites for it.
func derivers() []string { return []string{"link", "index"} }

// derive waits until the derivers have done what there is.
func (a *App) derive(ctx context.Context, see func(desk.Status)) error {
	ctx, stop := context.WithCancel(ctx)
	var tending sync.WaitGroup
	tending.Go(func() { _ = a.tend(ctx) }) // it ends with ctx and never otherwise
	defer tending.Wait()
	defer stop()
	t := time.NewTicker(200 * time.Millisecond)
	defer t.Stop()
	for quiet := 0; quiet < 3; quiet++ {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.C:
		}
		s, err := a.Status(ctx)
		if err != nil {
			return err
		}
		see(s)
		linked, err := a.linksIndexed(ctx)
		if err != nil {
			return err
		}
		for _, r := range s.Ledger.Rows {
			if slices.Contains(derivers(), r.Step) && r.Waiting > 0 || !linked {
				quiet = -1
			}
		}
	}
	return nil
}

// linksIndexed reports whether the index knows every cluster.
func (a *App) linksIndexed(ctx context.Context) (bool, error) {
	newest, err := a.bus.LastOf(ctx, serves(a.book.Serving(), stream.Links), "link.change")
	if errors.Is(err, ad.ErrNotFound) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	at, err := a.shelf.Position(ctx, "links")
	if waiting(err) {
		return false, nil
	}
	return at >= newest.Seq, err
}

// finished takes the mark of an unfinished restore away: from the folder first,
// for a whole folder may take it from the streams.
func (a *App) finished(ctx context.Context) error {
	if err := os.Remove(a.folder.at(unfinished)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("finish the restore: %w", err)
	}
	if err := syncPath(a.folder.path); err != nil {
		return err
	}
	return a.bus.Delete(ctx, stream.Progress, unfinishedKey)
}

// refuseUnfinished keeps a process from working on streams into which a restore is
// going on.
func (a *App) refuseUnfinished(ctx context.Context) error {
	if a.cfg.restoring {
		return nil
	}
	e, err := a.bus.Value(ctx, stream.Progress, unfinishedKey)
	switch {
	case errors.Is(err, ad.ErrNotFound):
		return nil
	case err != nil:
		return err
	case a.folder != nil && string(e.Value) == a.folder.Restored: // whole, else it would not be open
		return a.bus.Delete(ctx, stream.Progress, unfinishedKey)
	}
	return fmt.Errorf("open the streams at %s: %w", a.where(), errUnfinished)
}

// forgetLetters drops the dead letters of messages that will be handled once more:
// those behind what their consumer had acknowledged, and those of what is made
// anew from the start.
func (a *App) forgetLetters(ctx context.Context, floors []stream.Floor) error {
	floor := map[string]uint64{}
	for _, f := range floors {
		floor[f.Stream+" "+f.Consumer] = f.Seq
	}
	g := a.book.Serving()
	var linkedTo uint64
	m, err := a.bus.LastOf(ctx, stream.Named(stream.Links, g.Links), "link.change")
	if err == nil {
		linkedTo, _ = strconv.ParseUint(m.Header[pipeline.SourceHeader], 10, 64)
	} else if !errors.Is(err, ad.ErrNotFound) {
		return err
	}
	floor[stream.Named(stream.Ads, g.Ads)+" link"+suffix(g.Links)] = linkedTo
	var drop []uint64
	_, err = a.bus.Replay(ctx, stream.Dead, 0, nil, func(m ad.Message) error {
		stage := strings.TrimPrefix(m.Subject, "dead.")
		n, err := strconv.ParseUint(m.Header[pipeline.SourceHeader], 10, 64)
		if err != nil {
			return nil // of an older program, which says less
		}
		to, known := floor[m.Header[pipeline.StreamHeader]+" "+stage]
		if strings.HasPrefix(stage, "index-") || known && n > to {
			drop = append(drop, m.Seq)
		}
		return nil
	})
	if err != nil || len(drop) == 0 {
		return err
	}
	_, err = a.bus.Erase(ctx, stream.Dead, drop)
	return err
}

// forgetOrphans deletes outputs of messages that are not there: beyond the end of
// what a stream holds, others will come under their sequences.
func (a *App) forgetOrphans(ctx context.Context) error {
	found, err := a.orphans(ctx, 1)
	if err != nil {
		return err
	}
	for _, o := range found {
		if _, err := a.bus.Erase(ctx, o.stream, o.seqs); err != nil {
			return err
		}
	}
	return nil
}

// orphaned are messages of a stream that were made from messages beyond the end of
// another.
type orphaned struct {
	stream, from string
	last         uint64 // sequence at which from ends
	beyond       uint64 // the newest source
	seqs         []uint64
}

// orphans looks for outputs without what they were made from, in the messages of
// each stream from a sequence on; a negative one counts from the end.
func (a *App) orphans(ctx context.Context, from int64) ([]orphaned, error) {
	g := a.book.Serving()
	captures, listings, ads, links := stream.Captures, serves(g, stream.Listings), serves(g, stream.Ads), serves(g, stream.Links)
	var out []orphaned
	for _, p := range []struct {
		name, from string
		filter     []string
	}{
		{captures, stream.Frontier, []string{"capture.crawl.*", "refusal.*.*"}},
		{listings, captures, nil}, {ads, listings, nil}, {links, ads, nil}, // alerts may be of an earlier generation of ads
	} {
		input, err := a.bus.Info(ctx, p.from)
		if err != nil {
			return nil, err
		}
		output, err := a.bus.Info(ctx, p.name)
		if err != nil {
			return nil, err
		}
		start := uint64(max(from, 1))
		if n := uint64(max(-from, 0)); n > 0 && output.Last > n {
			start = output.Last - n
		}
		o := orphaned{stream: p.name, from: p.from, last: input.Last}
		_, err = a.bus.Replay(ctx, p.name, start, p.filter, func(m ad.Message) error {
			if m.Header[copiedHeader] != "" {
				return nil
			}
			if n, err := strconv.ParseUint(m.Header[pipeline.SourceHeader], 10, 64); err == nil && n > input.Last {
				o.seqs, o.beyond = append(o.seqs, m.Seq), max(o.beyond, n)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		if len(o.seqs) > 0 {
			out = append(out, o)
		}
	}
	return out, nil
}
