package crawl_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"vigil.example/internal/ad"
	"vigil.example/internal/capture"
	"vigil.example/internal/crawl"
	"vigil.example/internal/site"
)

func TestExactBytes(t *testing.T) {
	answer := "HTTP/1.1 200 Fine\r\ncontent-TYPE: text/html\r\nX-Odd:   spaces  \r\nContent-Length: 12\r\n\r\n<p>room</p>\n"
	p := serve(t, say(answer))
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	d := town(t, "http://"+p.addr)
	f := fetcher(t, d, func(c *crawl.Config) { c.Clock = func() time.Time { return at } })

	e := crawl.Entry{V: ad.Schema, URL: "http://" + p.addr + "/ad/7?b=2&a=%7e", Site: "town", Visit: 9, Depth: 2}
	got, err := f.Fetch(context.Background(), e)
	if err != nil {
		t.Fatal(err)
	}
	heard, _ := p.seen()
	want := crawl.Fetched{
		Exchange: capture.Exchange{
			URL: e.URL, Request: []byte(heard[0]), Response: []byte(answer), FetchedAt: at, IP: "127.0.0.1",
			Site: "town", Via: ad.ViaCrawl, Visit: 9, Depth: 2,
		},
		Status: 200,
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("fetched (-got +want):\n%s", diff)
	}
	request := "GET /ad/7?b=2&a=%7e HTTP/1.1\r\nHost: " + p.addr + "\r\nAccept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.5\r\n" +
		"Accept-Encoding: identity\r\nUser-Agent: " + agent + "\r\n\r\n"
	if diff := cmp.Diff(heard[0], request); diff != "" {
		t.Errorf("request (-got +want):\n%s", diff)
	}
	if _, _, err := capture.Record(got.Exchange); err != nil {
		t.Errorf("the exchange makes no record: %v", err)
	}
}

