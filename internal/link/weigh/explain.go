package weigh

import (
	"cmp"
	"container/heap"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"vigil.example/internal/ad"
)

// An Edge is one reason why two ads are in one cluster.
type Edge struct {
	A      string  `json:"a"` // ids
	B      string  `json:"b"`
	Kind   string  `json:"kind"`            // phone, email, handle, picture or text
	Value  string  `json:"value,omitempty"` // of a contact
	Weight float64 `json:"weight"`          // bits of evidence; a value that all posters use has none
	Alone  bool    `json:"alone"`           // without it the two ads that were asked for would not hang together
	Reason string  `json:"reason"`
}

// A Held is a value that two ads share and that joins nothing, because too many
// posters use it.
type Held struct {
	Kind   string `json:"kind"`
	Value  string `json:"value"`
	Owners int    `json:"owners"`
}

// Explain gives the strongest path of reasons between two ads of one cluster. Of
// ads in different clusters it gives none. Values that both give and that are
// held back as hubs are listed in any case.
func (p *Partition) Explain(a, b string) (path []Edge, held []Held, err error) {
	at := [2]int32{-1, -1}
	for i := range p.o.l.ads {
		switch p.o.l.ads[i].id {
		case a:
			at[0] = int32(i)
		case b:
			at[1] = int32(i)
		}
	}
	if a == b {
		at[1] = at[0]
	}
	for k, id := range []string{a, b} {
		if at[k] < 0 {
			return nil, nil, fmt.Errorf("explain ad %s: %w in the file", id, ad.ErrNotFound)
		}
	}
	g := p.graph(at[0], at[1])
	if p.Clusters[at[0]] != p.Clusters[at[1]] || at[0] == at[1] {
		return nil, g.held, nil
	}
	for _, s := range g.path(at[0], at[1], -1) {
		e := g.edge(s)
		e.Alone = len(g.path(at[0], at[1], s.tie)) == 0
		path = append(path, e)
	}
	return path, g.held, nil
}

// A tying is what several ads of a cluster have in common.
type tying struct {
	period *period // nil for a text
	bond   bool    // an edited text
	ads    []int32
	weight float64
	owners int
}

type reasons struct {
	p    *Partition
	all  int // clusters
	ties []tying
	of   map[int32][]int // ties of an ad
	held []Held
}

