package sqlite

import (
	"context"
	"database/sql"
	"math"
	"slices"
	"time"

	"vigil.example/internal/query"
)

// This file keeps, for each block of rows of doc, between which times they lie.
// Documents are numbered as they come, so most dates hold for all of a block or for
// none: then no document of it is looked at. Bounds may be too wide, never too
// narrow, so that what is found does not depend on them.

const blockSchema = `
CREATE TABLE block (
	n           INTEGER PRIMARY KEY, -- doc.n / 1024
	first_from  INTEGER NOT NULL, first_to  INTEGER NOT NULL,
	last_from   INTEGER NOT NULL, last_to   INTEGER NOT NULL,
	posted_from INTEGER NOT NULL, posted_to INTEGER NOT NULL, -- the highest and the lowest number where none has been posted
	unposted    INTEGER NOT NULL                              -- some have no such time
);
`

const (
	blockPut = `INSERT INTO block (n, first_from, first_to, last_from, last_to, posted_from, posted_to, unposted) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (n) DO UPDATE SET
		first_from = min(first_from, excluded.first_from), first_to = max(first_to, excluded.first_to),
		last_from = min(last_from, excluded.last_from), last_to = max(last_to, excluded.last_to),
		posted_from = min(posted_from, excluded.posted_from), posted_to = max(posted_to, excluded.posted_to), unposted = max(unposted, excluded.unposted)`
	blockBits = 10 // of doc.n within a block
)

// Times are the bounds of some times, both included; those of none lie the wrong way round.
type times struct{ from, to int64 }

func (t *times) widen(at int64) { t.from, t.to = min(t.from, at), max(t.to, at) }

// A block is some documents that were numbered one after the other.
type block struct {
	n                   int64
	first, last, posted times
	unposted            bool
}

func newBlock(n int64) *block {
	none := times{math.MaxInt64, math.MinInt64}
	return &block{n: n, first: none, last: none, posted: none}
}

// widen takes a document into the bounds of its block; posted is of micros.
func (b *batch) widen(n, first, last int64, posted any) {
	if b.blocks == nil {
		b.blocks = map[int64]*block{}
	}
	in := b.blocks[n>>blockBits]
	if in == nil {
		in = newBlock(n >> blockBits)
		b.blocks[in.n] = in
	}
	in.first.widen(first)
	in.last.widen(last)
	if at, ok := posted.(int64); ok {
		in.posted.widen(at)
	} else {
		in.unposted = true
	}
}

// bound writes the bounds and briefs that a batch has changed.
func (b *batch) bound(ctx context.Context) error {
	for _, k := range b.blocks {
		if _, err := b.exec(ctx, b.st.blockPut, k.n, k.first.from, k.first.to, k.last.from, k.last.to, k.posted.from, k.posted.to, k.unposted); err != nil {
			return err
		}
	}
	for n, k := range b.briefs {
		if _, err := b.exec(ctx, b.st.briefPut, n, []byte(k)); err != nil {
			return err
		}
	}
	return nil
}

// rebound works out the bounds and briefs of blocks anew, after documents of theirs were erased.
func (b *batch) rebound(ctx context.Context, docs []int64) error {
	blocks := map[int64]bool{}
	for _, n := range docs {
		blocks[n>>blockBits] = true
	}
	for n := range blocks {
		for _, q := range []string{`DELETE FROM block WHERE n = ?`, `DELETE FROM brief WHERE n = ?`} {
			if _, err := b.tx.ExecContext(ctx, q, n); err != nil {
				return err
			}
		}
		err := each(ctx, b.tx, func(scan func(...any) error) error {
			var doc, first, last int64
			var posted any
			var trait uint32
			if err := scan(&doc, &first, &last, &posted, &trait); err != nil {
				return err
			}
			b.widen(doc, first, last, posted)
			return b.note(ctx, doc, trait, last)
		}, `SELECT n, first_seen, last_seen, posted, trait FROM doc WHERE n >= ? AND n < ?`, n<<blockBits, (n+1)<<blockBits)
		if err != nil {
			return err
		}
	}
	return nil
}

