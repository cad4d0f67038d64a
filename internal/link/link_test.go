package link

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/link/weigh"
	"vigil.example/internal/link/weigh/invent"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// texts are what posters write, each their own.
var texts = []string{
	"quiet rooms by the harbour with tea and soft music for every guest who calls before noon",
	"my garden studio has wide windows and warm stones, ask for the long afternoon",
	"just arrived from the coast and staying a week near the old station, evenings only",
	"two friends share a bright flat over the bakery, come up the green stairs and ring twice",
	"strong hands and no hurry, fresh towels, parking behind the house, cash please",
}

var more = []string{
	"mornings are calm here, afternoons belong to the regulars and sundays to nobody at all",
	"bring your own music if you like strings, otherwise I play records from my uncle's shop",
	"ring from the corner and I will wave from the third balcony with the yellow awning",
	"we speak slowly, laugh easily and never rush anybody toward the door before tea is cold",
	"trained in Lisbon and Porto, twelve years of practice, walk-ins are rarely possible",
}

// post returns an ad with one of the texts and numbers.
func post(i, text int, phones ...string) *ad.Ad {
	a := &ad.Ad{Listing: ad.Listing{
		AdID: ad.ID("town", fmt.Sprint(i), ""), Site: "town", Title: "Savannah", Body: texts[text%len(texts)] + "; " + more[text%len(texts)],
		PostedAt: noon.AddDate(0, 0, i%20), SeenAt: noon.AddDate(0, 0, 20),
	}}
	if text >= len(texts) {
		a.Body = fmt.Sprintf("words%c%c of%c their%c own%c entirely%c, hardly%c%c alike%c any%c other%c", 'a'+text%26, 'a'+text/26, 'a'+text%25, 'a'+text%24, 'a'+text%23, 'a'+text%22, 'a'+text%21, 'a'+text/20, 'a'+text%19, 'a'+text%18, 'a'+text%17)
	}
	a.ContentSHA256 = a.Content()
	for _, p := range phones {
		a.Phones = append(a.Phones, ad.Phone{E164: p, Confidence: .9})
	}
	return a
}

func number(i int) string { return fmt.Sprintf("+1912555%04d", 100+i) }

// state follows a linker by its changes alone, as the index does.
type state struct {
	at      map[string]ad.Move
	hubs    map[ad.Value]ad.Hub
	lineage []ad.Descent
}

func newState() *state { return &state{at: map[string]ad.Move{}, hubs: map[ad.Value]ad.Hub{}} }

func (s *state) apply(c ad.LinkChange) {
	for _, m := range c.Moves {
		s.at[m.AdID] = m
	}
	for _, h := range c.Hubs {
		s.hubs[h.Value] = h
	}
	s.lineage = append(s.lineage, c.Lineage...)
}

