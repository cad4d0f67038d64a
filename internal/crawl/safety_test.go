package crawl_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/capture"
	"vigil.example/internal/crawl"
	"vigil.example/internal/site"
)

// A visitor counts what a host was asked for.
type visitor struct {
	mu    sync.Mutex
	paths []string
}

func (v *visitor) note(r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.paths = append(v.paths, r.URL.Path)
}

func (v *visitor) asked(path string) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	n := 0
	for _, p := range v.paths {
		if p == path {
			n++
		}
	}
	return n
}

// TestSafety holds the ways in which a plain Colly collector was measured to
// fail, each turned round.
func TestSafety(t *testing.T) {
	for _, c := range []struct {
		name  string
		check func(*testing.T)
	}{
		{"robots.txt answers 500: nothing is fetched", robotsBroken},
		{"robots.txt is asked again after 24 hours", robotsLife},
		{"robots.txt is obeyed without being asked to, delay too", robotsByDefault},
		{"a redirect into a forbidden path ends there", redirectForbidden},
		{"a redirect to another port, or to a private address, ends there", redirectElsewhere},
		{"a small answer that inflates to 64 MiB stays small", bomb},
		{"a page in windows-1251 is kept as it came", charset},
		{"a page with a validator is asked for with it", validators},
		{"memory stays flat", flat},
	} {
		t.Run(c.name, c.check)
	}
}

func robotsBroken(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"500":       func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
		"503":       func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) },
		"429":       func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(429) },
		"no answer": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"half an answer": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte("User-agent: *\n"))
		},
		"not to be read": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "br")
			_, _ = w.Write([]byte("x"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			v := &visitor{}
			base := handle(t, func(w http.ResponseWriter, r *http.Request) {
				v.note(r)
				if r.URL.Path == "/robots.txt" {
					answer(w, r)
				}
			})
			now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
			f := fetcher(t, town(t, base), func(c *crawl.Config) { c.Clock = func() time.Time { return now } })
			for range 3 {
				_, err := f.Fetch(context.Background(), entry(base+"/x"))
				if later, ok := errors.AsType[*crawl.Temporary](err); !ok || later.After <= 0 {
					t.Errorf("got %v, want a temporary error with a time", err)
				}
			}
			if v.asked("/x") != 0 || v.asked("/robots.txt") != 1 {
				t.Errorf("the host was asked for %v, want robots.txt once", v.paths)
			}
			now = now.Add(10 * time.Minute)
			_, _ = f.Fetch(context.Background(), entry(base+"/x"))
			if v.asked("/robots.txt") != 2 {
				t.Errorf("after ten minutes robots.txt was asked for %d times, want 2", v.asked("/robots.txt"))
			}
		})
	}
}

func robotsLife(t *testing.T) {
	v := &visitor{}
	var rules atomic.Value
	rules.Store("User-agent: *\nDisallow: /x\n")
	base := handle(t, func(w http.ResponseWriter, r *http.Request) {
		if v.note(r); r.URL.Path == "/robots.txt" {
			_, _ = w.Write([]byte(rules.Load().(string)))
		}
	})
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	f := fetcher(t, town(t, base), func(c *crawl.Config) { c.Clock = func() time.Time { return now } })
	fetch := func() crawl.Reason {
		_, err := f.Fetch(context.Background(), entry(base+"/x"))
		return reason(err)
	}
	if got := fetch(); got != crawl.ReasonRobots {
		t.Errorf("at first: got %q, want robots", got)
	}
	rules.Store("User-agent: *\nDisallow:\n")
	now = now.Add(24*time.Hour - time.Second)
	if got := fetch(); got != crawl.ReasonRobots || v.asked("/robots.txt") != 1 {
		t.Errorf("just before 24 hours: got %q, robots.txt asked for %d times", got, v.asked("/robots.txt"))
	}
	now = now.Add(time.Second)
	if got := fetch(); got != "" || v.asked("/robots.txt") != 2 {
		t.Errorf("after 24 hours: got %q, robots.txt asked for %d times", got, v.asked("/robots.txt"))
	}
	rules.Store("User-agent: *\nDisallow: /\n")
	now = now.Add(-48 * time.Hour) // the clock was wrong and is set right
	if got := fetch(); got != crawl.ReasonRobots {
		t.Errorf("after the clock was set back: got %q, want robots", got)
	}
}

