package app

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
	"vigil.example/internal/link"
)

// A state of which more than half is outdated is written anew while it is in use, and
// wherever that is cut off the next start finds a whole one and leaves nothing else.
func TestStateIsWrittenAnewInUse(t *testing.T) {
	s := openStated(t, 100)
	open := func() *linker {
		t.Helper()
		k, err := loadState(s.name, s.headOf(s.bytes()), s.cfg.Link)
		s.must(err)
		return &linker{a: s.App, gen: 1, head: s.headOf(s.bytes()), version: link.Version, l: k.l, at: k.at.linked, state: k.state}
	}
	files := func() (out []string) {
		names, err := filepath.Glob(s.folder.at("linker*"))
		s.must(err)
		for _, n := range names {
			out = append(out, filepath.Base(n))
		}
		return out
	}
	clusters := func(l *link.Linker) map[string]string {
		out := map[string]string{}
		for _, m := range l.Snapshot().Moves {
			out[m.AdID] = m.Cluster
		}
		return out
	}
	l := open()
	largest, renewed := int64(0), 0
	for k := range 60 {
		for i := range 100 {
			l.l.Add(&ad.Ad{Decided: uint64(k), Listing: ad.Listing{
				AdID: ad.ID("town", fmt.Sprint("anew", i), ""), Title: "Oak table", Body: strings.Repeat(fmt.Sprint("seats ", k, " and ", i, " chairs "), 10),
			}})
		}
		before := l.state
		l.keepState()
		if l.state != before {
			renewed++
			if whole := s.bytes(); !s.whole(whole) || int64(len(whole)) != l.state.size {
				t.Fatalf("%d bytes after it was written anew, whole: %t", len(whole), s.whole(whole))
			}
		}
		largest = max(largest, l.state.size)
		if got := files(); len(got) != 1 {
			t.Fatalf("there are %v", got)
		}
	}
	if renewed < 2 || largest > 2*leastRenewed {
		t.Errorf("written anew %d times, %d bytes at most", renewed, largest)
	}
	want := clusters(l.l)
	back := open()
	if d := cmp.Diff(clusters(back.l), want); d != "" || len(want) < 200 {
		t.Errorf("what is read back of %d ads (-got +want):\n%.1000s", len(want), d)
	}
	s.must(l.state.f.Close())
	// Each of few changes at once says where the streams were read, too: that is outdated.
	l, largest = open(), 0
	for k := range 4000 {
		l.l.Add(&ad.Ad{Decided: 1000 + uint64(k), Listing: ad.Listing{AdID: ad.ID("town", "anew0", ""), Title: "Oak table", Body: fmt.Sprint("seats ", k)}})
		l.at.UpTo++
		l.keepState()
		largest = max(largest, l.state.size)
	}
	if largest > 2*leastRenewed {
		t.Errorf("%d bytes after changes one by one", largest)
	}
	s.must(l.state.f.Close())
	if back = open(); back.state.parts != l.state.parts || back.state.size != l.state.size {
		t.Errorf("read back, %d of %d bytes are of what has changed, want %d of %d", back.state.parts, back.state.size, l.state.parts, l.state.size)
	}
	s.must(back.state.f.Close())

	// Cut off before the new file has the name: it lies beside the old one, which has two.
	for what, leave := range map[string]func(){
		"before the new one":      func() { s.must(os.Link(s.name, s.name+".a"+formerState)) },
		"in the middle of it":     func() { s.must(os.WriteFile(s.name+".b"+unnamedNew, s.bytes()[:1000], 0o600)) },
		"before the old is wiped": func() { s.must(os.WriteFile(s.name+".c"+formerState, s.bytes(), 0o600)) },
		"while the old is wiped":  func() { s.must(os.WriteFile(s.name+".d"+formerState+".wiped.tmp", s.bytes()[:500], 0o600)) },
		"and nothing was left":    func() {},
	} {
		leave()
		before := s.bytes()
		s.must(s.folder.wipeFormer(1))
		if got := files(); len(got) != 1 || string(s.bytes()) != string(before) {
			t.Errorf("cut off %s: there are %v, and the state is another: %t", what, got, string(s.bytes()) != string(before))
		}
	}

	// Of a generation that is gone nothing stays either, also where its state went first.
	for _, left := range []string{".state.e" + formerState, ".state.wiped.tmp", ".state"} {
		s.must(os.WriteFile(s.folder.at(statePrefix+suffix(7)+left), s.bytes(), 0o600))
		s.must(s.sweepLinkStates())
		if got := files(); len(got) != 1 {
			t.Errorf("there are %v", got)
		}
	}
}
