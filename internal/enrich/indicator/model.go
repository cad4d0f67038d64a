package indicator

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"math"

	"vigil.example/internal/ad"
)

//go:embed model.json
var modelFile []byte

// A model gives labels their probability: a logistic model over the category and
// what stands around a label. Rules alone decide what is marked. "go run
// ./internal/enrich/indicator/train SET FILE..." trains it and measures every rule.
type model struct {
	Set      string              `json:"set"`      // what it was trained and measured on
	Weights  map[string]float64  `json:"weights"`  // of features
	Absent   map[string]float64  `json:"absent"`   // share of documents in which a category is there and nothing was marked
	Measured map[string]*Measure `json:"measured"` // of rules

	kinds map[kind]float64 // sum of what the features of a kind weigh
}

func loadModel() (*model, error) {
	var m model
	if err := json.Unmarshal(modelFile, &m); err != nil {
		return nil, fmt.Errorf("read the built-in model.json: %w", err)
	}
	for _, x := range m.Measured {
		x.Set = m.Set
	}
	m.kinds = map[kind]float64{}
	for _, c := range Categories() {
		for s := range rank {
			k := kind{c, s}
			k.features(func(name string, value float64) { m.kinds[k] += m.Weights[name] * value })
		}
	}
	return &m, nil
}

// A kind is what every label of one category and strength has in common.
type kind struct {
	category string
	strength ad.Strength
}

// features calls f with those of every label of the kind.
func (k kind) features(f func(name string, value float64)) {
	f("bias", 1)
	f("category "+k.category, 1)
	f("strength "+string(k.strength), 1)
}

// Features calls f with the features of indicator n of those of one text.
func Features(found []ad.Indicator, n int, f func(name string, value float64)) {
	kind{found[n].Category, found[n].Strength}.features(f)
	around(found, n, f)
}

// around calls f with the features that differ within a kind.
func around(found []ad.Indicator, n int, f func(name string, value float64)) {
	i := &found[n]
	f("length", math.Log1p(float64(i.Span.End-i.Span.Start))/4)
	others := 0
	for k := range found {
		if found[k].Category != i.Category {
			others++
		}
	}
	f("others", math.Log1p(float64(others)))
}

// weigh sets the probability of every indicator of one text.
func (m *model) weigh(found []ad.Indicator) {
	for n := range found {
		z := m.kinds[kind{found[n].Category, found[n].Strength}]
		around(found, n, func(name string, value float64) { z += m.Weights[name] * value })
		found[n].P = math.Round(1e4/(1+math.Exp(-z))) / 1e4
	}
}

// Probs gives every category its probability in a text in which these were found.
func (l *Library) Probs(found []ad.Indicator) map[string]float64 {
	out := map[string]float64{}
	for _, c := range Categories() {
		out[c] = l.model.Absent[c]
	}
	for _, i := range found {
		out[i.Category] = max(out[i.Category], i.P)
	}
	return out
}