func robotsByDefault(t *testing.T) {
	v := &visitor{}
	base := handle(t, func(w http.ResponseWriter, r *http.Request) {
		switch v.note(r); r.URL.Path {
		case "/robots.txt":
			http.Redirect(w, r, "/moved.txt", http.StatusMovedPermanently)
		case "/moved.txt":
			_, _ = w.Write([]byte("User-agent: vigil\nDisallow: /private\nCrawl-delay: 3600\n"))
		}
	})
	var kept []string
	f := fetcher(t, town(t, base), func(c *crawl.Config) {
		c.Robots = func(_ context.Context, x capture.Exchange) error {
			_, _, err := capture.Record(x)
			kept = append(kept, strings.TrimPrefix(x.URL, base))
			return err
		}
	})
	_, err := f.Fetch(context.Background(), entry(base+"/private/x"))
	if reason(err) != crawl.ReasonRobots || v.asked("/private/x") != 0 {
		t.Errorf("got %v, and the page was asked for %d times", err, v.asked("/private/x"))
	}
	get(t, f, base+"/public")
	if due := f.Due(entry(base + "/public")); due < 59*time.Minute {
		t.Errorf("the host is due in %v, want the hour it asked for", due)
	}
	if want := []string{"/robots.txt", "/moved.txt"}; !slices.Equal(kept, want) {
		t.Errorf("exchanges kept: got %v, want %v", kept, want)
	}
}

func redirectForbidden(t *testing.T) {
	v := &visitor{}
	base := handle(t, func(w http.ResponseWriter, r *http.Request) {
		switch v.note(r); r.URL.Path {
		case "/robots.txt":
			_, _ = w.Write([]byte("User-agent: *\nDisallow: /secret\n"))
		case "/go":
			http.Redirect(w, r, "/secret/x", http.StatusFound)
		case "/out":
			http.Redirect(w, r, "/denied/x", http.StatusFound)
		}
	})
	d := town(t, base, func(d *site.Definition) { d.Scope.Deny = []string{"^/denied/"} })
	f := fetcher(t, d)
	if got := get(t, f, base+"/go"); got.Status != http.StatusFound {
		t.Errorf("got status %d, want 302", got.Status)
	}
	q := &queue{}
	fr := crawl.NewFrontier(site.NewSet(d), q, nil)
	o := offer(t, fr, crawl.Parent{Site: "town"}, ad.Outlink{URL: base + "/secret/x", Kind: ad.LinkRedirect}, ad.Outlink{URL: base + "/denied/x", Kind: ad.LinkRedirect})
	if len(o.Refused) != 1 || o.Refused[0].Reason != crawl.ReasonScope || len(o.Entries) != 1 {
		t.Fatalf("offered: got %+v, want one refused by scope, one queued", o)
	}
	if _, err := f.Fetch(context.Background(), o.Entries[0]); reason(err) != crawl.ReasonRobots {
		t.Errorf("got %v, want a refusal by robots", err)
	}
	if v.asked("/secret/x")+v.asked("/denied/x") != 0 {
		t.Errorf("the host was asked for %v", v.paths)
	}
}