// graph gathers what the ads of the cluster of a have in common.
func (p *Partition) graph(a, b int32) *reasons {
	o := p.o
	g := &reasons{p: p, of: map[int32][]int{}}
	seen := map[int]bool{}
	for _, c := range p.Clusters {
		seen[c] = true
	}
	g.all = len(seen)
	owned := o.owned()
	texts := map[int32][]int32{}
	for i := range o.l.ads {
		if p.Clusters[i] == p.Clusters[a] {
			u := o.l.ads[i].unit
			texts[u] = append(texts[u], int32(i))
		}
	}
	for i := range o.periods {
		q := &o.periods[i]
		sides := o.sides(*q, nil)
		var ads []int32
		for _, x := range q.ads {
			if p.Clusters[x] == p.Clusters[a] {
				ads = append(ads, x)
			}
		}
		n := max(len(sides), owned[q.value])
		if slices.Contains(q.ads, a) && slices.Contains(q.ads, b) && o.worth(*q, o.users(*q, sides, owned)) < 0.5 {
			g.held = append(g.held, Held{q.kind.String(), q.name(o.l), n})
		}
		if len(ads) > 1 && o.worth(*q, o.users(*q, sides, owned)) > 0 {
			g.add(tying{period: q, ads: ads, owners: n, weight: math.Log2(float64(g.all+1)/float64(n)) + 1})
		}
	}
	for _, u := range slices.Sorted(maps.Keys(texts)) {
		if len(texts[u]) > 1 {
			g.add(tying{ads: texts[u], weight: 30})
		}
	}
	for _, b := range o.bonds {
		if p.Clusters[b.a] == p.Clusters[a] && p.Clusters[b.b] == p.Clusters[a] {
			g.add(tying{ads: []int32{b.a, b.b}, bond: true, weight: float64(b.bits) / pairReach}) // a word stands in several pairs
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(o.alike), comparePairs) {
		two := o.alike[k]
		if p.Clusters[two.a] == p.Clusters[a] && o.find(k.a) == o.find(k.b) {
			g.add(tying{ads: []int32{two.a, two.b}, weight: 15})
		}
	}
	for _, q := range o.parts {
		if first, ok := texts[q.match.unit]; ok && p.Clusters[q.ad] == p.Clusters[a] && o.l.ads[q.ad].unit != q.match.unit {
			g.add(tying{ads: []int32{q.ad, first[0]}, weight: 5})
		}
	}
	return g
}

func comparePairs(x, y pair) int { return cmp.Or(cmp.Compare(x.a, y.a), cmp.Compare(x.b, y.b)) }

func (g *reasons) add(t tying) {
	for _, i := range t.ads {
		g.of[i] = append(g.of[i], len(g.ties))
	}
	g.ties = append(g.ties, t)
}

// A step goes from one ad to another by what they share.
type step struct {
	from, to int32
	tie      int
}

// A Tie is something that several ads have in common, by the numbers of a caller.
type Tie struct {
	Ads    []int32
	Weight float64 // bits
}

// A Step goes from one ad to another by what they have in common.
type Step struct {
	From, To int32
	Tie      int
}

// Path is a way from one ad to another whose weakest step is as strong as that of any
// way, with the most evidence at every step and few steps; nil where there is none. It
// takes little more time than in proportion to what ties hold.
func Path(ties []Tie, a, b int32) (out []Step) {
	g := &reasons{of: map[int32][]int{}}
	for _, t := range ties {
		g.add(tying{ads: t.Ads, weight: t.Weight})
	}
	for _, s := range g.path(a, b, -1) {
		out = append(out, Step{s.from, s.to, s.tie})
	}
	return out
}

// weakest is the weight of the weakest step of the way between two ads of which that
// has most, without the tie that is named.
func (g *reasons) weakest(a, b int32, without int) float64 {
	order := make([]int, 0, len(g.ties))
	for k := range g.ties {
		if k != without {
			order = append(order, k)
		}
	}
	slices.SortFunc(order, func(x, y int) int { return cmp.Compare(g.ties[y].weight, g.ties[x].weight) })
	above := map[int32]int32{}
	find := func(i int32) int32 {
		for above[i] != 0 {
			if up := above[above[i]-1]; up != 0 {
				above[i] = up
			}
			i = above[i] - 1
		}
		return i
	}
	for _, k := range order {
		for _, i := range g.ties[k].ads {
			if x, y := find(i), find(g.ties[k].ads[0]); x != y {
				above[x] = y + 1
			}
		}
		if find(a) == find(b) {
			return g.ties[k].weight
		}
	}
	return 0
}

type front struct {
	cost float64
	step
}

type frontier []front

func (f frontier) Len() int { return len(f) }
func (f frontier) Less(i, j int) bool {
	if f[i].cost != f[j].cost {
		return f[i].cost < f[j].cost
	}
	return f[i].to < f[j].to || f[i].to == f[j].to && f[i].tie < f[j].tie
}
func (f frontier) Swap(i, j int) { f[i], f[j] = f[j], f[i] }
func (f *frontier) Push(x any)   { *f = append(*f, x.(front)) }
func (f *frontier) Pop() any {
	x := (*f)[len(*f)-1]
	*f = (*f)[:len(*f)-1]
	return x
}

// path is the way whose weakest step is as strong as that of any, with the most
// evidence at every step and few steps, without the tie that is named.
func (g *reasons) path(a, b int32, without int) []step {
	least := g.weakest(a, b, without)
	came := map[int32]step{}
	used := map[int]bool{without: true}
	todo := frontier{{0, step{a, a, -1}}}
	for len(todo) > 0 {
		f := heap.Pop(&todo).(front)
		if _, ok := came[f.to]; ok {
			continue
		}
		came[f.to] = f.step
		if f.to == b {
			break
		}
		for _, k := range g.of[f.to] {
			if used[k] || g.ties[k].weight < least {
				continue
			}
			used[k] = true // whoever comes first to what is shared comes cheapest to all who share it
			for _, i := range g.ties[k].ads {
				if i != f.to {
					heap.Push(&todo, front{f.cost + 0.02 + 1/max(g.ties[k].weight, 0.1), step{f.to, i, k}})
				}
			}
		}
	}
	var out []step
	for i := b; i != a; i = came[i].from {
		s, ok := came[i]
		if !ok {
			return nil
		}
		out = append(out, s)
	}
	slices.Reverse(out)
	return out
}

func (g *reasons) edge(s step) Edge {
	l := g.p.o.l
	t := g.ties[s.tie]
	e := Edge{A: l.ads[s.from].id, B: l.ads[s.to].id}
	if t.period != nil {
		e.Kind, e.Value, e.Weight = t.period.kind.String(), t.period.name(l), t.weight-1
		e.Reason = fmt.Sprintf("both give %s, which %s", spoken(e.Value), use(t.owners, g.all))
		if t.period.kind == picture {
			e.Reason = fmt.Sprintf("both show one picture, which %s", use(t.owners, g.all))
		}
		return e
	}
	if t.bond {
		e.Kind, e.Weight = "text", t.weight
		e.Reason = "one text, edited heavily: words that stand close to each other in this poster's ads and hardly ever in others'"
		return e
	}
	bits, whole := g.p.o.texts.own.alike(g.p.o.texts, l.textOf(s.from), l.textOf(s.to))
	e.Kind, e.Weight = "text", float64(bits)
	e.Reason = fmt.Sprintf("rare words in common in %.0f%% of the text, without the site's own", 100*whole)
	if len(t.ads) > 2 {
		e.Reason += fmt.Sprintf("; %d ads of this poster are made from the text", len(t.ads))
	}
	return e
}

func (p *period) name(l *Linker) string {
	if p.kind == picture {
		return ""
	}
	return l.value[p.value].name
}

// spoken writes a North American number in groups, as people read it.
func spoken(s string) string {
	if len(s) == 12 && s[:2] == "+1" {
		return s[2:5] + "-" + s[5:8] + "-" + s[8:]
	}
	return s
}

func use(owners, all int) string {
	if owners == 1 {
		return fmt.Sprintf("1 of %s posters uses", grouped(all))
	}
	return fmt.Sprintf("%s of %s posters use", grouped(owners), grouped(all))
}

// grouped writes a number with commas: 48,211.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// A Miss is an owner with whom something is shared, but too little to be one.
type Miss struct {
	Ad     string  `json:"ad"` // its oldest
	Ads    int     `json:"ads"`
	Weight float64 `json:"weight"` // of what is shared, less what chance gives
	Needed float64 `json:"needed"`
	Reason string  `json:"reason"`
}

const (
	nearMiss   = 0.25 // of the weight that joins
	mostMisses = 5
)

// Misses lists the owners that are nearest to being the one behind an ad, too, the
// nearest first.
func (p *Partition) Misses(id string) ([]Miss, error) {
	o := p.o
	at := slices.IndexFunc(o.l.ads, func(r record) bool { return r.id == id })
	if at < 0 {
		return nil, fmt.Errorf("explain ad %s: %w in the file", id, ad.ErrNotFound)
	}
	own := o.find(o.l.ads[at].unit)
	oldest, ads := map[int32]int{}, map[int32]int{}
	for i, c := range p.Clusters {
		u := o.find(o.l.ads[i].unit)
		oldest[u] = c
		ads[u]++
	}
	var out []Miss
	for _, t := range o.ties() {
		other := t.b
		if other == own {
			other = t.a
		}
		if t.a != own && t.b != own || t.net < nearMiss || len(out) == mostMisses {
			continue
		}
		out = append(out, Miss{o.l.ads[oldest[other]].id, ads[other], t.net, enough, o.missed(t)})
	}
	return out, nil
}

// Misses lists the owners that are nearest to being the one behind an ad of the round,
// too, the nearest first. Of an ad that a person took out of all links it has none.
func (r *Round) Misses(id string) ([]Miss, error) {
	n := slices.IndexFunc(r.ads, func(e *kept) bool { return e.id == id })
	if n < 0 || r.p == nil || r.place[n] < 0 {
		return nil, nil
	}
	return r.p.Misses(id)
}

// missed says what two owners share.
func (o *owners) missed(t tie) string {
	var shared []string
	pictures := 0
	for _, q := range o.periods {
		sides := o.sides(q, nil)
		has := func(u int32) bool { return slices.ContainsFunc(sides, func(s side) bool { return s.owner == u }) }
		if !has(t.a) || !has(t.b) {
			continue
		}
		if q.kind == picture {
			pictures++
			continue
		}
		shared = append(shared, fmt.Sprintf("%s (%d posters)", spoken(q.name(o.l)), len(sides)))
	}
	if len(shared) > 3 {
		shared = append(shared[:3], fmt.Sprintf("%d more", len(shared)-3))
	}
	var both []string
	if len(shared) > 0 {
		both = append(both, "both give "+strings.Join(shared, ", "))
	}
	if pictures > 0 {
		both = append(both, fmt.Sprintf("both show %d of the same pictures", pictures))
	}
	s := strings.Join(both, "; ")
	if t.alike || t.part {
		s += "; their texts have a part in common"
	}
	if t.rivals {
		s += "; they write one text but contradict each other"
	}
	return s
}
