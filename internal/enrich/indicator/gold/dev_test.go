package gold

import (
	"bufio"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"vigil.example/internal/ad"
	"vigil.example/internal/enrich/indicator"
)

// TestDev scores a labelled file that $VIGIL_INDICATORS names, and prints what
// was missed and what was wrong with -v. $VIGIL_FAMILIES is a file of families,
// one a line: only documents of others are printed apart as held out.
func TestDev(t *testing.T) {
	name := os.Getenv("VIGIL_INDICATORS")
	if name == "" {
		t.Skip("VIGIL_INDICATORS names no file")
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
	in := bufio.NewScanner(src)
	fams := map[string]*Tally{}
	quiet := os.Getenv("VIGIL_HELD") != ""
	for in.Scan() {
		var d Document
		if err := json.Unmarshal(in.Bytes(), &d); err != nil {
			t.Fatal(err)
		}
		r := l.Read(d.Text, indicator.Options{All: true})
		s.Add(d, r.Indicators, l.Probs(r.Indicators))
		for _, lb := range d.Labels {
			ok := slices.ContainsFunc(r.Indicators, func(i ad.Indicator) bool { return i.Category == lb.Category && overlap(lb, i) })
			f := lb.Family
			if f == "" {
				f = lb.Sub
			}
			if fams[f] == nil {
				fams[f] = &Tally{}
			}
			fams[f].count(true, ok)
			if !ok && (!quiet || seen(f)) {
				t.Logf("MISS %s %s | %s | %v", lb.Sub, string([]rune(d.Text)[lb.Span[0]:lb.Span[1]]), d.Text, r.Contexts())
			}
		}
		for _, i := range r.Indicators {
			if !slices.ContainsFunc(d.Labels, func(lb Label) bool { return i.Category == lb.Category && overlap(lb, i) }) {
				t.Logf("WRONG %s %q %s | %s | %s %v", i.Sub, i.Text, i.Rule, d.Neg, d.Text, r.Contexts())
			}
		}
	}
	var in1, out1 Tally
	for _, f := range slices.Sorted(maps.Keys(fams)) {
		mark := "held"
		if seen(f) {
			mark = "seen"
			in1.Right += fams[f].Right
			in1.Missed += fams[f].Missed
		} else {
			out1.Right += fams[f].Right
			out1.Missed += fams[f].Missed
		}
		t.Logf("FAM %s %s %d/%d", mark, f, fams[f].Right, fams[f].Right+fams[f].Missed)
	}
	t.Logf("recall seen %.3f held %.3f", in1.Recall(), out1.Recall())
	for _, c := range indicator.Categories() {
		y := s.Category[c]
		t.Logf("%-18s P %.3f R %.3f F %.3f %v", c, y.Precision(), y.Recall(), y.F1(), *y)
	}
	t.Logf("macro %.4f en %.4f es %.4f spans %.4f demand %.4f", Macro(s.Category), Macro(s.Lang["en"]), Macro(s.Lang["es"]), s.Spans.F1(), s.Demand.F1())
	t.Logf("ordinary flagged %v of %v; ECE %.4f Brier %.4f", s.Flagged, s.Ordinary, s.ECE(), s.Brier())
}

func seen(f string) bool {
	return strings.Contains(os.Getenv("VIGIL_SEEN"), f)
}
