// Package invent makes ads whose owners are known, to judge linking by: groups
// with several texts that drift and are edited, numbers that change, shared
// pictures, independent posters, and traps. All of it is fictional and grows from
// one seed: the same Config gives the same ads.
package invent

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"vigil.example/internal/link/weigh"
)

// A Config says how many ads to make, and how hard to link they are.
type Config struct {
	Seed    uint64
	Ads     int
	Hard    bool    // heavier edits, fewer contacts, texts that groups sell to each other
	Hostile float64 // share of ads made to mislead: numbers of rivals, floods of numbers
}

// Ads makes labelled ads in order of time.
func Ads(c Config) []weigh.Labelled {
	w := &world{Rand: rand.New(rand.NewPCG(c.Seed, 0x5eed)), c: c, phones: map[string]bool{}}
	w.setting()
	w.people()
	w.traps()
	if c.Hostile > 0 {
		w.hostile(int(c.Hostile * float64(c.Ads)))
	}
	slices.SortFunc(w.ads, func(a, b *draft) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.serial, b.serial)) })
	out := make([]weigh.Labelled, len(w.ads))
	for i, d := range w.ads {
		d.Body = w.body(d)
		d.ID = fmt.Sprintf("x%d-%07d", c.Seed, i)
		out[i] = d.Labelled
	}
	return out
}

type world struct {
	*rand.Rand
	c                     Config
	adj, noun             []string
	sites                 []string
	footer                map[string]string
	footerShare           map[string]float64
	phones                map[string]bool
	groups                []*group
	ads                   []*draft
	serial                int
	relaySite, relayEmail string
}

type draft struct {
	weigh.Labelled
	serial int
	g      *group
	text   []string
	footed bool
}

type group struct {
	id        string
	org       bool
	size      int
	from      time.Time
	days      float64
	sites     []string
	cities    []string
	templates []*template
	phones    []string
	others    []string // e-mails and handles
	images    []uint64
	sep       string
	edit      float64
	emoji     float64
	shuffle   float64
	noID      float64
	ads       []*draft
	generic   bool
}

type template struct {
	name      string
	title     string
	sentences []string
}

func pick[T any](w *world, s []T) T { return s[w.IntN(len(s))] }

func some[T any](w *world, s []T, n int) []T {
	t := slices.Clone(s)
	w.Shuffle(len(t), func(i, j int) { t[i], t[j] = t[j], t[i] })
	return t[:min(n, len(t))]
}

func (w *world) chance(p float64) bool { return w.Float64() < p }

func (w *world) setting() {
	w.adj, w.noun = some(w, adjectives, 20+w.IntN(25)), some(w, nouns, 35+w.IntN(25))
	w.footer, w.footerShare = map[string]string{}, map[string]float64{}
	for i := range 4 + w.IntN(4) {
		s := fmt.Sprintf("site%d.example", i)
		w.sites = append(w.sites, s)
		switch i {
		case 0:
			w.footer[s], w.footerShare[s] = pick(w, footers), 1
		case 1:
			w.footer[s], w.footerShare[s] = pick(w, footers), 0.5+w.Float64()/2
		case 2:
			w.relaySite, w.relayEmail = s, "relay@"+s
		}
	}
}

func (w *world) people() {
	n := w.c.Ads
	orgs := n / 2
	var sizes []int
	for _, f := range []float64{0.11, 0.04 + 0.06*w.Float64(), 0.05, 0.03} {
		sizes = append(sizes, max(4, int(f*float64(n)*(0.8+0.4*w.Float64()))))
	}
	for left := orgs - sizes[0] - sizes[1] - sizes[2] - sizes[3]; left > 0; {
		s := min(int(4*math.Pow(1-w.Float64(), -0.75)), max(30, n/60), left)
		if left-s < 4 {
			s = left
		}
		sizes = append(sizes, s)
		left -= s
	}
	for _, s := range sizes {
		w.group(s, true)
	}
	for left := n - orgs; left > 0; {
		s := []int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 3, 3, 4, 4}[w.IntN(20)]
		s = min(s, left)
		w.group(s, false)
		left -= s
	}
	for _, g := range w.groups {
		w.post(g)
	}
}

