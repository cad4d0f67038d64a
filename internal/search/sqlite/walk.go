package sqlite

import (
	"context"
	"database/sql"
	"iter"
	"slices"

	"vigil.example/internal/ad"
	"vigil.example/internal/query"
	"vigil.example/internal/search"
)

var _ search.Leafer = (*Index)(nil)

// Walk gives every document that matches; see search.Surveyor. It notes the ids
// first and reads page by page, so that a slow reader holds up no checkpoint.
func (x *Index) Walk(ctx context.Context, q query.Node, after string) iter.Seq2[ad.Document, error] {
	const page = 256
	return func(yield func(ad.Document, error) bool) {
		if q == nil {
			yield(ad.Document{}, x.fail("read", errNoQuery))
			return
		}
		ids, err := x.matching(ctx, q, after)
		for at := 0; err == nil && at < len(ids); at += page {
			part := ids[at:min(at+page, len(ids))]
			keys := make([]any, len(part))
			for i := range part {
				keys[i] = part[i].key()
			}
			var docs []ad.Document
			if err = x.present(); err == nil {
				err = documents(ctx, x.read, func(_ int64, d ad.Document) {
					docs = append(docs, d)
				}, "d.id IN ("+marks(len(keys))+") ORDER BY d.id", keys...)
			}
			if err != nil {
				err = x.fail("read", err)
				break
			}
			for _, d := range docs {
				if !yield(d, nil) {
					return
				}
			}
		}
		if err != nil {
			yield(ad.Document{}, err)
		}
	}
}

// An id is that of a document in 16 bytes.
type id [16]byte

func (i *id) key() any { return i[:] }

// matching returns the ids of the documents that match, beyond after, in order.
func (x *Index) matching(ctx context.Context, q query.Node, after string) (ids []id, err error) {
	err = x.snapshot(ctx, func(tx *sql.Tx) error {
		q, err := expanded(ctx, tx, q)
		if err != nil {
			return err
		}
		pl, err := planned(ctx, tx, q, true)
		if err != nil {
			return err
		}
		where, args := pl.every()
		if after != "" {
			where, args = where+" AND d.id > ?", append(args, key(after))
		}
		return each(ctx, tx, func(scan func(...any) error) error {
			var k sql.RawBytes
			if err := scan(&k); err != nil {
				return err
			}
			ids = append(ids, id(k))
			return nil
		}, "SELECT d.id FROM "+pl.from+" WHERE "+where+" ORDER BY d.id", args...)
	})
	return ids, err
}

// probed is how many matches are met in the time that one document is asked for by
// itself whether it matches.
const probed = 64

// Leaf gives the first documents of a walk; see search.Leafer. All matches are looked
// at for it, and the first by id kept; but where most documents match, they are asked
// in order of id until there are enough.
func (x *Index) Leaf(ctx context.Context, q query.Node, after string, n int) (docs []ad.Document, err error) {
	if q == nil {
		return nil, x.fail("read", errNoQuery)
	}
	err = x.snapshot(ctx, func(tx *sql.Tx) error {
		q, err := expanded(ctx, tx, q)
		if err != nil {
			return err
		}
		pl, err := planned(ctx, tx, q, true)
		if err != nil {
			return err
		}
		from := pl.from
		where, args := pl.every()
		if pl.match != "" {
			var total, all int
			if err := tx.QueryRowContext(ctx, "SELECT count(*), (SELECT documents FROM tally) FROM words WHERE words MATCH ?", pl.match).Scan(&total, &all); err != nil {
				return err
			}
			if total/probed*total/max(all, 1) > n {
				from = "doc d INDEXED BY sqlite_autoindex_doc_1"
				where, args = "EXISTS (SELECT 1 FROM words WHERE words.rowid = d.n AND "+pl.where+")", slices.Clone(pl.args)
			}
		}
		if after != "" {
			where, args = where+" AND d.id > ?", append(args, key(after))
		}
		ns, err := numbers(ctx, tx, "SELECT d.n FROM "+from+" WHERE "+where+" ORDER BY d.id LIMIT ?", append(args, max(n, 0))...)
		if err != nil {
			return err
		}
		for part := range slices.Chunk(ns, 256) {
			keys := make([]any, len(part))
			for i, k := range part {
				keys[i] = k
			}
			if err := documents(ctx, tx, func(_ int64, d ad.Document) { docs = append(docs, d) }, "d.n IN ("+marks(len(keys))+") ORDER BY d.id", keys...); err != nil {
				return err
			}
		}
		return nil
	})
	return docs, err
}