// partition is the state without names: sorted groups of ads.
func (s *state) partition() string {
	groups := map[string][]string{}
	for id, m := range s.at {
		if m.Cluster != "" {
			groups[m.Cluster] = append(groups[m.Cluster], id)
		}
	}
	var out []string
	for _, g := range groups {
		slices.Sort(g)
		out = append(out, strings.Join(g, " "))
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// check looks whether each cluster is held together by one tree, and by true reasons.
func (s *state) check(t *testing.T) {
	t.Helper()
	sizes, edges := map[string]int{}, map[string]int{}
	for id, m := range s.at {
		if m.Cluster == "" {
			if m.By != nil {
				t.Errorf("an ad that is alone hangs on %+v", m.By)
			}
			continue
		}
		sizes[m.Cluster]++
		steps := 0
		for at := m; at.By != nil; at = s.at[at.By.B] {
			if steps++; steps > len(s.at) {
				t.Fatalf("the path of %s has no end", id)
			}
			if s.at[at.By.B].Cluster != m.Cluster {
				t.Fatalf("the path of %s leads out of its cluster", id)
			}
			if at.By.Reason == "" || at.By.A != at.AdID {
				t.Errorf("an edge says nothing: %+v", at.By)
			}
		}
		if m.By != nil {
			edges[m.Cluster]++
			if s.hubs[m.By.Value].Held {
				t.Errorf("a hub is given as a reason: %+v", m.By)
			}
		}
	}
	for c, n := range sizes {
		if n < 2 || edges[c] != n-1 {
			t.Errorf("cluster %s of %d ads has %d edges; a tree has one fewer than ads", c, n, edges[c])
		}
	}
}

func TestClusters(t *testing.T) {
	many := func(k int) (out []string) {
		for i := range k {
			out = append(out, number(i))
		}
		return out
	}
	strangers := func(k int) (ads []*ad.Ad) {
		for i := range k {
			ads = append(ads, post(100+i, 10+i, number(50)))
		}
		return ads
	}
	campaign := func(k int) (ads []*ad.Ad) {
		for i := range k {
			ads = append(ads, post(100+i, 0, number(50)))
		}
		return ads
	}
	at := func(a *ad.Ad, decided uint64) *ad.Ad { a.Decided = decided; return a }
	for _, tt := range []struct {
		name string
		ads  []*ad.Ad
		want []int // sizes of clusters, largest first
	}{
		{"two ads with one number", []*ad.Ad{post(1, 0, number(1)), post(2, 1, number(1))}, []int{2}},
		{"different numbers and texts do not join", []*ad.Ad{post(1, 0, number(1)), post(2, 1, number(2))}, nil},
		{"an edit that adds a number joins", []*ad.Ad{post(1, 0, number(1)), post(2, 1, number(2)), post(1, 0, number(2))}, []int{2}},
		{"a campaign is no hub", campaign(60), []int{60}},
		{"a number of strangers is a hub and joins nobody", strangers(60), nil},
		{"a directory of numbers joins nobody", []*ad.Ad{post(1, 0, many(60)...), post(2, 1, number(1)), post(3, 2, number(2))}, nil},
		{"one of four numbers joins nobody either", []*ad.Ad{post(1, 0, many(4)...), post(2, 1, number(1))}, nil},
		{"edits that give a number each are no directory", []*ad.Ad{post(1, 0, number(1)), post(1, 0, number(2)), post(1, 0, number(3)), post(1, 0, number(4)), post(2, 1, number(4))}, []int{2}},
		{"what joined falls apart by a decision", []*ad.Ad{post(1, 0, number(1)), post(2, 1, number(1)), at(post(2, 1), 7)}, nil},
		{"an older reading that comes late says nothing", []*ad.Ad{post(1, 0, number(1)), at(post(2, 1), 7), post(2, 1, number(1))}, nil},
		{"a decision that is taken back", []*ad.Ad{post(1, 0, number(1)), post(2, 1, number(1)), at(post(2, 1), 7), at(post(2, 1, number(1)), 9)}, []int{2}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, s := New(Config{}), newState()
			for _, a := range tt.ads {
				s.apply(l.Add(a))
			}
			s.apply(l.Solve(noon))
			s.check(t)
			sizes := map[string]int{}
			for _, m := range s.at {
				if m.Cluster != "" {
					sizes[m.Cluster]++
				}
			}
			var got []int
			for _, k := range sizes {
				got = append(got, k)
			}
			slices.Sort(got)
			slices.Reverse(got)
			if !slices.Equal(got, tt.want) {
				t.Errorf("cluster sizes %v, want %v", got, tt.want)
			}
		})
	}
}

// invented makes ads as enrichment gives them.
func invented(c invent.Config) (ads []*ad.Ad, gold []weigh.Labelled) {
	gold = invent.Ads(c)
	for _, g := range gold {
		ads = append(ads, invent.Read(g.Ad))
	}
	return ads, gold
}

// Whatever the order of arrival and wherever rounds fall, in parts of whatever size
// and with ads that come while one is under way: at rest the partition is the same,
// who follows the changes knows it, and every cluster is one tree.
func TestAtRestTheSame(t *testing.T) {
	ads, _ := invented(invent.Config{Seed: 5, Ads: 900})
	want := ""
	for seed := range uint64(4) {
		r := rand.New(rand.NewPCG(seed, 1))
		l, s := New(Config{}), newState()
		var round *Round
		for _, i := range r.Perm(len(ads)) {
			s.apply(l.Add(ads[i]))
			switch {
			case round != nil && r.IntN(20) == 0:
				ch, more := l.Tell(round, noon, 1+r.IntN(200))
				if s.apply(ch); !more {
					round = nil
				}
			case round == nil && r.IntN(150) == 0:
				round = l.Begin()
				round.Solve()
			}
		}
		for more := round != nil; more; {
			var ch ad.LinkChange
			ch, more = l.Tell(round, noon, 50)
			s.apply(ch)
		}
		s.check(t)
		s.apply(l.Solve(noon))
		s.check(t)
		if again := l.Solve(noon); len(again.Moves)+len(again.Hubs)+len(again.Lineage) > 0 {
			t.Errorf("order %d: a round without news tells of %d moves", seed, len(again.Moves))
		}
		snap := newState()
		snap.apply(l.Snapshot())
		if snap.partition() != s.partition() {
			t.Errorf("order %d: the snapshot differs from the sum of the changes", seed)
		}
		if want == "" {
			want = s.partition()
		} else if s.partition() != want {
			t.Errorf("order %d: another order gave another partition", seed)
		}
	}
}

func TestDeliveredTwice(t *testing.T) {
	ads, _ := invented(invent.Config{Seed: 6, Ads: 400})
	l := New(Config{})
	for _, a := range ads {
		l.Add(a)
	}
	l.Solve(noon)
	for _, a := range ads {
		if c := l.Add(a); len(c.Moves) > 0 || l.Changed() > 0 {
			t.Fatalf("an ad seen again changed %+v", c)
		}
	}
}

// A linker that begins anew from what the other one told goes on with its names,
// and has nothing to tell unless it is asked for all.
func TestNamesStay(t *testing.T) {
	ads, _ := invented(invent.Config{Seed: 7, Ads: 600})
	l, s := New(Config{}), newState()
	var told []ad.LinkChange
	tell := func(c ad.LinkChange) { told = append(told, c); s.apply(c) }
	for i, a := range ads {
		if tell(l.Add(a)); i == 250 {
			tell(l.Solve(noon))
		}
	}
	tell(l.Solve(noon))
	again := New(Config{})
	for _, i := range rand.New(rand.NewPCG(1, 1)).Perm(len(ads)) {
		again.Read(ads[i])
	}
	for _, c := range told {
		again.Recall(c)
	}
	if c := again.Solve(noon); len(c.Moves)+len(c.Hubs)+len(c.Lineage) > 0 {
		t.Errorf("a linker that begins anew tells of %d moves, %d hubs, %v", len(c.Moves), len(c.Hubs), c.Lineage)
	}
	again.TellAnew()
	all := newState()
	all.apply(again.Solve(noon))
	if len(all.at) != len(ads) {
		t.Errorf("%d of %d ads were told anew", len(all.at), len(ads))
	}
	for id, m := range all.at {
		if m.Cluster != s.at[id].Cluster {
			t.Fatalf("ad %s is in %q, was in %q", id, m.Cluster, s.at[id].Cluster)
		}
	}
	all.check(t)
}

// When clusters are joined the larger keeps its name, and when one falls apart the
// larger part; each is told as descent.
func TestLineage(t *testing.T) {
	l, s := New(Config{}), newState()
	for i := range 7 {
		text := 0
		if i >= 4 {
			text = 1
		}
		s.apply(l.Add(post(i, text, number(text))))
	}
	s.apply(l.Solve(noon))
	id := func(i int) string { return post(i, 0).AdID }
	large, small := s.at[id(0)].Cluster, s.at[id(5)].Cluster
	if large == "" || small == "" || large == small {
		t.Fatalf("clusters %q and %q", large, small)
	}
	s.lineage = nil
	must := weigh.Decisions{Must: [][2]string{{id(1), id(5)}}}
	l.Decide(&must)
	s.apply(l.Solve(noon))
	s.check(t)
	if got, want := fmt.Sprint(s.lineage), fmt.Sprint([]ad.Descent{{From: small, Into: large, Ads: 3, Gone: true, At: noon}}); got != want {
		t.Errorf("joined: %s, want %s", got, want)
	}
	s.lineage = nil
	l.Decide(&weigh.Decisions{})
	s.apply(l.Solve(noon))
	s.check(t)
	part := s.at[id(5)].Cluster
	if got, want := fmt.Sprint(s.lineage), fmt.Sprint([]ad.Descent{{From: large, Into: part, Ads: 3, At: noon}}); got != want || part == small {
		t.Errorf("fell apart: %s, want %s; the name of another cluster is not given again: %s", got, want, part)
	}
	if s.at[id(0)].Cluster != large {
		t.Error("the larger part has lost its name")
	}
}

func BenchmarkAdd(b *testing.B) {
	ads, _ := invented(invent.Config{Seed: 8, Ads: 5000})
	b.ReportAllocs()
	for b.Loop() {
		l := New(Config{})
		for _, a := range ads {
			l.Add(a)
		}
	}
	b.ReportMetric(float64(len(ads)*b.N)/b.Elapsed().Seconds(), "ads/s")
}