func (w *world) group(size int, org bool) {
	g := &group{id: fmt.Sprintf("g%06d", len(w.groups)), org: org, size: size, sep: pick(w, separators), emoji: []float64{0, 0.01, 0.03, 0.06}[w.IntN(4)]}
	start := time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC)
	g.days = min(700, float64(size)*(2+3*w.Float64()))
	if !org {
		g.days = float64(size-1) * 15 * w.Float64()
	}
	g.from = start.Add(time.Duration(w.Float64() * (1400 - g.days) * 24 * float64(time.Hour)))
	g.generic = !org && w.chance(0.2)
	switch {
	case org:
		g.sites, g.cities = some(w, w.sites, 1+w.IntN(len(w.sites))), some(w, cities, 3+min(size/20, 7)+w.IntN(3))
	default:
		g.sites, g.cities = some(w, w.sites, 1), some(w, cities, 1+w.IntN(2)*w.IntN(2))
	}
	texts, phones, others := 1, 1, w.IntN(2)
	g.edit = []float64{0.005, 0.01, 0.02, 0.05, 0.1}[w.IntN(5)]
	if org {
		texts, phones, others = 1+w.IntN(3), max(4, size/14), w.IntN(5)
		g.edit = []float64{0.007, 0.01, 0.03, 0.05, 0.1, 0.17}[w.IntN(6)]
		if len(w.groups) < 4 && w.chance(0.5) {
			texts = 1
		}
	} else if w.chance(0.1) {
		phones = 2
	} else if w.chance(0.17) {
		phones = 0
	}
	g.noID, g.shuffle = 0.04, []float64{0, 0.1, 0.3}[w.IntN(3)]
	if org && w.c.Hard {
		g.noID = 0.4
		if w.chance(0.5) {
			g.edit = 0.15 + 0.17*w.Float64()
		}
	}
	for range phones {
		g.phones = append(g.phones, w.phone())
	}
	for range others {
		word := pick(w, w.noun) + pick(w, w.noun)
		g.others = append(g.others, []string{
			fmt.Sprintf("%s%d@example.org", word, w.IntN(1e6)), fmt.Sprintf("@%s_%d", word, w.IntN(1e6))}[w.IntN(2)])
	}
	for range max(1, int(2*math.Sqrt(float64(size)))) {
		g.images = append(g.images, w.Uint64())
	}
	for i := range texts {
		g.templates = append(g.templates, w.template(fmt.Sprintf("%s/%d", g.id, i), g))
	}
	if org && w.c.Hard && len(w.groups) > 4 && w.chance(0.2) { // a text bought from another group
		if seller := w.groups[w.IntN(len(w.groups))]; seller.org {
			g.templates[0] = &template{g.id + "/0", g.templates[0].title, slices.Clone(pick(w, seller.templates).sentences)}
		}
	}
	w.groups = append(w.groups, g)
}

func (w *world) template(name string, g *group) *template {
	t := &template{name: name}
	t.title = w.fill([]string{"[adj] [service] in <city>", "<name> and the [noun] [place]", "{Offer|Wanted|New} : [service] <price>"}[w.IntN(3)])
	n := 5 + w.IntN(11)
	if g.generic {
		t.title = pick(w, generics)
		t.sentences = []string{t.title}
		if w.chance(0.5) {
			t.sentences = append(t.sentences, []string{"<phone>", "call <phone>", "no texts <phone>"}[w.IntN(3)])
		}
		return t
	}
	for range n {
		t.sentences = append(t.sentences, w.sentence())
	}
	return t
}

