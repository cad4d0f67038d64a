package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/desk"
	"vigil.example/internal/generation"
	"vigil.example/internal/stream"
)

// Status accounts for every record. What came in is read first, what is waiting
// second and what was stored last: a record on its way may be counted twice,
// never lost.
func (a *App) Status(ctx context.Context) (desk.Status, error) {
	s := desk.Status{Version: a.cfg.Version, Instance: string(a.cfg.Kind), Started: a.started}
	if err := a.bus.Answers(ctx, lookWithin); err != nil {
		return s, err
	}
	l, err := a.ledger(ctx)
	if err != nil {
		return s, err
	}
	s.Ledger = l
	if s.Processes, err = a.roll(ctx); err != nil {
		return s, err
	}
	if s.Roles, err = a.workforce(ctx, s.Processes, l); err != nil {
		return s, err
	}
	rs, err := a.Replays(ctx)
	if err != nil {
		return s, err
	}
	s.Replays = &rs
	st, err := a.shelf.Stats(ctx)
	if err != nil && !waiting(err) {
		return s, fmt.Errorf("count the index: %w", err)
	}
	look, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	state, wrong := a.engine.look(look, a.book.Serving().Index)
	if s.Index.State = state; wrong != nil && !errors.Is(wrong, ad.ErrNotFound) {
		s.Index.Trouble = wrong.Error()
	}
	s.Ads, s.Removed, s.Clusters, s.Bytes.Index = st.Ads, st.Removed, st.Clusters, st.Bytes
	sites := map[string]*desk.Site{}
	serving := a.book.Serving()
	for _, d := range stream.Table() {
		i, err := a.bus.Info(ctx, serves(serving, d.Name))
		if err != nil {
			return s, err
		}
		s.Bytes.Streams += i.Bytes
		switch d.Name {
		case stream.Captures, stream.Listings:
			bySite(i.Subjects, sites)
		case stream.Archive:
			s.Sealed = int(i.Messages)
		}
	}
	for _, d := range a.cfg.Sites.All() {
		if x, ok := sites[ad.Slug(d.Name)]; ok {
			if x.Latest, err = a.bus.Latest(ctx, stream.Captures, "capture.crawl."+ad.Slug(d.Name)); err != nil {
				return s, err
			}
			s.Sites = append(s.Sites, *x)
			delete(sites, ad.Slug(d.Name))
		}
	}
	other := desk.Site{Name: "imported pages of other sites", Kinds: map[string]uint64{}}
	for _, x := range sites {
		other.Captures += x.Captures
		other.Listings += x.Listings
		for k, n := range x.Kinds {
			other.Kinds[k] += n
		}
	}
	if other.Captures > 0 {
		s.Sites = append(s.Sites, other)
	}
	return s, nil
}

func bySite(subjects map[string]uint64, sites map[string]*desk.Site) {
	get := func(name string) *desk.Site {
		if sites[name] == nil {
			sites[name] = &desk.Site{Name: name, Kinds: map[string]uint64{}}
		}
		return sites[name]
	}
	for s, n := range subjects {
		switch t := strings.Split(s, "."); t[0] {
		case "capture":
			if t[1] != "robots" {
				get(t[2]).Captures += n
			}
		case "listing":
			get(t[1]).Listings += n
		case "outcome":
			get(t[1]).Kinds[t[2]] += n
		}
	}
}

// ledger reads the accounts, again when something arrived meanwhile that makes
// them look uneven.
func (a *App) ledger(ctx context.Context) (l desk.Ledger, err error) {
	for try := range 5 {
		if try > 0 {
			time.Sleep(50 * time.Millisecond)
		}
		if l, err = a.readLedger(ctx); err != nil || l.Balanced {
			return l, err
		}
	}
	return l, nil
}

// serves is the stream of the generation that serves.
func serves(g generation.Generation, base string) string {
	switch base {
	case stream.Listings:
		return stream.Named(base, g.Listings)
	case stream.Ads:
		return stream.Named(base, g.Ads)
	case stream.Links:
		return stream.Named(base, g.Links)
	}
	return base
}

