package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/search"
)

// Position says how far a source was applied; see search.Index.
func (x *Index) Position(ctx context.Context, source string) (uint64, error) {
	var seq int64
	err := x.present()
	if err == nil {
		err = x.read.QueryRowContext(ctx, `SELECT seq FROM position WHERE source = ?`, source).Scan(&seq)
	}
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, x.fail("read", err)
	}
	return uint64(seq), nil
}

// ask starts a transaction that reads.
func (x *Index) ask(ctx context.Context) (*sql.Tx, error) {
	if err := x.present(); err != nil {
		return nil, err
	}
	return x.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
}

// snapshot runs f in one read transaction, so that its answers agree.
func (x *Index) snapshot(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := x.ask(ctx)
	if err != nil {
		return x.fail("read", err)
	}
	err = f(tx)
	if e := tx.Rollback(); err == nil {
		err = e
	}
	if err != nil && !errors.Is(err, ad.ErrNotFound) {
		return x.fail("read", err)
	}
	return err
}

// Versions returns the contents and the history of an ad; see search.Index.
func (x *Index) Versions(ctx context.Context, adID string) (docs []ad.Document, seen []search.Sighting, err error) {
	err = x.snapshot(ctx, func(tx *sql.Tx) (err error) {
		err = documents(ctx, tx, func(_ int64, d ad.Document) {
			docs = append(docs, d)
		}, "d.ad = (SELECT n FROM ad WHERE id = ?) ORDER BY d.first_seen, d.first_version", key(adID))
		if err != nil {
			return err
		}
		if len(docs) == 0 {
			return fmt.Errorf("ad %s: %w", adID, ad.ErrNotFound)
		}
		rows, err := tx.QueryContext(ctx, `SELECT s.version, d.id, s.capture, s.seq, s.seen_at FROM sighting s JOIN doc d ON d.n = s.doc
			WHERE s.ad = (SELECT n FROM ad WHERE id = ?) ORDER BY s.seen_at, s.version`, key(adID))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		for rows.Next() {
			var version, doc, capture any
			var seq, at int64
			if err := rows.Scan(&version, &doc, &capture, &seq, &at); err != nil {
				return err
			}
			seen = append(seen, search.Sighting{VersionID: idOf(version), DocumentID: idOf(doc), CaptureID: idOf(capture),
				Seq: uint64(seq), SeenAt: time.UnixMicro(at).UTC()})
		}
		return rows.Err()
	})
	if err != nil {
		return nil, nil, err
	}
	return docs, seen, nil
}

// clusters selects clusters AS k without their members.
const clusters = `SELECT k.id, k.size, (SELECT min(first_seen) FROM ad WHERE cluster = k.n), (SELECT max(last_seen) FROM ad WHERE cluster = k.n) FROM cluster k `

func scanCluster(scan func(...any) error) (c search.Cluster, err error) {
	var first, last sql.NullInt64
	if err := scan(&c.ID, &c.Size, &first, &last); err != nil {
		return c, err
	}
	c.FirstSeen, c.LastSeen = time.UnixMicro(first.Int64).UTC(), time.UnixMicro(last.Int64).UTC()
	return c, nil
}

// Cluster returns a cluster with members; see search.Index.
func (x *Index) Cluster(ctx context.Context, id string, limit int) (c search.Cluster, err error) {
	err = x.snapshot(ctx, func(tx *sql.Tx) (err error) {
		c, err = scanCluster(tx.QueryRowContext(ctx, clusters+`WHERE k.id = ? AND k.size > 0`, id).Scan)
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("cluster %s: %w", id, ad.ErrNotFound)
		}
		if err != nil {
			return err
		}
		err = documents(ctx, tx, func(_ int64, d ad.Document) {
			c.Members = append(c.Members, d)
		}, `a.cluster = (SELECT n FROM cluster WHERE id = ?) AND d.n = a.current ORDER BY a.last_seen DESC, a.id LIMIT ?`, id, max(limit, 0))
		if err != nil {
			return err
		}
		return each(ctx, tx, func(scan func(...any) error) error {
			var data []byte
			if err := scan(&data); err != nil || data == nil {
				return err
			}
			e, err := ad.Decode[ad.Edge](data)
			c.Edges = append(c.Edges, e)
			return err
		}, `SELECT joined FROM ad WHERE cluster = (SELECT n FROM cluster WHERE id = ?) AND current IS NOT NULL ORDER BY last_seen DESC, id LIMIT ?`, id, max(limit, 0))
	})
	return c, err
}

// ClusterOf returns the cluster that an ad is in; see search.Index.
func (x *Index) ClusterOf(ctx context.Context, adID string) (string, error) {
	var id string
	err := x.present()
	if err == nil {
		err = x.read.QueryRowContext(ctx, `SELECT k.id FROM ad a JOIN cluster k ON k.n = a.cluster WHERE a.id = ?`, key(adID)).Scan(&id)
	}
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", x.fail("read", err)
	}
	return id, nil
}

// TopClusters returns the largest clusters; see search.Index.
func (x *Index) TopClusters(ctx context.Context, n int) (out []search.Cluster, err error) {
	err = x.snapshot(ctx, func(tx *sql.Tx) (err error) {
		rows, err := tx.QueryContext(ctx, clusters+`WHERE k.size > 1 ORDER BY k.size DESC, k.id LIMIT ?`, max(n, 0))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		for rows.Next() {
			c, err := scanCluster(rows.Scan)
			if err != nil {
				return err
			}
			out = append(out, c)
		}
		return rows.Err()
	})
	return out, err
}

