package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/search"
)

// Holdings says of many values what the index has of them, from one snapshot; see
// search.Holder. A value that is not there costs one look into the list of words.
func (x *Index) Holdings(ctx context.Context, values []ad.Value) ([]search.Holding, error) {
	out := make([]search.Holding, len(values))
	err := x.snapshot(ctx, func(tx *sql.Tx) (err error) {
		counts, err := tx.PrepareContext(ctx, `SELECT count(DISTINCT d.ad), count(*), min(d.first_seen), max(d.last_seen)
			FROM words CROSS JOIN doc d ON d.n = words.rowid WHERE words MATCH ?`)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, counts.Close()) }()
		clusters, err := tx.PrepareContext(ctx, `SELECT DISTINCT k.id FROM words CROSS JOIN doc d ON d.n = words.rowid
			JOIN ad a ON a.n = d.ad JOIN cluster k ON k.n = a.cluster WHERE words MATCH ? ORDER BY k.size DESC, k.id LIMIT ?`)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, clusters.Close()) }()
		for i, v := range values {
			h := &out[i]
			h.Value = v
			if v.Kind != "phone" { // as query.Exact gives it
				v.Value = strings.ToLower(v.Value)
			}
			match := `"` + exact(v) + `"`
			var first, last sql.NullInt64
			if err := counts.QueryRowContext(ctx, match).Scan(&h.Ads, &h.Documents, &first, &last); err != nil {
				return err
			}
			if h.Documents == 0 {
				continue
			}
			h.First, h.Last = time.UnixMicro(first.Int64).UTC(), time.UnixMicro(last.Int64).UTC()
			if h.Clusters, err = texts(ctx, clusters, match, search.MaxClusters); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// texts reads rows of one text.
func texts(ctx context.Context, s *sql.Stmt, args ...any) (out []string, err error) {
	rows, err := s.QueryContext(ctx, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, rows.Err()
}
