package elastic

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/query"
	"vigil.example/internal/search"
)

// counted is how many different values of a facet, areas or days are counted.
const counted = 10_000

// Survey counts what matches; see search.Surveyor.
func (x *Index) Survey(ctx context.Context, q query.Node, a search.Ask) (s search.Survey, err error) {
	if err = a.Refuse(); q == nil {
		err = errNoQuery
	}
	if err == nil {
		q, err = x.expanded(ctx, q)
	}
	if err == nil {
		found := documentsOnly(compile(q))
		s, err = survey(func(body object) (answer, error) { return x.ask(ctx, body) }, found, a, false)
		if errors.Is(err, errSeveral) {
			err = x.snapshot(ctx, func(ask func(object) (answer, error)) error {
				s, err = survey(ask, found, a, true)
				return err
			})
		}
	}
	if err != nil {
		return search.Survey{}, x.fail("survey", err)
	}
	return s, nil
}

// errSeveral says that one request does not tell how many documents have other values
// of a facet than those given: some have several, and not all values are given.
var errSeveral = errors.New("documents have several values")

// survey counts by one request, and by another one where that is not enough and more
// is said.
func survey(ask func(object) (answer, error), q object, a search.Ask, more bool) (search.Survey, error) {
	s := search.Survey{Facets: map[search.Facet][]search.Count{}, Others: map[search.Facet]int{}}
	aggs := object{}
	for _, f := range a.Facets {
		field := search.FacetField(f)
		terms := object{"field": field, "size": min(a.Most(), counted), "order": []object{{"_count": "desc"}, {"_key": "asc"}}}
		if f == search.Indicator {
			terms["include"] = "[^/]+"
		}
		aggs["facet_"+string(f)] = object{"terms": terms}
		aggs["none_"+string(f)] = object{"missing": object{"field": field}}
	}
	if a.Every != "" {
		aggs["times"] = object{"date_histogram": object{"field": "last_seen", "calendar_interval": a.Every, "min_doc_count": 1}}
	}
	if a.Cells {
		aggs["cells"] = object{"terms": object{"field": search.FacetField(search.City), "size": counted}}
	}
	got, err := ask(object{"query": q, "size": 0, "track_total_hits": true, "aggs": aggs})
	if err != nil {
		return s, err
	}
	s.Total = got.Hits.Total.Value
	var found map[string]struct {
		Documents int `json:"doc_count"` // of none_
		Rest      int `json:"sum_other_doc_count"`
		Buckets   []struct {
			Key   json.RawMessage `json:"key"`
			Count int             `json:"doc_count"`
		}
	}
	if len(aggs) > 0 {
		if err := json.Unmarshal(got.Aggregations, &found); err != nil {
			return s, err
		}
	}
	counts := func(name string) (out map[string]int, sum int, err error) {
		out = map[string]int{}
		for _, b := range found[name].Buckets {
			var key string
			if err := json.Unmarshal(b.Key, &key); err != nil {
				return nil, 0, err
			}
			out[key] = b.Count
			sum += b.Count
		}
		return out, sum, nil
	}
	rest := object{}
	for _, f := range a.Facets {
		have, sum, err := counts("facet_" + string(f))
		if err != nil {
			return s, err
		}
		s.Facets[f] = search.Rank(have, a.Most())
		none, others := found["none_"+string(f)].Documents, found["facet_"+string(f)].Rest
		if s.Others[f] = none + others; others == 0 || none+sum+others == s.Total { // all values are given, or no document has several
			continue
		}
		given := make([]string, len(s.Facets[f]))
		for i, c := range s.Facets[f] {
			given[i] = c.Value
		}
		rest[string(f)] = object{"filter": object{"bool": object{"must_not": []object{{"terms": object{search.FacetField(f): given}}}}}}
	}
	times := map[int64]int{}
	for _, b := range found["times"].Buckets {
		var ms int64
		if err := json.Unmarshal(b.Key, &ms); err != nil {
			return s, err
		}
		times[time.UnixMilli(ms).Unix()] = b.Count
	}
	s.Times = search.Buckets(a.Every, times)
	if a.Cells {
		have, _, err := counts("cells")
		if err != nil {
			return s, err
		}
		s.Cells = search.CellsOf(have)
	}
	if len(rest) == 0 {
		return s, nil
	}
	if !more {
		return s, errSeveral
	}
	if got, err = ask(object{"query": q, "size": 0, "track_total_hits": false, "aggs": rest}); err != nil {
		return s, err
	}
	var others map[search.Facet]struct {
		Count int `json:"doc_count"`
	}
	if err := json.Unmarshal(got.Aggregations, &others); err != nil {
		return s, err
	}
	for f := range rest {
		s.Others[search.Facet(f)] = others[search.Facet(f)].Count
	}
	return s, nil
}

