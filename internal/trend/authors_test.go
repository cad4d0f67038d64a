package trend

import (
	"testing"
	"time"
)

// The authors of all areas leave out those of a metro whose own number of authors
// is withheld: it would be the difference.
func TestWithheldAuthorsAreNoDifference(t *testing.T) {
	at := time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC)
	var posts []Post
	for metro, n := range map[string]struct{ posts, authors int }{"A": {20, 2}, "B": {10, 6}} {
		base := uint64(metro[0]) * 1000
		for i := range n.posts {
			posts = append(posts, Post{Demand: true, Metro: metro, Site: "s", At: at, Ad: base + uint64(i), Text: base + uint64(i), Author: base + uint64(i%n.authors)})
		}
	}
	b := NewBook(posts, []Day{{Site: "s", Day: at, Due: 10, Fetched: 10, Parsed: 10}})
	ask := func(metro string) Count {
		return b.Ask(Question{Metro: metro, From: at, Weeks: 1, Now: at.AddDate(0, 1, 0)}).Weeks[0].DemandAuthors
	}
	if a := ask("A"); a.N != nil {
		t.Fatalf("A has %d authors shown", *a.N)
	}
	all, one := ask(""), ask("B")
	if all.N == nil || one.N == nil || *all.N != *one.N || !all.AtLeast {
		t.Errorf("all areas: %+v, B: %+v", all, one)
	}
}
