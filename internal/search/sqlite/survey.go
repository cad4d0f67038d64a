package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"

	"vigil.example/internal/ad"
	"vigil.example/internal/query"
	"vigil.example/internal/search"
)

// A plan is how the documents that match a query are come by: FROM and WHERE of a
// statement, over words and, where it has them, doc AS d.
type plan struct {
	match       string // what ranks; "" for none
	from, where string
	args        []any

	docs      bool       // FROM has doc AS d
	filter    cond       // what else must hold
	rest      query.Node // that as asked; nil for nothing
	bounded   bool       // no row before low or behind high matches
	low, high int64
}

// planned says a query as SQL, to which more conditions may be added; docs, that they
// are about doc AS d. CROSS JOIN: the words first, then their documents, never a
// document at a time against the words.
func planned(ctx context.Context, tx *sql.Tx, q query.Node, docs bool) (plan, error) {
	match, filter, rest := split(q)
	if match == "" {
		return plan{from: "doc d", where: "(" + filter.sql + ")", args: filter.args}, nil
	}
	p := plan{match: match, from: "words", where: "words MATCH ?", args: append([]any{match}, filter.args...), docs: docs, filter: filter, rest: rest}
	if docs || filter.sql != all.sql {
		p.from = "words CROSS JOIN doc d ON d.n = words.rowid"
	}
	if filter.sql != all.sql {
		p.where += " AND (" + filter.sql + ")"
	}
	return p.narrowed(ctx, tx)
}

// between is WHERE for the rows of words from one to another, both included, as far
// as they can match. FTS5 goes by one bound on each side and no more.
func (pl plan) between(low, high int64) (string, []any) {
	if pl.bounded {
		low, high = max(low, pl.low), min(high, pl.high)
	}
	where, args := pl.where, slices.Clone(pl.args)
	if low > math.MinInt64 {
		where, args = where+" AND words.rowid >= ?", append(args, low)
	}
	if high < math.MaxInt64 {
		where, args = where+" AND words.rowid <= ?", append(args, high)
	}
	return where, args
}

// every is WHERE for all rows.
func (pl plan) every() (string, []any) { return pl.between(math.MinInt64, math.MaxInt64) }

