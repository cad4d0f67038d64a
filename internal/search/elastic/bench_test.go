package elastic_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"vigil.example/internal/search/elastic"
	"vigil.example/internal/search/elastic/elastictest"
	"vigil.example/internal/search/searchtest"
)

func BenchmarkIndex(b *testing.B) {
	searchtest.Bench(b, opener(elastictest.Shared(b), elastic.Options{}))
}

// BenchmarkRaw fills an index by Apply, in batches of 1000, and then another one of
// the same layout with the very documents that it holds, by bulk requests and
// nothing else: the share is of the raw rate.
func BenchmarkRaw(b *testing.B) {
	const ads, size = 20_000, 1000
	n := elastictest.Shared(b)
	for b.Loop() {
		x := opener(n, elastic.Options{})(b, b.TempDir()).(*elastic.Index)
		began := time.Now()
		searchtest.Fill(b, x, ads)
		ours := time.Since(began)

		var bodies [][]byte
		var body bytes.Buffer
		for i, d := range n.All(x.ID()) {
			fmt.Fprintf(&body, "{\"create\":{\"_id\":%q}}\n", d.ID)
			if err := json.Compact(&body, d.Source); err != nil {
				b.Fatal(err)
			}
			body.WriteByte('\n')
			if i%size == size-1 {
				bodies = append(bodies, bytes.Clone(body.Bytes()))
				body.Reset()
			}
		}
		if body.Len() > 0 {
			bodies = append(bodies, body.Bytes())
		}
		raw := opener(n, elastic.Options{})(b, b.TempDir()).(*elastic.Index)
		began = time.Now()
		for _, body := range bodies {
			n.Do(http.MethodPost, "/"+raw.ID()+"/_bulk?filter_path=errors", string(body))
		}
		n.Do(http.MethodPost, "/"+raw.ID()+"/_refresh", "")
		theirs := time.Since(began)
		b.ReportMetric(ads/ours.Seconds(), "ads/s")
		b.ReportMetric(ads/theirs.Seconds(), "raw-ads/s")
		b.ReportMetric(theirs.Seconds()/ours.Seconds(), "share")
		for _, x := range []*elastic.Index{x, raw} {
			if err := x.Close(); err != nil {
				b.Fatal(err)
			}
		}
	}
}
