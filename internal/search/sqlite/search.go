package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/query"
	"vigil.example/internal/search"
)

// Search answers a query; see search.Index. Count and page come from one
// snapshot, so that they agree.
func (x *Index) Search(ctx context.Context, q query.Node, p search.Page) (search.Results, error) {
	began := time.Now()
	res, err := x.search(ctx, q, p)
	if err != nil {
		return search.Results{}, x.fail("search", err)
	}
	res.Took = time.Since(began)
	return res, nil
}

func (x *Index) search(ctx context.Context, q query.Node, p search.Page) (res search.Results, err error) {
	if err := refusal(q, p); err != nil {
		return res, err
	}
	tx, err := x.ask(ctx)
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, tx.Rollback()) }()

	asked := q
	if q, err = expanded(ctx, tx, q); err != nil {
		return res, err
	}
	pl, err := planned(ctx, tx, q, false)
	if err != nil {
		return res, err
	}
	where, args := pl.every()
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM "+pl.from+" WHERE "+where, args...).Scan(&res.Total); err != nil || p.Size == 0 || res.Total <= p.Offset {
		return res, err
	}
	ns, err := pl.page(ctx, tx, p, res.Total, ranks(q), x.most)
	if err != nil {
		return res, err
	}
	res.Hits = make([]search.Hit, len(ns))
	at := make(map[int64]int, len(ns))
	keys := make([]any, len(ns))
	for i, n := range ns {
		at[n], keys[i] = i, n
	}
	err = documents(ctx, tx, func(n int64, d ad.Document) {
		res.Hits[at[n]] = search.Hit{Doc: d, Spans: query.Spans(asked, &d)}
	}, "d.n IN ("+marks(len(keys))+")", keys...)
	return res, err
}

// page returns the numbers of one page of a plan's documents, of which there are
// total; ranks says that one can be a better answer than another, and most how many
// are ranked.
func (pl plan) page(ctx context.Context, tx *sql.Tx, p search.Page, total int, ranks bool, most int) ([]int64, error) {
	where, args := pl.every()
	args = append(args, p.Size, p.Offset)
	order := "d.last_seen DESC, d.id"
	if p.Sort == search.ByLead {
		order = "d.lead DESC, " + order
	}
	switch {
	case pl.match == "":
		return numbers(ctx, tx, "SELECT d.n FROM doc d WHERE "+where+" ORDER BY "+order+" LIMIT ? OFFSET ?", args...)
	case ranks && (p.Sort == "" || p.Sort == search.ByRelevance):
		return pl.ranked(ctx, tx, p, total, most)
	case p.Sort != search.ByLead && p.Offset+p.Size <= total/frequent:
		// What matches often is met soon in the order of time; then each is asked for by
		// itself, and most matches are not looked at.
		if docs, err := numbers(ctx, tx, "SELECT documents FROM tally"); err != nil || total > int(docs[0])/frequent {
			if err != nil {
				return nil, err
			}
			return numbers(ctx, tx, "SELECT d.n FROM doc d INDEXED BY doc_newest WHERE EXISTS (SELECT 1 FROM words WHERE words.rowid = d.n AND "+pl.where+
				") ORDER BY "+order+" LIMIT ? OFFSET ?", append(slices.Clone(pl.args), p.Size, p.Offset)...)
		}
	}
	return numbers(ctx, tx, "SELECT d.n FROM words CROSS JOIN doc d ON d.n = words.rowid WHERE "+where+" ORDER BY "+order+" LIMIT ? OFFSET ?", args...)
}

// frequent is of how many documents one must match so that matches are met soon.
const frequent = 20

// ranked returns a page in order of relevance. Of many matches, those that came last
// are ranked: to weigh a match takes ten times as long as to find it.
func (pl plan) ranked(ctx context.Context, tx *sql.Tx, p search.Page, total, most int) ([]int64, error) {
	rows := func(low, high int64, then string, more ...any) ([]int64, error) {
		where, args := pl.between(low, high)
		return numbers(ctx, tx, "SELECT words.rowid FROM "+pl.from+" WHERE "+where+" ORDER BY words."+then+" OFFSET ?", append(args, more...)...)
	}
	const (
		start  = math.MinInt64
		end    = math.MaxInt64
		best   = "rank, words.rowid LIMIT ?"
		newest = "rowid DESC LIMIT ?"
	)
	if total <= most {
		return rows(start, end, best, p.Size, p.Offset)
	}
	first, err := rows(start, end, newest, 1, most-1)
	if err != nil {
		return nil, err
	}
	var ns []int64
	if p.Offset < most {
		if ns, err = rows(first[0], end, best, min(p.Size, most-p.Offset), p.Offset); err != nil {
			return nil, err
		}
	}
	if rest := p.Size - len(ns); rest > 0 {
		more, err := rows(start, first[0]-1, newest, rest, max(0, p.Offset-most))
		return append(ns, more...), err
	}
	return ns, nil
}