// A gathering is a group before its document is read.
type gathering struct {
	cluster   string
	documents int
	last      string
}

// Grouped gives the clusters whose ads match; see search.Surveyor.
func (x *Index) Grouped(ctx context.Context, q query.Node, p search.Page) (g search.Groups, err error) {
	if err = refusal(q, p); err == nil {
		q, err = x.expanded(ctx, q)
	}
	if err == nil {
		err = x.snapshot(ctx, func(ask func(object) (answer, error)) error {
			g, err = grouped(ask, q, p)
			return err
		})
	}
	if err != nil {
		return search.Groups{}, x.fail("search", err)
	}
	return g, nil
}

func grouped(ask func(object) (answer, error), q query.Node, p search.Page) (g search.Groups, err error) {
	found := documentsOnly(compile(q))
	clusters, err := gathered(ask, found, "cluster")
	if err != nil {
		return g, err
	}
	lone := object{"bool": object{"filter": []object{found}, "must_not": []object{{"exists": object{"field": "cluster"}}}}}
	edited := object{"bool": object{"filter": []object{lone, {"term": object{"edited": true}}}}}
	several, err := gathered(ask, edited, "ad")
	if err != nil {
		return g, err
	}
	a, err := ask(object{"query": object{"bool": object{"filter": []object{lone}, "must_not": []object{{"term": object{"edited": true}}}}}, "size": 0, "track_total_hits": true})
	if err != nil {
		return g, err
	}
	g.Of = []search.Group{}
	g.Total = len(clusters) + len(several) + a.Hits.Total.Value
	slices.SortFunc(clusters, func(a, b gathering) int { return cmp.Or(b.documents-a.documents, strings.Compare(b.last, a.last)) })
	// Where groups are alike in both, their newest documents tell which is first.
	alike := func(i int) bool {
		return clusters[i].documents == clusters[i-1].documents && clusters[i].last == clusters[i-1].last
	}
	from, to := min(p.Offset, len(clusters)), min(p.Offset+p.Size, len(clusters))
	first, end := from, to
	for first > 0 && first < len(clusters) && alike(first) {
		first--
	}
	for end > 0 && end < len(clusters) && alike(end) {
		end++
	}
	var groups []search.Group
	for part := range slices.Chunk(clusters[first:end], 1000) {
		some, err := newestOf(ask, q, found, part)
		if err != nil {
			return g, err
		}
		groups = append(groups, some...)
	}
	slices.SortStableFunc(groups, func(a, b search.Group) int {
		return cmp.Or(b.Documents-a.Documents, b.Newest.Doc.LastSeen.Compare(a.Newest.Doc.LastSeen), strings.Compare(a.Newest.Doc.ID, b.Newest.Doc.ID))
	})
	if to > from {
		g.Of = groups[from-first : to-first]
	}
	if want := p.Size - len(g.Of); want > 0 {
		per := map[string]int{}
		for _, s := range several {
			per[s.cluster] = s.documents
		}
		a, err := ask(object{"query": lone, "collapse": object{"field": "ad"}, "sort": newest, "from": max(p.Offset-len(clusters), 0), "size": want, "track_total_hits": false, "_source": shown})
		if err != nil {
			return g, err
		}
		docs, err := documents(a.Hits.Hits)
		if err != nil {
			return g, err
		}
		for i := range docs {
			g.Of = append(g.Of, search.Group{Documents: max(per[docs[i].Ad.AdID], 1), Newest: search.Hit{Doc: docs[i], Spans: query.Spans(q, &docs[i])}})
		}
	}
	return g, nil
}

// gathered counts what matches by the values of a field, all of them.
func gathered(ask func(object) (answer, error), q object, by string) ([]gathering, error) {
	var out []gathering
	of := object{"size": counted, "sources": []object{{"of": object{"terms": object{"field": by}}}}}
	for {
		a, err := ask(object{"query": q, "size": 0, "track_total_hits": false,
			"aggs": object{"by": object{"composite": of, "aggs": object{"last": span["last"]}}}})
		if err != nil {
			return nil, err
		}
		var got struct {
			By struct {
				After   object `json:"after_key"`
				Buckets []struct {
					Key   struct{ Of string }
					Count int  `json:"doc_count"`
					Last  when `json:"last"`
				}
			}
		}
		if err := json.Unmarshal(a.Aggregations, &got); err != nil {
			return nil, err
		}
		for _, b := range got.By.Buckets {
			out = append(out, gathering{b.Key.Of, b.Count, b.Last.time().Format(time.RFC3339Nano)})
		}
		if len(got.By.Buckets) < counted || got.By.After == nil {
			return out, nil
		}
		of["after"] = got.By.After
	}
}

