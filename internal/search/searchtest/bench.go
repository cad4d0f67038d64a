package searchtest

import (
	"fmt"
	"iter"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/query"
	"vigil.example/internal/search"
)

// benchAd is one ad of the size that is usual: 8 words of title, 125 of body, one
// or two numbers, an address. Its words are spread as words are: few often, many
// rarely.
func (m maker) benchAd(n int) *ad.Ad {
	word := func() string {
		f := m.Float64()
		return fmt.Sprintf("w%d", int(f*f*f*20000))
	}
	text := func(n int) string {
		out := make([]string, n)
		for i := range out {
			out[i] = word()
		}
		return strings.Join(out, " ")
	}
	a := ad.Ad{
		Listing: ad.Listing{Site: "townboard", NativeID: fmt.Sprint(n), URL: fmt.Sprintf("https://town.example/ad/%d", n), Title: text(8), Body: text(125),
			Location: m.pick(cities), PostedAt: epoch.Add(time.Duration(n) * time.Minute), Methods: map[string]string{"title": "definition", "body": "definition"}},
		Signature: []uint64{m.Uint64(), m.Uint64(), m.Uint64(), m.Uint64()}, EnrichedBy: "searchtest",
		Side: &ad.Side{Side: ad.SideSupply, P: .9},
	}
	a.Via = ad.ViaCrawl // so that it is counted, as most are
	for range 1 + m.IntN(2) {
		// Beyond the numbers reserved for fiction there are not enough different
		// ones; these are read by no reader, only stored and asked for.
		v := fmt.Sprintf("+0%09d", m.IntN(5000))
		a.Phones = append(a.Phones, ad.Phone{E164: v, Span: ad.Span{Field: "body", Start: 5, End: 17}, Text: v, Method: "separated", Confidence: .95, Reasons: []string{"ten digits in groups"}})
	}
	mail := fmt.Sprintf("m%d@mail.example", m.IntN(8000))
	a.Identifiers = []ad.Identifier{{Kind: "email", Value: mail, Text: mail, Span: ad.Span{Field: "body", Start: 20, End: 30}, Confidence: 1}}
	return see(a, epoch.Add(time.Duration(n)*time.Second))
}

// Batches makes n ads of usual size, in batches of size changes.
func Batches(n, size int) iter.Seq[[]search.Change] {
	return func(yield func([]search.Change) bool) {
		m := newMaker(20)
		for from := 0; from < n; from += size {
			batch := make([]search.Change, min(size, n-from))
			for i := range batch {
				batch[i] = search.Change{Seq: uint64(from + i + 1), Version: m.benchAd(from + i)}
			}
			if !yield(batch) {
				return
			}
		}
	}
}

// Fill puts n ads of usual size into an index, in batches of 1000.
func Fill(tb testing.TB, x search.Index, n int) {
	tb.Helper()
	for batch := range Batches(n, 1000) {
		apply(tb, x, 1000, batch)
	}
}

// BenchApply measures putting in ads of usual size, b.N batches of 1000, by whatever
// begin gives.
func BenchApply(b *testing.B, begin func(tb testing.TB, dir string) func([]search.Change) error) {
	put := begin(b, b.TempDir())
	batches, seq := slices.Collect(Batches(1000*b.N, 1000)), 1000*b.N
	b.ReportAllocs()
	b.ResetTimer()
	cpu := ProcessTime()
	for _, batch := range batches {
		if err := put(batch); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(seq)/b.Elapsed().Seconds(), "ads/s")
	b.ReportMetric(float64((ProcessTime()-cpu).Microseconds())/1000/float64(seq), "cpu-ms/ad")
	b.StopTimer()
}

