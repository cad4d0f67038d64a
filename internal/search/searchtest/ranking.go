package searchtest

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"vigil.example/internal/ad"
	"vigil.example/internal/search"
)

// Ranking says how well an engine orders by relevance: for some searches, over ads
// of which it is known how much they are about what is asked, the gain of its first
// forty against the best order's (nDCG@40). An engine keeps the answer as a golden
// file, so that a change is a difference that somebody reads.
func Ranking(t *testing.T, open Open) string {
	x := fresh(t, open)
	m := newMaker(50)
	searches := []struct{ typed, a, b string }{
		{"orchid market", "orchid", "market"}, {"orchid OR lily", "orchid", "lily"}, {`"harbour view"`, "harbour", "view"},
		{"violin lessons", "violin", "lessons"}, {"violi* lessons", "violin", "lessons"}, {`"harbour view"~3`, "harbour", "view"},
	}
	var changes []search.Change
	grades := map[string]map[string]float64{}
	n := 0
	for _, s := range searches {
		if grades[s.a] != nil {
			continue
		}
		grades[s.a] = map[string]float64{}
		for range 60 {
			grade, l := m.about(s.a, s.b)
			l.Site, l.NativeID, l.URL = "town", fmt.Sprint(n), fmt.Sprintf("https://town.example/ad/%d", n)
			n++
			v := see(ad.Ad{Listing: l}, epoch)
			grades[s.a][ad.DocumentID(v.AdID, v.ContentSHA256)] = grade
			changes = append(changes, search.Change{Seq: uint64(n), Version: v})
		}
	}
	m.Shuffle(len(changes), func(i, j int) { changes[i], changes[j] = changes[j], changes[i] })
	apply(t, x, 100, changes)
	var b strings.Builder
	sum := 0.0
	for _, s := range searches {
		var got, best []float64
		for _, h := range find(t, x, parse(t, s.typed), search.ByRelevance) {
			got = append(got, grades[s.a][h.Doc.ID])
		}
		best = slices.Sorted(slices.Values(got))
		slices.Reverse(best)
		q := gain(got) / gain(best)
		sum += q
		fmt.Fprintf(&b, "%.2f %s\n", q, s.typed)
	}
	fmt.Fprintf(&b, "%.2f mean\n", sum/float64(len(searches)))
	return b.String()
}

// about is an ad and how much it is about two words.
func (m maker) about(a, b string) (grade float64, l ad.Listing) {
	body := strings.Fields(m.words(20 + m.IntN(80)))
	put := func(words ...string) {
		at := m.IntN(len(body))
		body = slices.Insert(body, at, words...)
	}
	l.Title = m.words(4)
	switch grade = float64(m.IntN(4)); grade {
	case 3: // it is what the ad is about
		l.Title = m.words(1) + " " + a + " " + b
		put(a, b)
	case 2: // it is in the words, more than once
		put(a, b)
		put(a, b)
	case 1: // it is mentioned
		put(a, b)
	default: // something else, of which one word is the name
		l.Title = m.words(1) + " " + m.pick([]string{a, b})
		put(a)
		put(b)
		put(m.pick([]string{a, b}))
	}
	if m.IntN(2) == 0 {
		body = append(body, strings.Fields(m.words(m.IntN(300)))...)
	}
	l.Body = strings.Join(body, " ")
	return grade, l
}

// gain is the discounted gain of the first forty grades.
func gain(grades []float64) (sum float64) {
	for i, g := range grades[:min(40, len(grades))] {
		sum += (math.Pow(2, g) - 1) / math.Log2(float64(i)+2)
	}
	return max(sum, 1e-9)
}
