// Package gold scores readings of indicators against a labelled file: precision,
// recall and F1 of every category by documents, overlap of spans, ordinary
// documents flagged, calibration of probabilities.
package gold

import (
	"maps"
	"math"
	"slices"
	"strings"

	"vigil.example/internal/ad"
	"vigil.example/internal/enrich/indicator"
)

// A Document is one labelled text.
type Document struct {
	ID     string  `json:"id"`
	Text   string  `json:"text"`
	Lang   string  `json:"lang"`
	Demand bool    `json:"is_demand"`
	Neg    string  `json:"neg"`
	Labels []Label `json:"labels"`
}

// A Label is what an annotator marked.
type Label struct {
	Category string `json:"category"`
	Sub      string `json:"sub"`
	Span     [2]int `json:"span"`
	Family   string `json:"fam"`
}

// A Tally counts what was found, or not, in documents or spans.
type Tally struct {
	Right  int `json:"right"`
	Wrong  int `json:"wrong"`
	Missed int `json:"missed"`
}

// Precision is the share of what was found that is there, 1 for nothing found.
func (t Tally) Precision() float64 { return share(t.Right, t.Right+t.Wrong) }

// Recall is the share of what is there that was found, 1 for nothing there.
func (t Tally) Recall() float64 { return share(t.Right, t.Right+t.Missed) }

// F1 is the harmonic mean of the two.
func (t Tally) F1() float64 { return share(2*t.Right, 2*t.Right+t.Wrong+t.Missed) }

func share(a, b int) float64 {
	if b == 0 {
		return 1
	}
	return float64(a) / float64(b)
}

func (t *Tally) count(there, found bool) {
	switch {
	case there && found:
		t.Right++
	case found:
		t.Wrong++
	case there:
		t.Missed++
	}
}

// bins of the calibration error.
const bins = 10

type bin struct {
	n       int
	p, true float64
}

// A Score adds up documents. Labels of excluded kinds count only where All is set.
type Score struct {
	All       bool
	Documents int
	Leads     int
	Category  map[string]*Tally
	Sub       map[string]*Tally // by category/sub; wrong stays 0
	Lang      map[string]map[string]*Tally
	Rule      map[string]*Tally // by rule; missed stays 0
	Spans     Tally             // overlap, one to one
	Demand    Tally
	Ordinary  map[string]int // ordinary documents by class
	Flagged   map[string]int // those with any label
	bins      [bins]bin
	brier     float64
	points    int
	levels    map[float64]*Tally
}

// NewScore returns an empty score.
func NewScore(all bool) *Score {
	return &Score{
		All: all, Category: map[string]*Tally{}, Sub: map[string]*Tally{}, Lang: map[string]map[string]*Tally{}, Rule: map[string]*Tally{},
		Ordinary: map[string]int{}, Flagged: map[string]int{}, levels: map[float64]*Tally{.5: {}, .9: {}},
	}
}

func at(m map[string]*Tally, key string) *Tally {
	if m[key] == nil {
		m[key] = &Tally{}
	}
	return m[key]
}

// excluded reports whether a label is of a kind that is read on request only.
func excluded(l Label) bool { return l.Category == "ethnicity" || l.Sub == "build_descriptor" }

// Add scores one document.
func (s *Score) Add(d Document, found []ad.Indicator, probs map[string]float64) {
	s.Documents++
	labels := d.Labels
	if !s.All {
		labels = slices.DeleteFunc(slices.Clone(labels), excluded)
	}
	there, got := map[string]bool{}, map[string]bool{}
	for _, l := range labels {
		there[l.Category] = true
	}
	for _, i := range found {
		got[i.Category] = true
	}
	if s.Lang[d.Lang] == nil {
		s.Lang[d.Lang] = map[string]*Tally{}
	}
	for _, c := range indicator.Categories() {
		at(s.Category, c).count(there[c], got[c])
		at(s.Lang[d.Lang], c).count(there[c], got[c])
		s.calibrate(probs[c], there[c])
	}
	s.Demand.count(d.Demand, got[indicator.Demand])
	s.spans(labels, found)
	if indicator.LeadOf(found) != nil {
		s.Leads++
	}
	if len(d.Labels) == 0 {
		s.Ordinary[d.Neg]++
		if len(found) > 0 {
			s.Flagged[d.Neg]++
		}
	}
}

