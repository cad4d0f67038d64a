package indicator

import (
	"strings"
	"testing"
)

// BenchmarkRead reads ads of about 100 characters and of 2 kB, ordinary and full
// of indicators.
func BenchmarkRead(b *testing.B) {
	l := library(b)
	ordinary := "Selling my oak desk and two chairs, solid and clean, smoke free home. Pick up near the park, 912-555-0143."
	full := "Companion profile, Salem. they hold my passport, here until Sunday, my manager books the dates. 912-555-0143"
	spanish := "Se vende escritorio de roble y dos sillas, en buen estado, casa sin humo. Recoger cerca del parque, 555-0143."
	for _, c := range []struct{ name, text string }{
		{"ordinary", ordinary}, {"indicators", full}, {"spanish", spanish},
		{"ordinary2kB", strings.Repeat(ordinary+"\n", 19)}, {"indicators2kB", strings.Repeat(ordinary+"\n", 15) + strings.Repeat(full+"\n", 4)},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.text)))
			b.ReportAllocs()
			for b.Loop() {
				l.Read(c.text, Options{})
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "docs/s")
		})
	}
}
