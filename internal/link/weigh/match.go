package weigh

import (
	"cmp"
	"math"
	"slices"
)

const (
	shingle     = 3
	segment     = 8 // words
	segments    = maxWords/segment + 1
	segmentBits = 6
	textBits    = 30
	unitAds     = 50
	textPart    = 0.3 // of its segments that must share something
	leastRare   = 3   // bits
	leastSpots  = 4   // that a unit must share: fewer cannot give enough bits
)

// A matcher compares texts with units. It is for one at a time.
type matcher struct {
	spots   []spot
	hits    []hit
	votes   []vote
	now     []int32 // votes for the spot that is looked at
	met     []raw   // units that were met, before what they became
	at      []int32 // a table of them, by unit: 0, or the place in met and 1
	ballots []ballot
	steps   []echo
	shared  [1 << 12]shared // by unit; units may meet here
	one     [1]posting
	twice   [1024]twice
	round   uint32
	touched uint32
}

// A spot is a 3-gram of the text that is compared.
type spot struct {
	gram         uint32
	at           int32
	cell         uint32
	rare         float32 // bits
	both, before int32   // units that say it and the one before it, and that say the one before it
}

// What a text shares with some unit: the last word but one where it did, and at how many spots.
type shared struct{ last, spots uint16 }

type raw struct{ unit, vote int32 }

type vote struct {
	unit      int32
	spot, ads int32 // that are looked at, and that say it
	last      int32 // word at which the last shared 3-gram stood
	all       int32 // ads of the unit
	ballot    int32
	usual     float32
	bits      float32
}

// A hit is a 3-gram that a text and a unit share.
type hit struct {
	vote, at int32
	bits     float32
}

// A ballot is what a unit shares with a text, by where it stands in the text.
type ballot struct {
	bits [segments]float32
	n    [segments]uint8              // 3-grams
	at   [(maxWords + 63) / 64]uint64 // words at which they begin, a bit each
}

// A match is a unit that a text resembles.
type match struct {
	unit  int32
	bits  float64
	whole float64 // share of segments
	dense float64 // share of 3-grams in them
	ads   int32   // of the unit
	edge  float32 // evidence, in bits, that it is one part of the text that they share
}

// A meeting is what a text shares with a unit that it may not be of.
type meeting struct {
	unit int32
	bits float32
}

func newMatcher() *matcher { return &matcher{at: make([]int32, 1<<12)} }

// same reports whether the text is the unit's. What was edited shares a little
// everywhere; what was copied shares all of one part and nothing of the rest.
func (m match) same() bool { return m.much() && m.edge < patience }

// much reports whether a text shares as much with a unit as one of its texts does.
func (m match) much() bool {
	return m.whole >= 0.3+0.5*m.dense || m.ads >= 8 && m.bits >= 65 && m.whole >= 0.42+max(0, m.dense-0.55)
}

// draw finds the units that a text shares evidence with, the most like first, and,
// when asked, what it shares with others.
func (m *matcher) draw(t *texts, ws []uint32, d *drawn, others bool) {
	all := lg(len(t.units) + 64)
	able, segs := m.vote(t, ws, all, others)
	d.spots, d.matches, d.beside = append(d.spots[:0], m.spots...), m.count(t, d.matches[:0], able, segs, all), d.beside[:0]
	if !others {
		return
	}
	for i := range m.votes {
		v := &m.votes[i]
		if v.all >= 8 && !(v.bits > textBits+all && v.bits > t.units[v.unit].chance()) {
			d.beside = append(d.beside, meeting{v.unit, v.bits})
		}
	}
}

// vote lets units vote for what they share with a text: those that share enough to be
// of any account, or all. It returns how many 3-grams of each segment tell anything,
// and of how many segments there are some.
func (m *matcher) vote(t *texts, ws []uint32, all float32, everybody bool) (able [segments]uint8, segs int) {
	m.votes, m.hits, m.met = m.votes[:0], m.hits[:0], m.met[:0]
	clear(m.at)
	clear(m.shared[:])
	m.read(ws)
	for k := range m.spots {
		g := m.spots[k].gram
		s := &t.said[shardOf(g)]
		m.touched += s.cells[g&uint32(len(s.cells)-1)].gram // what is far away is fetched together
	}
	for k := range m.spots {
		s := &m.spots[k]
		x := &t.said[shardOf(s.gram)]
		s.cell = x.find(s.gram)
		if c := x.cells[s.cell]; c.unit < 0 {
			m.touched += uint32(x.lists[-c.unit-1].unit)
		}
	}
	before := int32(0)
	for k := range m.spots {
		s := &m.spots[k]
		if before = m.look(t, s, before, all); s.rare >= leastRare {
			seg := s.at / segment
			if able[seg]++; able[seg] == 1 {
				segs++
			}
		}
	}
	for k := range m.spots {
		if m.spots[k].rare >= leastRare {
			m.weigh(t, int32(k), everybody)
		}
	}
	return able, segs
}

