package web

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"vigil.example/internal/ad"
	"vigil.example/internal/desk"
	"vigil.example/internal/link/weigh"
)

// Bounds of the page that answers questions about a cluster.
const (
	choicesShown = 200 // ads that a form offers; others are named by id
	quotedLength = 900 // code points of an ad beside a reason
	fillsShown   = 12  // of a slot
	fillLength   = 90  // code points
)

// A whyBody is the page on which one asks why the ads of a cluster are together.
type whyBody struct {
	desk.ClusterView
	Choices []Row
	Asked   question
	Bad     string

	Path     *pathShown
	Without  *withoutShown
	Near     *nearShown
	Template *templateShown
}

// An question is what a form held, to show it again.
type question struct{ Kind, A, B, Other, Value string }

// A pathShown is the strongest path between two ads.
type pathShown struct {
	First, Last Row
	Steps       []stepShown
	Held        []ad.Hub
	Unlearned   []string // sites of it whose own words are not known
}

type stepShown struct {
	desk.WhyStep
	Sides [2]sideShown
}

// A sideShown is an ad as it stands beside a reason.
type sideShown struct {
	Row
	Body   []Piece
	Quotes []quoteShown
}

// A quoteShown is how an ad writes a value.
type quoteShown struct {
	Text          []Piece
	Method, Field string
}

type withoutShown struct {
	desk.WhatIf
	Rows []Row
}

type nearShown struct {
	desk.Nearness
	Of     Row
	Misses []nearRow
	Rivals []rivalRow
}

type nearRow struct {
	desk.Near
	Row Row
}

type rivalRow struct {
	desk.Rival
	Row   Row
	Alike int // percent
}

type templateShown struct {
	desk.Wording
	Forms []formShown
}

type formShown struct {
	Ads   int
	Parts []partShown
	Slots []partShown
}

// A partShown is a part of a form; of slots N counts from 1.
type partShown struct {
	weigh.Part
	N    int
	Ads  int // of the form, that have what most have
	More int // fills that are not shown
}

// A chooser is a list from which an ad is chosen.
type chooser struct {
	ID, Name string
	Rows     []Row
	Chosen   string
}

// sentence begins with a capital and ends with a full stop.
func sentence(s string) string {
	if s == "" {
		return "Several weak signs."
	}
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:] + "."
}

func (s *server) whyForm(r *http.Request, v *visit) error {
	view, err := s.desk.Cluster(r.Context(), v.Subject, r.PathValue("id"))
	if err != nil {
		return err
	}
	return s.showWhy(r, v, http.StatusOK, whyBody{ClusterView: view})
}

// why answers a question about a cluster.
func (s *server) why(r *http.Request, v *visit) error {
	view, err := s.desk.Cluster(r.Context(), v.Subject, r.PathValue("id"))
	if err != nil {
		return err
	}
	b := whyBody{ClusterView: view, Asked: question{Kind: r.PostFormValue("ask"), A: trimmed(r, "a"), B: trimmed(r, "b"), Other: trimmed(r, "other"), Value: trimmed(r, "value")}}
	ctx := r.Context()
	switch b.Asked.Kind {
	case "path":
		other := b.Asked.B
		if b.Asked.Other != "" {
			other = anAd.FindString(b.Asked.Other)
		}
		var w desk.Why
		if w, err = s.desk.Why(ctx, v.Subject, view.ID, b.Asked.A, other); err == nil {
			b.Path = asPath(w)
		}
	case "without":
		var w desk.WhatIf
		if w, err = s.desk.Without(ctx, v.Subject, view.ID, b.Asked.Value); err == nil {
			b.Without = &withoutShown{WhatIf: w}
			for _, id := range w.Leave[:min(len(w.Leave), membersShown)] {
				b.Without.Rows = append(b.Without.Rows, titled(w.Docs[id]))
			}
		}
	case "near":
		var w desk.Nearness
		if w, err = s.desk.Near(ctx, v.Subject, view.ID, b.Asked.A); err == nil {
			b.Near = asNear(w, view)
		}
	case "template":
		var w desk.Wording
		if w, err = s.desk.Template(ctx, v.Subject, view.ID); err == nil {
			b.Template = asTemplate(w)
		}
	default:
		err = desk.ErrAsk
	}
	code := http.StatusOK
	switch {
	case errors.Is(err, desk.ErrAsk), errors.Is(err, ad.ErrNotFound):
		code, b.Bad = http.StatusUnprocessableEntity, "Name two different ads, at least one of this cluster. An ad is named by its id, or by the address of its page."
	case errors.Is(err, desk.ErrUntold):
		code, b.Bad = http.StatusUnprocessableEntity, "Both ads are in this cluster, but what joins them is not among the reasons that were read: those of its newest ads. Choose two that were seen last."
	case errors.Is(err, desk.ErrNoGiver), errors.Is(err, desk.ErrNotAValue), errors.Is(err, desk.ErrSeveral):
		code, b.Bad = http.StatusUnprocessableEntity, "No ad of this cluster gives that. Choose one of the values that its ads share."
	case err != nil:
		return err
	}
	return s.showWhy(r, v, code, b)
}

