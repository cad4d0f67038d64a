package weigh

import (
	"cmp"
	"math"
	"slices"
)

// owners joins texts through the values that their ads give. How much a value
// says depends on how many owners use it in one period, which in turn depends on
// what is joined already: so joining goes in rounds, the surest first, and what
// looks like a relay at first and turns out to be one group's number counts in
// a later round.
type owners struct {
	l         *Linker
	texts     *texts
	alike     map[pair]pair // texts alike enough for two that share a value, and the ads that say so
	order     []int32
	parent    []int32
	size      []int32
	periods   []period
	rivals    []pair // owners of one text that contradict each other
	contested []bool // has rivals
	parts     []part // texts that have a part in common
	bonds     []bond // what joined texts that edits took apart
	usual     usual
}

// A period is a time in which a value was given without a long silence.
type period struct {
	value int32
	kind  kind
	total int32 // periods of the value, in all
	ads   []int32
}

type part struct {
	ad    int32
	match match
}

const silence = 120 // days after which a value is taken to have changed hands

func newOwners(l *Linker, order []int32) *owners {
	o := &owners{l: l, order: order, alike: map[pair]pair{}}
	o.compareTexts()
	t := o.texts
	o.parent, o.size = make([]int32, len(t.units)), make([]int32, len(t.units))
	for i := range o.parent {
		o.parent[i] = t.find(int32(i))
	}
	for i := range l.ads {
		l.ads[i].unit = t.find(l.ads[i].unit)
		o.size[l.ads[i].unit]++
	}
	o.findPeriods()
	o.split()
	o.compare()
	o.contested = make([]bool, len(o.parent))
	for _, r := range o.rivals {
		o.contested[r.a], o.contested[r.b] = true, true
	}
	return o
}

// compareTexts says of which unit each ad's text is.
func (o *owners) compareTexts() {
	n, text := len(o.order), func(k int) []uint32 { return o.l.textOf(o.order[k]) }
	for o.l.Share != nil {
		s := o.l.Share(n)
		if s == nil {
			break
		}
		var err error
		if o.texts, err = shareTexts(s, n, text, o.placed); err == nil {
			return
		}
		o.parts = nil
	}
	o.texts = newTexts(n)
	o.texts.addAll(n, text, o.placed)
}

// placed notes where the text of an ad was placed, by its number in order.
func (o *owners) placed(k int, p placed) {
	l, i := o.l, o.order[k]
	l.ads[i].unit, l.ads[i].whole = p.unit, p.whole
	if l.Progress != nil && k%4096 == 4095 {
		l.Progress(k + 1)
	}
	if p.part.bits > 0 {
		o.parts = append(o.parts, part{i, p.part})
	}
}

func (o *owners) find(u int32) int32 {
	for o.parent[u] != u {
		o.parent[u] = o.parent[o.parent[u]]
		u = o.parent[u]
	}
	return u
}

func (o *owners) union(a, b int32) {
	a, b = o.find(a), o.find(b)
	if a == b {
		return
	}
	if b < a {
		a, b = b, a
	}
	o.parent[b] = a
	o.size[a] += o.size[b]
	o.contested[a] = o.contested[a] || o.contested[b]
}

func (o *owners) findPeriods() {
	l := o.l
	carriers := make([][]int32, len(l.value))
	pics := newPictures()
	type shot struct{ ad, pic int32 }
	var shots []shot
	for _, i := range o.order {
		for _, v := range l.ads[i].values {
			carriers[v] = append(carriers[v], i)
		}
		for _, h := range l.ads[i].images {
			if p := pics.add(h); p >= 0 {
				shots = append(shots, shot{i, p})
			}
		}
	}
	shown := make([][]int32, len(pics.hashes))
	for _, s := range shots {
		p := pics.find(s.pic)
		if n := len(shown[p]); n == 0 || shown[p][n-1] != s.ad {
			shown[p] = append(shown[p], s.ad)
		}
	}
	for v, ads := range carriers {
		o.cut(int32(v), l.value[v].kind, ads)
	}
	for p, ads := range shown {
		o.cut(int32(len(l.value)+p), picture, ads)
	}
}

