package link

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"vigil.example/internal/ad"
)

// A Shared is a value that several ads of a cluster give.
type Shared struct {
	ad.Value
	Ads []string // ids, oldest first
}

// An Explanation says why ads are in one cluster.
type Explanation struct {
	Edges  []ad.Edge // a spanning tree: between any two ads there is one path of reasons
	Shared []Shared  // values that join, most ads first
}

// Explain says why the ads of a cluster belong together. Total is the number of
// ads known in all, held says whether a value is a hub and so joins nothing. The
// rarest shared values are taken first, so that the path between two ads is the
// one with the most telling reasons.
func Explain(members []ad.Ad, total int, confidence float64, held func(ad.Value) bool) Explanation {
	ads := slices.Clone(members)
	slices.SortStableFunc(ads, func(a, b ad.Ad) int {
		return cmp.Or(a.SeenAt.Compare(b.SeenAt), cmp.Compare(a.AdID, b.AdID))
	})
	shared := sharedValues(ads, confidence, held)
	slices.SortStableFunc(shared, func(a, b Shared) int {
		return cmp.Or(cmp.Compare(len(a.Ads), len(b.Ads)), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Value.Value, b.Value.Value))
	})
	var x Explanation
	root := map[string]string{}
	find := func(s string) string {
		for root[s] != "" {
			s = root[s]
		}
		return s
	}
	for _, v := range shared {
		for i := 1; i < len(v.Ads); i++ {
			a, b := find(v.Ads[i-1]), find(v.Ads[i])
			if a == b {
				continue
			}
			root[b] = a
			x.Edges = append(x.Edges, ad.Edge{
				A: v.Ads[i-1], B: v.Ads[i], Value: v.Value,
				Weight: math.Log2(float64(max(total, 2)) / float64(len(v.Ads))),
				Reason: fmt.Sprintf("both give %s, which %d of %d ads give", Display(v.Value), len(v.Ads), total),
			})
		}
	}
	slices.Reverse(shared)
	x.Shared = shared
	return x
}

func sharedValues(ads []ad.Ad, confidence float64, held func(ad.Value) bool) []Shared {
	at := map[ad.Value]int{}
	var all []Shared
	for i := range ads {
		for _, v := range ads[i].Values(confidence) {
			if held(v) {
				continue
			}
			k, ok := at[v]
			if !ok {
				k = len(all)
				at[v] = k
				all = append(all, Shared{Value: v})
			}
			if n := len(all[k].Ads); n == 0 || all[k].Ads[n-1] != ads[i].AdID {
				all[k].Ads = append(all[k].Ads, ads[i].AdID)
			}
		}
	}
	return slices.DeleteFunc(all, func(s Shared) bool { return len(s.Ads) < 2 })
}

// Display writes a value as people read it: a North American number in groups,
// everything else as it is.
func Display(v ad.Value) string {
	s := v.Value
	if v.Kind == "phone" && len(s) == 12 && s[:2] == "+1" {
		return s[2:5] + "-" + s[5:8] + "-" + s[8:]
	}
	return s
}
