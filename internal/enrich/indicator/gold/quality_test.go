package gold

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
	"vigil.example/internal/enrich/indicator"
)

var (
	update = flag.Bool("update", false, "write testdata/quality.txt anew; read it before committing")
	set    = flag.String("set", "", "a labelled file to read instead, for its misses and wrong marks with -v")
)

// TestQuality holds how well the documents of ../testdata/blind/1.jsonl are read,
// and which of them are not. With -v it prints the texts of what was missed or
// wrong.
func TestQuality(t *testing.T) {
	name := "../testdata/blind/1.jsonl"
	if *set != "" {
		name = *set
	}
	l, err := indicator.Default()
	if err != nil {
		t.Fatal(err)
	}
	src, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = src.Close() }()
	s := NewScore(true)
	var lines strings.Builder
	in := bufio.NewScanner(src)
	for in.Scan() {
		var d Document
		if err := json.Unmarshal(in.Bytes(), &d); err != nil {
			t.Fatal(err)
		}
		r := l.Read(d.Text, indicator.Options{All: true})
		s.Add(d, r.Indicators, l.Probs(r.Indicators))
		for _, lb := range d.Labels {
			if !slices.ContainsFunc(r.Indicators, func(i ad.Indicator) bool { return i.Category == lb.Category && Overlap(lb, i) }) {
				fmt.Fprintf(&lines, "missed %s %s/%s\n", d.ID, lb.Category, lb.Sub)
				t.Logf("missed %s %s %q | %s | %v", d.ID, lb.Sub, string([]rune(d.Text)[lb.Span[0]:lb.Span[1]]), d.Text, r.Contexts())
			}
		}
		for _, i := range r.Indicators {
			if !slices.ContainsFunc(d.Labels, func(lb Label) bool { return i.Category == lb.Category && Overlap(lb, i) }) {
				fmt.Fprintf(&lines, "wrong  %s %s/%s by %s\n", d.ID, i.Category, i.Sub, i.Rule)
				t.Logf("wrong %s %s %q by %s | %s %s | %v", d.ID, i.Sub, i.Text, i.Rule, d.Neg, d.Text, r.Contexts())
			}
		}
	}
	if err := in.Err(); err != nil {
		t.Fatal(err)
	}
	got := sheet(s) + "\n" + lines.String()
	if *set != "" {
		t.Logf("%s\n%s", name, sheet(s))
		return
	}
	if *update {
		if err := os.WriteFile("testdata/quality.txt", []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/quality.txt")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("quality changed (-want +got); go test ./internal/enrich/indicator/gold -update writes it anew\n%s", d)
	}
	flagged := 0
	for _, n := range s.Flagged {
		flagged += n
	}
	if Macro(s.Category) < .85 || s.Spans.F1() < .85 || flagged > 6 {
		t.Errorf("macro-F1 %.3f, spans %.3f, %d ordinary documents marked: less than was reached before", Macro(s.Category), s.Spans.F1(), flagged)
	}
}

// sheet is a score in lines.
func sheet(s *Score) string {
	var b strings.Builder
	row := func(name string, y Tally) {
		fmt.Fprintf(&b, "%-17s %3d right, %3d wrong, %3d missed  P %.3f R %.3f F1 %.3f\n", name, y.Right, y.Wrong, y.Missed, y.Precision(), y.Recall(), y.F1())
	}
	for _, c := range indicator.Categories() {
		row(c, *s.Category[c])
	}
	row("is_demand", s.Demand)
	row("spans", s.Spans)
	fmt.Fprintf(&b, "macro-F1 %.3f", Macro(s.Category))
	for _, lang := range slices.Sorted(maps.Keys(s.Lang)) {
		fmt.Fprintf(&b, ", %s %.3f", lang, Macro(s.Lang[lang]))
	}
	flagged, ordinary := 0, 0
	for class, n := range s.Ordinary {
		flagged, ordinary = flagged+s.Flagged[class], ordinary+n
	}
	fmt.Fprintf(&b, "\nordinary documents marked: %d of %d; leads %d of %d\ncalibration error %.3f, Brier %.3f\n", flagged, ordinary, s.Leads, s.Documents, s.ECE(), s.Brier())
	return b.String()
}

// TestCarried scores the cases that the rules carry as documents.
func TestCarried(t *testing.T) {
	l, err := indicator.Default()
	if err != nil {
		t.Fatal(err)
	}
	s := NewScore(true)
	for _, d := range Carried(l) {
		r := l.Read(d.Text, indicator.Options{All: true})
		s.Add(d, r.Indicators, l.Probs(r.Indicators))
	}
	for c, y := range s.Category {
		if y.Right+y.Missed > 0 && y.Recall() < 1 {
			t.Errorf("%s: recall %.3f on the cases of the rules", c, y.Recall())
		}
	}
}
