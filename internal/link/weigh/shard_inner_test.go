package weigh

import (
	"fmt"
	"hash/fnv"
	"slices"
)

// Table sums up who says what and which units there are.
func (p *Partition) Table() uint64 {
	t, h := p.o.texts, fnv.New64a()
	fmt.Fprint(h, t.units, t.added)
	for u := range t.parent {
		fmt.Fprint(h, t.root(int32(u)), " ")
	}
	for x := range t.said {
		s := &t.said[x]
		cells := slices.DeleteFunc(slices.Clone(s.cells), func(c cell) bool { return c.unit == 0 })
		slices.SortFunc(cells, func(a, b cell) int { return int(int64(a.gram) - int64(b.gram)) })
		for _, c := range cells {
			fmt.Fprint(h, c.gram, c.n, s.says(c, new([1]posting)))
		}
	}
	return h.Sum64()
}
