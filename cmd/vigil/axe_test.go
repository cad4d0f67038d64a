package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// pageless are addresses that give no page of their own.
var pageless = map[string]string{
	"/favicon.ico":      "no page",
	"/robots.txt":       "no page",
	"/inbox/next":       "waits and leads to the inbox",
	"/ad/{id}/correct":  "the page of the ad, after signing in again",
	"/ad/{id}/withdraw": "the page of the ad, after signing in again",
	"/ad/{id}/label":    "the page of the ad, after signing in again",
	"/ad/{id}/unlabel":  "the page of the ad, after signing in again",

	"/cluster/{id}/decide":   "the page of the cluster, after signing in again",
	"/cluster/{id}/undecide": "the page of the cluster, after signing in again",
	"/cluster/{id}/label":    "the page of the cluster, after signing in again",
	"/cluster/{id}/unlabel":  "the page of the cluster, after signing in again",
	"/lookup/{id}/csv":       "a file",
	"/lookup/{id}/watch":     "the page of the lookup, after signing in again",
	"/s/{id}/live":           "a line that counts",
	"/saved/{id}/{do}":       "the page of the saved search, after signing in again",
	"/watchlist/{id}/csv":    "a file",
}

// Somebody else's tool, axe-core, finds nothing wrong for people who see little, use
// no mouse or have pages read to them: on every page, narrow and wide, light and
// dark, in a real browser. A page that is added is found by its route.
func TestPagesAreAccessible(t *testing.T) {
	script, err := os.ReadFile(filepath.Join("..", "..", ".cache", "axe.min.js"))
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("axe-core is missing; .ci/install.sh installs it")
		}
		t.Skip("axe-core is missing: make install")
	}
	d := startDemo(t, t.TempDir(), "--ads", "400", "--frozen")
	select {
	case <-d.crawled:
	case <-time.After(patience):
		t.Fatalf("the first crawl does not end:\n%s", d.text())
	}
	x := &axe{page: browse(t, t.TempDir()), script: string(script), url: d.url, links: map[string]string{}, seen: map[string]bool{}}
	x.open(d.url)
	x.look("/sign-in")
	x.typeIn("#name", "admin")
	x.typeIn("#password", d.password)
	x.click(`//button[.='Sign in']`)
	x.look("/purpose")
	x.typeIn("#text", "2026-0412")
	x.click(`//button[.='Go on']`)
	x.look("/")
	group := busiestGroup(t, 400)
	for name, q := range map[string]string{"many": "day", "a number": group.Phone, "none": "xylophone city:wren", "a fault": "sitte:townboard"} {
		x.open(d.url)
		x.typeIn("#q", q)
		x.click(`//form[@role='search']//button[.='Search']`)
		x.look("/s/{id}, " + name)
	}
	x.seen["/s/{id}"] = true
	x.open(d.url)
	x.find(group.Phone)
	x.click(`(//a[starts-with(@href,'/cluster/')])[1]`)
	x.click(watchButton(group.Phone))

	x.open(d.url + "/saved")
	x.typeIn("#s-name", "Days near the river")
	x.typeIn("#s-q", "sitte:x")
	x.click(`//button[.='Save']`)
	x.look("/saved, a fault")
	x.open(d.url + "/saved")
	x.typeIn("#s-name", "Days near the river")
	x.typeIn("#s-q", "day")
	x.click(`//button[.='Save']`)
	x.look("/saved/{id}")
	x.open(d.url + "/lookup")
	x.typeIn("#list", spelled(group.Phone)+"\n912-555-0199\ncall me maybe")
	x.click(`//button[.='Look up']`)
	x.look("/lookup/{id}")
	x.click(`//a[starts-with(.,'not found')]`)
	x.look("/lookup/{id}, not found")
	x.click(`//a[starts-with(.,'not read')]`)
	x.look("/lookup/{id}, not read")
	x.click(`//a[starts-with(.,'found')]`)
	x.typeIn("#name", "From the tip line")
	x.click(`//button[.='Watch as a list']`)
	x.look("/watchlist/{id}")

	for _, route := range pages(t) {
		switch {
		case x.seen[route] || pageless[route] != "":
			continue
		case strings.Contains(route, "{id}") && x.links[route] == "":
			t.Errorf("no page links to %s: say here how one gets there, or why it is no page", route)
			continue
		case strings.Contains(route, "{id}"):
			x.open(d.url + x.links[route])
		default:
			x.open(d.url + route)
		}
		x.look(route)
	}
	for _, ask := range []string{"Show the path of reasons", "Say what would become of the cluster", "Show near misses and rivals", "Show the forms"} {
		x.open(d.url + x.links["/cluster/{id}/why"])
		x.click(`//button[.='` + ask + `']`)
		if x.text("#answer") == "" {
			t.Errorf("%q is answered by nothing", ask)
		}
		x.look("/cluster/{id}/why, " + ask)
	}
	x.open(d.url + "/nothing")
	x.look("a page that is not there")
	x.must("spoil the page", chromedp.Do(x.ctx, chromedp.Evaluate[chromedp.Void](`document.querySelector("main").append(document.createElement("button"));undefined`)))
	if got := x.violations(`{runOnly: ["wcag2a"]}`); !slices.ContainsFunc(got.Violations, func(v violation) bool { return v.ID == "button-name" }) {
		t.Errorf("axe does not see a button without a name: %+v", got)
	}
	d.stop(t)
}

