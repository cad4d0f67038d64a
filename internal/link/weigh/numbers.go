package weigh

import "hash/maphash"

// Numbers finds things by their names, when each has a number and the names lie
// elsewhere: a table of numbers takes a fifth of a map that holds names, too.
type numbers struct {
	seed  maphash.Seed
	table []int32 // numbers and 1, 0 where there is none
	n     int
}

func newNumbers() numbers { return numbers{seed: maphash.MakeSeed(), table: make([]int32, 64)} }

// of finds the number of a name; name gives that of a number.
func (x *numbers) of(s string, name func(int32) string) (int32, bool) {
	n := x.table[x.place(s, name)] - 1
	return n, n >= 0
}

// put gives a new name the next number.
func (x *numbers) put(s string, name func(int32) string) int32 {
	if 4*(x.n+1) > 3*len(x.table) {
		x.table = make([]int32, 2*len(x.table))
		for n := range int32(x.n) {
			x.table[x.place(name(n), name)] = n + 1
		}
	}
	n := int32(x.n)
	x.table[x.place(s, name)] = n + 1
	x.n++
	return n
}

// place is where a name stands in the table, or the empty place where it would.
func (x *numbers) place(s string, name func(int32) string) int {
	mask := len(x.table) - 1
	k := int(maphash.String(x.seed, s)) & mask
	for x.table[k] != 0 && name(x.table[k]-1) != s {
		k = (k + 1) & mask
	}
	return k
}
