package weigh

// Texts groups ads by what their posters wrote. A unit is a text and what became
// of it: ads that share rare word 3-grams all over their length. An ad is
// compared with all that a unit's ads ever said, so that edits of one ad do not
// hide the text and a text may drift; where it agrees in one part alone it has
// taken that part, and is not of the unit.
type texts struct {
	said     [shards]shard
	units    []unit
	parent   []int32 // of each unit: the one that it has become
	added    int
	met      map[[2]int32]int // ads that are of two units
	own      *matcher
	matchers chan *matcher // that are free

	joined func(a, b int32) // is told of units that become one; nil when nobody asks
}

type unit struct {
	ads    int32
	met    int32 // texts of others that shared something with it
	mean   float32
	square float32 // of the bits that they shared
}

// newTexts makes room for what about n texts say.
func newTexts(n int) *texts {
	t := &texts{met: map[[2]int32]int{}, own: newMatcher()}
	size := 64
	for size < n/shards { // it grows further
		size *= 2
	}
	for i := range t.said {
		t.said[i].cells = make([]cell, size)
	}
	t.matchers = make(chan *matcher, workers())
	for range cap(t.matchers) {
		t.matchers <- newMatcher()
	}
	return t
}

func (t *texts) find(u int32) int32 {
	for t.parent[u] != u {
		t.parent[u] = t.parent[t.parent[u]]
		u = t.parent[u]
	}
	return u
}

// root is find for those who work beside others.
func (t *texts) root(u int32) int32 {
	for t.parent[u] != u {
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
	if t.joined != nil {
		t.joined(a, b)
	}
	return a
}

// A placed text is of a unit.
type placed struct {
	unit  int32
	whole float32 // how much of it was known of the unit before
	part  match   // another unit that it has a part of, if any
}

// A drawn text is what a matcher found out, until it is placed.
type drawn struct {
	spots   []spot
	matches []match
	beside  []meeting
	own     int32 // the unit that it was placed in, less than 0 when it is a new one
}

const mostTogether = 256

// together is how many texts are compared beside each other, after so many.
func together(before int) int { return min(mostTogether, 1+before/16) }

// asks reports whether of this text it is noted what it shares with strangers: a
// sample will do.
func asks(k int) bool { return k%16 == 0 || k < 1<<13 && k%4 == 0 }

// addAll places texts, in order. Those that follow each other are compared with what
// was said before them beside each other; a new text is compared once more if
// others that are new say what it says.
func (t *texts) addAll(n int, text func(int) []uint32, take func(int, placed)) {
	var batch [mostTogether]drawn
	for from := 0; from < n; {
		to := min(n, from+together(from))
		beside(to-from, func() (func(int), func()) {
			m := <-t.matchers
			return func(k int) { m.draw(t, text(from+k), &batch[k], asks(from+k)) }, func() { t.matchers <- m }
		})
		fresh := int32(len(t.units))
		for k := range batch[:to-from] {
			d := &batch[k]
			p := t.place(d)
			if p.unit < 0 && t.follows(d.spots, fresh) {
				t.own.draw(t, text(from+k), d, asks(from+k))
				p = t.place(d)
			}
			take(from+k, t.settle(d, p))
		}
		parts := min(shards, to-from)
		beside(parts, func() (func(int), func()) {
			return func(k int) { t.learn(batch[:to-from], uint32(k), uint32(parts)) }, nil
		})
		from = to
	}
}

// add places one text, and learns it. It gives the unit, how much of the text was known
// of it, and another one that it has a part of.
func (t *texts) add(ws []uint32) (int32, float64, match) {
	var d drawn
	t.own.draw(t, ws, &d, asks(t.added))
	p := t.settle(&d, t.place(&d))
	t.learn([]drawn{d}, 0, 1)
	return p.unit, float64(p.whole), p.part
}

// settle makes a text one of its unit. What a new unit says is learned at once.
func (t *texts) settle(d *drawn, p placed) placed {
	if p = t.enter(d, p); d.own < 0 {
		for _, s := range d.spots {
			t.said[shardOf(s.gram)].say(t, s.gram, p.unit, true)
		}
	}
	return p
}

// enter counts a text to its unit, or to a new one.
func (t *texts) enter(d *drawn, p placed) placed {
	d.own = p.unit
	if p.unit < 0 {
		p.unit = int32(len(t.units))
		t.parent, t.units = append(t.parent, p.unit), append(t.units, unit{})
	}
	t.strangers(d.beside, p.unit)
	t.added++
	t.units[p.unit].ads++
	return p
}

// learn notes what texts of known units say, as far as it is of one in so many shards.
func (t *texts) learn(batch []drawn, part, of uint32) {
	for k := range batch {
		d := &batch[k]
		if d.own < 0 {
			continue
		}
		u := t.root(d.own)
		for _, s := range d.spots {
			if x := shardOf(s.gram); x%of == part {
				t.said[x].say(t, s.gram, u, false)
			}
		}
	}
}

// place finds the unit of a text, less than 0 if there is none.
func (t *texts) place(d *drawn) placed {
	p := placed{unit: -1, whole: 1}
	for _, m := range d.matches {
		switch {
		case m.same():
			if u := t.find(m.unit); p.unit < 0 {
				p.unit, p.whole = u, float32(m.whole)
			} else {
				p.unit = t.meet(p.unit, u)
			}
		case m.whole >= textPart && p.part.bits == 0:
			p.part = m
		}
	}
	return p
}

// follows reports whether units from one on may say what a text says.
func (t *texts) follows(spots []spot, fresh int32) bool {
	if fresh == int32(len(t.units)) {
		return false
	}
	need := textBits + lg(len(t.units)+64)
	last := int32(-shingle)
	for _, s := range spots {
		if s.rare < leastRare {
			continue
		}
		x := &t.said[shardOf(s.gram)]
		c := x.cells[x.find(s.gram)]
		if c.unit == 0 || c.unit > 0 && c.unit <= fresh || c.unit < 0 && x.lists[-c.unit-2+c.listed()].unit < fresh {
			continue
		}
		if need -= s.rare * float32(min(s.at-last, shingle)) / shingle; need <= 0 {
			return true
		}
		last = s.at
	}
	return false
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

// strangers notes what a text shares with units that it is not of.
func (t *texts) strangers(met []meeting, own int32) {
	for _, s := range met {
		if s.unit == own || t.parent[s.unit] != s.unit {
			continue
		}
		u := &t.units[s.unit]
		u.met = min(u.met+1, 500)
		a := 1 / float32(u.met)
		u.mean += a * (s.bits - u.mean)
		u.square += a * (s.bits*s.bits - u.square)
	}
}
