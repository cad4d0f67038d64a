package link

import "vigil.example/internal/ad"

// A crowd is what is counted of a value that enough ads carry to be a hub: how
// many unlike texts they have, and which other values.
//
// For the texts it counts, for each of the independent min-hashes of a signature,
// how often each value of it occurs. Two ads made from one template agree on a
// min-hash as often as their word 3-grams overlap (Broder 1997); strangers almost
// never do. The effective number of classes (inverse Simpson index) is then close
// to the number of templates for a campaign of any size, and close to the number
// of ads for a number that strangers share. It depends on the set of ads, not on
// their order.
type crowd struct {
	n      int
	width  int // min-hashes in a signature
	counts map[hashAt]int32
	sum    float64            // of squared counts, over all min-hashes
	others map[int32]struct{} // values that stand beside it in some ad
}

// A hashAt is a min-hash and which of a signature it is.
type hashAt struct{ at, hash uint32 }

func (c *crowd) add(signature []uint32) {
	c.n++
	c.width = max(c.width, len(signature))
	for i, h := range signature {
		k := hashAt{uint32(i), h}
		n := c.counts[k]
		c.sum += float64(2*n + 1)
		c.counts[k] = n + 1
	}
}

// owners is the effective number of unlike texts, at least 1.
func (c *crowd) owners() float64 {
	if c.sum == 0 {
		return 1
	}
	n := float64(c.n)
	return max(n*n*float64(c.width)/c.sum, 1)
}

// gather counts the crowd of a value that has just become common enough.
func (l *Linker) gather(i int32) {
	v := &l.values[i]
	v.crowd = &crowd{counts: map[hashAt]int32{}, others: map[int32]struct{}{}}
	for _, c := range v.carriers {
		v.crowd.add(l.signature(c))
		l.beside(i, c.node)
	}
}

// beside notes the other values of an ad that carries a value.
func (l *Linker) beside(i, node int32) {
	for _, o := range l.nodes[node].values {
		if o != i {
			l.values[i].crowd.others[o] = struct{}{}
		}
	}
}

// hub reports whether a value belongs to nobody in particular: its ads are too
// unlike each other, or fairly unlike and full of other values, each of which
// would have to be the same poster's.
func (l *Linker) hub(v *value) bool {
	if v.crowd == nil {
		return false
	}
	t := v.crowd.owners()
	return t >= l.cfg.HubTexts || t >= l.cfg.HubMixed && len(v.crowd.others) >= l.cfg.HubOthers
}

func (l *Linker) asHub(v *value) ad.Hub {
	h := ad.Hub{Value: v.value(), Carriers: len(v.carriers), Held: v.held}
	if v.crowd != nil {
		h.Owners = max(v.crowd.owners(), float64(len(v.crowd.others)))
	}
	return h
}
