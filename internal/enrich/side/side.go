// Package side is the enricher that tells who speaks in a post: one who offers a
// person's paid time (supply), one who seeks, reviews or bargains over it
// (demand), or neither. It weighs frames of words within one sentence, such as a
// wish and its object, a meeting and a verdict, a price and a question, together
// with what the indicators found and whether a contact is given; each reason is
// given in words. The probability is calibrated on labelled posts (docs/demand.md).
// It fills Ad.Side and says nothing about any person.
package side

import (
	"context"
	_ "embed"
	"math"
	"strings"
	"sync"

	"vigil.example/internal/ad"
	"vigil.example/internal/enrich/words"
)

//go:embed lexicon.txt
var lexicon string

// A class is a set of words; a phrase may be of several.
type class uint32

const (
	want class = 1 << iota
	ask
	person
	company
	other
	modifier
	met
	verdict
	hour
	bargain
	buyer
	offer
	hire
	goods
	report
	forum
	available
	she
	you
)

var classes = map[string]class{
	"want": want, "ask": ask, "person": person, "company": company, "other": other, "modifier": modifier, "met": met, "verdict": verdict,
	"time": hour, "bargain": bargain, "buyer": buyer, "offer": offer, "hire": hire, "goods": goods, "report": report, "forum": forum, "available": available, "she": she, "you": you,
}

// A start is what a word may begin.
type start struct {
	class   class // of the word alone
	longest int   // words of the longest phrase
}

// Sides tells sides.
type Sides struct {
	first   map[string]start // by the first word of phrases
	phrases map[string]class // of two words and more
	pool    *sync.Pool
}

// New returns the enricher.
func New() Sides {
	s := Sides{map[string]start{}, map[string]class{}, &sync.Pool{New: func() any { return new(reading) }}}
	for line := range strings.Lines(lexicon) {
		name, list, ok := strings.Cut(strings.TrimSpace(line), ": ")
		c := classes[name]
		if !ok || c == 0 {
			continue
		}
		for w := range strings.FieldsSeq(list) {
			w = strings.ReplaceAll(w, "_", " ")
			word, _, phrase := strings.Cut(w, " ")
			at := s.first[word]
			at.longest = max(at.longest, 1+strings.Count(w, " "))
			if phrase {
				s.phrases[w] |= c
			} else {
				at.class |= c
			}
			s.first[word] = at
		}
	}
	return s
}

// Name is the enricher's name in the table.
func (Sides) Name() string { return "side" }

// Enrich fills a.Side. It reads a.Phones, a.Identifiers and a.Indicators.
func (s Sides) Enrich(_ context.Context, a *ad.Ad) error {
	v := s.Read(a)
	a.Side = &v
	return nil
}

// Read tells the side of an ad.
func (s Sides) Read(a *ad.Ad) ad.Side {
	r := s.pool.Get().(*reading)
	defer s.pool.Put(r)
	*r = reading{text: r.text, marks: r.marks}
	s.field(r, a.Title)
	s.field(r, a.Body)
	r.signs(a)
	return r.judge()
}

// field reads the sentences of one field.
func (s Sides) field(r *reading, text string) {
	r.text.Read(text)
	t := &r.text
	r.marks = r.marks[:0]
	start := 0
	for i := 0; i < len(t.Words); {
		if i > start && t.Words[i].Gap == words.Stop {
			r.sentence(start, i)
			r.marks, start = r.marks[:0], i
		}
		n, c := s.phrase(t, i)
		w := &t.Words[i]
		if w.Flags&words.Digits != 0 {
			r.number(i)
		}
		if c != 0 {
			r.marks = append(r.marks, mark{c, int32(i), int32(i + n)})
		}
		i += n
	}
	if len(t.Words) > start {
		r.sentence(start, len(t.Words))
	}
}

// phrase returns how many words the longest phrase at word i has, and its classes.
func (s Sides) phrase(t *words.Text, i int) (int, class) {
	at, ok := s.first[string(t.At(i))]
	if !ok {
		return 1, 0
	}
	for n := min(at.longest, len(t.Words)-i); n > 1; n-- {
		if t.Words[i+n-1].Gap == words.Stop {
			continue
		}
		if c := s.phrases[string(t.Between(i, i+n-1))]; c != 0 {
			return n, c
		}
	}
	return 1, at.class
}

// scores are log-odds against "other".
func (r *reading) judge() ad.Side {
	d, s := demandBase+r.demand, supplyBase+r.supply
	e := [3]float64{math.Exp(d * heat), math.Exp(s * heat), math.Exp((min(r.elsewhere, 6)) * heat)}
	sum := e[0] + e[1] + e[2]
	out := ad.Side{Side: ad.SideOther, P: e[2] / sum}
	switch {
	case e[0] >= e[1] && e[0] >= e[2]:
		out = ad.Side{Side: ad.SideDemand, P: e[0] / sum, Reasons: r.reasons(true)}
	case e[1] >= e[2]:
		out = ad.Side{Side: ad.SideSupply, P: e[1] / sum, Reasons: r.reasons(false)}
	}
	out.P = math.Round(1000*out.P) / 1000
	return out
}
