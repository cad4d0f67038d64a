package audit

import (
	"context"
	"testing"

	"vigil.example/internal/ad"
)

// sink is a journal that forgets.
type sink struct{ seq uint64 }

func (s *sink) Append(context.Context, string, string, []byte, uint64) (uint64, error) {
	s.seq++
	return s.seq, nil
}

func (s *sink) Replay(context.Context, uint64, func(uint64, string, []byte) error) (uint64, error) {
	return s.seq, nil
}

func (s *sink) Last(context.Context, string) (uint64, []byte, error) {
	return 0, nil, ad.ErrNotFound
}

func BenchmarkAppend(b *testing.B) {
	l := open(b, &sink{})
	e := Entry{Actor: user, Role: "analyst", Via: "session", Purpose: user, Action: "search", Query: "555-0123", Count: 3, Outcome: "ok"}
	b.Run("alone", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := l.Append(b.Context(), e); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("together", func(b *testing.B) {
		b.SetParallelism(16)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := l.Append(b.Context(), e); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

func BenchmarkVerify(b *testing.B) {
	const n = 10_000
	l := open(b, filled(b, n))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := l.Verify(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}
