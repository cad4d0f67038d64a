package bazaar

import (
	"cmp"
	"fmt"
	"slices"
)

// A Kind says who is behind an ad.
type Kind string

// The kinds of poster.
const (
	Org      Kind = "org"      // an organised group: many ads from few templates, numbers that change
	Indep    Kind = "indep"    // one person with one to four ads
	Ordinary Kind = "ordinary" // goods, rooms, jobs, pets, neighbours
	Buyer    Kind = "buyer"    // seeks, reviews, bargains
)

// side says who speaks in the ads of a kind of poster.
func (k Kind) side() string {
	switch k {
	case Org, Indep:
		return "supply"
	case Buyer:
		return "demand"
	}
	return "other"
}

// The categories, in the order every site uses; sites have names of their own.
const (
	companions = iota
	bodywork
	wanted
	jobs
	rooms
	goods
	vehicles
	pets
	community
	categories
)

// sections names the categories in the words files.
func sections() [categories]string {
	return [categories]string{"companions", "bodywork", "wanted", "jobs", "rooms", "goods", "vehicles", "pets", "community"}
}

// A poster is who is behind one or more ads.
type poster struct {
	id     string
	kind   Kind
	lang   string
	seed   uint64
	sites  []uint8 // where it posts
	ads    []int32 // its scheduled ads in the order of time, organised groups only
	first  phone   // first of its numbers
	phones uint8   // how many it has
	total  uint16  // scheduled ads
	cat    uint8
	hub    int8 // the hub it also prints, -1 for none
	handle bool // prints a handle or an e-mail address
	email  bool
	gb     bool
}

// A hub is a booking service whose number many unrelated posters print.
type hub struct {
	name  string
	phone phone
}

// An entry is one ad. Times are Unix seconds, 0 is never.
type entry struct {
	poster             int32
	rank               int32 // among the site's ads by time; the native id comes from it
	seq                uint16
	copy               uint16 // n-th ad posted by hand, 0 when scheduled
	site, city, cat    uint8
	back               bool // the second edit restores the first text
	posted, removed    int64
	edited, editedMore int64
}

// seenAt reports whether the ad is up at that time.
func (e *entry) seenAt(now int64) bool {
	return e.posted <= now && (e.removed == 0 || now < e.removed)
}

// version says which text the ad shows at that time: 0, 1 or 2.
func (e *entry) version(now int64) int {
	if e.removed != 0 {
		now = min(now, e.removed)
	}
	switch {
	case e.editedMore != 0 && e.editedMore <= now:
		if e.back {
			return 0
		}
		return 2
	case e.edited != 0 && e.edited <= now:
		return 1
	}
	return 0
}

// populate invents the posters and schedules their ads.
func (t *Town) populate() {
	d := throw(t.cfg.Seed, 'P')
	names := []string{"Bluebell Booking", "the Harbor Desk", "Goldfinch Reservations", "the Lantern Office", "Cedar Concierge", "the Meadow Line", "Silver Bell Bookings"}
	for i := range min(len(names), 2+t.cfg.Ads/5000) {
		p, _ := t.book.take(1, false)
		t.hubs = append(t.hubs, hub{names[i], p})
	}
	t.office, _ = t.book.take(1, false)

	now, later := t.shares(t.cfg.Ads), t.shares(t.cfg.Later)
	t.addGroups(&d, now[Org], later[Org])
	for _, k := range []Kind{Indep, Buyer, Ordinary} {
		t.addOthers(&d, k, now[k], t.span(-t.cfg.Past.Seconds(), 0))
		t.addOthers(&d, k, later[k], t.span(0, t.cfg.Ahead.Seconds()))
	}
	before := len(t.ads)
	t.addOthers(&d, Ordinary, t.cfg.Ads/50, t.span(-t.cfg.Past.Seconds(), -t.cfg.Past.Seconds()/2))
	for i := before; i < len(t.ads); i++ { // gone before the town opens
		t.ads[i].removed = t.ads[i].posted + int64(d.between(3600, int(t.cfg.Past.Seconds()/2)))
	}
	t.rank()
	t.change(&d, before)
	for i := range t.ads {
		e := &t.ads[i]
		t.events = append(t.events, e.posted, e.removed, e.edited, e.editedMore)
	}
	slices.Sort(t.events)
}

// shares divides n ads among the kinds.
func (t *Town) shares(n int) map[Kind]int {
	m := map[Kind]int{Org: n * 34 / 100, Indep: n * 16 / 100, Buyer: n * 8 / 100}
	m[Ordinary] = n - m[Org] - m[Indep] - m[Buyer]
	return m
}

type span struct{ from, to int64 }

// span is a time from-to in seconds relative to Start.
func (t *Town) span(from, to float64) span {
	s := t.cfg.Start.Unix()
	return span{s + int64(from) + 1, s + int64(to)}
}

func (s span) at(d *dice) int64 { return s.from + int64(d.n(int(s.to-s.from))) }

func (t *Town) newPoster(d *dice, k Kind) poster {
	p := poster{kind: k, lang: "en", seed: d.next(), hub: -1, gb: d.in(2) && k != Ordinary}
	switch {
	case d.in(20):
		p.lang, p.sites = "es", []uint8{2}
	case k == Org && d.in(60):
		p.sites = [][]uint8{{0, 1}, {0, 2}, {1, 2}, {0, 1, 2}}[d.n(4)]
	case k == Indep && d.in(30):
		p.sites = [][]uint8{{0, 1}, {0, 2}, {1, 2}}[d.n(3)]
	default:
		p.sites = []uint8{uint8(d.n(20) * 3 / 20)}
	}
	return p
}

