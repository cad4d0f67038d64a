package phone

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var (
	update = flag.Bool("update", false, "rewrite golden files")
	remake = flag.Bool("remake", false, "make the labelled file testdata/ads.jsonl anew, from the ways and decoys of this package's tests")
)

// A labelled is one line of a labelled file.
type labelled struct {
	ID     string   `json:"id"`
	Text   string   `json:"text"`
	Phones []string `json:"phones"`
	Family string   `json:"family"`
}

func readLabelled(t testing.TB, path string) []labelled {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []labelled
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		var l labelled
		if err := json.Unmarshal(sc.Bytes(), &l); err != nil {
			t.Fatalf("%s: line %d: %v", path, len(out)+1, err)
		}
		out = append(out, l)
	}
	if err := sc.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// A tally counts right, wrong and missed numbers of one family.
type tally struct{ right, wrong, missed, ads, free, wrongFree int }

func (c *tally) add(o tally) {
	c.right += o.right
	c.wrong += o.wrong
	c.missed += o.missed
	c.ads += o.ads
	c.free += o.free
	c.wrongFree += o.wrongFree
}

func (c tally) String() string {
	p, r, f := 1.0, 1.0, 1.0
	if c.right+c.wrong > 0 {
		p = float64(c.right) / float64(c.right+c.wrong)
	}
	if c.right+c.missed > 0 {
		r = float64(c.right) / float64(c.right+c.missed)
	}
	if p+r > 0 {
		f = 2 * p * r / (p + r)
	}
	s := fmt.Sprintf("ads %4d  precision %.3f  recall %.3f  F1 %.3f", c.ads, p, r, f)
	if c.free > 0 {
		s += fmt.Sprintf("  false per number-free ad %.3f", float64(c.wrongFree)/float64(c.free))
	}
	return s
}

func judge(t testing.TB, l labelled) tally {
	c := tally{ads: 1}
	got := map[string]bool{}
	for _, p := range Read(l.Text, Options{}) {
		got[p.E164] = true
	}
	for _, want := range l.Phones {
		if got[want] {
			c.right++
		} else {
			c.missed++
		}
		delete(got, want)
	}
	c.wrong = len(got)
	if len(l.Phones) == 0 {
		c.free, c.wrongFree = 1, len(got)
	}
	if testing.Verbose() && c.wrong+c.missed > 0 {
		t.Logf("%s %s\n\t%q\n\twant %v, got %v", l.ID, l.Family, l.Text, l.Phones, Read(l.Text, Options{}))
	}
	return c
}

func quality(t testing.TB, path string) (string, tally) {
	families, all := map[string]tally{}, tally{}
	for _, l := range readLabelled(t, path) {
		c := judge(t, l)
		all.add(c)
		f := families[l.Family]
		f.add(c)
		families[l.Family] = f
	}
	var b strings.Builder
	for _, f := range slices.Sorted(maps.Keys(families)) {
		fmt.Fprintf(&b, "%-24s %v\n", f, families[f])
	}
	fmt.Fprintf(&b, "%-24s %v\n", "all", all)
	return b.String(), all
}

// TestQualityOfDevelopmentSet reads the labelled file that VIGIL_PHONES names.
func TestQualityOfDevelopmentSet(t *testing.T) {
	path := os.Getenv("VIGIL_PHONES")
	if path == "" {
		t.Skip("VIGIL_PHONES names no labelled file")
	}
	report, _ := quality(t, path)
	t.Log("\n" + report)
	if out := os.Getenv("VIGIL_PHONES_REPORT"); out != "" {
		if err := os.WriteFile(out, []byte(report), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestQuality keeps what the reader gets right on the package's own labelled
// file as a golden file: a change for better or worse is a diff to explain.
func TestQuality(t *testing.T) {
	if *remake {
		writeLabelled(t, "testdata/ads.jsonl")
	}
	got, _ := quality(t, "testdata/ads.jsonl")
	if *update {
		if err := os.WriteFile("testdata/quality.txt", []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/quality.txt")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(got, string(want)); d != "" {
		t.Errorf("quality changed; run with -update and explain the difference (-got +want):\n%s", d)
	}
}

// writeLabelled makes the labelled file: for every way a few ads with numbers of
// ranges set aside for fiction, for every decoy a few without.
func writeLabelled(t *testing.T, path string) {
	r := rand.New(rand.NewPCG(2026, 11))
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	enc := json.NewEncoder(f)
	enc.SetEscapeHTML(false)
	n := 0
	put := func(family, text string, phones ...string) {
		n++
		if err := enc.Encode(labelled{ID: fmt.Sprintf("p-%04d", n), Text: text, Phones: append([]string{}, phones...), Family: family}); err != nil {
			t.Fatal(err)
		}
	}
	invitations := []string{"Call ", "Text me on ", "Mi cel: ", "Marque al ", "Phone ", "WhatsApp: ", "My number is ", "Mi número es ", ""}
	for _, w := range append(likely(), strange()...) {
		for range 6 {
			d := fictional(r)
			put(w.name, around(r, pick(r, invitations...)+w.write(r, d)), "+1"+d)
		}
	}
	for _, d := range decoys() {
		for range 15 {
			put("none: "+d.name, around(r, d.write(r, true)))
		}
	}
	for range 20 { // both in one ad
		d := fictional(r)
		w, no := pick(r, likely()...), pick(r, decoys()...)
		put("number beside decoy", around(r, no.write(r, true)+". Call "+w.write(r, d)), "+1"+d)
	}
	for range 20 {
		d := fmt.Sprintf("07700900%03d", r.IntN(1000))
		s := pick(r, d, d[:5]+" "+d[5:], "+44 "+d[1:5]+" "+d[5:], "0044"+d[1:], spell(d, english, " "), spell(d, spanish, "-"), shiftAll(d, '𝟎'))
		put("british", around(r, pick(r, invitations...)+s), "+44"+d[1:])
	}
}
