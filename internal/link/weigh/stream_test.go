package weigh_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"vigil.example/internal/link/weigh"
	"vigil.example/internal/link/weigh/invent"
)

// streamed takes ads in an order and solves them.
func streamed(gold []weigh.Labelled, order []int, d *weigh.Decisions) (*weigh.Stream, *weigh.Round) {
	s := weigh.NewStream()
	if d != nil {
		s.Decide(d.Ready())
	}
	for _, i := range order {
		a := gold[i].Ad
		if weigh.Directory(len(a.Phones)) {
			a.Phones = nil
		}
		s.Put(a)
	}
	r := s.Begin()
	r.Solve()
	return s, r
}

// clusters are the owners that a round found, of each of the ads.
func clusters(gold []weigh.Labelled, s *weigh.Stream, r *weigh.Round) []int {
	out := make([]int, len(gold))
	for i := range gold {
		n, _ := s.Number(gold[i].ID)
		out[i] = int(r.Owners[n])
	}
	return out
}

// At rest the stream holds what the batch finds, whatever the order of arrival.
func TestStreamEqualsBatch(t *testing.T) {
	gold := invent.Ads(invent.Config{Seed: 31, Ads: 2500, Hostile: 0.01})
	want := solve(gold).Clusters
	var first []int
	for seed := range uint64(2) {
		r := rand.New(rand.NewPCG(seed, 1))
		s, round := streamed(gold, r.Perm(len(gold)), nil)
		got := clusters(gold, s, round)
		if a := weigh.Agreement(want, got); a < 1 {
			t.Errorf("order %d: adjusted Rand index %.4f between stream and batch", seed, a)
		}
		if first == nil {
			first = got
		} else if a := weigh.Agreement(first, got); a < 1 {
			t.Errorf("adjusted Rand index %.4f between two orders", a)
		}
	}
}

// Every cluster of a round is held together by a tree of evidence, and what hangs
// an ad to it is true of both ads.
func TestTwigsAreATree(t *testing.T) {
	gold := invent.Ads(invent.Config{Seed: 32, Ads: 3000, Hard: true})
	order := make([]int, len(gold))
	for i := range order {
		order[i] = i
	}
	s, r := streamed(gold, order, nil)
	gives := func(n int32, kind, name string) (is bool) {
		s.Values(n, func(k, v string) { is = is || k == kind && v == name })
		return is
	}
	kinds := map[string]int{}
	bridges := 0
	for i := range gold {
		n := int32(i)
		steps := 0
		for m := n; r.Twigs[m].Ad >= 0; m = r.Twigs[m].Ad {
			if steps++; steps > len(gold) || r.Owners[r.Twigs[m].Ad] != r.Owners[n] {
				t.Fatalf("ad %d: its path leaves the cluster or has no end", i)
			}
		}
		w := r.Weigh(n)
		if w.Ad < 0 {
			if r.Owners[n] != n {
				t.Errorf("ad %d of a cluster hangs on nothing", i)
			}
			continue
		}
		kind, name, reason := r.Say(w)
		kinds[fmt.Sprint(kind, " ", w.How)]++
		if w.Bridge {
			bridges++
		}
		if reason == "" || w.Bits <= 0 && w.How != weigh.ByText && w.How != weigh.ByAlike {
			t.Errorf("ad %d: %+v says nothing: %q", i, w, reason)
		}
		if w.How == weigh.ByValue && (!gives(n, kind, name) || !gives(w.Ad, kind, name)) {
			t.Errorf("ad %d: not both give %s %s", i, kind, name)
		}
	}
	t.Log(kinds, bridges)
	if kinds["phone 3"] == 0 || kinds["text 5"] == 0 {
		t.Errorf("kinds of evidence: %v", kinds)
	}
}