func (a *App) readLedger(ctx context.Context) (desk.Ledger, error) {
	r := reader{a: a, ctx: ctx}
	g := a.book.Serving()
	listing, adStream := serves(g, stream.Listings), serves(g, stream.Ads)
	gone, err := a.trimmed(ctx)
	r.note(err)
	if gone.To >= r.info(stream.Captures).First {
		gone = trimmed{} // noted, not gone yet
	}
	erased := a.erased.Counts()
	captures := maps.Clone(r.info(stream.Captures).Subjects)
	if captures == nil {
		captures = map[string]uint64{}
	}
	for s, n := range gone.Subjects {
		captures[s] += n
	}
	// Of captures that were trimmed before they were erased the door is known only.
	captured := func(door string) uint64 {
		return sum(captures, "capture."+door+".") - min(sum(captures, "capture."+door+"."), counted(erased, stream.Captures, "trimmed."+door+"."))
	}

	// What is erased goes with all that was made of it, so that later steps do not
	// miss it; a visit stays planned though what it brought is gone.
	planned := sum(r.info(stream.Frontier).Subjects, "frontier.") + counted(erased, stream.Frontier, "frontier.")
	pages := captured("crawl") + captured("import")
	listings := sum(r.info(listing).Subjects, "listing.")
	ads := sum(r.info(adStream).Subjects, "ad.")

	var crawling uint64
	for s, n := range r.info(stream.Frontier).Subjects {
		_, name, _ := strings.Cut(s, ".")
		crawling += r.waiting(stream.Frontier, crawler(name), n)
	}
	extracting := r.waiting(stream.Captures, "extract"+suffix(g.Listings), pages)
	enriching := r.waiting(listing, "enrich"+suffix(g.Ads), listings)
	lastAd, err := a.newestAd(ctx, adStream)
	r.note(err)
	var linkedAt linked
	r.note(a.recall(ctx, "link"+suffix(g.Links), &linkedAt))
	linking := behind(lastAd, linkedAt.UpTo)
	if n := min(a.unsolved(linkedAt), linkedAt.Read); linking == 0 && n > 0 { // it has a place, but not the last word
		linking, linkedAt.Read = n, linkedAt.Read-n
	}
	var retried uint64
	r.note(a.recall(ctx, relinkKey(g.Links), &retried))
	if linkedAt.Round < a.erased.Rounds() || linkedAt.Retried != retried { // the clusters are made anew
		linking = max(linking, 1)
	}
	indexed, err := a.shelf.Position(ctx, "ads")
	r.noteIndex(err)
	indexing := behind(lastAd, indexed)

	st, err := a.shelf.Stats(ctx)
	r.noteIndex(err)
	read, dead := r.info(listing).Subjects, r.info(stream.Dead).Subjects
	l := desk.Ledger{Rows: []desk.Row{
		{Step: "crawl", About: "planned visits of pages", In: planned, Waiting: crawling,
			Stored: captured("crawl"), Rejected: refusals(captures, sum(dead, "dead.crawl-"), sum(dead, "dropped.crawl-"))},
		{Step: "extract", About: "captured pages", In: pages, Waiting: extracting,
			Stored: sum(read, "outcome."), Rejected: letters(dead["dead.extract"+suffix(g.Listings)], dead["dropped.extract"+suffix(g.Listings)])},
		{Step: "enrich", About: "listings read from pages", In: listings, Waiting: enriching,
			Stored: sum(r.info(adStream).Subjects, "ad."), Rejected: letters(dead["dead.enrich"+suffix(g.Ads)], dead["dropped.enrich"+suffix(g.Ads)])},
		{Step: "link", About: "ad versions", In: ads, Waiting: linking,
			Stored: linkedAt.Read, Rejected: letters(dead["dead.link"+suffix(g.Links)], dead["dropped.link"+suffix(g.Links)])},
		{Step: "index", About: "ad versions", In: ads, Waiting: indexing,
			Stored: uint64(st.Sightings), Rejected: letters(dead["dead.index-ads"+suffix(g.Index)], dead["dropped.index-ads"+suffix(g.Index)])},
	}}
	corrected, err := a.shelf.Position(ctx, correctedSource)
	r.noteIndex(err)
	if _, waiting, all := a.corrections.Since(corrected); all > 0 {
		l.Rows = append(l.Rows, desk.Row{Step: "correct", About: "corrections decided and taken back", In: all, Stored: all - waiting, Waiting: waiting})
	}
	labelled, err := a.shelf.Position(ctx, "labels")
	r.noteIndex(err)
	if _, waiting, all := a.labels.Since(labelled); all > 0 {
		l.Rows = append(l.Rows, desk.Row{Step: "label", About: "labels given and taken back", In: all, Stored: all - waiting, Waiting: waiting})
	}
	n := counted(erased, stream.Frontier, "frontier.unvisited.") + counted(erased, stream.Dead, "dead.crawl.")
	for _, of := range []string{"capture.crawl.", "trimmed.crawl.", "refusal."} {
		n += counted(erased, stream.Captures, of)
	}
	if n > 0 {
		l.Rows[0].Rejected["erased"] += n
	}
	l.Erasing = len(a.erased.Pending())
	l.Balance()
	return l, r.err
}

