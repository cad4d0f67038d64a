package side

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"vigil.example/crawlers"
	"vigil.example/internal/ad"
	"vigil.example/internal/bazaar"
	"vigil.example/internal/extract"
	"vigil.example/internal/phone"
)

// kept says which of the third set's pairs of lines are never learned from.
func kept(i int) bool { return i/2%2 == 1 }

// A post is a labelled text.
type post struct {
	side   string
	demand bool
	ad     ad.Ad
}

func posts(t *testing.T, name string) (out []post) {
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		side, text, ok := strings.Cut(strings.TrimSpace(line), "|")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		out = append(out, post{side, side == ad.SideDemand, posted(text)})
	}
	return out
}

func posted(text string) ad.Ad {
	return ad.Ad{Listing: ad.Listing{Body: text}, Phones: phone.Read(text, phone.Options{Country: "US"})}
}

// documents reads a set in the form of the indicators'.
func documents(t *testing.T, name string) (out []post) {
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	in := bufio.NewScanner(f)
	for in.Scan() {
		var d struct {
			Text   string `json:"text"`
			Demand bool   `json:"is_demand"`
		}
		if err := json.Unmarshal(in.Bytes(), &d); err != nil {
			t.Fatal(err)
		}
		out = append(out, post{"", d.Demand, posted(d.Text)})
	}
	if err := in.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// town calls f with every ad of a made-up town as extraction reads it.
func town(t *testing.T, seed uint64, ads int, f func(side string, l *ad.Listing)) {
	t.Helper()
	c := bazaar.DefaultConfig()
	c.Seed, c.Ads, c.Later = seed, ads, 0
	b, err := bazaar.New(c)
	if err != nil {
		t.Fatal(err)
	}
	set, err := crawlers.Load()
	if err != nil {
		t.Fatal(err)
	}
	x, h := extract.New(set), b.Handler()
	for _, a := range b.Truth(b.Now()).Ads {
		u, err := url.Parse(a.URL)
		if err != nil {
			t.Fatal(err)
		}
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, a.URL, nil)
		r.Host = u.Host
		h.ServeHTTP(w, r)
		got, err := x.Extract(ad.Capture{Site: a.Site, URL: a.URL}, extract.Page{Status: w.Code, ContentType: w.Header().Get("Content-Type"), Body: w.Body.Bytes()})
		if err != nil {
			t.Fatal(err)
		}
		for i := range got.Listings {
			f(a.Side, &got.Listings[i])
		}
	}
}