// What an arriving ad is joined to at once is mostly right, and a round after it
// that few ads follow leaves little to mend.
func TestPlacedAtOnce(t *testing.T) {
	gold := invent.Ads(invent.Config{Seed: 33, Ads: 4000})
	order := rand.New(rand.NewPCG(1, 1)).Perm(len(gold))
	s := weigh.NewStream()
	owner := make([]int32, len(gold))
	of := func(n int32) int32 { return owner[n] }
	var wrong, joined int
	for k, i := range order {
		n := s.Put(gold[i].Ad)
		owner[n] = n
		if w, ok := s.Place(n, of); ok {
			owner[n] = owner[w.Ad]
			if k > len(gold)/2 {
				joined++
				if gold[i].Group != gold[order[w.Ad]].Group {
					wrong++
				}
			}
		}
		if k == len(gold)/2 {
			r := s.Begin()
			r.Solve()
			copy(owner, r.Owners)
			s.Learn(r)
		}
	}
	t.Logf("%d of %d placed with a stranger", wrong, joined)
	if joined < len(gold)/5 || wrong*33 > joined {
		t.Errorf("%d of %d were placed with a stranger; %d arrived", wrong, joined, len(gold)/2)
	}
	r := s.Begin()
	r.Solve()
	var before, after []int
	for n := range gold {
		before, after = append(before, int(owner[n])), append(after, int(r.Owners[n]))
	}
	t.Logf("ARI before the last round %.4f", weigh.Agreement(before, after))
}

func TestDecisionsHold(t *testing.T) {
	at := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	var gold []weigh.Labelled
	for i := range 8 {
		x := weigh.Ad{ID: fmt.Sprintf("a%d", i), At: at.AddDate(0, 0, i), Site: "board", City: "Savannah", Phones: []string{fmt.Sprintf("+1912555%04d", 100+i/4)}}
		if i%4 > 1 { // a number alone does not join four
			x.Body = fmt.Sprintf("quiet rooms %c by the harbour with tea and soft music for every guest", 'p'+i/4)
		}
		gold = append(gold, weigh.Labelled{Ad: x})
	}
	order := []int{3, 1, 7, 0, 2, 6, 5, 4}
	for _, tt := range []struct {
		name string
		d    weigh.Decisions
		want string
	}{
		{"nothing decided", weigh.Decisions{}, "0123 4567"},
		{"must-link", weigh.Decisions{Must: [][2]string{{"a1", "a6"}}}, "01234567"},
		{"cannot-link", weigh.Decisions{Cannot: [][2]string{{"a0", "a1"}}}, "023 1 4567"},
		{"cannot-link by transitivity", weigh.Decisions{Must: [][2]string{{"a1", "a6"}}, Cannot: [][2]string{{"a1", "a7"}}}, "0123456 7"},
		{"must-links that a cannot-link breaks", weigh.Decisions{Must: [][2]string{{"a1", "a6"}}, Cannot: [][2]string{{"a1", "a6"}}}, "0123 4567"},
		{"a value is a hub", weigh.Decisions{Hubs: map[string]bool{weigh.Barred("phone", "+19125550100"): true}}, "0 1 2 3 4567"},
		{"independent", weigh.Decisions{Alone: [][]string{{"a2"}}}, "013 2 4567"},
		{"independent beats must-link", weigh.Decisions{Alone: [][]string{{"a2"}}, Must: [][2]string{{"a2", "a5"}}}, "013 2 4567"},
		{"an independent group", weigh.Decisions{Alone: [][]string{{"a2", "a5"}}}, "013 25 467"},
		{"ads that are not there", weigh.Decisions{Alone: [][]string{{"b"}}, Must: [][2]string{{"a1", "b"}}, Cannot: [][2]string{{"b", "a0"}}}, "0123 4567"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, r := streamed(gold, order, &tt.d)
			groups := map[int]string{}
			for i, c := range clusters(gold, s, r) {
				groups[c] += fmt.Sprint(i)
			}
			var got []string
			for _, g := range groups {
				got = append(got, g)
			}
			slices.Sort(got)
			if s := fmt.Sprint(got); s != "["+tt.want+"]" {
				t.Errorf("got %s, want %s", s, tt.want)
			}
		})
	}
}

func BenchmarkStream(b *testing.B) {
	gold := invent.Ads(invent.Config{Seed: 34, Ads: 20000})
	half := len(gold) / 2
	s := weigh.NewStream()
	owner := make([]int32, len(gold))
	of := func(n int32) int32 { return owner[n] }
	for i := range gold[:half] {
		s.Put(gold[i].Ad)
	}
	r := s.Begin()
	r.Solve()
	copy(owner, r.Owners)
	s.Learn(r)
	var took []time.Duration
	b.ResetTimer()
	for b.Loop() {
		for i := half; i < len(gold); i++ {
			start := time.Now()
			n := s.Put(gold[i].Ad)
			if owner[n] == 0 {
				owner[n] = n
			}
			if w, ok := s.Place(n, of); ok {
				owner[n] = owner[w.Ad]
			}
			took = append(took, time.Since(start))
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(len(took))/b.Elapsed().Seconds(), "ads/s")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}
