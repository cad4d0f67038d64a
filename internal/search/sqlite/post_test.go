package sqlite

import (
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
	"vigil.example/internal/pipeline"
	"vigil.example/internal/search"
)

func aPost(id, side, metro, number string, via ad.Via) *ad.Ad {
	at := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	a := &ad.Ad{Listing: ad.Listing{V: ad.Schema, Site: "board", NativeID: id, URL: "http://board.example/" + id, Title: "Post " + id, Body: "words of " + id, SeenAt: at, PostedAt: at.Add(-time.Hour), Via: via, CaptureID: ad.ID("c", id, "")}}
	a.Seal()
	a.Side = &ad.Side{Side: side, P: .9}
	a.Places = []ad.Place{{Metro: "42340", Confidence: .3}, {Metro: metro, Confidence: .8}}
	a.Phones = []ad.Phone{{E164: number, Confidence: .9}}
	a.EnrichedBy = "vigil test"
	return a
}

func TestPosts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "index.db")
	x, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = x.Close() }()
	buyer := aPost("1", ad.SideDemand, "12060", "+14045550101", ad.ViaCrawl)
	for i, a := range []*ad.Ad{
		buyer, aPost("2", ad.SideSupply, "12060", "+14045550101", ad.ViaCrawl),
		aPost("3", ad.SideOther, "12060", "+14045550103", ad.ViaCrawl), aPost("4", ad.SideDemand, "12060", "+14045550104", ad.ViaImport),
	} {
		for range 2 { // delivered twice
			if err := x.Apply(t.Context(), "ads", uint64(i+1), []search.Change{{Seq: uint64(i + 1), Version: a}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	read := func() (out []search.Post) {
		if err := x.Posts(t.Context(), func(p search.Post) { out = append(out, p) }); err != nil {
			t.Fatal(err)
		}
		return out
	}
	got := read()
	if len(got) != 2 || got[0].Author != got[1].Author || got[0].Author == 0 || got[0].Text == got[1].Text {
		t.Fatalf("got %+v, want the crawled buyer and the crawled supply ad, of one author", got)
	}
	sides := []string{got[0].Side, got[1].Side}
	if d := cmp.Diff(map[string]bool{sides[0]: true, sides[1]: true}, map[string]bool{ad.SideDemand: true, ad.SideSupply: true}); d != "" {
		t.Errorf("sides (-got +want)\n%s", d)
	}
	if got[0].Metro != "12060" || !got[0].At.Equal(buyer.PostedAt) {
		t.Errorf("got metro %s at %v, want the sure one at the time of posting", got[0].Metro, got[0].At)
	}
	again := *buyer // read again after decisions
	for i, side := range []string{ad.SideOther, ad.SideDemand} {
		again.Decided++
		again.Side = &ad.Side{Side: side, P: .9}
		if err := x.Apply(t.Context(), "ads", 9, []search.Change{{Seq: 9, Version: &again}}); err != nil {
			t.Fatal(err)
		}
		if got := read(); len(got) != 1+i {
			t.Errorf("read again as %s: got %d posts, want %d", side, len(got), 1+i)
		}
	}
	if _, err := x.Erase(t.Context(), []string{buyer.AdID}, nil); err != nil {
		t.Fatal(err)
	}
	if got := read(); len(got) != 1 || got[0].Side != ad.SideSupply {
		t.Errorf("after erasing the buyer's post: got %+v", got)
	}
}

// A statement that may have to be taken back by itself makes FTS5 write what it holds:
// a segment for every ad in place of one for a transaction, which are merged later.
func TestOneSegmentForATransaction(t *testing.T) {
	x, err := Open(t.Context(), filepath.Join(t.TempDir(), "index.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = x.Close() }()
	segments := func() (n int) {
		if err := x.read.QueryRowContext(t.Context(), `SELECT count(DISTINCT segid) FROM words_idx`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	var cs []search.Change
	for i := range 2*together + 3 { // more than a statement puts in
		cs = append(cs, search.Change{Seq: uint64(i + 1), Version: aPost(strconv.Itoa(i), ad.SideSupply, "12060", "+14045550101", ad.ViaCrawl)})
	}
	other := *cs[0].Version
	other.Body, other.SeenAt = "other words", other.SeenAt.Add(time.Hour)
	other.Seal()
	move := ad.LinkChange{Moves: []ad.Move{{AdID: other.AdID, Cluster: ad.ClusterID("1")}, {AdID: cs[1].Version.AdID, Cluster: ad.ClusterID("1")}}}
	cs = append(cs, search.Change{Seq: 100, Version: &other}, search.Change{Seq: 101, Link: &move})
	if err := x.Apply(t.Context(), "ads", 101, cs); err != nil {
		t.Fatal(err)
	}
	if got := segments(); got != 1 {
		t.Errorf("got %d segments of one transaction, want 1", got)
	}
}

// What was noted of a document goes with it, whatever its bytes.
func TestPostGoesWhateverItsBytes(t *testing.T) {
	x, err := Open(t.Context(), filepath.Join(t.TempDir(), "index.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = x.Close() }()
	a := aPost("1", ad.SideSupply, "12060", "+14045550101", ad.ViaCrawl)
	a.Body = "words \xff of one"
	a.Seal()
	if err := x.Apply(t.Context(), "ads", 1, []search.Change{{Seq: 1, Version: a}}); err != nil {
		t.Fatal(err)
	}
	if _, err := x.Erase(t.Context(), []string{a.AdID}, nil); err != nil {
		t.Fatal(err)
	}
	n := 0
	if err := x.Posts(t.Context(), func(search.Post) { n++ }); err != nil || n != 0 {
		t.Errorf("%d posts of an ad that was erased, %v", n, err)
	}
}

// A version that comes again with another content is wrong for good: it would hold up
// everything behind it.
func TestVersionWithAnotherContent(t *testing.T) {
	x, err := Open(t.Context(), filepath.Join(t.TempDir(), "index.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = x.Close() }()
	a := aPost("1", ad.SideSupply, "12060", "+14045550101", ad.ViaCrawl)
	if err := x.Apply(t.Context(), "ads", 1, []search.Change{{Seq: 1, Version: a}}); err != nil {
		t.Fatal(err)
	}
	other := *a
	other.ContentSHA256 = "0" + a.ContentSHA256[1:]
	if other.ContentSHA256 == a.ContentSHA256 {
		other.ContentSHA256 = "1" + a.ContentSHA256[1:]
	}
	if err := x.Apply(t.Context(), "ads", 2, []search.Change{{Seq: 2, Version: &other}}); !pipeline.IsPermanent(err) {
		t.Errorf("got %v", err)
	}
}
