package weigh_test

import (
	"flag"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"vigil.example/internal/link/weigh"
	"vigil.example/internal/link/weigh/invent"
)

var growth = flag.String("growth", "", "sizes at which TestGrowth measures, the last to hold against what the others foretell")

// together is how many ads are asked for at once in the messages between processes.
const together = 256

// A grown is what was measured at one size: each a number that grows with the ads.
type grown struct {
	ads  float64
	what map[string]float64
}

// The quantities of TestGrowth. What is an ad's is given as the sum over all ads.
var quantities = []string{
	"distinct 3-grams", "distinct values", "units", "3-grams asked", "values asked",
	"words, bytes", "3-gram table, bytes", "3-gram lists, bytes", "units, bytes", "values, bytes", "places, bytes",
	"asked, bytes", "answered, bytes", "learned, bytes", "CPU, ms",
}

// measured solves invented ads and counts.
func measured(ads int, hostile float64) (grown, []weigh.Labelled, *weigh.Partition) {
	gold := invent.Ads(invent.Config{Seed: 71, Ads: ads, Hostile: hostile})
	runtime.GC()
	cpu := userCPU()
	p := solve(gold)
	spent := userCPU() - cpu
	s := weigh.SizesOf(p)
	const value, place = 64, 48 // a value beside its name, in two maps and a list; an ad's place, reading, number
	return grown{float64(s.Ads), map[string]float64{
		"distinct 3-grams": float64(s.Cells), "distinct values": float64(s.Values), "units": float64(s.Units),
		"3-grams asked": float64(s.Grams), "values asked": float64(s.Given),
		"words, bytes": 4 * float64(s.Words), "3-gram table, bytes": float64(s.Cells*weigh.CellBytes) * 4 / 3, "3-gram lists, bytes": float64(s.Postings * weigh.PostingBytes),
		"units, bytes": float64(s.Units * weigh.UnitBytes), "values, bytes": float64(s.Values*value + s.Names + 4*s.Given), "places, bytes": float64(place * s.Ads),
		"asked, bytes": 4 * float64(s.Grams), "answered, bytes": float64(s.Answer), "learned, bytes": 8 * float64(s.Grams),
		"CPU, ms": float64(spent.Microseconds()) / 1000,
	}}, gold, p
}

// power fits y = a n^b by least squares of the logarithms.
func power(runs []grown, what string) (a, b float64) {
	var x, y, xx, xy float64
	for _, r := range runs {
		lx, ly := math.Log(r.ads), math.Log(r.what[what])
		x, y, xx, xy = x+lx, y+ly, xx+lx*lx, xy+lx*ly
	}
	n := float64(len(runs))
	b = (n*xy - x*y) / (n*xx - x*x)
	return math.Exp((y - b*x) / n), b
}

// A load counts what each of several processes is asked for, and how many keys it has.
type load struct{ asked, keys []float64 }

func cut(n int, keys map[uint32]int) load {
	l := load{make([]float64, n), make([]float64, n)}
	for k, asked := range keys {
		p := weigh.Cut(k, n)
		l.asked[p] += float64(asked)
		l.keys[p]++
	}
	return l
}

// top is the largest share in terms of the mean.
func top(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return slices.Max(x) / sum * float64(len(x))
}

func valueKey(s string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(s))
	return h.Sum32()
}

func valuesOf(a weigh.Ad) []string { return slices.Concat(a.Phones, a.Emails, a.Handles) }

