package api

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"vigil.example/internal/desk"
	"vigil.example/internal/search"
)

// maxTop is how many values of a facet are counted at most.
const maxTop = 200

func (s *server) search(c *call) error {
	var q SearchRequest
	if err := c.read(&q); err != nil {
		return err
	}
	p, err := pageOf(q.Offset, q.Size)
	if err != nil {
		return err
	}
	w := desk.Wish{Page: &p}
	p.Sort = q.Sort
	switch {
	case p.Sort != "" && !slices.Contains(search.Sorts(), p.Sort):
		return wrong("sort is none of %s, %s and %s", search.ByRelevance, search.ByNewest, search.ByLead)
	case q.Cursor == nil:
	case *q.Cursor != "" && !isDigest(*q.Cursor):
		return wrong("the cursor is none; take next from the answer before, or \"\" to begin")
	case p.Offset > 0 || p.Sort != "":
		return wrong("a cursor goes with neither offset nor sort: it turns all that matches in order of document id")
	case p.Size == 0:
		return wrong("with a cursor size is 1 at least")
	default:
		w = desk.Wish{Leaf: &desk.Leaf{After: *q.Cursor, Size: p.Size}}
	}
	a, err := s.desk.Find(c.ctx(), c.s, q.Query, w)
	if err != nil {
		return err
	}
	out := SearchAnswer{
		Understood: a.Understood, Total: a.Total, Offset: p.Offset,
		TookMS: float64(a.Took.Microseconds()) / 1000, Hits: make([]Hit, 0, len(a.Hits)), Next: a.Next,
	}
	for _, h := range a.Hits {
		out.Hits = append(out.Hits, Hit{lean(h.Doc), h.Spans})
	}
	return c.reply(http.StatusOK, out)
}

// pageOf reads which page is asked for.
func pageOf(offset int, size *int) (search.Page, error) {
	p := search.Page{Offset: offset, Size: pageSize}
	if size != nil {
		p.Size = *size
	}
	switch {
	case p.Size < 0 || p.Size > search.MaxPage:
		return p, wrong("size is %d; it may be 0 to %d", p.Size, search.MaxPage)
	case p.Offset < 0:
		return p, wrong("offset is negative")
	}
	return p, nil
}

func (s *server) survey(c *call) error {
	var q SurveyRequest
	if err := c.read(&q); err != nil {
		return err
	}
	ask := search.Ask{Facets: q.Facets, Top: q.Top, Every: q.Every, Cells: q.Cells}
	if ask.Facets == nil {
		ask.Facets = search.Facets()
	}
	switch err := ask.Refuse(); {
	case err != nil:
		return wrong("%v", err)
	case q.Top < 0 || q.Top > maxTop:
		return wrong("top is %d; it may be 0 to %d", q.Top, maxTop)
	}
	a, err := s.desk.Find(c.ctx(), c.s, q.Query, desk.Wish{Survey: &ask})
	if err != nil {
		return err
	}
	out := SurveyAnswer{Understood: a.Understood, Total: a.Total, Facets: []FacetCounts{}, Times: a.Survey.Times}
	for _, f := range search.Facets() {
		counts, ok := a.Survey.Facets[f]
		if !ok {
			continue
		}
		of := FacetCounts{Facet: f, Values: []FacetValue{}, Others: a.Survey.Others[f]}
		for _, n := range counts {
			v := FacetValue{Value: n.Value, Name: s.desk.FacetName(f, n.Value), Documents: n.Documents}
			if term, ok := desk.FacetTerm(f, n.Value); ok {
				v.Term = term.String()
			}
			of.Values = append(of.Values, v)
		}
		out.Facets = append(out.Facets, of)
	}
	for _, k := range a.Survey.Cells {
		out.Cells = append(out.Cells, Cell{k, s.desk.MetroName(k.Metro)})
	}
	return c.reply(http.StatusOK, out)
}

func (s *server) groups(c *call) error {
	var q GroupsRequest
	if err := c.read(&q); err != nil {
		return err
	}
	p, err := pageOf(q.Offset, q.Size)
	if err != nil {
		return err
	}
	a, err := s.desk.Find(c.ctx(), c.s, q.Query, desk.Wish{Groups: &p})
	if err != nil {
		return err
	}
	out := GroupsAnswer{Understood: a.Understood, Total: a.Groups.Total, Offset: p.Offset, Groups: []Group{}}
	for _, g := range a.Groups.Of {
		out.Groups = append(out.Groups, Group{g.Cluster, g.Documents, Hit{lean(g.Newest.Doc), g.Newest.Spans}})
	}
	return c.reply(http.StatusOK, out)
}

func (s *server) alike(c *call) error {
	n, err := c.number("n", pageSize)
	if err != nil {
		return err
	}
	a, err := s.desk.Alike(c.ctx(), c.s, c.id, int(min(n, desk.MaxAlike)))
	if err != nil {
		return err
	}
	out := AlikeList{[]Likeness{}}
	for _, l := range a.Like {
		out.Alike = append(out.Alike, Likeness{lean(l.Doc), l.Share})
	}
	return c.reply(http.StatusOK, out)
}

// Survey counts what matches by its properties.
func (c *Client) Survey(ctx context.Context, q SurveyRequest) (out SurveyAnswer, err error) {
	err = c.call(ctx, http.MethodPost, Root+"/search/survey", q, &out)
	return out, err
}

// Groups returns one page of the clusters whose ads match.
func (c *Client) Groups(ctx context.Context, q GroupsRequest) (out GroupsAnswer, err error) {
	err = c.call(ctx, http.MethodPost, Root+"/search/groups", q, &out)
	return out, err
}

// Alike returns at most n ads that are worded like one; 0 leaves the number to the
// server.
func (c *Client) Alike(ctx context.Context, id string, n int) ([]Likeness, error) {
	p, err := at("/ads/", id, isDigest)
	if err != nil {
		return nil, err
	}
	if p += "/alike"; n > 0 {
		p += "?n=" + strconv.Itoa(n)
	}
	var out AlikeList
	err = c.call(ctx, http.MethodGet, p, nil, &out)
	return out.Alike, err
}
