package web

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"vigil.example/internal/access"
	"vigil.example/internal/export"
	"vigil.example/internal/query"
	"vigil.example/internal/search"
)

// A pressed is a button that searches for something, and the count on it.
type pressed struct {
	name, query string
	on          bool
	documents   int
}

// choices are the buttons of a page that change the query.
func choices(t *testing.T, body string) (out []pressed) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode || n.Data != "button" || attr(n, "name") != "q" {
			continue
		}
		one := pressed{query: attr(n, "value"), on: attr(n, "aria-pressed") == "true"}
		for d := range n.Descendants() {
			if d.Type != html.TextNode {
				continue
			}
			if attr(d.Parent, "class") == "num" {
				one.documents, _ = strconv.Atoi(strings.ReplaceAll(strings.TrimSpace(d.Data), ",", ""))
			} else if d.Parent.Data == "bdi" || d.Parent == n {
				one.name += d.Data
			}
		}
		if row := n.Parent.Parent; row.Data == "tr" { // of the table of times
			one.documents, _ = strconv.Atoi(row.LastChild.FirstChild.Data)
		}
		out = append(out, one)
	}
	return out
}

var results = regexp.MustCompile(`<h1>([0-9,]+) results?</h1>`)

func total(t *testing.T, body string) int {
	t.Helper()
	m := results.FindStringSubmatch(body)
	if m == nil {
		t.Fatalf("no results: %s", strip(body))
	}
	n, err := strconv.Atoi(strings.ReplaceAll(m[1], ",", ""))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Every count on the page is what pressing it gives, and pressing it again leads
// back to where one was.
func TestCountsAreWhatPressingGives(t *testing.T) {
	h := newHouse(t)
	h.furnish()
	h.settle()
	for _, q := range []string{"town OR bench", "912 555 0123", "garden -bench site:townboard"} {
		_, _, body := h.ask(q)
		all := total(t, body)
		seen := 0
		for _, c := range choices(t, body) {
			if c.on || c.documents == 0 || seen == 18 {
				continue
			}
			seen++
			_, res, next := h.ask(c.query)
			if res.StatusCode != http.StatusOK {
				t.Errorf("%s, press %s: %d %s", q, c.name, res.StatusCode, strip(next))
				continue
			}
			if got := total(t, next); got != c.documents {
				t.Errorf("%s, press %s (%s): %d results, %d told", q, c.name, c.query, got, c.documents)
			}
			back := false
			for _, again := range choices(t, next) {
				if !back && (again.on && again.name == c.name || again.documents == 0 && strings.HasSuffix(c.query, again.name)) {
					_, _, was := h.ask(again.query)
					back = total(t, was) == all
				}
			}
			if !back {
				t.Errorf("%s, press %s: nothing leads back", q, c.name)
			}
		}
		if seen < 3 {
			t.Errorf("%s: only %d choices", q, seen)
		}
	}
}

func TestToggled(t *testing.T) {
	site, err := query.NewField("site", "townboard")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		text, next string
		on         bool
	}{
		{"(912) 555-0123", "(912) 555-0123 site:townboard", false},
		{"rose OR tulip", "(rose OR tulip) site:townboard", false},
		{"rose site:TownBoard", "rose", true},
		{"site:townboard", "", true},
		{"rose tulip site:townboard", "rose tulip", true},
		{"rose -site:townboard", "rose -site:townboard site:townboard", false},
		{`"new in town"`, `"new in town" site:townboard`, false},
	} {
		n, err := query.Parse(c.text)
		if err != nil {
			t.Fatal(err)
		}
		if next, on := toggled(c.text, n, site); next != c.next || on != c.on {
			t.Errorf("%s: %q, %t; want %q, %t", c.text, next, on, c.next, c.on)
		}
	}
}

