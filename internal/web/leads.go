package web

import (
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"vigil.example/internal/ad"
	"vigil.example/internal/desk"
	"vigil.example/internal/query"
	"vigil.example/internal/search"
)

// allLeads is the query that finds them.
const allLeads = "lead:yes"

// Evidence is language found, and what it adds to a lead.
type Evidence struct {
	ad.Evidence
	Context []Piece // a few words around it
	Field   string
	Counted bool // in a lead: its weight is worth a word
	Times   int  // the same words stand there so often
	Same    bool // as the words before it, read in another way
}

// How much of the language found is listed: on an ad's own page, and in a list.
const (
	shownEvidence  = 50
	listedEvidence = 8
)

// languageFound lists at most n pieces of the language found in an ad, the same
// words once, what speaks against it last.
func languageFound(a *ad.Ad, n int) (out []Evidence, more int) {
	made := a.Evidence()
	for _, i := range a.Indicators {
		if i.Strength == ad.Excluded {
			continue
		}
		if k := slices.IndexFunc(out, func(e Evidence) bool {
			return e.Rule == i.Rule && strings.EqualFold(e.Text, i.Text) && e.Category == i.Category && e.Sub == i.Sub
		}); k >= 0 {
			out[k].Times++
			continue
		}
		e := Evidence{Times: 1, Evidence: ad.Evidence{Indicator: i, Contrary: i.Category == "movement"}}
		if k := slices.IndexFunc(made, func(m ad.Evidence) bool { return m.Span == i.Span && m.Rule == i.Rule }); k >= 0 {
			e.Evidence, e.Counted = made[k], true
		}
		text, name := fieldText(a, i.Span.Field)
		e.Context, e.Field = around(text, mark{i.Span.Start, i.Span.End, "hit", ""}), name
		out = append(out, e)
	}
	slices.SortStableFunc(out, func(a, b Evidence) int {
		switch {
		case a.Contrary == b.Contrary:
			return 0
		case b.Contrary:
			return -1
		}
		return 1
	})
	for i := range out[min(1, len(out)):] {
		out[i+1].Same = out[i+1].Span == out[i].Span && out[i+1].Contrary == out[i].Contrary
	}
	more = max(0, len(out)-n)
	return out[:len(out)-more], more
}

// leads shows the ads that are leads, strongest first.
func (s *server) leads(r *http.Request, v *visit) error {
	b := resultsBody{Sort: search.ByLead, Page: pageOf(r)}
	var err error
	b.Answer, err = s.desk.Find(r.Context(), v.Subject, allLeads, desk.Wish{Page: &search.Page{Offset: (b.Page - 1) * pageSize, Size: pageSize, Sort: b.Sort}})
	if err != nil {
		return err
	}
	b.fill()
	return v.show(r, http.StatusOK, "leads", page{Title: "Leads", Here: "leads", Body: b})
}

// within is a query for the leads among what is asked for.
func within(q string) string {
	if n, err := query.Parse(q); err == nil {
		if _, or := n.(query.Or); or {
			q = "(" + q + ")"
		}
	}
	return strings.TrimSpace(allLeads + " " + q)
}

// asksLeads says whether a query finds leads only: then the strongest come first.
func asksLeads(n query.Node) bool {
	switch n := n.(type) {
	case query.And:
		return slices.ContainsFunc(n.Of, asksLeads)
	case query.Field:
		return n.Name == "lead" && slices.Contains(n.Values, "yes")
	}
	return false
}

// pageOf is which page of a list is asked for.
func pageOf(r *http.Request) int {
	if n, err := strconv.Atoi(r.URL.Query().Get("page")); err == nil && n > 1 {
		return min(n, math.MaxInt32)
	}
	return 1
}
