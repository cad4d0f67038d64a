package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

	"vigil.example/internal/ad"
	"vigil.example/internal/capture"
	"vigil.example/internal/erasure"
	"vigil.example/internal/generation"
	"vigil.example/internal/search"
	"vigil.example/internal/search/sqlite"
)

// eraseOrders carries out what the ledger of erasures has pending. It is done by
// whoever seals captures, so that nothing is sealed that is being erased.
func (a *App) eraseOrders(ctx context.Context) error {
	if err := a.erased.CatchUp(ctx); err != nil {
		return err
	}
	for _, p := range a.erased.Pending() {
		if err := a.carryOut(ctx, p); err != nil {
			return fmt.Errorf("erase by order %s: %w", p.ID, err)
		}
	}
	return nil
}

// rounds bounds how often an order looks for what came while it was erasing.
const rounds = 8

// carryOut lists what an order comes to, deletes it everywhere, and looks again
// until nothing more is found: pages may have been under way.
func (a *App) carryOut(ctx context.Context, p erasure.Pending) error {
	e := newEraser(a, p)
	if p.State == erasure.Listing {
		if err := e.list(ctx); err != nil {
			return err
		}
		if err := a.erased.Listed(ctx, p.ID); err != nil {
			return err
		}
	}
	var result erasure.Result
	for round := 1; ; round++ {
		files, err := e.delete(ctx)
		if err != nil {
			return err
		}
		result.Files = append(result.Files, files...)
		if err := e.list(ctx); err != nil {
			return err
		}
		if e.found == 0 {
			break
		}
		if round == rounds {
			return fmt.Errorf("more keeps coming after %d rounds; stop the crawl of its site and let the order go on", rounds)
		}
	}
	result.Held = len(e.held)
	if err := a.erased.Done(ctx, p.ID, result); err != nil {
		return err
	}
	return a.exportLedger(ctx)
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

// delete deletes every recorded target.
func (e *eraser) delete(ctx context.Context) (files []erasure.File, err error) {
	a := e.a
	var adIDs, captures []string
	err = a.erased.Walk(ctx, e.order.ID, func(t erasure.Targets) error {
		for s, seqs := range t.Sequences() {
			if _, err := a.bus.Erase(ctx, s, seqs); err != nil && !errors.Is(err, ad.ErrNotFound) {
				return err
			}
		}
		adIDs = append(adIDs, t.AdIDs...)
		captures = append(captures, t.CaptureIDs...)
		return nil
	})
	if err != nil {
		return nil, err
	}
	erased, err := a.archive.Erase(ctx, captures)
	if err != nil {
		return nil, err
	}
	for _, f := range erased {
		files = append(files, erasedFile(f))
	}
	files = uniqueFiles(files)
	indexes := map[int]bool{}
	for _, g := range a.book.Live() {
		if indexes[g.Index] {
			continue
		}
		indexes[g.Index] = true
		if err := e.deleteIndexed(ctx, g, adIDs); err != nil {
			return nil, err
		}
	}
	if e.order.Kind == erasure.ByNumber {
		if _, err := a.docket.Forget(ctx, e.matches); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// deleteIndexed erases ads from the index of a generation, beside its writer.
func (e *eraser) deleteIndexed(ctx context.Context, g generation.Generation, adIDs []string) error {
	name := e.a.indexFile(g.Index)
	if _, err := os.Stat(name); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	x, err := sqlite.Open(ctx, name, sqlite.Options{Beside: true})
	if errors.Is(err, search.ErrDamaged) || errors.Is(err, search.ErrVersion) {
		return sqlite.Remove(name) // it is made anew from what is left
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
		if e.matches(h.Value) {
			values = append(values, h.Value)
		}
	}
	_, err = x.Erase(ctx, adIDs, values)
	return err
}

// sealedOnly gives the captures that are in sealed files but no longer in the
// stream.
func (e *eraser) sealedOnly(ctx context.Context, f func(capture.Item) error) error {
	t, err := e.a.trimmed(ctx)
	if err != nil || t.To == 0 {
		return err
	}
	sealed, err := e.a.archive.List(ctx)
	if err != nil {
		return err
	}
	for _, s := range sealed {
		if s.From > t.To {
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

// each calls f with the messages of a stream that are there now.
func (e *eraser) each(ctx context.Context, name string, filter []string, f func(ad.Message) error) error {
	_, err := e.a.bus.Replay(ctx, name, 0, filter, f)
	return err
}
