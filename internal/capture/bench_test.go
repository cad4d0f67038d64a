package capture

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// typical is a page of about 28 kB, the median of what was fetched when levels
// were compared: much markup, some words, few repetitions word by word.
func typical() string {
	r := rand.New(rand.NewPCG(1, 2))
	words := strings.Fields("piano upright delivery downtown evening garden bicycle winter repair quiet honest window market corner call text today price asking pickup")
	var b strings.Builder
	b.WriteString("<!doctype html><html><head><title>Ad</title></head><body>")
	for b.Len() < 28_000 {
		fmt.Fprintf(&b, `<div class="row item-%d"><a href="/ad/%d">`, r.IntN(50), r.IntN(1e6))
		for range 12 {
			b.WriteString(words[r.IntN(len(words))] + " ")
		}
		b.WriteString("</a></div>\n")
	}
	return b.String()
}

func BenchmarkRecord(b *testing.B) {
	for name, x := range map[string]Exchange{
		"plain": exchange(response(typical(), "Content-Type: text/html")),
		"gzip":  exchange(response(gzipped(b, typical()), "Content-Type: text/html", "Content-Encoding: gzip")),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(x.Response)))
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				_, r, err := Record(x)
				if err != nil {
					b.Fatal(err)
				}
				n = len(r)
			}
			b.ReportMetric(float64(n), "stored-bytes")
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	x := exchange(response(typical(), "Content-Type: text/html"))
	_, r, err := Record(x)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(x.Response)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Open(r); err != nil {
			b.Fatal(err)
		}
	}
}

// items is a range of n captures, as the archiver packs them.
func items(b *testing.B, n int) []Item {
	b.Helper()
	out := make([]Item, n)
	for i := range out {
		x := exchange(response(typical(), "Content-Type: text/html", fmt.Sprintf("X-N: %d", i)))
		x.URL, x.FetchedAt = fmt.Sprintf("http://ads.example.test/ad/%d", i), noon.Add(time.Duration(i)*time.Second)
		c, r, err := Record(x)
		if err != nil {
			b.Fatal(err)
		}
		out[i] = Item{Capture: c, Seq: uint64(i + 1), Records: r}
	}
	return out
}

func BenchmarkSeal(b *testing.B) {
	all := items(b, 1000)
	size := int64(0)
	for _, i := range all {
		size += int64(len(i.Records))
	}
	b.SetBytes(size)
	for b.Loop() {
		bucket, dir := folder(b)
		if _, err := NewArchive(bucket, Options{Sync: FolderSync(dir)}).Seal(context.Background(), 1, 1000, each(all...)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(all)*b.N)/b.Elapsed().Seconds(), "captures/s")
}

// cabinet is an archive of a number of sealed files with the same captures each.
func cabinet(b *testing.B, files, captures int) (*Archive, []Item) {
	b.Helper()
	bucket, _ := folder(b)
	a := NewArchive(bucket, Options{})
	all := items(b, captures)
	for i := range files {
		from := uint64(i*captures + 1)
		if _, err := a.Seal(b.Context(), from, from+uint64(captures)-1, func(yield func(Item, error) bool) {
			for _, it := range all {
				it.Seq += from - 1
				if !yield(it, nil) {
					return
				}
			}
		}); err != nil {
			b.Fatal(err)
		}
	}
	return a, all
}

func BenchmarkArchiveRead(b *testing.B) {
	for name, size := range map[string]struct {
		files, captures int
		cold            bool
	}{"1 file": {1, 5000, false}, "1 file, index not in memory": {1, 5000, true}, "1000 files": {1000, 5, false}} {
		b.Run(name, func(b *testing.B) {
			a, all := cabinet(b, size.files, size.captures)
			r := rand.New(rand.NewPCG(1, 2))
			var took []time.Duration
			for b.Loop() {
				i := r.IntN(size.files * size.captures)
				if size.cold {
					a.places.drop(a.known[0].Index)
				}
				start := time.Now()
				if _, err := a.Read(b.Context(), all[i%size.captures].Capture.ID, uint64(i+1)); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(start))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
		})
	}
}

func BenchmarkArchiveEach(b *testing.B) {
	a, _ := cabinet(b, 1, 5000)
	s, err := a.Verify(b.Context(), a.known[0])
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(s.Size)
	for b.Loop() {
		n := 0
		for _, err := range a.Each(b.Context(), s) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != s.Captures {
			b.Fatalf("%d captures", n)
		}
	}
	b.ReportMetric(float64(s.Captures*b.N)/b.Elapsed().Seconds(), "captures/s")
}

// Erase looks at every index and writes one file of 5,000 captures anew.
func BenchmarkErase(b *testing.B) {
	a, all := cabinet(b, 20, 5000)
	i := 0
	for b.Loop() {
		it := all[i%len(all)]
		i++
		if _, err := a.Erase(b.Context(), []string{it.Capture.ID}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(20*b.N)/b.Elapsed().Seconds(), "files/s")
}

func BenchmarkEraseNobody(b *testing.B) {
	a, _ := cabinet(b, 20, 5000)
	for b.Loop() {
		if _, err := a.Erase(b.Context(), []string{"nobody's"}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(20*b.N)/b.Elapsed().Seconds(), "indexes/s")
}