func TestViewStaysWhileNarrowing(t *testing.T) {
	h := newHouse(t)
	h.furnish()
	h.settle()
	at, _, _ := h.ask("town OR bench")
	_, body := h.get(at + "?by=cluster&every=month&sort=newest")
	if s := strip(body); !strings.Contains(s, "Cluster with 9 matching ads") || !strings.Contains(body, `name="by" value="cluster"`) || !strings.Contains(body, `name="every" value="month"`) {
		t.Errorf("by cluster: %s", s)
	}
	res, _ := h.post("/search", "q", "town", "sort", "newest", "by", "cluster", "every", "month", "page", "7")
	if to := res.Header.Get("Location"); !strings.HasSuffix(to, "?by=cluster&every=month&sort=newest") {
		t.Errorf("leads to %s", to)
	}
	res, _ = h.post("/search", "q", "town", "sort", "912 555 0123", "by", "rosa", "every", "wren")
	if to := res.Header.Get("Location"); strings.Contains(to, "?") {
		t.Errorf("what a form says stands in the address %s", to)
	}
}

// Pages go on to the last one.
func TestDeepPages(t *testing.T) {
	h := newHouse(t)
	h.furnish()
	h.settle()
	at, _, body := h.ask("town OR bench")
	if n := total(t, body); n != 39 || !strings.Contains(strip(body), "Page 1 of 2") {
		t.Errorf("%d results: %s", n, strip(body))
	}
	_, body = h.get(at + "?page=2")
	if s := strip(body); !strings.Contains(s, "Page 2 of 2") || strings.Contains(s, "There is no page") {
		t.Errorf("page 2: %s", s)
	}
	for _, page := range []string{"3", "99999999999", "2147483647"} {
		res, body := h.get(at + "?page=" + page)
		if res.StatusCode != http.StatusOK {
			t.Errorf("page %s: %d %s", page, res.StatusCode, strip(body))
		}
	}
}

func TestAlikePage(t *testing.T) {
	h := newHouse(t)
	h.furnish()
	h.settle()
	_, body := h.get("/ad/" + h.ads["g1"] + "/alike")
	if s := strip(body); !strings.Contains(s, "of the wording") || strings.Contains(s, "Garden bench") || strings.Count(s, "% of the wording") != 7 {
		t.Errorf("worded like the group: %s", s)
	}
	if res, _ := h.get("/ad/" + strings.Repeat("0", 32) + "/alike"); res.StatusCode != http.StatusNotFound {
		t.Errorf("of an ad that is not there: %d", res.StatusCode)
	}
}

func TestExportFromThePage(t *testing.T) {
	h := newHouse(t)
	h.furnish()
	h.settle()
	at, _, body := h.ask("town OR bench")
	if !strings.Contains(strip(body), "All 39 ads that match") {
		t.Errorf("the page offers no export: %s", strip(body))
	}
	for _, f := range export.Formats() {
		res, file := h.post(at+"/export", "format", string(f))
		name := res.Header.Get("Content-Disposition")
		if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != f.MediaType() || !strings.Contains(name, "."+string(f)) || telling.MatchString(name) {
			t.Errorf("%s: %d %v", f, res.StatusCode, res.Header)
		}
		if f == export.CSV {
			rows, err := csv.NewReader(bytes.NewReader([]byte(file))).ReadAll()
			if err != nil || len(rows) != 41 || rows[40][0] != "#end" || rows[40][2] != "39" {
				t.Errorf("CSV: %d rows, %v", len(rows), err)
			}
		}
	}
	if res, file := h.post(at+"/export", "format", "csv"); strings.Contains(file, "town.example") || !strings.Contains(res.Header.Get("Content-Disposition"), "redacted") {
		t.Errorf("what is not asked for in full is not redacted: %v", res.Header)
	}
	if res, file := h.post(at+"/export", "format", "csv", "full", "yes", "authority", "order 12"); res.StatusCode != http.StatusOK || !strings.Contains(file, `"full","authority","order 12"`) || !strings.Contains(res.Header.Get("Content-Disposition"), "full") {
		t.Errorf("in full: %d %v", res.StatusCode, res.Header)
	}
	if res, page := h.post(at+"/export", "format", "csv", "full", "yes"); res.StatusCode != http.StatusBadRequest || !strings.Contains(page, "needs an authority") {
		t.Errorf("in full, under nothing: %d", res.StatusCode)
	}
	if res, _ := h.post(at+"/export", "format", "pdf"); res.StatusCode != http.StatusBadRequest {
		t.Errorf("as pdf: %d", res.StatusCode)
	}
	h.audit.Outage(true)
	if res, file := h.post(at+"/export", "format", "csv"); res.StatusCode == http.StatusOK || strings.Contains(file, "0123") {
		t.Errorf("without a log: %d", res.StatusCode)
	}
	h.audit.Outage(false)
	h.to("/sign-in", "/sign-out")
	h.user("rita", access.Reader)
	h.to("/purpose?next=/", "/sign-in", "name", "rita", "password", goodPassword, "next", "/")
	h.to("/", "/purpose", "kind", "reason", "text", "reading", "next", "/")
	at, _, body = h.ask("bench")
	if strings.Contains(body, "/export") {
		t.Error("a reader is offered an export")
	}
	if res, _ := h.post(at+"/export", "format", "csv"); res.StatusCode != http.StatusForbidden {
		t.Errorf("a reader exports: %d", res.StatusCode)
	}
}