// refusal says why a page cannot be given; nil when it can.
func refusal(q query.Node, p search.Page) error {
	if q == nil || p.Offset < 0 || p.Size < 0 || p.Size > search.MaxPage {
		return fmt.Errorf("a page begins at 0 or later and has 0 to %d matches", search.MaxPage)
	}
	if p.Sort != "" && !slices.Contains(search.Sorts(), p.Sort) {
		return errors.New("the order must be relevance, newest or lead")
	}
	return nil
}

// numbers reads rows of one integer.
func numbers(ctx context.Context, tx *sql.Tx, q string, args ...any) (ns []int64, err error) {
	rows, err := tx.QueryContext(ctx, q, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var n int64
		if err := rows.Scan(&n); err != nil {
			return nil, err
		}
		ns = append(ns, n)
	}
	return ns, rows.Err()
}

// A queryer is a database, a connection or a transaction.
type queryer interface {
	QueryRowContext(ctx context.Context, q string, args ...any) *sql.Row
	QueryContext(ctx context.Context, q string, args ...any) (*sql.Rows, error)
}

// documents reads the documents that a condition on doc AS d or ad AS a, with
// anything after it, selects, with their numbers.
func documents(ctx context.Context, db queryer, give func(int64, ad.Document), where string, args ...any) (err error) {
	rows, err := db.QueryContext(ctx, `SELECT d.n, d.id, c.data, k.id, d.first_seen, d.last_seen, d.sightings, a.current = d.n, a.removed_at, a.labels
		FROM doc d JOIN ad a ON a.n = d.ad JOIN content c ON c.n = d.n LEFT JOIN cluster k ON k.n = a.cluster WHERE `+where, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var d ad.Document
		var id any
		var data sql.RawBytes
		var cluster, labels sql.NullString
		var n, first, last int64
		var removed sql.NullInt64
		if err := rows.Scan(&n, &id, &data, &cluster, &first, &last, &d.Sightings, &d.Current, &removed, &labels); err != nil {
			return err
		}
		if d.Ad, err = ad.Decode[ad.Ad](data); err != nil {
			return fmt.Errorf("%w: the content of document %s cannot be read", search.ErrDamaged, idOf(id))
		}
		d.ID, d.Cluster = idOf(id), cluster.String
		if labels.String != "" {
			d.Labels = strings.Fields(labels.String)
		}
		d.FirstSeen, d.LastSeen = time.UnixMicro(first).UTC(), time.UnixMicro(last).UTC()
		if removed.Valid {
			d.RemovedAt = time.UnixMicro(removed.Int64).UTC()
		}
		give(n, d)
	}
	return rows.Err()
}

// Dump gives every document; see search.Index. It reads page by page, so that a
// slow reader holds up no checkpoint.
func (x *Index) Dump(ctx context.Context) iter.Seq2[ad.Document, error] {
	const page = 256
	return func(yield func(ad.Document, error) bool) {
		for after := int64(0); ; after += page {
			var last sql.NullInt64
			err := x.present()
			if err == nil {
				err = x.read.QueryRowContext(ctx, `SELECT max(n) FROM doc`).Scan(&last)
			}
			if err == nil && last.Int64 <= after {
				return
			}
			var docs []ad.Document
			if err == nil {
				err = documents(ctx, x.read, func(_ int64, d ad.Document) {
					docs = append(docs, d)
				}, "d.n > ? AND d.n <= ?", after, after+page)
			}
			if err != nil {
				yield(ad.Document{}, x.fail("read", err))
				return
			}
			for _, d := range docs {
				if !yield(d, nil) {
					return
				}
			}
		}
	}
}
