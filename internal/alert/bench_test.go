package alert

import (
	"fmt"
	"runtime"
	"testing"

	"vigil.example/internal/ad"
)

// indexed are subscriptions by value, as casework keeps them.
type indexed map[ad.Value][]ad.Subscription

func (x indexed) Subscribed(v ad.Value) []ad.Subscription { return x[v] }

func BenchmarkMatch(b *testing.B) {
	subs := make(indexed)
	for n := range 100_000 {
		v := ad.Value{Kind: "handle", Value: fmt.Sprint("town:", n)}
		subs[v] = []ad.Subscription{{ID: fmt.Sprint(n), User: "u", Value: v}}
	}
	subs[number(1)] = []ad.Subscription{{ID: "s", User: "u", Value: number(1)}}
	for name, a := range map[string]ad.Ad{"hit": posting("x", "v", 1, 1, 2), "miss": posting("x", "v", 1, 3, 4)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Match(a, subs, at)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ads/s")
		})
	}
}

func BenchmarkInboxPage(b *testing.B) {
	x := newInbox()
	for n := range Kept {
		apply(b, x, n+1, told("ua", n))
	}
	b.ReportAllocs()
	for b.Loop() {
		x.Page("ua", 0, 20)
	}
}

// BenchmarkCrowdedInbox is one user with 100,000 alerts: what applying one more
// takes, and showing the newest.
func BenchmarkCrowdedInbox(b *testing.B) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	x := newInbox()
	n := 0
	more := func() {
		apply(b, x, n+1, told("ua", n))
		n++
	}
	for n < 100_000 {
		more()
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.Run("apply", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			more()
		}
	})
	b.Run("page", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			x.Page("ua", 0, 20)
		}
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MiB")
	})
}

// BenchmarkInboxMemory says what 100,000 alerts of 20 users cost.
func BenchmarkInboxMemory(b *testing.B) {
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		x := newInbox()
		for n := range 100_000 {
			a := told("ua", n)
			a.User = fmt.Sprint("u", n%20)
			apply(b, x, n+1, a)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MiB")
		runtime.KeepAlive(x)
	}
}
