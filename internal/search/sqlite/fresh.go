package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"vigil.example/internal/search"
)

// This file puts in ads of which nothing is known, as most are in filling: their rows
// are known beforehand, so that many go into a table by one statement.

// together is how many rows go into a table by one statement.
const together = 32

// An insertion puts rows into a table.
type insertion struct {
	columns   int
	one, many *sql.Stmt // a row, and together rows
}

// insertions are those of new ads, by table.
type insertions struct{ ad, doc, sighting, content, post insertion }

// inserting prepares an insertion into the columns of a table. A row that is refused
// fails the statement alone, not what it has done: a statement that could be taken
// back has FTS5 write what it holds in memory, and every batch is undone anyway.
func (s *statements) inserting(ctx context.Context, db *sql.Conn, table string) (i insertion, err error) {
	_, columns, _ := strings.Cut(table, "(")
	i.columns = 1 + strings.Count(columns, ",")
	row := "(" + marks(i.columns) + ")"
	if i.one, err = s.prepare(ctx, db, "INSERT OR FAIL INTO "+table+" VALUES "+row); err != nil {
		return i, err
	}
	i.many, err = s.prepare(ctx, db, "INSERT OR FAIL INTO "+table+" VALUES "+row+strings.Repeat(", "+row, together-1))
	return i, err
}

// put puts in rows, given one behind the other, and returns the number of the last.
func (i *insertion) put(ctx context.Context, rows []any) (last int64, err error) {
	for len(rows) > 0 {
		st, n := i.one, i.columns
		if len(rows) >= together*i.columns {
			st, n = i.many, together*i.columns
		}
		r, err := st.ExecContext(ctx, rows[:n]...)
		if err != nil {
			return 0, err
		}
		if last, err = r.LastInsertId(); err != nil {
			return 0, err
		}
		rows = rows[n:]
	}
	return last, nil
}

// arrive puts in the ads of which nothing is known. ctx is asked between statements.
func (b *batch) arrive(ctx context.Context, changes []search.Change) error {
	whole := context.WithoutCancel(ctx)
	var adN, docN int64
	if err := b.tx.QueryRowContext(whole, `SELECT (SELECT ifnull(max(n), 0) FROM ad), (SELECT ifnull(max(n), 0) FROM doc)`).Scan(&adN, &docN); err != nil {
		return err
	}
	var ads, docs, sightings, contents, posts []any
	for run := range b.drafts {
		if err := ctx.Err(); err != nil {
			return err
		}
		ads, docs, sightings, contents, posts = ads[:0], docs[:0], sightings[:0], contents[:0], posts[:0]
		for i := range run {
			d := &run[i]
			c := changes[d.of]
			if !d.done {
				*d = newDraft(d.of, c)
			}
			if d.err != nil {
				return fmt.Errorf("change %d: %w", c.Seq, d.err)
			}
			n, doc := adN+1+int64(i), docN+1+int64(i)
			trait, err := b.trait(whole, d.traits)
			if err != nil {
				return err
			}
			ads = append(ads, d.ad, d.seen, d.seen, d.version, doc)
			docs = append(docs, d.doc, n, d.seen, d.version, d.seen, 1, d.posted, d.lead, trait)
			sightings = append(sightings, n, d.seen, d.version, doc, d.capture, int64(c.Seq))
			contents = append(contents, d.data)
			if d.post != nil {
				posts = append(append(posts, d.post.at, d.post.body, doc, n), d.post.rest...)
			}
			b.widen(doc, d.seen, d.seen, d.posted)
			if err := b.note(whole, doc, trait, d.seen); err != nil {
				return err
			}
		}
		for _, t := range []struct {
			into *insertion
			rows []any
			last int64 // its number; 0 where rows have none
		}{
			{&b.st.new.ad, ads, adN + int64(len(run))}, {&b.st.new.doc, docs, docN + int64(len(run))}, {&b.st.new.content, contents, docN + int64(len(run))},
			{&b.st.new.sighting, sightings, 0}, {&b.st.new.post, posts, 0},
		} {
			if last, err := t.into.put(whole, t.rows); err != nil {
				return err
			} else if t.last > 0 && last != t.last {
				return fmt.Errorf("%w: rows are numbered up to %d, not %d", search.ErrDamaged, last, t.last)
			}
		}
		for i := range run {
			if err := b.words(whole, b.st.wordsPut, docN+1+int64(i), run[i].row); err != nil {
				return err
			}
		}
		adN, docN = adN+int64(len(run)), docN+int64(len(run))
		b.ads, b.documents, b.sightings = b.ads+len(run), b.documents+len(run), b.sightings+len(run)
	}
	return nil
}