// ByValue returns the ads that carry a value; see search.Index.
func (x *Index) ByValue(ctx context.Context, v ad.Value, limit int) (out []string, err error) {
	if v.Kind != "phone" { // as query.Exact gives it
		v.Value = strings.ToLower(v.Value)
	}
	err = x.snapshot(ctx, func(tx *sql.Tx) (err error) {
		rows, err := tx.QueryContext(ctx, `SELECT DISTINCT a.id FROM words JOIN doc d ON d.n = words.rowid JOIN ad a ON a.n = d.ad
			WHERE words MATCH ? ORDER BY a.id LIMIT ?`, `"`+exact(v)+`"`, max(limit, 0))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		for rows.Next() {
			var id any
			if err := rows.Scan(&id); err != nil {
				return err
			}
			out = append(out, idOf(id))
		}
		return rows.Err()
	})
	return out, err
}

// hubs selects hubs.
const hubs = `SELECT kind, value, carriers, owners, held FROM hub `

// Hub returns what is known of a value as a hub; see search.Index.
func (x *Index) Hub(ctx context.Context, v ad.Value) (h ad.Hub, err error) {
	if err = x.present(); err == nil {
		err = x.read.QueryRowContext(ctx, hubs+`WHERE kind = ? AND value = ?`, v.Kind, v.Value).Scan(&h.Kind, &h.Value.Value, &h.Carriers, &h.Owners, &h.Held)
	}
	if errors.Is(err, sql.ErrNoRows) {
		return h, fmt.Errorf("hub: %w", ad.ErrNotFound)
	}
	if err != nil {
		return h, x.fail("read", err)
	}
	return h, nil
}

// Hubs returns the values held back; see search.Index.
func (x *Index) Hubs(ctx context.Context) (out []ad.Hub, err error) {
	err = x.snapshot(ctx, func(tx *sql.Tx) (err error) {
		rows, err := tx.QueryContext(ctx, hubs+`WHERE held ORDER BY carriers DESC, kind, value`)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		for rows.Next() {
			var h ad.Hub
			if err := rows.Scan(&h.Kind, &h.Value.Value, &h.Carriers, &h.Owners, &h.Held); err != nil {
				return err
			}
			out = append(out, h)
		}
		return rows.Err()
	})
	return out, err
}

// Stats counts; see search.Index.
func (x *Index) Stats(ctx context.Context) (s search.Stats, err error) {
	s.Positions = map[string]uint64{}
	err = x.snapshot(ctx, func(tx *sql.Tx) (err error) {
		err = tx.QueryRowContext(ctx, `SELECT ads, documents, sightings, (SELECT count(*) FROM ad WHERE removed_at IS NOT NULL AND current IS NOT NULL),
			(SELECT count(*) FROM cluster WHERE size > 1) FROM tally`).Scan(&s.Ads, &s.Documents, &s.Sightings, &s.Removed, &s.Clusters)
		if err != nil {
			return err
		}
		rows, err := tx.QueryContext(ctx, `SELECT source, seq FROM position`)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		for rows.Next() {
			var source string
			var seq int64
			if err := rows.Scan(&source, &seq); err != nil {
				return err
			}
			s.Positions[source] = uint64(seq)
		}
		return rows.Err()
	})
	if err != nil {
		return search.Stats{}, err
	}
	for _, suffix := range []string{"", "-wal"} {
		if f, err := os.Stat(x.path + suffix); err == nil {
			s.Bytes += f.Size()
		}
	}
	return s, nil
}

func (b *batch) link(ctx context.Context, seq uint64, c *ad.LinkChange) error {
	for _, m := range c.Moves {
		if err := b.move(ctx, int64(seq), m); err != nil {
			return err
		}
	}
	for _, h := range c.Hubs {
		if _, err := b.exec(ctx, b.st.hub, h.Kind, h.Value.Value, h.Carriers, h.Owners, h.Held, int64(seq)); err != nil {
			return err
		}
	}
	return nil
}

// move puts an ad into a cluster, unless a later change has moved it already.
func (b *batch) move(ctx context.Context, seq int64, m ad.Move) error {
	a, err := b.ad(ctx, m.AdID)
	if err != nil || seq < a.clusterSeq {
		return err
	}
	to, err := b.cluster(ctx, m.Cluster)
	if err != nil {
		return err
	}
	if a.current.Valid && to != a.cluster {
		if a.cluster.Valid {
			if _, err := b.exec(ctx, b.st.clusterSize, -1, a.cluster); err != nil {
				return err
			}
		}
		if to.Valid {
			if _, err := b.exec(ctx, b.st.clusterSize, 1, to); err != nil {
				return err
			}
		}
	}
	var joined []byte
	if m.By != nil && m.Cluster != "" {
		if joined, err = json.Marshal(m.By); err != nil {
			return err
		}
	}
	_, err = b.exec(ctx, b.st.adMove, to, seq, joined, a.n)
	return err
}

// cluster returns the row of a cluster; "" is none.
func (b *batch) cluster(ctx context.Context, id string) (n sql.NullInt64, err error) {
	if id == "" {
		return n, nil
	}
	n.Valid = true
	err = b.row(ctx, b.st.clusterGet, id).Scan(&n.Int64)
	if !errors.Is(err, sql.ErrNoRows) {
		return n, err
	}
	r, err := b.exec(ctx, b.st.clusterNew, id)
	if err != nil {
		return n, err
	}
	n.Int64, err = r.LastInsertId()
	return n, err
}
