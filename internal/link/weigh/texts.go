package weigh

import (
	"cmp"
	"math"
	"slices"
)

// Texts groups ads by what their posters wrote. A unit is a text and what became
// of it: ads that share rare word 3-grams all over their length. An ad is
// compared with all that a unit's ads ever said, so that edits of one ad do not
// hide the text and a text may drift; where it agrees in one part alone it has
// taken that part, and is not of the unit.
const (
	shingle     = 3
	crowded     = 24 // units that are listed of one 3-gram
	segment     = 8  // words
	segments    = maxWords/segment + 1
	segmentBits = 6
	textBits    = 30
	unitAds     = 50
	textWhole   = 0.6 // of its segments that must share something
	textPart    = 0.3
	leastRare   = 3 // bits
)

type texts struct {
	table  []entry
	used   int
	units  []unit
	parent []int32          // of each unit: the one that it has become
	met    map[[2]int32]int // ads that are of two units
	own    matcher
}

// An entry says that a unit said a 3-gram. Where too many units say one to list
// them, one entry counts them.
type entry struct {
	gram uint32
	unit int32 // 0 empty, unit+1, or less than 0: how many units say it
	ads  int32 // of the unit that say it
}

type unit struct {
	ads    int32
	said   int32 // ads that were learned
	met    int32 // texts of others that shared something with it
	mean   float32
	square float32 // of the bits that they shared
}

// A matcher compares texts with units.
type matcher struct {
	spots   []spot
	hits    []hit
	votes   []vote
	now     []int32   // votes for the spot that is looked at
	at      []stamped // of a unit: its vote
	turn    uint32
	ballots []ballot
	said    [1024]said
	round   uint32
	touched uint32
}

// A spot is a 3-gram of the text that is compared.
type spot struct {
	gram uint32
	at   int32
}

type stamped struct {
	turn uint32
	vote int32
}

type vote struct {
	unit, ballot int32
	last         int32 // word at which the last shared 3-gram stood
	spot, ads    int32 // that are looked at, and that say it
	bits         float32
}

// A hit is a 3-gram that a text and a unit share.
type hit struct {
	vote, at int32
	bits     float32
}

// A ballot is what a unit shares with a text, by where it stands in the text.
type ballot struct {
	bits [segments]float32
	n    [segments]uint8 // 3-grams
}

func newTexts(n int) *texts {
	t := &texts{met: map[[2]int32]int{}}
	size := 1 << 12
	for size < n*24 {
		size *= 2
	}
	t.table = make([]entry, size)
	return t
}

func (t *texts) find(u int32) int32 {
	for t.parent[u] != u {
		t.parent[u] = t.parent[t.parent[u]]
		u = t.parent[u]
	}
	return u
}

func (t *texts) union(a, b int32) int32 {
	a, b = t.find(a), t.find(b)
	if a == b {
		return a
	}
	if b < a {
		a, b = b, a
	}
	t.parent[b] = a
	t.units[a].ads += t.units[b].ads
	return a
}

// A match is a unit that a text resembles.
type match struct {
	unit  int32
	bits  float64
	whole float64 // share of segments
	dense float64 // share of 3-grams in them
	ads   int32   // of the unit
}

// same reports whether the text is the unit's. What was edited shares a little
// everywhere; what was copied shares all of one part and nothing of the rest.
func (m match) same() bool {
	return m.whole >= 0.3+0.5*m.dense || m.ads >= 8 && m.bits >= 65 && m.whole >= 0.42+max(0, m.dense-0.55)
}

