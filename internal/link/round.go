package link

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/link/weigh"
)

// A Round finds who is behind all ads that the linker had when it began, and what
// of it differs from what was told.
type Round struct {
	w        *weigh.Round
	was      []place
	clusters int // there when it began
	anew     bool

	groups []group
	of     []int32 // of ads: their group
	moves  []move
	heirs  []heir
	told   int // of moves
	named  bool
}

// A group is the ads of one poster, as the round has found.
type group struct {
	oldest int32
	size   int32
	name   int32 // the cluster whose name it bears, -1 for none yet
	same   bool  // its ads are those of that cluster
}

// A move is an ad that stands elsewhere, or hangs on something else.
type move struct {
	n                  int32
	twig               weigh.Twig
	kind, name, reason string
}

// An heir is a group that has ads of a cluster.
type heir struct {
	cluster, group int32
	ads            int32
}

// Begin begins a round. One at a time is under way.
func (l *Linker) Begin() *Round {
	r := &Round{w: l.s.Begin(), was: slices.Clone(l.at), clusters: len(l.clusters), anew: l.anew}
	l.changed, l.moved, l.anew = 0, l.moved[:0], false
	return r
}

// Len is how many ads it has.
func (r *Round) Len() int { return len(r.was) }

// Share has others compare texts, if anybody does; see weigh.Linker. It is called before
// Solve.
func (r *Round) Share(f func(texts int) weigh.Shards) { r.w.Share = f }

// Solve does the work. It may run beside the linker.
func (r *Round) Solve() {
	r.w.Solve()
	r.group()
	r.inherit()
	held := map[ad.Value]bool{}
	for _, h := range r.w.Hubs {
		held[ad.Value{Kind: h.Kind, Value: h.Name}] = true
	}
	stale := make([]bool, len(r.groups))
	for n, p := range r.was {
		if g := r.of[n]; r.groups[g].same && !r.holds(int32(n), p, held) {
			stale[g] = true
		}
	}
	for n := range r.was {
		g := r.of[n]
		if !r.anew && r.groups[g].same && !stale[g] {
			continue
		}
		w := r.w.Twigs[n]
		if r.anew || !r.stands(int32(n), w) {
			r.moves = append(r.moves, r.asMove(int32(n)))
		}
	}
}

func (r *Round) asMove(n int32) move {
	w := r.w.Weigh(n)
	m := move{n: n, twig: w}
	if w.Ad >= 0 {
		m.kind, m.name, m.reason = r.w.Say(w)
	}
	return m
}

// group numbers the owners that were found.
func (r *Round) group() {
	number := make([]int32, len(r.was))
	r.of = make([]int32, len(r.was))
	for n := range number {
		number[n] = -1
	}
	for n, o := range r.w.Owners {
		if number[o] < 0 {
			number[o] = int32(len(r.groups))
			r.groups = append(r.groups, group{oldest: o, name: -1})
		}
		r.of[n] = number[o]
		r.groups[number[o]].size++
	}
}

// inherit gives groups the names of the clusters with which they share most ads.
func (r *Round) inherit() {
	shared := map[[2]int32]int32{}
	sizes := map[int32]int32{}
	for n, p := range r.was {
		if p.cluster >= 0 {
			shared[[2]int32{p.cluster, r.of[n]}]++
			sizes[p.cluster]++
		}
	}
	for k, n := range shared {
		r.heirs = append(r.heirs, heir{k[0], k[1], n})
	}
	slices.SortFunc(r.heirs, func(a, b heir) int {
		return cmp.Or(cmp.Compare(b.ads, a.ads), cmp.Compare(a.cluster, b.cluster), cmp.Compare(a.group, b.group))
	})
	taken := map[int32]bool{}
	for _, h := range r.heirs {
		if g := &r.groups[h.group]; g.size > 1 && g.name < 0 && !taken[h.cluster] {
			g.name, taken[h.cluster] = h.cluster, true
			g.same = h.ads == g.size && sizes[h.cluster] == g.size
		}
	}
}

// holds reports whether what was told of why an ad is in its cluster is still true.
func (r *Round) holds(n int32, p place, held map[ad.Value]bool) bool {
	w := r.w.Twigs[n]
	switch {
	case p.by < 0:
		return true
	case kinds[p.kind] == "decision" || w.How == weigh.ByMust || w.How == weigh.ByAlone:
		return r.stands(n, w)
	case p.value >= 0:
		kind, name := r.w.Value(p.value)
		return r.w.Gives(n, p.value) && r.w.Gives(p.by, p.value) && !held[ad.Value{Kind: kind, Value: name}]
	}
	return true
}

// stands reports whether an ad was told to stand where the round has it.
func (r *Round) stands(n int32, w weigh.Twig) bool {
	p, g := r.was[n], r.groups[r.of[n]]
	if g.size < 2 {
		return p.cluster < 0
	}
	kind := ""
	if w.Ad >= 0 {
		kind = r.w.Kind(w)
	}
	return p == place{cluster: g.name, by: w.Ad, value: w.Value, kind: kindOf(kind), bridge: w.Bridge} && p.cluster >= 0
}

