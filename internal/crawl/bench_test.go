//go:build unix

package crawl_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/crawl"
	"vigil.example/internal/site"
)

// cpu is the processor time this process has used.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkFetch compares a fetch with all guards and recording to a plain
// net/http loop that reads the body. The server runs in the same process; socket
// is a client that only writes and reads bytes, so that what it costs is the
// server's part and the system's.
func BenchmarkFetch(b *testing.B) {
	page := strings.Repeat("<p>A room to let, quiet street, near the station.</p>\n", 28<<10/54)
	answer := fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %d\r\n\r\n%s", len(page), page)
	p := serve(b, func(_ int, w io.Writer) bool {
		_, err := w.Write(answer)
		return err == nil
	})
	base := "http://" + p.addr
	run := func(name string, one func(*testing.B, int)) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(page)))
			b.ReportAllocs()
			before := cpu(b)
			for i := 0; b.Loop(); i++ {
				one(b, i)
			}
			b.ReportMetric(float64(cpu(b)-before)/float64(b.N)/1e3, "cpu-µs/page")
			p.mu.Lock()
			p.heard = nil
			p.mu.Unlock()
		})
	}
	c, err := net.Dial("tcp", p.addr)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	room := make([]byte, len(answer))
	run("socket", func(b *testing.B, i int) {
		if _, err := fmt.Fprintf(c, "GET /ad/%d HTTP/1.1\r\nHost: x\r\n\r\n", i); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(c, room); err != nil {
			b.Fatal(err)
		}
	})
	plain := &http.Client{Transport: &http.Transport{DisableCompression: true}}
	defer plain.CloseIdleConnections()
	run("nethttp", func(b *testing.B, i int) {
		r, err := plain.Get(fmt.Sprintf("%s/ad/%d", base, i))
		if err != nil {
			b.Fatal(err)
		}
		defer r.Body.Close()
		if _, err := io.ReadAll(r.Body); err != nil {
			b.Fatal(err)
		}
	})
	d := town(b, base)
	d.Polite.Delay = 0
	f := fetcher(b, d)
	run("vigil", func(b *testing.B, i int) {
		if _, err := f.Fetch(context.Background(), entry(fmt.Sprintf("%s/ad/%d", base, i))); err != nil {
			b.Fatal(err)
		}
	})
}

// BenchmarkKnown reports the bytes that remembering one address takes.
func BenchmarkKnown(b *testing.B) {
	for _, n := range []int{100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				f := crawl.NewFrontier(site.NewSet(), nil, nil)
				before := heapInUse()
				for i := range n {
					f.Remember(crawl.Entry{URL: fmt.Sprint("http://board.example/ad/", i)})
				}
				b.ReportMetric(float64(heapInUse()-before)/float64(f.Len()), "B/url")
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/url")
		})
	}
}

func heapInUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkDecide is the cost of judging the links of a list page.
func BenchmarkDecide(b *testing.B) {
	d := town(b, "http://board.example")
	f := crawl.NewFrontier(site.NewSet(d), nil, nil)
	var links []ad.Outlink
	for i := range 50 {
		links = append(links, ad.Outlink{URL: fmt.Sprintf("http://board.example/ad/%d?ref=list", i), Kind: ad.LinkDetail})
	}
	for b.Loop() {
		if o := f.Decide(crawl.Parent{Site: "town"}, links); len(o.Entries) != len(links) {
			b.Fatal(o)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(links)), "ns/link")
}
