package crawlers

import (
	"flag"
	"fmt"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vigil.example/internal/bazaar"
)

var save = flag.Bool("save", false, "save pages of the made-up town anew, after a change of its layouts or words")

// TestSavePages is how the saved pages of the made-up sites came about; without
// -save it checks that the town still writes them so.
func TestSavePages(t *testing.T) {
	c := bazaar.DefaultConfig()
	c.Ads = 600
	town, err := bazaar.New(c)
	if err != nil {
		t.Fatal(err)
	}
	town.SetNow(c.Start.Add(5 * 24 * time.Hour))
	for address, name := range map[string]string{
		"http://townboard.example/portland/massage/":                  "list",
		"http://townboard.example/":                                   "newest",
		"http://townboard.example/post/7100000001.html":               "wall",
		"http://townboard.example/post/7100000002.html":               "cut-in-head",
		"http://townboard.example/post/7100000003.html":               "no-bytes",
		"http://townboard.example/help.html":                          "help",
		"http://townboard.example/post/7100000999.html":               "nobody-knows",
		"http://swapyard.example/y/chicago/stf":                       "list",
		"http://swapyard.example/info/help":                           "help",
		"http://laplaza.example/lista?ciudad=laredo&seccion=compania": "list",
		"http://laplaza.example/ayuda":                                "help",
	} {
		savePage(t, town, name, address)
	}
	taken := map[string]bool{}
	for _, a := range town.Truth(town.Now()).Ads {
		for _, name := range fitting(t, town, a) {
			if !taken[a.Site+name] {
				taken[a.Site+name] = true
				savePage(t, town, name, a.URL)
				break
			}
		}
	}
}

// fitting names the cases that an ad's page may stand for.
func fitting(t *testing.T, town *bazaar.Town, a bazaar.AdTruth) []string {
	if !a.RemovedAt.IsZero() {
		return []string{"removed"}
	}
	if a.Broken != "" {
		return []string{a.Broken}
	}
	b := body(t, town, a.URL).Body.String()
	var out []string
	for name, ok := range map[string]bool{
		"edited": len(a.Versions) > 1, "goods": a.Category == "goods" && strings.Contains(b, "<img"), "wanted": a.Category == "wanted",
		"entities": strings.Contains(b, "&#53;"), "zero-width": strings.ContainsAny(b, "\u200b\u2060\u200d"),
		"phone-field": strings.Contains(b, `class="ph"`), "phone-link": strings.Contains(b, `href="tel:`),
		"two-numbers": len(a.Phones) == 2 && len(a.Hubs) == 0, "booking-service": len(a.Hubs) == 1,
		"english": a.Site == "laplaza" && a.Lang == "en" && a.Category == "rooms",
	} {
		if ok {
			out = append(out, name)
		}
	}
	if len(out) > 1 { // a page stands for one case
		return nil
	}
	return out
}

func body(t *testing.T, town *bazaar.Town, address string) *httptest.ResponseRecorder {
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("GET", u.RequestURI(), nil)
	r.Host = u.Host
	w := httptest.NewRecorder()
	town.Handler().ServeHTTP(w, r)
	return w
}

func savePage(t *testing.T, town *bazaar.Town, name, address string) {
	w := body(t, town, address)
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	folder := strings.TrimSuffix(u.Host, ".example")
	page := fmt.Sprintf("<!-- saved from url=%s status=%d at=%s type=%s -->\n%s", address, w.Code, town.Now().Format(time.RFC3339), w.Header().Get("Content-Type"), w.Body)
	file := filepath.Join(folder, name+".html")
	if *save {
		if err := os.WriteFile(file, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	saved, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; go test ./crawlers -run SavePages -save writes it", err)
	}
	if page != string(saved) {
		t.Errorf("%s is no longer what the town writes; go test ./crawlers -run SavePages -save", file)
	}
}
