package weigh_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"vigil.example/internal/link/weigh"
	"vigil.example/internal/link/weigh/invent"
)

var (
	update = flag.Bool("update", false, "write testdata/quality.txt anew")
	count  = flag.Int("ads", 0, "measure on this many invented ads")
	seed   = flag.Uint64("seed", 101, "first seed to measure with")
	seeds  = flag.Int("seeds", 5, "how many seeds to measure with")
	hard   = flag.Bool("hard", false, "measure on the harder ads")
	rivals = flag.Float64("hostile", 0, "share of hostile ads to measure with")
	write  = flag.String("write", "", "write the ads of the first seed to this file")
)

// connected joins all ads that share a value, as no linker should.
func connected(gold []weigh.Labelled, all bool) []int {
	root := make([]int, len(gold))
	var find func(int) int
	find = func(i int) int {
		if root[i] != i {
			root[i] = find(root[i])
		}
		return root[i]
	}
	first := map[string]int{}
	for i, g := range gold {
		root[i] = i
		values := g.Phones
		if all {
			values = append(append(append([]string{}, g.Phones...), g.Emails...), g.Handles...)
		}
		for _, v := range values {
			if j, ok := first[v]; ok {
				root[find(i)] = find(j)
			} else {
				first[v] = i
			}
		}
	}
	out := make([]int, len(gold))
	for i := range out {
		out[i] = find(i)
	}
	return out
}

// The invented ads must be as hard as those that the published baselines were
// measured on: .72 by phones and .64 by all contacts, .62 by phones when hard.
func TestBaselinesFallShort(t *testing.T) {
	near := func(name string, got, want float64) {
		t.Helper()
		if got < want-0.05 || got > want+0.05 {
			t.Errorf("%s: B-cubed F1 %.3f, want %.2f within .05", name, got, want)
		}
	}
	var phones, all, hard float64
	const n = 5
	for s := range uint64(n) {
		gold := invent.Ads(invent.Config{Seed: s + 1, Ads: 4000})
		phones += weigh.Judge(gold, connected(gold, false)).BCubedF1 / n
		all += weigh.Judge(gold, connected(gold, true)).BCubedF1 / n
		gold = invent.Ads(invent.Config{Seed: s + 1, Ads: 4000, Hard: true})
		hard += weigh.Judge(gold, connected(gold, false)).BCubedF1 / n
	}
	near("phones", phones, 0.72)
	near("all contacts", all, 0.64)
	near("phones, hard", hard, 0.62)
}

func solve(gold []weigh.Labelled) *weigh.Partition {
	l := weigh.New()
	for i := range gold {
		l.Add(gold[i].Ad)
	}
	return l.Solve()
}

// TestQuality keeps how well linking goes in a file, on seeds that nothing was
// chosen by.
func TestQuality(t *testing.T) {
	if testing.Short() {
		t.Skip("links 28,000 ads")
	}
	var b strings.Builder
	for _, c := range []invent.Config{
		{Seed: 901, Ads: 2000}, {Seed: 902, Ads: 2000}, {Seed: 903, Ads: 2000}, {Seed: 9024, Ads: 2000, Hard: true},
		{Seed: 904, Ads: 8000}, {Seed: 905, Ads: 8000, Hard: true}, {Seed: 906, Ads: 6000, Hostile: 0.01},
	} {
		gold := invent.Ads(c)
		s := weigh.Judge(gold, solve(gold).Clusters)
		fmt.Fprintf(&b, "seed %d, %d ads, hard %v, hostile %.2f: %s\n", c.Seed, c.Ads, c.Hard, c.Hostile, line(s))
		if f := s.BCubedF1; f < 0.9 || s.PairPrecision < 0.9 {
			t.Errorf("seed %d: %s", c.Seed, line(s))
		}
	}
	const file = "testdata/quality.txt"
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got := b.String(); got != string(want) {
		t.Errorf("quality changed; -update writes it anew\ngot:\n%s\nwant:\n%s", got, want)
	}
}

func line(s weigh.Score) string {
	out := fmt.Sprintf("B3 %.3f pairs P %.4f R %.4f groups %.2f strangers %.4f largest %d/%.3f", s.BCubedF1, s.PairPrecision, s.PairRecall, s.Groups, s.Strangers, s.Largest, s.LargestPurity)
	for _, x := range s.Traps {
		out += fmt.Sprintf(" %s %.3f", x.Kind, x.Rate)
	}
	return out
}

// The order in which ads are added does not matter at all.
func TestOrderOfArrivalDoesNotMatter(t *testing.T) {
	gold := invent.Ads(invent.Config{Seed: 77, Ads: 2000})
	want := solve(gold).Clusters
	mixed := append([]weigh.Labelled{}, gold...)
	r := rand.New(rand.NewPCG(7, 7))
	perm := r.Perm(len(gold))
	for i, k := range perm {
		mixed[k] = gold[i]
	}
	got := solve(mixed).Clusters
	back := make([]int, len(gold))
	for i, k := range perm {
		back[i] = got[k]
	}
	if a := weigh.Agreement(want, back); a < 1 {
		t.Errorf("adjusted Rand index %.4f between two orders of the same ads", a)
	}
}

// Nor does it matter how many work beside each other.
func TestWorkersDoNotMatter(t *testing.T) {
	gold := invent.Ads(invent.Config{Seed: 78, Ads: 1500, Hard: true})
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	alone := solve(gold).Clusters
	runtime.GOMAXPROCS(5)
	if together := solve(gold).Clusters; !slices.Equal(alone, together) {
		t.Errorf("adjusted Rand index %.4f between one worker and five", weigh.Agreement(alone, together))
	}
}

// TestMeasure measures at a size of one's choice: go test -run Measure -ads 50000 -v.
func TestMeasure(t *testing.T) {
	if *count == 0 {
		t.Skip("-ads N measures")
	}
	for s := range *seeds {
		gold := invent.Ads(invent.Config{Seed: *seed + uint64(s), Ads: *count, Hard: *hard, Hostile: *rivals})
		if *write != "" && s == 0 {
			f, err := os.Create(*write)
			if err != nil {
				t.Fatal(err)
			}
			e := json.NewEncoder(f)
			for _, g := range gold {
				_ = e.Encode(g)
			}
			_ = f.Close()
		}
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		start, cpu := time.Now(), userCPU()
		p := solve(gold)
		took := time.Since(start)
		spent := userCPU() - cpu
		runtime.GC()
		runtime.ReadMemStats(&after)
		fmt.Printf("seed %d B3 %s %.0f ads/s %.1f µs CPU/ad %.0f B/ad kept\n", *seed+uint64(s), strings.TrimPrefix(line(weigh.Judge(gold, p.Clusters)), "B3 "), float64(len(gold))/took.Seconds(), 1e6*spent.Seconds()/float64(len(gold)), float64(after.HeapAlloc-before.HeapAlloc)/float64(len(gold)))
		runtime.KeepAlive(p)
	}
}
