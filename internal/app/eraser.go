package app

import (
	"context"
	"maps"
	"slices"
	"strconv"

	"vigil.example/internal/ad"
	"vigil.example/internal/capture"
	"vigil.example/internal/casework"
	"vigil.example/internal/erasure"
	"vigil.example/internal/pipeline"
	"vigil.example/internal/stream"
)

// An eraser finds what an order comes to. It remembers over its looks what it
// was about, since the ads that would tell are gone after the first.
type eraser struct {
	a       *App
	order   erasure.Pending
	judging bool // holds are asked for every ad; else only for those that no order has named yet

	ads      map[string]bool       // to be erased
	present  map[string]bool       // of these, stored now
	named    map[string]bool       // by the order, or recorded as its target: holds were asked before
	held     map[string]bool       // kept by a litigation hold
	beside   map[string]bool       // ads of others that a hold keeps, with their pages
	holds    map[string]bool       // ids of these holds
	prints   map[uint64]bool       // fingerprints of the ads' addresses
	numbers  map[string]bool       // national digits that shall be nowhere any more
	captures map[uint64]erasedPage // that show the ads, by sequence
	kept     map[uint64]bool       // captures that show an ad that stays
	known    map[string]bool       // answers of matches
	holding  bool                  // a hold stands on something
	clusters bool                  // a hold stands on a cluster
	gone     uint64                // captures up to here have left their stream for the sealed files

	entries   map[uint64]string // frontier entries of this look, with their site, that may not have been visited
	unvisited map[uint64]bool   // frontier entries that were erased before their visit
	recorded  map[place]bool    // messages that are recorded as targets
	deleted   map[place]bool    // messages that were deleted by this eraser
	unsealed  map[string]bool   // captures that it has taken out of sealed files
	targets   erasure.Targets
	found     int // messages found in this look
	files     []erasure.File

	read, next map[string]uint64 // up to where each pass has looked, before and in this look
}

// An erasedPage is a capture that is to be erased.
type erasedPage struct {
	id  string
	via ad.Via
}

// A place is where a message stands.
type place struct {
	stream string
	seq    uint64
}

func newEraser(a *App, p erasure.Pending) *eraser {
	e := &eraser{
		a: a, order: p, ads: map[string]bool{}, present: map[string]bool{}, named: map[string]bool{}, held: map[string]bool{}, beside: map[string]bool{}, holds: map[string]bool{},
		prints: map[uint64]bool{}, numbers: map[string]bool{}, captures: map[uint64]erasedPage{}, kept: map[uint64]bool{}, known: map[string]bool{},
		unvisited: map[uint64]bool{}, recorded: map[place]bool{}, deleted: map[place]bool{}, unsealed: map[string]bool{}, read: map[string]uint64{},
	}
	for _, id := range p.AdIDs {
		e.ads[id], e.named[id] = true, true
	}
	return e
}

// list finds everything that the order comes to and that is there now, and
// records it in the ledger.
func (e *eraser) list(ctx context.Context) error {
	about := len(e.ads) + len(e.prints) + len(e.numbers)
	for _, pass := range []func(context.Context) error{
		e.begin, e.recall, e.chooseAds, e.listAds, e.spareNumbers, e.listListings, e.listLinking, e.listFrontier, e.listCaptures,
		e.listOutcomes, e.listAlerts, e.listLinks, e.listLetters, e.listEntries, e.listTrimmed, e.listDecisions,
	} {
		if err := pass(ctx); err != nil {
			return err
		}
	}
	e.read = e.next
	if len(e.ads)+len(e.prints)+len(e.numbers) != about { // what was passed over before may belong to it
		e.read = map[string]uint64{}
	}
	e.targets.AdIDs = slices.Sorted(maps.Keys(e.ads))
	e.targets.Fingerprints = slices.Sorted(maps.Keys(e.prints))
	e.targets.CaptureIDs = e.pages()
	return e.a.erased.Add(ctx, e.order.ID, e.targets)
}

