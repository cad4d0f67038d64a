package weigh

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Linker takes ads and finds who is behind them.
type Linker struct {
	ads    []record
	words  []uint32 // of all ads, one behind the other
	sites  map[string]int32
	cities map[string]int32
	values map[string]int32
	value  []value
}

type record struct {
	id         string
	day        float32
	site, city int32
	from, to   int32 // words
	unit       int32
	whole      float32 // how much of its text was known of the unit before
	values     []int32
	images     []uint64
}

type kind uint8

const (
	phone kind = iota
	email
	handle
	picture
)

func (k kind) String() string { return [...]string{"phone", "email", "handle", "picture"}[k] }

type value struct {
	kind kind
	name string
}

// New returns a linker without ads.
func New() *Linker {
	return &Linker{sites: map[string]int32{}, cities: map[string]int32{}, values: map[string]int32{}}
}

const maxPhones = 3 // an ad that gives more is a directory or made to mislead; its numbers join nothing

var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// Add takes one ad.
func (l *Linker) Add(a Ad) {
	r := record{id: a.ID, day: float32(a.At.Sub(epoch).Hours() / 24), site: intern(l.sites, a.Site), city: intern(l.cities, a.City)}
	r.from = int32(len(l.words))
	city := words(nil, a.City, nil)
	l.words = words(l.words, a.Title, city)
	l.words = append(l.words, breakWord)
	l.words = words(l.words, a.Body, city)
	l.words = l.words[:min(len(l.words), int(r.from)+maxWords)]
	r.to = int32(len(l.words))
	if len(a.Phones) <= maxPhones {
		l.give(&r, phone, a.Phones)
	}
	l.give(&r, email, a.Emails)
	l.give(&r, handle, a.Handles)
	for _, s := range a.Images {
		if h, err := strconv.ParseUint(s, 16, 64); err == nil {
			r.images = append(r.images, h)
		}
	}
	l.ads = append(l.ads, r)
}

func intern(m map[string]int32, s string) int32 {
	i, ok := m[s]
	if !ok {
		i = int32(len(m))
		m[strings.Clone(s)] = i
	}
	return i
}

func (l *Linker) give(r *record, k kind, names []string) {
	for _, s := range names {
		i := intern(l.values, string(rune('0'+k))+strings.ToLower(s))
		if int(i) == len(l.value) {
			l.value = append(l.value, value{k, s})
		}
		if !slices.Contains(r.values, i) {
			r.values = append(r.values, i)
		}
	}
}

// A Partition is who is behind the ads, as far as the evidence goes.
type Partition struct {
	Clusters []int // of each ad, in the order they were added
	o        *owners
}

// Solve finds the clusters. The result depends on the set of ads, not on the
// order in which they were added.
func (l *Linker) Solve() *Partition {
	order := make([]int32, len(l.ads))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int {
		x, y := &l.ads[a], &l.ads[b]
		return cmp.Or(cmp.Compare(x.day, y.day), cmp.Compare(x.id, y.id))
	})
	l.stripSites(order)
	o := newOwners(l, order)
	o.solve()
	p := &Partition{Clusters: make([]int, len(l.ads)), o: o}
	for i := range l.ads {
		p.Clusters[i] = int(o.find(l.ads[i].unit))
	}
	return p
}

func (l *Linker) textOf(i int32) []uint32 { return l.words[l.ads[i].from:l.ads[i].to] }

func (l *Linker) stripSites(order []int32) {
	bySite := make([][]int32, len(l.sites))
	for _, i := range order {
		bySite[l.ads[i].site] = append(bySite[l.ads[i].site], i)
	}
	for _, ads := range bySite {
		step := max(1, len(ads)/siteSample)
		var pages []page
		for k := 0; k < len(ads); k += step {
			a := &l.ads[ads[k]]
			p := page{words: l.textOf(ads[k])}
			if len(a.values) > 0 {
				p.owner = uint64(a.values[0]) + 1
			}
			pages = append(pages, p)
		}
		s := learnSite(pages)
		if len(s) == 0 {
			continue
		}
		for _, i := range ads {
			l.ads[i].to = l.ads[i].from + int32(len(s.strip(l.textOf(i))))
		}
	}
}
