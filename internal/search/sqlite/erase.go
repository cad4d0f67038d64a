package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"vigil.example/internal/ad"
	"vigil.example/internal/search"
)

// Erase takes out ads and what is known of values; see search.Index. SQLite
// overwrites with zeros what it deletes, FTS5 takes the tokens out of its segments
// at once, and the log is emptied into the file: before that, older pages stand in it.
func (x *Index) Erase(ctx context.Context, adIDs []string, values []ad.Value) (sightings int, err error) {
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
	_, err := b.exec(whole, b.st.tally, b.ads, b.documents, b.sightings)
	return err
}

func (b *batch) eraseAd(ctx context.Context, id string) error {
	var a adRow
	err := b.row(ctx, b.st.adGet, key(id)).Scan(&a.n, &a.cluster, &a.clusterSeq, &a.first, &a.last, &a.version, &a.current, &a.removed)
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
		var v ad.Ad
		if err := b.row(ctx, b.st.contentGet, n).Scan(&data); err != nil {
			return err
		}
		if err := json.Unmarshal(data, &v); err != nil {
			return fmt.Errorf("%w: its content cannot be read", search.ErrDamaged)
		}
		if err := b.words(ctx, b.st.wordsDrop, n, newRow(&v)); err != nil {
			return err
		}
		if _, err := b.tx.ExecContext(ctx, `DELETE FROM content WHERE n = ?`, n); err != nil {
			return err
		}
	}
	b.documents -= len(docs)
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
	return b.leave(ctx, a)
}

// leave takes an erased ad out of its cluster, which goes with its last ad.
func (b *batch) leave(ctx context.Context, a adRow) error {
	if !a.cluster.Valid {
		return nil
	}
	if a.current.Valid {
		if _, err := b.exec(ctx, b.st.clusterSize, -1, a.cluster); err != nil {
			return err
		}
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
