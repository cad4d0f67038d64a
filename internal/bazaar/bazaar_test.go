package bazaar

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func town(t testing.TB, change func(*Config)) *Town {
	t.Helper()
	c := DefaultConfig()
	if change != nil {
		change(&c)
	}
	b, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// get asks for an address without following redirects.
func get(h http.Handler, address string) *httptest.ResponseRecorder {
	u, err := url.Parse(address)
	if err != nil {
		panic(err)
	}
	r := httptest.NewRequest(http.MethodGet, u.RequestURI(), nil)
	r.Host = u.Host
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

var hrefs = regexp.MustCompile(`href="([^"]+)"`)

// walk follows every link of the sites from their home pages, as a crawler that
// keeps off /private/ and images, and returns status and body by address.
func walk(t testing.TB, b *Town) map[string]*httptest.ResponseRecorder {
	t.Helper()
	h := b.Handler()
	out := map[string]*httptest.ResponseRecorder{}
	var queue []string
	for _, host := range b.Hosts() {
		queue = append(queue, "http://"+host+"/")
	}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		if out[at] != nil {
			continue
		}
		w := get(h, at)
		out[at] = w
		links := []string{w.Header().Get("Location")}
		for _, m := range hrefs.FindAllStringSubmatch(w.Body.String(), -1) {
			links = append(links, strings.ReplaceAll(m[1], "&amp;", "&"))
		}
		base, _ := url.Parse(at)
		for _, l := range links {
			if l == "" || strings.HasPrefix(l, "/private/") || strings.HasPrefix(l, "/img/") || strings.HasPrefix(l, "tel:") || strings.HasSuffix(l, ".css") {
				continue
			}
			u, err := base.Parse(l)
			if err != nil {
				t.Fatalf("%s links to %q: %v", at, l, err)
			}
			q := u.Query()
			q.Del("ref")
			u.RawQuery = q.Encode()
			queue = append(queue, u.String())
		}
	}
	return out
}

func digestOf(pages map[string]*httptest.ResponseRecorder) string {
	var keys []string
	for k := range pages {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	h := sha256.New()
	for _, k := range keys {
		fmt.Fprintf(h, "%s %d %v %s\n", k, pages[k].Code, pages[k].Header(), pages[k].Body)
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:8])
}

func TestSameSeedGivesSameBytes(t *testing.T) {
	small := func(c *Config) { c.Ads = 150 }
	one, two := digestOf(walk(t, town(t, small))), digestOf(walk(t, town(t, small)))
	other := digestOf(walk(t, town(t, func(c *Config) { c.Ads, c.Seed = 150, 8 })))
	if one != two {
		t.Errorf("the same seed gave %s, then %s", one, two)
	}
	if one == other {
		t.Errorf("two seeds gave the same town")
	}
}

func TestEveryVisibleAdCanBeReached(t *testing.T) {
	b := town(t, func(c *Config) { c.Ads = 600 })
	for _, after := range []time.Duration{0, 36 * time.Hour, 10 * 24 * time.Hour} {
		now := b.cfg.Start.Add(after)
		b.SetNow(now)
		pages := walk(t, b)
		up := 0
		for _, a := range b.Truth(now).Ads {
			w := pages[a.URL]
			if !a.RemovedAt.IsZero() {
				continue
			}
			up++
			if w == nil || w.Code != 200 {
				t.Fatalf("after %v: ad %s of %s is not reached by links", after, a.NativeID, a.Site)
			}
		}
		if after == 0 && up != b.cfg.Ads {
			t.Errorf("at the start: got %d ads up, want %d", up, b.cfg.Ads)
		}
	}
	if v := b.Visits(); v.Forbidden != 0 || v.Images != 0 || v.Missing != 0 {
		t.Errorf("following links without /private/ and images: got %+v", v)
	}
}

func TestTruthNamesTheNumbersThatAreWritten(t *testing.T) {
	b := town(t, func(c *Config) { c.Ads = 600 })
	h := b.Handler()
	digit := func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}
	plainAds := 0
	for _, a := range b.Truth(b.Now()).Ads {
		if a.Broken == "charset" {
			continue
		}
		body := strings.Map(digit, get(h, a.URL).Body.String())
		for _, n := range a.Phones {
			if strings.Contains(body, strings.TrimPrefix(strings.TrimPrefix(n, "+44"), "+1")) {
				plainAds++
			}
		}
	}
	if plainAds < b.cfg.Ads/4 {
		t.Errorf("got %d numbers that stand in plain digits, want at least %d", plainAds, b.cfg.Ads/4)
	}
}

func TestNumbersAreFictionalAndNobodyElses(t *testing.T) {
	b := town(t, func(c *Config) { c.Ads = 5000 })
	fiction := regexp.MustCompile(`^(\+1[2-9]\d\d55501\d\d|\+447700900\d\d\d|\+442079460\d\d\d)$`)
	owner := map[string]string{}
	for _, a := range b.Truth(b.Now()).Ads {
		for _, n := range a.Phones {
			if !fiction.MatchString(n) {
				t.Fatalf("%s is not set aside for fiction", n)
			}
			if cmp.Equal(a.Hubs, []string{n}) {
				continue
			}
			if o := owner[n]; o != "" && o != a.Poster {
				t.Fatalf("%s belongs to %s and %s", n, o, a.Poster)
			}
			owner[n] = a.Poster
		}
	}
}

