package trend

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var monday = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// some makes n posts of a metro in a week, each by another author.
func some(n int, metro string, week int, demand bool, from uint64) (out []Post) {
	for i := range uint64(n) {
		id := from + i
		out = append(out, Post{Demand: demand, Metro: metro, Site: "board", At: monday.AddDate(0, 0, 7*week).Add(time.Hour), Ad: id, Text: id, Author: id, ReadBy: "v1"})
	}
	return out
}

func read(week, due, parsed int) Day {
	return Day{Site: "board", Day: monday.AddDate(0, 0, 7*week+1), Due: due, Fetched: due, Parsed: parsed}
}

func says(c Count) string {
	switch {
	case c.Withheld:
		return "withheld"
	case c.N == nil:
		return "missing"
	case c.AtLeast:
		return "least"
	}
	return "given"
}

func TestWeeks(t *testing.T) {
	posts := slices.Concat(some(7, "A", 0, true, 1), some(4, "A", 1, true, 100), some(9, "A", 2, true, 200), some(6, "A", 3, true, 300))
	b := NewBook(posts, []Day{read(0, 100, 90), read(1, 100, 60), read(2, 100, 59)})
	f := b.Ask(Question{Metro: "A", From: monday.AddDate(0, 0, 3), Weeks: 4, Now: monday.AddDate(0, 0, 60)})
	var got []string
	for _, w := range f.Weeks {
		got = append(got, w.Week+" "+string(w.Status)+" "+says(w.Demand))
	}
	want := []string{"2026-W10 given given", "2026-W11 given withheld", "2026-W12 missing missing", "2026-W13 missing missing"}
	if d := cmp.Diff(got, want); d != "" {
		t.Errorf("weeks (-got +want)\n%s", d)
	}
	if f.Weeks[0].Coverage != .9 || *f.Weeks[0].Demand.N != 7 || *f.Weeks[0].DemandAuthors.N != 7 {
		t.Errorf("got %+v", f.Weeks[0])
	}
	if f.Demand != (Sum{7, 1}) {
		t.Errorf("the sum is %+v, want that of the one week which is given", f.Demand)
	}
}

func TestAWeekThatIsNotOver(t *testing.T) {
	b := NewBook(some(7, "A", 0, true, 1), []Day{read(0, 10, 10)})
	f := b.Ask(Question{Metro: "A", From: monday, Weeks: 3, Now: monday.Add(30 * time.Hour)})
	if len(f.Weeks) != 1 || f.Weeks[0].Status != Running {
		t.Errorf("got %+v, want one running week and none to come", f.Weeks)
	}
}

func TestRepeatsCountOnce(t *testing.T) {
	sig := [4]uint64{1, 2, 3, 4}
	at := func(days int) time.Time { return monday.AddDate(0, 0, days) }
	for name, tc := range map[string]struct {
		posts []Post
		want  int
	}{
		"the same text":                             {[]Post{{Ad: 1, Text: 1, At: at(0)}, {Ad: 2, Text: 1, At: at(3)}}, 1},
		"the same text after four weeks":            {[]Post{{Ad: 1, Text: 1, At: at(0)}, {Ad: 2, Text: 1, At: at(28)}}, 2},
		"nearly the same text":                      {[]Post{{Ad: 1, Text: 1, Signature: sig, At: at(0)}, {Ad: 2, Text: 2, Signature: [4]uint64{1, 2, 3, 9}, At: at(1)}}, 1},
		"half alike, of strangers":                  {[]Post{{Ad: 1, Text: 1, Signature: sig, At: at(0)}, {Ad: 2, Text: 2, Signature: [4]uint64{1, 2, 8, 9}, At: at(1)}}, 2},
		"half alike, under one contact":             {[]Post{{Ad: 1, Text: 1, Signature: sig, Author: 5, At: at(0)}, {Ad: 2, Text: 2, Signature: [4]uint64{1, 2, 8, 9}, Author: 5, At: at(1)}}, 1},
		"another content of one ad":                 {[]Post{{Ad: 1, Text: 1, At: at(0)}, {Ad: 1, Text: 2, At: at(9)}}, 1},
		"the same words of a buyer and of a seller": {[]Post{{Ad: 1, Text: 1, At: at(0), Demand: true}, {Ad: 2, Text: 1, At: at(1)}}, 2},
		"the same words in two metros":              {[]Post{{Ad: 1, Text: 1, At: at(0), Metro: "A"}, {Ad: 2, Text: 1, At: at(1), Metro: "B"}}, 2},
		"texts too short for a signature":           {[]Post{{Ad: 1, Text: 1, At: at(0)}, {Ad: 2, Text: 2, At: at(1)}}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			n := 0
			for _, c := range NewBook(tc.posts, nil).cells {
				n += c.posts
			}
			if n != tc.want {
				t.Errorf("got %d, want %d", n, tc.want)
			}
		})
	}
}

