package elastic

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"vigil.example/internal/ad"
	"vigil.example/internal/search"
)

var _ search.Holder = (*Index)(nil)

// Holdings says of many values what the index has of them, from one snapshot; see
// search.Holder.
func (x *Index) Holdings(ctx context.Context, values []ad.Value) ([]search.Holding, error) {
	out := make([]search.Holding, len(values))
	fields := map[string]map[string][]int{} // field, value as it is written there, places in out
	for i, v := range values {
		out[i].Value = v
		if v.Kind != "phone" { // as query.Exact gives it
			v.Value = strings.ToLower(v.Value)
		}
		name, s := exact(v)
		if fields[name] == nil {
			fields[name] = map[string][]int{}
		}
		fields[name][s] = append(fields[name][s], i)
	}
	err := x.snapshot(ctx, func(ask func(object) (answer, error)) error {
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			for part := range slices.Chunk(slices.Sorted(maps.Keys(fields[name])), 1000) {
				if err := held(ask, name, part, fields[name], out); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, x.fail("read", err)
	}
	return out, nil
}

func held(ask func(object) (answer, error), name string, values []string, places map[string][]int, out []search.Holding) error {
	a, err := ask(object{"size": 0, "track_total_hits": false, "query": documentsOnly(object{"terms": object{name: values}}), "aggs": object{
		"of": object{"terms": object{"field": name, "include": values, "size": len(values)}, "aggs": object{
			"first": span["first"], "last": span["last"], "ads": object{"cardinality": object{"field": "ad", "precision_threshold": 40_000}},
			"clusters": object{"terms": object{"field": "cluster", "size": 1000}},
		}}}})
	if err != nil {
		return err
	}
	var got struct {
		Of struct {
			Buckets []struct {
				bucket
				Ads      struct{ Value int }
				Clusters struct{ Buckets []bucket }
			}
		}
	}
	if err := json.Unmarshal(a.Aggregations, &got); err != nil {
		return err
	}
	named := map[string]bool{}
	for _, b := range got.Of.Buckets {
		for _, c := range b.Clusters.Buckets {
			named[c.Key] = true
		}
	}
	sizes := map[string]int{}
	for part := range slices.Chunk(slices.Collect(maps.Keys(named)), 10_000) {
		body := large(len(part))
		body["query"] = documentsOnly(object{"terms": object{"cluster": part}}, object{"term": object{"current": true}})
		body["aggs"].(object)["of"].(object)["terms"].(object)["min_doc_count"] = 1
		a, err := ask(body)
		if err != nil {
			return err
		}
		var of struct{ Of struct{ Buckets []bucket } }
		if err := json.Unmarshal(a.Aggregations, &of); err != nil {
			return err
		}
		for _, b := range of.Of.Buckets {
			sizes[b.Key] = b.Count
		}
	}
	for _, b := range got.Of.Buckets {
		var ids []string
		for _, c := range b.Clusters.Buckets {
			ids = append(ids, c.Key)
		}
		slices.SortFunc(ids, func(a, b string) int { return cmp.Or(sizes[b]-sizes[a], strings.Compare(a, b)) })
		for _, i := range places[b.Key] {
			h := &out[i]
			h.Ads, h.Documents, h.First, h.Last = b.Ads.Value, b.Count, b.First.time(), b.Last.time()
			h.Clusters = ids[:min(len(ids), search.MaxClusters)]
		}
	}
	return nil
}
