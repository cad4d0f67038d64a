package elastic

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/query"
	"vigil.example/internal/search"
)

var errNoQuery = errors.New("there is nothing to search for")

// refusal says why a page cannot be given; nil when it can.
func refusal(q query.Node, p search.Page) error {
	switch {
	case q == nil:
		return errNoQuery
	case p.Offset < 0 || p.Size < 0 || p.Size > search.MaxPage:
		return fmt.Errorf("a page begins at 0 or later and has 0 to %d matches", search.MaxPage)
	case p.Offset > deepest-search.MaxPage:
		return fmt.Errorf("a page begins at %d at most; an export gives all matches", deepest-search.MaxPage)
	case p.Sort != "" && !slices.Contains(search.Sorts(), p.Sort):
		return errors.New("the order must be relevance, newest or lead")
	}
	return nil
}

// documentsOnly leaves out what is no document.
func documentsOnly(q object, filters ...object) object {
	return object{"bool": object{"must": []object{q}, "filter": append(filters, object{"term": object{"kind": "document"}})}}
}

var (
	newest = []object{{"last_seen": "desc"}, {"id": "asc"}}
	shown  = []string{"id", "record", "cluster", "first_seen", "last_seen", "sightings", "current", "removed_at", "label"}
)

// An answer is that of a search.
type answer struct {
	PIT      string `json:"pit_id"`
	TimedOut bool   `json:"timed_out"`
	Shards   struct {
		Failed int `json:"failed"`
	} `json:"_shards"`
	Hits struct {
		Total struct{ Value int }
		Hits  []hit
	}
	Aggregations json.RawMessage
}

type hit struct {
	ID      string          `json:"_id"`
	Version uint64          `json:"_version"`
	Source  json.RawMessage `json:"_source"`
	Sort    []any           `json:"sort"`
}

// ask searches; in a snapshot where body names one. Half an answer is an error.
func (x *Index) ask(ctx context.Context, body object) (answer, error) {
	var a answer
	path := "/_search?allow_partial_search_results=false"
	if body["pit"] == nil {
		if err := x.own(ctx); err != nil {
			return a, err
		}
		path = "/" + x.id + path + "&preference=vigil" // always the same copy: others may be a refresh behind
	}
	err := x.do(ctx, call{method: http.MethodPost, path: path, body: body, into: &a})
	if err == nil && (a.TimedOut || a.Shards.Failed > 0) {
		err = fmt.Errorf("%w: a part of it did not answer", search.ErrAway)
	}
	return a, err
}

// Search answers a query; see search.Index.
func (x *Index) Search(ctx context.Context, q query.Node, p search.Page) (search.Results, error) {
	began := time.Now()
	res, err := x.search(ctx, q, p)
	if err != nil {
		return search.Results{}, x.fail("search", err)
	}
	res.Took = time.Since(began)
	return res, nil
}

func (x *Index) search(ctx context.Context, q query.Node, p search.Page) (res search.Results, err error) {
	if err := refusal(q, p); err != nil {
		return res, err
	}
	if q, err = x.expanded(ctx, q); err != nil {
		return res, err
	}
	order := newest
	switch {
	case p.Sort == search.ByLead:
		order = append([]object{{"lead_score": "desc"}}, newest...)
	case p.Sort != search.ByNewest && ranks(q):
		order = []object{{"_score": "desc"}, {"id": "asc"}}
	}
	a, err := x.ask(ctx, object{"query": documentsOnly(compile(q)), "from": p.Offset, "size": p.Size, "sort": order, "track_total_hits": true, "_source": shown})
	if err != nil {
		return res, err
	}
	res.Total = a.Hits.Total.Value
	if p.Size == 0 || len(a.Hits.Hits) == 0 {
		return res, nil
	}
	docs, err := documents(a.Hits.Hits)
	for i := range docs {
		res.Hits = append(res.Hits, search.Hit{Doc: docs[i], Spans: query.Spans(q, &docs[i])})
	}
	return res, err
}

