package web

import (
	"slices"
	"strconv"
	"strings"

	"vigil.example/internal/ad"
	"vigil.example/internal/casework"
	"vigil.example/internal/desk"
)

// A Found is a value that was read in an ad, and how the ad writes it.
type Found struct {
	Value    ad.Value
	Ways     []Way // each in other words, the surest first
	MoreWays int
	Watched  bool
	Weak     bool // too uncertain to link or to alert
	Held     *ad.Hub
}

// A Way is one way in which an ad writes a value.
type Way struct {
	N          int    // of all on the page
	Text       string // as written; "" for what cannot be corrected
	Context    []Piece
	Field      string
	Method     string
	Confidence float64
	For        []string // reasons
	Against    []string
	Glyphs     []Glyph              // which sign stands for which digits; none where the digits stand there as such
	Others     []ad.Alternative     // readings that were weighed and lost
	Decided    *casework.Correction // that a person read it so
}

// A Glyph is a part of a text and the digits that it stands for.
type Glyph struct {
	Text   []Piece
	Digits string
}

// shownWays bounds the ways of one value that are shown.
const shownWays = 5

// foundIn lists the values of an ad, each with the ways in which it is written.
func foundIn(a *ad.Ad, view desk.AdView) (out []Found) {
	n := 0
	add := func(v ad.Value, w Way, span ad.Span) {
		k := slices.IndexFunc(out, func(f Found) bool { return f.Value == v })
		if k < 0 {
			f := Found{Value: v, Weak: true, Watched: slices.Contains(view.Watched, v)}
			if i := slices.IndexFunc(view.Hubs, func(h ad.Hub) bool { return h.Value == v }); i >= 0 {
				f.Held = &view.Hubs[i]
			}
			k, out = len(out), append(out, f)
		}
		f := &out[k]
		f.Weak = f.Weak && w.Confidence < desk.Confidence
		if i := slices.IndexFunc(f.Ways, func(o Way) bool { return o.Text == w.Text }); i >= 0 {
			if f.Ways[i].Confidence >= w.Confidence {
				return
			}
			f.Ways = slices.Delete(f.Ways, i, i+1)
		}
		text, name := fieldText(a, span.Field)
		n++
		w.N, w.Field, w.Context = n, name, around(text, mark{span.Start, span.End, "hit", ""})
		at := slices.IndexFunc(f.Ways, func(o Way) bool { return o.Confidence < w.Confidence })
		if at < 0 {
			at = len(f.Ways)
		}
		f.Ways = slices.Insert(f.Ways, at, w)
		if len(f.Ways) > shownWays {
			f.Ways = f.Ways[:shownWays]
			f.MoreWays++
		}
	}
	for _, p := range a.Phones {
		w := Way{Text: p.Text, Method: method(p.Method), Confidence: p.Confidence, Glyphs: glyphs(p), Others: p.Alternatives}
		for _, r := range p.Reasons {
			if against, ok := strings.CutPrefix(r, "against: "); ok {
				w.Against = append(w.Against, against)
			} else {
				w.For = append(w.For, strings.TrimPrefix(r, "for: "))
			}
		}
		if p.Method == ad.MethodCorrected {
			w.For, w.Decided = nil, decidedOn(a, view, p)
		}
		add(ad.Value{Kind: "phone", Value: p.E164}, w, p.Span)
	}
	for _, id := range a.Identifiers {
		w := Way{Confidence: id.Confidence}
		if a.SiteWords != nil && id.Confidence <= ad.SiteConfidence {
			w.Against = []string{"it is the site's own, which gives it on page after page"}
		}
		add(ad.Value{Kind: id.Kind, Value: id.Value}, w, id.Span)
	}
	return out
}

// decidedOn is the correction that gave a number.
func decidedOn(a *ad.Ad, view desk.AdView, p ad.Phone) *casework.Correction {
	for _, c := range a.Corrected {
		if c.Reads != p.E164 || c.Text != p.Text {
			continue
		}
		for i := range view.Corrections {
			if view.Corrections[i].ID == c.Decision {
				return &view.Corrections[i]
			}
		}
	}
	return nil
}

// glyphs tells which sign became which digit, for a number that does not stand
// there in digits.
func glyphs(p ad.Phone) []Glyph {
	var out []Glyph
	plain := true
	for _, x := range p.Pieces {
		plain = plain && x.Text == x.Digits
		out = append(out, Glyph{pieces(x.Text, nil, 0, length(x.Text)), x.Digits})
	}
	if plain {
		return nil
	}
	return out
}

// inWords writes a telephone number in E.164 for people.
func inWords(e164 string) string { return display(ad.Value{Kind: "phone", Value: e164}) }

// ID names a part of the form of a way.
func (w Way) ID(prefix string) string { return prefix + "-" + strconv.Itoa(w.N) }