// pages are the ids of the captures that go.
func (e *eraser) pages() (ids []string) {
	for _, p := range e.captures {
		if p.id != "" {
			ids = append(ids, p.id)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// begin clears what one look knows, and looks what holds there are.
func (e *eraser) begin(ctx context.Context) error {
	e.targets, e.found = erasure.Targets{Messages: map[string][]uint64{}}, 0
	e.next, e.entries = map[string]uint64{}, map[uint64]string{}
	if err := e.a.docket.CatchUp(ctx); err != nil {
		return err
	}
	e.holding, e.clusters = false, false
	for _, h := range e.a.docket.Holds() {
		e.holding = e.holding || h.Released == nil
		e.clusters = e.clusters || h.Released == nil && h.Kind == casework.HoldCluster
	}
	t, err := e.a.trimmed(ctx)
	if err != nil {
		return err
	}
	info, err := e.a.bus.Info(ctx, stream.Captures)
	if err != nil {
		return err
	}
	if e.gone = 0; t.To < info.First { // else it is noted and not gone yet
		e.gone = t.To
	}
	return nil
}

// recall reads what the order has recorded: it goes on after a crash, or came with
// another instance's ledger. Those ads were judged when they were recorded.
func (e *eraser) recall(ctx context.Context) error {
	return e.a.erased.Walk(ctx, e.order.ID, func(t erasure.Targets) error {
		for _, id := range t.AdIDs {
			e.ads[id], e.named[id] = true, true
		}
		for _, f := range t.Fingerprints {
			e.prints[f] = true
		}
		for _, n := range t.Messages[unvisited] {
			e.unvisited[n] = true
		}
		for name, seqs := range t.Sequences() {
			for _, n := range seqs {
				e.recorded[place{name, n}] = true
			}
		}
		return nil
	})
}

// Keys under which targets are counted, where it is not the subject. The ledger of
// the walk reads them: see readLedger.
const (
	visited   = stream.Frontier + " frontier"
	unvisited = stream.Frontier + " frontier.unvisited" // erased before their visit
	belated   = stream.Captures + " belated"            // captures of entries that were counted as unvisited
	leftFor   = stream.Captures + " trimmed."           // captures that have left the stream, by door
	ofCrawl   = stream.Dead + " dead.crawl"
	ofOthers  = stream.Dead + " dead.other"
)

// take adds a message to the targets under a key.
func (e *eraser) take(name, key string, seq uint64) {
	if e.recorded[place{name, seq}] {
		if !e.deleted[place{name, seq}] {
			e.found++ // it was recorded before a crash
		}
		return
	}
	e.recorded[place{name, seq}] = true
	e.targets.Messages[key] = append(e.targets.Messages[key], seq)
	e.found++
}

// source is the sequence of the message that a record was made from.
func source(m ad.Message) uint64 {
	n, err := strconv.ParseUint(m.Header[pipeline.SourceHeader], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// sealedOnly gives the captures that are in sealed files but no longer in the
// stream.
func (e *eraser) sealedOnly(ctx context.Context, f func(capture.Item) error) error {
	sealed, err := e.a.archive.List(ctx)
	if err != nil {
		return err
	}
	for _, s := range sealed {
		if s.From > e.gone {
			break
		}
		for it, err := range e.a.archive.Each(ctx, s) {
			if err != nil {
				return err
			}
			if err := f(it); err != nil {
				return err
			}
		}
	}
	return nil
}

// generational calls f for the streams of a base in every live generation.
func (e *eraser) generational(base string, f func(name string) error) error {
	done := map[string]bool{}
	for _, g := range e.a.book.Live() {
		name := serves(g, base)
		if done[name] {
			continue
		}
		done[name] = true
		if err := f(name); err != nil {
			return err
		}
	}
	return nil
}

// each calls f with the messages of a stream that are there now and that this
// pass has not seen in an earlier look.
func (e *eraser) each(ctx context.Context, pass, name string, filter []string, f func(ad.Message) error) error {
	key := pass + " " + name
	last, err := e.a.bus.Replay(ctx, name, e.read[key]+1, filter, f)
	e.next[key] = last
	return err
}
