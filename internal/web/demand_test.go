package web

import (
	"context"
	"strings"
	"testing"
	"time"

	"vigil.example/internal/trend"
)

// counted is a fixed book.
type counted struct{ book *trend.Book }

func (c counted) Book(context.Context) (*trend.Book, error) { return c.book, nil }

// someWeeks is three weeks up to now: 7 buyer posts, then 2, then a week of which
// too little was read; 30 supply ads in each.
func someWeeks(now time.Time) counted {
	var posts []trend.Post
	var days []trend.Day
	id := uint64(0)
	for k, buyers := range []int{9, 2, 7} {
		at := now.AddDate(0, 0, -7*k)
		for i := range buyers + 30 {
			id++
			posts = append(posts, trend.Post{Demand: i < buyers, Metro: "42340", Site: "townboard", At: at, Ad: id, Text: id, Author: id % 40, ReadBy: "vigil test"})
		}
		days = append(days, trend.Day{Site: "townboard", Day: at.UTC().Truncate(24 * time.Hour), Due: 100, Fetched: 98, Parsed: []int{97, 95, 30}[k]})
	}
	return counted{trend.NewBook(posts, days)}
}

func TestDemandPage(t *testing.T) {
	h := newHouse(t)
	h.furnish()
	h.settle()
	for name, tc := range map[string]struct {
		address string
		code    int
		has     []string
		lacks   []string
	}{
		"a metro by its code": {"/demand?metro=42340&weeks=3", 200,
			[]string{"Savannah, GA", "under 5", "missing", "Posts, not people", "Shown in all: 9 buyer posts in 1 week; 60 supply ads in 2 weeks.", "97% of 100 pages due"}, []string{">7<"}},
		"no area has enough":   {"/demand?metro=unplaced&weeks=1", 200, []string{"no count of buyer posts can be shown: each week is missing or its count withheld"}, []string{" 0 buyer"}},
		"words in the address": {"/demand?metro=Savannah", 422, []string{"An address names an area by its code"}, []string{"Savannah\"", "Coverage"}},
		"a week that is none":  {"/demand?from=2026-W77", 422, []string{"A week is written as"}, []string{"Coverage"}},
		"no week at all":       {"/demand?from=banana", 422, []string{"A week is written as 2026-W10"}, []string{"banana"}},
		"all":                  {"/demand", 200, []string{"all areas", "No page was due in the 10 weeks before."}, []string{"no page was due"}},
		"from a week on":       {"/demand?from=2026-W01&weeks=2", 200, []string{"no page was due"}, []string{"weeks before."}},
	} {
		t.Run(name, func(t *testing.T) {
			res, body := h.get(tc.address)
			if res.StatusCode != tc.code {
				t.Fatalf("got %d, want %d: %s", res.StatusCode, tc.code, strip(body))
			}
			for _, s := range tc.has {
				if !strings.Contains(body, s) && !strings.Contains(strip(body), s) {
					t.Errorf("the page does not say %q: %s", s, strip(body))
				}
			}
			for _, s := range tc.lacks {
				if strings.Contains(body, s) {
					t.Errorf("the page says %q", s)
				}
			}
		})
	}
	h.to("/demand?metro=42340&weeks=3", "/demand", "metro", "Savannah, GA", "weeks", "3")
	h.to("/demand?from=2026-W02&metro=42340&weeks=13", "/demand", "metro", "savannah ga", "from", "2026-01-07", "weeks", "")
	for asked, says := range map[string]string{"Springfield": "Springfield, IL", "Atlantis": "none is known by this name"} {
		res, body := h.post("/demand", "metro", asked)
		if res.StatusCode != 422 || !strings.Contains(body, says) || strings.Contains(body, "Coverage") {
			t.Errorf("asked for %s: %d, lacks %q: %s", asked, res.StatusCode, says, strip(body))
		}
	}
}

func TestRound(t *testing.T) {
	for n, want := range map[int]int{1: 2, 5: 6, 6: 6, 7: 10, 11: 20, 60: 60, 61: 100, 1001: 2000} {
		if got := round(n); got != want {
			t.Errorf("round(%d) = %d, want %d", n, got, want)
		}
	}
}