// Own numbers, handles and addresses must tie all the ads of a group that have
// any, or linking could not be held to the truth.
func TestAGroupIsOneChainOfSharedValues(t *testing.T) {
	b := town(t, func(c *Config) { c.Ads = 5000 })
	for _, after := range []time.Duration{0, 14 * 24 * time.Hour} {
		now := b.cfg.Start.Add(after)
		parent := map[string]string{}
		var find func(string) string
		find = func(x string) string {
			if parent[x] == "" || parent[x] == x {
				parent[x] = x
				return x
			}
			parent[x] = find(parent[x])
			return parent[x]
		}
		roots := map[string]map[string]bool{}
		ads := b.Truth(now).Ads
		values := func(a AdTruth) []string {
			var out []string
			for _, n := range a.Phones {
				if !cmp.Equal(a.Hubs, []string{n}) {
					out = append(out, n)
				}
			}
			return append(append(out, a.Emails...), a.Handles...)
		}
		for _, a := range ads {
			if a.Kind == Org && a.RemovedAt.IsZero() {
				v := values(a)
				for i := range v {
					parent[find(v[i])] = find(v[0])
				}
			}
		}
		bare := 0
		for _, a := range ads {
			if a.Kind != Org || !a.RemovedAt.IsZero() {
				continue
			}
			v := values(a)
			if len(v) == 0 {
				bare++
				continue
			}
			if roots[a.Poster] == nil {
				roots[a.Poster] = map[string]bool{}
			}
			roots[a.Poster][find(v[0])] = true
		}
		for g, r := range roots {
			if len(r) != 1 {
				t.Errorf("after %v: group %s falls into %d chains", after, g, len(r))
			}
		}
		if bare > len(ads)*34/100/10 {
			t.Errorf("after %v: %d ads of groups have no value at all", after, bare)
		}
	}
}

func TestPostStandsOnTopOfItsList(t *testing.T) {
	b := town(t, nil)
	b.SetNow(b.cfg.Start.Add(time.Hour))
	g := b.Groups()[0]
	a, err := b.Post(g.ID)
	if err != nil {
		t.Fatal(err)
	}
	if !cmp.Equal(a.Phones, []string{g.Phone}) {
		t.Errorf("the ad has %v, want the number in use, %s", a.Phones, g.Phone)
	}
	h := b.Handler()
	u, _ := url.Parse(a.URL)
	home := get(h, "http://"+u.Host+"/").Body.String()
	var first string
	for _, m := range hrefs.FindAllStringSubmatch(home, -1) {
		if strings.HasPrefix(m[1], "/post/") || strings.HasPrefix(m[1], "/i/") || strings.HasPrefix(m[1], "/anuncio/") {
			first = strings.TrimSuffix(m[1], "?ref=list")
			break
		}
	}
	if first != u.Path {
		t.Errorf("newest ad on %s is %s, want %s", u.Host, first, u.Path)
	}
	if w := get(h, a.URL); w.Code != 200 {
		t.Errorf("the new ad answers %d", w.Code)
	}
	if _, err := b.Post("nobody"); err == nil {
		t.Errorf("a group that is not in town posted")
	}

	again := town(t, func(c *Config) { c.Posts = b.Posts() })
	again.SetNow(b.Now())
	if diff := cmp.Diff(b.Truth(b.Now()), again.Truth(b.Now())); diff != "" {
		t.Errorf("a town that goes on differs (-got +want):\n%s", diff)
	}
}

func TestEditsAndRemovals(t *testing.T) {
	b := town(t, nil)
	end := b.cfg.Start.Add(b.cfg.Ahead)
	h := b.Handler()
	var edited, restored, removed bool
	for _, a := range b.Truth(end).Ads {
		if n := len(a.Versions); n > 1 && !edited && a.RemovedAt.IsZero() && a.Site == "townboard" {
			edited = true
			b.SetNow(a.Versions[1].From.Add(-time.Second))
			before := get(h, a.URL).Body.String()
			b.SetNow(a.Versions[1].From)
			if get(h, a.URL).Body.String() == before {
				t.Errorf("ad %s does not change at its edit", a.NativeID)
			}
		}
		if n := len(a.Versions); n == 3 && a.Versions[2].Text == a.Versions[0].Text && a.Versions[1].Text != a.Versions[0].Text {
			restored = true
		}
		if !a.RemovedAt.IsZero() && !removed && a.Site == "swapyard" {
			removed = true
			b.SetNow(a.RemovedAt)
			w := get(h, a.URL)
			if w.Code != 200 || !strings.Contains(w.Body.String(), "this ad was removed") {
				t.Errorf("removed ad of swapyard answers %d", w.Code)
			}
		}
		if !a.RemovedAt.IsZero() && a.Site != "swapyard" {
			b.SetNow(a.RemovedAt)
			if w := get(h, a.URL); w.Code != 410 {
				t.Errorf("removed ad of %s answers %d, want 410", a.Site, w.Code)
			}
		}
	}
	if !edited || !restored || !removed {
		t.Errorf("edited %v, restored %v, removed %v: the town lacks one", edited, restored, removed)
	}
}
