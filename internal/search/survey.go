package search

import (
	"context"
	"iter"
	"slices"
	"strings"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/query"
)

// A Surveyor tells what matches a query, besides one page of it.
type Surveyor interface {
	// Survey counts what matches.
	Survey(ctx context.Context, q query.Node, a Ask) (Survey, error)

	// Walk gives every document that matches, in order of document id, beyond after
	// ("" from the start): what matched when it began is given exactly once, whatever
	// arrives meanwhile, but for what is erased. Memory is flat but for some bytes a
	// match. It can be resumed by the id given last.
	Walk(ctx context.Context, q query.Node, after string) iter.Seq2[ad.Document, error]

	// Grouped gives the clusters whose ads match, most matching documents first, then
	// the one with the newest match; behind them matching ads in no cluster, as groups
	// of one ad, the newest first. p.Sort is not looked at.
	Grouped(ctx context.Context, q query.Node, p Page) (Groups, error)

	// Alike gives at most n documents of other ads that are worded like the one, most
	// alike first, then as ByNewest; ad.ErrNotFound when it is not there. Of a text
	// that thousands of documents share words with it looks at the likeliest ones.
	Alike(ctx context.Context, documentID string, n int) ([]Likeness, error)

	// Terms gives the folded words of all texts that begin with prefix, each once, in
	// no particular order. Words that are in no document any more may be among them.
	Terms(ctx context.Context, prefix string) iter.Seq2[string, error]
}

// A Facet is a property of documents by whose values they are counted.
type Facet string

// The facets. City is the metropolitan area of the best place, by its code in the
// gazetteer, State the region of it, Has what the words of a document have, as has:
// asks for it, Label what people call the ad. Each value can be asked for in the field of FacetField.
const (
	Site      Facet = "site"
	City      Facet = "city"
	State     Facet = "state"
	Side      Facet = "side"
	Lang      Facet = "lang"
	Indicator Facet = "indicator" // categories
	Lead      Facet = "lead"      // yes or no
	Has       Facet = "has"
	Label     Facet = "label"
)

// Facets lists the facets, in the order they are shown.
func Facets() []Facet { return []Facet{Site, City, State, Side, Lang, Indicator, Lead, Has, Label} }

// FacetField names the field of the language that asks for a value of a facet.
func FacetField(f Facet) string {
	if f == City {
		return "near"
	}
	return string(f)
}

// FacetValues are the values of one ad with its labels, without repeats; a document
// is counted once for each. Engines keep these.
func FacetValues(a *ad.Ad, labels []string) map[Facet][]string {
	out := map[Facet][]string{Label: labels}
	for _, v := range query.Exact(a) {
		for _, f := range Facets() {
			if FacetField(f) == v.Kind && (f != Indicator || !strings.Contains(v.Value, "/")) {
				out[f] = append(out[f], v.Value)
			}
		}
	}
	return out
}

// A Step is the width of the buckets of time: "day", "week" (from Monday) or
// "month", in UTC; "" for no buckets.
type Step string

// The steps.
const (
	Daily   Step = "day"
	Weekly  Step = "week"
	Monthly Step = "month"
)

// Begin is the first moment of the bucket that t is in.
func (s Step) Begin(t time.Time) time.Time {
	t = t.UTC()
	y, m, d := t.Date()
	switch s {
	case Weekly:
		d -= (int(t.Weekday()) + 6) % 7
	case Monthly:
		d = 1
	}
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// TopValues is how many values of a facet are given when Ask.Top is 0.
const TopValues = 20

// An Ask says what is to be counted.
type Ask struct {
	Facets []Facet
	Top    int  // values per facet; 0 for TopValues
	Every  Step // buckets of the time last seen
	Cells  bool // documents by metropolitan area, with its place on the map
}

// Most is how many values of a facet are asked for.
func (a Ask) Most() int {
	if a.Top <= 0 {
		return TopValues
	}
	return a.Top
}

// Refuse says why an Ask cannot be answered; nil when it can.
func (a Ask) Refuse() error {
	for _, f := range a.Facets {
		if !slices.Contains(Facets(), f) {
			return errFacet
		}
	}
	if a.Every != "" && !slices.Contains([]Step{Daily, Weekly, Monthly}, a.Every) {
		return errStep
	}
	return nil
}

// A Count is how many documents have a value.
type Count struct {
	Value     string `json:"value"`
	Documents int    `json:"documents"`
}

// A Bucket is how many documents were last seen in a stretch of time.
type Bucket struct {
	From      time.Time `json:"from"`
	Documents int       `json:"documents"`
}

// A Cell is how many documents are of a metropolitan area, which lies where the
// gazetteer says: coordinates of people are not kept.
type Cell struct {
	Metro     string  `json:"metro"`
	Lat       float64 `json:"lat"`
	Lon       float64 `json:"lon"`
	Documents int     `json:"documents"`
}

// A Survey counts what matches a query.
type Survey struct {
	Total  int
	Facets map[Facet][]Count // most documents first, then by value; every facet asked for is there
	Others map[Facet]int     // documents with none of the values given
	Times  []Bucket          // those that have documents, oldest first
	Cells  []Cell            // most documents first, then by code
}

// A Group is what matches of one cluster, or one ad in none.
type Group struct {
	Cluster   string // "" for an ad in none
	Documents int    // that match
	Newest    Hit    // the one of them that ByNewest gives first
}

// Groups are one page of groups.
type Groups struct {
	Total int // on all pages
	Of    []Group
}

// A Likeness is a document worded like another one.
type Likeness struct {
	Doc   ad.Document
	Share float64 // of the runs of three words in either text that are in both
}

// LeastShare is that of which a document is worded like another one.
const LeastShare = .3
