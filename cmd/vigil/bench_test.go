package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strconv"
	"testing"
	"time"

	"vigil.example/internal/api"
	"vigil.example/internal/bazaar"
)

// BenchmarkNumberSearch searches the demo's ads for numbers as an investigator
// does, over HTTP, signed in, each search with its line in the audit log: once
// through the API, once through the pages (the form, the redirect, the results).
// VIGIL_BENCH_ADS sets the size of the town.
func BenchmarkNumberSearch(b *testing.B) {
	ads := number(b, "VIGIL_BENCH_ADS", 1500)
	d := startDemo(b, b.TempDir(), "--frozen", "--ads", strconv.Itoa(ads))
	select {
	case <-d.crawled:
	case <-d.ended:
		b.Fatalf("the demo ended:\n%s", d.text())
	}
	numbers := townNumbers(b, ads)
	b.Run("api", func(b *testing.B) {
		c := d.client(b)
		percentiles(b, numbers, func(n string) error {
			_, err := c.Search(b.Context(), api.SearchRequest{Query: n})
			return err
		})
	})
	b.Run("pages", func(b *testing.B) {
		c := d.browserless(b)
		percentiles(b, numbers, func(n string) error {
			return read(c.PostForm(d.url+"/search", url.Values{"q": {n}}))
		})
	})
	d.stop(b)
}

// percentiles runs the search b.N times, a different number each time.
func percentiles(b *testing.B, numbers []string, search func(string) error) {
	b.Helper()
	var took []time.Duration
	for i := 0; b.Loop(); i++ {
		began := time.Now()
		if err := search(spelled(numbers[i%len(numbers)])); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	at := func(p float64) float64 { return float64(took[int(p*float64(len(took)-1))].Microseconds()) / 1000 }
	b.ReportMetric(at(.50), "p50-ms")
	b.ReportMetric(at(.95), "p95-ms")
	b.ReportMetric(at(.99), "p99-ms")
}

func townNumbers(tb testing.TB, ads int) (out []string) {
	tb.Helper()
	c := bazaar.DefaultConfig()
	c.Ads = ads
	town, err := bazaar.New(c)
	if err != nil {
		tb.Fatal(err)
	}
	for _, a := range town.Truth(town.Now()).Ads {
		for _, p := range a.Phones {
			if p[:2] == "+1" && !slices.Contains(out, p) && len(out) < 500 {
				out = append(out, p)
			}
		}
	}
	return out
}

// browserless is an HTTP client that has signed in through the pages and given a
// purpose.
func (d *demo) browserless(tb testing.TB) *http.Client {
	tb.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		tb.Fatal(err)
	}
	c := &http.Client{Jar: jar, Timeout: time.Minute}
	for _, step := range []struct {
		path string
		form url.Values
	}{
		{"/sign-in", url.Values{"name": {"admin"}, "password": {d.password}}},
		{"/purpose", url.Values{"kind": {"case"}, "text": {"2026-0412"}}},
	} {
		if err := read(c.PostForm(d.url+step.path, step.form)); err != nil {
			tb.Fatalf("%s: %v", step.path, err)
		}
	}
	return c
}

func read(r *http.Response, err error) error {
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, r.Body)
	_ = r.Body.Close()
	if err == nil && r.StatusCode != http.StatusOK {
		return &url.Error{Op: r.Request.Method, URL: r.Request.URL.Path, Err: http.ErrNotSupported}
	}
	return err
}
