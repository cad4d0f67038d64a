package sqlite

import (
	"path/filepath"
	"testing"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/search"
)

// A failure of the program beside the writer is one of the writer, and after it others
// are written.
func TestProgramFails(t *testing.T) {
	if d := drafted(0, search.Change{Record: []byte("{}")}); d.done || string(d.data) != "{}" {
		t.Errorf("a draft of nothing: %+v, want it left to the writer", d)
	}
	x, err := Open(t.Context(), filepath.Join(t.TempDir(), "index.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	a := &ad.Ad{Listing: ad.Listing{Site: "townboard", NativeID: "1", Title: "Piano lessons", SeenAt: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)}}
	a.Seal()
	a.VersionID = "v1"
	apply := func() error { return x.Apply(t.Context(), "ads", 1, []search.Change{{Seq: 1, Version: a}}) }
	put := x.st.new.doc.one
	x.st.new.doc.one = nil
	func() {
		defer func() {
			if recover() == nil {
				t.Error("nothing failed")
			}
		}()
		_ = apply()
	}()
	x.st.new.doc.one = put
	if err := apply(); err != nil {
		t.Fatalf("after a failure: %v", err) // to close it would wait for ever
	}
	if s, err := x.Stats(t.Context()); err != nil || s.Documents != 1 {
		t.Errorf("after a failure: %+v, %v", s, err)
	}
	if err := x.Close(); err != nil {
		t.Error(err)
	}
}
