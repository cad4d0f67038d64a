package capture

import (
	"context"
	"fmt"
	"math/rand/v2"
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

func BenchmarkArchiveRead(b *testing.B) {
	all := items(b, 5000)
	bucket, dir := folder(b)
	a := NewArchive(bucket, Options{Sync: FolderSync(dir)})
	if _, err := a.Seal(context.Background(), 1, 5000, each(all...)); err != nil {
		b.Fatal(err)
	}
	for i := 0; b.Loop(); i++ {
		it := all[i*7%len(all)]
		if _, err := a.Read(context.Background(), it.Capture.ID, it.Seq); err != nil {
			b.Fatal(err)
		}
	}
}
