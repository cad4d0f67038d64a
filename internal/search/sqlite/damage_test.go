package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/query"
	"vigil.example/internal/search"
	"vigil.example/internal/search/sqlite"
)

// versions makes n sightings of ads, two to an ad.
func versions(n int) []search.Change {
	out := make([]search.Change, n)
	for i := range out {
		a := ad.Ad{Listing: ad.Listing{Site: "town", NativeID: fmt.Sprint(i / 2), CaptureID: fmt.Sprint(i), Title: fmt.Sprintf("roses %d", i),
			Body: strings.Repeat("fresh red roses ", 20), SeenAt: time.Date(2026, 1, 1, 0, i, 0, 0, time.UTC)}}
		a.Seal()
		out[i] = search.Change{Seq: uint64(i + 1), Version: &a}
	}
	return out
}

// filled makes an index of 600 documents and returns its path. It is closed, so
// all of it is in the one file.
func filled(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "index.db")
	x, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := x.Apply(t.Context(), "ads", 600, versions(600)); err != nil {
		t.Fatal(err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOpenRefuses(t *testing.T) {
	whole, err := os.ReadFile(filled(t))
	if err != nil {
		t.Fatal(err)
	}
	other := func(statement string) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			db, err := sql.Open("sqlite", path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := db.Exec(statement); err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	write := func(b []byte) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		name string
		make func(*testing.T, string)
		want error
		text string
	}{
		{"a file that is no database", write([]byte(strings.Repeat("9125550123 ", 500))), search.ErrDamaged, "remove the file and it is rebuilt"},
		{"half of an index", write(whole[:len(whole)/2]), search.ErrDamaged, "remove the file and it is rebuilt"},
		{"the first page and no more", write(whole[:8192]), search.ErrDamaged, "remove the file and it is rebuilt"},
		{"another program's database", other(`CREATE TABLE person (phone)`), search.ErrDamaged, "another program"},
		{"an index of a later version", other(fmt.Sprintf(`CREATE TABLE ad (n); PRAGMA application_id = %d; PRAGMA user_version = 99`, 0x5667696c)), search.ErrVersion, "it is 99, this program reads "},
		{"a folder that is not there", func(t *testing.T, path string) { _ = os.Remove(filepath.Dir(path)) }, nil, "open index"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "sub", "index.db")
			if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			c.make(t, path)
			x, err := sqlite.Open(t.Context(), path, sqlite.Options{})
			if err == nil {
				_ = x.Close()
				t.Fatal("got no error")
			}
			if c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) || strings.Contains(err.Error(), "5550123") {
				t.Errorf("got %v, want %v with %q", err, c.want, c.text)
			}
			if c.want == nil {
				return
			}
			if err := sqlite.Remove(path); err != nil {
				t.Fatal(err)
			}
			if x, err = sqlite.Open(t.Context(), path, sqlite.Options{}); err != nil {
				t.Fatalf("after removing it: %v", err)
			}
			if err := x.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestDamageIsNoticed overwrites one page after the other. Whatever is asked then
// gets an answer or search.ErrDamaged, and Check finds every page.
func TestDamageIsNoticed(t *testing.T) {
	whole, err := os.ReadFile(filled(t))
	if err != nil {
		t.Fatal(err)
	}
	n, err := query.Parse("roses -title:12")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "index.db")
	random := rand.New(rand.NewPCG(1, 1))
	ask := func(ctx context.Context) error {
		x, err := sqlite.Open(ctx, path, sqlite.Options{})
		if err != nil {
			return err
		}
		defer func() { _ = x.Close() }()
		_, err = x.Search(ctx, n, search.Page{Size: 500})
		errs := []error{err}
		for _, err := range x.Dump(ctx) {
			errs = append(errs, err)
		}
		_, _, err = x.Versions(ctx, versions(1)[0].Version.AdID)
		if errors.Is(err, ad.ErrNotFound) {
			err = nil
		}
		errs = append(errs, err, x.Apply(ctx, "ads", 700, versions(20)))
		for _, err := range errs {
			if err != nil && !errors.Is(err, search.ErrDamaged) {
				t.Errorf("got %v, want search.ErrDamaged", err)
			}
		}
		return x.Check(ctx)
	}
	for page := 0; page < len(whole)/8192; page += 1 + random.IntN(16) {
		bad := append([]byte(nil), whole...)
		for i := range 8192 {
			bad[page*8192+i] = byte(random.IntN(256))
		}
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := ask(t.Context()); !errors.Is(err, search.ErrDamaged) {
			t.Errorf("page %d of noise: got %v, want search.ErrDamaged", page, err)
		}
		if err := sqlite.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCheckPassesAWholeIndex(t *testing.T) {
	x, err := sqlite.Open(t.Context(), filled(t), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(x.Check(t.Context()), x.Close()); err != nil {
		t.Error(err)
	}
}

// TestCrash takes what would be on the disk had the machine stopped: the file as
// it is while open, and its log cut anywhere. Every batch is there or not, with
// its position, and none that was said to be written is missing.
func TestCrash(t *testing.T) {
	dir := t.TempDir()
	x, err := sqlite.Open(t.Context(), filepath.Join(dir, "index.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = x.Close() })
	changes := versions(300)
	for i := 0; i < len(changes); i += 30 {
		if err := x.Apply(t.Context(), "ads", uint64(i+30), changes[i:i+30]); err != nil {
			t.Fatal(err)
		}
	}
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	file, log := read("index.db"), read("index.db-wal")
	random := rand.New(rand.NewPCG(2, 2))
	for i := range 15 {
		cut := len(log)
		if i > 0 {
			cut = random.IntN(len(log))
		}
		there := filepath.Join(t.TempDir(), "index.db")
		if err := errors.Join(os.WriteFile(there, file, 0o600), os.WriteFile(there+"-wal", log[:cut], 0o600)); err != nil {
			t.Fatal(err)
		}
		y, err := sqlite.Open(t.Context(), there, sqlite.Options{})
		if err != nil {
			t.Fatalf("log cut at %d of %d: %v", cut, len(log), err)
		}
		s, err := y.Stats(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if uint64(s.Sightings) != s.Positions["ads"] || cut == len(log) && s.Sightings != len(changes) || s.Sightings%30 != 0 {
			t.Errorf("log cut at %d of %d: %d sightings at position %d", cut, len(log), s.Sightings, s.Positions["ads"])
		}
		if err := errors.Join(y.Apply(t.Context(), "ads", 300, changes), y.Check(t.Context())); err != nil {
			t.Fatal(err)
		}
		if s, err = y.Stats(t.Context()); err != nil || s.Sightings != len(changes) || s.Documents != len(changes) {
			t.Errorf("applied again: %d sightings, %v, want %d", s.Sightings, err, len(changes))
		}
		if err := y.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