// newestOf reads the newest matching document of each cluster.
func newestOf(ask func(object) (answer, error), q query.Node, found object, of []gathering) ([]search.Group, error) {
	ids := make([]string, len(of))
	per := map[string]int{}
	for i, c := range of {
		ids[i], per[c.cluster] = c.cluster, c.documents
	}
	a, err := ask(object{"query": object{"bool": object{"filter": []object{found, {"terms": object{"cluster": ids}}}}}, "collapse": object{"field": "cluster"},
		"sort": newest, "size": len(ids), "track_total_hits": false, "_source": shown})
	if err != nil {
		return nil, err
	}
	docs, err := documents(a.Hits.Hits)
	out := make([]search.Group, len(docs))
	for i := range docs {
		out[i] = search.Group{Cluster: docs[i].Cluster, Documents: per[docs[i].Cluster], Newest: search.Hit{Doc: docs[i], Spans: query.Spans(q, &docs[i])}}
	}
	return out, err
}

const (
	likeliest = 2000 // how many documents Alike compares at most
	asked     = 300  // how many runs of words it asks for at most
)

// Alike gives documents worded like one; see search.Surveyor.
func (x *Index) Alike(ctx context.Context, documentID string, n int) (out []search.Likeness, err error) {
	known := false
	err = x.snapshot(ctx, func(ask func(object) (answer, error)) error {
		a, err := ask(object{"query": documentsOnly(object{"term": object{"id": documentID}}), "size": 1, "_source": shown})
		if err != nil || len(a.Hits.Hits) == 0 {
			return err
		}
		known = true
		self, err := document(a.Hits.Hits[0].Source)
		if err != nil || n <= 0 {
			return err
		}
		runs := search.Runs(&self.Ad)
		every := (len(runs) + asked - 1) / asked
		var of []object
		for i := 0; i < len(runs); i += every {
			of = append(of, phraseIn("title", runs[i]), phraseIn("body", runs[i]))
		}
		grams := search.Grams(&self.Ad)
		body := object{"query": documentsOnly(either(of...), object{"bool": object{"must_not": []object{{"term": object{"ad": self.Ad.AdID}}}}}), "size": 250, "sort": []object{{"_score": "desc"}, {"id": "asc"}},
			"track_total_hits": false, "_source": shown}
		for seen := 0; seen < likeliest; {
			a, err := ask(body)
			if err != nil || len(a.Hits.Hits) == 0 {
				return err
			}
			docs, err := documents(a.Hits.Hits)
			if err != nil {
				return err
			}
			for _, d := range docs {
				if share := search.Share(grams, search.Grams(&d.Ad)); share >= search.LeastShare {
					out = append(out, search.Likeness{Doc: d, Share: share})
				}
			}
			seen += len(docs)
			body["search_after"] = a.Hits.Hits[len(docs)-1].Sort
		}
		return nil
	})
	if err != nil {
		return nil, x.fail("search", err)
	}
	if !known {
		return nil, fmt.Errorf("document %s: %w", documentID, ad.ErrNotFound)
	}
	slices.SortFunc(out, func(a, b search.Likeness) int {
		return cmp.Or(cmp.Compare(b.Share, a.Share), b.Doc.LastSeen.Compare(a.Doc.LastSeen), strings.Compare(a.Doc.ID, b.Doc.ID))
	})
	return out[:min(n, len(out))], nil
}

// Terms gives the words of all texts that begin with prefix; see search.Surveyor.
func (x *Index) Terms(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		if err := x.own(ctx); err != nil {
			yield("", x.fail("read", err))
			return
		}
		body := object{"field": "word", "string": prefix, "size": counted, "timeout": "20s"}
		for {
			var got struct {
				Terms    []string
				Complete bool
			}
			err := x.do(ctx, call{method: http.MethodPost, path: "/" + x.id + "/_terms_enum", body: body, into: &got})
			if err == nil && !got.Complete && len(got.Terms) < counted {
				err = fmt.Errorf("%w: it does not give all words", search.ErrAway)
			}
			if err != nil {
				yield("", x.fail("read", err))
				return
			}
			for _, t := range got.Terms {
				if !yield(t, nil) {
					return
				}
			}
			if got.Complete && len(got.Terms) < counted {
				return
			}
			body["search_after"] = got.Terms[len(got.Terms)-1]
		}
	}
}
