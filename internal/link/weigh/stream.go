package weigh

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"vigil.example/internal/site"
)

// A Stream takes ads one by one. It keeps what linking needs of them, says of each
// at once where it seems to belong, and has everything solved again from time to
// time, as the batch does: what Solve finds is a function of the set of ads and of
// the decisions alone. It is not safe for concurrent use, but a Round may be solved
// while the stream goes on.
type Stream struct {
	ads      []*kept // never changed, only replaced
	at       numbers // by id
	values   map[string]int32
	value    []value
	carriers [][]int32 // of values: ads, in the order they came
	sites    names
	cities   names
	known    *known
	d        *Decisions
	held     map[int32]bool // values that the last round has held back
	lex      lexicon
	buf      []byte // for coding texts
}

// names numbers strings.
type names struct {
	at  map[string]int32
	all []string
}

func (n *names) of(s string) int32 {
	i := intern(n.at, s)
	if int(i) == len(n.all) {
		n.all = append(n.all, strings.Clone(s))
	}
	return i
}

// What is kept of an ad.
type kept struct {
	id         string
	at         int64 // Unix seconds
	site, city int32
	text       coded
	values     []int32
	images     []uint64
}

// known is what the last round has learned that tells at once where an ad belongs.
type known struct {
	texts *texts
	own   []site.Words // of sites: their own words
	of    []int32      // of units: an ad, or several owners'
}

const severalOwners = -2

// NewStream returns a stream without ads.
func NewStream() *Stream {
	return &Stream{
		at: newNumbers(), values: map[string]int32{}, sites: names{at: map[string]int32{}}, cities: names{at: map[string]int32{}},
		known: &known{texts: newTexts(64)}, d: (&Decisions{}).Ready(),
	}
}

// Len is how many ads there are.
func (s *Stream) Len() int { return len(s.ads) }

// ID is the id of an ad by its number.
func (s *Stream) ID(n int32) string { return s.ads[n].id }

// Number is the number of an ad by its id.
func (s *Stream) Number(id string) (int32, bool) {
	return s.at.of(id, s.ID)
}

// Directory reports whether an ad gives so many numbers that they join nothing.
func Directory(phones int) bool { return phones > maxPhones }

// Put takes an ad, or what is known of one instead of what was known before, and
// returns its number. All numbers of an ad count: who puts them together from
// several readings leaves out those of directories.
func (s *Stream) Put(a Ad) int32 {
	p := Read(a)
	e := &kept{id: a.ID, at: a.At.Unix(), site: s.sites.of(a.Site), city: s.cities.of(a.City), images: p.images}
	e.text, s.buf = s.lex.code(p.words, s.buf)
	n, ok := s.Number(a.ID)
	if !ok {
		e.id = strings.Clone(a.ID)
		n = s.at.put(e.id, s.ID)
		s.ads = append(s.ads, e)
	} else {
		e.id = s.ads[n].id
	}
	s.give(n, e, a)
	return n
}

// Give says anew what an ad gives and when it was written; its text stays.
func (s *Stream) Give(n int32, a Ad) {
	e := *s.ads[n]
	e.at, e.values = a.At.Unix(), nil
	s.give(n, &e, a)
}

func (s *Stream) give(n int32, e *kept, a Ad) {
	for k, list := range [][]string{phone: a.Phones, email: a.Emails, handle: a.Handles} {
		for _, name := range list {
			i := s.valueOf(kind(k), name)
			if slices.Contains(e.values, i) {
				continue
			}
			e.values = append(e.values, i)
			if c := s.carriers[i]; len(c) == 0 || c[len(c)-1] != n {
				s.carriers[i] = append(c, n)
			}
		}
	}
	s.ads[n] = e
}

func (s *Stream) valueOf(k kind, name string) int32 {
	i := intern(s.values, key(k, name))
	if int(i) == len(s.value) {
		s.value = append(s.value, value{k, strings.Clone(name)})
		s.carriers = append(s.carriers, nil)
	}
	return i
}

func key(k kind, name string) string { return string(rune('0'+k)) + strings.ToLower(name) }

// Values lists what an ad gives, by kind and name.
func (s *Stream) Values(n int32, see func(kind, name string)) {
	for _, v := range s.ads[n].values {
		see(s.value[v].kind.String(), s.value[v].name)
	}
}

// ValueNumber is the number of a value, -1 when no ad gives it.
func (s *Stream) ValueNumber(kind, name string) int32 {
	for k := phone; k <= handle; k++ {
		if i, ok := s.values[key(k, name)]; ok && k.String() == kind {
			return i
		}
	}
	return -1
}

// Held reports whether a value, by its number, joins nothing.
func (s *Stream) Held(v int32) bool { return v >= 0 && (s.held[v] || s.d.hub(s.value[v])) }

// Decide has decisions of people hold from the next round on.
func (s *Stream) Decide(d *Decisions) { s.d = d }