// matches lists the units that a text shares evidence with, the most like first.
func (m *matcher) matches(t *texts, ws []uint32) []match {
	m.turn++
	if n := len(t.units) - len(m.at); n > 0 {
		m.at = append(m.at, make([]stamped, n)...)
	}
	m.votes, m.hits, m.spots, m.ballots = m.votes[:0], m.hits[:0], m.spots[:0], m.ballots[:0]
	mask := uint32(len(t.table) - 1)
	for i := 0; i+shingle <= len(ws); i++ {
		if g := gram(ws[i : i+shingle]); !m.repeated(g, i) {
			m.spots = append(m.spots, spot{g, int32(i)})
			m.touched += t.table[g&mask].gram // what is far away is fetched together
		}
	}
	all := lg(len(t.units) + 64)
	var able [segments]uint8
	said, segs := 0, 0
	for k := range m.spots {
		var tells bool
		if said, tells = m.look(t, k, said, all); tells {
			seg := m.spots[k].at / segment
			if able[seg]++; able[seg] == 1 {
				segs++
			}
		}
	}
	for k := range m.votes {
		v := &m.votes[k]
		v.ballot = -1
		if v.bits >= textBits+all && v.bits >= t.units[v.unit].chance() {
			v.ballot = int32(len(m.ballots))
			m.ballots = append(m.ballots, ballot{})
		}
	}
	if len(m.ballots) == 0 {
		return nil
	}
	for _, h := range m.hits {
		if b := m.votes[h.vote].ballot; b >= 0 {
			m.ballots[b].bits[h.at/segment] += h.bits
			m.ballots[b].n[h.at/segment]++
		}
	}
	var out []match
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
		out = append(out, match{v.unit, float64(v.bits), float64(hits) / float64(segs), float64(shared) / float64(could), t.units[v.unit].ads})
	}
	slices.SortFunc(out, func(a, b match) int {
		return cmp.Or(cmp.Compare(b.whole*b.bits, a.whole*a.bits), cmp.Compare(a.unit, b.unit))
	})
	return out
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

// strangers notes what the text that was compared last shares with units that it is
// not of.
func (m *matcher) strangers(t *texts, own int32, all float32) {
	if m.turn%4 != 0 { // a sample will do
		return
	}
	for i := range m.votes {
		v := &m.votes[i]
		u := &t.units[v.unit]
		if v.unit == own || u.ads < 8 || t.parent[v.unit] != v.unit || v.bits > textBits+all && v.bits > u.chance() {
			continue
		}
		u.met = min(u.met+1, 500)
		a := 1 / float32(u.met)
		u.mean += a * (v.bits - u.mean)
		u.square += a * (v.bits*v.bits - u.square)
	}
}

// look lets the units vote that say a 3-gram, and returns how many are listed and
// whether it tells anything. Words that others, too, say one behind the other count
// less than words that only the text and the unit do.
func (m *matcher) look(t *texts, number, before int, all float32) (listed int, tells bool) {
	s := m.spots[number]
	mask := uint32(len(t.table) - 1)
	owners, both := 0, 0
	m.now = m.now[:0]
	for k := s.gram & mask; t.table[k].unit != 0; k = (k + 1) & mask {
		e := &t.table[k]
		if e.gram != s.gram {
			continue
		}
		if e.unit < 0 {
			if owners = int(-e.unit); all-lg(owners+1) < leastRare { // everybody says so
				return 0, false
			}
			continue
		}
		u := t.find(e.unit - 1)
		if m.at[u].turn != m.turn {
			m.at[u] = stamped{m.turn, int32(len(m.votes))}
			m.votes = append(m.votes, vote{unit: u, spot: -1, last: -shingle})
		}
		v := &m.votes[m.at[u].vote]
		if v.spot != int32(number) {
			v.spot, v.ads = int32(number), 0
			m.now = append(m.now, m.at[u].vote)
			if v.last == s.at-1 {
				both++
			}
		}
		v.ads += e.ads
	}
	rare := all - lg(max(owners, len(m.now))+1)
	if rare < leastRare {
		return len(m.now), false
	}
	for _, i := range m.now {
		v := &m.votes[i]
		ads := t.units[v.unit].ads
		w := rare + min(0, lg(int(v.ads))-lg(int(min(ads, unitAds+ads/4))+1))
		if w <= 0 {
			continue
		}
		switch s.at - v.last {
		case 1:
			w = min(w, follows(both-1, before-1, w/shingle))
		case 2:
			w *= 2.0 / shingle
		}
		v.last = s.at
		v.bits += w
		m.hits = append(m.hits, hit{i, s.at, w})
	}
	return len(m.now), true
}

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
	k := &m.said[g%uint32(len(m.said))]
	if k.round == m.round && k.gram == g {
		return true
	}
	*k = said{g, m.round}
	return false
}

type said struct{ gram, round uint32 }

// add puts a text into the unit that it belongs to, a new one if there is none.
func (t *texts) add(ws []uint32) (u int32, whole float64, part match) {
	u, whole = -1, 1
	for _, m := range t.own.matches(t, ws) {
		switch {
		case m.same():
			if u < 0 {
				u, whole = m.unit, m.whole
			} else {
				u = t.meet(u, m.unit)
			}
		case m.whole >= textPart && part.bits == 0:
			part = m
		}
	}
	if u < 0 {
		u = int32(len(t.units))
		t.parent, t.units = append(t.parent, u), append(t.units, unit{})
	}
	t.own.strangers(t, u, lg(len(t.units)+64))
	t.units[u].ads++
	t.learn(ws, u)
	return u, whole, part
}

