package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/capture"
	"vigil.example/internal/crawl"
	"vigil.example/internal/desk"
	"vigil.example/internal/erasure"
	"vigil.example/internal/extract"
	"vigil.example/internal/generation"
	"vigil.example/internal/search"
)

// Check says what is wrong with an order; see desk.Eraser.
func (a *App) Check(o erasure.Order) error { return a.erased.Check(o) }

// Clock is the clock of the captures.
func (a *App) Clock() time.Time { return a.cfg.Clock() }

// Erasures lists the orders.
func (a *App) Erasures() []erasure.Entry { return a.erased.Entries() }

// Erasure returns one order.
func (a *App) Erasure(id string) (erasure.Entry, error) { return a.erased.Entry(id) }

// Preview finds what an order would come to.
func (a *App) Preview(ctx context.Context, o erasure.Order) (desk.Preview, error) {
	p := erasure.Pending{Entry: erasure.Entry{Kind: o.Kind, Before: o.Before}, AdIDs: o.AdIDs}
	if o.Kind == erasure.ByNumber {
		p.Digest = a.erased.Digest(o.Value)
	}
	e := newEraser(a, p)
	e.judging = true
	versions := 0
	counted := func(context.Context) error { versions = e.found; return nil }
	for _, pass := range []func(context.Context) error{
		e.begin, e.chooseAds, e.listAds, counted, e.spareNumbers, e.listListings, e.listLinking, e.listFrontier, e.listCaptures,
	} {
		if err := pass(ctx); err != nil {
			return desk.Preview{}, fmt.Errorf("look what is to be erased: %w", err)
		}
	}
	out := desk.Preview{
		Kind: o.Kind, Before: o.Before, Captures: len(e.pages()), Sightings: versions,
		Held: slices.Sorted(maps.Keys(e.held)), Holds: slices.Sorted(maps.Keys(e.holds)),
	}
	for _, id := range slices.Sorted(maps.Keys(e.ads)) {
		if o.Kind == erasure.ByAd && !e.present[id] {
			out.Unknown = append(out.Unknown, id)
			continue
		}
		out.Ads = append(out.Ads, id)
	}
	if o.Kind == erasure.ByNumber {
		for _, h := range a.docket.HoldsOn("", []ad.Value{{Kind: "phone", Value: o.Value}}) {
			if !slices.Contains(out.Holds, h.ID) {
				out.Holds = append(out.Holds, h.ID)
			}
		}
	}
	return out, nil
}

// Erase makes an order durable; who seals captures carries it out.
func (a *App) Erase(ctx context.Context, o erasure.Order) (erasure.Entry, error) {
	id, err := a.erased.Begin(ctx, o)
	if err != nil {
		return erasure.Entry{}, err
	}
	return a.erased.Entry(id)
}

// bars reports whether a page shows an ad that was erased and is not to come back.
func (a *App) bars(c ad.Capture, records []byte) bool {
	if a.erased.Bars(crawl.Fingerprint(c.URL)) {
		return true
	}
	if !a.erased.Any() {
		return false
	}
	p, err := capture.Open(records)
	if err != nil {
		return false // extraction tells why
	}
	res, err := a.extract.Extract(p.Capture, extract.Page{Status: p.Status, ContentType: p.Header.Get("Content-Type"), Body: p.Body})
	return err == nil && slices.ContainsFunc(res.Listings, func(l ad.Listing) bool { return a.erased.Covers(l.AdID) })
}

// eraseOrders carries out what the ledger of erasures has pending. It is done by
// whoever seals captures, so that nothing is sealed that is being erased. Those
// that somebody waits for come first.
func (a *App) eraseOrders(ctx context.Context) error {
	if err := a.eraseNamed(ctx); err != nil {
		return err
	}
	for _, p := range a.erased.Pending() {
		if err := a.carryOut(ctx, p); err != nil {
			return fmt.Errorf("erase by order %s: %w", p.ID, err)
		}
	}
	return nil
}

// eraseNamed carries out the orders that are not by age: somebody waits for them,
// and an order by age can take hours.
func (a *App) eraseNamed(ctx context.Context) error {
	if err := a.erased.CatchUp(ctx); err != nil {
		return err
	}
	for _, p := range a.erased.Pending() {
		if p.Kind == erasure.OlderThan {
			continue
		}
		if err := a.carryOut(ctx, p); err != nil {
			return fmt.Errorf("erase by order %s: %w", p.ID, err)
		}
	}
	return nil
}

