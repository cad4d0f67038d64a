package weigh

import (
	"cmp"
	"math"
	"slices"
)

// A piece is the ads of one text that values hold together.
type piece struct {
	ads         []int32
	first, last float32
	cities      map[int32]int
	sites       map[int32]int
	contacts    int     // ads that give a number, an address or a handle
	least       float64 // how much of the text the one shares that shares least
}

// split takes apart the texts that several owners use: a text that was sold or
// copied. Pieces of a text that share no contact and no picture with each other
// contradict one owner the more, the more the ads of the text share otherwise;
// other cities and times speak for others, too. Ads that nothing holds stay with
// the piece they are nearest to.
func (o *owners) split() {
	root := make([]int32, len(o.l.ads))
	for i := range root {
		root[i] = int32(i)
	}
	find := func(i int32) int32 {
		for root[i] != i {
			root[i] = root[root[i]]
			i = root[i]
		}
		return i
	}
	owned := o.owned()
	last := map[int32]int32{}
	for _, p := range o.periods {
		sides := o.sides(p, nil)
		if o.worth(p, o.users(p, sides, owned)) < 0.25 {
			continue
		}
		clear(last)
		for _, i := range p.ads {
			u := o.l.ads[i].unit
			if j, ok := last[u]; ok {
				root[find(i)] = find(j)
			}
			last[u] = i
		}
	}
	byUnit := make([][]int32, len(o.parent))
	for _, i := range o.order {
		u := o.l.ads[i].unit
		byUnit[u] = append(byUnit[u], i)
	}
	for u, ads := range byUnit {
		if len(ads) >= 4 {
			o.splitText(int32(u), ads, find)
		}
	}
}

func (o *owners) splitText(u int32, ads []int32, find func(int32) int32) {
	at := map[int32]int{}
	var pieces []*piece
	for _, i := range ads {
		k, ok := at[find(i)]
		if !ok {
			k = len(pieces)
			at[find(i)] = k
			pieces = append(pieces, newPiece(o.l.ads[i].day))
		}
		pieces[k].add(o.l, i)
	}
	if len(pieces) == 1 {
		return
	}
	held, could := 0, 0
	var loose []*piece
	pieces = slices.DeleteFunc(pieces, func(p *piece) bool {
		a := &o.l.ads[p.ads[0]]
		if len(p.ads) == 1 && len(a.values)+len(a.images) == 0 {
			loose = append(loose, p)
			return true
		}
		could += len(p.ads)
		if len(p.ads) > 1 {
			held += len(p.ads)
		}
		return false
	})
	if len(pieces) == 0 {
		return
	}
	slices.SortStableFunc(pieces, func(a, b *piece) int { return cmp.Compare(len(b.ads), len(a.ads)) })
	t := o.population(ads)
	t.held = float64(held) / float64(could)
	mains := pieces[:1]
	for _, p := range pieces[1:] {
		var near *piece
		worst := 99.0
		for _, m := range mains {
			if c := t.contradiction(m, p); c < worst {
				near, worst = m, c
			}
		}
		if worst < patience {
			near.join(p)
			continue
		}
		mains = append(mains, p)
	}
	if len(mains) == 1 {
		return
	}
	for _, p := range loose {
		best, most := mains[0], -1.0
		for _, m := range mains {
			if len(m.ads) < 4 {
				continue
			}
			if s := o.nearness(m, p.ads[0]); s > most {
				best, most = m, s
			}
		}
		best.ads = append(best.ads, p.ads[0])
	}
	for _, m := range mains[1:] {
		n := int32(len(o.parent))
		o.parent, o.size = append(o.parent, n), append(o.size, int32(len(m.ads)))
		for _, i := range m.ads {
			o.l.ads[i].unit = n
		}
		o.size[u] -= int32(len(m.ads))
		o.rivals = append(o.rivals, pair{u, n})
	}
}

func newPiece(day float32) *piece {
	return &piece{least: 1, first: day, cities: map[int32]int{}, sites: map[int32]int{}}
}

