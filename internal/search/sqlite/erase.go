package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"vigil.example/internal/ad"
	"vigil.example/internal/search"
)

// Erase takes out ads and what is known of values; see search.Index. SQLite
// overwrites with zeros what it deletes, FTS5 takes the tokens out of its segments
// at once, and the log is emptied into the file: before that, older pages stand in it.
func (x *Index) Erase(ctx context.Context, adIDs []string, values []ad.Value) (sightings int, err error) {
	x.writing.Lock()
	defer x.writing.Unlock()
	tx, err := x.begin(ctx)
	if err != nil {
		return 0, x.fail("erase from", err)
	}
	b := &batch{tx: tx, st: x.st}
	err = b.erase(ctx, adIDs, values)
	if err != nil {
		return 0, x.fail("erase from", errors.Join(err, tx.Rollback()))
	}
	if err := tx.Commit(); err != nil {
		return 0, x.fail("erase from", err)
	}
	if err := x.scrub(ctx); err != nil {
		return 0, x.fail("erase from", err)
	}
	if err := x.emptyLog(ctx); err != nil {
		return 0, x.fail("erase from", err)
	}
	return -b.sightings, nil
}

func (b *batch) erase(ctx context.Context, adIDs []string, values []ad.Value) error {
	whole := context.WithoutCancel(ctx)
	for _, id := range adIDs {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := b.eraseAd(whole, id); err != nil {
			return fmt.Errorf("ad %s: %w", id, err)
		}
	}
	for _, v := range values {
		if _, err := b.tx.ExecContext(whole, `DELETE FROM hub WHERE kind = ? AND value = ?`, v.Kind, v.Value); err != nil {
			return err
		}
	}
	if err := b.unposted(whole, b.gone); err != nil {
		return err
	}
	if err := b.rebound(whole, b.gone); err != nil {
		return err
	}
	if err := b.bound(whole); err != nil {
		return err
	}
	if err := b.forget(whole); err != nil {
		return err
	}
	if _, err := b.exec(whole, b.st.tally, b.ads, b.documents, b.sightings); err != nil {
		return err
	}
	return b.parting(whole)
}