const (
	// looks bounds how often an order looks for what came while it was erasing.
	// Nothing that it covers is stored any more from its beginning on, so what
	// comes later than this is a page that was fetched later.
	looks = 5
	// underWay is how long a look waits for what was on its way through the steps.
	underWay = 500 * time.Millisecond
)

// carryOut lists what an order comes to, deletes it everywhere, and looks again
// until nothing more is found: pages may have been under way.
func (a *App) carryOut(ctx context.Context, p erasure.Pending) error {
	if err := a.exportLedger(ctx); err != nil { // so that a restore knows it from now on
		return err
	}
	e := newEraser(a, p)
	if p.State == erasure.Listing {
		if err := e.list(ctx); err != nil {
			return err
		}
		if err := a.erased.Listed(ctx, p.ID); err != nil {
			return err
		}
	}
	for look := 1; ; look++ {
		if err := e.delete(ctx); err != nil {
			return err
		}
		if look > looks {
			break
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(underWay):
		}
		if err := e.list(ctx); err != nil {
			return err
		}
		left, err := e.indexed(ctx)
		if err != nil {
			return err
		}
		if e.found == 0 && !left {
			break
		}
	}
	if err := a.discarded(ctx); err != nil {
		return err
	}
	if err := a.erased.Done(ctx, p.ID, erasure.Result{Files: e.files, Held: len(e.held)}); err != nil {
		return err
	}
	return a.exportLedger(ctx)
}

// discarded waits until generations that were given up are deleted, with what stands
// in them. Where no role runs, the next start deletes them.
func (a *App) discarded(ctx context.Context) error {
	for {
		if err := a.book.CatchUp(ctx); err != nil {
			return err
		}
		if len(a.book.Retired()) == 0 || len(a.health.all()) == 0 && a.cfg.sole() {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(tendEvery):
		}
	}
}

// exportLedger writes the ledger beside the streams, to be kept with backups.
func (a *App) exportLedger(ctx context.Context) error {
	var b bytes.Buffer
	if err := a.erased.Export(ctx, &b); err != nil {
		return fmt.Errorf("export the ledger of erasures: %w", err)
	}
	return writeDurably(a.folder.at(ledgerFile), b.Bytes())
}

// ledgerFile is the exported ledger of erasures in the data folder.
const ledgerFile = "erasures.jsonl"

// delete deletes every recorded target that it has not deleted yet.
func (e *eraser) delete(ctx context.Context) error {
	adIDs, captures := map[string]bool{}, map[string]bool{}
	err := e.deleteStored(ctx, adIDs, captures)
	if err == nil {
		err = e.deleteSealed(ctx, captures)
	}
	if err == nil { // it holds what ads give; the linker makes it anew from what is left
		err = e.a.folder.wipeLinkStates()
	}
	if err != nil {
		return err
	}
	all, err := e.indexes(ctx)
	if err != nil {
		return err
	}
	for _, g := range all {
		if err := e.deleteIndexed(ctx, g, slices.Sorted(maps.Keys(adIDs))); err != nil {
			return err
		}
	}
	_, err = e.a.docket.Forget(ctx, anyValue)
	return err
}

// anyValue matches every value: a docket forgets what is gone from its journal.
func anyValue(ad.Value) bool { return true }

// atOnce is how many messages are deleted before others have their turn.
const atOnce = 256

// deleteStored deletes from streams and sealed files, and collects the ads and
// captures that the order comes to.
func (e *eraser) deleteStored(ctx context.Context, adIDs, captures map[string]bool) error {
	return e.a.erased.Walk(ctx, e.order.ID, func(t erasure.Targets) error {
		for name, seqs := range t.Sequences() {
			seqs = slices.DeleteFunc(seqs, func(n uint64) bool { return e.deleted[place{name, n}] })
			for some := range slices.Chunk(seqs, atOnce) {
				if _, err := e.a.bus.Erase(ctx, name, some); err != nil && !errors.Is(err, ad.ErrNotFound) {
					return err
				}
				for _, n := range some {
					e.deleted[place{name, n}] = true
				}
				if e.order.Kind != erasure.OlderThan {
					continue
				}
				if err := e.a.eraseNamed(ctx); err != nil {
					return err
				}
			}
		}
		for _, id := range t.AdIDs {
			adIDs[id] = true
		}
		for _, id := range t.CaptureIDs {
			captures[id] = true
		}
		return nil
	})
}

