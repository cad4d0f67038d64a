package site_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/rogpeppe/go-internal/txtar"

	"vigil.example/internal/site"
)

var update = flag.Bool("update", false, "rewrite the expected half of the txtar files")

// private leaves out what Parse compiles.
var private = cmpopts.IgnoreUnexported(site.Definition{}, site.Scope{}, site.PageRule{}, site.ListRule{}, site.Field{})

const townboard = `
name: townboard
about: A made-up board
language: [en, es]
country: US
seeds:
  - https://townboard.example/list?page=1
scope:
  hosts: [townboard.example, m.townboard.example]
  allow: ["^/list", "^/ad/"]
  deny: ["[?&]sort="]
  depth: 7
  strip: [sid, "utm_*"]
polite:
  delay: 250ms
  parallel: 2
  timeout: 10s
revisit:
  list: 15m
  detail: 24h
pages:
  - kind: removed
    status: [410]
  - kind: detail
    url: "^/ad/[0-9]+"
    has: h1
    lacks: .gone
    text: "(?i)posted"
list:
  item: ul.ads a.ad
  next: a[rel=next]
detail:
  native_id: {url: true, match: "/ad/([0-9]+)"}
  title: {select: h1, drop: [.badge]}
  posted_at:
    select: time
    attr: datetime
    layout: ["2 Jan 2006 15:04"]
    zone: America/New_York
  contacts:
    - kind: phone
      select: a.call
      attr: href
      match: "tel:(.*)"
`

func TestParse(t *testing.T) {
	got, err := site.Parse("crawlers/townboard.yaml", []byte(townboard))
	if err != nil {
		t.Fatal(err)
	}
	want := &site.Definition{
		Name: "townboard", About: "A made-up board", Language: []string{"en", "es"}, Country: "US",
		Seeds: []string{"https://townboard.example/list?page=1"},
		Scope: site.Scope{
			Hosts: []string{"townboard.example", "m.townboard.example"},
			Allow: []string{"^/list", "^/ad/"}, Deny: []string{"[?&]sort="}, Depth: 7, Strip: []string{"sid", "utm_*"},
		},
		Polite:  site.Polite{Delay: 250 * time.Millisecond, Parallel: 2, Timeout: 10 * time.Second},
		Revisit: site.Revisit{List: 15 * time.Minute, Detail: 24 * time.Hour},
		Pages: []site.PageRule{
			{Kind: "removed", Status: []int{410}},
			{Kind: "detail", URL: "^/ad/[0-9]+", Has: "h1", Lacks: ".gone", Text: "(?i)posted"},
		},
		List: site.ListRule{Item: "ul.ads a.ad", Next: "a[rel=next]"},
		Detail: site.DetailRule{
			NativeID: site.Field{URL: true, Match: "/ad/([0-9]+)"},
			Title:    site.Field{Select: "h1", Drop: []string{".badge"}},
			PostedAt: site.Field{Select: "time", Attr: "datetime", Layout: []string{"2 Jan 2006 15:04"}, Zone: "America/New_York"},
			Contacts: []site.ContactField{{Kind: "phone", Field: site.Field{Select: "a.call", Attr: "href", Match: "tel:(.*)"}}},
		},
		Digest: "c24411d68500",
	}
	if diff := cmp.Diff(want, got, private); diff != "" {
		t.Errorf("definition (-want +got):\n%s", diff)
	}
}

func TestParseFillsInDefaults(t *testing.T) {
	got, err := site.Parse("a.yaml", []byte("name: a\nseeds: [\"https://Town.example:443/x\", \"http://town.example:8080/\"]\n"))
	if err != nil {
		t.Fatal(err)
	}
	got.Digest = ""
	want := &site.Definition{
		Name: "a", Seeds: []string{"https://Town.example:443/x", "http://town.example:8080/"},
		Scope:  site.Scope{Hosts: []string{"town.example", "town.example:8080"}, Depth: 50},
		Polite: site.Polite{Delay: time.Second, Parallel: 1, Timeout: 30 * time.Second},
	}
	if diff := cmp.Diff(want, got, private); diff != "" {
		t.Errorf("definition (-want +got):\n%s", diff)
	}
}

func TestParseBad(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, err = site.Parse("crawlers/townboard.yaml", a.Files[0].Data)
			if err == nil {
				t.Fatal("no error")
			}
			got := err.Error() + "\n"
			if *update {
				a.Files[1].Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(a.Files[1].Data), got); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(townboard))
	files, _ := filepath.Glob("testdata/bad/*.txtar")
	for _, file := range files {
		if a, err := txtar.ParseFile(file); err == nil {
			f.Add(a.Files[0].Data)
		}
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		d, err := site.Parse("a.yaml", src)
		if err != nil {
			if d != nil || !strings.HasPrefix(err.Error(), "read site a.yaml: ") {
				t.Errorf("definition %v with error %q", d, err)
			}
			return
		}
		if err := d.Validate(); err != nil {
			t.Errorf("valid once, not twice: %v", err)
		}
	})
}
