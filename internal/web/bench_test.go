package web

import "testing"

// BenchmarkPages is a page through HTTP, signed in and audited to memory.
func BenchmarkPages(b *testing.B) {
	h := newHouse(b)
	h.furnish()
	h.settle()
	to, _, _ := h.ask("9125550123")
	for name, path := range map[string]string{"results": to, "ad": "/ad/" + h.ads["g0"], "cluster": "/cluster/" + linked, "home": "/"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if res, _ := h.get(path); res.StatusCode != 200 {
					b.Fatal(res.StatusCode)
				}
			}
		})
	}
}