// each runs a statement and calls f for every row.
func each(ctx context.Context, db queryer, f func(scan func(...any) error) error, q string, args ...any) (err error) {
	rows, err := db.QueryContext(ctx, q, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

var errNoQuery = errors.New("there is nothing to search for")

// Survey counts what matches; see search.Surveyor.
func (x *Index) Survey(ctx context.Context, q query.Node, a search.Ask) (s search.Survey, err error) {
	if q == nil {
		return s, x.fail("survey", errNoQuery)
	}
	if err := a.Refuse(); err != nil {
		return s, x.fail("survey", err)
	}
	t := search.NewTally(a)
	err = x.snapshot(ctx, func(tx *sql.Tx) error {
		q, err := expanded(ctx, tx, q)
		if err != nil {
			return err
		}
		pl, err := planned(ctx, tx, q, false)
		if err != nil {
			return err
		}
		return pl.survey(ctx, tx, t)
	})
	if err != nil {
		return search.Survey{}, err
	}
	return t.Survey(), nil
}

const (
	// surveyed is how many rows are looked at by one statement of a survey.
	surveyed = 1 << 16
	// few is up to how many matches are looked up one by one.
	few = 500
)

// survey tallies what a plan finds. The first that match words are looked up, with
// their traits; of more only the numbers are read, and what they have from the briefs.
func (pl plan) survey(ctx context.Context, tx *sql.Tx, t *search.Tally) error {
	c := count{traits: map[uint32]int{}, days: map[int64]int{}}
	where, args := pl.every()
	if pl.match == "" {
		docs, err := list(ctx, tx, "d.n", pl.from+" WHERE "+where, args...)
		if err != nil {
			return err
		}
		slices.Sort(docs)
		if err := c.add(ctx, tx, docs); err != nil {
			return err
		}
		return c.tell(ctx, tx, t)
	}
	from := pl.from
	if from == "words" {
		from += " CROSS JOIN doc d ON d.n = words.rowid"
	}
	var met int
	var n int64
	err := each(ctx, tx, func(scan func(...any) error) error {
		var traits string
		var last int64
		if err := scan(&n, &traits, &last); err != nil {
			return err
		}
		met++
		t.Add(traits, 1)
		t.AddDay(dayOf(last), 1)
		return nil
	}, "SELECT d.n, t.traits, d.last_seen FROM "+from+" CROSS JOIN trait t ON t.n = d.trait WHERE "+where+" ORDER BY words.rowid LIMIT ?", append(args, few)...)
	if err != nil || met < few {
		return err
	}
	var last int64
	if err := tx.QueryRowContext(ctx, `SELECT max(n) FROM doc`).Scan(&last); err != nil {
		return err
	}
	if pl.bounded {
		last = min(last, pl.high)
	}
	for ; n < last; n += surveyed {
		where, args := pl.between(n+1, n+surveyed)
		docs, err := list(ctx, tx, "words.rowid", pl.from+" WHERE "+where, args...)
		if err != nil {
			return err
		}
		if err := c.add(ctx, tx, docs); err != nil {
			return err
		}
	}
	return c.tell(ctx, tx, t)
}

// Grouped gives the clusters whose ads match; see search.Surveyor.
func (x *Index) Grouped(ctx context.Context, q query.Node, p search.Page) (g search.Groups, err error) {
	if err := refusal(q, p); err != nil {
		return g, x.fail("search", err)
	}
	err = x.snapshot(ctx, func(tx *sql.Tx) error {
		e, err := expanded(ctx, tx, q)
		if err != nil {
			return err
		}
		pl, err := planned(ctx, tx, e, true)
		if err != nil {
			return err
		}
		groups, err := gathered(ctx, tx, pl)
		if err != nil {
			return err
		}
		g.Total = len(groups)
		groups = groups[min(p.Offset, len(groups)):min(p.Offset+p.Size, len(groups))]
		return x.shown(ctx, tx, q, groups, &g)
	})
	if err != nil {
		return search.Groups{}, err
	}
	return g, nil
}

// A gathering is a group before its document is read.
type gathering struct {
	cluster   int64 // 0 for none
	documents int
	n, last   int64 // of the newest
	id        id
}

func (a *gathering) newer(b *gathering) int {
	return cmp.Or(cmp.Compare(b.last, a.last), slices.Compare(a.id[:], b.id[:]))
}

// gathered makes groups of what matches, in order.
func gathered(ctx context.Context, tx *sql.Tx, pl plan) ([]*gathering, error) {
	where, args := pl.every()
	clusters, lone := map[int64]*gathering{}, map[int64]*gathering{}
	err := each(ctx, tx, func(scan func(...any) error) error {
		var cluster sql.NullInt64
		var k sql.RawBytes
		var of int64
		g := gathering{documents: 1}
		if err := scan(&cluster, &of, &g.n, &g.last, &k); err != nil {
			return err
		}
		g.id, g.cluster = id(k), cluster.Int64
		into, at := lone, of
		if cluster.Valid {
			into, at = clusters, cluster.Int64
		}
		have := into[at]
		if have == nil {
			into[at] = &g
			return nil
		}
		g.documents += have.documents
		if g.newer(have) < 0 {
			*have = g
		}
		have.documents = g.documents
		return nil
	}, "SELECT a.cluster, d.ad, d.n, d.last_seen, d.id FROM "+pl.from+" CROSS JOIN ad a ON a.n = d.ad WHERE "+where, args...)
	if err != nil {
		return nil, err
	}
	out := make([]*gathering, 0, len(clusters)+len(lone))
	for _, g := range clusters {
		out = append(out, g)
	}
	slices.SortFunc(out, func(a, b *gathering) int { return cmp.Or(b.documents-a.documents, a.newer(b)) })
	loners := out[len(out):]
	for _, g := range lone {
		loners = append(loners, g)
	}
	slices.SortFunc(loners, func(a, b *gathering) int { return a.newer(b) })
	return append(out, loners...), nil
}

// shown reads what is shown of groups.
func (x *Index) shown(ctx context.Context, tx *sql.Tx, q query.Node, groups []*gathering, g *search.Groups) error {
	g.Of = make([]search.Group, len(groups))
	at := make(map[int64]int, len(groups))
	keys := make([]any, len(groups))
	for i, gr := range groups {
		at[gr.n], keys[i] = i, gr.n
		g.Of[i].Documents = gr.documents
	}
	return documents(ctx, tx, func(n int64, d ad.Document) {
		of := &g.Of[at[n]]
		of.Cluster, of.Newest = d.Cluster, search.Hit{Doc: d, Spans: query.Spans(q, &d)}
	}, "d.n IN ("+marks(len(keys))+")", keys...)
}

// likeliest is how many documents Alike compares at most.
const likeliest = 2000

// Alike gives documents worded like one; see search.Surveyor. What shares the least
// share of runs of words with a text has some of those that are left when as many
// but one are taken away: the ones with the rarest words are asked for, so that few
// documents need to be compared.
func (x *Index) Alike(ctx context.Context, documentID string, n int) (out []search.Likeness, err error) {
	err = x.snapshot(ctx, func(tx *sql.Tx) error {
		var self ad.Document
		if err := documents(ctx, tx, func(_ int64, d ad.Document) { self = d }, "d.id = ?", key(documentID)); err != nil {
			return err
		}
		if self.ID == "" {
			return fmt.Errorf("document %s: %w", documentID, ad.ErrNotFound)
		}
		match := worded(&self.Ad)
		if match == "" || n <= 0 {
			return nil
		}
		candidates, err := numbers(ctx, tx, `SELECT words.rowid FROM words WHERE words MATCH ? ORDER BY rank LIMIT ?`, match, likeliest)
		if err != nil {
			return err
		}
		grams := search.Grams(&self.Ad)
		for part := range slices.Chunk(candidates, 256) {
			keys := make([]any, len(part))
			for i, c := range part {
				keys[i] = c
			}
			err := documents(ctx, tx, func(_ int64, d ad.Document) {
				if share := search.Share(grams, search.Grams(&d.Ad)); share >= search.LeastShare && d.Ad.AdID != self.Ad.AdID {
					out = append(out, search.Likeness{Doc: d, Share: share})
				}
			}, "d.n IN ("+marks(len(keys))+")", keys...)
			if err != nil {
				return err
			}
		}
		slices.SortFunc(out, func(a, b search.Likeness) int {
			return cmp.Or(cmp.Compare(b.Share, a.Share), b.Doc.LastSeen.Compare(a.Doc.LastSeen), strings.Compare(a.Doc.ID, b.Doc.ID))
		})
		out = out[:min(n, len(out))]
		return nil
	})
	return out, err
}

// worded says which documents may be worded like an ad.
func worded(a *ad.Ad) string {
	var parts []string
	for _, run := range search.Runs(a) {
		parts = append(parts, `"`+run+`"`)
	}
	return strings.Join(parts, " OR ")
}

// Terms gives the words of all texts that begin with prefix; see search.Surveyor.
func (x *Index) Terms(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		err := x.snapshot(ctx, func(tx *sql.Tx) error {
			for term, err := range terms(ctx, tx, prefix) {
				if err != nil {
					return err
				}
				if !yield(term, nil) {
					return errEnough
				}
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield("", err)
		}
	}
}

var errEnough = errors.New("enough was given")

func terms(ctx context.Context, db queryer, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		err := each(ctx, db, func(scan func(...any) error) error {
			var term string
			if err := scan(&term); err != nil {
				return err
			}
			if wordy(term) && !yield(term, nil) {
				return errEnough
			}
			return nil
		}, `SELECT term FROM vocabulary WHERE term >= ? AND term < ?`, prefix, prefix+"\U0010FFFF")
		if err != nil && !errors.Is(err, errEnough) {
			yield("", err)
		}
	}
}

// expanded puts the words of the index in place of what stands for several.
func expanded(ctx context.Context, db queryer, q query.Node) (query.Node, error) {
	e, err := query.Expand(q, func(prefix string) iter.Seq2[string, error] { return terms(ctx, db, prefix) })
	if err != nil {
		return nil, err
	}
	return kept(q, e), nil
}

// kept puts prefixes back where they stood: FTS5 merges the words that begin alike
// in a third of the time that it takes to try each of them.
func kept(asked, expanded query.Node) query.Node {
	all := func(asked, expanded []query.Node) []query.Node {
		out := make([]query.Node, len(asked))
		for i := range asked {
			out[i] = kept(asked[i], expanded[i])
		}
		return out
	}
	switch n := asked.(type) {
	case query.And:
		return query.And{Of: all(n.Of, expanded.(query.And).Of)}
	case query.Or:
		return query.Or{Of: all(n.Of, expanded.(query.Or).Of)}
	case query.Not:
		return query.Not{Of: kept(n.Of, expanded.(query.Not).Of)}
	case query.Prefix:
		return n
	}
	return expanded
}
