package casework

import (
	"fmt"
	"testing"

	"vigil.example/internal/ad"
)

func BenchmarkSubscribed(b *testing.B) {
	d, err := Open(b.Context(), &memory{}, Config{Key: key})
	if err != nil {
		b.Fatal(err)
	}
	for i := range 100_000 {
		id := fmt.Sprintf("%032x", i)
		s := &ad.Subscription{ID: id, User: "u", Value: ad.Value{Kind: "handle", Value: id}}
		put(d.active, s.Value, id, s)
	}
	for name, v := range map[string]ad.Value{"hit": {Kind: "handle", Value: alertID(77)}, "miss": number(1)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				d.Subscribed(v)
			}
		})
	}
}
