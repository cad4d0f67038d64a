// Package place is the enricher that reads where an ad says that it is: from the
// location of the page, names in its words, the area codes of its numbers and the
// country of its site. Each place says where it was read and how sure that is; a
// name that several cities have is told apart by what else the ad says, and words
// and first names that are also cities count only where the words around them
// speak of a place. The gazetteer is built in (internal/gazetteer/data/SOURCES.md); nothing is
// asked of a network. It fills Ad.Places.
package place

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"

	"vigil.example/internal/ad"
	"vigil.example/internal/enrich/words"
)

// Least is the confidence below which a place is not kept.
const Least = 0.25

// most bounds the places of one ad.
const most = 8

// Where a place was read.
const (
	FromLocation = "location"
	FromText     = "text"
	FromArea     = "area-code"
	FromSite     = "site"
)

// Places reads places.
type Places struct {
	*Gazetteer
	country func(site string) string
	pool    *sync.Pool
}

// New returns the enricher. Country gives the region of a site, ISO 3166-1
// alpha-2, "" when unknown; it may be nil.
func New(country func(site string) string) Places {
	if country == nil {
		country = func(string) string { return "" }
	}
	return Places{Load(), country, &sync.Pool{New: func() any { return new(reading) }}}
}

// Name is the enricher's name in the table.
func (Places) Name() string { return "place" }

// Enrich fills a.Places, best first. It reads a.Phones.
func (p Places) Enrich(_ context.Context, a *ad.Ad) error {
	a.Places = p.read(a)
	return nil
}

// A reading is what one ad says of places.
type reading struct {
	text     words.Text
	mentions []mention
	regions  []string // of states that are named
	metros   []string // of ZIP codes beside a place
	codes    []area   // of area codes: people keep their numbers when they move
	country  string
	out      []ad.Place
}

// A mention is a name that may be a place.
type mention struct {
	field    string
	from, to int32
	cities   []int32 // that it may be
	region   string  // that stands behind it, "" for none
	p        float64 // that a place is meant
	comma    bool    // a comma and another name stand behind it
	word     [2]int  // first and last
}

func (p Places) read(a *ad.Ad) []ad.Place {
	r := p.pool.Get().(*reading)
	defer p.pool.Put(r)
	r.mentions, r.regions, r.metros, r.out = r.mentions[:0], r.regions[:0], r.metros[:0], nil
	r.codes = r.codes[:0]
	r.country = p.country(a.Site)
	for _, ph := range a.Phones {
		if ar, ok := p.area(ph); ok {
			r.codes = append(r.codes, ar)
		}
	}
	p.field(r, FromLocation, a.Location)
	title, body := a.Poster()
	p.field(r, "title", title)
	p.field(r, "body", body)
	p.resolve(r)
	for _, ph := range a.Phones {
		if ar, ok := p.area(ph); ok {
			pl := ad.Place{Region: ar.region, Country: ar.region[:2], From: FromArea, Confidence: round2(.6 * ph.Confidence)}
			if ar.share >= .5 {
				pl.Metro, pl.Confidence = ar.metro, round2(.6*ar.share*ph.Confidence)
			}
			r.add(pl)
		}
	}
	if r.country != "" && len(r.out) == 0 {
		r.add(ad.Place{Country: r.country, From: FromSite, Confidence: .5})
	}
	slices.SortStableFunc(r.out, func(x, y ad.Place) int {
		return cmp.Or(cmp.Compare(y.Confidence, x.Confidence), strings.Compare(x.City, y.City), strings.Compare(x.Region, y.Region), strings.Compare(x.Metro, y.Metro))
	})
	return r.out[:min(len(r.out), most)]
}

// area is what the area code of a number says.
func (p Places) area(ph ad.Phone) (area, bool) {
	if ph.Confidence < .5 || len(ph.E164) != 12 || !strings.HasPrefix(ph.E164, "+1") {
		return area{}, false
	}
	n, err := strconv.Atoi(ph.E164[2:5])
	if err != nil {
		return area{}, false
	}
	ar, ok := p.areas[n]
	return ar, ok
}

// field finds the names in one field.
func (p Places) field(r *reading, field, s string) {
	if s == "" {
		return
	}
	r.text.Read(s)
	t, first := &r.text, len(r.mentions)
	for i := 0; i < len(t.Words); i++ {
		w := &t.Words[i]
		if w.Flags&words.Digits != 0 {
			if w.E-w.B == 5 {
				p.zipCode(r, first, i)
			}
			continue
		}
		n := int(p.starts[string(t.At(i))])
		if n == 0 {
			p.state(r, field, i)
			continue
		}
		if k := p.name(r, field, i, n); k > 0 {
			i += k - 1
		} else {
			p.state(r, field, i)
		}
	}
	ms := r.mentions[first:]
	if field == FromLocation {
		p.location(ms)
		return
	}
	for i := 1; i < len(ms); i++ { // Atlanta/Decatur, or a list
		a, b := &ms[i-1], &ms[i]
		if b.word[0] != a.word[1]+1 {
			continue
		}
		switch w := t.Words[b.word[0]]; {
		case w.Flags&words.Slash != 0, w.Gap == words.Join:
			a.p, b.p = max(a.p, .85), max(b.p, .85)
		case w.Gap == words.Comma:
			a.comma = true
			if i >= 2 && ms[i-2].comma {
				a.p, b.p, ms[i-2].p = max(a.p, .85), max(b.p, .85), max(ms[i-2].p, .85)
			}
		}
	}
}

