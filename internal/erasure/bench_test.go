package erasure

import (
	"fmt"
	"testing"
)

func BenchmarkLookups(b *testing.B) {
	for _, orders := range []int{0, 1000} {
		j := &memory{}
		l := open(b, j)
		for i := range orders {
			o := byNumber()
			o.Value = fmt.Sprintf("+1%d5550%d", 200+i/100, 100+i%100)
			begin(b, l, o)
		}
		b.Run(fmt.Sprintf("matches/%d", orders), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				l.Matches("+19125550199")
			}
		})
		b.Run(fmt.Sprintf("covers/%d", orders), func(b *testing.B) {
			b.ReportAllocs()
			id := aid(77)
			for b.Loop() {
				l.Covers(id)
			}
		})
	}
}
