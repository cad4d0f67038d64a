// Package internal_test holds the house rules that a compiler does not: which
// room may import which, and that every package says what it is for.
package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "vigil.example/"

// floors lists the rooms from the ground up. A room imports rooms on lower
// floors only. The desk stands between the steps and the doors, so that pages
// and API share one place where purpose and audit are enforced.
var floors = [][]string{
	{"ad", "text", "phone", "gazetteer"},
	{"stream", "pipeline", "capture", "site", "query", "casework", "access", "audit", "erasure", "generation"},
	{"crawl", "intake", "extract", "enrich", "link", "search", "alert", "trend", "export", "packet", "bazaar"},
	{"desk"},
	{"api", "web"},
	{"app"},
	{"bench"},
	{"cli"},
}

// doors are imports within a floor that are open all the same.
var doors = map[string][]string{
	"text":      {"ad"},
	"phone":     {"ad", "text"},
	"gazetteer": {"text"},
	"packet":    {"export"},
}

// folders of definitions that are embedded, with the floor they count as.
var folders = map[string]int{"crawlers": 1, "pipelines": 1}

func floorOf(room string) int {
	for i, f := range floors {
		if slices.Contains(f, room) {
			return i
		}
	}
	return -1
}

func TestPlan(t *testing.T) {
	rooms, packages := map[string]bool{}, map[string]bool{}
	documented := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && d.Name() == "testdata" {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || !strings.Contains(path, string(filepath.Separator)) {
			return nil
		}
		room, _, _ := strings.Cut(filepath.ToSlash(path), "/")
		rooms[room] = true
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		test := strings.HasSuffix(path, "_test.go")
		if dir := filepath.Dir(path); !test {
			packages[dir] = true
			if f.Doc != nil && strings.HasPrefix(f.Doc.Text(), "Package "+f.Name.Name+" ") {
				documented[dir] = true
			}
		}
		checkImports(t, path, room, test, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for room := range rooms {
		if floorOf(room) < 0 {
			t.Errorf("room %s stands on no floor; give it one in this test and in docs/architecture.md", room)
		}
	}
	for p := range packages {
		if !documented[p] {
			t.Errorf("package %s has no comment that says what it is for", p)
		}
	}
}

func checkImports(t *testing.T, path, room string, test bool, f *ast.File) {
	for _, i := range f.Imports {
		name, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(name, "github.com/nats-io/") && room != "stream" && room != "bench" {
			t.Errorf("%s imports %s; only room stream does, and bench for what it compares with", path, name)
		}
		own, ok := strings.CutPrefix(name, module)
		if !ok {
			continue
		}
		if inner, ok := strings.CutPrefix(own, "internal/"); ok {
			other, _, _ := strings.Cut(inner, "/")
			if other == room || slices.Contains(doors[room], other) {
				continue
			}
			if test && floorOf(room) >= 2 { // a test of a step may stand where app stands
				continue
			}
			if floorOf(other) >= floorOf(room) {
				t.Errorf("%s: %s (floor %d) imports %s (floor %d)", path, room, floorOf(room), other, floorOf(other))
			}
			continue
		}
		folder, _, _ := strings.Cut(own, "/")
		if at, ok := folders[folder]; !ok || at >= floorOf(room) && !test {
			t.Errorf("%s: %s imports %s", path, room, own)
		}
	}
}
