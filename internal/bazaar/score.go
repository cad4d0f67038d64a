package bazaar

import (
	"math"
	"slices"
)

// A ScoredAd is one ad as a crawl of the town found it.
type ScoredAd struct {
	Site     string
	NativeID string
	URL      string // tells the ad where NativeID is empty
	Cluster  string // ads of equal clusters are held to be one poster's; empty is a cluster of its own
	Phones   []string
	Side     string // supply, demand or other; empty when it was not told
	City     string // that the ad was placed in
}

// Scores compares what was found with the truth. Pairs and B-cubed are over the
// ads that were found; a pair is two ads of one poster.
type Scores struct {
	AdsExpected int `json:"ads_expected"`
	AdsFound    int `json:"ads_found"`
	AdsExtra    int `json:"ads_extra"` // found but never in the town

	NumberPrecision float64 `json:"number_precision"`
	NumberRecall    float64 `json:"number_recall"`
	NumberF1        float64 `json:"number_f1"`
	NumberFreeAds   int     `json:"number_free_ads"`
	FalsePerFree    float64 `json:"false_numbers_per_number_free_ad"`

	PairPrecision float64 `json:"pair_precision"`
	PairRecall    float64 `json:"pair_recall"`
	PairF1        float64 `json:"pair_f1"`
	BCubedF1      float64 `json:"bcubed_f1"`

	DemandPrecision float64 `json:"demand_precision"`
	DemandRecall    float64 `json:"demand_recall"`
	DemandF1        float64 `json:"demand_f1"`
	SidesRight      float64 `json:"sides_right"`  // share of the ads found
	CitiesRight     float64 `json:"cities_right"` // share of the ads found

	Clusters       int     `json:"clusters"`
	Posters        int     `json:"posters"`
	LargestCluster int     `json:"largest_cluster"`
	LargestPurity  float64 `json:"largest_cluster_purity"`
}

// Score compares found ads with the truth. Of two entries for one ad the first
// counts.
func Score(tr Truth, found []ScoredAd) Scores {
	type key struct{ site, id string }
	byID, byURL := map[key]int{}, map[string]int{}
	for i, a := range tr.Ads {
		byID[key{a.Site, a.NativeID}] = i
		byURL[a.URL] = i
	}
	s := Scores{AdsExpected: len(tr.Ads)}
	got := map[int]ScoredAd{}
	for _, f := range found {
		i, ok := byID[key{f.Site, f.NativeID}]
		if !ok {
			i, ok = byURL[f.URL]
		}
		if !ok {
			s.AdsExtra++
			continue
		}
		if _, twice := got[i]; !twice {
			got[i] = f
		}
	}
	s.AdsFound = len(got)
	tr.scoreNumbers(&s, got)
	tr.scoreReadings(&s, got)
	tr.scoreClusters(&s, got)
	return s
}

func (tr Truth) scoreNumbers(s *Scores, got map[int]ScoredAd) {
	var right, wrong, missed, free int
	for i, f := range got {
		want := tr.Ads[i].Phones
		seen := slices.Compact(slices.Sorted(slices.Values(f.Phones)))
		for _, n := range seen {
			if slices.Contains(want, n) {
				right++
				continue
			}
			wrong++
			if len(want) == 0 {
				free++
			}
		}
		for _, n := range want {
			if !slices.Contains(seen, n) {
				missed++
			}
		}
		if len(want) == 0 {
			s.NumberFreeAds++
		}
	}
	s.NumberPrecision, s.NumberRecall = ratio(right, right+wrong), ratio(right, right+missed)
	s.NumberF1 = f1(s.NumberPrecision, s.NumberRecall)
	if s.NumberFreeAds > 0 {
		s.FalsePerFree = float64(free) / float64(s.NumberFreeAds)
	}
}

// scoreReadings compares who speaks in the ads, and where.
func (tr Truth) scoreReadings(s *Scores, got map[int]ScoredAd) {
	var right, wrong, missed, sides, cities int
	for i, f := range got {
		a := &tr.Ads[i]
		switch was, is := a.Side == "demand", f.Side == "demand"; {
		case was && is:
			right++
		case is:
			wrong++
		case was:
			missed++
		}
		if f.Side == a.Side {
			sides++
		}
		if f.City == a.City {
			cities++
		}
	}
	s.DemandPrecision, s.DemandRecall = ratio(right, right+wrong), ratio(right, right+missed)
	s.DemandF1 = f1(s.DemandPrecision, s.DemandRecall)
	s.SidesRight, s.CitiesRight = ratio(sides, len(got)), ratio(cities, len(got))
}

func (tr Truth) scoreClusters(s *Scores, got map[int]ScoredAd) {
	type pair struct{ cluster, poster string }
	clusters, posters, both := map[string]int{}, map[string]int{}, map[pair]int{}
	for i, f := range got {
		c := f.Cluster
		if c == "" {
			c = "\x00" + tr.Ads[i].URL
		}
		p := tr.Ads[i].Poster
		clusters[c]++
		posters[p]++
		both[pair{c, p}]++
	}
	var same, joined, owned int
	for _, n := range clusters {
		joined += n * (n - 1) / 2
	}
	for _, n := range posters {
		owned += n * (n - 1) / 2
	}
	var precision, recall float64
	purest := map[string]int{}
	for k, n := range both {
		same += n * (n - 1) / 2
		precision += float64(n) * float64(n) / float64(clusters[k.cluster])
		recall += float64(n) * float64(n) / float64(posters[k.poster])
		purest[k.cluster] = max(purest[k.cluster], n)
	}
	s.PairPrecision, s.PairRecall = ratio(same, joined), ratio(same, owned)
	s.PairF1 = f1(s.PairPrecision, s.PairRecall)
	if n := float64(len(got)); n > 0 {
		s.BCubedF1 = math.Round(1e9*f1(precision/n, recall/n)) / 1e9 // sums of any order are equal
	}
	s.Clusters, s.Posters = len(clusters), len(posters)
	for c, n := range clusters {
		if purity := ratio(purest[c], n); n > s.LargestCluster || n == s.LargestCluster && purity < s.LargestPurity {
			s.LargestCluster, s.LargestPurity = n, purity
		}
	}
}

// ratio is a/b, and 1 where there was nothing to get wrong.
func ratio(a, b int) float64 {
	if b == 0 {
		return 1
	}
	return float64(a) / float64(b)
}

func f1(p, r float64) float64 {
	if p+r == 0 {
		return 0
	}
	return 2 * p * r / (p + r)
}