// Tell takes over what a round has found, at most so many moves at a time, and
// returns what it changes. The last part, after which there is no more, has the
// linker go on from the round.
func (l *Linker) Tell(r *Round, now time.Time, most int) (ch ad.LinkChange, more bool) {
	ch.V = ad.Schema
	if !r.named {
		l.nameGroups(r)
		r.named = true
	}
	part := r.moves[r.told:min(len(r.moves), r.told+most)]
	for _, m := range part {
		l.tell(r, m, &ch)
	}
	if r.told += len(part); r.told < len(r.moves) {
		return ch, true
	}
	l.s.Learn(r.w)
	l.late(r, &ch)
	l.tellHubs(r, &ch)
	ch.Lineage = l.lineage(r, now)
	return ch, false
}

// nameGroups founds clusters for groups that have none.
func (l *Linker) nameGroups(r *Round) {
	for i := range r.groups {
		g := &r.groups[i]
		if g.size < 2 || g.name >= 0 {
			continue
		}
		name := ad.ClusterID(l.s.ID(g.oldest))
		if c, ok := l.byName[name]; ok && int(c) >= r.clusters { // the ad founded it meanwhile
			g.name = c
			continue
		}
		g.name = l.found(g.oldest)
	}
}

func (l *Linker) tell(r *Round, m move, ch *ad.LinkChange) {
	p := nowhere
	if g := r.groups[r.of[m.n]]; g.size > 1 {
		p = place{cluster: g.name, by: m.twig.Ad, value: m.twig.Value, kind: kindOf(m.kind), bridge: m.twig.Bridge}
	}
	l.put(m.n, p)
	ch.Moves = append(ch.Moves, l.move(m.n, m.twig, m.kind, m.name, m.reason))
}

// late has ads follow that were placed while the round was under way.
func (l *Linker) late(r *Round, ch *ad.LinkChange) {
	moved := slices.Clone(l.moved)
	for _, n := range moved {
		if int(n) < len(r.was) {
			if m := r.asMove(n); !l.standsNow(r, m) {
				l.tell(r, m, ch)
			}
		}
	}
	for _, n := range moved {
		p := l.at[n]
		if int(n) < len(r.was) || p.by < 0 {
			continue
		}
		if c := l.at[p.by].cluster; c < 0 || c != p.cluster || l.s.Held(p.value) {
			l.put(n, nowhere)
			before := len(ch.Moves)
			if l.place(n, ch); len(ch.Moves) == before {
				ch.Moves = append(ch.Moves, l.move(n, weigh.Twig{Ad: -1}, "", "", ""))
			}
		}
	}
	l.loners(moved, ch)
}

// loners takes ads out of clusters in which nobody is left beside them.
func (l *Linker) loners(moved []int32, ch *ad.LinkChange) {
	for _, n := range moved {
		if c := l.at[n].cluster; c >= 0 && l.clusters[c].size == 1 {
			l.put(n, nowhere)
			ch.Moves = append(ch.Moves, l.move(n, weigh.Twig{Ad: -1}, "", "", ""))
		}
	}
}

func (l *Linker) standsNow(r *Round, m move) bool {
	p, g := l.at[m.n], r.groups[r.of[m.n]]
	if g.size < 2 {
		return p.cluster < 0
	}
	return p == place{cluster: g.name, by: m.twig.Ad, value: m.twig.Value, kind: kindOf(m.kind), bridge: m.twig.Bridge}
}

// tellHubs tells of values that are held back now, or no longer.
func (l *Linker) tellHubs(r *Round, ch *ad.LinkChange) {
	held := map[ad.Value]ad.Hub{}
	for _, h := range r.w.Hubs {
		v := ad.Value{Kind: h.Kind, Value: h.Name}
		held[v] = ad.Hub{Value: v, Carriers: h.Carriers, Owners: rounded(h.Owners), Held: true}
	}
	for v, h := range l.hubs {
		if _, ok := held[v]; !ok && (h.Held || r.anew) && l.s.ValueNumber(v.Kind, v.Value) >= 0 { // else no ad is left to give it
			h.Held = false
			held[v] = h
		}
	}
	byValue := func(a, b ad.Value) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Value, b.Value)) }
	for _, v := range slices.SortedFunc(maps.Keys(held), byValue) {
		h := held[v]
		if old, ok := l.hubs[v]; !ok || r.anew || old.Held != h.Held || h.Carriers >= 2*old.Carriers {
			l.tellOf(h)
			ch.Hubs = append(ch.Hubs, h)
		}
	}
}

// lineage says what became of clusters whose ads have gone elsewhere.
func (l *Linker) lineage(r *Round, now time.Time) (out []ad.Descent) {
	for _, h := range r.heirs {
		into := r.groups[h.group].name
		if into < 0 || into == h.cluster {
			continue
		}
		out = append(out, ad.Descent{From: l.clusters[h.cluster].name, Into: l.clusters[into].name, Ads: int(h.ads), Gone: l.clusters[h.cluster].size == 0, At: now.UTC().Truncate(time.Second)})
	}
	return out
}
