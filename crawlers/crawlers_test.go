package crawlers

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
	"vigil.example/internal/extract"
)

var update = flag.Bool("update", false, "write what extraction gives beside each page; read it before committing")

// A reading is what one saved page must give: what it is, its listings without
// the ids that follow from them, and where it leads.
type reading struct {
	Kind     ad.PageKind  `json:"kind"`
	Reason   string       `json:"reason"`
	AdID     string       `json:"ad_id,omitempty"`
	Listings []ad.Listing `json:"listings"`
	Outlinks []ad.Outlink `json:"outlinks,omitempty"`
}

var saved = regexp.MustCompile(`^<!-- saved from url=(\S+) status=(\d+) at=(\S+) type=([^>]+?) -->\n`)

// Beside each <page>.html stands <page>.json. A page's first line says where it
// came from: <!-- saved from url=… status=… at=… type=… -->.
func TestSavedPages(t *testing.T) {
	set, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	x := extract.New(set)
	for _, d := range set.All() {
		t.Run(d.Name, func(t *testing.T) {
			pages, err := filepath.Glob(filepath.Join(d.Name, "*.html"))
			if err != nil || len(pages) == 0 {
				t.Fatalf("no saved pages of %s: %v", d.Name, err)
			}
			for _, p := range pages {
				t.Run(strings.TrimSuffix(filepath.Base(p), ".html"), func(t *testing.T) { page(t, x, p) })
			}
		})
	}
}

func page(t *testing.T, x *extract.Extractor, path string) {
	src, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head := saved.FindSubmatch(src)
	if head == nil {
		t.Fatalf("%s: the first line is not <!-- saved from url=… status=… at=… type=… -->", path)
	}
	status, err := strconv.Atoi(string(head[2]))
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.Parse(time.RFC3339, string(head[3]))
	if err != nil {
		t.Fatal(err)
	}
	c := ad.Capture{V: ad.Schema, ID: "saved", URL: string(head[1]), FetchedAt: at, Status: status}
	r, err := x.Extract(c, extract.Page{Status: status, ContentType: string(head[4]), Body: src[len(head[0]):]})
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	for i := range r.Listings { // they change with the file's last comma
		l := &r.Listings[i]
		l.Definition, _, _ = strings.Cut(l.Definition, "@")
		l.ContentSHA256, l.VersionID = "", ""
	}
	got, err := json.MarshalIndent(reading{r.Outcome.Kind, r.Outcome.Reason, r.Outcome.AdID, r.Listings, r.Outcome.Outlinks}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	golden := strings.TrimSuffix(path, ".html") + ".json"
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatalf("%v; go test ./crawlers -run '/%s' -update writes it", err, filepath.Base(filepath.Dir(path)))
	}
	if diff := cmp.Diff(string(got), string(want)); diff != "" {
		t.Errorf("%s (-got +want):\n%s", path, diff)
	}
}

func TestDefinitionsAreWhole(t *testing.T) {
	set, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range set.All() {
		if d.About == "" || d.Country == "" || len(d.Language) == 0 || len(d.Seeds) == 0 {
			t.Errorf("%s lacks about, country, language or seeds", d.Name)
		}
	}
}