func (w *world) sentence() string {
	if w.chance(0.25) {
		var s []string
		for range 4 + w.IntN(5) {
			s = append(s, pick(w, pick(w, [][]string{w.adj, w.noun, w.noun, places})))
		}
		return strings.Join(s, " ")
	}
	return w.fill(pick(w, frames))
}

// fill chooses what stays the same in all ads of a template.
func (w *world) fill(s string) string {
	for {
		i := strings.IndexByte(s, '{')
		if i < 0 {
			break
		}
		j := strings.IndexByte(s, '}')
		s = s[:i] + pick(w, strings.Split(s[i+1:j], "|")) + s[j+1:]
	}
	for _, k := range []struct {
		key  string
		from []string
	}{{"[adj]", w.adj}, {"[noun]", w.noun}, {"[place]", places}, {"[service]", services}, {"[people]", people}} {
		for strings.Contains(s, k.key) {
			s = strings.Replace(s, k.key, pick(w, k.from), 1)
		}
	}
	return s
}

func (w *world) phone() string {
	for {
		p := fmt.Sprintf("+1%d%d%d5550%d", 2+w.IntN(8), w.IntN(10), w.IntN(10), 100+w.IntN(100))
		if w.c.Ads > 20000 { // more people than there are fictional numbers
			p += fmt.Sprintf(";ext=%d", w.IntN(100))
		}
		if !w.phones[p] {
			w.phones[p] = true
			return p
		}
	}
}

// post makes the ads of a group; its texts drift and its numbers change as it goes.
func (w *world) post(g *group) {
	at := make([]float64, g.size)
	for i := range at {
		at[i] = w.Float64() * g.days
	}
	slices.Sort(at)
	for i, t := range at {
		d := &draft{g: g, serial: w.serial}
		w.serial++
		d.At = g.from.Add(time.Duration(t * 24 * float64(time.Hour))).Truncate(time.Second)
		d.Group, d.Kind = g.id, "indep"
		if g.org {
			d.Kind = "org"
		}
		d.Site, d.City = pick(w, g.sites), pick(w, g.cities)
		k := pick(w, g.templates)
		if !g.generic && w.chance(0.02) && g.org {
			k.sentences[w.IntN(len(k.sentences))] = w.sentence()
		}
		d.Template, d.Title, d.text = k.name, k.title, slices.Clone(k.sentences)
		if g.generic {
			d.Neg = append(d.Neg, "generic_short:all")
		}
		if !w.chance(g.noID) {
			w.contacts(d, i)
		}
		for range []int{0, 0, 1, 1, 2, 3}[w.IntN(6)] {
			d.Images = append(d.Images, w.picture(pick(w, g.images)))
		}
		g.ads, w.ads = append(g.ads, d), append(w.ads, d)
	}
}

func (w *world) contacts(d *draft, i int) {
	g := d.g
	if len(g.phones) > 0 && !w.chance(0.06) {
		k := i * len(g.phones) / g.size
		if w.chance(0.1) {
			k = max(0, k-1)
		}
		d.Phones = append(d.Phones, g.phones[k])
		if w.chance(0.1) && k+1 < len(g.phones) {
			d.Phones = append(d.Phones, g.phones[k+1])
		}
	}
	for k, o := range g.others {
		if share := float64(i) / float64(g.size); w.chance(0.2) && (g.size < 20 || math.Abs(share-float64(k)/float64(len(g.others))) < 0.5) || g.size < 5 && w.chance(0.5) {
			w.other(d, o)
		}
	}
}

func (w *world) other(d *draft, o string) {
	if o[0] == '@' {
		d.Handles = append(d.Handles, o)
	} else {
		d.Emails = append(d.Emails, o)
	}
}

// picture is a perceptual hash of a copy of a picture.
func (w *world) picture(h uint64) string {
	for range w.IntN(7) {
		h ^= 1 << w.IntN(64)
	}
	return fmt.Sprintf("%016x", h)
}
