package bazaar

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestScore(t *testing.T) {
	truth := Truth{Ads: []AdTruth{
		{Site: "s", NativeID: "1", URL: "http://s.example/1", Side: "demand", City: "Austin", Poster: "g1", Phones: []string{"+12125550101"}},
		{Site: "s", NativeID: "2", URL: "http://s.example/2", Side: "supply", City: "Austin", Poster: "g1", Phones: []string{"+12125550101", "+12125550102"}},
		{Site: "s", NativeID: "3", URL: "http://s.example/3", Side: "other", City: "Denver", Poster: "g2"},
		{Site: "s", NativeID: "4", URL: "http://s.example/4", Side: "other", City: "Denver", Poster: "g2"},
	}}
	for name, c := range map[string]struct {
		found []ScoredAd
		want  Scores
	}{
		"all right": {
			[]ScoredAd{
				{Site: "s", NativeID: "1", Cluster: "x", Phones: []string{"+12125550101", "+12125550101"}, Side: "demand", City: "Austin"},
				{Site: "s", NativeID: "2", Cluster: "x", Phones: []string{"+12125550101", "+12125550102"}, Side: "supply", City: "Austin"},
				{Site: "s", NativeID: "3", Cluster: "y", Side: "other", City: "Denver"},
				{URL: "http://s.example/4", Cluster: "y", Side: "other", City: "Denver"},
			},
			Scores{
				AdsExpected: 4, AdsFound: 4, NumberPrecision: 1, NumberRecall: 1, NumberF1: 1, NumberFreeAds: 2, PairPrecision: 1, PairRecall: 1, PairF1: 1,
				BCubedF1: 1, DemandPrecision: 1, DemandRecall: 1, DemandF1: 1, SidesRight: 1, CitiesRight: 1, Clusters: 2, Posters: 2, LargestCluster: 2, LargestPurity: 1,
			},
		},
		"one cluster of all, a false number, a missed one, an ad of nowhere": {
			[]ScoredAd{
				{Site: "s", NativeID: "1", Cluster: "x", Phones: []string{"+12125550101"}, Side: "demand", City: "Austin"},
				{Site: "s", NativeID: "2", Cluster: "x", Phones: []string{"+12125550101"}, Side: "demand", City: "Denver"},
				{Site: "s", NativeID: "3", Cluster: "x", Phones: []string{"+12125550199"}},
				{Site: "s", NativeID: "4", Cluster: "x"},
				{Site: "s", NativeID: "5", Cluster: "x"},
			},
			Scores{
				AdsExpected: 4, AdsFound: 4, AdsExtra: 1, NumberPrecision: 2. / 3, NumberRecall: 2. / 3, NumberF1: 2. / 3, NumberFreeAds: 2, FalsePerFree: .5,
				PairPrecision: 2. / 6, PairRecall: 1, PairF1: .5, BCubedF1: .666666667, DemandPrecision: .5, DemandRecall: 1, DemandF1: 2. / 3, SidesRight: .25, CitiesRight: .25, Clusters: 1, Posters: 2, LargestCluster: 4, LargestPurity: .5,
			},
		},
		"nothing found": {
			nil,
			Scores{AdsExpected: 4, NumberPrecision: 1, NumberRecall: 1, NumberF1: 1, PairPrecision: 1, PairRecall: 1, PairF1: 1, DemandPrecision: 1, DemandRecall: 1, DemandF1: 1, SidesRight: 1, CitiesRight: 1},
		},
		"found but not clustered": {
			[]ScoredAd{{Site: "s", NativeID: "3"}, {Site: "s", NativeID: "4"}},
			Scores{
				AdsExpected: 4, AdsFound: 2, NumberPrecision: 1, NumberRecall: 1, NumberF1: 1, NumberFreeAds: 2, PairPrecision: 1, PairRecall: 0, PairF1: 0,
				BCubedF1: .666666667, DemandPrecision: 1, DemandRecall: 1, DemandF1: 1, Clusters: 2, Posters: 1, LargestCluster: 1, LargestPurity: 1,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(Score(truth, c.found), c.want, cmp.Comparer(func(a, b float64) bool { return a-b < 1e-9 && b-a < 1e-9 })); diff != "" {
				t.Errorf("scores (-got +want):\n%s", diff)
			}
		})
	}
}
