package crawl_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"vigil.example/internal/ad"
	"vigil.example/internal/crawl"
	"vigil.example/internal/site"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const agent = "Vigil/0.0 (+https://vigil.example/crawler)"

// A peer is a server that says exactly what a test tells it to say, and keeps
// what it heard. It answers robots.txt with 404 by itself.
type peer struct {
	addr string

	mu    sync.Mutex
	conns int
	heard []string // requests other than for robots.txt
}

// serve starts a peer. The script gets the number of the page request, from 0,
// and writes the answer; when it returns false the connection is closed.
func serve(t testing.TB, script func(n int, w io.Writer) bool) *peer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{addr: l.Addr().String()}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			p.mu.Lock()
			p.conns++
			p.mu.Unlock()
			wg.Go(func() { p.talk(c, script) })
		}
	})
	t.Cleanup(func() { _ = l.Close(); wg.Wait() })
	return p
}

func (p *peer) talk(c net.Conn, script func(int, io.Writer) bool) {
	defer c.Close()
	var buf []byte
	room := make([]byte, 4096)
	for {
		n, err := c.Read(room)
		if err != nil {
			return
		}
		buf = append(buf, room[:n]...)
		if !bytes.HasSuffix(buf, []byte("\r\n\r\n")) {
			continue
		}
		req := string(buf)
		buf = nil
		if strings.HasPrefix(req, "GET /robots.txt ") {
			if _, err := io.WriteString(c, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"); err != nil {
				return
			}
			continue
		}
		p.mu.Lock()
		p.heard = append(p.heard, req)
		n = len(p.heard) - 1
		p.mu.Unlock()
		if !script(n, c) {
			return
		}
	}
}

func (p *peer) seen() ([]string, int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.heard...), p.conns
}

// say is a script of one answer after which the connection stays open.
func say(answer string) func(int, io.Writer) bool {
	return func(_ int, w io.Writer) bool {
		_, err := io.WriteString(w, answer)
		return err == nil
	}
}

// sayAndClose closes the connection after the answer.
func sayAndClose(answer string) func(int, io.Writer) bool {
	return func(_ int, w io.Writer) bool {
		_, _ = io.WriteString(w, answer)
		return false
	}
}

// town is a site on one host, fetched as fast as a definition may say.
func town(t testing.TB, base string, change ...func(*site.Definition)) *site.Definition {
	t.Helper()
	d := &site.Definition{Name: "town", Seeds: []string{base + "/"}}
	d.Polite = site.Polite{Delay: time.Millisecond, Parallel: 8, Timeout: 5 * time.Second}
	for _, c := range change {
		c(d)
	}
	if err := d.Validate(); err != nil {
		t.Fatal(err)
	}
	return d
}

// fetcher is one that may dial loopback.
func fetcher(t testing.TB, d *site.Definition, change ...func(*crawl.Config)) *crawl.Fetcher {
	t.Helper()
	cfg := crawl.Config{UserAgent: agent, AllowPrivate: true}
	for _, c := range change {
		c(&cfg)
	}
	f, err := crawl.New(cfg, site.NewSet(d), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func entry(raw string) crawl.Entry {
	return crawl.Entry{V: ad.Schema, URL: raw, Site: "town", Kind: ad.LinkDetail}
}

func reason(err error) crawl.Reason {
	if r, ok := errors.AsType[*crawl.Refusal](err); ok {
		return r.Reason
	}
	return ""
}

// handle serves over the standard library, for answers whose bytes do not matter.
func handle(t testing.TB, h http.HandlerFunc) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close(); <-done })
	return "http://" + l.Addr().String()
}

func get(t testing.TB, f *crawl.Fetcher, raw string) crawl.Fetched {
	t.Helper()
	got, err := f.Fetch(context.Background(), entry(raw))
	if err != nil {
		t.Fatalf("fetch %s: %v", raw, err)
	}
	return got
}