func (s *server) showWhy(r *http.Request, v *visit, code int, b whyBody) error {
	for _, m := range b.Members[:min(len(b.Members), choicesShown)] {
		b.Choices = append(b.Choices, titled(m))
	}
	if b.Asked.B == "" && len(b.Choices) > 1 { // two that differ
		b.Asked.B = b.Choices[1].Doc.Ad.AdID
	}
	return v.show(r, code, "why", page{Title: "Why ads are linked", Here: "cluster", Body: b})
}

func titled(d ad.Document) Row { return Row{Doc: d, Title: pieces(d.Ad.Title, nil, 0, 90)} }

func asPath(w desk.Why) *pathShown {
	p := &pathShown{First: titled(w.First), Last: titled(w.Last), Held: w.Held}
	for _, s := range w.Steps {
		for _, site := range s.Unlearned {
			if !slices.Contains(p.Unlearned, site) {
				p.Unlearned = append(p.Unlearned, site)
			}
		}
		p.Steps = append(p.Steps, stepShown{s, [2]sideShown{side(s.From, s.InA), side(s.To, s.InB)}})
	}
	return p
}

// side shows an ad with what a reason quotes of it: the beginning, or the part around
// the first quote.
func side(d ad.Document, quotes []desk.WhyQuote) sideShown {
	mine := func(field string) (out []mark) {
		for _, q := range quotes {
			if q.Field == field {
				out = append(out, mark{q.Start, q.End, "hit", ""})
			}
		}
		return out
	}
	marks := func(field string) []mark {
		return slices.Concat(mine(field), found(&d.Ad, field), sitesOwn(&d.Ad, field))
	}
	out := sideShown{Row: Row{Doc: d, Title: pieces(d.Ad.Title, marks("title"), 0, 120)}}
	from := 0
	if m := mine("body"); len(m) > 0 {
		first := m[0].start
		for _, x := range m {
			first = min(first, x.start)
		}
		if first > quotedLength/2 {
			from = wordAt(d.Ad.Body, first-quotedLength/4, first)
		}
	}
	out.Body = pieces(d.Ad.Body, marks("body"), from, from+quotedLength)
	if from > 0 {
		out.Body = append([]Piece{{Text: "… "}}, out.Body...)
	}
	if length(d.Ad.Body) > from+quotedLength {
		out.Body = append(out.Body, Piece{Text: " …"})
	}
	for _, q := range quotes {
		if q.Method == "" && (q.Field == "title" || q.Field == "body") {
			continue // it stands out where it is
		}
		out.Quotes = append(out.Quotes, quoteShown{pieces(q.Text, nil, 0, 120), method(q.Method), strings.Split(q.Field, ":")[0]})
	}
	return out
}

func asNear(w desk.Nearness, view desk.ClusterView) *nearShown {
	n := &nearShown{Nearness: w}
	for _, m := range view.Members {
		if m.Ad.AdID == w.Ad {
			n.Of = titled(m)
		}
	}
	for _, m := range w.Misses {
		n.Misses = append(n.Misses, nearRow{m, titled(w.Docs[m.Ad])})
	}
	for _, r := range w.Rivals {
		n.Rivals = append(n.Rivals, rivalRow{r, titled(w.Docs[r.Ad]), int(100*r.Alike + .5)})
	}
	return n
}

func asTemplate(w desk.Wording) *templateShown {
	t := &templateShown{Wording: w}
	for _, f := range w.Forms {
		out := formShown{Ads: f.Ads}
		for _, p := range f.Parts {
			s := partShown{Part: p}
			if p.Kind != weigh.Same {
				s.N, s.Ads = len(out.Slots)+1, p.Fills[0].Ads
				s.More = max(0, len(p.Fills)-fillsShown)
				s.Fills = slices.Clone(p.Fills[:min(len(p.Fills), fillsShown)])
				for i, x := range s.Fills {
					if length(x.Text) > fillLength {
						s.Fills[i].Text = cut(x.Text, 0, fillLength) + "…"
					}
				}
				out.Slots = append(out.Slots, s)
			}
			out.Parts = append(out.Parts, s)
		}
		t.Forms = append(t.Forms, out)
	}
	return t
}
