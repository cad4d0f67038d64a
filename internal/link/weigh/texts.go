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
)

type texts struct {
	table []entry
	ads   []uint8 // of the unit that say it, beside table; 255 and more
	used  int
	units []unit
	crowd map[uint32]int32 // units that say a 3-gram, where there are too many to list
	met   map[[2]int32]int // ads that are of two units
	own   matcher
}

// A matcher compares texts with units. Several may work beside each other as long
// as nothing is learned.
type matcher struct {
	votes []vote
	at    []stamped // of a unit: its vote
	turn  uint32
	seen  []said
	said  [1024]said
	round uint32
}

type stamped struct {
	turn uint32
	vote int32
}

type entry struct {
	gram uint32
	unit int32 // 0 empty, else unit+1
}

type unit struct {
	parent int32
	ads    int32
}

type vote struct {
	unit int32
	last int32 // where the last shared gram stood
	bits float32
	seg  [segments]float32
	n    [segments]uint8 // shared grams
}

func newTexts(n int) *texts {
	t := &texts{crowd: map[uint32]int32{}, met: map[[2]int32]int{}}
	size := 1 << 12
	for size < n*64 {
		size *= 2
	}
	t.table, t.ads = make([]entry, size), make([]uint8, size)
	return t
}

// root is find without shortening the way, for those who read beside each other.
func (t *texts) root(u int32) int32 {
	for t.units[u].parent != u {
		u = t.units[u].parent
	}
	return u
}

func (t *texts) find(u int32) int32 {
	for t.units[u].parent != u {
		t.units[u].parent = t.units[t.units[u].parent].parent
		u = t.units[u].parent
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
	t.units[b].parent = a
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
// but is a unit that does not count.
func (m *matcher) matches(t *texts, ws []uint32, but int32) []match {
	m.votes = m.votes[:0]
	m.turn++
	for len(m.at) < len(t.units) {
		m.at = append(m.at, stamped{})
	}
	all := lg(len(t.units) + 64)
	var able [segments]uint8
	n := 0
	for i := 0; i+shingle <= len(ws); i++ {
		g := gram(ws[i : i+shingle])
		if m.repeated(g, i) {
			continue
		}
		seg := i / segment
		m.seen = m.seen[:0]
		listed := 0
		for k := int(g) & (len(t.table) - 1); t.table[k].unit != 0; k = (k + 1) & (len(t.table) - 1) {
			if t.table[k].gram != g {
				continue
			}
			listed++
			u := t.root(t.table[k].unit - 1)
			if u == but {
				continue
			}
			at := slices.IndexFunc(m.seen, func(x said) bool { return int32(x.gram) == u })
			if at < 0 {
				at = len(m.seen)
				m.seen = append(m.seen, said{gram: uint32(u)})
			}
			m.seen[at].round += uint32(t.ads[k])
		}
		owners := len(m.seen)
		if listed >= crowded {
			owners = max(owners, int(t.crowd[g]))
		}
		rare := all - lg(owners+1)
		if rare < 3 { // everybody says so
			continue
		}
		if able[seg] == 0 {
			n++
		}
		able[seg]++
		for _, x := range m.seen {
			u := int32(x.gram)
			w := rare + min(0, lg(int(x.round))-lg(int(min(t.units[u].ads, unitAds+t.units[u].ads/4))+1))
			if w <= 0 {
				continue
			}
			if m.at[u].turn != m.turn {
				m.at[u] = stamped{m.turn, int32(len(m.votes))}
				m.votes = append(m.votes, vote{unit: u, last: -shingle})
			}
			v := &m.votes[m.at[u].vote]
			add := w * float32(min(int32(i)-v.last, shingle)) / shingle
			v.last = int32(i)
			v.bits += add
			v.seg[seg] += add
			v.n[seg]++
		}
	}
	var out []match
	for k := range m.votes {
		v := &m.votes[k]
		if v.bits < textBits+all {
			continue
		}
		hits, shared, could := 0, 0, 0
		for i, b := range v.seg {
			if b >= segmentBits {
				hits++
				shared += int(v.n[i])
				could += int(able[i])
			}
		}
		if hits < 3 && (hits < 2 || v.bits < 60) {
			continue
		}
		out = append(out, match{v.unit, float64(v.bits), float64(hits) / float64(n), float64(shared) / float64(could), t.units[v.unit].ads})
	}
	slices.SortFunc(out, func(a, b match) int {
		return cmp.Or(cmp.Compare(b.whole*b.bits, a.whole*a.bits), cmp.Compare(a.unit, b.unit))
	})
	return out
}

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

// rebuild learns all texts anew, by the units that they belong to now.
func (t *texts) rebuild(all func(yield func([]uint32, int32) bool)) {
	clear(t.table)
	clear(t.ads)
	clear(t.crowd)
	t.used = 0
	for ws, u := range all {
		t.learn(ws, t.find(u))
	}
}

// add puts a text into the unit that it belongs to, a new one if there is none.
func (t *texts) add(ws []uint32) (u int32, whole float64, part match) {
	u, whole = -1, 1
	for _, m := range t.own.matches(t, ws, -1) {
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
		t.units = append(t.units, unit{parent: u})
	}
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
		t.grow()
	}
next:
	for i := 0; i+shingle <= len(ws); i++ {
		g := gram(ws[i : i+shingle])
		k := int(g) & (len(t.table) - 1)
		n, weak, least := 0, 0, t.units[u].ads
		for ; t.table[k].unit != 0; k = (k + 1) & (len(t.table) - 1) {
			if t.table[k].gram != g {
				continue
			}
			if t.find(t.table[k].unit-1) == u {
				t.ads[k] = min(t.ads[k], 254) + 1
				continue next
			}
			n++
			if v := t.units[t.find(t.table[k].unit-1)].ads; v < least {
				weak, least = k, v
			}
		}
		if n >= crowded {
			if least < t.units[u].ads { // the place is for the unit that says it most
				t.table[weak], t.ads[weak] = entry{g, u + 1}, 1
			}
			t.crowd[g] = max(t.crowd[g], crowded) + 1
			continue
		}
		t.table[k], t.ads[k] = entry{g, u + 1}, 1
		t.used++
	}
}

func (t *texts) grow() {
	old := t.table
	oldAds := t.ads
	t.table, t.ads = make([]entry, 2*len(old)), make([]uint8, 2*len(old))
	// Keep the order of entries of one gram: start behind an empty place.
	start := 0
	for old[start].unit != 0 {
		start++
	}
	for i := range old {
		from := (start + i) & (len(old) - 1)
		e := old[from]
		if e.unit == 0 {
			continue
		}
		k := int(e.gram) & (len(t.table) - 1)
		for t.table[k].unit != 0 {
			k = (k + 1) & (len(t.table) - 1)
		}
		t.table[k], t.ads[k] = e, oldAds[from]
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
	n := 0
	for k := int(g) & (len(t.table) - 1); t.table[k].unit != 0; k = (k + 1) & (len(t.table) - 1) {
		if t.table[k].gram == g {
			n++
		}
	}
	return max(n, int(t.crowd[g]))
}