// TestAnswers shows what is kept of answers, good and bad.
func TestAnswers(t *testing.T) {
	chunked := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	for _, c := range []struct {
		name      string
		script    func(int, io.Writer) bool
		response  string // as kept
		status    int
		truncated string
		conns     int // for two fetches
	}{
		{"a length", say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, "", 1},
		{"chunks, extensions and trailers", say(chunked + "2;x=y\r\nhi\r\n0A\r\n0123456789\r\n0\r\nX-T: 1\r\n\r\n"),
			chunked + "2;x=y\r\nhi\r\n0A\r\n0123456789\r\n0\r\nX-T: 1\r\n\r\n", 200, "", 1},
		{"until the connection closes", sayAndClose("HTTP/1.1 200 OK\r\n\r\nall of it"), "HTTP/1.1 200 OK\r\n\r\nall of it", 200, "", 2},
		{"no body", say("HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n"), "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", 304, "", 1},
		{"bare line feeds", say("HTTP/1.1 200 OK\nContent-Length: 2\n\nhi"), "HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", 200, "", 1},
		{"a line without a colon", say("HTTP/1.1 200 OK\r\nnonsense\r\nContent-Length: 2\r\n\r\nhi"), "HTTP/1.1 200 OK\r\nnonsense\r\nContent-Length: 2\r\n\r\nhi", 200, "", 1},
		{"no reason phrase", say("HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n"), "HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n", 404, "", 1},
		{"HTTP/1.0 closes", say("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi"), "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, "", 2},
		{"connection: close", say("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi"), "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi", 200, "", 2},
		{"early hints are messages of their own", say("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"),
			"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, "", 1},
		{"bytes nobody asked for", say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfake"),
			"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, "", 2},
		{"a length and chunks", say("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"),
			"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", 200, "", 2},
		{"two lengths that disagree", sayAndClose("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nhiho"),
			"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nhiho", 200, "", 2},
		{"less than the length", sayAndClose("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi"), "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", 200, "disconnect", 2},
		{"no last chunk", sayAndClose(chunked + "2\r\nhi\r\n"), chunked + "2\r\nhi\r\n", 200, "disconnect", 2},
		{"a chunk of nonsense", sayAndClose(chunked + "zz\r\nhi\r\n"), chunked + "zz\r\nhi\r\n", 200, "unspecified", 2},
		{"a redirect is an answer", say("HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n"), "HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n", 302, "", 1},
		{"a redirect to nonsense", say("HTTP/1.1 301 Moved\r\nLocation: ht!tp://%%\r\nContent-Length: 0\r\n\r\n"), "HTTP/1.1 301 Moved\r\nLocation: ht!tp://%%\r\nContent-Length: 0\r\n\r\n", 301, "", 1},
		{"gzip though identity was asked for", say("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nbad"), "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nbad", 200, "", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := serve(t, c.script)
			f := fetcher(t, town(t, "http://"+p.addr))
			for i := range 2 {
				got := get(t, f, fmt.Sprintf("http://%s/%d", p.addr, i))
				want := crawl.Fetched{Exchange: capture.Exchange{Response: []byte(c.response), Truncated: c.truncated}, Status: c.status}
				ignore := cmpopts.IgnoreFields(capture.Exchange{}, "URL", "Request", "FetchedAt", "IP", "Site", "Via")
				if diff := cmp.Diff(got, want, ignore); diff != "" {
					t.Errorf("fetch %d (-got +want):\n%s", i, diff)
				}
			}
			heard, conns := p.seen()
			if len(heard) != 2 || conns != c.conns {
				t.Errorf("the server heard %d requests over %d connections, want 2 over %d", len(heard), conns, c.conns)
			}
		})
	}
}

// TestKeepAlive shows that exchanges on one connection are told apart byte by byte.
func TestKeepAlive(t *testing.T) {
	const n = 50
	answer := func(i int) string {
		body := strings.Repeat(fmt.Sprint("page ", i, "\n"), i*37)
		if i%2 == 0 {
			return fmt.Sprintf("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", max(1, len(body)), body+strings.Repeat("x", max(0, 1-len(body))))
		}
		return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	}
	p := serve(t, func(i int, w io.Writer) bool {
		_, err := io.WriteString(w, answer(i))
		return err == nil
	})
	f := fetcher(t, town(t, "http://"+p.addr))
	for i := range n {
		got := get(t, f, fmt.Sprintf("http://%s/%d", p.addr, i))
		heard, _ := p.seen()
		if diff := cmp.Diff(string(got.Response), answer(i)); diff != "" {
			t.Fatalf("answer %d (-got +want):\n%s", i, diff)
		}
		if diff := cmp.Diff(string(got.Request), heard[i]); diff != "" {
			t.Fatalf("request %d (-got +want):\n%s", i, diff)
		}
	}
	if _, conns := p.seen(); conns != 1 {
		t.Errorf("%d connections, want 1", conns)
	}
}

// TestStaleConnection: the server closes a connection that was kept alive just as
// the next request is written.
func TestStaleConnection(t *testing.T) {
	p := serve(t, func(n int, w io.Writer) bool {
		if n == 1 { // heard, never answered
			return false
		}
		return say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")(n, w)
	})
	f := fetcher(t, town(t, "http://"+p.addr))
	get(t, f, "http://"+p.addr+"/1")
	if got := get(t, f, "http://"+p.addr+"/2"); got.Status != 200 {
		t.Errorf("got status %d, want 200", got.Status)
	}
	if heard, conns := p.seen(); len(heard) != 3 || conns != 2 {
		t.Errorf("%d requests over %d connections, want 3 over 2", len(heard), conns)
	}
}

func TestTemporary(t *testing.T) {
	hang := func(first string) func(int, io.Writer) bool {
		return func(_ int, w io.Writer) bool {
			_, _ = io.WriteString(w, first)
			return true
		}
	}
	for _, c := range []struct {
		name, want string
		script     func(int, io.Writer) bool
	}{
		{"no answer in time", "i/o timeout", hang("")},
		{"half a head in time", "i/o timeout", hang("HTTP/1.1 200 OK\r\nContent-")},
		{"closed before answering", "closed the connection before answering", sayAndClose("")},
		{"another protocol", "does not speak HTTP/1", sayAndClose("SSH-2.0-OpenSSH\r\n\r\n")},
		{"protocols switched", "switched protocols", sayAndClose("HTTP/1.1 101 Switching Protocols\r\n\r\n")},
		{"a head without end", "larger than 256 KiB", sayAndClose("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 300<<10))},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := serve(t, c.script)
			f := fetcher(t, town(t, "http://"+p.addr, func(d *site.Definition) { d.Polite.Timeout = 200 * time.Millisecond }))
			_, err := f.Fetch(context.Background(), entry("http://"+p.addr+"/x?phone=none"))
			if _, ok := errors.AsType[*crawl.Temporary](err); !ok {
				t.Fatalf("got %v, want a temporary error", err)
			}
			if !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "phone") {
				t.Errorf("got %q, want %q in it and nothing of the address's query", err, c.want)
			}
		})
	}
}

func TestSlowBody(t *testing.T) {
	p := serve(t, say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"))
	f := fetcher(t, town(t, "http://"+p.addr, func(d *site.Definition) { d.Polite.Timeout = 200 * time.Millisecond }))
	got := get(t, f, "http://"+p.addr+"/x")
	if got.Truncated != "time" || !strings.HasSuffix(string(got.Response), "\r\n\r\nonly this") {
		t.Errorf("got truncated %q, response %q", got.Truncated, got.Response)
	}
}

// TestCancelled: a fetch that its caller ends is no evidence of a slow server.
func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	p := serve(t, func(_ int, w io.Writer) bool {
		_, _ = io.WriteString(w, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")
		cancel()
		return true
	})
	f := fetcher(t, town(t, "http://"+p.addr))
	if _, err := f.Fetch(ctx, entry("http://"+p.addr+"/x")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

func TestBodyLimit(t *testing.T) {
	for name, h := range map[string]string{
		"endless":         "HTTP/1.1 200 OK\r\n\r\n",
		"chunked":         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n",
		"a length to fit": "HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			p := serve(t, func(_ int, w io.Writer) bool {
				_, _ = io.WriteString(w, h)
				for {
					if _, err := w.Write(make([]byte, 4096)); err != nil {
						return false
					}
				}
			})
			f := fetcher(t, town(t, "http://"+p.addr), func(c *crawl.Config) { c.MaxBody = 100_000 })
			got := get(t, f, "http://"+p.addr+"/x")
			if got.Truncated != "length" || len(got.Response) != len(h)+100_000-strings.Count(h, "fffffff\r\n")*9 {
				t.Errorf("got truncated %q, %d bytes, want length, %d", got.Truncated, len(got.Response), len(h)+100_000)
			}
		})
	}
	t.Run("exactly the limit is whole", func(t *testing.T) {
		p := serve(t, say("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"+strings.Repeat("x", 1000)))
		f := fetcher(t, town(t, "http://"+p.addr), func(c *crawl.Config) { c.MaxBody = 1000 })
		if got := get(t, f, "http://"+p.addr+"/x"); got.Truncated != "" {
			t.Errorf("got truncated %q", got.Truncated)
		}
	})
}