func (o *owners) cut(v int32, k kind, ads []int32) {
	if len(ads) < 2 {
		return
	}
	first, from := len(o.periods), 0
	for i := 1; i <= len(ads); i++ {
		if i == len(ads) || o.l.ads[ads[i]].day-o.l.ads[ads[i-1]].day > silence {
			o.periods = append(o.periods, period{value: v, kind: k, ads: ads[from:i]})
			from = i
		}
	}
	for i := range o.periods[first:] {
		o.periods[first+i].total = int32(len(o.periods) - first)
	}
}

// A tie is what speaks for joining two owners.
type tie struct {
	a, b         int32
	sizeA, sizeB int32   // ads of both when they were weighed
	weight       float64 // of values with few owners
	net          float64 // of all, less what chance gives
	values       int
	ads          int     // on the thinner side
	given        int     // of these, that give the contact that most give
	contacts     int     // in common that hardly anybody else gives
	own          int     // as given, of these contacts alone
	shared       float64 // of the weight, what comes from values with many owners
	rivals       bool    // they write one text and contradict each other
	alike        bool    // they have texts that are alike
	part         bool    // they have a part of a text in common
}

const (
	enough = 1.0 // for a tie to join
	rounds = 24
)

func (o *owners) solve() {
	changed := map[int32]bool{}
	for range rounds {
		clear(changed)
		for _, t := range o.ties() {
			if t.net < enough {
				break
			}
			a, b := o.find(t.a), o.find(t.b)
			if a == b || (changed[a] || changed[b]) && (o.risky(t, a, b) || o.net(&t, a, b) < enough) {
				continue
			}
			o.union(a, b)
			changed[o.find(a)] = true
		}
		if len(changed) == 0 {
			break
		}
	}
}

// risky reports whether joining two owners must wait until what speaks against it
// is weighed anew: one of them has rivals, and has grown much since.
func (o *owners) risky(t tie, a, b int32) bool {
	if !o.contested[a] && !o.contested[b] || min(o.size[a], o.size[b]) <= 3 && !(o.contested[a] && o.contested[b]) {
		return false
	}
	return 10*o.size[a] > 12*t.sizeA || 10*o.size[b] > 12*t.sizeB

}

const (
	alikeBits  = 16
	alikeWhole = 0.4
	neighbours = 6 // carriers of a value that an ad is compared with
)

// compare looks at the texts of ads that share a value which would say little
// else. What is too little to join two of all texts is enough to join two of the
// few that share a value.
func (o *owners) compare() {
	done := map[pair]bool{}
	for _, p := range o.periods {
		if len(p.ads) < 3 || p.kind == picture && len(p.ads) > 40 {
			continue
		}
		var before []int32
		for _, i := range p.ads {
			u := o.l.ads[i].unit
			for _, j := range before {
				v := o.l.ads[j].unit
				k := pair{min(u, v), max(u, v)}
				if u == v || done[k] {
					continue
				}
				done[k] = true
				if bits, whole := o.texts.own.alike(o.texts, o.l.textOf(i), o.l.textOf(j)); bits >= alikeBits+lg(len(p.ads)) && whole >= alikeWhole {
					o.alike[k] = pair{j, i}
				}
			}
			if len(before) == neighbours {
				before = before[1:]
			}
			before = append(before, i)
		}
	}
}

type side struct {
	owner int32
	ads   int
}

// sides counts the ads of a period by owner.
func (o *owners) sides(p period, out []side) []side {
	out = out[:0]
	for _, i := range p.ads {
		u := o.find(o.l.ads[i].unit)
		k := slices.IndexFunc(out, func(s side) bool { return s.owner == u })
		if k < 0 {
			k = len(out)
			out = append(out, side{owner: u})
		}
		out[k].ads++
		if len(out) > 40 {
			break
		}
	}
	return out
}

// users estimates how many use a value: between the number of owners and the
// effective number of them, which counts those with one ad of many less.
func (o *owners) users(p period, sides []side, owned map[int32]int) float64 {
	var sum, squares float64
	for _, s := range sides {
		sum += float64(s.ads)
		squares += float64(s.ads * s.ads)
	}
	n := o.single(p, len(sides), math.Sqrt(sum*sum/squares*float64(len(sides))))
	if all := owned[p.value] - int(p.total) + 1; all > len(sides) {
		n = max(n, float64(all))
	}
	return n
}

type pair struct{ a, b int32 }