// A reader reads several numbers and keeps the first error.
type reader struct {
	a   *App
	ctx context.Context
	err error
}

func (r *reader) note(err error) {
	if r.err == nil {
		r.err = err
	}
}

// noteIndex keeps an error of the index, save that it is not there just now: then
// everything waits for it.
func (r *reader) noteIndex(err error) {
	if !waiting(err) {
		r.note(err)
	}
}

func (r *reader) info(name string) stream.Info {
	if r.err != nil { // streams that went away are not asked again and again
		return stream.Info{}
	}
	i, err := r.a.bus.Info(r.ctx, name)
	r.note(err)
	return i
}

// newest is the sequence of the newest message of a subject that is there: behind
// it others may have been erased.
func (r *reader) newest(name, subject string) uint64 {
	if r.err != nil {
		return 0
	}
	m, err := r.a.bus.LastOf(r.ctx, name, subject)
	if !errors.Is(err, ad.ErrNotFound) {
		r.note(err)
	}
	return m.Seq
}

// waiting is what a consumer has not acknowledged: all there is when it was
// never opened.
func (r *reader) waiting(name, durable string, all uint64) uint64 {
	if r.err != nil {
		return all
	}
	n, err := r.a.bus.Waiting(r.ctx, name, durable)
	if errors.Is(err, ad.ErrNotFound) {
		return all
	}
	r.note(err)
	return n
}

func behind(last, at uint64) uint64 {
	if at >= last {
		return 0
	}
	return last - at
}

func sum(subjects map[string]uint64, prefix string) (n uint64) {
	for s, k := range subjects {
		if strings.HasPrefix(s, prefix) {
			n += k
		}
	}
	return n
}

func refusals(subjects map[string]uint64, dead, dropped uint64) map[string]uint64 {
	out := letters(dead, dropped)
	for s, n := range subjects {
		if rest, ok := strings.CutPrefix(s, "refusal."); ok {
			_, reason, _ := strings.Cut(rest, ".")
			out[reason] += n
		}
	}
	return out
}

// counted adds up what was erased from a stream under a prefix of subjects.
func counted(erased map[string]uint64, stream, prefix string) (n uint64) {
	for key, k := range erased {
		if s, subject, ok := strings.Cut(key, " "); ok && s == stream && strings.HasPrefix(subject+".", prefix) {
			n += k
		}
	}
	return n
}

// letters are the dead letters of a step, and those of them that were given up.
func letters(dead, dropped uint64) map[string]uint64 {
	out := map[string]uint64{}
	if dead > 0 {
		out["dead letter"] = dead
	}
	if dropped > 0 {
		out["dropped"] = dropped
	}
	return out
}

// Settle waits until nothing is on its way any more.
func (a *App) Settle(ctx context.Context, progress func(desk.Status)) error {
	quiet := 0
	for quiet < 3 {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
		ok, err := a.idle(ctx)
		if err != nil {
			return err
		}
		if ok {
			quiet++
		} else {
			quiet = 0
		}
		if progress != nil {
			s, err := a.Status(ctx)
			if err != nil {
				return err
			}
			progress(s)
		}
	}
	return nil
}

// idle reports whether every step has done what there is.
func (a *App) idle(ctx context.Context) (bool, error) {
	l, err := a.ledger(ctx)
	if err != nil {
		return false, err
	}
	for _, row := range l.Rows {
		if row.Waiting > 0 && (a.cfg.Crawl || row.Step != "crawl") {
			return false, nil
		}
	}
	r := reader{a: a, ctx: ctx}
	g := a.book.Serving()
	listing, ads, links := serves(g, stream.Listings), serves(g, stream.Ads), serves(g, stream.Links)
	if a.cfg.Crawl && (!a.planned.Load() || r.waiting(listing, "frontier", 1) > 0) {
		return false, r.err
	}
	if r.waiting(ads, "alert"+suffix(g.Ads), r.info(ads).Messages) > 0 {
		return false, r.err
	}
	if !a.heard(&r) { // of an alert that nobody sees yet, or a decision that waits
		return false, r.err
	}
	at, err := a.shelf.Position(ctx, "links")
	r.note(err)
	newest, err := a.bus.LastOf(ctx, links, "link.change")
	if errors.Is(err, ad.ErrNotFound) {
		return true, r.err
	}
	r.note(err)
	return at >= newest.Seq, r.err
}