func TestTimesAreDrawnWhole(t *testing.T) {
	n, err := query.Parse("rose")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2024, 2, 26, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		days, every int
		asked       search.Step
		want        search.Step
	}{{2, 1, "", search.Daily}, {40, 1, "", search.Daily}, {40, 1, search.Weekly, search.Weekly}, {200, 3, "", search.Weekly}, {700, 20, search.Daily, search.Monthly}, {9000, 100, "", search.Monthly}} {
		t.Run(fmt.Sprintf("%d days, %s", c.days, c.asked), func(t *testing.T) {
			var days []search.Bucket
			sum := 0
			for i := 0; i < c.days; i += c.every {
				days = append(days, search.Bucket{From: at.AddDate(0, 0, i), Documents: 1 + i%5})
				sum += 1 + i%5
			}
			got := times("rose", n, days, c.asked)
			drawn := 0
			for i, b := range got.Bars {
				drawn += b.Documents
				if b.X < 0 || b.X+b.W > drawWidth+1 || b.Y < 0 || b.Y+b.H > timeFoot || i > 0 && b.X <= got.Bars[i-1].X {
					t.Fatalf("bar %d is drawn at %+v", i, b)
				}
			}
			if got.Step != c.want || drawn != sum && c.days < 5000 {
				t.Errorf("by %s, %d of %d ads", got.Step, drawn, sum)
			}
		})
	}
}

func TestPlacesAreOnTheMap(t *testing.T) {
	cells := []search.Cell{{Metro: "a", Lat: 47.6, Lon: -122.3, Documents: 50}, {Metro: "b", Lat: 25.8, Lon: -80.2, Documents: 20}, {Metro: "c", Lat: 51.5, Lon: -.1, Documents: 1}, {Metro: "d", Lat: 51.5, Lon: -.1, Documents: 1}}
	for n := 2; n <= len(cells); n++ {
		p := places(cells[:n], strings.ToUpper)
		for _, d := range p.Dots {
			if d.X < 0 || d.X > drawWidth || d.Y < 0 || d.Y > float64(p.Height) {
				t.Errorf("%d areas: %s is drawn at %g, %g of %d", n, d.Name, d.X, d.Y, p.Height)
			}
		}
		if !(p.Dots[0].X < p.Dots[1].X && p.Dots[0].Y < p.Dots[1].Y && p.Dots[0].R > p.Dots[1].R) {
			t.Errorf("Seattle is not north west of Miami, or smaller: %+v", p.Dots[:2])
		}
	}
	if places(cells[2:], strings.ToUpper) == nil || places(cells[:1], strings.ToUpper) != nil {
		t.Error("a map of one area, or none of two in one place")
	}
}
