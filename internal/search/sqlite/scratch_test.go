//go:build scratch

package sqlite_test

import (
	"database/sql"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"vigil.example/internal/search/searchtest"
	"vigil.example/internal/search/sqlite"
)

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func TestScratch(t *testing.T) {
	path := os.Getenv("SCRATCH")
	if _, err := os.Stat(path); err != nil {
		x, err := sqlite.Open(t.Context(), path, sqlite.Options{})
		if err != nil {
			t.Fatal(err)
		}
		at := cpu()
		searchtest.Fill(t, x, 100_000)
		fmt.Println("filled", cpu()-at)
		_ = x.Close()
	}
	db, err := sql.Open("sqlite", path+"?mode=ro&_pragma=cache_size(-8000)")
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{
		`SELECT count(*) FROM words WHERE words MATCH '"w0"'`,
		`SELECT length(group_concat(rowid)) FROM words WHERE words MATCH '"w0"'`,
		`SELECT length(group_concat(rowid, '')) FROM words WHERE words MATCH '"w0"'`,
		`SELECT count(*) FROM words WHERE words MATCH '{title body location rest} : "w0"'`,
		`SELECT count(*) FROM words WHERE words MATCH '"w3 w5"'`,
		`SELECT count(*) FROM words WHERE words MATCH '"w3" AND "w5"'`,
		`SELECT count(*) FROM words WHERE words MATCH '"w12" *'`,
		`SELECT count(*) FROM words WHERE words MATCH '"w199" *'`,
		`SELECT count(*) FROM words WHERE words MATCH '"w0" OR "w3"'`,
		`SELECT count(*) FROM words CROSS JOIN doc d ON d.n=words.rowid WHERE words MATCH '"w0"' AND d.last_seen > 5`,
		`SELECT count(*), sum(length(v)) FROM words CROSS JOIN trait t ON t.n = words.rowid WHERE words MATCH '"w0"'`,
		`SELECT count(*) FROM doc`,
		`SELECT rowid FROM words WHERE words MATCH '"w0"' ORDER BY rowid DESC LIMIT 20`,
		`SELECT doc FROM vocabulary WHERE term = 'w0'`,
		"SELECT count(*) FROM words WHERE words MATCH '" + orOf() + "'",
		`SELECT count(*) FROM vocabulary WHERE term >= 'w199' AND term < 'w19a'`,
		`SELECT count(*) FROM vocabulary WHERE term >= 'w1' AND term < 'w2'`,
		`SELECT count(*) FROM vocabulary`,
		`SELECT length(group_concat(t.v,'-')) FROM words CROSS JOIN trait t ON t.n = words.rowid WHERE words MATCH '"w0"'`,
		`SELECT length(group_concat(words.rowid)) FROM words CROSS JOIN trait t ON t.n = words.rowid WHERE words MATCH '"w0"'`,
		`SELECT max(rank) FROM words WHERE words MATCH '"w0" OR "w3"' AND rowid > 90000`,
		`SELECT max(rank) FROM words WHERE words MATCH '"w3" AND "w5"'`,
	} {
		var n, a, b any
		best := time.Hour
		for range 4 {
			at := cpu()
			rows, err := db.Query(q)
			if err != nil {
				t.Fatal(err)
			}
			c, _ := rows.Columns()
			for rows.Next() {
				p := []any{&n, &a, &b}[:len(c)]
				if err := rows.Scan(p...); err != nil {
					t.Fatal(err)
				}
			}
			rows.Close()
			best = min(best, cpu()-at)
		}
		fmt.Printf("%8.2f ms  %v  %s\n", float64(best.Microseconds())/1000, n, q)
	}
}

func orOf() string {
	s := `"w199"`
	for i := range 10 {
		s += fmt.Sprintf(` OR "w199%d"`, i)
	}
	for i := range 100 {
		s += fmt.Sprintf(` OR "w199%02d"`, i)
	}
	return s
}
