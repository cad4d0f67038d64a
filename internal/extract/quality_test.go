package extract_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
	"vigil.example/internal/extract"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// A labelled page is one entry of a set's index.json.
type labelled struct {
	File     string   `json:"file"`
	Kind     string   `json:"kind"`
	URL      string   `json:"url"`
	Expected expected `json:"expected"`
}

type expected struct {
	Title    string          `json:"title"`
	TitleAlt []string        `json:"title_alt"`
	Price    json.Number     `json:"price"`
	Location string          `json:"location"`
	PostedAt string          `json:"posted_at"`
	Body     string          `json:"body_contains"`
	Image    string          `json:"main_image"`
	Images   int             `json:"images_count"`
	Items    *int            `json:"item_count"`
	Next     json.RawMessage `json:"next_page"`
}

func labelledPages(t testing.TB, dir string) []labelled {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "index.json"))
	if err != nil {
		t.Fatal(err)
	}
	var index struct {
		Pages []labelled `json:"pages"`
	}
	if err := json.Unmarshal(b, &index); err != nil {
		t.Fatal(err)
	}
	return index.Pages
}

// readPage extracts a labelled page as an import would.
func readPage(t testing.TB, dir string, p labelled) (extract.Result, time.Duration) {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(dir, p.File))
	if err != nil {
		t.Fatal(err)
	}
	at := p.URL
	if at == "" {
		at = extract.PageURL(body)
	}
	if at == "" {
		at = "file:///" + p.File
	}
	c := ad.Capture{ID: p.File, URL: at, Via: ad.ViaImport, Status: 200, FetchedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	start := time.Now()
	r, err := extract.New(nil).Extract(c, extract.Page{Status: 200, Body: body})
	took := time.Since(start)
	if err != nil {
		t.Fatalf("%s: %v", p.File, err)
	}
	return r, took
}

// A tally counts what was found of what is known.
type tally struct{ found, known int }

func (t *tally) add(ok bool) bool {
	t.known++
	if ok {
		t.found++
	}
	return ok
}

func (t tally) String() string { return fmt.Sprintf("%d of %d", t.found, t.known) }

// measure scores a set of pages by the rule of its index and returns the lines
// of the golden file. miss is called for every answer that is wrong.
func measure(t testing.TB, dir string, miss func(file, field, want, got string)) (lines []string, kinds, titles tally, empty int) {
	t.Helper()
	fields := map[string]*tally{}
	score := func(file, field, want, got string, ok bool) {
		if fields[field] == nil {
			fields[field] = &tally{}
		}
		if !fields[field].add(ok) {
			miss(file, field, want, got)
		}
	}
	var times []time.Duration
	for _, p := range labelledPages(t, dir) {
		r, took := readPage(t, dir, p)
		times = append(times, took)
		kind := string(r.Outcome.Kind)
		score(p.File, "kind", p.Kind, kind+": "+r.Outcome.Reason, kind == p.Kind)
		for _, l := range r.Listings {
			if l.Empty() {
				empty++
			}
		}
		e := p.Expected
		if p.Kind == "list" && e.Items != nil && kind == "list" {
			n := 0
			next := false
			for _, o := range r.Outcome.Outlinks {
				if o.Kind == ad.LinkDetail {
					n++
				}
				next = next || o.Kind == ad.LinkList
			}
			if p.URL != "" || *e.Items == 0 || n > 0 {
				off := max(n-*e.Items, *e.Items-n)
				score(p.File, "list items", strconv.Itoa(*e.Items), strconv.Itoa(n), off <= max(1, *e.Items/20))
			}
		}
		if p.Kind != "detail" {
			continue
		}
		var l ad.Listing
		if len(r.Listings) == 1 {
			l = r.Listings[0]
		}
		if e.Title != "" {
			ok := slices.ContainsFunc(append(e.TitleAlt, e.Title), func(want string) bool { return sameTitle(want, l.Title) })
			score(p.File, "title", e.Title, l.Title+" ("+l.Methods["title"]+")", ok)
		}
		if e.Price != "" {
			score(p.File, "price", e.Price.String(), fmt.Sprint(l.Price, l.Methods["price"]), l.Price != nil && whole(l.Price.Amount) == e.Price.String())
		}
		if e.Location != "" {
			score(p.File, "location", e.Location, l.Location+" ("+l.Methods["location"]+")", samePlace(e.Location, l.Location))
		}
		if e.PostedAt != "" {
			score(p.File, "posted_at", e.PostedAt, l.PostedAt.Format(time.RFC3339)+" "+l.Methods["posted_at"], l.PostedAt.Format(time.DateOnly) == clipTo(e.PostedAt, 10))
		}
		if e.Body != "" {
			score(p.File, "body", e.Body, l.Body+" ("+l.Methods["body"]+")", strings.Contains(fold(l.Body), fold(clipTo(e.Body, 50))))
		}
		if e.Image != "" || e.Images > 0 {
			score(p.File, "an image", e.Image, strings.Join(l.Images, " "), len(l.Images) > 0 && (e.Image == "" || slices.Contains(l.Images, e.Image)))
		}
	}
	for _, f := range []string{"kind", "title", "price", "location", "posted_at", "body", "an image", "list items"} {
		if fields[f] != nil {
			lines = append(lines, fmt.Sprintf("%-10s %s", f, fields[f]))
		}
	}
	lines = append(lines, fmt.Sprintf("%-10s %d", "empty ads", empty))
	slices.Sort(times)
	t.Logf("%d pages, median %v, slowest %v", len(times), times[len(times)/2], times[len(times)-1])
	if fields["title"] != nil {
		titles = *fields["title"]
	}
	return lines, *fields["kind"], titles, empty
}

