// Package side is the enricher that tells who speaks in a post: one who offers a
// person's paid time (supply), one who seeks, reviews or bargains over it
// (demand), or neither. It finds frames within one sentence: a trigger (a wish, a
// question to others, a meeting, a bargain, a payment, an offer) and the object
// that it has, which is a person, company, or one of the many things that posts are
// about. Frames, whether a contact is given, and what the indicators found are
// weighed by a table that was fitted to labelled posts; each reason is given in
// words. It fills Ad.Side and says nothing about any person.
package side

import (
	"context"
	_ "embed"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"

	"vigil.example/internal/ad"
	"vigil.example/internal/enrich/words"
)

//go:embed lexicon.txt
var lexicon string

//go:embed things.txt
var things string

//go:embed weights.txt
var weightTable string

// A class is a set of words; a phrase may be of several.
type class uint32

const (
	want class = 1 << iota
	ask
	met
	bargain
	pay
	offer
	pro
	woman
	body
	company
	massage
	she
	you
	me
	hour
	verdict
	jargon
	buyer
	available
	forum
	report
	hire
	goods
	home
	service
	kin
	social
	thing
	nice
	man
	not
	name // somebody's, by its capital

	// topic is what a post is about that is nobody's paid company.
	topic = hire | goods | home | service | kin | social | thing
)

var classes = map[string]class{
	"want": want, "ask": ask, "met": met, "bargain": bargain, "pay": pay, "offer": offer, "pro": pro, "woman": woman, "body": body, "company": company,
	"massage": massage, "she": she, "you": you, "me": me, "hour": hour, "verdict": verdict, "jargon": jargon, "buyer": buyer, "available": available, "forum": forum,
	"report": report, "hire": hire, "goods": goods, "home": home, "service": service, "kin": kin, "social": social, "thing": thing, "nice": nice, "man": man, "not": not,
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
	weights *[featureCount][2]float64
	pool    *sync.Pool
}

// New returns the enricher.
func New() Sides {
	s := Sides{first: map[string]start{}, phrases: map[string]class{}, pool: &sync.Pool{New: func() any { return new(reading) }}}
	for line := range strings.Lines(things) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		for w := range strings.FieldsSeq(line) {
			s.first[w] = start{class: thing, longest: 1}
		}
	}
	known := map[string]bool{}
	for line := range strings.Lines(lexicon) {
		name, list, ok := strings.Cut(strings.TrimSpace(line), ": ")
		c := classes[name]
		if !ok || c == 0 || strings.HasPrefix(line, "#") {
			continue
		}
		for w := range strings.FieldsSeq(list) {
			s.add(strings.ReplaceAll(w, "_", " "), c, known)
		}
	}
	s.weights = mustWeights(weightTable)
	return s
}

// add enters a word or phrase of the lexicon. A word that has a class there is no
// mere thing.
func (s Sides) add(w string, c class, known map[string]bool) {
	word, _, phrase := strings.Cut(w, " ")
	at := s.first[word]
	at.longest = max(at.longest, 1+strings.Count(w, " "))
	switch {
	case phrase:
		s.phrases[w] |= c
	case known[w]:
		at.class |= c
	default:
		known[w], at.class = true, c
	}
	s.first[word] = at
}

// mustWeights reads the table of weights, a constant of the program.
func mustWeights(table string) *[featureCount][2]float64 {
	out := new([featureCount][2]float64)
	byName := map[string]feature{}
	for f := range featureCount {
		byName[f.String()] = f
	}
	for line := range strings.Lines(table) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		p := strings.Fields(line)
		f, ok := byName[p[0]]
		if !ok || len(p) != 3 {
			panic(fmt.Sprintf("weights of sides: line %q", line))
		}
		for k := range 2 {
			v, err := strconv.ParseFloat(p[1+k], 64)
			if err != nil {
				panic(fmt.Sprintf("weights of sides: line %q: %v", line, err))
			}
			out[f][k] = v
		}
	}
	return out
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
	s.read(r, a)
	return s.judge(r)
}

// read finds the features of an ad.
func (s Sides) read(r *reading, a *ad.Ad) {
	*r = reading{text: r.text, marks: r.marks}
	title, body := a.Poster()
	s.field(r, title)
	s.field(r, body)
	r.signs(a)
}

// field reads the sentences of one field.
func (s Sides) field(r *reading, text string) {
	r.text.Read(text)
	t := &r.text
	r.marks = r.marks[:0]
	start := 0
	for i := 0; i < len(t.Words); {
		if i > start && t.Words[i].Gap == words.Stop {
			r.sentence(start)
			r.marks, start = r.marks[:0], i
		}
		n, c := s.phrase(t, i)
		switch w := &t.Words[i]; {
		case w.Flags&words.Digits != 0 && c == 0:
			r.number(i)
		case (c == 0 || c == thing) && r.named(i, start) && !s.describes(t, i+1):
			c = name
		case c == 0:
			c = s.plural(t.At(i))
		}
		if c == thing && r.beside(i, start) {
			c = 0
		}
		if c != 0 {
			r.marks = append(r.marks, mark{c, int32(i), int32(i + n)})
		}
		i += n
	}
	if len(t.Words) > start {
		r.sentence(start)
	}
}

// describes reports whether the word before word i says what kind of person or
// thing it is.
func (s Sides) describes(t *words.Text, i int) bool {
	return i < len(t.Words) && t.Words[i].Gap < words.Comma && s.first[string(t.At(i))].class&(pro|woman|man|company|massage|topic) != 0
}

// phrase returns how many words the longest phrase at word i has, and its classes.
func (s Sides) phrase(t *words.Text, i int) (int, class) {
	at, ok := s.first[string(t.At(i))]
	if !ok {
		return 1, 0
	}
	for n := min(at.longest, len(t.Words)-i); n > 1; n-- {
		if stopped(t, i+1, i+n) {
			continue
		}
		if c := s.phrases[string(t.Between(i, i+n-1))]; c != 0 {
			return n, c
		}
	}
	return 1, at.class
}

// stopped reports whether a sentence ends before one of the words from i up to j.
func stopped(t *words.Text, i, j int) bool {
	for ; i < j; i++ {
		if t.Words[i].Gap == words.Stop {
			return true
		}
	}
	return false
}

// plural is the class of a thing in the plural.
func (s Sides) plural(w []byte) class {
	n := len(w)
	if n < 4 || w[n-1] != 's' {
		return 0
	}
	c := s.first[string(w[:n-1])].class
	if c == 0 && w[n-2] == 'e' {
		c = s.first[string(w[:n-2])].class
	}
	return c & topic
}

// judge weighs the features: log-odds of the sides against "other".
func (s Sides) judge(r *reading) ad.Side {
	var z [2]float64
	var found [2][reasonCount]float64
	for f, v := range r.found {
		if v == 0 {
			continue
		}
		for k := range z {
			x := v * s.weights[f][k]
			z[k] += x
			found[k][feature(f).reason()] += x
		}
	}
	top := max(z[0], z[1], 0)
	e := [3]float64{math.Exp(z[0] - top), math.Exp(z[1] - top), math.Exp(-top)}
	sum := e[0] + e[1] + e[2]
	out := ad.Side{Side: ad.SideOther, P: e[2] / sum}
	switch {
	case e[0] >= e[1] && e[0] >= e[2]:
		out = ad.Side{Side: ad.SideDemand, P: e[0] / sum, Reasons: reasons(found[0])}
	case e[1] >= e[2]:
		out = ad.Side{Side: ad.SideSupply, P: e[1] / sum, Reasons: reasons(found[1])}
	}
	out.P = math.Round(1000*out.P) / 1000
	return out
}
