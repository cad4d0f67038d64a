package weigh

import "testing"

// What speaks against one owner of two pieces is the same each time, to the last bit: of
// two mains that are equally near the first is taken.
func TestContradictionIsTheSameEachTime(t *testing.T) {
	m, p := newPiece(0), newPiece(0)
	for city := range int32(9) {
		m.cities[city], p.cities[city] = 3, int(city*city)+1
		for range p.cities[city] {
			p.ads = append(p.ads, 0)
		}
	}
	m.ads = make([]int32, 27)
	of := population{whole: 1, wide: 0.1, most: 4, cities: 20, days: 100}
	first := of.contradiction(m, p)
	for range 1000 {
		if again := of.contradiction(m, p); again != first {
			t.Fatalf("%v bits, and then %v", first, again)
		}
	}
}