// read lists the 3-grams of a text, each once.
func (m *matcher) read(ws []uint32) {
	m.spots = m.spots[:0]
	for i := 0; i+shingle <= len(ws); i++ {
		if g := gram(ws[i : i+shingle]); !m.repeated(g, i) {
			m.spots = append(m.spots, spot{gram: g, at: int32(i)})
		}
	}
}

// look counts the units that say a 3-gram, and returns how many are listed.
func (m *matcher) look(t *texts, s *spot, before int32, all float32) int32 {
	x := &t.said[shardOf(s.gram)]
	c := x.cells[s.cell]
	owners := c.owners()
	if owners > 0 && all-lg(owners+1) < leastRare { // everybody says so
		return 0
	}
	list := x.says(c, &m.one)
	if s.rare = all - lg(max(owners, len(list))+1); s.rare < leastRare {
		return int32(len(list))
	}
	s.before = before
	at := uint16(s.at) + 1
	for _, p := range list {
		b := &m.shared[uint32(p.unit)%uint32(len(m.shared))]
		if b.last == at-1 {
			s.both++
		}
		b.last = at
		b.spots++
	}
	return int32(len(list))
}

// weigh gives the units that say a 3-gram the bits that it is worth. Words that others,
// too, say one behind the other count less than words that only the text and the unit
// do.
func (m *matcher) weigh(t *texts, number int32, everybody bool) {
	s := &m.spots[number]
	x := &t.said[shardOf(s.gram)]
	m.now = m.now[:0]
	for _, p := range x.says(x.cells[s.cell], &m.one) {
		if !everybody && m.shared[uint32(p.unit)%uint32(len(m.shared))].spots < leastSpots {
			continue
		}
		i := m.of(t, p.unit)
		v := &m.votes[i]
		if v.spot != number {
			v.spot, v.ads = number, 0
			m.now = append(m.now, i)
		}
		v.ads += p.ads
	}
	for _, i := range m.now {
		v := &m.votes[i]
		w := s.rare + min(0, lg(int(v.ads))-v.usual)
		if w <= 0 {
			continue
		}
		switch s.at - v.last {
		case 1:
			w = min(w, follows(max(0, int(s.both)-1), max(0, int(s.before)-1), w/shingle))
		case 2:
			w *= 2.0 / shingle
		}
		v.last = s.at
		v.bits += w
		m.hits = append(m.hits, hit{i, s.at, w})
	}
}

// count makes matches of votes.
func (m *matcher) count(t *texts, out []match, able [segments]uint8, segs int, all float32) []match {
	m.ballots = m.ballots[:0]
	for k := range m.votes {
		v := &m.votes[k]
		v.ballot = -1
		if v.bits >= textBits+all && v.bits >= t.units[v.unit].chance() {
			v.ballot = int32(len(m.ballots))
			m.ballots = append(m.ballots, ballot{})
		}
	}
	if len(m.ballots) == 0 {
		return out
	}
	for _, h := range m.hits {
		if b := m.votes[h.vote].ballot; b >= 0 {
			m.ballots[b].bits[h.at/segment] += h.bits
			m.ballots[b].n[h.at/segment]++
			m.ballots[b].at[h.at/64] |= 1 << (h.at % 64)
		}
	}
	for _, v := range m.votes {
		if v.ballot < 0 {
			continue
		}
		hits, shared, could := 0, 0, 0
		for i, b := range m.ballots[v.ballot].bits {
			if b >= segmentBits {
				hits++
				shared += int(m.ballots[v.ballot].n[i])
				could += int(able[i])
			}
		}
		if hits < 3 && (hits < 2 || v.bits < 60) {
			continue
		}
		dense := float64(shared) / float64(could)
		x := match{unit: v.unit, bits: float64(v.bits), whole: float64(hits) / float64(segs), dense: dense, ads: v.all}
		if x.much() {
			x.edge = border(m.trace(&m.ballots[v.ballot]))
		}
		out = append(out, x)
	}
	slices.SortFunc(out, func(a, b match) int {
		return cmp.Or(cmp.Compare(b.whole*b.bits, a.whole*a.bits), cmp.Compare(a.unit, b.unit))
	})
	return out
}

// trace lists the spots that tell something, and whether a unit says them.
func (m *matcher) trace(b *ballot) []echo {
	m.steps = m.steps[:0]
	for k := range m.spots {
		if s := &m.spots[k]; s.rare >= leastRare {
			m.steps = append(m.steps, echo{b.at[s.at/64]>>(s.at%64)&1 != 0, s.rare})
		}
	}
	return m.steps
}

