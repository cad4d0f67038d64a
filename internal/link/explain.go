package link

import (
	"cmp"
	"slices"

	"vigil.example/internal/ad"
)

// A Shared is a value that several ads of a cluster give.
type Shared struct {
	ad.Value
	Ads []string // ids, oldest first
}

// SharedValues lists the values that several of the ads give, most ads first;
// held says whether a value is a hub and so joins nothing.
func SharedValues(members []ad.Ad, confidence float64, held func(ad.Value) bool) []Shared {
	ads := slices.Clone(members)
	slices.SortStableFunc(ads, func(a, b ad.Ad) int {
		return cmp.Or(a.SeenAt.Compare(b.SeenAt), cmp.Compare(a.AdID, b.AdID))
	})
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
	all = slices.DeleteFunc(all, func(s Shared) bool { return len(s.Ads) < 2 })
	slices.SortStableFunc(all, func(a, b Shared) int {
		return cmp.Or(cmp.Compare(len(b.Ads), len(a.Ads)), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Value.Value, b.Value.Value))
	})
	return all
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
