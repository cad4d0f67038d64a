package app

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"vigil.example/internal/search/elastic"
	"vigil.example/internal/search/elastic/elastictest"
	"vigil.example/internal/site"
)

// A folder remembers where its index is kept, and how to be let in there but no
// secret; a process that was told something else is refused, unless it is to move it.
func TestFolderRemembersItsEngine(t *testing.T) {
	const nowhere = "http://127.0.0.1:9" // nothing answers there
	data := t.TempDir()
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("zyx secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	far := elastic.Server{URLs: []string{nowhere, "http://127.0.0.1:10"}, User: "vigil", PasswordFile: password}
	open := func(change func(*Config)) (kept elastic.Server, err error) {
		t.Helper()
		cfg := Config{Version: "test", Data: data, Kind: Real, Sites: site.NewSet(), Log: slog.New(slog.DiscardHandler)}
		change(&cfg)
		a, err := New(t.Context(), cfg)
		if err != nil {
			return kept, err
		}
		defer a.Close()
		if a.cfg.Index.URLs == nil {
			_, is := a.engine.(files)
			if !is {
				t.Error("no URL, and no file either")
			}
		}
		return a.cfg.Index, nil
	}
	// Opening a new folder without indexing anything decides nothing.
	if s, err := open(func(*Config) {}); err != nil || s.URLs != nil {
		t.Fatalf("a new folder: %+v, %v", s, err)
	}
	if s, err := open(func(c *Config) { c.Index = far }); err != nil || len(s.URLs) != 2 {
		t.Fatalf("founded in Elasticsearch: %+v, %v", s, err)
	}
	b, err := os.ReadFile(filepath.Join(data, "vigil.json"))
	if err != nil || strings.Contains(string(b), "secret") || !strings.Contains(string(b), `"elasticsearch"`) {
		t.Errorf("the marker: %s, %v", b, err)
	}
	for name, c := range map[string]struct {
		change func(*Config)
		says   string
	}{
		"nothing is said":                {func(*Config) {}, ""},
		"one of the nodes":               {func(c *Config) { c.Index, c.Index.URLs = far, []string{nowhere + "/"} }, ""},
		"a file":                         {func(c *Config) { c.IndexFile = true }, "--move-index"},
		"another cluster":                {func(c *Config) { c.Index.URLs = []string{"http://127.0.0.1:11"} }, "http://127.0.0.1:11"},
		"looking at it says nothing new": {func(c *Config) { c.IndexFile, c.examining = true, true }, "leave --index out"},
	} {
		s, err := open(c.change)
		switch {
		case c.says == "" && (err != nil || s.PasswordFile != password || s.User != "vigil" || len(s.URLs) == 0):
			t.Errorf("%s: %+v, %v", name, s, err)
		case c.says != "" && (!errors.Is(err, ErrFolder) || !strings.Contains(err.Error(), c.says)):
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
	// Another way to be let in is no other place.
	other := password + ".2"
	if err := os.WriteFile(other, []byte("another"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if s, err := open(func(c *Config) { c.Index.User, c.Index.PasswordFile = "desk", other }); err != nil || s.User != "desk" || s.PasswordFile != other {
			t.Errorf("another user: %+v, %v", s, err)
		}
		if s, err := open(func(*Config) {}); err != nil || s.User != "desk" || s.PasswordFile != other {
			t.Errorf("another user, remembered: %+v, %v", s, err)
		}
		other, password = password, other
	}
	if _, err := open(func(c *Config) { c.IndexFile, c.MoveIndex = true, true }); err != nil {
		t.Errorf("moving away from what does not answer: %v", err)
	}
	if s, err := open(func(*Config) {}); err != nil || s.URLs != nil {
		t.Errorf("moved: %+v, %v", s, err)
	}
	if _, err := open(func(c *Config) { c.Index = far }); !errors.Is(err, ErrFolder) {
		t.Errorf("Elasticsearch again: %v", err)
	}
	if _, err := open(func(c *Config) { c.Index, c.MoveIndex = far, true }); err == nil {
		t.Error("it moved to where nothing answers")
	}
	if s, err := open(func(*Config) {}); err != nil || s.URLs != nil {
		t.Errorf("after a move that failed: %+v, %v", s, err)
	}
}

// An index file that lies in the folder of an instance whose index is in Elasticsearch,
// since it began before the folder remembered that, is named by doctor and deleted by
// the next start; in one whose index is a file it stays.
func TestIndexFilesLeftBehind(t *testing.T) {
	data := filepath.Join(t.TempDir(), "a [folder]*")
	open := func(change func(*Config)) {
		t.Helper()
		cfg := Config{Version: "test", Data: data, Kind: Real, Sites: site.NewSet(), Log: slog.New(slog.DiscardHandler)}
		change(&cfg)
		a, err := New(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		a.Close()
	}
	there := func() (names []string) {
		t.Helper()
		entries, err := os.ReadDir(data)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), "index") && e.Name() != "index.db-wal" { // opening makes one
				names = append(names, e.Name())
			}
		}
		return names
	}
	open(func(*Config) {})
	old := []string{"index-12.db", "index-12.db-wal", "index.db", "index.db-shm", "index.db.mine"}
	for _, name := range old {
		if err := os.WriteFile(filepath.Join(data, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	open(func(*Config) {})
	if got := there(); !slices.Equal(got, old) {
		t.Errorf("of a folder that keeps its index in a file: %v", got)
	}
	far := func(c *Config) { c.Index.URLs = []string{"http://127.0.0.1:9"} }
	open(func(c *Config) { far(c); c.examining = true })
	if got := there(); !slices.Equal(got, old) {
		t.Errorf("who only looks has deleted: %v", got)
	}
	open(far)
	if got := there(); !slices.Equal(got, []string{"index.db.mine"}) {
		t.Errorf("left: %v", got)
	}
	for _, name := range old {
		if err := os.WriteFile(filepath.Join(data, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var said []string
	findings := Examine(t.Context(), Config{Version: "test", Data: data, Kind: Real, Sites: site.NewSet(), Log: slog.New(slog.DiscardHandler)}, Examiner{})
	for _, f := range findings {
		if strings.Contains(f.Text, "was left here") {
			said = append(said, f.Text)
		}
	}
	if len(said) != 2 {
		t.Errorf("doctor says %q of %+v", said, findings)
	}
	open(func(*Config) {})
	if got := there(); !slices.Equal(got, []string{"index.db.mine"}) {
		t.Errorf("left once more: %v", got)
	}
}

// A process that opened the folder before another moved the index into it deletes
// nothing there, and does not go on with the index that was left.
func TestIndexMovedMeanwhile(t *testing.T) {
	data := t.TempDir()
	cfg := Config{Version: "test", Data: data, Kind: Real, Sites: site.NewSet(), Log: slog.New(slog.DiscardHandler)}
	cfg.Index.URLs = []string{"http://127.0.0.1:9"}
	a, err := New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	other := &folder{path: data}
	if err := other.amend(func(m *marker) error { m.Index = &seat{Engine: inFile}; return nil }); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(data, "index.db")
	if err := os.WriteFile(name, []byte("the other's"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := a.clearLeft(); !errors.Is(err, ErrFolder) || !strings.Contains(err.Error(), "start this one again") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(name); err != nil {
		t.Error(err)
	}
}

// An index moves to Elasticsearch and back: at either place people find the same,
// and nothing is left at the other one.
func TestIndexMoves(t *testing.T) {
	node := elastictest.Shared(t)
	var data string
	c := crawlTown(t, 60, func(cfg *Config) { data = cfg.Data })
	rested := func(c *crawled) (s seenState) {
		t.Helper()
		c.must(c.while(t.Context(), func(ctx context.Context) error { s = c.rest(ctx); return nil }))
		return s
	}
	want := rested(c)
	c.Close()
	for _, to := range []func(*Config){
		func(cfg *Config) { cfg.Index = node.Server() },
		func(cfg *Config) { cfg.IndexFile = true },
	} {
		there := crawlTown(t, 60, func(cfg *Config) {
			cfg.Data, cfg.Crawl, cfg.MoveIndex = data, false, true
			to(cfg)
		})
		got := rested(there)
		if got.Pages = want.Pages; got != want {
			t.Errorf("moved:\n got %+v\nwant %+v", got, want)
		}
		for _, o := range []engine{there.engineAt(node.Server()), there.engineAt(elastic.Server{})} {
			is, err := o.there(t.Context(), 1)
			if err != nil || is != (o.name(1) == there.engine.name(1)) {
				t.Errorf("%s is there: %t, %v", o.name(1), is, err)
			}
		}
		there.Close()
	}
}

// A process without the folder keeps the index where the home does, or ends.
func TestHomeSaysWhereTheIndexIs(t *testing.T) {
	a, err := New(t.Context(), Config{Version: "test", Data: t.TempDir(), Kind: Real, Sites: site.NewSet(), Log: slog.New(slog.DiscardHandler), Index: elastic.Server{URLs: []string{"http://127.0.0.1:9"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	id := a.folder.Instance
	a.folder = nil
	if got, err := a.instance(t.Context()); err != nil || got != id {
		t.Errorf("the same nodes: %q, %v", got, err)
	}
	a.cfg.Index.URLs = []string{"http://127.0.0.1:10"}
	if _, err := a.instance(t.Context()); err == nil || !strings.Contains(err.Error(), "same --index") {
		t.Errorf("other nodes: %v", err)
	}
}
