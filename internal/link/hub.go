package link

import "vigil.example/internal/ad"

// texts estimates how many unlike texts carry a value. It counts, for each of the
// independent min-hashes of a signature, how often each value of it occurs. Two
// ads made from one template agree on a min-hash as often as their word 3-grams
// overlap (Broder 1997); strangers almost never do. The effective number of
// classes (inverse Simpson index) is then close to the number of templates for a
// campaign of any size, and close to the number of ads for a number that
// strangers share. It depends on the set of ads, not on their order.
type texts struct {
	n      int
	counts []map[uint64]int32
	sums   []float64 // sum of squared counts, per min-hash
}

func (t *texts) add(signature []uint64) {
	t.n++
	for len(t.counts) < len(signature) {
		t.counts = append(t.counts, map[uint64]int32{})
		t.sums = append(t.sums, 0)
	}
	for i, h := range signature {
		c := t.counts[i][h]
		t.sums[i] += float64(2*c + 1)
		t.counts[i][h] = c + 1
	}
}

// owners is the effective number of unlike texts, at least 1.
func (t *texts) owners() float64 {
	if len(t.sums) == 0 {
		return 1
	}
	total := 0.0
	for _, s := range t.sums {
		total += s
	}
	if total == 0 {
		return 1
	}
	n := float64(t.n)
	return max(n*n*float64(len(t.sums))/total, 1)
}

// hub reports whether a value belongs to nobody in particular: its ads are too
// unlike each other, or fairly unlike and full of other values, each of which
// would have to be the same poster's.
func (l *Linker) hub(v *value) bool {
	if len(v.carriers) < l.cfg.HubAds {
		return false
	}
	t := v.texts.owners()
	return t >= l.cfg.HubTexts || t >= l.cfg.HubMixed && len(v.others) >= l.cfg.HubOthers
}

func (l *Linker) asHub(v *value) ad.Hub {
	return ad.Hub{Value: v.Value, Carriers: len(v.carriers), Owners: max(v.texts.owners(), float64(len(v.others))), Held: v.held}
}
