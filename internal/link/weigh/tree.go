package weigh

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
)

// How two ads are joined.
type How uint8

// The ways in which ads are joined, surest first.
const (
	ByMust    How = iota + 1 // a person decided that they are one poster's
	ByAlone                  // a person decided that they are one poster's and nobody else's
	ByValue                  // both give a value
	ByPicture                // both show a picture
	ByText                   // both look made from one text
	ByEdited                 // made from one text, edited heavily
	ByAlike                  // they share a value that says little, and some of their texts
	ByPart                   // they have a part of a text in common
	ByWeak                   // several weak signs together
)

// A Twig joins an ad to the tree of its cluster.
type Twig struct {
	Ad     int32 // the other ad, -1 for none
	How    How
	Value  int32 // of ByValue
	Owners int   // who use the value or the picture,
	Of     int   // of so many
	Ads    int   // of the poster that have the text
	Bits   float64
	Share  float64 // of the text
	Bridge bool    // it alone holds two halves together
}

// A branch joins two ads by something that several have in common.
type branch struct {
	a, b int32
	tie  int32
	gone bool
}

// A tree is the strongest evidence that holds the ads of each cluster together.
type tree struct {
	r        *Round
	root     []int32
	ties     []tying // of numbers of the round
	how      []How   // of ties
	branches []branch
	near     [][]int32 // of each ad: its branches
}

func (t *tree) find(i int32) int32 {
	for t.root[i] != i {
		t.root[i] = t.root[t.root[i]]
		i = t.root[i]
	}
	return i
}

func (t *tree) join(a, b, tie int32) {
	x, y := t.find(a), t.find(b)
	if x == y {
		return
	}
	t.root[max(x, y)] = min(x, y)
	t.near[a] = append(t.near[a], int32(len(t.branches)))
	t.near[b] = append(t.near[b], int32(len(t.branches)))
	t.branches = append(t.branches, branch{a: a, b: b, tie: tie})
}

func (t *tree) tie(how How, x tying) int32 {
	t.ties, t.how = append(t.ties, x), append(t.how, how)
	return int32(len(t.ties) - 1)
}

// decided joins two ads because a person said so.
func (t *tree) decided(a, b int32, how How) {
	t.join(a, b, t.tie(how, tying{ads: []int32{a, b}, weight: math.Inf(1)}))
}

// tree finds for each ad what joins it to its cluster.
func (r *Round) tree(order []int32) {
	t := &tree{r: r, root: make([]int32, len(r.ads)), near: make([][]int32, len(r.ads))}
	for i := range t.root {
		t.root[i] = int32(i)
	}
	numbers := make(map[string]int32)
	if len(r.d.Must)+len(r.d.Cannot)+len(r.d.Alone) > 0 {
		for i, e := range r.ads {
			numbers[e.id] = int32(i)
		}
	}
	at := func(id string) (int32, bool) { n, ok := numbers[id]; return n, ok }
	r.d.join(t, at)
	if r.p != nil {
		r.gather(t, order)
	}
	for _, k := range t.strongest() {
		ads := t.ties[k].ads
		for _, i := range ads[1:] {
			t.join(ads[0], i, k)
		}
	}
	if r.p != nil {
		t.rest(order)
	}
	bridges := t.bridges()
	r.d.cut(t, at)
	t.orient(bridges)
}

// strongest orders the ties by what they say.
func (t *tree) strongest() []int32 {
	out := make([]int32, len(t.ties))
	for i := range out {
		out[i] = int32(i)
	}
	slices.SortStableFunc(out, func(a, b int32) int { return cmp.Compare(t.ties[b].weight, t.ties[a].weight) })
	return out
}