// meet notes that one ad is of two units, and joins them if they are small or
// enough ads are of both: one ad may be made of two texts.
func (t *texts) meet(a, b int32) int32 {
	a, b = t.find(a), t.find(b)
	if a == b {
		return a
	}
	k := [2]int32{min(a, b), max(a, b)}
	t.met[k]++
	if small := min(t.units[a].ads, t.units[b].ads); small < 4 || int32(t.met[k]) >= 2+small/10 {
		return t.union(a, b)
	}
	return a
}

// learn notes what a text of a unit says.
func (t *texts) learn(ws []uint32, u int32) {
	if t.used+len(ws) > len(t.table)*7/10 {
		t.resize(2 * len(t.table))
	}
	for i := 0; i+shingle <= len(ws); i++ {
		t.say(gram(ws[i:i+shingle]), u, 1)
	}
	t.units[u].said++
}

// say notes that ads of a unit say a 3-gram.
func (t *texts) say(g uint32, u, ads int32) {
	mask := uint32(len(t.table) - 1)
	k := g & mask
	n, first, weak, count, least := 0, k, k, int32(-1), t.units[u].ads
	for ; t.table[k].unit != 0; k = (k + 1) & mask {
		e := &t.table[k]
		if e.gram != g {
			continue
		}
		if e.unit < 0 {
			count = int32(k)
			continue
		}
		v := t.find(e.unit - 1)
		if v == u {
			e.ads += ads
			return
		}
		if n == 0 {
			first = k
		}
		n++
		if t.units[v].ads < least {
			weak, least = k, t.units[v].ads
		}
	}
	switch {
	case n < crowded:
		t.table[k] = entry{g, u + 1, ads}
		t.used++
		return
	case count < 0: // the count stands before those it counts
		t.table[k] = t.table[first]
		t.table[first] = entry{g, -crowded, 0}
		t.used++
		if weak == first {
			weak = k
		}
		count = int32(first)
	}
	if t.units[u].said == 0 { // its edits do not make it many
		t.table[count].unit--
	}
	if least < t.units[u].ads { // the place is for the unit that says it most
		t.table[weak] = entry{g, u + 1, ads}
	}
}

// resize makes room, and makes one of the entries of units that have become one.
func (t *texts) resize(size int) {
	old := t.table
	t.table, t.used = make([]entry, size), 0
	start := 0 // behind an empty place, to keep the order of entries of one 3-gram
	for old[start].unit != 0 {
		start++
	}
	for i := range old {
		e := old[(start+i)&(len(old)-1)]
		if e.unit == 0 {
			continue
		}
		if e.unit > 0 {
			e.unit = t.find(e.unit-1) + 1
		}
		mask := uint32(size - 1)
		k := e.gram & mask
		for t.table[k].unit != 0 && (t.table[k].gram != e.gram || t.table[k].unit != e.unit) {
			k = (k + 1) & mask
		}
		if t.table[k].unit == 0 {
			t.table[k] = e
			t.used++
		} else {
			t.table[k].ads += e.ads
		}
	}
}

// alike is the evidence, in bits, that two texts have in common, and in what
// share of the shorter one's segments they have some.
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
	for i := 0; i+shingle <= len(b); i++ {
		if i%segment == 0 {
			segs++
		}
		g := gram(b[i : i+shingle])
		k := &m.said[g%uint32(len(m.said))]
		if k.round != round || k.gram != g {
			continue
		}
		k.round = 0 // once
		w := all - lg(t.owners(g)+1)
		if w < 2 {
			continue
		}
		bits += w * float32(min(i-last, shingle)) / shingle
		last = i
		if i/segment != hit {
			hit = i / segment
			hits++
		}
	}
	return bits, float64(hits) / float64(max(segs, 1))
}

// owners counts the units that say a 3-gram.
func (t *texts) owners(g uint32) int {
	n, mask := 0, uint32(len(t.table)-1)
	for k := g & mask; t.table[k].unit != 0; k = (k + 1) & mask {
		if e := t.table[k]; e.gram == g && e.unit < 0 {
			return int(-e.unit)
		} else if e.gram == g {
			n++
		}
	}
	return n
}
