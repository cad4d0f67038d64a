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

// BenchmarkRaw fills indexes of the same layout with the same documents in turn: by
// Apply, as the program does when many ads wait, 5000 at a time with a refresh every
// second; by bulk requests alone, of 1000, two at a time, with one refresh at the end;
// and by these with the refresh every second as well. The shares are of the raw rates,
// the median of the rounds; those of processor time, of the node and of this process,
// are the raw one over ours.
func BenchmarkRaw(b *testing.B) {
	const ads, batch, size = 20_000, 5000, 1000
	n := elastictest.Shared(b)
	ask := n.Client()
	batches := slices.Collect(searchtest.Batches(ads, batch))
	for _, changes := range batches { // as whoever applies them has them
		for i := range changes {
			var err error
			if changes[i].Record, err = json.Marshal(changes[i].Version); err != nil {
				b.Fatal(err)
			}
		}
	}
	open := func() *elastic.Index {
		x, err := elastic.Open(b.Context(), elastic.Options{Server: n.Server(), Name: n.Name(b, b.TempDir())})
		if err != nil {
			b.Fatal(err)
		}
		return x
	}
	ours := func(x *elastic.Index) {
		for _, changes := range batches {
			if err := x.Apply(b.Context(), "ads", changes[len(changes)-1].Seq, changes); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := x.Position(b.Context(), "ads"); err != nil { // until all can be found
			b.Fatal(err)
		}
	}
	first := open()
	ours(first)
	bodies := bulk(b, n.All(first.ID()), size)
	raw := func(x *elastic.Index) {
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
	}
	refreshed := func(x *elastic.Index) {
		ask(http.MethodPut, "/"+x.ID()+"/_settings", []byte(`{"index": {"refresh_interval": "1s", "search.idle.after": "1h"}}`))
		raw(x)
	}
	hows := []func(*elastic.Index){ours, raw, refreshed}
	var rates, raws, shares, work, again, workAgain []float64
	closed := []*elastic.Index{first}
	for b.Loop() {
		took, cpu := make([]float64, len(hows)), make([]float64, len(hows)) // ms an ad
		for i := range hows {
			x := open()
			closed = append(closed, x)
			which := (i + len(shares)) % len(hows)
			began, used := time.Now(), n.CPU()+searchtest.ProcessTime()
			hows[which](x)
			took[which] = time.Since(began).Seconds() * 1000 / ads
			cpu[which] = (n.CPU() + searchtest.ProcessTime() - used).Seconds() * 1000 / ads
		}
		rates, raws = append(rates, 1000/took[0]), append(raws, 1000/took[1])
		shares, work = append(shares, took[1]/took[0]), append(work, cpu[1]/cpu[0])
		again, workAgain = append(again, took[2]/took[0]), append(workAgain, cpu[2]/cpu[0])
		b.Logf("ours, raw, raw with refreshes: %.3f ms/ad, processor %.3f", took, cpu)
	}
	for _, x := range closed {
		if err := x.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(median(rates), "ads/s")
	b.ReportMetric(median(raws), "raw-ads/s")
	b.ReportMetric(median(shares), "share")
	b.ReportMetric(slices.Min(shares), "least-share")
	b.ReportMetric(median(work), "cpu-share")
	b.ReportMetric(median(again), "refreshed-share")
	b.ReportMetric(median(workAgain), "refreshed-cpu-share")
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
