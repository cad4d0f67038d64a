package bazaar

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"testing"
	"time"
)

func BenchmarkNew(b *testing.B) {
	c := DefaultConfig()
	c.Ads, c.Later = 20_000, 2_000
	for b.Loop() {
		if _, err := New(c); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPage(b *testing.B) {
	t := town(b, func(c *Config) { c.Ads = 20_000 })
	h := t.Handler()
	urls := map[string][]string{}
	for _, a := range t.Truth(t.Now()).Ads {
		urls[a.Site] = append(urls[a.Site], a.URL)
	}
	urls["list"] = []string{"http://townboard.example/portland/for-sale/", "http://swapyard.example/y/detroit", "http://laplaza.example/"}
	for _, kind := range []string{"townboard", "swapyard", "laplaza", "list"} {
		var rs []*http.Request
		for i := 0; i < len(urls[kind]); i += 1 + len(urls[kind])/500 {
			u, err := url.Parse(urls[kind][i])
			if err != nil {
				b.Fatal(err)
			}
			r := httptest.NewRequest(http.MethodGet, u.RequestURI(), nil)
			r.Host = u.Host
			rs = append(rs, r)
		}
		b.Run(kind, func(b *testing.B) {
			b.ReportAllocs()
			i, n := 0, 0
			for b.Loop() {
				w := httptest.NewRecorder()
				h.ServeHTTP(w, rs[i%len(rs)])
				n += w.Body.Len()
				i++
			}
			b.SetBytes(int64(n / i))
		})
	}
}

func BenchmarkTruth(b *testing.B) {
	t := town(b, func(c *Config) { c.Ads = 20_000 })
	for b.Loop() {
		t.Truth(t.Now())
	}
}

func BenchmarkSetNow(b *testing.B) {
	t := town(b, func(c *Config) { c.Ads = 20_000 })
	at := t.Now()
	for b.Loop() {
		at = at.Add(time.Hour)
		t.SetNow(at)
	}
}

// The town must leave the memory to the program that crawls it.
func TestMemoryOfALargeTown(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	b := town(t, func(c *Config) { c.Ads = 20_000 })
	runtime.GC()
	runtime.ReadMemStats(&after)
	if used := int64(after.HeapAlloc) - int64(before.HeapAlloc); used > 20<<20 {
		t.Errorf("a town of 20,000 ads holds %d MB, want at most 20", used>>20)
	} else {
		t.Logf("a town of 20,000 ads holds %d KB", used>>10)
	}
	runtime.KeepAlive(b)
}
