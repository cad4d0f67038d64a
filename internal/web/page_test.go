package web

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"vigil.example/internal/ad"
)

// A seen is what matters of a parsed page.
type seen struct {
	title   string
	targets []string // of links, forms and refreshes
}

// liveSource is the one script, of the page of results.
var liveSource = regexp.MustCompile(`^/live-[0-9a-f]{12}\.js$`)

// check parses a page and finds what no page may have.
func check(t *testing.T, body string) seen {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	var s seen
	ids, labelled := map[string]bool{}, map[string]bool{}
	var inputs []string
	var heads, mains int
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		at := map[string]string{}
		for _, a := range n.Attr {
			at[a.Key] = a.Val
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" {
				t.Errorf("<%s> has %s", n.Data, a.Key)
			}
		}
		if id := at["id"]; id != "" {
			if ids[id] {
				t.Errorf("id %q stands twice", id)
			}
			ids[id] = true
		}
		switch n.Data {
		case "script":
			if !liveSource.MatchString(at["src"]) || n.FirstChild != nil {
				t.Error("there is a <script> beside that of results")
			}
		case "img", "picture", "iframe", "object", "embed", "video", "audio", "style":
			t.Errorf("there is a <%s>", n.Data)
		case "svg":
			if at["class"] != "chart" || at["role"] == "" || at["aria-label"] == "" {
				t.Error("a drawing is no chart, or does not say what it is")
			}
		case "title":
			if n.Parent.Data != "head" { // of a bar
				break
			}
			s.title = n.FirstChild.Data
		case "h1":
			heads++
		case "main":
			mains++
		case "a", "link":
			s.targets = append(s.targets, at["href"])
		case "form":
			s.targets = append(s.targets, at["action"])
			if at["method"] != "post" {
				t.Errorf("form %s sends what it holds in an address", at["action"])
			}
		case "meta":
			if at["http-equiv"] != "" {
				s.targets = append(s.targets, at["content"])
			}
		case "label":
			labelled[at["for"]] = true
		case "input":
			if at["type"] == "text" || at["type"] == "password" {
				inputs = append(inputs, at["id"])
			}
		case "table":
			if n.Parent.Data != "div" || !strings.Contains(attr(n.Parent, "class"), "scroll") {
				t.Error("a table stands outside a box that scrolls")
			}
		}
	}
	for _, id := range inputs {
		if !labelled[id] {
			t.Errorf("input %q has no label", id)
		}
	}
	if heads != 1 || mains != 1 {
		t.Errorf("%d <h1>, %d <main>", heads, mains)
	}
	for _, to := range s.targets {
		if !strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "#") && to != "http://town.example/" && !strings.HasPrefix(to, "1;url=/inbox/next") {
			t.Errorf("leads to %q", to)
		}
	}
	return s
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

var telling = regexp.MustCompile(`(?i)555|rosa|wren|booking|2026-0412|alice`)

// TestEveryPage follows every link from home and looks at each page: it renders,
// has what a page must have, and gives nothing away by its address or title.
func TestEveryPage(t *testing.T) {
	h := newHouse(t)
	h.furnish()
	h.settle()
	h.to("/watches", "/watches", "value", number)
	h.to("/watches", "/watches", "value", "telegram:rosa_wren")
	h.see(adOf("late", "Here again", "Call nine one two 555 0123"), h.now)
	h.ask("9125550123")
	h.ask("bench city:wren")
	todo := []string{"/", "/inbox?live=5", "/password", "/purpose", "/about", "/packets", "/nowhere"}
	done := map[string]bool{}
	for len(todo) > 0 {
		at := todo[0]
		todo = todo[1:]
		if done[at] || strings.HasPrefix(at, "http") || strings.HasPrefix(at, "#") || strings.HasPrefix(at, "/inbox/next") {
			continue
		}
		done[at] = true
		res, body := h.get(at)
		if telling.MatchString(at) {
			t.Errorf("address %s tells something", at)
		}
		if strings.HasSuffix(at, ".css") {
			if res.StatusCode != 200 || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/css") {
				t.Errorf("GET %s: %d", at, res.StatusCode)
			}
			continue
		}
		if res.StatusCode != http.StatusOK && at != "/nowhere" {
			t.Errorf("GET %s: %d %s", at, res.StatusCode, strip(body))
			continue
		}
		headers(t, at, res.Header)
		s := check(t, body)
		if telling.MatchString(s.title) {
			t.Errorf("title of %s: %s", at, s.title)
		}
		if strings.Contains(body, "ZgotmplZ") {
			t.Errorf("GET %s: a value was refused by the template", at)
		}
		for _, to := range s.targets {
			if to, _, _ = strings.Cut(to, "#"); to != "" && to[0] == '/' && !actions[to] && !strings.HasSuffix(to, "/packet") && !strings.HasSuffix(to, "/export") {
				todo = append(todo, to)
			}
		}
	}
	if len(done) < 50 {
		t.Errorf("only %d pages were reached", len(done))
	}
	if telling.MatchString(strings.ReplaceAll(h.logged.String(), "/nowhere", "")) {
		t.Errorf("the log tells something: %s", h.logged)
	}
}