// addGroups makes organised groups of 5 to 60 ads until n ads are visible at
// Start, and gives them the later ads.
func (t *Town) addGroups(d *dice, n, later int) {
	past, ahead := t.span(-t.cfg.Past.Seconds(), 0), t.span(0, t.cfg.Ahead.Seconds())
	var sizes []int
	for n > 0 {
		size := 5 + d.n(pick(d, []int{15, 30, 56}))
		if size = min(size, n); n-size > 0 && n-size < 5 {
			size = min(n, size-5)
			if size < 5 {
				size = n
			}
		}
		sizes = append(sizes, size)
		n -= size
	}
	extra := make([]int, len(sizes))
	for range later {
		extra[d.n(len(extra))]++
	}
	for g, size := range sizes {
		p := t.newPoster(d, Org)
		p.id = fmt.Sprintf("g%03d", g+1)
		p.cat = companions
		if d.in(35) {
			p.cat = bodywork
		}
		p.total = uint16(size + extra[g])
		p.phones = uint8(min(8, max(1, int(p.total)/d.between(6, 11))))
		p.first, _ = t.book.take(int(p.phones), p.gb)
		if d.in(20) {
			p.hub = int8(d.n(len(t.hubs)))
		}
		times := make([]int64, 0, p.total)
		for range size {
			times = append(times, past.at(d))
		}
		for range extra[g] {
			times = append(times, ahead.at(d))
		}
		slices.Sort(times)
		tour := d.n(6)
		for seq, at := range times {
			p.ads = append(p.ads, int32(len(t.ads)))
			t.ads = append(t.ads, entry{
				poster: int32(len(t.posters)), seq: uint16(seq), site: pick(d, p.sites),
				city: uint8((tour + seq/4) % citiesPerSite), cat: p.cat, posted: at,
			})
		}
		t.groups = append(t.groups, int32(len(t.posters)))
		t.posters = append(t.posters, p)
	}
}

// addOthers makes posters of the other kinds until they have n ads in the span.
func (t *Town) addOthers(d *dice, k Kind, n int, in span) {
	for n > 0 {
		p := t.newPoster(d, k)
		var size int
		switch k {
		case Indep:
			p.id, size = "i", d.between(1, 4)
			p.cat = pick(d, []uint8{companions, companions, bodywork})
			t.own(d, &p, 90, 8)
			if d.in(25) {
				p.hub = int8(d.n(len(t.hubs)))
			}
		case Buyer:
			p.id, p.cat, size = "b", wanted, d.between(1, 2)
			t.own(d, &p, 25, 20)
		default:
			p.id, p.cat, size = "o", uint8(d.between(jobs, community)), pick(d, []int{1, 1, 1, 2, 3})
			t.own(d, &p, 55, 15)
			if d.in(4) && (p.cat == jobs || p.cat == rooms || p.cat == community) {
				p.hub = int8(d.n(len(t.hubs)))
			}
		}
		size = min(size, n)
		p.id = fmt.Sprintf("%s%05d", p.id, len(t.posters))
		p.total = uint16(size)
		city := uint8(d.n(citiesPerSite))
		for seq := range size {
			cat := p.cat
			if k == Ordinary && d.in(40) {
				cat = uint8(d.between(jobs, community))
			}
			t.ads = append(t.ads, entry{
				poster: int32(len(t.posters)), seq: uint16(seq), site: pick(d, p.sites), city: city, cat: cat, posted: in.at(d),
			})
		}
		n -= size
		t.posters = append(t.posters, p)
	}
}

// own gives the poster a number in phones of 100 cases, else a handle or e-mail
// address in other of 100. When the directory is used up it goes without.
func (t *Town) own(d *dice, p *poster, phones, other int) {
	switch k := d.n(100); {
	case k < phones:
		var ok bool
		if p.first, ok = t.book.take(1, p.gb); ok {
			p.phones = 1
		}
	case k < phones+other:
		p.handle = d.in(50)
		p.email = !p.handle
	}
}

// rank numbers the ads of each site in the order of time.
func (t *Town) rank() {
	t.ranks = make([][]int32, len(t.sites))
	for i := range t.ads {
		s := t.ads[i].site
		t.ranks[s] = append(t.ranks[s], int32(i))
	}
	for _, r := range t.ranks {
		slices.SortStableFunc(r, func(a, b int32) int { return cmp.Compare(t.ads[a].posted, t.ads[b].posted) })
		for k, i := range r {
			t.ads[i].rank = int32(k)
		}
	}
}

// change schedules edits and removals of the first n ads. Ads that tie a group's
// numbers together stay up.
func (t *Town) change(d *dice, n int) {
	start, ahead := t.cfg.Start.Unix(), t.span(0, t.cfg.Ahead.Seconds())
	for i := range n {
		e := &t.ads[i]
		switch k := d.n(100); {
		case k < 6 && e.posted+7200 < start: // edited before the town opens
			e.edited = e.posted + 3600 + int64(d.n(int(start-e.posted-7200)))
		case k < 13:
			e.edited = max(ahead.at(d), e.posted+3600)
		}
		if e.edited != 0 && d.in(40) {
			e.editedMore = e.edited + int64(d.between(3600, 3*86400))
			e.back = d.in(65)
		}
		p := &t.posters[e.poster]
		if gone := max(ahead.at(d), e.posted+3600); d.in(10) && !(p.kind == Org && p.ties(int(e.seq))) {
			e.removed = gone
		}
	}
}
