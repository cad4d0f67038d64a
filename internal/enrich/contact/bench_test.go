package contact

import (
	"strings"
	"testing"
)

// BenchmarkRead reads ads of usual size: one in which nothing is to be found, one
// that names a platform, one full of contacts, and a long one of signs alone.
func BenchmarkRead(b *testing.B) {
	const words = "Relaxing massage in a quiet room near the centre, open every day from 10 to 22. Come and meet us at the garden, new in town, call for details. "
	for name, s := range map[string]string{
		"words":    words,
		"accents":  "Masajes relajantes en el corazón de la ciudad, atención de día y de noche, llámame para más información. Habitación cómoda y discreta, sólo con cita.",
		"number":   words + "912-555-0123 ☎️",
		"mention":  words + "No telegram please.",
		"contacts": words + "IG: rose_garden7, telegram @rosegarden, rose (at) mail (dot) example",
		"long":     strings.Repeat("@a.", 4000) + strings.Repeat("telegram: ", 4000) + strings.Repeat("a at ", 4000),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(s)))
			for b.Loop() {
				Read(s)
			}
		})
	}
}
