package web

import (
	"reflect"
	"slices"

	"vigil.example/internal/desk"
	"vigil.example/internal/query"
	"vigil.example/internal/search"
)

// Values of a property that are shown: at once, and on opening a list.
const (
	firstValues = 6
	moreValues  = 30
)

// A Narrowing is a property of the ads that match, and its values. Pressing one
// adds a term to the query or takes it out again: the query is all the state there is.
type Narrowing struct {
	Name   string
	Values []Choice
	More   []Choice
	Others int // ads with none of the values
}

// A Choice is one value. Query is what to search for when it is pressed; "" takes
// the last term away.
type Choice struct {
	Name      string
	Documents int
	Query     string
	On        bool // the query asks for it
}

// terms are the parts of a query that must all hold, each to be taken out.
func terms(n query.Node) (out []Choice) {
	and, ok := n.(query.And)
	if !ok {
		return nil
	}
	for i, part := range and.Of {
		rest := slices.Delete(slices.Clone(and.Of), i, i+1)
		next := rest[0].String()
		if len(rest) > 1 {
			next = query.And{Of: rest}.String()
		}
		out = append(out, Choice{Name: part.String(), Query: next})
	}
	return out
}

// narrowings lists what the ads that match can be told apart by.
func narrowings(d *desk.Desk, text string, n query.Node, sv search.Survey) (out []Narrowing) {
	for _, f := range search.Facets() {
		group := Narrowing{Name: desk.FacetTitle(f), Others: sv.Others[f]}
		for _, c := range sv.Facets[f] {
			term, ok := desk.FacetTerm(f, c.Value)
			if !ok {
				continue
			}
			one := Choice{Name: d.FacetName(f, c.Value), Documents: c.Documents}
			one.Query, one.On = toggled(text, n, term)
			if c.Documents == sv.Total && !one.On { // says nothing
				continue
			}
			if len(group.Values) < firstValues || one.On {
				group.Values = append(group.Values, one)
			} else {
				group.More = append(group.More, one)
			}
		}
		if len(group.Values) > 0 {
			out = append(out, group)
		}
	}
	return out
}

// toggled is the query with the term added, or, when it asks for it already, taken
// out. What a person typed stays as it was typed where that is possible.
func toggled(text string, n query.Node, term query.Field) (next string, on bool) {
	parts := []query.Node{n}
	if and, ok := n.(query.And); ok {
		parts = and.Of
	}
	rest := slices.DeleteFunc(slices.Clone(parts), func(p query.Node) bool { return asks(p, term) })
	switch {
	case len(rest) == 0:
		return "", true
	case len(rest) == 1 && len(parts) > 1:
		return rest[0].String(), true
	case len(rest) < len(parts):
		return query.And{Of: rest}.String(), true
	}
	want := query.And{Of: append(rest, term)}
	if typed := text + " " + term.String(); length(typed) <= maxQuery {
		if got, err := query.Parse(typed); err == nil && reflect.DeepEqual(got, query.Node(want)) {
			return typed, false
		}
	}
	return want.String(), false
}

// asks reports whether a part of a query asks for the term, however it was typed.
func asks(p query.Node, term query.Field) bool {
	f, ok := p.(query.Field)
	f.Text = term.Text
	return ok && reflect.DeepEqual(f, term)
}