func TestTLS(t *testing.T) {
	var proto string
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proto = r.Proto
		if r.URL.Path == "/robots.txt" {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, "over tls")
	}))
	s.EnableHTTP2 = true
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // the second client hangs up on it
	s.StartTLS()
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	d := town(t, "https://example.com") // the name in the test server's certificate
	f := fetcher(t, d, func(c *crawl.Config) {
		c.AllowPrivate, c.TLS = false, &tls.Config{RootCAs: roots}
		c.Resolve = map[string]string{"example.com": s.Listener.Addr().String()}
	})
	got := get(t, f, "https://example.com/x")
	if !strings.HasPrefix(string(got.Response), "HTTP/1.1 200 OK\r\n") || !strings.HasSuffix(string(got.Response), "over tls") || proto != "HTTP/1.1" {
		t.Errorf("got %q over %q", got.Response, proto)
	}

	strict := fetcher(t, d, func(c *crawl.Config) { c.Resolve = map[string]string{"example.com": s.Listener.Addr().String()} })
	_, err := strict.Fetch(context.Background(), entry("https://example.com/x"))
	if _, ok := errors.AsType[*crawl.Temporary](err); !ok || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("got %v, want a temporary error about the certificate", err)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name, field string
		status      int
		want        time.Duration
	}{
		{"seconds", "Retry-After: 120\r\n", 503, 2 * time.Minute},
		{"a date", "Retry-After: Sun, 01 Mar 2026 12:03:00 GMT\r\n", 429, 3 * time.Minute},
		{"nothing said", "", 429, time.Minute},
		{"a year", "Retry-After: 31536000\r\n", 503, 24 * time.Hour},
		{"in the past", "Retry-After: Sun, 01 Mar 2020 12:03:00 GMT\r\n", 503, time.Second},
		{"another status", "Retry-After: 120\r\n", 200, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := serve(t, say(fmt.Sprintf("HTTP/1.1 %d Later\r\n%sContent-Length: 0\r\n\r\n", c.status, c.field)))
			f := fetcher(t, town(t, "http://"+p.addr), func(cfg *crawl.Config) { cfg.Clock = func() time.Time { return now }; cfg.MaxWait = time.Millisecond })
			got := get(t, f, "http://"+p.addr+"/x")
			if got.Status != c.status || got.RetryAfter != c.want {
				t.Errorf("got status %d, retry after %v, want %d, %v", got.Status, got.RetryAfter, c.status, c.want)
			}
			if c.want == 0 {
				return
			}
			_, err := f.Fetch(context.Background(), entry("http://"+p.addr+"/y"))
			later, ok := errors.AsType[*crawl.Temporary](err)
			if !ok || later.After <= 0 || later.After > c.want {
				t.Errorf("the next page gave %v, want a temporary error for %v", err, c.want)
			}
			if heard, _ := p.seen(); len(heard) != 1 {
				t.Errorf("the host was asked %d times, want once", len(heard))
			}
		})
	}
}

