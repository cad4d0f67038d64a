package extract_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/extract"
)

// BenchmarkExtract reads every page of a set in turn.
func BenchmarkExtract(b *testing.B) {
	dir := pagesDir(b)
	if dir == "" {
		dir = "testdata/pages"
	}
	var bodies [][]byte
	var size int64
	for _, p := range labelledPages(b, dir) {
		body, err := os.ReadFile(filepath.Join(dir, p.File))
		if err != nil {
			b.Fatal(err)
		}
		bodies = append(bodies, body)
		size += int64(len(body))
	}
	x := extract.New(nil)
	c := ad.Capture{ID: "bench", URL: "https://board.example/ad/1", FetchedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	b.SetBytes(size / int64(len(bodies)))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := x.Extract(c, extract.Page{Status: 200, Body: bodies[i%len(bodies)]}); err != nil {
			b.Fatal(err)
		}
	}
}