func (p *piece) add(l *Linker, i int32) {
	a := &l.ads[i]
	p.ads = append(p.ads, i)
	p.last = a.day
	p.cities[a.city]++
	p.sites[a.site]++
	if len(a.values) > 0 {
		p.contacts++
	}
	p.least = min(p.least, float64(a.whole))
}

func (p *piece) join(q *piece) {
	p.ads = append(p.ads, q.ads...)
	p.first, p.last = min(p.first, q.first), max(p.last, q.last)
	for c, n := range q.cities {
		p.cities[c] += n
	}
	for s, n := range q.sites {
		p.sites[s] += n
	}
	p.contacts += q.contacts
}

// A population is what pieces of a text are held against.
type population struct {
	held        float64 // share of the text's ads that something holds to another
	whole, wide float64 // how much of the text its ads share: mean and deviation
	most        float64 // bits that sharing less may give
	cities      int     // in all
	days        float64 // in all
}

// population tells of the ads of a text how much of it they share.
func (o *owners) population(ads []int32) population {
	t := population{most: 4, cities: len(o.l.cities), days: o.days()}
	var sum, squares float64
	for _, i := range ads {
		w := float64(o.l.ads[i].whole)
		sum, squares = sum+w, squares+w*w
	}
	t.whole = sum / float64(len(ads))
	t.wide = math.Sqrt(max(0, squares/float64(len(ads))-t.whole*t.whole)) + 0.05
	return t
}

// days is how long all ads took.
func (o *owners) days() float64 {
	return float64(o.l.ads[o.order[len(o.order)-1]].day-o.l.ads[o.order[0]].day) + 1
}

// patience is the evidence, in bits, that a piece may give against being of the
// same owner before it is believed.
const patience = 4.0

// mostPlaces is as how many independent signs the cities of a piece count, at most.
const mostPlaces = 3

// perDeviation is the evidence, in bits, of each deviation but the first by which a text
// shares less than its own ads do.
const perDeviation = 1.5

// contradiction is the evidence, in bits, that a piece p of a text is not of the
// owner of m.
func (t population) contradiction(m, p *piece) float64 {
	if len(m.ads) < 4 {
		return 0
	}
	n := float64(len(p.ads))
	c := 0.0
	if p.contacts > 0 || n >= 4 {
		c = -math.Log2(1 - t.held + 0.04)
	}
	if n >= 4 {
		c++
	}
	if n >= 8 {
		c++
	}
	if z := (t.whole - p.least) / t.wide; z > 1 && n < 8 {
		c += min(t.most, perDeviation*(z-1))
	}
	known := 0
	for city, k := range p.cities {
		if m.cities[city] > 0 {
			known += k
		}
	}
	in := float64(known) / n
	usual := min(float64(len(m.cities))/float64(t.cities), 0.9)
	// Cities are looked at one by one, but who posts in one mostly posts in the next.
	places := min(math.Sqrt(float64(len(p.cities))), mostPlaces)
	c += places * (in*math.Log2(usual/0.95) + (1-in)*math.Log2((1-usual)/0.05))
	same := false
	for site := range p.sites {
		same = same || m.sites[site] > 0
	}
	if !same {
		c++
	}
	switch usual := min(float64(m.last-m.first+60)/t.days, 0.9); {
	case p.first > m.last+60 || p.last < m.first-60:
		c += min(3, math.Log2((1-usual)/0.05))
	case p.first > m.last || p.last < m.first:
		c--
	default:
		c += math.Log2(usual/0.95) / 2
	}
	return c
}

func (o *owners) nearness(m *piece, i int32) float64 {
	a := &o.l.ads[i]
	s := 0.0
	if m.cities[a.city] > 0 {
		s += 2
	}
	if m.sites[a.site] > 0 {
		s++
	}
	gap := float32(1e6)
	for _, j := range m.ads {
		gap = min(gap, max(o.l.ads[j].day-a.day, a.day-o.l.ads[j].day))
	}
	return s + 1/(1+float64(gap)/15)
}
