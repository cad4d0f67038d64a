package desk

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/audit"
	"vigil.example/internal/query"
	"vigil.example/internal/search"
)

// A Wish says what is wanted of the ads that match: any of a page of them, a page
// of their clusters, a leaf of all of them, and counts.
type Wish struct {
	Page   *search.Page
	Groups *search.Page
	Leaf   *Leaf
	Survey *search.Ask
}

// A Leaf is a part of all that matches, in order of document id: turning leaves
// misses nothing and gives nothing twice, however deep it goes and whatever comes
// in meanwhile.
type Leaf struct {
	After string // id of the last document of the leaf before; "" for the first
	Size  int
}

// A Find is what matches, as was wished.
type Find struct {
	Answer // with the hits of the page, or of the leaf
	Groups search.Groups
	Survey search.Survey
	Next   string // where the next leaf begins; "" when this was the last
}

// Find answers what a person typed into the box, or returns a *query.Error that
// says where it cannot be understood. However much is wished, the log has one line.
func (d *Desk) Find(ctx context.Context, s access.Subject, text string, w Wish) (Find, error) {
	n, e, err := d.asked(ctx, s, access.ActRead, "search", text)
	if err != nil {
		return Find{}, err
	}
	f := Find{Answer: Answer{Understood: query.Explain(n), Node: n}}
	err = d.find(ctx, w, &f)
	e.Count, e.Outcome = f.Total, outcome(err)
	if lerr := d.log(ctx, s, e); lerr != nil {
		return Find{}, lerr
	}
	if broad := (*query.Error)(nil); errors.As(err, &broad) { // it stands for too many words of the index
		return Find{}, broad.In(text)
	}
	if err != nil {
		return Find{}, fmt.Errorf("search: %w", err)
	}
	f.Held, err = d.held(ctx)
	return f, err
}

// asked authorises, reads the query and begins the line in the log.
func (d *Desk) asked(ctx context.Context, s access.Subject, act access.Action, what, text string) (query.Node, audit.Entry, error) {
	e := audit.Entry{Action: what, Query: text}
	if err := d.may(ctx, s, act, e); err != nil {
		return nil, e, err
	}
	n, err := query.Parse(text)
	if err != nil {
		return nil, e, err
	}
	for _, v := range query.Asked(n) {
		if len(e.Values) < audit.MaxValues {
			e.Values = append(e.Values, v.Value)
		}
	}
	return n, e, nil
}

// find does what is wished. The total is that of whatever was counted.
func (d *Desk) find(ctx context.Context, w Wish, f *Find) (err error) {
	if w.Survey != nil {
		if f.Survey, err = d.Index.Survey(ctx, f.Node, *w.Survey); err != nil {
			return err
		}
		f.Total = f.Survey.Total
	}
	if w.Groups != nil {
		if f.Groups, err = d.Index.Grouped(ctx, f.Node, *w.Groups); err != nil {
			return err
		}
	}
	switch {
	case w.Page != nil:
		f.Results, err = d.Index.Search(ctx, f.Node, *w.Page)
	case w.Leaf != nil:
		if f.Results, err = d.Index.Search(ctx, f.Node, search.Page{}); err == nil {
			err = d.leaf(ctx, *w.Leaf, f)
		}
	case w.Survey == nil:
		f.Results, err = d.Index.Search(ctx, f.Node, search.Page{})
	}
	return err
}

func (d *Desk) leaf(ctx context.Context, l Leaf, f *Find) error {
	docs, err := search.Leaf(ctx, d.Index, f.Node, l.After, l.Size+1)
	if err != nil {
		return err
	}
	if len(docs) > l.Size {
		docs = docs[:l.Size]
		f.Next = docs[l.Size-1].ID
	}
	for i := range docs {
		f.Hits = append(f.Hits, search.Hit{Doc: docs[i], Spans: query.Spans(f.Node, &docs[i])})
	}
	return nil
}

// MetroName is what a metropolitan area is called, of which an index keeps the code.
func (d *Desk) MetroName(code string) string {
	if name := d.Places.Name(code); name != "" {
		return name
	}
	return code
}

// MaxAlike bounds the ads that are given as worded like another one.
const MaxAlike = 50

// A Likenesses is an ad and others that are worded like it.
type Likenesses struct {
	Of   ad.Document
	Like []search.Likeness   // most alike first
	Held map[ad.Value]ad.Hub // values that are held back from linking
}

// Alike gives at most n ads that are worded like the newest content of one, of each
// the content that is most alike.
func (d *Desk) Alike(ctx context.Context, s access.Subject, id string, n int) (Likenesses, error) {
	e := audit.Entry{Action: "ad.alike", Object: id}
	if err := d.may(ctx, s, access.ActRead, e); err != nil {
		return Likenesses{}, err
	}
	out, err := d.alike(ctx, id, min(n, MaxAlike))
	e.Outcome, e.Count = outcome(err), len(out.Like)
	if lerr := d.log(ctx, s, e); lerr != nil {
		return Likenesses{}, lerr
	}
	if err != nil {
		return Likenesses{}, fmt.Errorf("ads worded like ad %s: %w", id, err)
	}
	out.Held, err = d.held(ctx)
	return out, err
}

func (d *Desk) alike(ctx context.Context, id string, n int) (out Likenesses, err error) {
	docs, _, err := d.Index.Versions(ctx, id)
	if err != nil {
		return out, err
	}
	out.Of = AdView{Docs: docs}.Current()
	like, err := d.Index.Alike(ctx, out.Of.ID, 2*n)
	if err != nil {
		return out, err
	}
	seen := map[string]bool{}
	for _, l := range like {
		if !seen[l.Doc.Ad.AdID] && len(out.Like) < n {
			seen[l.Doc.Ad.AdID] = true
			out.Like = append(out.Like, l)
		}
	}
	return out, nil
}

// FacetTerm is the term of the language that asks for a value of a facet; ok is
// false when there is none.
func FacetTerm(f search.Facet, value string) (term query.Field, ok bool) {
	term, err := query.NewField(search.FacetField(f), value)
	return term, err == nil
}

// FacetName says in words what a value of a facet is.
func (d *Desk) FacetName(f search.Facet, value string) string {
	switch f {
	case search.City:
		return d.MetroName(value)
	case search.State:
		if region, ok := strings.CutPrefix(value, "US-"); ok {
			return region
		}
	case search.Lang:
		return query.Language(value)
	case search.Side:
		switch value {
		case ad.SideSupply:
			return "offers"
		case ad.SideDemand:
			return "buyers’ posts"
		case ad.SideOther:
			return "neither"
		}
	case search.Lead:
		if value == "yes" {
			return "leads"
		}
		return "no leads"
	case search.Indicator:
		return strings.ReplaceAll(value, "_", " ")
	}
	return value
}

// FacetTitle names a facet.
func FacetTitle(f search.Facet) string {
	switch f {
	case search.Site:
		return "Site"
	case search.City:
		return "Area"
	case search.State:
		return "State or region"
	case search.Side:
		return "Who speaks"
	case search.Lang:
		return "Language"
	case search.Indicator:
		return "Language found"
	case search.Lead:
		return "Lead"
	case search.Has:
		return "What it gives"
	case search.Label:
		return "Labelled by people"
	}
	return string(f)
}
