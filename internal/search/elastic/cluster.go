package elastic

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/search"
)

// Position says how far a source was applied; see search.Index. Who only answers
// is told what can be found by now.
func (x *Index) Position(ctx context.Context, source string) (uint64, error) {
	_, at, err := x.mark(ctx, positionMark+source, !x.o.ReadOnly)
	if err != nil {
		return 0, x.fail("read", err)
	}
	return at, nil
}

// Versions returns the contents and the history of an ad; see search.Index.
func (x *Index) Versions(ctx context.Context, adID string) ([]ad.Document, []search.Sighting, error) {
	docs, seen, err := x.versions(ctx, adID)
	if err != nil {
		return nil, nil, x.fail("read", err)
	}
	if len(docs) == 0 {
		return nil, nil, fmt.Errorf("ad %s: %w", adID, ad.ErrNotFound)
	}
	return docs, seen, nil
}

func (x *Index) versions(ctx context.Context, adID string) (docs []ad.Document, seen []search.Sighting, err error) {
	var s adState
	err = x.pages(ctx, object{"query": documentsOnly(object{"term": object{"ad": adID}}), "size": 256, "sort": []object{{"id": "asc"}}, "_source": append([]string{"known"}, shown...)},
		func(hits []hit) error {
			part, err := documents(hits)
			docs = append(docs, part...)
			for _, h := range hits {
				if err == nil && h.ID == docID("ad", adID) {
					err = stateOf(found{ID: h.ID, Found: true, Source: h.Source}, &s)
				}
			}
			return err
		})
	if err != nil {
		return nil, nil, err
	}
	order := map[string]int{}
	for i, at := range s.Seen {
		if _, ok := order[at.Document]; !ok {
			order[at.Document] = i
		}
		seen = append(seen, search.Sighting{VersionID: at.Version, DocumentID: at.Document, CaptureID: at.Capture, Seq: at.Seq, SeenAt: time.UnixMicro(at.At).UTC()})
	}
	slices.SortFunc(docs, func(a, b ad.Document) int { return order[a.ID] - order[b.ID] })
	return docs, seen, nil
}

// A bucket of documents with equal values.
type bucket struct {
	Key   string `json:"key"`
	Count int    `json:"doc_count"`
	First when   `json:"first"`
	Last  when   `json:"last"`
}

// when is a time that Elasticsearch has worked out.
type when struct {
	At string `json:"value_as_string"`
}

