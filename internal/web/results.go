package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/desk"
	"vigil.example/internal/export"
	"vigil.example/internal/query"
	"vigil.example/internal/search"
)

const (
	pageSize = 25
	maxQuery = 2000 // code points
)

func (s *server) search(r *http.Request, v *visit) error {
	q := trimmed(r, "q")
	switch leads := r.PostFormValue("within") == "leads"; {
	case leads && q == "":
		v.redirect(r, "/leads")
		return nil
	case leads:
		q = within(q)
	case q == "":
		v.redirect(r, "/")
		return nil
	}
	if n := length(q); n > maxQuery {
		b := resultsBody{Fault: &query.Error{Start: maxQuery, End: n, Reason: "a search has at most " + grouped(maxQuery) + " characters"}}
		return v.show(r, http.StatusUnprocessableEntity, "results", page{Title: "Search", Here: "search", Query: cut(q, 0, maxQuery), Body: b})
	}
	b := resultsBody{ID: s.shelf.putSearch(v.User, q)}
	b.look(r.PostFormValue) // of the page that a term was pressed on
	v.redirect(r, b.At("page", 1))
	return nil
}

// A Row is one ad in a list of results.
type Row struct {
	Doc     ad.Document
	Title   []Piece
	Place   []Piece
	Snippet []Piece
	Numbers []Written
	Share   string // how alike it is, in a list of ads worded alike
	// What makes it a lead, in a list of leads.
	Language []Evidence
	MoreLang int
}

// Written is a value and how the ad writes it.
type Written struct {
	Value ad.Value
	Text  []Piece // as written, when that differs
	Held  *ad.Hub // when it is held back from linking
}

// A resultsBody is the page of results.
type resultsBody struct {
	ID       string
	Expired  bool
	Fault    *query.Error
	Caret    string
	Mended   string // what was perhaps meant
	AsText   string // a search for the very words that were typed
	Answer   desk.Find
	Rows     []Row
	Sort     search.Sort
	Sorted   bool // somebody chose the order
	Clusters bool // results are shown by cluster
	Every    search.Step
	Page     int
	Pages    int
	From     int         // number of the first row shown
	Shared   string      // the cluster that all results are in
	Watch    *ad.Value   // the one value that was asked for
	Held     *ad.Hub     // why that value is held back, if it is
	Partial  bool        // asks for digits that look like part of a number
	Alone    string      // asks for the number alone, when nothing has it and the rest
	Either   string      // asks for either side of a |, which means nothing
	Sites    []desk.Site // what is covered, when nothing was found
	Groups   []Group
	Terms    []Choice // parts of the query
	Narrow   []Narrowing
	Times    *Times
	Places   *Places
	Formats  []export.Format // to download it all in
}

// A Group is a cluster of which ads match, or an ad in none.
type Group struct {
	Cluster   string
	Documents int
	Query     string // for the ads of it
	Row       Row    // the newest of them
}

// look reads how results are to be shown from the parts of an address or a form.
func (b *resultsBody) look(part func(string) string) {
	if sort := search.Sort(part("sort")); slices.Contains(search.Sorts(), sort) {
		b.Sort, b.Sorted = sort, true
	}
	b.Clusters = part("by") == "cluster"
	if every := search.Step(part("every")); slices.Contains(steps, every) {
		b.Every = every
	}
}

// At is the address of these results with one part of how they are shown changed.
func (b resultsBody) At(part string, value any) string {
	q := url.Values{}
	if b.Sorted {
		q.Set("sort", string(b.Sort))
	}
	if b.Clusters {
		q.Set("by", "cluster")
	}
	if b.Every != "" {
		q.Set("every", string(b.Every))
	}
	q.Del(part)
	if s := fmt.Sprint(value); s != "" && !(part == "page" && s == "1") {
		q.Set(part, s)
	}
	if len(q) == 0 {
		return "/s/" + b.ID
	}
	return "/s/" + b.ID + "?" + q.Encode()
}

