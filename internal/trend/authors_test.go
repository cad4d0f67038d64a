package trend

import (
	"encoding/json"
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

// Of all ways in which three metros can have posts and authors, no cell that
// is withheld may be told: for each, none and some must give the very same answers
// to every question.
func TestEveryWithheldCellCouldBeAnother(t *testing.T) {
	at := time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC)
	days := []Day{{Site: "s", Day: at, Due: 10, Fetched: 10, Parsed: 10}}
	metros := []string{"A", "B", Unplaced}
	type cell struct{ posts, authors int }
	var ways []cell
	for n := range Least + 2 {
		for _, k := range []int{0, 1, n} {
			if k <= n {
				ways = append(ways, cell{n, k})
			}
		}
	}
	could := map[string][]map[cell]bool{} // by all that is shown: what each metro could be
	seen := map[[3]cell]string{}
	for _, a := range ways {
		for _, b := range ways {
			for _, c := range ways {
				way := [3]cell{a, b, c}
				var posts []Post
				for i, w := range way {
					base := uint64(1+i) << 20
					for k := range w.posts {
						p := Post{Demand: true, Metro: metros[i], Site: "s", At: at, Ad: base + uint64(k), Text: base + uint64(k)}
						if w.authors > 0 {
							p.Author = base + uint64(k%w.authors)
						}
						posts = append(posts, p)
					}
					posts = append(posts, Post{Metro: metros[i], Site: "s", At: at, Ad: base - 1, Text: base - 1})
				}
				book := NewBook(posts, days)
				var shown []Figures
				for _, m := range append([]string{""}, metros...) {
					shown = append(shown, book.Ask(Question{Metro: m, From: at, Weeks: 1, Now: at.AddDate(0, 1, 0)}))
				}
				raw, err := json.Marshal(shown)
				if err != nil {
					t.Fatal(err)
				}
				key := string(raw)
				seen[way] = key
				if could[key] == nil {
					could[key] = []map[cell]bool{{}, {}, {}}
				}
				for i, w := range way {
					could[key][i][w] = true
				}
			}
		}
	}
	for way, key := range seen {
		for i, w := range way {
			posts, authors := map[int]bool{}, map[int]bool{}
			for c := range could[key][i] {
				posts[c.posts], authors[c.authors] = true, true
			}
			if w.posts < Least && (!posts[0] || len(posts) < 2) {
				t.Fatalf("%v: that %s has %d posts is told by %s", way, metros[i], w.posts, key)
			}
			if w.posts >= Least && w.authors < Least && (!authors[0] || len(authors) < 2) {
				t.Fatalf("%v: that %s has %d authors is told by %s", way, metros[i], w.authors, key)
			}
		}
	}
}
