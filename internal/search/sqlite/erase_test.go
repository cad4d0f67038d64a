package sqlite_test

import (
	"bytes"
	"database/sql"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/search"
	"vigil.example/internal/search/searchtest"
	"vigil.example/internal/search/sqlite"
)

// crowd makes one or two contents of each of n ads, in which words, numbers and
// addresses occur that no other ad has, and a change that makes hubs of numbers.
func crowd(r *rand.Rand, n int) (out []search.Change) {
	for i := range n {
		number := fmt.Sprintf("+1%03d555%04d", 200+i/100, 100+i%100)
		for edit := range 1 + r.IntN(2) {
			a := ad.Ad{Listing: ad.Listing{Site: unique(i, 8), NativeID: fmt.Sprint(i), URL: fmt.Sprintf("https://town.example/ad/%d", i), CaptureID: fmt.Sprint(i, edit),
				Title: "roses " + unique(i, edit), Body: strings.Repeat("fresh red roses every day ", r.IntN(60)) + "call " + number + " " + unique(i, edit+2),
				SeenAt: time.Date(2026, 1, 1, 0, r.IntN(90000), 0, 0, time.UTC)}}
			a.Phones = []ad.Phone{{E164: number, Text: number[2:], Span: ad.Span{Field: "body", Start: 1, End: 9}, Confidence: .9}}
			a.Identifiers = []ad.Identifier{{Kind: "email", Value: unique(i, 9) + "@mail.example", Confidence: 1}}
			a.Seal()
			out = append(out, search.Change{Version: &a})
			out = append(out, search.Change{Link: &ad.LinkChange{Moves: []ad.Move{{AdID: a.AdID, Cluster: ad.ClusterID(a.AdID), By: &ad.Edge{A: a.AdID, B: "another", Value: ad.Value{Kind: "phone", Value: number}, Reason: unique(i, edit)}}}, Hubs: []ad.Hub{{Value: ad.Value{Kind: "phone", Value: number}, Held: true}}}})
		}
	}
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	for i := range out {
		out[i].Seq = uint64(i + 1)
	}
	return out
}

// unique is a word of one content of one ad, spread over the alphabet.
func unique(i, edit int) string {
	return fmt.Sprintf("%c%cq%dx%dz", 'a'+i%26, 'a'+i/26%26, i, edit)
}

// traces are the bytes that tell of an ad: its words, numbers and ids, as text and
// as they are stored.
func traces(i int, a *ad.Ad) (out []string) {
	number := a.Phones[0].E164
	backwards := []byte(number)
	slices.Reverse(backwards)
	out = append(out, number[1:], number[2:], number[5:8]+number[8:]+" ", a.AdID, fmt.Sprintf("ad/%d\"", i), fmt.Sprintf("ad/%d ", i))
	out = slices.Delete(out, 2, 3)
	out = append(out, string(backwards[:10]))
	for e := range 10 {
		out = append(out, unique(i, e))
	}
	for _, id := range []string{a.AdID, a.VersionID, ad.DocumentID(a.AdID, a.ContentSHA256), a.CaptureID} {
		if b, err := hex.DecodeString(id); err == nil && len(b) > 0 {
			out = append(out, string(b))
		}
	}
	return out
}

func TestErasedBytesAreGone(t *testing.T) {
	seeds := uint64(2)
	if os.Getenv(searchtest.Whole) != "" {
		seeds = 12
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { eraseAndLook(t, rand.New(rand.NewPCG(seed, 4))) })
	}
}

func eraseAndLook(t *testing.T, r *rand.Rand) {
	path := filepath.Join(t.TempDir(), "index.db")
	x, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = x.Close() })
	changes := crowd(r, 500)
	for batch := range slices.Chunk(changes, 40+r.IntN(400)) {
		if err := x.Apply(t.Context(), "ads", batch[len(batch)-1].Seq, batch); err != nil {
			t.Fatal(err)
		}
	}
	var ids []string
	var values []ad.Value
	var gone []string
	for _, i := range r.Perm(500)[:1+r.IntN(60)] {
		for _, c := range changes {
			if c.Version == nil || c.Version.NativeID != fmt.Sprint(i) {
				continue
			}
			ids = append(ids, c.Version.AdID)
			values = append(values, ad.Value{Kind: "phone", Value: c.Version.Phones[0].E164})
			gone = append(gone, traces(i, c.Version)...)
		}
	}
	slices.Sort(gone)
	gone = slices.Compact(gone)
	look := func(before bool) (found int) {
		for _, suffix := range []string{"", "-wal", "-shm"} {
			data, err := os.ReadFile(path + suffix)
			if err != nil {
				t.Fatal(err)
			}
			for _, g := range gone {
				if at := bytes.Index(data, []byte(g)); at >= 0 {
					found++
					if before {
						continue
					}
					t.Logf("%s page %d, byte %d, of kind %d: %q", suffix, at/8192, at%8192, data[at/8192*8192], g)
				}
			}
		}
		return found
	}
	if found := look(true); found < len(gone)/3 {
		t.Fatalf("%d of %d traces are there before; the test needs more", found, len(gone))
	}
	n, err := x.Erase(t.Context(), ids, values)
	if err != nil || n == 0 {
		t.Fatal(n, err)
	}
	if found := look(false); found > 0 {
		t.Errorf("%d of %d traces are left", found, len(gone))
	}
	if err := x.Check(t.Context()); err != nil {
		t.Error(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	rows, err := db.Query(`SELECT term FROM vocabulary`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var terms strings.Builder
	for rows.Next() {
		var term string
		if err := rows.Scan(&term); err != nil {
			t.Fatal(err)
		}
		terms.WriteString(term + "\n")
	}
	if err := rows.Err(); err != nil || !strings.Contains(terms.String(), "\nroses\n") {
		t.Fatalf("the words left: %v", err)
	}
	for _, g := range gone {
		if strings.Contains(terms.String(), g) {
			t.Errorf("%q is in a term", g)
		}
	}
}