// Bench measures filling, and answering over an index of 20,000 ads.
func Bench(b *testing.B, open Open) {
	var x search.Index
	b.Run("Apply/batch=1000", func(b *testing.B) {
		BenchApply(b, func(tb testing.TB, dir string) func([]search.Change) error {
			x = open(tb, dir)
			tb.Cleanup(func() { _ = x.Close() })
			return func(batch []search.Change) error {
				return x.Apply(tb.Context(), "ads", batch[len(batch)-1].Seq, batch)
			}
		})
		s, err := x.Stats(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(s.Bytes)/float64(s.Ads), "B/ad")
	})
	x = fresh(b, open)
	Fill(b, x, 20_000)
	m := newMaker(21)
	for _, c := range []struct {
		name string
		sort search.Sort
		make func() query.Node
	}{
		{"number", "", func() query.Node {
			v := fmt.Sprintf("+0%09d", m.IntN(5000))
			return query.Field{Name: "phone", Text: v, Values: []string{v}}
		}},
		{"number or text", "", func() query.Node {
			v := fmt.Sprintf("+0%09d", m.IntN(5000))
			return query.Phone{Text: v, Numbers: []string{v}}
		}},
		{"end of a number", "", func() query.Node {
			v := fmt.Sprintf("%04d", m.IntN(5000))
			return query.Phone{Text: "*" + v, Part: query.Part{Ends: v}}
		}},
		{"rare word", "", func() query.Node { return query.Word{Text: fmt.Sprintf("w%d", 2000+m.IntN(18000))} }},
		{"two words", "", func() query.Node {
			return query.And{Of: []query.Node{query.Word{Text: fmt.Sprintf("w%d", m.IntN(50))}, query.Word{Text: fmt.Sprintf("w%d", m.IntN(500))}}}
		}},
		{"frequent or frequent", "", func() query.Node {
			return query.Or{Of: []query.Node{query.Word{Text: fmt.Sprintf("w%d", m.IntN(4))}, query.Word{Text: fmt.Sprintf("w%d", m.IntN(4))}}}
		}},
		{"newest of a frequent word", search.ByNewest, func() query.Node { return query.Word{Text: fmt.Sprintf("w%d", m.IntN(4))} }},
		{"phrase", "", func() query.Node { return query.Phrase{Text: fmt.Sprintf("w%d w%d", m.IntN(8), m.IntN(8))} }},
		{"seen in an hour", "", func() query.Node {
			from := epoch.Add(time.Duration(m.IntN(5)) * time.Hour)
			return query.Field{Name: "seen", Text: "an hour", From: from, To: from.Add(time.Hour)}
		}},
	} {
		b.Run("Search/"+c.name, func(b *testing.B) {
			took := make([]time.Duration, 0, b.N)
			for b.Loop() {
				n := c.make()
				began := time.Now()
				if _, err := x.Search(b.Context(), n, search.Page{Size: 20, Sort: c.sort}); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(began))
			}
			quantiles(b, took)
		})
	}
	b.Run("ByValue", func(b *testing.B) {
		took := make([]time.Duration, 0, b.N)
		for b.Loop() {
			began := time.Now()
			if _, err := x.ByValue(b.Context(), ad.Value{Kind: "phone", Value: fmt.Sprintf("+0%09d", m.IntN(5000))}, 100); err != nil {
				b.Fatal(err)
			}
			took = append(took, time.Since(began))
		}
		quantiles(b, took)
	})
	b.Run("Dump", func(b *testing.B) {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		var most uint64
		for b.Loop() {
			n := 0
			for _, err := range x.Dump(b.Context()) {
				if err != nil {
					b.Fatal(err)
				}
				if n++; n%1000 == 0 {
					runtime.ReadMemStats(&after)
					most = max(most, after.HeapInuse)
				}
			}
			b.ReportMetric(float64(n), "docs")
		}
		b.ReportMetric(float64(int64(most)-int64(before.HeapInuse))/1e6, "heap-MB")
	})
}

func quantiles(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(took[len(took)/2].Seconds()*1000, "p50-ms")
	b.ReportMetric(took[len(took)*99/100].Seconds()*1000, "p99-ms")
}