const (
	looked    = 48 // carriers of a value that an arriving ad is compared with
	fewOwners = 3  // that a value may have and still place an ad alone
)

// Place says to which ad a new one is joined for now, by what both give or by its
// text, until all are solved again. It never joins what was apart. Owner says who
// is behind an ad: equal numbers are one owner's.
func (s *Stream) Place(n int32, owner func(int32) int32) (Twig, bool) {
	e := s.ads[n]
	if s.d.alone(e.id) {
		return Twig{}, false
	}
	type choice struct {
		owner int32
		worth float64
		twig  Twig
	}
	var all []choice
	add := func(o int32, worth float64, t Twig) {
		k := slices.IndexFunc(all, func(c choice) bool { return c.owner == o })
		if k < 0 {
			k = len(all)
			all = append(all, choice{owner: o})
		}
		all[k].worth += worth
		if t.Bits > all[k].twig.Bits {
			all[k].twig = t
		}
	}
	for _, v := range e.values {
		if s.Held(v) {
			continue
		}
		owners := s.users(n, v, owner)
		k := len(owners) + 1
		if k < 2 || k > fewOwners+1 {
			continue
		}
		worth := 1.1
		if k > 2 {
			worth = 0.9 / float64(k-2)
		}
		for _, u := range owners {
			add(owner(u), worth, Twig{Ad: u, How: ByValue, Value: v, Owners: k - 1, Of: len(s.ads), Bits: math.Log2(float64(len(s.ads)+1) / float64(k-1))})
		}
	}
	if u, bits := s.placeText(n, e); u >= 0 && u != n {
		add(owner(u), 1, Twig{Ad: u, How: ByText, Value: -1, Bits: bits})
	}
	if len(all) == 0 {
		return Twig{}, false
	}
	best := slices.MaxFunc(all, func(a, b choice) int {
		return cmp.Or(cmp.Compare(a.worth, b.worth), cmp.Compare(b.owner, a.owner))
	})
	if best.worth < enough || s.d.apart(e.id, func(id string) bool { return s.of(id, owner) == best.owner }) {
		return Twig{}, false
	}
	return best.twig, true
}

func (s *Stream) of(id string, owner func(int32) int32) int32 {
	if n, ok := s.Number(id); ok {
		return owner(n)
	}
	return -1
}

// users lists one ad of each owner who gives a value, within the time in which a
// value stays with one owner.
func (s *Stream) users(n, v int32, owner func(int32) int32) (out []int32) {
	c := s.carriers[v]
	at := s.ads[n].at
	for i := len(c) - 1; i >= max(0, len(c)-looked); i-- {
		x := s.ads[c[i]]
		if c[i] == n || s.d.alone(x.id) || max(x.at-at, at-x.at) > silence*24*3600 || !slices.Contains(x.values, v) {
			continue
		}
		if o := owner(c[i]); !slices.ContainsFunc(out, func(j int32) bool { return owner(j) == o }) {
			out = append(out, c[i])
		}
	}
	return out
}

// placeText finds an ad of the text that an ad is made from, -1 for none, and
// learns the text.
func (s *Stream) placeText(n int32, e *kept) (int32, float64) {
	ws := s.lex.read(make([]uint32, 0, e.text.words()), e.text)
	if int(e.site) < len(s.known.own) {
		ws = s.known.own[e.site].Strip(ws)
	}
	t := s.known.texts
	before := len(t.units)
	u, _, _ := t.add(ws)
	for len(s.known.of) < len(t.units) {
		s.known.of = append(s.known.of, n)
	}
	if int(u) >= before || s.known.of[u] == severalOwners || s.d.alone(s.ads[s.known.of[u]].id) {
		return -1, 0
	}
	return s.known.of[u], textBits
}

// A Round is the solving of all ads that a stream held when it began.
type Round struct {
	ads    []*kept
	value  []value
	sites  []string
	cities []string
	lex    lexicon
	d      *Decisions

	Twigs   []Twig  // of each ad: what joins it to the tree of its cluster
	Owners  []int32 // of each ad: the oldest of its cluster
	Posters int     // in all
	Hubs    []Hub   // values that are held back
	p       *Partition
	place   []int32 // of each ad: its number in the linker, -1 for none
	number  []int32 // of the linker's values: those of the stream
	known   *known

	Share func(texts int) Shards // see Linker
}

// A Hub is a value that joins nothing, since too many posters use it.
type Hub struct {
	Kind, Name string
	Carriers   int
	Owners     float64
}

// Begin begins a round.
func (s *Stream) Begin() *Round {
	return &Round{ads: slices.Clone(s.ads), value: slices.Clip(s.value), sites: slices.Clip(s.sites.all), cities: slices.Clip(s.cities.all), lex: lexicon{words: slices.Clip(s.lex.words)}, d: s.d}
}

