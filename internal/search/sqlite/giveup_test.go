package sqlite

import (
	"context"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/search"
)

// Who gives a change up leaves all of it or nothing, whenever that is.
func TestGivenUpWhole(t *testing.T) {
	x, err := Open(t.Context(), filepath.Join(t.TempDir(), "index.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = x.Close() }()
	const each = 40
	n, had, took := 0, 0, 20*time.Millisecond
	for i := range 60 {
		var cs []search.Change
		for range each {
			n++
			cs = append(cs, search.Change{Seq: uint64(n), Version: aPost(strconv.Itoa(n), ad.SideSupply, "12060", "+14045550101", ad.ViaCrawl)})
		}
		ctx, cancel := context.WithCancel(t.Context())
		stop := time.AfterFunc(took*time.Duration(i)/60, cancel)
		began := time.Now()
		err := x.Apply(ctx, "ads", uint64(n), cs)
		if err == nil {
			took = time.Since(began)
		}
		stop.Stop()
		cancel()
		var ads, docs, contents, words, tally, position int
		if err2 := x.read.QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM ad), (SELECT count(*) FROM doc), (SELECT count(*) FROM content), (SELECT count(*) FROM words WHERE words MATCH 'words'),
			(SELECT ads FROM tally), (SELECT ifnull(max(seq), 0) FROM position)`).Scan(&ads, &docs, &contents, &words, &tally, &position); err2 != nil {
			t.Fatal(err2)
		}
		want := had
		if position == n {
			want += each
		}
		if ads != want || docs != want || contents != want || words != want || tally != want {
			t.Fatalf("round %d, %v: up to %d there should be %d ads, there are %d, %d documents, %d contents, %d with words, %d counted", i, err, position, want, ads, docs, contents, words, tally)
		}
		had = want
	}
	t.Logf("%d of %d were put in", had, n)
}

// Who gives an erasure up leaves all or nothing as well, and may erase again.
func TestErasureGivenUpWhole(t *testing.T) {
	for i := range 25 {
		x, err := Open(t.Context(), filepath.Join(t.TempDir(), "index.db"), Options{})
		if err != nil {
			t.Fatal(err)
		}
		var cs []search.Change
		var ids []string
		for n := range 60 {
			a := aPost(strconv.Itoa(n), ad.SideSupply, "12060", "+14045550101", ad.ViaCrawl)
			cs, ids = append(cs, search.Change{Seq: uint64(n + 1), Version: a}), append(ids, a.AdID)
		}
		if err := x.Apply(t.Context(), "ads", 60, cs); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		stop := time.AfterFunc(time.Duration(i)*300*time.Microsecond, cancel)
		_, gaveUp := x.Erase(ctx, ids, nil)
		stop.Stop()
		cancel()
		var docs, words, posts int
		if err := x.read.QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM doc), (SELECT count(*) FROM words WHERE words MATCH 'words'), (SELECT count(*) FROM post)`).Scan(&docs, &words, &posts); err != nil {
			t.Fatal(err)
		}
		if docs != words || docs != posts {
			t.Errorf("round %d, %v: %d documents, %d with words, %d posts", i, gaveUp, docs, words, posts)
		}
		if _, err := x.Erase(t.Context(), ids, nil); err != nil {
			t.Errorf("round %d, erased again: %v", i, err)
		}
		_ = x.Close()
	}
}
