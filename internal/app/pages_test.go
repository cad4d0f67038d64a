package app

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"vigil.example/internal/ad"
	"vigil.example/internal/capture"
	"vigil.example/internal/query"
	"vigil.example/internal/search"
	"vigil.example/internal/search/searchtest"
	"vigil.example/internal/site"
	"vigil.example/internal/stream"
)

// A page is a saved page of which it is known what it shows.
type page struct {
	File     string `json:"file"`
	Kind     string `json:"kind"`
	Expected struct {
		Title string   `json:"title"`
		Alt   []string `json:"title_alt"`
	} `json:"expected"`
}

// pages are the real pages that VIGIL_PAGES names, else the project's own
// synthetic ones.
func pages(t *testing.T) (dir string, out []page, real bool) {
	t.Helper()
	dir = os.Getenv("VIGIL_PAGES")
	real = dir != ""
	if !real {
		t.Log("VIGIL_PAGES names no folder: the project's synthetic pages stand in")
		dir = filepath.Join("..", "extract", "testdata", "pages")
	}
	b, err := os.ReadFile(filepath.Join(dir, "index.json"))
	if err != nil {
		t.Fatal(err)
	}
	var index struct{ Pages []page }
	if err := json.Unmarshal(b, &index); err != nil {
		t.Fatal(err)
	}
	out = slices.DeleteFunc(index.Pages, func(p page) bool { // a file without a byte is refused at the door
		info, err := os.Stat(filepath.Join(dir, p.File))
		return err == nil && info.Size() == 0
	})
	return dir, out, real
}

// Saved pages go through the whole walk: their kind is told, no empty ad is
// stored, and an ad is found by pasting its title into the search box.
func TestSavedPagesAreSearchable(t *testing.T) {
	dir, known, real := pages(t)
	a, err := New(t.Context(), Config{Version: "test", Data: t.TempDir(), Kind: Real, Sites: site.NewSet(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	found, details := 0, 0
	err = a.while(t.Context(), func(ctx context.Context) error {
		for _, p := range known {
			if _, err := a.importFile(ctx, filepath.Join(dir, p.File), "tester"); err != nil {
				return err
			}
		}
		if err := a.Settle(ctx, nil); err != nil {
			return err
		}
		for _, p := range known {
			if p.Kind != string(ad.KindDetail) {
				continue
			}
			details++
			if a.finds(t, p) {
				found++
			} else {
				t.Logf("not found by its title: %s", p.File)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	right := a.kindsRight(t, known)
	t.Logf("kind right on %d of %d pages; %d of %d detail pages searchable by their title", right, len(known), found, details)
	if wantKinds, wantFound := len(known), details; !real && (right < wantKinds || found < wantFound) {
		t.Errorf("synthetic pages: want all")
	} else if real && (right < 70 || found < 40) {
		t.Errorf("real pages: want the kind right on 70 and 40 found by title")
	}
	shown := 0
	for doc, err := range a.shelf.Dump(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if doc.Ad.Empty() {
			t.Errorf("an empty ad is stored: %s", doc.Ad.URL)
		}
		for i, s := range searchtest.Shown(&doc.Ad) {
			shown++
			n, err := query.Parse(s)
			if err != nil {
				n, err = query.Parse(query.AsText(s))
			}
			if err != nil || !query.Match(n, &doc) {
				t.Errorf("identifier %d of document %s is shown and does not find it: %v", i, doc.ID, err)
			}
		}
	}
	if t.Logf("%d identifiers are found by pasting them", shown); shown < 50 {
		t.Errorf("%d identifiers shown; the test needs more", shown)
	}
	l, err := a.ledger(t.Context())
	if err != nil || !l.Balanced {
		t.Errorf("the ledger does not balance: %+v, %v", l, err)
	}
}

// finds reports whether pasting the page's title finds the ad that was read from
// the page.
func (a *App) finds(t *testing.T, p page) bool {
	t.Helper()
	for _, title := range append([]string{p.Expected.Title}, p.Expected.Alt...) {
		n, err := query.Parse(title)
		if err != nil { // the page of results offers it as text
			t.Logf("%s: its title is no query: %v", p.File, err)
			n, err = query.Parse(query.AsText(title))
		}
		if err != nil {
			continue
		}
		res, err := a.shelf.Search(t.Context(), n, search.Page{Size: 50})
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range res.Hits {
			m, err := a.bus.Get(t.Context(), stream.Captures, h.Doc.Ad.CaptureSeq)
			if err != nil {
				t.Fatal(err)
			}
			if opened(t, m).File == p.File {
				return true
			}
		}
	}
	return false
}

func (a *App) kindsRight(t *testing.T, known []page) (right int) {
	t.Helper()
	want := map[string]string{}
	for _, p := range known {
		want[p.File] = p.Kind
	}
	files := map[string]string{} // capture id to file
	_, err := a.bus.Replay(t.Context(), stream.Captures, 0, nil, func(m ad.Message) error {
		c := opened(t, m)
		files[c.ID] = c.File
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var wrong []string
	_, err = a.bus.Replay(t.Context(), stream.Listings, 0, []string{"outcome.*.*"}, func(m ad.Message) error {
		o, err := decode[ad.Outcome](m)
		if f := files[o.CaptureID]; want[f] == string(o.Kind) {
			right++
		} else {
			wrong = append(wrong, f+" is "+string(o.Kind))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(wrong)
	for _, w := range wrong {
		t.Log(w)
	}
	return right
}

func opened(t *testing.T, m ad.Message) ad.Capture {
	t.Helper()
	p, err := capture.Open(m.Data)
	if err != nil {
		t.Fatal(err)
	}
	return p.Capture
}