// name notes the longest name at word i and returns its words, 0 for none.
func (p Places) name(r *reading, field string, i, longest int) int {
	t := &r.text
	for n := min(longest, len(t.Words)-i); n > 0; n-- {
		if !joined(t, i, n) {
			continue
		}
		ids := p.names[string(t.Between(i, i+n-1))]
		if len(ids) == 0 {
			continue
		}
		if n == 1 && i+1 < len(t.Words) && joined(t, i, 2) && p.region[string(t.Between(i, i+1))] != "" { // Washington state
			return 0
		}
		m := mention{field: field, from: t.Words[i].From, to: t.Words[i+n-1].To, cities: ids, word: [2]int{i, i + n - 1}}
		used := n
		if region, k := p.regionAt(t, i+n); k > 0 {
			if c := p.within(ids, region); c != nil {
				m.cities, m.region, m.p = c, region, .97
				m.to = t.Words[i+n+k-1].To
				used += k
				m.word[1] += k
				r.regions = append(r.regions, region)
				r.mentions = append(r.mentions, m)
				return used
			}
		}
		m.p = p.weigh(t, i, n, &p.cities[ids[0]], field == FromLocation)
		if m.p >= .02 {
			r.mentions = append(r.mentions, m)
		}
		return used
	}
	return 0
}

// joined reports whether n words from i on are written as one name.
func joined(t *words.Text, i, n int) bool {
	for _, w := range t.Words[i+1 : i+n] {
		if w.Gap > words.Join || w.Flags&words.Slash != 0 {
			return false
		}
	}
	return true
}

// within keeps the cities of a region, nil when there is none.
func (p Places) within(ids []int32, region string) []int32 {
	for k, id := range ids {
		if p.cities[id].region == region {
			return ids[k : k+1]
		}
	}
	return nil
}

// regionAt reads a state at word i, and how many words it has.
func (p Places) regionAt(t *words.Text, i int) (string, int) {
	if i >= len(t.Words) || t.Words[i].Gap > words.Comma {
		return "", 0
	}
	w := t.At(i)
	if len(w) == 2 {
		if !p.abbr[string(w)] {
			return "", 0
		}
		upper := t.Words[i].Flags&words.Upper != 0
		if p.usage["words"][string(w)] && (!upper || t.Shout && t.Words[i].Gap != words.Comma) {
			return "", 0
		}
		return "US-" + strings.ToUpper(string(w)), 1
	}
	if i+1 < len(t.Words) && joined(t, i, 2) {
		if c := p.region[string(t.Between(i, i+1))]; c != "" {
			return c, 2
		}
	}
	if c := p.region[string(w)]; c != "" {
		return c, 1
	}
	return "", 0
}

// state notes a state that stands alone; where the words around it speak of a
// place it is one.
func (p Places) state(r *reading, field string, i int) {
	t := &r.text
	if len(t.At(i)) == 2 && t.Words[i].Flags&words.Upper == 0 {
		return
	}
	region, k := p.regionAt(t, i)
	if i == 0 { // a gap before it says nothing then
		w := t.Words[0].Gap
		t.Words[0].Gap = words.Space
		region, k = p.regionAt(t, i)
		t.Words[0].Gap = w
	}
	if k == 0 || len(t.At(i)) == 2 {
		return
	}
	r.regions = append(r.regions, region)
	switch {
	case field == FromLocation:
		r.add(ad.Place{Region: region, Country: region[:2], From: FromLocation, Confidence: .9})
	case p.before(t, i) == "before":
		span := ad.Span{Field: field, Start: int(t.Words[i].From), End: int(t.Words[i+k-1].To)}
		r.add(ad.Place{Region: region, Country: region[:2], From: FromText, Span: &span, Confidence: .7})
	}
}

// zipCode lets a code beside a place speak for it.
func (p Places) zipCode(r *reading, first, i int) {
	n, _ := strconv.Atoi(string(r.text.At(i)))
	z, ok := p.zip(n)
	if !ok {
		return
	}
	near := len(r.mentions) > first && i-r.mentions[len(r.mentions)-1].word[1] <= 1 && r.text.Words[i].Gap <= words.Comma
	named := i > 0 && (string(r.text.At(i-1)) == "zip" || i > 1 && string(r.text.At(i-1)) == "code" && string(r.text.At(i-2)) == "zip")
	if !near && !named {
		return
	}
	r.regions = append(r.regions, z.region)
	if z.metro != "" {
		r.metros = append(r.metros, z.metro, z.metro)
	}
	if near {
		m := &r.mentions[len(r.mentions)-1]
		if c := p.within(m.cities, z.region); c != nil {
			m.cities, m.region, m.p = c, z.region, max(m.p, .95)
		}
	} else if named {
		r.add(ad.Place{Region: z.region, Country: "US", Metro: z.metro, From: FromText, Confidence: .85})
	}
}

