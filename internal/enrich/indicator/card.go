package indicator

import (
	"fmt"
	"slices"
	"strings"

	"vigil.example/internal/ad"
)

// A Card says what a library looks for, on what evidence, with what error, for
// people who work with it or check it.
type Card struct {
	Digest string     `json:"digest"`
	Rules  int        `json:"rules"`
	Kinds  []KindCard `json:"kinds"`
}

// A KindCard is one kind of indicator and its rules.
type KindCard struct {
	Category   string      `json:"category"`
	Sub        string      `json:"sub"`
	Strength   ad.Strength `json:"strength"`
	Weight     float64     `json:"weight"`
	Definition string      `json:"definition"`
	Source     string      `json:"source"`
	Counter    string      `json:"counter"`
	Harm       string      `json:"harm"`
	Lookalikes string      `json:"lookalikes"`
	Rules      []RuleCard  `json:"rules"`
}

// A RuleCard is one rule. Measured is how it did on the documents that the
// repository carries; it stays nil for a rule of an agency.
type RuleCard struct {
	ID       string   `json:"id"`
	Lang     string   `json:"lang"`
	File     string   `json:"file,omitempty"`
	Patterns int      `json:"patterns"`
	Fires    []string `json:"fires"`
	Quiet    []string `json:"quiet"`
	Measured *Measure `json:"measured,omitempty"`
}

// A Measure is what a rule did on labelled documents: how often it was right of
// all it marked, and how many of the labels of its kind and language it found.
type Measure struct {
	Marked    int     `json:"marked"`
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	Set       string  `json:"set"`
}

// Kind returns the kind of a category and sub, nil when there is none.
func (l *Library) Kind(category, sub string) *Kind {
	i := slices.IndexFunc(l.Kinds, func(k Kind) bool { return k.Category == category && k.Sub == sub })
	if i < 0 {
		return nil
	}
	return &l.Kinds[i]
}

// Card returns the card of the library.
func (l *Library) Card() Card {
	c := Card{Digest: l.Digest, Rules: len(l.Rules)}
	for _, k := range l.Kinds {
		kc := KindCard{
			Category: k.Category, Sub: k.Sub, Strength: k.Strength, Weight: weights[k.Strength], Definition: k.Definition,
			Source: k.Source, Counter: k.Counter, Harm: k.Harm, Lookalikes: k.Lookalikes, Rules: []RuleCard{},
		}
		if k.Category == Movement || k.Category == Demand {
			kc.Weight = 0
		}
		for _, r := range l.Rules {
			if r.Kind == k.Category+"/"+k.Sub {
				kc.Rules = append(kc.Rules, RuleCard{
					ID: r.ID, Lang: r.Lang, File: r.File, Patterns: len(r.Patterns), Fires: r.Cases.Fire, Quiet: r.Cases.Quiet, Measured: l.model.Measured[r.ID],
				})
			}
		}
		c.Kinds = append(c.Kinds, kc)
	}
	return c
}

// Text prints the card for a terminal.
func (c Card) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Library of indicators %s: %d kinds, %d rules\n", c.Digest, len(c.Kinds), c.Rules)
	b.WriteString("Language found is a lead for a person, never a finding. One indicator means nothing by itself,\nunless it is strong. Build and ethnicity never weigh; movement speaks against.\n")
	for _, k := range c.Kinds {
		fmt.Fprintf(&b, "\n%s (%s, weight %.1f)\n", strings.ToUpper(Words(k.Category, k.Sub)), k.Strength, k.Weight)
		for _, f := range [][2]string{{"means", k.Definition}, {"source", k.Source}, {"against", k.Counter}, {"hurts", k.Harm}, {"innocent", k.Lookalikes}} {
			if f[1] != "" {
				fmt.Fprintf(&b, "  %-9s%s\n", f[0], f[1])
			}
		}
		for _, r := range k.Rules {
			fmt.Fprintf(&b, "  rule     %s, %d patterns", r.ID, r.Patterns)
			if r.File != "" {
				fmt.Fprintf(&b, ", from %s", r.File)
			}
			if m := r.Measured; m != nil {
				fmt.Fprintf(&b, "; precision %.2f of %d marked, recall %.2f (%s)", m.Precision, m.Marked, m.Recall, m.Set)
			}
			b.WriteByte('\n')
			for _, s := range r.Fires {
				fmt.Fprintf(&b, "           yes: %s\n", s)
			}
			for _, s := range r.Quiet {
				fmt.Fprintf(&b, "           no:  %s\n", s)
			}
		}
	}
	return b.String()
}
