package indicator

import (
	"strings"
	"testing"
)

// joined is the texts of ../testdata/blind/1.jsonl in pieces of size bytes or so.
func joined(b *testing.B, size int) (out []string) {
	var s strings.Builder
	for _, text := range blind(b) {
		if s.WriteString(text + "\n"); s.Len() >= size {
			out = append(out, s.String()[:size])
			s.Reset()
		}
	}
	return out
}

// BenchmarkRead reads ads of about 100 characters and of 2 kB, ordinary and full
// of indicators, and ads that are all different.
func BenchmarkRead(b *testing.B) {
	l := library(b)
	ordinary := "Selling my oak desk and two chairs, solid and clean, smoke free home. Pick up near the park, 912-555-0143."
	full := "Companion profile, Salem. they hold my passport, here until Sunday, my manager books the dates. 912-555-0143"
	spanish := "Se vende escritorio de roble y dos sillas, en buen estado, casa sin humo. Recoger cerca del parque, 555-0143."
	for _, c := range []struct {
		name  string
		texts []string
	}{
		{"ordinary", []string{ordinary}}, {"indicators", []string{full}}, {"spanish", []string{spanish}},
		{"ordinary2kB", []string{strings.Repeat(ordinary+"\n", 19)}},
		{"indicators2kB", []string{strings.Repeat(ordinary+"\n", 15) + strings.Repeat(full+"\n", 4)}},
		{"blind100", joined(b, 100)}, {"blind2kB", joined(b, 2000)},
	} {
		b.Run(c.name, func(b *testing.B) {
			n := 0
			for _, t := range c.texts {
				n += len(t)
			}
			b.SetBytes(int64(n / len(c.texts)))
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				l.Read(c.texts[n%len(c.texts)], Options{})
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "docs/s")
		})
	}
}