// pages are the addresses of the pages, those that others link to with ids last.
func pages(t *testing.T) []string {
	t.Helper()
	src, err := os.ReadFile(filepath.Join("..", "..", "internal", "web", "web.go"))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, m := range regexp.MustCompile(`"GET (/[^"]*)"`).FindAllStringSubmatch(string(src), -1) {
		found[strings.TrimSuffix(m[1], "{$}")] = true
	}
	out := slices.Sorted(maps.Keys(found))
	slices.SortStableFunc(out, func(a, b string) int { return strings.Count(a, "{id}") - strings.Count(b, "{id}") })
	if len(out) < 15 {
		t.Fatalf("only %d pages are found in web.go", len(out))
	}
	return out
}

// An axe looks at pages.
type axe struct {
	*page
	script string
	url    string
	links  map[string]string // by the shape of the address, one each
	seen   map[string]bool
}

var anID = regexp.MustCompile(`^[a-z]{22}$|^[0-9a-f]{32}$|^c[0-9a-f]{15}$`)

// look has axe judge the page that is open in every size and light, and notes where
// it links to.
func (x *axe) look(name string) {
	x.t.Helper()
	x.seen[name] = true
	hrefs, err := chromedp.Run(x.ctx, chromedp.Evaluate[[]string](`[...document.links].map(a => a.getAttribute("href"))`))
	x.must("read the links of "+name, err)
	for _, h := range hrefs {
		h, _, _ = strings.Cut(h, "#")
		h, _, _ = strings.Cut(h, "?")
		parts := strings.Split(h, "/")
		for i, p := range parts {
			if anID.MatchString(p) {
				parts[i] = "{id}"
			}
		}
		if shape := strings.Join(parts, "/"); strings.HasPrefix(shape, "/") && x.links[shape] == "" {
			x.links[shape] = h
		}
	}
	x.must("bring axe to "+name, chromedp.Do(x.ctx, chromedp.Evaluate[chromedp.Void](x.script+";undefined")))
	for _, width := range []int64{1280, 380} {
		x.must("size", chromedp.Do(x.ctx, chromedp.EmulateViewport(width, 900)))
		for _, light := range []string{"light", "dark"} {
			_, err := chromedp.Call(x.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: light}}})
			x.must("light", err)
			x.judge(name, width, light)
		}
	}
	over, err := chromedp.Run(x.ctx, chromedp.Evaluate[float64](`document.querySelectorAll("details").forEach(d => d.open = true), document.documentElement.scrollWidth - innerWidth`))
	x.must("measure "+name, err)
	if over > 0 {
		x.t.Errorf("%s, on a phone with all of it open: %g pixels stand beside the screen", name, over)
	}
}

func (x *axe) judge(name string, width int64, light string) {
	x.t.Helper()
	options := `{resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}`
	if light == "dark" { // only colours differ
		options = `{resultTypes: ["violations"], runOnly: {type: "rule", values: ["color-contrast", "link-in-text-block"]}}`
	}
	r := x.violations(options)
	if r.Passes == 0 {
		x.t.Errorf("%s, %d wide, %s: axe looked at nothing", name, width, light)
	}
	for _, v := range r.Violations {
		x.t.Errorf("%s, %d wide, %s: %s (%s)\n  %s", name, width, light, v.Help, v.ID, strings.Join(v.Nodes, "\n  "))
	}
}

// A verdict is what axe says of a page.
type verdict struct {
	Passes     int
	Violations []violation
}

type violation struct {
	ID, Help string
	Nodes    []string
}

func (x *axe) violations(options string) (v verdict) {
	x.t.Helper()
	found, err := chromedp.Run(x.ctx, chromedp.Evaluate[string](`axe.run(document, `+options+`).then(r => JSON.stringify({
		passes: r.passes.length,
		violations: r.violations.map(v => ({id: v.id, help: v.help, nodes: v.nodes.slice(0, 4).map(n => n.target.join(" ") + ": " + n.failureSummary)})),
	}))`, chromedp.EvalAwaitPromise))
	x.must("have axe judge a page", err)
	if err := json.Unmarshal([]byte(found), &v); err != nil {
		x.t.Fatal(err)
	}
	return v
}