// spans matches labels and indicators of one category that overlap, one to one.
func (s *Score) spans(labels []Label, found []ad.Indicator) {
	used := make([]bool, len(found))
	for _, l := range labels {
		k := slices.IndexFunc(found, func(i ad.Indicator) bool { return i.Category == l.Category && Overlap(l, i) })
		s.Spans.count(true, k >= 0 && !used[k])
		at(s.Sub, l.Category+"/"+l.Sub).count(true, k >= 0)
		if k >= 0 {
			used[k] = true
		}
	}
	for _, i := range found {
		right := slices.ContainsFunc(labels, func(l Label) bool { return l.Category == i.Category && Overlap(l, i) })
		at(s.Rule, i.Rule).count(right, true)
		if !right {
			s.Spans.Wrong++
		}
	}
}

// Overlap reports whether a label and an indicator share a code point.
func Overlap(l Label, i ad.Indicator) bool {
	return l.Span[0] < i.Span.End && i.Span.Start < l.Span[1]
}

func (s *Score) calibrate(p float64, there bool) {
	y := 0.
	if there {
		y = 1
	}
	b := &s.bins[min(bins-1, int(p*bins))]
	b.n++
	b.p += p
	b.true += y
	s.brier += (p - y) * (p - y)
	s.points++
	for level, t := range s.levels {
		t.count(there, p >= level)
	}
}

// ECE is the expected calibration error over ten bins.
func (s *Score) ECE() (sum float64) {
	for _, b := range s.bins {
		if b.n > 0 {
			d := (b.p - b.true) / float64(s.points)
			sum += max(d, -d)
		}
	}
	return sum
}

// Brier is the mean squared error of the probabilities.
func (s *Score) Brier() float64 { return s.brier / float64(max(1, s.points)) }

// At is how right probabilities of at least a level are: .5 or .9.
func (s *Score) At(level float64) Tally { return *s.levels[level] }

// Macro is the mean F1 over the categories that are there, or found.
func Macro(m map[string]*Tally) float64 {
	sum, n := 0., 0
	for _, c := range slices.Sorted(maps.Keys(m)) {
		if t := m[c]; t.Right+t.Missed > 0 {
			sum += t.F1()
			n++
		}
	}
	if n == 0 {
		return 1
	}
	return sum / float64(n)
}

// A Sheet is a score as JSON.
type Sheet struct {
	Documents int                `json:"documents"`
	Macro     float64            `json:"macro_f1"`
	Lang      map[string]float64 `json:"macro_f1_by_lang"`
	Category  map[string]Line    `json:"category"`
	Spans     Line               `json:"spans"`
	Demand    Line               `json:"is_demand"`
	ECE       float64            `json:"ece"`
	Brier     float64            `json:"brier"`
	At        map[string]Line    `json:"at"`
	Flagged   map[string]int     `json:"ordinary_flagged"`
	Ordinary  map[string]int     `json:"ordinary"`
	Leads     int                `json:"leads"`
	Rule      map[string]*Tally  `json:"rule"`
}

// A Line is a tally with its rates.
type Line struct {
	Tally
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`
}

func line(t Tally) Line {
	r := func(f float64) float64 { return math.Round(1e4*f) / 1e4 }
	return Line{t, r(t.Precision()), r(t.Recall()), r(t.F1())}
}

// Sheet returns the score as JSON.
func (s *Score) Sheet() Sheet {
	out := Sheet{
		Documents: s.Documents, Macro: Macro(s.Category), Lang: map[string]float64{}, Category: map[string]Line{},
		Spans: line(s.Spans), Demand: line(s.Demand), ECE: s.ECE(), Brier: s.Brier(), Flagged: s.Flagged, Ordinary: s.Ordinary,
		Leads: s.Leads, Rule: s.Rule, At: map[string]Line{"0.5": line(s.At(.5)), "0.9": line(s.At(.9))},
	}
	for lang, m := range s.Lang {
		out.Lang[lang] = Macro(m)
	}
	for c, t := range s.Category {
		out.Category[c] = line(*t)
	}
	return out
}

// Carried turns the cases of the rules of a library into labelled documents.
func Carried(l *indicator.Library) (out []Document) {
	for _, r := range l.Rules {
		category, sub, _ := strings.Cut(r.Kind, "/")
		for _, c := range r.Cases.Fire {
			before, rest, _ := strings.Cut(c, "[[")
			inside, after, _ := strings.Cut(rest, "]]")
			from := len([]rune(before))
			out = append(out, Document{
				ID: r.ID, Text: before + inside + after, Lang: r.Lang, Demand: category == indicator.Demand,
				Labels: []Label{{Category: category, Sub: sub, Span: [2]int{from, from + len([]rune(inside))}}},
			})
		}
		for _, c := range r.Cases.Quiet {
			out = append(out, Document{ID: r.ID, Text: c, Lang: r.Lang, Neg: "case", Labels: []Label{}})
		}
	}
	return out
}