func (w when) time() time.Time {
	t, err := time.Parse(time.RFC3339Nano, w.At)
	if err != nil {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

var span = object{"first": object{"min": object{"field": "first_seen", "format": "strict_date_optional_time_nanos"}}, "last": object{"max": object{"field": "last_seen", "format": "strict_date_optional_time_nanos"}}}

// spans returns when the ads of clusters were first and last seen.
func spans(ask func(object) (answer, error), ids []string) (map[string]bucket, error) {
	out := map[string]bucket{}
	for part := range slices.Chunk(ids, 10_000) {
		a, err := ask(object{"size": 0, "query": documentsOnly(object{"terms": object{"cluster": part}}),
			"aggs": object{"of": object{"terms": object{"field": "cluster", "size": len(part)}, "aggs": span}}})
		if err != nil {
			return nil, err
		}
		var got struct{ Of struct{ Buckets []bucket } }
		if err := json.Unmarshal(a.Aggregations, &got); err != nil {
			return nil, err
		}
		for _, b := range got.Of.Buckets {
			out[b.Key] = b
		}
	}
	return out, nil
}

// Cluster returns a cluster with members; see search.Index.
func (x *Index) Cluster(ctx context.Context, id string, limit int) (c search.Cluster, err error) {
	err = x.snapshot(ctx, func(ask func(object) (answer, error)) error {
		current := documentsOnly(object{"term": object{"cluster": id}}, object{"term": object{"current": true}})
		a, err := ask(object{"query": current, "size": min(max(limit, 0), 10_000), "track_total_hits": true,
			"sort": []object{{"last_seen": "desc"}, {"ad": "asc"}}, "_source": append([]string{"joined"}, shown...)})
		if err != nil || a.Hits.Total.Value == 0 {
			return err
		}
		of, err := spans(ask, []string{id})
		if err != nil {
			return err
		}
		c = search.Cluster{ID: id, Size: a.Hits.Total.Value, FirstSeen: of[id].First.time(), LastSeen: of[id].Last.time()}
		if len(a.Hits.Hits) > 0 {
			c.Members, err = documents(a.Hits.Hits)
		}
		for _, h := range a.Hits.Hits {
			var of struct{ Joined string }
			if err == nil {
				err = json.Unmarshal(h.Source, &of)
			}
			if err == nil && of.Joined != "" {
				var e ad.Edge
				e, err = ad.Decode[ad.Edge]([]byte(of.Joined))
				c.Edges = append(c.Edges, e)
			}
		}
		return err
	})
	if err != nil {
		return search.Cluster{}, x.fail("read", err)
	}
	if c.Size == 0 {
		return c, fmt.Errorf("cluster %s: %w", id, ad.ErrNotFound)
	}
	return c, nil
}

// ClusterOf returns the cluster that an ad is in; see search.Index.
func (x *Index) ClusterOf(ctx context.Context, adID string) (string, error) {
	var of struct{ Cluster string }
	docs, err := x.get(ctx, "cluster", false, []string{docID("ad", adID)})
	if err == nil && docs[0].Found {
		err = json.Unmarshal(docs[0].Source, &of)
	}
	if err != nil {
		return "", x.fail("read", err)
	}
	return of.Cluster, nil
}

// large asks for the clusters of two ads or more, the largest first.
func large(size int) object {
	return object{"size": 0, "query": documentsOnly(all, object{"term": object{"current": true}}), "aggs": object{
		"of": object{"terms": object{"field": "cluster", "size": size, "min_doc_count": 2, "order": []object{{"_count": "desc"}, {"_key": "asc"}}}},
	}}
}

// TopClusters returns the largest clusters; see search.Index.
func (x *Index) TopClusters(ctx context.Context, n int) (out []search.Cluster, err error) {
	if n <= 0 {
		return nil, nil
	}
	err = x.snapshot(ctx, func(ask func(object) (answer, error)) error {
		a, err := ask(large(min(n, 10_000)))
		if err != nil {
			return err
		}
		var got struct{ Of struct{ Buckets []bucket } }
		if err := json.Unmarshal(a.Aggregations, &got); err != nil {
			return err
		}
		ids := make([]string, len(got.Of.Buckets))
		for i, b := range got.Of.Buckets {
			ids[i] = b.Key
		}
		of, err := spans(ask, ids)
		for _, b := range got.Of.Buckets {
			out = append(out, search.Cluster{ID: b.Key, Size: b.Count, FirstSeen: of[b.Key].First.time(), LastSeen: of[b.Key].Last.time()})
		}
		return err
	})
	if err != nil {
		return nil, x.fail("read", err)
	}
	return out, nil
}

// ByValue returns the ads that carry a value; see search.Index.
func (x *Index) ByValue(ctx context.Context, v ad.Value, limit int) (out []string, err error) {
	if v.Kind != "phone" { // as query.Exact gives it
		v.Value = strings.ToLower(v.Value)
	}
	if limit <= 0 {
		return nil, nil
	}
	a, err := x.ask(ctx, object{"size": min(limit, deepest), "query": documentsOnly(either(values([]ad.Value{v})...)), "collapse": object{"field": "ad"},
		"sort": []object{{"ad": "asc"}}, "_source": []string{"ad"}, "track_total_hits": false})
	if err != nil {
		return nil, x.fail("read", err)
	}
	for _, h := range a.Hits.Hits {
		var of struct{ Ad string }
		if err := json.Unmarshal(h.Source, &of); err != nil {
			return nil, x.fail("read", err)
		}
		out = append(out, of.Ad)
	}
	return out, nil
}

// Hub returns what is known of a value as a hub; see search.Index.
func (x *Index) Hub(ctx context.Context, v ad.Value) (ad.Hub, error) {
	var h hubState
	docs, err := x.get(ctx, "known", false, []string{hubID(v)})
	if err == nil {
		err = stateOf(docs[0], &h)
	}
	if err != nil {
		return ad.Hub{}, x.fail("read", err)
	}
	if !docs[0].Found {
		return ad.Hub{}, fmt.Errorf("hub: %w", ad.ErrNotFound)
	}
	return h.Hub, nil
}

// Hubs returns the values held back; see search.Index.
func (x *Index) Hubs(ctx context.Context) (out []ad.Hub, err error) {
	err = x.pages(ctx, object{"query": object{"term": object{"kind": "hub"}}, "size": 1000, "sort": []object{{"_shard_doc": "asc"}}, "_source": []string{"known"}}, func(hits []hit) error {
		for _, h := range hits {
			var s hubState
			if err := stateOf(found{ID: h.ID, Found: true, Source: h.Source}, &s); err != nil {
				return err
			}
			if s.Held {
				out = append(out, s.Hub)
			}
		}
		return nil
	})
	if err != nil {
		return nil, x.fail("read", err)
	}
	slices.SortFunc(out, func(a, b ad.Hub) int {
		return cmp.Or(b.Carriers-a.Carriers, strings.Compare(a.Kind, b.Kind), strings.Compare(a.Value.Value, b.Value.Value))
	})
	return out, nil
}

// Stats counts; see search.Index.
func (x *Index) Stats(ctx context.Context) (search.Stats, error) {
	s, err := x.stats(ctx)
	if err != nil {
		return search.Stats{}, x.fail("read", err)
	}
	return s, nil
}

// clusters is the largest number of clusters that are counted at once.
const clusters = 65_000

func (x *Index) stats(ctx context.Context) (s search.Stats, err error) {
	s.Positions = map[string]uint64{}
	err = x.snapshot(ctx, func(ask func(object) (answer, error)) error {
		body := large(clusters)
		body["query"], body["track_total_hits"] = documentsOnly(all), true
		aggs := body["aggs"].(object)
		body["aggs"] = object{
			"sightings": object{"sum": object{"field": "sightings"}},
			"current": object{"filter": object{"term": object{"current": true}}, "aggs": object{
				"of": aggs["of"], "removed": object{"filter": object{"exists": object{"field": "removed_at"}}},
				"clusters": object{"stats_bucket": object{"buckets_path": "of>_count"}},
			}},
		}
		a, err := ask(body)
		if err != nil {
			return err
		}
		var got struct {
			Sightings struct{ Value float64 }
			Current   struct {
				Count   int `json:"doc_count"`
				Removed struct {
					Count int `json:"doc_count"`
				}
				Clusters struct{ Count int }
			}
		}
		if err := json.Unmarshal(a.Aggregations, &got); err != nil {
			return err
		}
		s.Documents, s.Sightings, s.Ads, s.Removed, s.Clusters = a.Hits.Total.Value, int(got.Sightings.Value), got.Current.Count, got.Current.Removed.Count, got.Current.Clusters.Count
		a, err = ask(object{"query": object{"bool": object{"filter": []object{{"term": object{"kind": "mark"}}, {"prefix": object{"id": positionMark}}}}}, "size": 1000, "sort": []object{{"id": "asc"}}, "version": true, "_source": []string{"id"}})
		for _, h := range a.Hits.Hits {
			var of struct{ ID string }
			if err := json.Unmarshal(h.Source, &of); err != nil {
				return err
			}
			s.Positions[strings.TrimPrefix(of.ID, positionMark)] = h.Version
		}
		return err
	})
	if err != nil {
		return s, err
	}
	var size struct {
		All struct {
			Total struct {
				Store struct {
					Bytes int64 `json:"size_in_bytes"`
				}
			}
		} `json:"_all"`
	}
	err = x.do(ctx, call{method: http.MethodGet, path: "/" + x.id + "/_stats/store", into: &size})
	s.Bytes = size.All.Total.Store.Bytes
	return s, err
}

// A Health says how the index is.
type Health struct {
	Status   string // green; yellow when a copy is missing; red when a part of it is on no node
	Nodes    int
	ReadOnly bool // it takes no writing, because a disk is nearly full or somebody said so
}

// Health asks how the index is.
func (x *Index) Health(ctx context.Context) (h Health, err error) {
	var got struct {
		Status string `json:"status"`
		Nodes  int    `json:"number_of_data_nodes"`
	}
	if err := x.do(ctx, call{method: http.MethodGet, path: "/_cluster/health/" + x.id + "?timeout=5s", into: &got}); err != nil {
		return h, x.fail("look at", err)
	}
	var settings map[string]struct {
		Settings struct {
			Index struct{ Blocks map[string]string }
		}
	}
	if err := x.do(ctx, call{method: http.MethodGet, path: "/" + x.id + "/_settings/index.blocks*", into: &settings}); err != nil {
		return h, x.fail("look at", err)
	}
	h.Status, h.Nodes = got.Status, got.Nodes
	for _, on := range settings[x.id].Settings.Index.Blocks {
		h.ReadOnly = h.ReadOnly || on == "true"
	}
	return h, nil
}