func (b *batch) eraseAd(ctx context.Context, id string) error {
	a, err := b.known(ctx, id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	docs, err := numbers(ctx, b.tx, `SELECT n FROM doc WHERE ad = ? ORDER BY n`, a.n)
	if err != nil {
		return err
	}
	for _, n := range docs {
		var data []byte
		if err := b.row(ctx, b.st.contentGet, n).Scan(&data); err != nil {
			return err
		}
		v, err := ad.Decode[ad.Ad](data)
		if err != nil {
			return fmt.Errorf("%w: its content cannot be read", search.ErrDamaged)
		}
		r := newRow(&v)
		if err := b.words(ctx, b.st.wordsDrop, n, r); err != nil {
			return err
		}
		b.terms = append(b.terms, strings.Fields(r.title+" "+r.body+" "+r.location+" "+r.rest+" "+r.exact)...)
		if _, err := b.tx.ExecContext(ctx, `DELETE FROM content WHERE n = ?`, n); err != nil {
			return err
		}
	}
	if err := b.unlabel(ctx, a); err != nil {
		return err
	}
	b.documents -= len(docs)
	b.gone = append(b.gone, docs...)
	if a.current.Valid {
		b.ads--
	}
	r, err := b.tx.ExecContext(ctx, `DELETE FROM sighting WHERE ad = ?`, a.n)
	if err != nil {
		return err
	}
	seen, err := r.RowsAffected()
	if err != nil {
		return err
	}
	b.sightings -= int(seen)
	for _, q := range []string{`DELETE FROM doc WHERE ad = ?`, `DELETE FROM removal WHERE ad = ?`, `DELETE FROM ad WHERE n = ?`} {
		if _, err := b.tx.ExecContext(ctx, q, a.n); err != nil {
			return err
		}
	}
	return b.leave(ctx, a, id)
}

// leave takes an erased ad out of its cluster, which goes with its last ad.
func (b *batch) leave(ctx context.Context, a adRow, id string) error {
	if !a.cluster.Valid {
		return nil
	}
	if a.current.Valid {
		if _, err := b.exec(ctx, b.st.clusterSize, -1, a.cluster); err != nil {
			return err
		}
	}
	// What joined others to it names it.
	if _, err := b.tx.ExecContext(ctx, `UPDATE ad SET joined = NULL WHERE cluster = ? AND instr(joined, ?) > 0`, a.cluster, []byte(id)); err != nil {
		return err
	}
	_, err := b.tx.ExecContext(ctx, `DELETE FROM cluster WHERE n = ? AND NOT EXISTS (SELECT 1 FROM ad WHERE cluster = ?)`, a.cluster, a.cluster)
	return err
}

// emptyLog writes the log into the file and cuts it to nothing. A reader that has
// been answering since before holds it up.
func (x *Index) emptyLog(ctx context.Context) error {
	var busy, pages, done int
	if err := x.write.QueryRowContext(ctx, `PRAGMA wal_checkpoint(truncate)`).Scan(&busy, &pages, &done); err != nil {
		return err
	}
	if busy != 0 {
		return errors.New("the log could not be emptied while others read or write; erase again")
	}
	return nil
}

// parting takes erased terms out of the terms that part the pages of FTS5's
// segments. Those are the beginnings of what stood first on a page, and FTS5
// leaves them be when that is deleted. What stands first now parts as well. The
// format is described at the top of fts5_index.c.
func (b *batch) parting(ctx context.Context) error {
	if len(b.terms) == 0 {
		return nil
	}
	slices.Sort(b.terms)
	// What was deleted is in memory until now.
	if _, err := b.tx.ExecContext(ctx, `INSERT INTO words (words) VALUES ('flush')`); err != nil {
		return err
	}
	rows, err := b.tx.QueryContext(ctx, `SELECT segid, term, pgno >> 1 FROM words_idx`)
	if err != nil {
		return err
	}
	type part struct {
		segment, page int64
		term          string
	}
	var parts []part
	for rows.Next() {
		var p part
		if err := rows.Scan(&p.segment, &p.term, &p.page); err != nil {
			return errors.Join(err, rows.Close())
		}
		// Every term begins with a 0 of FTS5's own.
		i, _ := slices.BinarySearch(b.terms, strings.TrimPrefix(p.term, "0"))
		if len(p.term) > 1 && i < len(b.terms) && strings.HasPrefix("0"+b.terms[i], p.term) {
			parts = append(parts, p)
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, p := range parts {
		var leaf []byte
		err := b.tx.QueryRowContext(ctx, `SELECT block FROM words_data WHERE id = ?`, p.segment<<37+p.page).Scan(&leaf)
		if errors.Is(err, sql.ErrNoRows) { // a merge under way has moved it on
			_, err = b.tx.ExecContext(ctx, `DELETE FROM words_idx WHERE segid = ? AND term = ?`, p.segment, []byte(p.term))
			if err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		first, err := firstTerm(leaf)
		if err != nil {
			return err
		}
		if strings.HasPrefix(first, p.term) {
			continue
		}
		if _, err := b.tx.ExecContext(ctx, `UPDATE words_idx SET term = ? WHERE segid = ? AND term = ?`, []byte(first), p.segment, []byte(p.term)); err != nil {
			return err
		}
	}
	return nil
}

// firstTerm reads the first term on a leaf of FTS5: the footer, where the second
// number of the page points, begins with its place; its length stands before it.
func firstTerm(leaf []byte) (string, error) {
	at := len(leaf)
	if len(leaf) >= 4 {
		at = int(leaf[2])<<8 | int(leaf[3])
	}
	varint := func(i int) (v, next int) {
		for ; i < len(leaf); i++ {
			if v = v<<7 | int(leaf[i]&0x7f); leaf[i] < 0x80 {
				return v, i + 1
			}
		}
		return 0, len(leaf)
	}
	place, _ := varint(at)
	n, from := varint(place)
	if place < 4 || n == 0 || from+n > at {
		return "", fmt.Errorf("%w: a page of words has no first word", search.ErrDamaged)
	}
	return string(leaf[from : from+n]), nil
}

// scrubbed is how many pages one transaction scrubs, so that others may write in
// between.
const scrubbed = 2000

// scrub overwrites what lies between the cells of b-tree pages. SQLite zeroes what
// it deletes, but where it has spread cells over neighbouring pages, copies stay
// behind on the page that they left.
func (x *Index) scrub(ctx context.Context) error {
	for from, more := int64(1), true; more; from += scrubbed {
		tx, err := x.begin(ctx)
		if err != nil {
			return err
		}
		if more, err = scrub(ctx, tx, from); err != nil {
			return errors.Join(err, tx.Rollback())
		}
		if err := tx.Commit(); err != nil {
			return err
		}
	}
	return nil
}

// scrub goes through pages from a number on, and says whether there are more.
func scrub(ctx context.Context, tx *sql.Tx, from int64) (more bool, err error) {
	rows, err := tx.QueryContext(ctx, `WITH RECURSIVE at (n) AS (SELECT ? UNION ALL SELECT n + 1 FROM at WHERE n < ?)
		SELECT p.pgno, p.data FROM at CROSS JOIN sqlite_dbpage p ON p.pgno = at.n`, from, from+scrubbed-1)
	if err != nil {
		return false, err
	}
	pages := map[int64][]byte{}
	for rows.Next() {
		var n int64
		var page sql.RawBytes
		if err := rows.Scan(&n, &page); err != nil {
			return false, errors.Join(err, rows.Close())
		}
		if i, j := gap(page, n); i < j && bytes.Count(page[i:j], []byte{0}) < j-i {
			pages[n] = bytes.Clone(page)
			clear(pages[n][i:j])
		}
		more = n == from+scrubbed-1
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return false, err
	}
	for n, page := range pages {
		if _, err := tx.ExecContext(ctx, `UPDATE sqlite_dbpage SET data = ? WHERE pgno = ?`, page, n); err != nil {
			return false, err
		}
	}
	return more, nil
}

// gap is the unallocated space of a page, between the list of its cells and the
// cells (https://sqlite.org/fileformat2.html, section 1.6); none when it is no page
// of a b-tree: such a page begins with the number of another, so with 0 in a file
// of less than 64 GB.
func gap(page []byte, n int64) (from, to int) {
	header := 0
	if n == 1 { // the header of the file stands before it
		header = 100
	}
	switch page[header] {
	case 2, 5:
		from = 12
	case 10, 13:
		from = 8
	default:
		return 0, 0
	}
	from += header + 2*int(binary.BigEndian.Uint16(page[header+3:]))
	return from, min(int(binary.BigEndian.Uint16(page[header+5:])), len(page))
}