func redirectElsewhere(t *testing.T) {
	d := town(t, "http://board.example")
	addrs := map[string]string{
		"loopback": "127.0.0.1", "loopback 6": "::1", "mapped": "::ffff:127.0.0.1", "private": "10.1.2.3", "private 6": "fd00::1",
		"link local": "169.254.169.254", "link local 6": "fe80::1", "shared": "100.100.100.200", "multicast": "224.0.0.1",
		"unspecified": "0.0.0.0", "unspecified 6": "::", "cloud": "168.63.129.16", "translated": "64:ff9b::7f00:1", "6to4": "2002:7f00:1::",
		"reserved": "240.0.0.1", "documentation": "192.0.2.1",
	}
	for name, a := range addrs {
		t.Run(name, func(t *testing.T) {
			f := fetcher(t, d, func(c *crawl.Config) {
				c.AllowPrivate = false
				c.Lookup = func(context.Context, string) ([]netip.Addr, error) { return []netip.Addr{netip.MustParseAddr(a)}, nil }
			})
			if _, err := f.Fetch(context.Background(), entry("http://board.example/x")); reason(err) != crawl.ReasonAddress {
				t.Errorf("got %v, want a refusal by address", err)
			}
		})
	}
	for name, raw := range map[string]string{
		"another port": "http://board.example:22/x", "another host": "http://127.0.0.1/x", "user": "http://a:b@board.example/x",
		"file": "file:///etc/hosts", "gopher": "gopher://board.example/x",
	} {
		t.Run(name, func(t *testing.T) {
			f := fetcher(t, d)
			_, err := f.Fetch(context.Background(), entry(raw))
			if got := reason(err); got == "" || got == crawl.ReasonRobots {
				t.Errorf("got %v, want a refusal", err)
			}
			o := offer(t, crawl.NewFrontier(site.NewSet(d), &queue{}, nil), crawl.Parent{Site: "town"}, ad.Outlink{URL: raw, Kind: ad.LinkRedirect})
			if len(o.Refused) != 1 || o.Refused[0].Reason != reason(err) {
				t.Errorf("offered: got %+v, want refused by %s", o, reason(err))
			}
		})
	}
	t.Run("localhost by the system's resolver", func(t *testing.T) {
		f := fetcher(t, town(t, "http://localhost"), func(c *crawl.Config) { c.AllowPrivate = false })
		if _, err := f.Fetch(context.Background(), entry("http://localhost/x")); reason(err) != crawl.ReasonAddress {
			t.Errorf("got %v, want a refusal by address", err)
		}
	})
}

func bomb(t *testing.T) {
	var member bytes.Buffer
	w := gzip.NewWriter(&member)
	_, _ = w.Write(make([]byte, 1<<20))
	_ = w.Close()
	z := bytes.NewBuffer(bytes.Repeat(member.Bytes(), 64)) // members one after another are one file
	p := serve(t, say(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Type: application/gzip\r\nContent-Length: %d\r\n\r\n%s", z.Len(), z.Bytes())))
	f := fetcher(t, town(t, "http://"+p.addr), func(c *crawl.Config) { c.MaxBody = 1 << 20 })
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got := get(t, f, "http://"+p.addr+"/sitemap.xml.gz")
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 4<<20 || len(got.Response) > z.Len()+200 {
		t.Errorf("allocated %d bytes for an answer of %d, kept %d", grown, z.Len(), len(got.Response))
	}
}

func charset(t *testing.T) {
	const page = "<meta charset=windows-1251>\xcf\xf0\xe8\xe2\xe5\xf2"
	p := serve(t, say(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=windows-1251\r\nContent-Length: %d\r\n\r\n%s", len(page), page)))
	f := fetcher(t, town(t, "http://"+p.addr))
	if got := get(t, f, "http://"+p.addr+"/x"); !bytes.HasSuffix(got.Response, []byte(page)) {
		t.Errorf("got %q, want %q at the end", got.Response, page)
	}
}

func validators(t *testing.T) {
	base := handle(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/robots.txt" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("ETag", `"v1"`)
		http.ServeContent(w, r, "x.html", time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), strings.NewReader("page"))
	})
	f := fetcher(t, town(t, base))
	e := entry(base + "/x")
	for _, want := range []int{200, 304} {
		got, err := f.Fetch(context.Background(), e)
		if err != nil {
			t.Fatal(err)
		}
		if got.Status != want {
			t.Errorf("got status %d, want %d", got.Status, want)
		}
		e.Known = got.Validators
	}
	if want := (crawl.Validators{ETag: `"v1"`, LastModified: "Fri, 02 Jan 2026 03:04:05 GMT"}); e.Known != want {
		t.Errorf("validators: got %+v, want %+v", e.Known, want)
	}
}

func flat(t *testing.T) {
	p := serve(t, say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"))
	d := town(t, "http://"+p.addr)
	d.Polite.Delay = 0 // as fast as it goes
	f := fetcher(t, d)
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	fetch := func(from, to int) {
		for i := from; i < to; i++ {
			get(t, f, fmt.Sprintf("http://%s/%d", p.addr, i))
			p.mu.Lock()
			p.heard = p.heard[:0]
			p.mu.Unlock()
		}
	}
	fetch(0, 200)
	before, routines := heap(), runtime.NumGoroutine()
	fetch(200, 2200)
	if after := heap(); after > before+128<<10 {
		t.Errorf("2,000 pages left %d bytes behind", after-before)
	}
	if n := runtime.NumGoroutine(); n > routines+2 {
		t.Errorf("%d goroutines, %d before", n, routines)
	}
}
