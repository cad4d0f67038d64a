package bazaar

// dice is a small deterministic source of choices (splitmix64). The town must
// read the same on every machine and Go release, so it uses no library source.
type dice struct{ s uint64 }

// throw returns dice whose throws depend on all the parts.
func throw(parts ...uint64) dice {
	d := dice{0x9E3779B97F4A7C15}
	for _, p := range parts {
		d.s = d.next() ^ p
	}
	d.next()
	return d
}

func (d *dice) next() uint64 {
	d.s += 0x9E3779B97F4A7C15
	z := d.s
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// n returns a number in [0,k).
func (d *dice) n(k int) int { return int((d.next() >> 33) * uint64(k) >> 31) }

// between returns a number in [lo,hi].
func (d *dice) between(lo, hi int) int { return lo + d.n(hi-lo+1) }

// in says yes in about p of 100 throws.
func (d *dice) in(p int) bool { return d.n(100) < p }

// pick returns one of the values.
func pick[T any](d *dice, v []T) T { return v[d.n(len(v))] }

// shuffle reorders v.
func shuffle[T any](d *dice, v []T) {
	for i := len(v) - 1; i > 0; i-- {
		j := d.n(i + 1)
		v[i], v[j] = v[j], v[i]
	}
}
