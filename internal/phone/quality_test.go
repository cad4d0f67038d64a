package phone

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/phone/gold"
)

var (
	update = flag.Bool("update", false, "rewrite golden files")
	remake = flag.Bool("remake", false, "make the labelled file testdata/ads.jsonl anew, from the ways and decoys of this package's tests")
)

func readLabelled(t testing.TB, path string) []gold.Ad {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []gold.Ad
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		var l gold.Ad
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

// quality reads a labelled file and returns the table of what was right. It holds
// confidence to what it has to mean.
func quality(t testing.TB, path string) string {
	var score gold.Score
	for _, l := range readLabelled(t, path) {
		got := Read(l.Text, Options{})
		if c := score.Add(l, got); testing.Verbose() && c.Wrong+c.Missed > 0 {
			t.Logf("%s %s\n\t%q\n\twant %v, got %v", l.ID, l.Family, l.Text, l.Phones, got)
		}
	}
	var b strings.Builder
	row := func(name string, c gold.Tally) {
		fmt.Fprintf(&b, "%-24s ads %4d  precision %.3f  recall %.3f  F1 %.3f", name, c.Ads, c.Precision(), c.Recall(), c.F1())
		if c.Free > 0 {
			fmt.Fprintf(&b, "  false per number-free ad %.3f", c.FalsePerFree())
		}
		b.WriteByte('\n')
	}
	for _, f := range score.Families() {
		row(f.Name, f.Tally)
	}
	row("all", score.All)
	for _, l := range score.Levels() {
		fmt.Fprintf(&b, "confidence >= %.2f       precision %.3f  share of the true numbers %.3f\n", l.At, l.Precision(), l.Share())
	}
	for i, least := range [...]float64{.80, .97, .995} {
		if l := score.Levels()[i]; l.Precision() < least {
			t.Errorf("%s: %.3f of the numbers at confidence >= %.2f are right; at least %.3f have to be", path, l.Precision(), l.At, least)
		}
	}
	if l := score.Levels()[1]; l.Share() < .85 {
		t.Errorf("%s: only %.3f of the true numbers are read at confidence >= .9", path, l.Share())
	}
	return b.String()
}

// TestQualityOfDevelopmentSet reads the labelled file that VIGIL_PHONES names.
func TestQualityOfDevelopmentSet(t *testing.T) {
	path := os.Getenv("VIGIL_PHONES")
	if path == "" {
		t.Log("VIGIL_PHONES names no labelled file: the project's own set is judged by TestQuality")
		return
	}
	report := quality(t, path)
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
	got := quality(t, "testdata/ads.jsonl")
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
		if err := enc.Encode(gold.Ad{ID: fmt.Sprintf("p-%04d", n), Text: text, Phones: append([]string{}, phones...), Family: family}); err != nil {
			t.Fatal(err)
		}
	}
	invitations := []string{"Call ", "Text me on ", "Mi cel: ", "Marque al ", "Phone ", "WhatsApp: ", "My number is ", "Mi número es ", ""}
	for _, w := range slices.Concat(likely(), strange(), uncommon()) {
		for range 6 {
			d := fictional(r)
			put(w.name, around(r, pick(r, invitations...)+w.write(r, d)), "+1"+d)
		}
	}
	for _, d := range append(decoys(), moreDecoys()...) {
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
