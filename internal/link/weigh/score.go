package weigh

import (
	"cmp"
	"slices"
	"strings"
)

// Labelled is an ad whose owner is known, to judge a partition by. Link never
// sees the labels.
type Labelled struct {
	Ad
	Group    string   `json:"true_group"`
	Kind     string   `json:"true_kind"` // org or indep
	Template string   `json:"true_template"`
	Neg      []string `json:"true_neg"` // traps that the ad carries, kind:instance
}

// A Score compares a partition with the truth.
type Score struct {
	Ads, Clusters                           int
	PairPrecision, PairRecall, PairF1       float64
	BCubedPrecision, BCubedRecall, BCubedF1 float64
	Rand                                    float64 // adjusted Rand index
	Groups                                  float64 // organised groups recovered: a cluster of at least 90 % purity and 80 % of the group
	Strangers                               float64 // independents put together with somebody else
	Largest                                 int
	LargestPurity                           float64
	Traps                                   []Trap
}

// A Trap is how often ads that carry one trap were joined for it.
type Trap struct {
	Kind  string
	Pairs int     // pairs of ads of unlike owners that share an instance
	Rate  float64 // joined among them; for copied texts, ads joined with the copied group
}

// Judge scores a partition: clusters[i] is the cluster of gold[i].
func Judge(gold []Labelled, clusters []int) Score {
	n := len(gold)
	groups := make([]int, n)
	number := map[string]int{}
	for i, g := range gold {
		if _, ok := number[g.Group]; !ok {
			number[g.Group] = len(number)
		}
		groups[i] = number[g.Group]
	}
	cells, sizes, truth := map[[2]int]int{}, map[int]int{}, map[int]int{}
	for i := range n {
		cells[[2]int{clusters[i], groups[i]}]++
		sizes[clusters[i]]++
		truth[groups[i]]++
	}
	s := Score{Ads: n, Clusters: len(sizes)}
	pairs := func(k int) float64 { return float64(k) * float64(k-1) / 2 }
	var both, said, real float64
	pure, got := map[int]int{}, map[int]bool{}
	for c, k := range cells {
		both += pairs(k)
		f := float64(k)
		s.BCubedPrecision += f * f / float64(sizes[c[0]]) / float64(n)
		s.BCubedRecall += f * f / float64(truth[c[1]]) / float64(n)
		pure[c[0]] = max(pure[c[0]], k)
		if f >= 0.9*float64(sizes[c[0]]) && f >= 0.8*float64(truth[c[1]]) {
			got[c[1]] = true
		}
	}
	for c, k := range sizes {
		said += pairs(k)
		if k > s.Largest || k == s.Largest && float64(pure[c])/float64(k) < s.LargestPurity {
			s.Largest, s.LargestPurity = k, float64(pure[c])/float64(k)
		}
	}
	for _, k := range truth {
		real += pairs(k)
	}
	s.PairPrecision, s.PairRecall = both/max(said, 1), both/max(real, 1)
	s.PairF1 = harmonic(s.PairPrecision, s.PairRecall)
	s.BCubedF1 = harmonic(s.BCubedPrecision, s.BCubedRecall)
	orgs, indeps, found, strangers := map[int]bool{}, 0, 0, 0
	for i, g := range gold {
		if g.Kind == "org" {
			if !orgs[groups[i]] && got[groups[i]] {
				found++
			}
			orgs[groups[i]] = true
			continue
		}
		indeps++
		if cells[[2]int{clusters[i], groups[i]}] < sizes[clusters[i]] {
			strangers++
		}
	}
	s.Groups, s.Strangers = float64(found)/float64(max(len(orgs), 1)), float64(strangers)/float64(max(indeps, 1))
	s.Rand = Agreement(groups, clusters)
	s.Traps = judgeTraps(gold, clusters, groups, number)
	return s
}

func harmonic(p, r float64) float64 {
	if p+r == 0 {
		return 0
	}
	return 2 * p * r / (p + r)
}

func judgeTraps(gold []Labelled, clusters, groups []int, number map[string]int) []Trap {
	instances := map[string][]int{}
	for i, g := range gold {
		for _, t := range g.Neg {
			instances[t] = append(instances[t], i)
		}
	}
	inside := map[[2]int]bool{}
	for i := range gold {
		inside[[2]int{clusters[i], groups[i]}] = true
	}
	total, bad := map[string]float64{}, map[string]float64{}
	pairs := func(k float64) float64 { return k * (k - 1) / 2 }
	for t, ads := range instances {
		kind, what, _ := strings.Cut(t, ":")
		if kind == "copied_text" {
			victim, ok := number[what]
			if !ok { // dev_2k names the group by its number alone
				victim, ok = number["g"+strings.Repeat("0", max(0, 6-len(what)))+what]
			}
			for _, i := range ads {
				total[kind]++
				if ok && inside[[2]int{clusters[i], victim}] {
					bad[kind]++
				}
			}
			continue
		}
		byGroup, byCluster, byBoth := map[int]float64{}, map[int]float64{}, map[[2]int]float64{}
		for _, i := range ads {
			byGroup[groups[i]]++
			byCluster[clusters[i]]++
			byBoth[[2]int{clusters[i], groups[i]}]++
		}
		total[kind] += pairs(float64(len(ads)))
		for _, k := range byGroup {
			total[kind] -= pairs(k)
		}
		for _, k := range byCluster {
			bad[kind] += pairs(k)
		}
		for _, k := range byBoth {
			bad[kind] -= pairs(k)
		}
	}
	var out []Trap
	for k, n := range total {
		out = append(out, Trap{k, int(n), bad[k] / max(n, 1)})
	}
	slices.SortFunc(out, func(a, b Trap) int { return cmp.Compare(a.Kind, b.Kind) })
	return out
}

// Agreement is the adjusted Rand index of two partitions of the same ads.
func Agreement(a, b []int) float64 {
	cells, left, right := map[[2]int]float64{}, map[int]float64{}, map[int]float64{}
	for i := range a {
		cells[[2]int{a[i], b[i]}]++
		left[a[i]]++
		right[b[i]]++
	}
	var both, x, y float64
	for _, k := range cells {
		both += k * (k - 1) / 2
	}
	for _, k := range left {
		x += k * (k - 1) / 2
	}
	for _, k := range right {
		y += k * (k - 1) / 2
	}
	n := float64(len(a))
	chance := x * y / max(n*(n-1)/2, 1)
	if (x+y)/2 == chance {
		return 1
	}
	return (both - chance) / ((x+y)/2 - chance)
}