// TestGrowth measures what linking holds and asks for as ads grow, and how evenly keys are
// cut over processes: go test ./internal/link/weigh -run Growth -v -growth 10000,20000,50000,100000,200000,400000.
// Without the flag it looks at two small sizes only and checks what the page in docs
// relies on.
func TestGrowth(t *testing.T) {
	sizes := []int{1500, 3000, 6000}
	if *growth != "" {
		sizes = nil
		for s := range strings.SplitSeq(*growth, ",") {
			n, err := strconv.Atoi(s)
			if err != nil {
				t.Fatal(err)
			}
			sizes = append(sizes, n)
		}
	}
	var runs []grown
	var gold []weigh.Labelled
	var p *weigh.Partition
	for _, n := range sizes {
		var r grown
		r, gold, p = measured(n, 0)
		runs = append(runs, r)
	}
	foretold, last := runs[:len(runs)-1], runs[len(runs)-1]
	var b strings.Builder
	fmt.Fprintf(&b, "| | %s | exponent | foretold / found at %.0f | 1M | 10M | 100M |\n", joined(runs, func(r grown) string { return fmt.Sprintf("%.0f", r.ads) }), last.ads)
	for _, q := range quantities {
		a, e := power(foretold, q)
		got := a * math.Pow(last.ads, e) / last.what[q]
		whole, all := power(runs, q)
		fmt.Fprintf(&b, "| %s | %s | %.3f | %.2f | %s |\n", q, joined(runs, func(r grown) string { return short(r.what[q] / r.ads) }), all, got, joined([]grown{{ads: 1e6}, {ads: 1e7}, {ads: 1e8}}, func(r grown) string {
			x := whole * math.Pow(r.ads, all-1)
			if q == "answered, bytes" { // lists are full one day
				x = min(x, last.what["3-grams asked"]/last.ads*(4+weigh.Crowded*float64(weigh.PostingBytes)))
			}
			return short(x)
		}))
		if all > 1.15 && q != "CPU, ms" && q != "answered, bytes" {
			t.Errorf("%s grows by the power %.2f of the ads", q, all)
		}
		if (got < .75 || got > 1.35) && q != "CPU, ms" {
			t.Errorf("%s: foretold %.2f times what was found", q, got)
		}
	}
	fmt.Fprintf(&b, "\nlargest share of what one of P processes is asked for, in terms of the mean (and of keys it holds)\n| | P = 1 | 4 | 16 | 64 |\n")
	grams, whole, values, hub := map[uint32]int{}, map[uint32]int{}, map[uint32]int{}, map[uint32]int{}
	weigh.AskedGrams(p, func(g uint32) { grams[g]++ })
	for i, g := range gold {
		weigh.WholeGrams(g.Ad, func(g uint32) { whole[g]++ })
		for _, v := range valuesOf(g.Ad) {
			values[valueKey(v)]++
			hub[valueKey(v)]++
		}
		if i%20 == 0 {
			hub[valueKey("a relay that every twentieth ad gives")]++
		}
	}
	both := maps.Clone(grams)
	for k, n := range hub {
		both[k] += n
	}
	for _, k := range []struct {
		what string
		keys map[uint32]int
		most float64 // at 16
	}{{"3-grams", grams, 1.3}, {"3-grams with the site's words", whole, 1.6}, {"values", values, 0}, {"values with a hub in a twentieth of ads", hub, 0}, {"3-grams, and values with the hub", both, 1.3}} {
		fmt.Fprintf(&b, "| %s |", k.what)
		for _, n := range []int{1, 4, 16, 64} {
			l := cut(n, k.keys)
			fmt.Fprintf(&b, " %.2f (%.2f) |", top(l.asked), top(l.keys))
			if n == 16 && k.most > 0 && top(l.asked) > k.most {
				t.Errorf("%s: one of 16 processes has %.2f times its share", k.what, top(l.asked))
			}
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "\nbusiest 3-gram is asked for by %.4f of ads, with the site's words by %.4f; busiest value by %.4f\n",
		float64(most(grams))/last.ads, float64(most(whole))/last.ads, float64(most(values))/last.ads)
	fmt.Fprintf(&b, "messages an ad, %d at a time (asked, answered, learned):", together)
	for _, n := range []int{4, 16, 64} {
		fmt.Fprintf(&b, " P=%d %.2f", n, 3*float64(n)/together)
	}
	t.Log("\n" + b.String())
}

func most(keys map[uint32]int) (n int) {
	for _, k := range keys {
		n = max(n, k)
	}
	return n
}

func joined(runs []grown, f func(grown) string) string {
	var out []string
	for _, r := range runs {
		out = append(out, f(r))
	}
	return strings.Join(out, " | ")
}

// short is a number with three digits that count.
func short(x float64) string {
	switch {
	case x >= 100:
		return fmt.Sprintf("%.0f", x)
	case x >= 1:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.3f", x)
}

// TestComponents: ads that share something rare do not fall into components that could
// be given to a process each. With a cut-off low enough to keep them small, pairs of one
// poster lie in different ones.
func TestComponents(t *testing.T) {
	n := 4000
	if *count > 0 {
		n = *count
	}
	gold := invent.Ads(invent.Config{Seed: 72, Ads: n})
	carriers := map[uint64][]int32{}
	for i, g := range gold {
		weigh.WholeGrams(g.Ad, func(gram uint32) { carriers[uint64(gram)] = append(carriers[uint64(gram)], int32(i)) })
		for _, v := range valuesOf(g.Ad) {
			k := 1<<32 | uint64(valueKey(v))
			carriers[k] = append(carriers[k], int32(i))
		}
	}
	for _, most := range []int{2, 4, 8, 16, 64} {
		root := make([]int, len(gold))
		for i := range root {
			root[i] = i
		}
		find := func(i int) int {
			for root[i] != i {
				root[i] = root[root[i]]
				i = root[i]
			}
			return i
		}
		for _, ads := range carriers {
			for _, i := range ads {
				if len(ads) <= most {
					root[find(int(i))] = find(int(ads[0]))
				}
			}
		}
		size, kept, of := map[int]int{}, 0.0, 0.0
		groups, parts := map[string]float64{}, map[string]float64{}
		for i, g := range gold {
			size[find(i)]++
			groups[g.Group]++
			parts[fmt.Sprint(g.Group, find(i))]++
		}
		for _, x := range groups {
			of += x * (x - 1) / 2
		}
		for _, x := range parts {
			kept += x * (x - 1) / 2
		}
		largest := slices.Max(slices.Collect(maps.Values(size)))
		t.Logf("shared by %d ads at most: the largest component has %.3f of all ads; %.3f of pairs of one poster lie in one component", most, float64(largest)/float64(len(gold)), kept/of)
		if share := float64(largest) / float64(len(gold)); share < .2 && kept/of > .97 {
			t.Errorf("a cut-off of %d would do: docs/linking.md says that none does", most)
		}
	}
}
