package elastic_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"vigil.example/internal/query"
	"vigil.example/internal/search"
	"vigil.example/internal/search/elastic"
	"vigil.example/internal/search/elastic/elastictest"
	"vigil.example/internal/search/searchtest"
)

func BenchmarkIndex(b *testing.B) {
	searchtest.Bench(b, opener(elastictest.Shared(b), elastic.Options{}))
}

// BenchmarkRaw fills indexes of the same layout with the same documents, in batches
// of 1000, in turn: by Apply, with the refresh every second that the program has, and
// by bulk requests alone, two at a time, with one refresh at the end. The share is of
// the raw rate, the median of the rounds; that of processor time, of the node and of
// this process, is the raw one over ours.
func BenchmarkRaw(b *testing.B) {
	const ads, size = 20_000, 1000
	n := elastictest.Shared(b)
	ask := n.Client()
	batches := slices.Collect(searchtest.Batches(ads, size))
	open := func() *elastic.Index {
		x, err := elastic.Open(b.Context(), elastic.Options{Server: n.Server(), Name: n.Name(b, b.TempDir())})
		if err != nil {
			b.Fatal(err)
		}
		return x
	}
	ours := func(x *elastic.Index) time.Duration {
		began := time.Now()
		for _, batch := range batches {
			if err := x.Apply(b.Context(), "ads", batch[len(batch)-1].Seq, batch); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := x.Position(b.Context(), "ads"); err != nil { // until all can be found
			b.Fatal(err)
		}
		return time.Since(began)
	}
	first := open()
	ours(first)
	bodies := bulk(b, n.All(first.ID()), size)
	raw := func(x *elastic.Index) time.Duration {
		began := time.Now()
		var g errgroup.Group
		g.SetLimit(2)
		for _, body := range bodies {
			g.Go(func() error {
				ask(http.MethodPost, "/"+x.ID()+"/_bulk?filter_path=errors", body)
				return nil
			})
		}
		_ = g.Wait()
		ask(http.MethodPost, "/"+x.ID()+"/_refresh", nil)
		return time.Since(began)
	}
	var rates, raws, shares, work []float64
	closed := []*elastic.Index{first}
	for b.Loop() {
		var took, cpu [2]time.Duration
		for i := range 2 {
			x := open()
			closed = append(closed, x)
			which, how := 0, ours
			if (i+len(shares))%2 == 1 {
				which, how = 1, raw
			}
			cpu[which] = n.CPU() + searchtest.ProcessTime()
			took[which] = how(x)
			cpu[which] = n.CPU() + searchtest.ProcessTime() - cpu[which]
		}
		work = append(work, cpu[1].Seconds()/cpu[0].Seconds())
		rates, raws = append(rates, ads/took[0].Seconds()), append(raws, ads/took[1].Seconds())
		shares = append(shares, took[1].Seconds()/took[0].Seconds())
		b.Logf("%.0f ads/s, raw %.0f, share %.3f; processor %.3f and %.3f ms/ad", rates[len(rates)-1], raws[len(raws)-1], shares[len(shares)-1], cpu[0].Seconds()*1000/ads, cpu[1].Seconds()*1000/ads)
	}
	for _, x := range closed {
		if err := x.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(median(rates), "ads/s")
	b.ReportMetric(median(raws), "raw-ads/s")
	b.ReportMetric(median(shares), "share")
	b.ReportMetric(median(work), "cpu-share")
	b.ReportMetric(slices.Min(shares), "least-share")
}

func median(of []float64) float64 {
	slices.Sort(of)
	return (of[(len(of)-1)/2] + of[len(of)/2]) / 2
}

// bulk writes documents as the bodies of bulk requests.
func bulk(tb testing.TB, docs []elastictest.Doc, size int) (out [][]byte) {
	tb.Helper()
	for part := range slices.Chunk(docs, size) {
		var body bytes.Buffer
		for _, d := range part {
			fmt.Fprintf(&body, "{\"create\":{\"_id\":%q}}\n", d.ID)
			if err := json.Compact(&body, d.Source); err != nil {
				tb.Fatal(err)
			}
			body.WriteByte('\n')
		}
		out = append(out, body.Bytes())
	}
	return out
}

// BenchmarkQuery asks an index of 20,000 ads by the port, and in turn by requests as
// somebody would write them by hand who knows the layout. The raw time ends when the
// answer is read from the network; the port's when documents and spans are there.
func BenchmarkQuery(b *testing.B) {
	n := elastictest.Shared(b)
	x := opener(n, elastic.Options{})(b, b.TempDir()).(*elastic.Index)
	searchtest.Fill(b, x, 20_000)
	ask := n.Client()
	search20 := func(q, order string) string {
		return `{"query": {"bool": {"must": [` + q + `], "filter": [{"term": {"kind": "document"}}]}}, "size": 20, "track_total_hits": true, "sort": [` + order + `],
			"_source": ["id", "record", "cluster", "first_seen", "last_seen", "sightings", "current", "removed_at"]}`
	}
	const newest, relevance = `{"last_seen": "desc"}, {"id": "asc"}`, `{"_score": "desc"}, {"id": "asc"}`
	anywhere := func(how, text string) string {
		return fmt.Sprintf(`{"bool": {"should": [{%[1]q: {"words.title": {"query": %[2]q, "boost": 4}}}, {%[1]q: {"words.body": {"query": %[2]q}}},
			{%[1]q: {"words.location": {"query": %[2]q, "boost": 2}}}, {%[1]q: {"words.other": {"query": %[2]q}}}]}}`, how, text)
	}
	page := func(q query.Node) func() error {
		return func() error {
			_, err := x.Search(b.Context(), q, search.Page{Size: 20})
			return err
		}
	}
	for _, c := range []struct {
		name string
		make func(i int) (raw string, port func() error)
	}{
		{"number", func(i int) (string, func() error) {
			v := fmt.Sprintf("+0%09d", i*37%5000)
			return search20(`{"term": {"phone": "`+v+`"}}`, newest), page(query.Field{Name: "phone", Text: v, Values: []string{v}})
		}},
		{"phrase", func(i int) (string, func() error) {
			t := fmt.Sprintf("w%d w%d", i%8, i/8%8)
			return search20(anywhere("match_phrase", t), relevance), page(query.Phrase{Text: t})
		}},
		{"frequent word", func(i int) (string, func() error) {
			t := fmt.Sprintf("w%d", i%8)
			return search20(anywhere("match", t), relevance), page(query.Word{Text: t})
		}},
		{"two frequent words", func(i int) (string, func() error) {
			s, t := fmt.Sprintf("w%d", i%16), fmt.Sprintf("w%d", i/16%16)
			return search20(anywhere("match", s)+", "+anywhere("match", t), relevance), page(query.And{Of: []query.Node{query.Word{Text: s}, query.Word{Text: t}}})
		}},
		{"facets of a frequent word", func(i int) (string, func() error) {
			t := fmt.Sprintf("w%d", i%8)
			aggs := `"times": {"date_histogram": {"field": "last_seen", "calendar_interval": "day", "min_doc_count": 1}}`
			for _, f := range search.Facets() {
				name := search.FacetField(f)
				aggs += fmt.Sprintf(`, %[1]q: {"terms": {"field": %[1]q, "size": %[2]d}}, "no_%[3]s": {"filter": {"bool": {"must_not": [{"exists": {"field": %[1]q}}]}}}`, name, search.TopValues, name)
			}
			return `{"query": {"bool": {"must": [` + anywhere("match", t) + `], "filter": [{"term": {"kind": "document"}}]}}, "size": 0, "track_total_hits": true, "aggs": {` + aggs + `}}`,
				func() error {
					_, err := x.Survey(b.Context(), query.Word{Text: t}, search.Ask{Facets: search.Facets(), Every: search.Daily})
					return err
				}
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			var took [2][]float64
			for i := 0; b.Loop(); i++ {
				raw, port := c.make(i)
				for k := range 2 { // each is the first of the two every other time
					began, which := time.Now(), (i+k)%2
					if which == 0 {
						ask(http.MethodPost, "/"+x.ID()+"/_search?preference=vigil", []byte(raw))
					} else if err := port(); err != nil {
						b.Fatal(err)
					}
					took[which] = append(took[which], time.Since(began).Seconds()*1000)
				}
			}
			r, p := median(took[0]), median(took[1])
			b.ReportMetric(r, "raw-p50-ms")
			b.ReportMetric(p, "port-p50-ms")
			b.ReportMetric(p/r, "times")
		})
	}
	if err := x.Close(); err != nil {
		b.Fatal(err)
	}
}
