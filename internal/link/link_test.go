package link

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"vigil.example/internal/ad"
)

// post returns an ad with a text class (its signature) and numbers.
func post(i int, class uint64, phones ...string) *ad.Ad {
	a := &ad.Ad{Listing: ad.Listing{AdID: ad.ID("town", fmt.Sprint(i), "")}, Signature: []uint64{class, class + 1, class + 2, class + 3}}
	for _, p := range phones {
		a.Phones = append(a.Phones, ad.Phone{E164: p, Confidence: .9})
	}
	return a
}

func many(k int) (out []string) {
	for i := range k {
		out = append(out, fmt.Sprintf("+1912555%04d", 100+i))
	}
	return out
}

// state follows a linker by its changes alone, as the index does.
type state map[string]string

func (s state) apply(c ad.LinkChange) {
	for _, m := range c.Moves {
		s[m.AdID] = m.Cluster
	}
}

// partition is the state without names: sorted groups of ads.
func (s state) partition() string {
	groups := map[string][]string{}
	for id, c := range s {
		if c != "" {
			groups[c] = append(groups[c], id)
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

func TestClusters(t *testing.T) {
	n := func(i int) string { return fmt.Sprintf("+1912555%04d", 100+i) }
	hub := func(k int, class func(int) uint64) (ads []*ad.Ad) {
		for i := range k {
			ads = append(ads, post(100+i, class(i), n(50)))
		}
		return ads
	}
	tests := []struct {
		name string
		ads  []*ad.Ad
		want []int // sizes of clusters, largest first
	}{
		{"two ads with one number", []*ad.Ad{post(1, 10, n(1)), post(2, 20, n(1))}, []int{2}},
		{"different numbers do not join", []*ad.Ad{post(1, 10, n(1)), post(2, 20, n(2))}, nil},
		{"a chain of rotating numbers", []*ad.Ad{post(1, 10, n(1)), post(2, 20, n(1), n(2)), post(3, 30, n(2), n(3)), post(4, 40, n(3))}, []int{4}},
		{"an edit that adds a number joins", []*ad.Ad{post(1, 10, n(1)), post(2, 20, n(2)), post(1, 10, n(2))}, []int{2}},
		{"a campaign of one template is no hub", hub(200, func(int) uint64 { return 7 }), []int{200}},
		{"a campaign of four templates is no hub", hub(200, func(i int) uint64 { return uint64(i%4) * 100 }), []int{200}},
		{"a number of strangers is a hub and joins nobody", hub(40, func(i int) uint64 { return uint64(i) * 100 }), nil},
		{"a directory of numbers joins nobody", []*ad.Ad{post(1, 10, many(60)...), post(2, 20, n(1)), post(3, 30, n(2))}, nil},
		{"a hub leaves what other numbers hold", append(hub(40, func(i int) uint64 { return uint64(i) * 100 }), post(100, 0, n(1)), post(101, 100, n(1))), []int{2}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, s := New(Config{}), state{}
			for _, a := range tt.ads {
				s.apply(l.Add(a))
			}
			sizes := map[string]int{}
			for _, c := range s {
				if c != "" {
					sizes[c]++
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

// world makes ads of groups, strangers and hubs.
func world(r *rand.Rand) (ads []*ad.Ad) {
	n := func(i int) string { return fmt.Sprintf("+1%03d555%04d", 201+i/100, 100+i%100) }
	for g := range 20 {
		for range 3 + r.IntN(30) {
			a := post(len(ads), uint64(g*1000+r.IntN(3)*10), n(g*5+r.IntN(3)))
			if r.IntN(3) == 0 {
				a.Phones = append(a.Phones, ad.Phone{E164: n(g*5 + r.IntN(3)), Confidence: .9})
			}
			if r.IntN(8) == 0 {
				a.Phones = append(a.Phones, ad.Phone{E164: n(900 + r.IntN(2)), Confidence: .9})
			}
			ads = append(ads, a)
		}
	}
	for range 150 {
		a := post(len(ads), uint64(50000+len(ads)*10), n(500+len(ads)))
		if r.IntN(2) == 0 {
			a.Phones = append(a.Phones, ad.Phone{E164: n(900 + r.IntN(2)), Confidence: .9})
		}
		ads = append(ads, a)
	}
	return ads
}

func TestOrderDoesNotMatter(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		ads := world(r)
		var first string
		for round := range 4 {
			l, s := New(Config{}), state{}
			for _, a := range ads {
				s.apply(l.Add(a))
			}
			if round == 0 {
				first = s.partition()
			} else if got := s.partition(); got != first {
				t.Fatalf("seed %d: another order gave another partition", seed)
			}
			snap := state{}
			snap.apply(l.Snapshot())
			if snap.partition() != s.partition() {
				t.Fatalf("seed %d: the snapshot differs from the sum of the changes", seed)
			}
			r.Shuffle(len(ads), func(i, j int) { ads[i], ads[j] = ads[j], ads[i] })
		}
	}
}

// throng makes ads in which values turn hub and back all the time.
func throng(r *rand.Rand) (ads []*ad.Ad) {
	n := func(i int) string { return fmt.Sprintf("+1912555%04d", 100+i) }
	for range 120 {
		a := post(len(ads), uint64(r.IntN(6)*10))
		for range 1 + r.IntN(4) {
			a.Phones = append(a.Phones, ad.Phone{E164: n(r.IntN(25)), Confidence: .9})
		}
		ads = append(ads, a)
	}
	return ads
}

// By hand: which values are hubs when all ads are there, and what the others hold
// together.
func byHand(cfg Config, ads []*ad.Ad) string {
	l := New(cfg)
	for _, a := range ads {
		n := l.node(a.AdID)
		l.learn(n, a.Values(.5), a.Signature)
	}
	all := make([]int32, len(l.nodes))
	for i := range all {
		all[i] = int32(i)
	}
	for i := range l.values {
		l.values[i].held = l.hub(&l.values[i])
	}
	s := state{}
	for i, part := range l.components(all) {
		for _, m := range part {
			if len(part) > 1 {
				s[fmt.Sprintf("%x", l.nodes[m].id)] = fmt.Sprint(i)
			}
		}
	}
	return s.partition()
}

func TestPartitionIsWhatTheSetSays(t *testing.T) {
	cfg := Config{HubAds: 4, HubTexts: 4, HubMixed: 2, HubOthers: 9}
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 2))
		ads := throng(r)
		want := byHand(cfg, ads)
		for range 3 {
			l, s := New(cfg), state{}
			for _, a := range ads {
				s.apply(l.Add(a))
			}
			if got := s.partition(); got != want {
				t.Fatalf("seed %d:\n got %s\nwant %s", seed, got, want)
			}
			r.Shuffle(len(ads), func(i, j int) { ads[i], ads[j] = ads[j], ads[i] })
		}
	}
}

func TestDeliveredTwice(t *testing.T) {
	ads := world(rand.New(rand.NewPCG(3, 3)))
	l, s := New(Config{}), state{}
	for _, a := range ads {
		s.apply(l.Add(a))
	}
	for _, a := range ads {
		if c := l.Add(a); len(c.Moves)+len(c.Hubs) > 0 {
			t.Fatalf("an ad seen again changed %+v", c)
		}
	}
}

func TestExplain(t *testing.T) {
	ads := world(rand.New(rand.NewPCG(5, 5)))
	l, s := New(Config{}), state{}
	hubs := map[ad.Value]bool{}
	for _, a := range ads {
		c := l.Add(a)
		s.apply(c)
		for _, h := range c.Hubs {
			hubs[h.Value] = h.Held
		}
	}
	members := map[string][]ad.Ad{}
	for _, a := range ads {
		if c := s[a.AdID]; c != "" {
			members[c] = append(members[c], *a)
		}
	}
	for c, m := range members {
		x := Explain(m, len(ads), .5, func(v ad.Value) bool { return hubs[v] })
		if len(x.Edges) != len(m)-1 {
			t.Errorf("cluster %s of %d ads has %d edges; a tree has one fewer than ads", c, len(m), len(x.Edges))
		}
		for _, e := range x.Edges {
			if hubs[e.Value] {
				t.Errorf("a hub is given as a reason: %+v", e)
			}
			if e.Reason == "" || e.Weight <= 0 {
				t.Errorf("edge without reason or weight: %+v", e)
			}
		}
	}
}

func BenchmarkAdd(b *testing.B) {
	ads := world(rand.New(rand.NewPCG(1, 1)))
	b.ReportAllocs()
	for b.Loop() {
		l := New(Config{})
		for _, a := range ads {
			l.Add(a)
		}
	}
	b.ReportMetric(float64(len(ads)*b.N)/b.Elapsed().Seconds(), "ads/s")
}

// Erasing ads: a linker with the ads that are left, told of by Diff, gives whoever
// followed the first one the partition and the hubs of the ads that are left.
func TestDiff(t *testing.T) {
	cfg := Config{HubAds: 4, HubTexts: 4, HubMixed: 2, HubOthers: 9}
	lone, freed, dropped := 0, 0, 0
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 9))
		ads := throng(r)
		follower, hubs := state{}, map[ad.Value]ad.Hub{}
		follow := func(c ad.LinkChange) {
			follower.apply(c)
			for _, h := range c.Hubs {
				hubs[h.Value] = h
			}
		}
		before := New(cfg)
		for _, a := range ads {
			follow(before.Add(a))
		}
		var left []*ad.Ad
		for _, a := range ads {
			if r.IntN(3) > 0 {
				left = append(left, a)
			} else {
				delete(follower, a.AdID) // as the index erases it
			}
		}
		after := New(cfg)
		for _, a := range left {
			after.Add(a)
		}
		ch, gone := Diff(before, after)
		for _, m := range ch.Moves {
			if m.Cluster == "" && follower[m.AdID] != "" {
				lone++
			}
		}
		follow(ch)
		for _, v := range gone {
			if _, ok := hubs[v]; !ok {
				t.Fatalf("seed %d: a value that never was a hub is gone", seed)
			}
			delete(hubs, v)
			dropped++
		}
		if got, want := follower.partition(), byHand(cfg, left); got != want {
			t.Fatalf("seed %d:\n got %s\nwant %s", seed, got, want)
		}
		for _, a := range left {
			if got, want := follower[a.AdID], after.name(after.byID[key(a.AdID)]); got != want {
				t.Fatalf("seed %d: cluster %q, want %q", seed, got, want)
			}
		}
		held := map[ad.Value]bool{}
		for i := range after.values {
			if v := &after.values[i]; v.held {
				held[v.value()] = true
			}
		}
		for v, h := range hubs {
			if h.Held != held[v] {
				t.Fatalf("seed %d: a hub is held: %v, want %v", seed, h.Held, held[v])
			}
			if !h.Held {
				freed++
			}
			delete(held, v)
		}
		if len(held) > 0 {
			t.Fatalf("seed %d: %d hubs were not told of", seed, len(held))
		}
		if again, gone := Diff(after, after); len(again.Moves)+len(again.Hubs)+len(gone) > 0 {
			t.Fatalf("seed %d: a linker differs from itself", seed)
		}
	}
	if lone == 0 || freed == 0 {
		t.Errorf("%d ads ended alone, %d hubs were freed, %d forgotten; the test needs some", lone, freed, dropped)
	}
}