// deleteSealed deletes from sealed files. By now the captures are gone from the
// stream: what is being sealed is waited for, what is sealed later is without them.
func (e *eraser) deleteSealed(ctx context.Context, captures map[string]bool) error {
	a := e.a
	ids := slices.DeleteFunc(slices.Sorted(maps.Keys(captures)), func(id string) bool { return e.unsealed[id] })
	if len(ids) == 0 {
		return nil
	}
	a.sealing.Lock()
	defer a.sealing.Unlock()
	erased, err := a.archive.Erase(ctx, ids)
	if errors.Is(err, capture.ErrUnfinished) { // a start was cut off: seal it, without what is gone from the stream
		if err := a.sealLocked(ctx, a.bus.Pen(1), true); err != nil {
			return err
		}
		var more []capture.Erased
		more, err = a.archive.Erase(ctx, ids)
		erased = append(erased, more...)
	}
	if err != nil {
		return err
	}
	for _, f := range erased {
		if x := e.file(f); !slices.Contains(e.files, x) {
			e.files = append(e.files, x)
		}
	}
	for _, id := range ids {
		e.unsealed[id] = true
	}
	return nil
}

// indexes are the generations whose indexes are there.
func (e *eraser) indexes(ctx context.Context) (out []generation.Generation, err error) {
	done := map[int]bool{}
	for _, g := range e.a.book.Live() {
		there, err := e.a.engine.there(ctx, g.Index)
		if err != nil {
			return nil, err
		}
		if there && !done[g.Index] {
			done[g.Index] = true
			out = append(out, g)
		}
	}
	return out, nil
}

// deleteIndexed erases ads from the index of a generation, beside its writer.
func (e *eraser) deleteIndexed(ctx context.Context, g generation.Generation, adIDs []string) error {
	x, err := e.a.engine.open(ctx, g.Index, opening{beside: true})
	if errors.Is(err, search.ErrDamaged) || errors.Is(err, search.ErrVersion) {
		return e.a.engine.remove(ctx, g.Index) // it is made anew from what is left
	}
	if err != nil {
		return err
	}
	defer func() { _ = x.Close() }()
	var values []ad.Value
	hubs, err := x.Hubs(ctx)
	if err != nil {
		return err
	}
	for _, h := range hubs {
		if e.matches(h.Value) || e.lost(h.Value) {
			values = append(values, h.Value)
		}
	}
	_, err = x.Erase(ctx, adIDs, values)
	return err
}

// indexed reports whether an index has one of the ads: it may have been on its
// way there when they were erased.
func (e *eraser) indexed(ctx context.Context) (bool, error) {
	all, err := e.indexes(ctx)
	if err != nil {
		return false, err
	}
	for _, g := range all {
		x, err := e.a.engine.open(ctx, g.Index, opening{readOnly: true, live: true})
		if errors.Is(err, ad.ErrNotFound) || errors.Is(err, search.ErrDamaged) || errors.Is(err, search.ErrVersion) {
			continue
		}
		if err != nil {
			return false, err
		}
		found := false
		for id := range e.ads {
			docs, _, verr := x.Versions(ctx, id)
			if verr != nil && !errors.Is(verr, ad.ErrNotFound) {
				err = verr
				break
			}
			if found = len(docs) > 0; found {
				break
			}
		}
		_ = x.Close() // it only answered
		if found || err != nil {
			return found, err
		}
	}
	return false, nil
}

// file is what the ledger keeps of a rewritten file. Its digests are keyed: from
// that of a page which one knows but for a number, the number could be found.
func (e *eraser) file(f capture.Erased) erasure.File {
	keyed := func(sum string) string {
		if sum == "" { // the erasure was cut off after the file went
			return strings.Repeat("0", 64)
		}
		return e.a.erased.Digest("warc " + sum)
	}
	return erasure.File{Old: f.File, OldSHA256: keyed(f.SHA256Was), New: f.New, NewSHA256: keyed(f.SHA256Now)}
}
