package main

import (
	"math"
	"testing"

	"vigil.example/internal/enrich/indicator"
	"vigil.example/internal/enrich/indicator/gold"
)

// A rule that is right nine times of ten gives its labels a probability near that,
// and its measure says so.
func TestTrain(t *testing.T) {
	l, err := indicator.Default()
	if err != nil {
		t.Fatal(err)
	}
	var docs []gold.Document
	for n := range 50 {
		text := "Personal post. they hold my passport"
		d := gold.Document{ID: string(rune('a' + n)), Text: text, Lang: "en", Labels: []gold.Label{}}
		if n%10 != 0 {
			d.Labels = append(d.Labels, gold.Label{Category: "restricted", Sub: "documents_held", Span: [2]int{15, 36}})
		}
		docs = append(docs, d)
	}
	found := l.Read(docs[0].Text, indicator.Options{All: true}).Indicators
	if len(found) != 1 {
		t.Fatalf("%q: %v, want one label", docs[0].Text, found)
	}
	m, points := train(l, "fifty", docs)
	x := map[string]float64{}
	indicator.Features(found, 0, func(name string, v float64) { x[name] = v })
	if p := chance(m.Weights, x); math.Abs(p-(.9*(1-2*prior)+prior)) > .06 {
		t.Errorf("p %.3f for a label that is right nine times of ten", p)
	}
	if e := crossed(points); e > .2 {
		t.Errorf("calibration error %.3f on labels that are all alike", e)
	}
	if got := m.Measured[found[0].Rule]; got == nil || *got != (indicator.Measure{Marked: 50, Precision: .9, Recall: 1}) {
		t.Errorf("%s measured as %+v, want 50 marked, precision .9, recall 1", found[0].Rule, got)
	}
	if a, b := m.Absent["coercion"], m.Absent["restricted"]; a != unseen*.01 || b != unseen*.01 {
		t.Errorf("absent %v and %v, want five times .01: nothing was missed", a, b)
	}
}