// Len is how many ads the round has.
func (r *Round) Len() int { return len(r.ads) }

// ID is the id of an ad.
func (r *Round) ID(n int32) string { return r.ads[n].id }

// Value is a value by its number.
func (r *Round) Value(n int32) (kind, name string) {
	return r.value[n].kind.String(), r.value[n].name
}

// Kind is the kind of evidence of a twig.
func (r *Round) Kind(w Twig) string {
	if w.How == ByValue {
		return r.value[w.Value].kind.String()
	}
	kind, _, _ := say(nil, w)
	return kind
}

// Gives reports whether an ad gives a value, by its number.
func (r *Round) Gives(n, value int32) bool { return slices.Contains(r.ads[n].values, value) }

// Older orders ads by time and id.
func (r *Round) Older(a, b int32) int {
	x, y := r.ads[a], r.ads[b]
	return cmp.Or(cmp.Compare(x.at, y.at), cmp.Compare(x.id, y.id))
}

// Solve finds who is behind the ads. It may run beside the stream.
func (r *Round) Solve() {
	order := make([]int32, 0, len(r.ads))
	for i, e := range r.ads {
		if !r.d.alone(e.id) {
			order = append(order, int32(i))
		}
	}
	slices.SortFunc(order, r.Older)
	l := New()
	l.Share = r.Share
	l.lex, l.ads = r.lex, make([]record, 0, len(order))
	for _, s := range r.sites { // numbered alike
		intern(l.sites, s)
	}
	r.place = make([]int32, len(r.ads))
	for i := range r.place {
		r.place[i] = -1
	}
	for k, i := range order {
		r.place[i] = int32(k)
		l.Take(r.page(r.ads[i]))
	}
	r.number = make([]int32, len(l.value))
	for v, x := range r.value {
		if k, ok := l.values[key(x.kind, x.name)]; ok {
			r.number[k] = int32(v)
		}
	}
	if len(order) > 0 {
		r.p = l.Solve()
	}
	r.tree(order)
	r.decidedHubs()
	r.learn()
}

// decidedHubs lists the values that a person decided to be hubs.
func (r *Round) decidedHubs() {
	if len(r.d.Hubs) == 0 {
		return
	}
	carriers := map[int32]int{}
	for _, e := range r.ads {
		for _, v := range e.values {
			if r.d.hub(r.value[v]) {
				carriers[v]++
			}
		}
	}
	for _, v := range slices.Sorted(maps.Keys(carriers)) {
		r.Hubs = append(r.Hubs, Hub{r.value[v].kind.String(), r.value[v].name, carriers[v], float64(carriers[v])})
	}
}

// page is an ad as the linker takes it.
func (r *Round) page(e *kept) Page {
	p := Page{kept: e, images: e.images}
	p.ad = Ad{ID: e.id, At: time.Unix(e.at, 0), Site: r.sites[e.site], City: r.cities[e.city]}
	for _, v := range e.values {
		x := r.value[v]
		if r.d.hub(x) {
			continue
		}
		switch x.kind {
		case phone:
			p.ad.Phones = append(p.ad.Phones, x.name)
		case email:
			p.ad.Emails = append(p.ad.Emails, x.name)
		case handle:
			p.ad.Handles = append(p.ad.Handles, x.name)
		}
	}
	return p
}

// learn keeps what tells at once where the next ads belong.
func (r *Round) learn() {
	r.known = &known{texts: newTexts(64)}
	if r.p == nil {
		return
	}
	o := r.p.o
	r.known.texts = o.texts
	r.known.own = o.l.own
	r.known.of = make([]int32, len(o.texts.units))
	for i := range r.known.of {
		r.known.of[i] = severalOwners
	}
	was := map[int32]int32{} // the text that a piece of it was taken from
	for _, x := range o.rivals {
		was[x.b] = x.a
	}
	seen := make([]bool, len(o.texts.units))
	for i, k := range r.place {
		if k < 0 {
			continue
		}
		u := o.l.ads[k].unit
		for int(u) >= len(seen) {
			u = was[u]
		}
		u = o.texts.find(u)
		switch {
		case !seen[u]:
			seen[u], r.known.of[u] = true, int32(i)
		case r.known.of[u] >= 0 && r.Owners[r.known.of[u]] != r.Owners[i]:
			r.known.of[u] = severalOwners
		}
	}
}

// Learn lets the stream go on from what a round has found.
func (s *Stream) Learn(r *Round) {
	s.known, r.known = r.known, nil
	s.held = make(map[int32]bool, len(r.Hubs))
	for _, h := range r.Hubs {
		s.held[s.ValueNumber(h.Kind, h.Name)] = true
	}
	for n := int32(len(r.ads)); int(n) < len(s.ads); n++ { // those that came meanwhile
		s.placeText(n, s.ads[n])
	}
}