// documents reads hits.
func documents(hits []hit) ([]ad.Document, error) {
	out := make([]ad.Document, 0, len(hits))
	for _, h := range hits {
		d, err := document(h.Source)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}

func document(source []byte) (d ad.Document, err error) {
	var s struct {
		ID        string          `json:"id"`
		Record    json.RawMessage `json:"record"`
		Cluster   string          `json:"cluster"`
		FirstSeen time.Time       `json:"first_seen"`
		LastSeen  time.Time       `json:"last_seen"`
		RemovedAt time.Time       `json:"removed_at"`
		Sightings int             `json:"sightings"`
		Current   bool            `json:"current"`
		Labels    []string        `json:"label"`
	}
	if err = json.Unmarshal(source, &s); err == nil {
		d.Ad, err = ad.Decode[ad.Ad](s.Record)
	}
	if err != nil {
		return d, fmt.Errorf("%w: document %s cannot be read", search.ErrDamaged, s.ID)
	}
	d.ID, d.Cluster, d.Sightings, d.Current = s.ID, s.Cluster, s.Sightings, s.Current
	d.FirstSeen, d.LastSeen, d.RemovedAt = s.FirstSeen, s.LastSeen, s.RemovedAt
	d.Labels = s.Labels
	return d, nil
}

// kept is how long Elasticsearch keeps a snapshot that nobody asks.
const kept = "1m"

// snapshot runs f on the index as it is now, whatever arrives meanwhile.
func (x *Index) snapshot(ctx context.Context, f func(ask func(object) (answer, error)) error) error {
	if err := x.own(ctx); err != nil {
		return err
	}
	var pit struct{ ID string }
	err := x.do(ctx, call{method: http.MethodPost, path: "/" + x.id + "/_pit?keep_alive=" + kept, into: &pit})
	if err != nil {
		return err
	}
	defer func() { // else it ends by itself
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = x.do(late, call{method: http.MethodDelete, path: "/_pit", body: object{"id": pit.ID}, missing: true})
	}()
	return f(func(body object) (answer, error) {
		body["pit"] = object{"id": pit.ID, "keep_alive": kept}
		a, err := x.ask(ctx, body)
		if a.PIT != "" {
			pit.ID = a.PIT
		}
		return a, err
	})
}

// errEnough ends a walk that nobody follows any more.
var errEnough = errors.New("enough")

// pages gives all hits of a search in one snapshot, page by page.
func (x *Index) pages(ctx context.Context, body object, f func([]hit) error) error {
	return x.snapshot(ctx, func(ask func(object) (answer, error)) error {
		for {
			a, err := ask(body)
			if err != nil || len(a.Hits.Hits) == 0 {
				return err
			}
			if err := f(a.Hits.Hits); err != nil {
				return err
			}
			if size, _ := body["size"].(int); len(a.Hits.Hits) < size {
				return nil
			}
			body["search_after"] = a.Hits.Hits[len(a.Hits.Hits)-1].Sort
		}
	})
}

// Dump gives every document; see search.Index.
func (x *Index) Dump(ctx context.Context) iter.Seq2[ad.Document, error] {
	return x.walk(ctx, all, "")
}

// expanded puts the words of the index in place of what stands for several.
func (x *Index) expanded(ctx context.Context, q query.Node) (query.Node, error) {
	return query.Expand(q, func(prefix string) iter.Seq2[string, error] { return x.Terms(ctx, prefix) })
}

// Walk gives every document that matches; see search.Surveyor.
func (x *Index) Walk(ctx context.Context, q query.Node, after string) iter.Seq2[ad.Document, error] {
	if q == nil {
		return func(yield func(ad.Document, error) bool) { yield(ad.Document{}, x.fail("read", errNoQuery)) }
	}
	return func(yield func(ad.Document, error) bool) {
		q, err := x.expanded(ctx, q)
		if err != nil {
			yield(ad.Document{}, x.fail("read", err))
			return
		}
		for d, err := range x.walk(ctx, compile(q), after) {
			if !yield(d, err) {
				return
			}
		}
	}
}

func (x *Index) walk(ctx context.Context, q object, after string) iter.Seq2[ad.Document, error] {
	return func(yield func(ad.Document, error) bool) {
		body := object{"query": documentsOnly(q), "size": search.MaxPage, "sort": []object{{"id": "asc"}}, "track_total_hits": false, "_source": shown}
		if after != "" {
			body["search_after"] = []string{after}
		}
		err := x.pages(ctx, body, func(hits []hit) error {
			docs, err := documents(hits)
			for _, d := range docs {
				if !yield(d, nil) {
					return errEnough
				}
			}
			return err
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(ad.Document{}, x.fail("read", err))
		}
	}
}