// A verdict says for which documents of a block something holds.
type verdict int8

const (
	never verdict = iota - 1
	perhaps
	always
)

// holds is the verdict on a query, as far as times decide it.
func (k *block) holds(n query.Node) verdict {
	switch n := n.(type) {
	case query.And:
		v := always
		for _, p := range n.Of {
			v = min(v, k.holds(p))
		}
		return v
	case query.Or:
		v := never
		for _, p := range n.Of {
			v = max(v, k.holds(p))
		}
		return v
	case query.Not:
		return -k.holds(n.Of)
	case query.Field:
		switch n.Name {
		case "seen":
			return min(k.first.within(time.Time{}, n.To), k.last.within(n.From, time.Time{}))
		case "first":
			return k.first.within(n.From, n.To)
		case "last":
			return k.last.within(n.From, n.To)
		case "posted":
			v := k.posted.within(n.From, n.To)
			if k.unposted {
				v = min(v, perhaps)
			}
			return v
		}
	}
	return perhaps
}

// within says which of the times lie in a stretch, from which is included and to not;
// zero times leave it open.
func (t times) within(from, to time.Time) verdict {
	if t.from > t.to {
		return never
	}
	v := always
	if !from.IsZero() {
		switch at := from.UnixMicro(); {
		case t.to < at:
			return never
		case t.from < at:
			v = perhaps
		}
	}
	if !to.IsZero() {
		switch at := to.UnixMicro(); {
		case t.from >= at:
			return never
		case t.to >= at:
			v = perhaps
		}
	}
	return v
}

// narrowed leaves out of a plan the rows before and behind those that times let match,
// and takes a filter off the longest run of rows of which all pass it.
func (pl plan) narrowed(ctx context.Context, tx *sql.Tx) (plan, error) {
	if pl.match == "" || !dated(pl.rest) {
		return pl, nil
	}
	var hull, run, longest struct{ from, to int64 } // blocks, to not included
	err := each(ctx, tx, func(scan func(...any) error) error {
		var k block
		if err := scan(&k.n, &k.first.from, &k.first.to, &k.last.from, &k.last.to, &k.posted.from, &k.posted.to, &k.unposted); err != nil {
			return err
		}
		v := k.holds(pl.rest)
		if v == never {
			return nil
		}
		if hull.to == 0 {
			hull.from = k.n
		}
		hull.to = k.n + 1
		if v != always {
			return nil
		}
		if run.to != k.n {
			run.from = k.n
		}
		if run.to = k.n + 1; run.to-run.from > longest.to-longest.from {
			longest = run
		}
		return nil
	}, `SELECT n, first_from, first_to, last_from, last_to, posted_from, posted_to, unposted FROM block ORDER BY n`)
	if err != nil {
		return pl, err
	}
	pl.bounded, pl.low, pl.high = true, hull.from<<blockBits, hull.to<<blockBits-1
	filter, args := pl.filter.sql, pl.filter.args
	if !pl.docs {
		filter = "EXISTS (SELECT 1 FROM doc d WHERE d.n = words.rowid AND (" + filter + "))"
	}
	pl.where = "words MATCH ? AND (words.rowid BETWEEN ? AND ? OR (" + filter + "))"
	pl.args = append([]any{pl.match, longest.from << blockBits, longest.to<<blockBits - 1}, args...)
	if !pl.docs {
		pl.from = "words"
	}
	return pl, nil
}

// dated says whether a query asks for times.
func dated(n query.Node) bool {
	switch n := n.(type) {
	case query.And:
		return slices.ContainsFunc(n.Of, dated)
	case query.Or:
		return slices.ContainsFunc(n.Of, dated)
	case query.Not:
		return dated(n.Of)
	case query.Field:
		return slices.Contains([]string{"seen", "first", "last", "posted"}, n.Name)
	}
	return false
}