func TestOrderOfPostsDoesNotMatter(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var posts []Post
	for i := range 400 {
		m := [4]uint64{r.Uint64N(30), r.Uint64N(30), r.Uint64N(30), r.Uint64N(30)}
		posts = append(posts, Post{Demand: i%3 == 0, Metro: string(rune('A' + r.IntN(4))), Site: "s", At: monday.Add(time.Duration(r.IntN(60*24)) * time.Hour), Ad: uint64(i), Text: r.Uint64N(200), Signature: m, Author: r.Uint64N(50)})
	}
	days := []Day{{Site: "s", Day: monday, Due: 1, Parsed: 1}}
	ask := Question{From: monday, Weeks: 1, Now: monday.AddDate(1, 0, 0)}
	want := NewBook(posts, days).Ask(ask)
	for range 5 {
		r.Shuffle(len(posts), func(i, j int) { posts[i], posts[j] = posts[j], posts[i] })
		if d := cmp.Diff(NewBook(posts, days).Ask(ask), want); d != "" {
			t.Fatalf("shuffled (-got +want)\n%s", d)
		}
	}
}

// Nothing that is given away together may tell a count that is withheld: for each
// withheld cell another number must fit all that is shown.
func TestNoSumTellsAWithheldCell(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		var posts []Post
		metros := []string{"A", "B", "C", Unplaced}
		counts := make([]int, len(metros))
		for i, m := range metros {
			counts[i] = r.IntN(9)
			posts = append(posts, some(counts[i], m, 0, true, uint64(1000*i+1))...)
		}
		b := NewBook(posts, []Day{read(0, 10, 10)})
		ask := func(m string) Week {
			return b.Ask(Question{Metro: m, From: monday, Weeks: 1, Now: monday.AddDate(1, 0, 0)}).Weeks[0]
		}
		var given, hidden int
		cells := 0
		for i, m := range metros {
			w := ask(m)
			if counts[i] < Least {
				if w.Demand.N != nil || w.DemandAuthors.N != nil {
					t.Fatalf("%v: %s gives %v", counts, m, w.Demand)
				}
				hidden, cells = hidden+counts[i], cells+1
				continue
			}
			given += *w.Demand.N
		}
		all := ask("").Demand
		switch {
		case all.N == nil:
			if given >= Least {
				t.Fatalf("%v: the whole is withheld though %d are shown", counts, given)
			}
		case all.AtLeast:
			if *all.N != given {
				t.Fatalf("%v: the whole is %d, the shown ones %d: the difference tells", counts, *all.N, given)
			}
		default: // the rest of several cells together, each of which may be empty or not
			if rest := *all.N - given; rest != hidden || rest < Least || rest > (Least-1)*(cells-1) {
				t.Fatalf("%v: rest %d of %d cells, hidden %d", counts, rest, cells, hidden)
			}
		}
	}
}

func TestMoreProgramsAreNamed(t *testing.T) {
	posts := some(6, "A", 0, true, 1)
	posts[0].ReadBy = "v2"
	if got := NewBook(posts, nil).Ask(Question{Metro: "A", From: monday, Weeks: 1, Now: monday}).ReadBy; !slices.Equal(got, []string{"v1", "v2"}) {
		t.Errorf("read by %v", got)
	}
}

func BenchmarkBook(b *testing.B) {
	r := rand.New(rand.NewPCG(5, 6))
	posts := make([]Post, 60_000) // of 100,000 ads
	for i := range posts {
		posts[i] = Post{Demand: i%7 == 0, Metro: string(rune('A' + r.IntN(50))), Site: "s", At: monday.Add(time.Duration(r.IntN(365*24)) * time.Hour), Ad: uint64(i), Text: r.Uint64(), Signature: [4]uint64{r.Uint64N(5000), r.Uint64N(5000), r.Uint64N(5000), r.Uint64N(5000)}, Author: r.Uint64N(20_000)}
	}
	b.ReportAllocs()
	for b.Loop() {
		NewBook(posts, nil)
	}
}