func wordsOf(s string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsFuncSeq(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		m[w] = true
	}
	return m
}

func common(a, b map[string]bool) (n float64) {
	for w := range a {
		if b[w] {
			n++
		}
	}
	return n
}

func sameTitle(want, got string) bool {
	w, g := wordsOf(want), wordsOf(got)
	c := common(w, g)
	return len(w) > 0 && len(g) > 0 && c >= .8*float64(len(w)) && c >= .5*float64(len(g))
}

func samePlace(want, got string) bool {
	w, g := wordsOf(want), wordsOf(got)
	short := min(len(w), len(g))
	return short > 0 && common(w, g) >= .5*float64(short)
}

func whole(amount string) string {
	f, err := strconv.ParseFloat(amount, 64)
	if err != nil {
		return ""
	}
	return strconv.FormatFloat(math.Round(f), 'f', 0, 64)
}

func fold(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

func clipTo(s string, n int) string {
	r := []rune(s)
	return string(r[:min(len(r), n)])
}

// pagesDir gives the folder of real pages, "" when there is none: those pages
// belong to others and are not part of the project.
func pagesDir(t testing.TB) string {
	dir := os.Getenv("VIGIL_PAGES")
	if dir == "" {
		t.Log("VIGIL_PAGES is not set: the project's own synthetic pages are measured instead of real ones")
	}
	return dir
}

// TestQualitySynthetic keeps the figures of the project's own pages as a golden
// file, so that a change for better or worse is a diff.
func TestQualitySynthetic(t *testing.T) {
	lines, _, _, empty := measure(t, "testdata/pages", func(file, field, want, got string) {
		t.Logf("%s: %s\n\twant %s\n\tgot  %s", file, field, want, got)
	})
	if empty > 0 {
		t.Errorf("%d empty ads, want none", empty)
	}
	got := strings.Join(lines, "\n") + "\n"
	const golden = "testdata/quality.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("quality (-want +got):\n%s", diff)
	}
}

// TestQualityReal holds the bars on real pages.
func TestQualityReal(t *testing.T) {
	dir := pagesDir(t)
	if dir == "" {
		return // TestQualitySynthetic measures the project's own
	}
	lines, kinds, titles, empty := measure(t, dir, func(file, field, want, got string) {
		if os.Getenv("VIGIL_MISSES") != "" {
			t.Logf("%s: %s\n\twant %s\n\tgot  %s", file, field, want, clipTo(strings.ReplaceAll(got, "\n", "⏎"), 300))
		}
	})
	t.Logf("real pages:\n%s", strings.Join(lines, "\n"))
	if kinds.found < 70 {
		t.Errorf("kind right on %v pages, want at least 70", kinds)
	}
	if titles.found < 42 {
		t.Errorf("title right on %v detail pages, want at least 42", titles)
	}
	if empty > 0 {
		t.Errorf("%d empty ads, want none", empty)
	}
}
