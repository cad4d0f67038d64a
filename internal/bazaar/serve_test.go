package bazaar

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestWhatACrawlRunsInto(t *testing.T) {
	b := town(t, nil)
	h := b.Handler()
	for name, c := range map[string]struct {
		address, location, contains, kind string
		status, length                    int
	}{
		"robots.txt forbids something":  {"http://townboard.example/robots.txt", "", "Disallow: /private/", "text/plain; charset=utf-8", 200, -1},
		"a bot wall answers 200":        {"http://townboard.example/post/7100000001.html", "", "enable JavaScript", htmlType, 200, -1},
		"a page ends before its title":  {"http://swapyard.example/i/1ffuq", "", "<head>", htmlType, 200, -1},
		"a page has no byte":            {"http://laplaza.example/anuncio/x-4400003", "", "", htmlType, 200, 0},
		"a redirect loop goes there":    {"http://townboard.example/post/7100000004.html", "/post/7100000005.html", "", htmlType, 302, 0},
		"a redirect loop comes back":    {"http://townboard.example/post/7100000005.html", "/post/7100000004.html", "", htmlType, 302, 0},
		"a page has moved":              {"http://laplaza.example/anuncio/x-4400006", "/ayuda", "moved", htmlType, 301, -1},
		"an ad that never was":          {"http://townboard.example/post/7100000008.html", "", "Not found", htmlType, 404, -1},
		"a list page beyond the last":   {"http://townboard.example/austin/pets/?page=99", "", "Not found", htmlType, 404, -1},
		"a list page that is no number": {"http://townboard.example/austin/pets/?page=x", "", "Not found", htmlType, 404, -1},
		"a city of another site":        {"http://swapyard.example/y/austin", "", "Not found", htmlType, 404, -1},
		"any other host":                {"http://bazaar.example/", "", "Bazaar town hall", htmlType, 200, -1},
		"the loopback address":          {"http://127.0.0.1:8099/", "", "Bazaar town hall", htmlType, 200, -1},
		"a site with a port":            {"http://laplaza.example:8099/", "", "Lo más nuevo", htmlType, 200, -1},
	} {
		t.Run(name, func(t *testing.T) {
			w := get(h, c.address)
			if w.Code != c.status || w.Header().Get("Location") != c.location || !strings.Contains(w.Body.String(), c.contains) || w.Header().Get("Content-Type") != c.kind {
				t.Errorf("got %d %v %.80q", w.Code, w.Header(), w.Body)
			}
			if c.length >= 0 && w.Body.Len() != c.length {
				t.Errorf("got %d bytes, want %d", w.Body.Len(), c.length)
			}
		})
	}
	get(h, "http://townboard.example/private/account")
	get(h, "http://swapyard.example/img/x/1.jpg")
	if v := b.Visits(); v.Forbidden != 1 || v.Images != 1 {
		t.Errorf("visits %+v: want one forbidden page and one image", v)
	}
}

func TestTheTownHallPostsAnotherAd(t *testing.T) {
	b := town(t, nil)
	h := b.Handler()
	post := func(form url.Values, header, value string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "/post", strings.NewReader(form.Encode()))
		r.Host = "127.0.0.1:8099"
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if header != "" {
			r.Header.Set(header, value)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	w := post(url.Values{"group": {"g001"}}, "", "")
	if w.Code != http.StatusSeeOther {
		t.Fatalf("got %d, want a redirect to the town hall", w.Code)
	}
	page := get(h, "http://127.0.0.1:8099"+w.Header().Get("Location")).Body.String()
	for _, want := range []string{"Posted on", strings.TrimPrefix(b.Groups()[0].Phone, "+"), "post another ad", "color-scheme: light dark"} {
		if !strings.Contains(page, want) {
			t.Errorf("the town hall does not show %q", want)
		}
	}
	if w := post(url.Values{"group": {"g999"}}, "", ""); w.Code != http.StatusNotFound {
		t.Errorf("a group that is not in town: got %d, want 404", w.Code)
	}
	if w := post(url.Values{"group": {"g001"}}, "Sec-Fetch-Site", "cross-site"); w.Code != http.StatusForbidden {
		t.Errorf("a form of another site: got %d, want 403", w.Code)
	}
	if n := len(b.Posts()); n != 1 {
		t.Errorf("got %d posts, want 1", n)
	}
}

func TestConfigSaysWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"too few ads":        {func(c *Config) { c.Ads = 3 }, "town of 3 ads: ads must be between 60 and 100000"},
		"negative later ads": {func(c *Config) { c.Later = -1 }, "town of -1 later ads: must be between 0 and 100000"},
		"no start":           {func(c *Config) { c.Start = time.Time{} }, "town without a start time"},
		"no past":            {func(c *Config) { c.Past = 0 }, "town with past 0s and ahead 336h0m0s: both must be at least a day"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := DefaultConfig()
			c.change(&cfg)
			if _, err := New(cfg); err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestTownsOfEverySize(t *testing.T) {
	for _, n := range []int{MinAds, 61, 97, 250, 4000, 40_000} {
		b := town(t, func(c *Config) { c.Ads, c.Later = n, n/10 })
		up := map[Kind]int{}
		for _, a := range b.Truth(b.Now()).Ads {
			up[a.Kind]++
		}
		if got := up[Org] + up[Indep] + up[Ordinary] + up[Buyer]; got != n {
			t.Errorf("a town of %d ads shows %d: %v", n, got, up)
		}
		for _, g := range b.Groups() {
			if g.Ads < 5 || g.Ads > 60 {
				t.Errorf("town of %d: group %s has %d ads, want 5 to 60", n, g.ID, g.Ads)
			}
		}
	}
}

// Whatever is asked for, the town answers, and says how long its answer is.
func FuzzAddress(f *testing.F) {
	for _, s := range []string{"/", "/post/7100000007.html", "/i/zzzzzzzzzzzzzzz", "/anuncio/-", "/lista?ciudad=x&pag=-1", "/y/jax/stf/99999999999999999999", "/%zz", "/info/"} {
		f.Add(s)
	}
	b := town(f, func(c *Config) { c.Ads = 60 })
	h := b.Handler()
	f.Fuzz(func(t *testing.T, path string) {
		u, err := url.Parse(path)
		if err != nil || u.Host != "" || !strings.HasPrefix(u.Path, "/") {
			return
		}
		for _, host := range b.Hosts() {
			r := &http.Request{Method: http.MethodGet, URL: u, Host: host, Header: http.Header{}}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Header().Get("Content-Length") == "" || w.Code == 500 {
				t.Fatalf("%s %q answers %d, %v", host, path, w.Code, w.Header())
			}
		}
	})
}
