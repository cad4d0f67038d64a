package sqlite_test

import (
	"database/sql"
	"encoding/json"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"vigil.example/internal/search"
	"vigil.example/internal/search/searchtest"
)

// BenchmarkRaw is what BenchmarkIndex/Apply is held against: the same ads put into
// one FTS5 table and one of JSON by a plain loop, in transactions of 1,000, as
// durably. It folds nothing, knows no history, no numbers and no clusters.
func BenchmarkRaw(b *testing.B) { searchtest.BenchApply(b, rawPut) }

// BenchmarkBeside fills both, a batch of one after the same batch of the other, so that
// what else the machine does falls on either alike: the ratio of processor time, and of
// the median batch by the wall, is what an index reaches of the raw rate.
func BenchmarkBeside(b *testing.B) {
	x := open(b, b.TempDir())
	b.Cleanup(func() { _ = x.Close() })
	puts := []func([]search.Change) error{rawPut(b, b.TempDir()), func(batch []search.Change) error {
		return x.Apply(b.Context(), "ads", batch[len(batch)-1].Seq, batch)
	}}
	var cpu [2]time.Duration
	var took [2][]time.Duration
	n := 0
	for batch := range searchtest.Batches(1000*b.N, 1000) {
		for k := range puts {
			k = (k + n) % len(puts) // neither is always the first
			runtime.GC()
			began, used := time.Now(), searchtest.ProcessTime()
			if err := puts[k](batch); err != nil {
				b.Fatal(err)
			}
			cpu[k] += searchtest.ProcessTime() - used
			took[k] = append(took[k], time.Since(began))
		}
		n++
	}
	for k, name := range []string{"raw", "index"} {
		slices.Sort(took[k])
		b.ReportMetric(float64(cpu[k].Microseconds())/1000/float64(1000*n), name+"-cpu-ms/ad")
	}
	b.ReportMetric(float64(cpu[0])/float64(cpu[1]), "of-raw-by-cpu")
	b.ReportMetric(float64(took[0][n/2])/float64(took[1][n/2]), "of-raw-by-wall")
}

// rawPut makes the raw tables and gives what puts a batch into them.
func rawPut(tb testing.TB, dir string) func([]search.Change) error {
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
}