func (o *owners) ties() []tie {
	at := map[pair]int{}
	var out []tie
	note := func(a, b int32) *tie {
		if b < a {
			a, b = b, a
		}
		k, ok := at[pair{a, b}]
		if !ok {
			k = len(out)
			at[pair{a, b}] = k
			out = append(out, tie{a: a, b: b, sizeA: o.size[a], sizeB: o.size[b]})
		}
		return &out[k]
	}
	owned := o.owned()
	var sides []side
	for _, p := range o.periods {
		sides = o.sides(p, sides)
		k := len(sides)
		if k < 2 {
			continue
		}
		eff := o.users(p, sides, owned)
		w := o.worth(p, eff)
		if w == 0 {
			continue
		}
		for i := range sides {
			for j := range i {
				if k > 8 && i-j > 3 {
					continue
				}
				t := note(sides[i].owner, sides[j].owner)
				n := min(sides[i].ads, sides[j].ads)
				if eff > 3.3 && k > 3 {
					t.shared += w
				} else {
					t.weight += w
					if p.kind != picture && eff <= 3.3 { // few owners in this period may be many in all
						t.contacts++
						t.own = max(t.own, n)
					}
				}
				t.values++
				t.ads += n
				if p.kind != picture {
					t.given = max(t.given, n)
				}
			}
		}
	}
	for _, p := range o.parts {
		a, b := o.find(o.l.ads[p.ad].unit), o.find(p.match.unit)
		if a == b {
			continue
		}
		if k, ok := at[pair{min(a, b), max(a, b)}]; ok {
			out[k].part = true
		}
	}
	for k := range o.alike {
		a, b := o.find(k.a), o.find(k.b)
		if i, ok := at[pair{min(a, b), max(a, b)}]; ok && a != b {
			out[i].alike = true
		}
	}
	for _, r := range o.rivals {
		a, b := o.find(r.a), o.find(r.b)
		if k, ok := at[pair{min(a, b), max(a, b)}]; ok {
			out[k].rivals = true
		}
	}
	for i := range out {
		out[i].net = o.net(&out[i], out[i].a, out[i].b)
	}
	slices.SortFunc(out, func(x, y tie) int {
		return cmp.Or(cmp.Compare(y.net, x.net), cmp.Compare(x.a, y.a), cmp.Compare(x.b, y.b))
	})
	return out
}

// owned counts the owners of values over all their periods.
func (o *owners) owned() map[int32]int {
	out := map[int32]int{}
	seen := map[int32]bool{}
	for i, p := range o.periods {
		if i == 0 || o.periods[i-1].value != p.value {
			clear(seen)
		}
		if p.total == 1 {
			continue
		}
		for _, a := range p.ads {
			seen[o.find(o.l.ads[a].unit)] = true
		}
		out[p.value] = len(seen)
	}
	return out
}

// worth is what it says that k owners gave a value.
func (o *owners) worth(p period, k float64) float64 {
	var w float64
	switch {
	case k <= 2.01:
		w = 1.1
	case k <= 3.3:
		w = 1.0
	case k <= 4.5:
		w = 0.6
	case k <= 6.5:
		w = 0.5
	case k <= 12:
		w = 0.25
	case k <= 40:
		w = 0.1
	}
	if p.kind == picture {
		w *= 0.7
	}
	return w
}

// net weighs a tie against what chance gives: the larger both owners are, the
// more they share of relays and stock pictures, and the more they would share of
// their own if they were one. A contact that many ads of the smaller give is no chance;
// pictures are stock.
func (o *owners) net(t *tie, a, b int32) float64 {
	small := float64(min(o.size[a], o.size[b]))
	strays := max(0, small-max(1, float64(t.given))) // ads of the smaller that do not give what both do
	w := t.weight + min(t.shared, 0.5)/(1+small/8) - min(5, strays*0.08) - max(0, strays-63)*0.02
	if t.rivals { // each contact that the two alone give speaks against it: they were held to have none in common
		n := float64(t.contacts)
		if t.contacts > 0 && 2*float64(t.own) >= small {
			n++
		}
		w -= max(0, 4-2*n)
	}
	switch {
	case t.alike && (t.weight > 0 || t.given > 0): // else they share a stock picture and words of the trade
		w += 0.9
	case t.part || t.alike:
		w += 0.4
	}
	if small >= 8 && t.values < 2 && t.ads < 2 {
		w -= 0.5
	}
	return w
}
