package crawl_test

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
	"vigil.example/internal/crawl"
)

// The file is what the first program queued; it never changes.
func TestOldEntriesStayReadable(t *testing.T) {
	raw, err := os.ReadFile("../ad/testdata/records/v1/entry.json")
	if err != nil {
		t.Fatal(err)
	}
	got, err := ad.Decode[crawl.Entry](raw)
	if err != nil {
		t.Fatal(err)
	}
	want := crawl.Entry{
		V: 1, URL: "https://board.example/ads/77", Site: "townboard", Kind: ad.LinkDetail, Visit: 3, Depth: 2,
		From: "3f9c2a613f9c2a613f9c2a613f9c2a61", Known: crawl.Validators{ETag: `W/"77-3"`, LastModified: "Mon, 02 Mar 2026 15:04:05 GMT"},
	}
	if d := cmp.Diff(got, want); d != "" {
		t.Errorf("(-got +want)\n%s", d)
	}
}