// actions are addresses that only forms use.
var actions = map[string]bool{"/search": true, "/sign-out": true, "/watches/end": true, "/inbox/read": true}

func headers(t *testing.T, at string, h http.Header) {
	t.Helper()
	allowed := policy
	if strings.HasPrefix(at, "/s/") {
		allowed = livePolicy
	}
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "Referrer-Policy": "same-origin", "X-Content-Type-Options": "nosniff", "Content-Security-Policy": allowed,
	} {
		if got := h.Get(name); got != want {
			t.Errorf("GET %s: %s is %q", at, name, got)
		}
	}
	if csp := h.Get("Content-Security-Policy"); strings.Contains(csp, "unsafe") || !strings.Contains(csp, "frame-ancestors 'none'") {
		t.Errorf("GET %s: %s", at, csp)
	}
}

func adOf(id, title, body string) ad.Listing {
	return ad.Listing{Site: "swapyard", NativeID: id, URL: "https://yard.example/" + id, Title: title, Body: body}
}

func TestClusterSaysWhy(t *testing.T) {
	h := newHouse(t)
	h.furnish()
	h.settle()
	_, body := h.get("/cluster/" + linked)
	s := strip(body)
	for _, want := range []string{
		"8 ads on 2 sites (swapyard and townboard) are linked because they share 1 contact value.",
		"They were seen 6–19 Mar 2026, and name as their place Port Wren; Austin, TX; North Wren. One of them has been taken down since.",
		"One more value in them is held back, because many unlike posters give it. That ads are linked",
		"912-555-0123 7 pairs joined by 912-555-0123",
		"both give 912-555-0123, which 1 of 30 posters uses (4 bits)",
		"Nothing is decided about these ads.",
		"desk@booking.example e-mail address, given by some 14 ads of about 11 unlike posters",
		"nine12 five five five 01 twenty three",
	} {
		if !strings.Contains(s, want) && !strings.Contains(s, strings.ReplaceAll(want, " .", ".")) {
			t.Errorf("missing %q in\n%s", want, s)
		}
	}
	if n := strings.Count(body, "both give"); n != 7 {
		t.Errorf("%d reasons for 8 ads", n)
	}
}

func TestAdShowsWhatWasRead(t *testing.T) {
	h := newHouse(t)
	h.furnish()
	h.settle()
	_, body := h.get("/ad/" + h.ads["g1"])
	if !strings.Contains(body, `>nine one two 555 0123</mark>, no voicemail`) {
		t.Errorf("the number is not marked: %s", strip(body))
	}
	_, body = h.get("/ad/" + h.ads["g0"])
	s := strip(body)
	for _, want := range []string{"2 contents", "Content B newest", "Content A", "Held back: given by some 14 ads", "https://town.example/ad/g0", "not a link", "Captures that showed it"} {
		if !strings.Contains(s, want) {
			t.Errorf("missing %q in\n%s", want, s)
		}
	}
	for _, want := range []string{"<del>New</del><ins>Back</ins> in town", "<del>$120</del><ins>$150</ins>"} {
		if !strings.Contains(body, want) {
			t.Errorf("missing %q", want)
		}
	}
	if strings.Contains(body, `href="https://town.example`) {
		t.Error("the site is linked")
	}
}