func (s *server) results(r *http.Request, v *visit) error {
	b := resultsBody{ID: r.PathValue("id"), Sort: search.ByRelevance}
	p := page{Title: "Search", Here: "search"}
	text, ok := s.shelf.findSearch(v.User, b.ID)
	if !ok {
		b.Expired = true
		p.Body = b
		return v.show(r, http.StatusNotFound, "results", p)
	}
	p.Query = text
	b.look(r.URL.Query().Get)
	if n, err := query.Parse(text); err == nil && !b.Sorted && asksLeads(n) {
		b.Sort = search.ByLead
	}
	b.Page = pageOf(r)
	part := &search.Page{Offset: (b.Page - 1) * pageSize, Size: pageSize, Sort: b.Sort}
	w := desk.Wish{Page: part, Survey: &search.Ask{Facets: search.Facets(), Top: moreValues, Every: search.Daily, Cells: true}}
	if b.Clusters {
		w.Page, w.Groups = nil, part
	}
	var err error
	b.Answer, err = s.desk.Find(r.Context(), v.Subject, text, w)
	if errors.As(err, &b.Fault) {
		s.shelf.forget(v.User, b.ID)
		b.Caret, b.Mended, b.AsText = b.Fault.Caret(text), b.Fault.Mended(text), query.AsText(text)
		p.Body = b
		return v.show(r, http.StatusUnprocessableEntity, "results", p)
	}
	if err != nil {
		return err
	}
	b.fill()
	b.Either = query.Either(text)
	b.beside(s.desk, text)
	v.w.Header().Set("Content-Security-Policy", livePolicy)
	if v.can(access.ActExport) {
		b.Formats = export.Formats()
	}
	if b.Answer.Total == 0 {
		st, err := s.desk.Status(r.Context(), v.Subject)
		if err != nil {
			return err
		}
		b.Sites = st.Sites
	}
	p.Body = b
	return v.show(r, http.StatusOK, "results", p)
}

// beside works out what stands beside the rows, and the groups.
func (b *resultsBody) beside(d *desk.Desk, text string) {
	n, sv := b.Answer.Node, b.Answer.Survey
	b.Terms = terms(n)
	b.Narrow = narrowings(d, text, n, sv)
	b.Times = times(text, n, sv.Times, b.Every)
	b.Places = places(sv.Cells, d.MetroName)
	for _, g := range b.Answer.Groups.Of {
		one := Group{Cluster: g.Cluster, Documents: g.Documents, Row: row(g.Newest, b.Answer.Held)}
		if term, err := query.NewField("cluster", g.Cluster); err == nil {
			one.Query, _ = toggled(text, n, term)
		}
		b.Groups = append(b.Groups, one)
	}
}

// fill works out what the page shows from the answer.
func (b *resultsBody) fill() {
	all := b.Answer.Total
	if b.Clusters {
		all = b.Answer.Groups.Total
	}
	b.Pages = (all + pageSize - 1) / pageSize
	b.From = (b.Page-1)*pageSize + 1
	for i, h := range b.Answer.Hits {
		b.Rows = append(b.Rows, row(h, b.Answer.Held))
		if one := &b.Rows[i]; b.Sort == search.ByLead && h.Doc.Ad.Lead != nil {
			one.Language, one.MoreLang = languageFound(&h.Doc.Ad, listedEvidence)
			one.Snippet = nil
		}
		switch {
		case i == 0:
			b.Shared = h.Doc.Cluster
		case h.Doc.Cluster != b.Shared:
			b.Shared = ""
		}
	}
	if len(b.Answer.Hits) < 2 || b.Answer.Total > len(b.Answer.Hits) {
		b.Shared = ""
	}
	if b.Watch = watchable(b.Answer.Node); b.Watch != nil {
		b.Held = held(b.Answer.Held, *b.Watch)
	}
	b.Partial = partial(b.Answer.Node)
	if b.Answer.Total == 0 && b.Watch == nil {
		b.Alone = alone(b.Answer.Node)
	}
}

// held is why a value is held back, nil when it is not.
func held(hubs map[ad.Value]ad.Hub, v ad.Value) *ad.Hub {
	if h, ok := hubs[v]; ok {
		return &h
	}
	return nil
}

// watchable is the one value that a query asks for, if it asks for nothing else.
func watchable(n query.Node) *ad.Value {
	if f, ok := n.(query.Field); ok && len(f.Values) == 1 {
		switch f.Name {
		case "phone", "email", "handle":
			return &ad.Value{Kind: f.Name, Value: f.Values[0]}
		}
		return nil
	}
	if asked := query.Asked(n); len(asked) == 1 {
		return &asked[0]
	}
	return nil
}

func row(h search.Hit, hubs map[ad.Value]ad.Hub) Row {
	a := &h.Doc.Ad
	r := Row{
		Doc:     h.Doc,
		Title:   pieces(a.Title, hits(h.Spans, "title"), 0, length(a.Title)),
		Place:   pieces(a.Location, hits(h.Spans, "location"), 0, length(a.Location)),
		Snippet: snippet(a.Body, hits(h.Spans, "body")),
	}
	for _, val := range a.Values(desk.Confidence) {
		r.Numbers = append(r.Numbers, written(a, val, held(hubs, val)))
	}
	return r
}

// written finds how an ad writes a value.
func written(a *ad.Ad, v ad.Value, hub *ad.Hub) Written {
	w := Written{Value: v, Held: hub}
	text := a.Written(v)
	if text != "" && text != v.Value && text != display(v) {
		w.Text = pieces(text, nil, 0, 80)
	}
	return w
}