const chances = 5 // deviations

// chance is what texts of others hardly ever share with a unit: the more it has
// said, the more of what anybody says it has said too.
func (u *unit) chance() float32 {
	if u.met < 12 {
		return 0
	}
	return u.mean + chances*float32(math.Sqrt(float64(max(0, u.square-u.mean*u.mean))))
}

// of gives the vote of a unit.
func (m *matcher) of(t *texts, unit int32) int32 {
	mask := uint32(len(m.at) - 1)
	k := place(unit) & mask
	for ; m.at[k] != 0; k = (k + 1) & mask {
		if r := m.met[m.at[k]-1]; r.unit == unit {
			return r.vote
		}
	}
	var i int32
	if root := t.root(unit); root != unit {
		i = m.of(t, root)
		mask = uint32(len(m.at) - 1)
		for k = place(unit) & mask; m.at[k] != 0; k = (k + 1) & mask {
		}
	} else {
		i = int32(len(m.votes))
		ads := t.units[unit].ads
		m.votes = append(m.votes, vote{unit: unit, spot: -1, last: -shingle, all: ads, usual: lg(int(min(ads, unitAds+ads/4)) + 1)})
	}
	m.met = append(m.met, raw{unit, i})
	m.at[k] = int32(len(m.met))
	if 2*len(m.met) > len(m.at) {
		m.at = make([]int32, 2*len(m.at))
		mask = uint32(len(m.at) - 1)
		for n, r := range m.met {
			for k = place(r.unit) & mask; m.at[k] != 0; k = (k + 1) & mask {
			}
			m.at[k] = int32(n + 1)
		}
	}
	return i
}

func place(unit int32) uint32 { return uint32(unit) * 0x9e3779b1 >> 12 }

// follows is the evidence, in bits, of a word behind others, when so many of those
// units who say these say it, too, and alone it would have the bits that are given.
func follows(both, of int, alone float32) float32 {
	const guess = 2
	p := float32(both) + guess*powers[min(int(8*alone), len(powers)-1)]
	return lg(max(both, of)+guess) - lg(int(64*p)) + 6
}

// powers are the probabilities of so many eighths of a bit.
var powers = func() (out [128]float32) {
	for i := range out {
		out[i] = float32(math.Exp2(-float64(i) / 8))
	}
	return out
}()

var logs = func() (out [4096]float32) {
	for i := range out {
		out[i] = float32(math.Log2(float64(max(i, 1))))
	}
	return out
}()

func lg(n int) float32 {
	if n < len(logs) {
		return logs[n]
	}
	return float32(math.Log2(float64(n)))
}

// repeated reports whether a text has said a 3-gram before.
func (m *matcher) repeated(g uint32, i int) bool {
	if i == 0 {
		m.round++
	}
	k := &m.twice[g%uint32(len(m.twice))]
	if k.round == m.round && k.gram == g {
		return true
	}
	*k = twice{g, m.round}
	return false
}

type twice struct{ gram, round uint32 }

// alike is the evidence, in bits, that two texts have in common, and in what
// share of the shorter one's segments they have some. Words that others, too, say
// one behind the other count less.
func (m *matcher) alike(t *texts, a, b []uint32) (bits float32, whole float64) {
	if len(b) > len(a) {
		a, b = b, a
	}
	for i := 0; i+shingle <= len(a); i++ {
		m.repeated(gram(a[i:i+shingle]), i)
	}
	round := m.round
	all := lg(len(t.units) + 64)
	last, hits, segs, hit := -shingle, 0, 0, -1
	var before []posting // units that say the 3-gram before, of so many
	of := 0
	var ones [2][1]posting
	for i := 0; i+shingle <= len(b); i++ {
		if i%segment == 0 {
			segs++
		}
		g := gram(b[i : i+shingle])
		k := &m.twice[g%uint32(len(m.twice))]
		if k.round != round || k.gram != g {
			continue
		}
		k.round = 0 // once
		x := &t.said[shardOf(g)]
		c := x.cells[x.find(g)]
		list := x.says(c, &ones[i%2])
		owners := max(c.owners(), len(list))
		w := all - lg(owners+1)
		if w < 2 {
			continue
		}
		switch i - last {
		case 1:
			both := 0
			for _, p := range list {
				if slices.ContainsFunc(before, func(q posting) bool { return q.unit == p.unit }) {
					both++
				}
			}
			both = min(both*owners/max(len(list), 1), of) // not all are listed
			w = max(0, min(w/shingle, follows(both, of, w/shingle)))
		case 2:
			w *= 2.0 / shingle
		}
		bits += w
		last, before, of = i, list, owners
		if i/segment != hit {
			hit = i / segment
			hits++
		}
	}
	return bits, float64(hits) / float64(max(segs, 1))
}
