package contact

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite golden files")

func cases(t *testing.T, path string) []string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
}

// A tally counts the texts of a family and what was read in them.
type tally struct {
	name                 string
	texts                int
	right, wrong, missed int
	linking              int // wrong, and sure enough to link
}

func (f *tally) count(t *testing.T, text string, want []string) {
	f.texts++
	left := want
	for _, id := range Read(text) {
		g := id.Kind + " " + id.Value
		if len(left) > 0 && left[0] == g {
			f.right, left = f.right+1, left[1:]
		} else {
			f.wrong++
			if id.Confidence >= .5 {
				f.linking++
			}
			t.Logf("%s: %q: got %s, want %q", f.name, text, g, want)
		}
	}
	if f.missed += len(left); len(left) > 0 {
		t.Logf("%s: %q: missed %q", f.name, text, left)
	}
}

// TestQuality reads the labelled texts: testdata/some.txt, which the rules were
// made with, testdata/later.txt, which was written after them, and
// testdata/none.txt, written before them, in which there is nothing.
func TestQuality(t *testing.T) {
	var families []*tally
	for _, path := range []string{"testdata/some.txt", "testdata/later.txt"} {
		for _, line := range cases(t, path) {
			if name, ok := strings.CutPrefix(line, "# "); ok {
				families = append(families, &tally{name: name})
				continue
			}
			text, want, ok := strings.Cut(line, " | ")
			if !ok {
				t.Fatalf("%s: %q says not what is in it", path, line)
			}
			var wants []string
			if want != "" {
				wants = strings.Split(want, "; ")
			}
			families[len(families)-1].count(t, text, wants)
		}
	}
	none := &tally{name: "nothing to be found"}
	for _, line := range cases(t, "testdata/none.txt") {
		none.count(t, line, nil)
	}
	var b strings.Builder
	for _, f := range append(families, none) {
		fmt.Fprintf(&b, "%-46s texts %3d  right %3d  wrong %2d, of them linking %d  missed %2d\n", f.name, f.texts, f.right, f.wrong, f.linking, f.missed)
	}
	const golden = "testdata/quality.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(b.String(), string(want)); d != "" {
		t.Errorf("quality has changed (-got +want); -update keeps it, -v shows each text\n%s", d)
	}
}
