package weigh

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"vigil.example/internal/site"
)

// A Linker takes ads and finds who is behind them.
type Linker struct {
	ads    []record
	lex    lexicon
	buf    []byte
	sites  map[string]int32
	cities map[string]int32
	values map[string]int32
	value  []value
	barred map[string]bool
	own    []site.Words // of each site

	// Progress, where it is set, is told now and then how many texts were compared.
	Progress func(done int)
	// Share, where it is set, gives shards that compare so many texts, nil when none do.
	// It is asked again when their work came to nothing: after that it begins anew, and
	// what is found is the same.
	Share func(texts int) Shards
}

type record struct {
	id         string
	at         int64 // Unix seconds
	day        float32
	site, city int32
	text       coded // without the site's words, once these are known
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

// Without makes the linker pass over values, as if nobody gave them. It is called
// before ads are added.
func (l *Linker) Without(values ...string) {
	l.barred = map[string]bool{}
	for _, v := range values {
		l.barred[strings.ToLower(v)] = true
	}
}

// A Page is an ad as it was read: its words, and what it gives.
type Page struct {
	ad     Ad // without its text
	words  []uint32
	images []uint64
	kept   *kept // of a stream, in place of words
}

// Read reads an ad. It may be called beside others.
func Read(a Ad) Page {
	city := words(nil, a.City, nil)
	p := Page{words: words(make([]uint32, 0, (len(a.Title)+len(a.Body))/5+2), a.Title, city)}
	p.words = append(p.words, breakWord)
	p.words = words(p.words, a.Body, city)
	p.words = p.words[:min(len(p.words), maxWords)]
	for _, s := range a.Images {
		if h, err := strconv.ParseUint(s, 16, 64); err == nil {
			p.images = append(p.images, h)
		}
	}
	a.Title, a.Body, a.Images = "", "", nil
	p.ad = a
	return p
}

// Len is how many ads were taken.
func (l *Linker) Len() int { return len(l.ads) }

// ID is the id of an ad by its number: the first that was taken has 0.
func (l *Linker) ID(i int) string { return l.ads[i].id }

// Add takes one ad.
func (l *Linker) Add(a Ad) { l.Take(Read(a)) }

// Take takes one ad that was read.
func (l *Linker) Take(p Page) {
	r := record{id: p.ad.ID, at: p.ad.At.Unix(), day: float32(p.ad.At.Sub(epoch).Hours() / 24), site: intern(l.sites, p.ad.Site), city: intern(l.cities, p.ad.City)}
	if p.kept != nil {
		r.text = p.kept.text
	} else {
		r.id = strings.Clone(r.id)
		r.text, l.buf = l.lex.code(p.words, l.buf)
	}
	if p.kept != nil || len(p.ad.Phones) <= maxPhones { // of a stream's ads all count, however many they are
		l.give(&r, phone, p.ad.Phones)
	}
	l.give(&r, email, p.ad.Emails)
	l.give(&r, handle, p.ad.Handles)
	r.images = p.images
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
		if l.barred[strings.ToLower(s)] {
			continue
		}
		i := intern(l.values, string(rune('0'+k))+strings.ToLower(s))
		if int(i) == len(l.value) {
			l.value = append(l.value, value{k, strings.Clone(s)})
		}
		if !slices.Contains(r.values, i) {
			r.values = append(r.values, i)
		}
	}
}

// A Partition is who is behind the ads, as far as the evidence goes.
type Partition struct {
	Clusters []int // of each ad, in the order they were added: the number of its oldest ad
	o        *owners
}

// Solve finds the clusters. The result depends on the set of ads, not on the
// order in which they were added.
func (l *Linker) Solve() *Partition {
	l.date()
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
	o.reread()
	p := &Partition{Clusters: make([]int, len(l.ads)), o: o}
	oldest := map[int32]int{}
	for _, i := range order {
		u := o.find(l.ads[i].unit)
		if _, ok := oldest[u]; !ok {
			oldest[u] = int(i)
		}
		p.Clusters[i] = oldest[u]
	}
	p.disband(order)
	return p
}

var undated = time.Time{}.Unix()

// date puts ads without a time into the middle of the others.
func (l *Linker) date() {
	var days []float32
	for i := range l.ads {
		if l.ads[i].at != undated {
			days = append(days, l.ads[i].day)
		}
	}
	if len(days) == len(l.ads) || len(days) == 0 {
		return
	}
	slices.Sort(days)
	for i := range l.ads {
		if l.ads[i].at == undated {
			l.ads[i].day = days[len(days)/2]
		}
	}
}

// textOf gives the words of an ad, each time anew.
func (l *Linker) textOf(i int32) []uint32 {
	t := l.ads[i].text
	return l.lex.read(make([]uint32, 0, t.words()), t)
}

const siteSample = 4000 // ads of a site that its own words are learned from

func (l *Linker) stripSites(order []int32) {
	bySite := make([][]int32, len(l.sites))
	for _, i := range order {
		bySite[l.ads[i].site] = append(bySite[l.ads[i].site], i)
	}
	l.own = make([]site.Words, len(l.sites))
	for k, ads := range bySite {
		step := max(1, len(ads)/siteSample)
		var pages []site.Page
		for j := 0; j < len(ads); j += step {
			a := &l.ads[ads[j]]
			p := site.Page{Words: l.textOf(ads[j])}
			if len(a.values) > 0 {
				p.Owner = uint64(a.values[0]) + 1
			}
			pages = append(pages, p)
		}
		s := site.LearnWords(pages)
		l.own[k] = s
		if len(s) == 0 {
			continue
		}
		for _, i := range ads {
			ws := l.textOf(i)
			if left := s.Strip(ws); len(left) < len(ws) {
				l.ads[i].text, l.buf = l.lex.left(l.ads[i].text, left, l.buf)
			}
		}
	}
}
