package search

import (
	"cmp"
	"errors"
	"hash/maphash"
	"slices"
	"strings"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/gazetteer"
	"vigil.example/internal/text"
)

var (
	errFacet = errors.New("a facet must be site, city, state, side, lang, indicator, lead, has or label")
	errStep  = errors.New("the step must be day, week or month")
)

// A Tally counts documents for an engine that has none of its own counting.
type Tally struct {
	ask    Ask
	total  int
	traits map[string]*int // documents by all of their facets' values, as Traits writes them
	times  map[int64]int   // by the day
}

// Relabelled is what Traits writes when nothing but the labels differs.
func Relabelled(traits string, labels []string) string {
	return traits[:strings.LastIndex(traits, betweenFacets)+len(betweenFacets)] + strings.Join(labels, betweenValues)
}

// NewTally begins to count.
func NewTally(a Ask) *Tally { return &Tally{ask: a, traits: map[string]*int{}, times: map[int64]int{}} }

const (
	betweenFacets = "\x1e"
	betweenValues = "\x1f"
)

// Traits writes the values of an ad with its labels for all facets into one string,
// in which the labels come last.
func Traits(a *ad.Ad, labels []string) string {
	values := FacetValues(a, labels)
	parts := make([]string, len(Facets()))
	for i, f := range Facets() {
		parts[i] = strings.Join(values[f], betweenValues)
	}
	return strings.Join(parts, betweenFacets)
}

// Add counts documents with equal traits.
func (t *Tally) Add(traits string, documents int) {
	t.total += documents
	if n := t.traits[traits]; n != nil {
		*n += documents
	} else {
		first := documents
		t.traits[strings.Clone(traits)] = &first // traits may be a part of a far longer string
	}
}

// AddDay counts documents last seen on a day since 1970, which Add counts as well.
func (t *Tally) AddDay(day int64, documents int) {
	if t.ask.Every != "" {
		t.times[day*24*60*60] += documents
	}
}

// Survey is what was counted.
func (t *Tally) Survey() Survey {
	s := Survey{Total: t.total, Facets: map[Facet][]Count{}, Others: map[Facet]int{}}
	// By facet, documents by all of their values of it: of those there are far fewer
	// than of traits.
	lists := make([]map[string]int, len(Facets()))
	for i := range lists {
		lists[i] = map[string]int{}
	}
	for traits, n := range t.traits {
		i := 0
		for list := range strings.SplitSeq(traits, betweenFacets) {
			lists[i][list] += *n
			i++
		}
	}
	counts := map[Facet]map[string]int{}
	for i, f := range Facets() {
		counts[f] = map[string]int{}
		for list, n := range lists[i] {
			for _, v := range valuesOf(list) {
				counts[f][v] += n
			}
		}
		if !slices.Contains(t.ask.Facets, f) {
			continue
		}
		s.Facets[f], s.Others[f] = Rank(counts[f], t.ask.Most()), 0
		given := map[string]bool{}
		for _, c := range s.Facets[f] {
			given[c.Value] = true
		}
		for list, n := range lists[i] {
			if !slices.ContainsFunc(valuesOf(list), func(v string) bool { return given[v] }) {
				s.Others[f] += n
			}
		}
	}
	s.Times = Buckets(t.ask.Every, t.times)
	if t.ask.Cells {
		s.Cells = CellsOf(counts[City])
	}
	return s
}

// valuesOf are the values of a facet that Traits has written.
func valuesOf(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, betweenValues)
}

// Rank orders values by their documents and cuts the list at most.
func Rank(counts map[string]int, most int) []Count {
	out := make([]Count, 0, len(counts))
	for v, n := range counts {
		out = append(out, Count{v, n})
	}
	slices.SortFunc(out, func(a, b Count) int {
		return cmp.Or(b.Documents-a.Documents, strings.Compare(a.Value, b.Value))
	})
	return out[:min(most, len(out))]
}

// Buckets gathers moments, in seconds since 1970, into buckets.
func Buckets(every Step, times map[int64]int) []Bucket {
	if every == "" {
		return nil
	}
	at := map[time.Time]int{}
	for t, n := range times {
		at[every.Begin(time.Unix(t, 0))] += n
	}
	out := make([]Bucket, 0, len(at))
	for from, n := range at {
		out = append(out, Bucket{from, n})
	}
	slices.SortFunc(out, func(a, b Bucket) int { return a.From.Compare(b.From) })
	return out
}

// CellsOf puts counts by metropolitan area on the map.
func CellsOf(counts map[string]int) []Cell {
	out := make([]Cell, 0, len(counts))
	for _, c := range Rank(counts, len(counts)) {
		if m, ok := gazetteer.Of(c.Value); ok {
			out = append(out, Cell{m.Code, m.Lat, m.Lon, c.Documents})
		}
	}
	return out
}

// Runs are the runs of three folded words, with spaces between, of a document's
// title and of its body, with repeats. A shorter text is one run of its words.
func Runs(a *ad.Ad) (out []string) {
	for _, s := range []string{a.Title, a.Body} {
		tokens := text.Tokens(s)
		words := make([]string, len(tokens))
		for i, t := range tokens {
			words[i] = t.Text
		}
		for i := range max(min(1, len(words)), len(words)-2) {
			out = append(out, strings.Join(words[i:min(i+3, len(words))], " "))
		}
	}
	return out
}

// Grams are what Alike compares: the Runs of a document, each by a hash, in
// ascending order without repeats.
func Grams(a *ad.Ad) []uint64 {
	var out []uint64
	for _, run := range Runs(a) {
		out = append(out, maphash.String(seed, run))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

var seed = maphash.MakeSeed() // of hashes that never leave the process

// Share is how much two sets of Grams have in common.
func Share(a, b []uint64) float64 {
	both := 0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] < b[j]:
			i++
		case a[i] > b[j]:
			j++
		default:
			both, i, j = both+1, i+1, j+1
		}
	}
	if both == 0 {
		return 0
	}
	return float64(both) / float64(len(a)+len(b)-both)
}
