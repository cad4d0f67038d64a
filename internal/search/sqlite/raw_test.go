package sqlite_test

import (
	"database/sql"
	"encoding/json"
	"path/filepath"
	"testing"

	"vigil.example/internal/search"
	"vigil.example/internal/search/searchtest"
)

// BenchmarkRaw is what BenchmarkIndex/Apply is held against: the same ads put into
// one FTS5 table and one of JSON by a plain loop, in transactions of 1,000, as
// durably. It folds nothing, knows no history, no numbers and no clusters.
func BenchmarkRaw(b *testing.B) {
	searchtest.BenchApply(b, func(tb testing.TB, dir string) func([]search.Change) error {
		db, err := sql.Open("sqlite", filepath.Join(dir, "raw.db")+"?_pragma=page_size(8192)&_pragma=journal_mode(wal)&_pragma=synchronous(full)&_pragma=cache_size(-16000)")
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { _ = db.Close() })
		if _, err := db.Exec(`CREATE TABLE doc (n INTEGER PRIMARY KEY, id TEXT UNIQUE, seen INTEGER, data BLOB); CREATE INDEX seen ON doc (seen);
			CREATE VIRTUAL TABLE words USING fts5 (title, body, location, content = '')`); err != nil {
			tb.Fatal(err)
		}
		return func(batch []search.Change) error {
			tx, err := db.Begin()
			if err != nil {
				return err
			}
			defer func() { _ = tx.Rollback() }()
			doc, err := tx.Prepare(`INSERT INTO doc (id, seen, data) VALUES (?, ?, ?)`)
			if err != nil {
				return err
			}
			words, err := tx.Prepare(`INSERT INTO words (rowid, title, body, location) VALUES (?, ?, ?, ?)`)
			if err != nil {
				return err
			}
			for _, c := range batch {
				data, err := json.Marshal(c.Version)
				if err != nil {
					return err
				}
				r, err := doc.Exec(c.Version.VersionID, c.Version.SeenAt.UnixMicro(), data)
				if err != nil {
					return err
				}
				n, err := r.LastInsertId()
				if err != nil {
					return err
				}
				if _, err := words.Exec(n, c.Version.Title, c.Version.Body, c.Version.Location); err != nil {
					return err
				}
			}
			return tx.Commit()
		}
	})
}