// gather lists what several ads of a cluster have in common, and what is held back.
func (r *Round) gather(t *tree, order []int32) {
	o := r.p.o
	clusters := map[int]bool{}
	for _, c := range r.p.Clusters {
		clusters[c] = true
	}
	r.Posters = len(clusters)
	owned := o.owned()
	tie := func(how How, x tying) {
		for i, a := range x.ads {
			x.ads[i] = order[a]
		}
		t.tie(how, x)
	}
	for i := 0; i < len(o.periods); {
		j, held := i, Hub{}
		for ; j < len(o.periods) && o.periods[j].value == o.periods[i].value; j++ {
			q := &o.periods[j]
			sides := o.sides(*q, nil)
			users := o.users(*q, sides, owned)
			w := o.worth(*q, users)
			held.Carriers += len(q.ads)
			held.Owners = max(held.Owners, users)
			if w == 0 {
				continue
			}
			how, n := ByValue, max(len(sides), owned[q.value])
			if q.kind == picture {
				how = ByPicture
			}
			for _, ads := range r.byCluster(q.ads) {
				tie(how, tying{period: q, ads: ads, owners: n, weight: math.Log2(float64(r.Posters+1)/float64(n)) + 1})
			}
		}
		if q := &o.periods[i]; q.kind != picture && held.Owners > hubOwners {
			held.Kind, held.Name = q.kind.String(), q.name(o.l)
			r.Hubs = append(r.Hubs, held)
		}
		i = j
	}
	texts := make([][]int32, len(o.parent))
	for k := range o.l.ads {
		u := o.l.ads[k].unit
		texts[u] = append(texts[u], int32(k))
	}
	for _, ads := range texts {
		for _, ads := range r.byCluster(ads) {
			tie(ByText, tying{ads: ads, weight: textBits})
		}
	}
	same := func(a, b int32) bool { return r.p.Clusters[a] == r.p.Clusters[b] }
	for _, b := range o.bonds {
		if same(b.a, b.b) {
			tie(ByEdited, tying{ads: []int32{b.a, b.b}, weight: float64(b.bits) / pairReach})
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(o.alike), comparePairs) {
		if two := o.alike[k]; same(two.a, two.b) {
			tie(ByAlike, tying{ads: []int32{two.a, two.b}, weight: 15})
		}
	}
	for _, q := range o.parts {
		of := texts[q.match.unit]
		if k := slices.IndexFunc(of, func(i int32) bool { return same(q.ad, i) && i != q.ad }); k >= 0 {
			tie(ByPart, tying{ads: []int32{of[k], q.ad}, weight: 5})
		}
	}
}

// hubOwners is above how many owners a value is told of as a hub.
const hubOwners = 6.5

// byCluster sorts ads by cluster, and leaves out those that have none beside them.
func (r *Round) byCluster(ads []int32) (out [][]int32) {
	at := map[int]int{}
	for _, i := range ads {
		c := r.p.Clusters[i]
		k, ok := at[c]
		if !ok {
			k = len(out)
			at[c] = k
			out = append(out, nil)
		}
		out[k] = append(out[k], i)
	}
	return slices.DeleteFunc(out, func(ads []int32) bool { return len(ads) < 2 })
}

// rest joins what only several weak signs together hold.
func (t *tree) rest(order []int32) {
	weak := int32(-1)
	for k, i := range order {
		first := order[t.r.p.Clusters[k]]
		if t.find(first) != t.find(i) {
			if weak < 0 {
				weak = t.tie(ByWeak, tying{weight: 1})
			}
			t.join(first, i, weak)
		}
	}
}

// part separates two ads where the evidence between them is weakest; of what is
// equally weak, next to the younger one.
func (t *tree) part(a, b int32) {
	if t.r.Older(a, b) > 0 {
		a, b = b, a
	}
	came := map[int32]int32{a: -1}
	todo := []int32{a}
	for len(todo) > 0 {
		i := todo[0]
		todo = todo[1:]
		for _, k := range t.near[i] {
			j := t.branches[k].a + t.branches[k].b - i
			if _, ok := came[j]; ok || t.branches[k].gone {
				continue
			}
			came[j] = k
			todo = append(todo, j)
		}
	}
	if _, ok := came[b]; !ok {
		return
	}
	weakest := int32(-1)
	for i := b; i != a; {
		k := came[i]
		if weakest < 0 || t.ties[t.branches[k].tie].weight < t.ties[t.branches[weakest].tie].weight {
			weakest = k
		}
		i = t.branches[k].a + t.branches[k].b - i
	}
	t.branches[weakest].gone = true
}

// orient roots each tree in its oldest ad.
func (t *tree) orient(bridges []bool) {
	r := t.r
	r.Owners, r.Twigs = make([]int32, len(r.ads)), make([]Twig, len(r.ads))
	oldest := make([]int32, len(r.ads))
	for i := range oldest {
		oldest[i] = int32(i)
	}
	slices.SortFunc(oldest, r.Older)
	for i := range r.Owners {
		r.Owners[i] = -1
	}
	size := make([]int32, len(r.ads))
	for _, first := range oldest {
		if r.Owners[first] >= 0 {
			continue
		}
		r.Owners[first], r.Twigs[first] = first, Twig{Ad: -1, Value: -1}
		all := []int32{first}
		for n := 0; n < len(all); n++ {
			i := all[n]
			for _, k := range t.near[i] {
				b := &t.branches[k]
				if j := b.a + b.b - i; !b.gone && r.Owners[j] < 0 {
					r.Owners[j], r.Twigs[j] = first, t.twig(i, b.tie)
					all = append(all, j)
				}
			}
		}
		for n := len(all) - 1; n > 0; n-- {
			i := all[n]
			size[i]++
			w := &r.Twigs[i]
			size[w.Ad] += size[i]
			for _, k := range t.near[i] {
				if b := &t.branches[k]; !b.gone && b.a+b.b-i == w.Ad {
					w.Bridge = bridges[b.tie] && min(size[i], int32(len(all))-size[i]) >= half
				}
			}
		}
	}
}

func (t *tree) twig(to, tie int32) Twig {
	x := &t.ties[tie]
	w := Twig{Ad: to, How: t.how[tie], Value: -1, Owners: x.owners, Of: t.r.Posters, Ads: len(x.ads), Bits: min(x.weight, 99)}
	if x.period != nil {
		w.Bits = x.weight - 1
		if w.How == ByValue {
			w.Value = t.r.number[x.period.value]
		}
	}
	return w
}

const half = 3 // ads that a part has to have for a bridge to it to be told of

// bridges finds the ties without which two halves of a cluster have nothing in
// common: articulation points of the graph of ads and what they share.
func (t *tree) bridges() []bool {
	n := len(t.r.ads)
	ties := make([][]int32, n) // of an ad
	for k, x := range t.ties {
		for _, i := range x.ads {
			ties[i] = append(ties[i], int32(n+k))
		}
	}
	next := func(v int32) []int32 {
		if int(v) < n {
			return ties[v]
		}
		return t.ties[int(v)-n].ads
	}
	all := n + len(t.ties)
	seen, low, size, at := make([]int32, all), make([]int32, all), make([]int32, all), make([]int32, all)
	cut := make([][3]int32, len(t.ties)) // of ads that hang on it alone: the most, the second most, all
	out := make([]bool, len(t.ties))
	turn := int32(0)
	var stack, met []int32
	for first := range int32(n) {
		if seen[first] > 0 || len(ties[first]) == 0 {
			continue
		}
		met = met[:0]
		turn++
		seen[first], low[first] = turn, turn
		stack = append(stack[:0], first)
		for len(stack) > 0 {
			v := stack[len(stack)-1]
			if at[v] == 0 && int(v) < n {
				size[v]++
			}
			if of := next(v); int(at[v]) < len(of) {
				w := of[at[v]]
				at[v]++
				if seen[w] == 0 {
					turn++
					seen[w], low[w] = turn, turn
					stack = append(stack, w)
					if int(w) >= n {
						met = append(met, w-int32(n))
					}
				} else {
					low[v] = min(low[v], seen[w])
				}
				continue
			}
			stack = stack[:len(stack)-1]
			if len(stack) == 0 {
				break
			}
			u := stack[len(stack)-1]
			low[u] = min(low[u], low[v])
			size[u] += size[v]
			if int(u) >= n && low[v] >= seen[u] {
				c := &cut[int(u)-n]
				c[2] += size[v]
				c[0], c[1] = max(c[0], size[v]), max(c[1], min(c[0], size[v]))
			}
		}
		for _, k := range met {
			c, rest := cut[k], size[first]-cut[k][2]
			out[k] = max(c[1], min(c[0], rest)) >= half
		}
	}
	return out
}

// Weigh works out what a text that joins an ad says.
func (r *Round) Weigh(n int32) Twig {
	w := r.Twigs[n]
	if w.How != ByText && w.How != ByAlike || r.place[n] < 0 || r.place[w.Ad] < 0 {
		return w
	}
	o := r.p.o
	bits, share := o.texts.own.alike(o.texts, o.l.textOf(r.place[n]), o.l.textOf(r.place[w.Ad]))
	w.Bits, w.Share = float64(bits), share
	return w
}

// Say puts a twig into words, with the kind and the name of its value.
func (s *Stream) Say(w Twig) (kind, name, reason string) { return say(s.value, w) }

// Say puts a twig into words, with the kind and the name of its value.
func (r *Round) Say(w Twig) (kind, name, reason string) { return say(r.value, w) }

func say(values []value, w Twig) (kind, name, reason string) {
	switch w.How {
	case ByValue:
		v := values[w.Value]
		return v.kind.String(), v.name, fmt.Sprintf("both give %s, which %s", spoken(v.name), use(w.Owners, w.Of))
	case ByPicture:
		return "picture", "", "both show one picture, which " + use(w.Owners, w.Of)
	case ByMust:
		return "decision", "", "a person decided that one poster is behind both"
	case ByAlone:
		return "decision", "", "a person decided that these ads are one poster's and nobody else's"
	case ByEdited:
		return "text", "", "one text, edited heavily: words that stand close to each other in this poster's ads and hardly ever in others'"
	case ByPart:
		return "text", "", "their texts have a part in common, beside other signs that are weak alone"
	case ByWeak:
		return "text", "", "several signs that are weak alone say so together"
	}
	reason = "both look made from one text"
	if w.Share > 0 {
		reason += fmt.Sprintf(": rare words in common in %.0f %% of it", 100*w.Share)
	}
	if w.Ads > 2 {
		reason += fmt.Sprintf("; %s ads of this poster do", grouped(w.Ads))
	}
	return "text", "", reason
}
