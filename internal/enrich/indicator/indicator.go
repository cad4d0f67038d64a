// Package indicator is the enricher that reads the language of an ad as a trained
// investigator does, and no more than that: language which published research or
// training material lists as worth a second look, exactly where it stands and how
// much it counts for. Text comes in; indicators with spans, rules, strengths and
// probabilities go out, and a lead where the lead rule makes one. What is found
// is language, never a finding about a person.
//
// Rules are data (rules/*.yaml): a small language of patterns over normalised
// tokens, lexical classes with their inflections, contexts that rule a reading
// in or out, and the cases that each rule must and must not fire on. Reading is
// one pass: fold, cut into tokens, undo disguises, look every token up, run the
// patterns whose rarest word is there, and let the guards decide. It takes time
// linear in the text and looks nothing up.
package indicator

import (
	"context"
	"strings"

	"vigil.example/internal/ad"
)

// Options say how a text is to be read.
type Options struct {
	// Year of the text, by which birth years are judged; 0 for the year of the library.
	Year int
	// Phones are the numbers already read in the text, with spans in it; nil lets
	// Read look for itself.
	Phones []ad.Phone
	// All gives what is excluded from scoring as well: build and ethnicity.
	All bool
}

// A Reading is what a text says.
type Reading struct {
	Lang       string         // en, es, or "" where it cannot be told
	Indicators []ad.Indicator // in order of the text; spans without a field
	contexts   uint64
	lib        *Library
}

// Contexts names the settings that were recognised: personal, forum,
// report and others.
func (r Reading) Contexts() []string {
	var out []string
	for i, c := range r.lib.contexts {
		if r.contexts>>i&1 != 0 {
			out = append(out, c.Name)
		}
	}
	return out
}

// Demand reports whether the text is written by a buyer: one who seeks, reviews
// or bargains.
func (r Reading) Demand() bool {
	for _, i := range r.Indicators {
		if i.Category == Demand {
			return true
		}
	}
	return false
}

// Categories that the program itself speaks of.
const (
	Demand   = "demand"
	Age      = "age_indicator"
	Movement = "movement"
	Contact  = "contact_obscured"
	trust    = "trust_language"

	ethnicity = "ethnicity"
)

// Categories lists the categories of the taxonomy in the order they are shown.
func Categories() []string {
	return []string{
		Age, Movement, "third_party", "restricted", "coercion", "multiple_persons", "venue", Contact, trust, "ethnicity", Demand,
	}
}

// Indicators is the enricher.
type Indicators struct{ lib *Library }

// NewEnricher returns the enricher over a library; nil is the built-in one.
func NewEnricher(l *Library) *Indicators { return &Indicators{l} }

// Name is the enricher's name in the table.
func (*Indicators) Name() string { return "indicator" }

// Enrich fills a.Indicators and a.Lead from title and body as the poster wrote them,
// without the site's own words. The telephone numbers
// must have been read before.
func (e *Indicators) Enrich(_ context.Context, a *ad.Ad) error {
	a.Indicators, a.Lead = nil, nil
	lib := e.lib
	if lib == nil {
		var err error
		if lib, err = Default(); err != nil {
			return err
		}
	}
	o := Options{}
	if at := a.PostedAt; !at.IsZero() {
		o.Year = at.Year()
	} else if !a.SeenAt.IsZero() {
		o.Year = a.SeenAt.Year()
	}
	title := len([]rune(a.Title))
	ownTitle, ownBody := a.Poster()
	text := ownTitle + "\n" + ownBody
	o.Phones = []ad.Phone{}
	for _, p := range a.Phones {
		if a.SiteWords.In(p.Span) {
			continue
		}
		switch p.Span.Field {
		case "body":
			p.Span.Start, p.Span.End = p.Span.Start+title+1, p.Span.End+title+1
		case "title":
		default:
			continue
		}
		o.Phones = append(o.Phones, p)
	}
	for _, i := range lib.Read(text, o).Indicators {
		switch {
		case i.Span.Start > title:
			i.Span = ad.Span{Field: "body", Start: i.Span.Start - title - 1, End: i.Span.End - title - 1}
		case i.Span.End <= title:
			i.Span.Field = "title"
		default: // a title that runs on into the body: the longer part stands for both
			if title-i.Span.Start >= i.Span.End-title-1 {
				i.Span = ad.Span{Field: "title", Start: i.Span.Start, End: title}
				i.Text = string([]rune(a.Title)[i.Span.Start:])
			} else {
				i.Span = ad.Span{Field: "body", Start: 0, End: i.Span.End - title - 1}
				i.Text = string([]rune(a.Body)[:i.Span.End])
			}
		}
		a.Indicators = append(a.Indicators, i)
	}
	if a.SiteWords != nil {
		asWritten(a)
	}
	a.Lead = LeadOf(a.Indicators)
	return nil
}

// asWritten quotes an ad where its poster's words go on behind words of the site.
func asWritten(a *ad.Ad) {
	for k, i := range a.Indicators {
		if !strings.Contains(i.Text, "\n") {
			continue
		}
		text := []rune(a.Body)
		if i.Span.Field == "title" {
			text = []rune(a.Title)
		}
		a.Indicators[k].Text = string(text[i.Span.Start:i.Span.End])
	}
}