func TestConfig(t *testing.T) {
	for _, c := range []struct {
		name, want string
		cfg        crawl.Config
	}{
		{"no user agent", "set up crawl: the user agent is empty; name the program and a contact", crawl.Config{}},
		{"an override to the open web", `set up crawl: resolve a.example to "192.0.2.1": not a loopback address`,
			crawl.Config{UserAgent: agent, Resolve: map[string]string{"a.example": "192.0.2.1"}}},
		{"a body that no record takes", "set up crawl: a body limit of 1099511627776 bytes is outside 1 to 16777216", crawl.Config{UserAgent: agent, MaxBody: 1 << 40}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := crawl.New(c.cfg, site.NewSet(), nil)
			if err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

// TestManyAtOnce: fetches side by side never see each other's bytes.
func TestManyAtOnce(t *testing.T) {
	base := handle(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/robots.txt" {
			http.NotFound(w, r)
			return
		}
		body := strings.Repeat(r.URL.Path+" ", 500)
		w.Header().Set("Content-Length", strconv.Itoa(len(body))) // unchunked
		_, _ = io.WriteString(w, body)
	})
	f := fetcher(t, town(t, base))
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			path := fmt.Sprint("/", i)
			got, err := f.Fetch(context.Background(), entry(base+path))
			if err != nil {
				t.Error(err)
				return
			}
			if !strings.HasPrefix(string(got.Request), "GET "+path+" ") || strings.Count(string(got.Response), path+" ") != 500 {
				t.Errorf("%s: got request %.20q, response %.300q", path, got.Request, got.Response)
			}
		})
	}
	wg.Wait()
}

// TestRobotsAskedOnce: many pages of a host wait for one robots.txt, and none is
// fetched when it cannot be kept.
func TestRobotsAskedOnce(t *testing.T) {
	v := &visitor{}
	base := handle(t, func(w http.ResponseWriter, r *http.Request) { v.note(r) })
	full := errors.New("disk full")
	var broken atomic.Bool
	broken.Store(true)
	f := fetcher(t, town(t, base), func(c *crawl.Config) {
		c.Robots = func(context.Context, capture.Exchange) error {
			if broken.Load() {
				return full
			}
			return nil
		}
	})
	if _, err := f.Fetch(context.Background(), entry(base+"/x")); !errors.Is(err, full) || v.asked("/x") != 0 {
		t.Errorf("got %v, want %v and nothing fetched", err, full)
	}
	broken.Store(false)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if _, err := f.Fetch(context.Background(), entry(fmt.Sprint(base, "/", i))); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := v.asked("/robots.txt"); n != 2 {
		t.Errorf("robots.txt was asked for %d times, want 2", n)
	}
}

// TestRobotsRedirects shows where the rules may come from.
func TestRobotsRedirects(t *testing.T) {
	for _, c := range []struct {
		name, to string
		fetched  bool
	}{
		{"round and round", "/robots.txt?again", true},
		{"to nothing", "", true},
		{"to a file", "file:///etc/robots.txt", true},
		{"to a private address", "http://10.0.0.1/robots.txt", false},
		{"to another port", "http://board.example:22/robots.txt", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			base := handle(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/robots.txt" {
					w.Header().Set("Location", c.to)
					w.WriteHeader(http.StatusFound)
				}
			})
			f := fetcher(t, town(t, "http://board.example"), func(cfg *crawl.Config) {
				cfg.AllowPrivate = false
				cfg.Resolve = map[string]string{"board.example": strings.TrimPrefix(base, "http://")}
			})
			_, err := f.Fetch(context.Background(), entry("http://board.example/x"))
			if _, later := errors.AsType[*crawl.Temporary](err); (err == nil) != c.fetched || later == c.fetched {
				t.Errorf("got %v, want fetched %v", err, c.fetched)
			}
		})
	}
}
