package bazaar

import (
	"cmp"
	"slices"
)

const (
	citiesPerSite = 6
	perPage       = 50
)

// A view is what can be seen in the town at one time: every list of every site,
// newest first. It is never changed after it was made.
type view struct {
	now   int64
	ads   []entry
	ranks [][]int32
	lists [][]int32 // of site, city, category: see cell
	gone  [][]int32 // removed ads by site, latest removal first, at most perPage
}

// cell is the place of a list in view.lists; city or cat -1 is the newest of all,
// at most perPage ads.
func cell(site uint8, city, cat int) int {
	return (int(site)*(citiesPerSite+1)+city+1)*(categories+1) + cat + 1
}

// look makes the view at that time. Callers hold t.mu.
func (t *Town) look(now int64) *view {
	v := &view{now: now, ads: t.ads, ranks: t.ranks, lists: make([][]int32, cell(uint8(len(t.sites)), 0, 0)), gone: make([][]int32, len(t.sites))}
	v.ranks = slices.Clone(t.ranks)
	for s, ranks := range t.ranks {
		order := ranks
		if len(t.posts) > 0 { // posted by hand: their rank is not their time
			order = slices.Clone(ranks)
			slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(t.ads[a].posted, t.ads[b].posted) })
		}
		for _, i := range slices.Backward(order) {

			e := &t.ads[i]
			switch {
			case e.posted > now:
			case e.seenAt(now):
				put := func(c, most int) {
					if most == 0 || len(v.lists[c]) < most {
						v.lists[c] = append(v.lists[c], i)
					}
				}
				put(cell(uint8(s), -1, -1), perPage)
				put(cell(uint8(s), int(e.city), -1), perPage)
				put(cell(uint8(s), int(e.city), int(e.cat)), 0)
			default:
				v.gone[s] = append(v.gone[s], i)
			}
		}
		slices.SortStableFunc(v.gone[s], func(a, b int32) int { return cmp.Compare(t.ads[b].removed, t.ads[a].removed) })
		v.gone[s] = v.gone[s][:min(perPage, len(v.gone[s]))]
	}
	return v
}

// quiet reports whether nothing appears, changes or goes in (from, to].
func (t *Town) quiet(from, to int64) bool {
	a, _ := slices.BinarySearch(t.events, from+1)
	b, _ := slices.BinarySearch(t.events, to+1)
	return a == b
}

func insert(events []int64, at int64) []int64 {
	i, _ := slices.BinarySearch(events, at)
	return slices.Insert(events, i, at)
}

// current is the view at the town's time.
func (t *Town) current() *view {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.view
}

// find returns the ad of a site with that native number.
func (v *view) find(s *site, native int64) (*entry, bool) {
	k := native - s.base - firstNative
	if k < 0 || k%nativeStep != 0 || k/nativeStep >= int64(len(v.ranks[s.index])) {
		return nil, false
	}
	e := &v.ads[v.ranks[s.index][k/nativeStep]]
	return e, e.posted <= v.now
}

// related returns up to n other ads of the same list, those posted just before e.
func (v *view) related(e *entry, n int) []*entry {
	l := v.lists[cell(e.site, int(e.city), int(e.cat))]
	at, _ := slices.BinarySearchFunc(l, e, func(i int32, e *entry) int { return cmp.Compare(e.posted, v.ads[i].posted) })
	var out []*entry
	for k := at; k < len(l) && len(out) < n; k++ {
		if r := &v.ads[l[k]]; *r != *e {
			out = append(out, r)
		}
	}
	return out
}
