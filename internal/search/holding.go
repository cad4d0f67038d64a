package search

import (
	"context"
	"fmt"
	"slices"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/query"
)

// A Holding is what an index has of one value.
type Holding struct {
	Value     ad.Value
	Ads       int // that carry it in any content
	Documents int
	First     time.Time // seen with it
	Last      time.Time
	Clusters  []string // of those ads, without repeats; at most MaxClusters
}

// MaxClusters is how many clusters a Holding names.
const MaxClusters = 20

// A Holder is an Index that can say of many values at once what it has of them, in
// the order of the values.
type Holder interface {
	Holdings(ctx context.Context, values []ad.Value) ([]Holding, error)
}

// Holdings asks an index for what it has of values: at once where it is a Holder,
// else value by value, where the clusters are those of the newest documents alone.
func Holdings(ctx context.Context, x Index, values []ad.Value) ([]Holding, error) {
	if h, ok := x.(Holder); ok {
		return h.Holdings(ctx, values)
	}
	out := make([]Holding, len(values))
	for i, v := range values {
		h := Holding{Value: v}
		f, err := query.NewField(v.Kind, v.Value)
		if err != nil {
			return nil, fmt.Errorf("look up a value of kind %s: %w", v.Kind, err)
		}
		res, err := x.Search(ctx, f, Page{Size: MaxClusters, Sort: ByNewest})
		if err != nil {
			return nil, err
		}
		if h.Documents = res.Total; h.Documents > 0 {
			ids, err := x.ByValue(ctx, v, res.Total)
			if err != nil {
				return nil, err
			}
			h.Ads, h.Last = len(ids), res.Hits[0].Doc.LastSeen
			if h.First, err = firstOf(ctx, x, f, res); err != nil {
				return nil, err
			}
		}
		for _, hit := range res.Hits {
			if c := hit.Doc.Cluster; c != "" && !slices.Contains(h.Clusters, c) {
				h.Clusters = append(h.Clusters, c)
			}
		}
		out[i] = h
	}
	return out, nil
}

// firstOf is when the first of the documents of an answer was first seen.
func firstOf(ctx context.Context, x Index, q query.Node, res Results) (first time.Time, err error) {
	see := func(d *ad.Document) {
		if first.IsZero() || d.FirstSeen.Before(first) {
			first = d.FirstSeen
		}
	}
	for i := range res.Hits {
		see(&res.Hits[i].Doc)
	}
	if res.Total == len(res.Hits) {
		return first, nil
	}
	for d, err := range x.Walk(ctx, q, "") {
		if err != nil {
			return first, err
		}
		see(&d)
	}
	return first, nil
}