// location judges the names in the page's own field of a place: the last is the
// city, those before it are parts of it.
func (p Places) location(ms []mention) {
	for i := range ms {
		m := &ms[i]
		m.p = max(m.p, .92)
		if last := &ms[len(ms)-1]; i < len(ms)-1 && m.region == "" && !slices.ContainsFunc(m.cities, func(a int32) bool {
			return slices.ContainsFunc(last.cities, func(b int32) bool { return p.cities[a].metro != "" && p.cities[a].metro == p.cities[b].metro })
		}) {
			m.p = 0
		}
	}
}

// resolve chooses between the cities of each name and makes places of them.
func (p Places) resolve(r *reading) {
	var known []*city // that are sure
	var located *city // what the page's location names
	for round := range 2 {
		for i := range r.mentions {
			m := &r.mentions[i]
			best, share := p.choose(r, m, known)
			sure := m.p >= .7 && share >= .8
			if round == 0 {
				if sure {
					known = append(known, best)
				}
				continue
			}
			conf := m.p * share
			if m.field == FromLocation {
				if m.p == 0 {
					continue
				}
				if located = best; conf < .55 {
					conf = max(conf, .5) // the page says the city; which of that name is the likeliest
				}
			} else if located != nil && located.metro != best.metro && m.region == "" {
				conf *= .55 // the page's own word comes first
			}
			if m.field != FromLocation && m.region == "" && best.weight < 60 && strays(r, best, known, i) {
				conf *= .25 // a street or a part of town that is named like it
			}
			if conf < Least {
				continue
			}
			pl := ad.Place{City: best.name, Region: best.region, Country: best.region[:2], Metro: best.metro, From: FromText, Confidence: round2(conf)}
			if m.field == FromLocation {
				pl.From = FromLocation
			} else {
				pl.Span = &ad.Span{Field: m.field, Start: int(m.from), End: int(m.to)}
			}
			r.add(pl)
		}
	}
}

// strays reports whether a sure place elsewhere is known beside mention i.
func strays(r *reading, c *city, known []*city, i int) bool {
	if next := i + 1; r.mentions[i].comma && next < len(r.mentions) && r.mentions[next].p >= .8 && !slices.ContainsFunc(known, func(k *city) bool { return k != c && k.metro == c.metro }) {
		return len(known) < 3
	}
	return slices.ContainsFunc(known, func(k *city) bool { return k.metro != c.metro && k.weight > 2*c.weight }) &&
		!slices.ContainsFunc(known, func(k *city) bool { return k != c && k.metro == c.metro })
}

// choose returns the likeliest city of a mention and its share among all.
func (p Places) choose(r *reading, m *mention, known []*city) (*city, float64) {
	var best *city
	var top, sum float64
	for _, id := range m.cities {
		c := &p.cities[id]
		s := c.weight + 3
		if r.country != "" {
			if c.region[:2] == r.country {
				s *= 6
			} else {
				s *= .3
			}
		}
		if slices.Contains(r.regions, c.region) {
			s *= 12
		}
		if slices.Contains(r.metros, c.metro) {
			s *= 12
		}
		for _, ar := range r.codes {
			if ar.metro == c.metro && c.metro != "" {
				s *= 16
				break
			}
			if ar.region == c.region {
				s *= 8
				break
			}
		}
		for _, k := range known {
			if k != c && k.metro == c.metro && c.metro != "" {
				s *= 20
				break
			}
			if k != c && k.region == c.region {
				s *= 4
				break
			}
		}
		sum += s
		if s > top {
			best, top = c, s
		}
	}
	if len(m.cities) == 1 {
		return best, 1
	}
	return best, top / (sum + 15) // a small place that the gazetteer does not have
}

// add puts in a place; places that agree make each other surer.
func (r *reading) add(pl ad.Place) {
	for i := range r.out {
		o := &r.out[i]
		if o.Country != pl.Country {
			continue
		}
		same := o.City == pl.City && o.Region == pl.Region && o.Metro == pl.Metro
		within := pl.City == "" && (pl.Metro != "" && o.Metro == pl.Metro || pl.Metro == "" && o.Region == pl.Region && o.Region != "")
		if same || within {
			o.Confidence = round2(min(.99, 1-(1-o.Confidence)*(1-pl.Confidence/2)))
			return
		}
	}
	if pl.Confidence >= Least {
		r.out = append(r.out, pl)
	}
}

func round2(v float64) float64 { return float64(int(100*v+.5)) / 100 }
