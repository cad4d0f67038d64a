package weigh

import (
	"cmp"
	"slices"
)

const (
	asked     = 12 // ads that speak for an owner
	ends      = 6  // ads that speak for an owner's first time, and for the last
	agreeing  = 3  // one of so many must have the other's form
	rereadFor = 40 // bits of a form that an ad must have, and two for each doubling of owners
)

// An ask is an owner whose ads have what another's have in common. Owners go by
// their number in the list of clusters. Of one who has posted much, the first ads and
// the last speak for themselves: his texts have drifted in between.
type ask struct{ from, to, of int }

// speakers lists the ads that speak for an owner, up to three times.
func speakers(ads []int32) [][]int32 {
	n := min(len(ads), asked)
	all := make([]int32, n)
	for k := range n {
		all[k] = ads[k*len(ads)/n]
	}
	if len(ads) < 2*formAds {
		return [][]int32{all}
	}
	return [][]int32{all, ads[:ends], ads[len(ads)-ends:]}
}

// What was told of an ask.
type told struct {
	ads   int     // of the one that have the other's form
	bits  float32 // in all
	short float32 // of the other's own ads, in deviations, in all
	best  bond
}

// A bond is an ad that has the form of another owner's ads, one of which is named.
type bond struct {
	a, b int32
	bits float32
}

// reread compares texts once more, with what the owners that were found have in
// common: a text that is edited heavily has fallen into many, each too little to
// tell anything, until numbers and pictures hold some of them together.
func (o *owners) reread() {
	clusters := o.clusters()
	owner := make([]int32, len(o.l.ads))
	for k, ads := range clusters {
		for _, i := range ads {
			owner[i] = int32(k)
		}
	}
	o.usual = o.common(clusters)
	f := o.learnForms(clusters, owner)
	met := o.asks(clusters, owner, f)
	contacts := make([]int, len(clusters))
	for k, ads := range clusters {
		for _, i := range ads {
			contacts[k] += min(1, len(o.l.ads[i].values))
		}
	}
	asking := make([]int, len(clusters)) // ads with contacts, of those who ask for an owner
	var asks []ask
	counted := map[[2]int]bool{}
	for a, t := range met {
		if agreeing*t.ads < len(speakers(clusters[a.from])[a.of]) {
			continue
		}
		asks = append(asks, a)
		if two := [2]int{a.from, a.to}; !counted[two] {
			counted[two] = true
			asking[a.to] += contacts[a.from]
		}
	}
	slices.SortFunc(asks, func(a, b ask) int {
		return cmp.Or(cmp.Compare(met[b].bits/float32(met[b].ads), met[a].bits/float32(met[a].ads)), cmp.Compare(a.to, b.to), cmp.Compare(a.from, b.from), cmp.Compare(a.of, b.of))
	})
	joined := false
	pieces := map[int]*piece{}
	piece := func(k int) *piece {
		if pieces[k] == nil {
			pieces[k] = o.piece(clusters[k])
		}
		return pieces[k]
	}
	// Who is joined to a larger owner speaks for that one from then on: else one ad that
	// has something of two owners' texts would make them one.
	voice := make([]int, len(clusters))
	for k := range voice {
		voice[k] = k
	}
	speaker := func(k int) int {
		for voice[k] != k {
			k = voice[k]
		}
		return k
	}
	for _, a := range asks {
		large, small := speaker(a.to), speaker(a.from)
		if len(clusters[large]) < len(clusters[small]) {
			large, small = small, large
		}
		x, y := clusters[large], clusters[small]
		held := float64(contacts[large]) / float64(contacts[a.to]+asking[a.to]+1)
		short := float64(met[a].short) / float64(met[a].ads)
		if o.find(o.l.ads[x[0]].unit) == o.find(o.l.ads[y[0]].unit) || o.opposed(piece(large), piece(small), held, short) {
			continue
		}
		o.union(o.l.ads[x[0]].unit, o.l.ads[y[0]].unit)
		voice[small] = large
		o.bonds = append(o.bonds, met[a].best)
		joined = true
	}
	if joined {
		o.solve()
	}
}

// clusters lists the ads of each owner in order of time.
func (o *owners) clusters() (out [][]int32) {
	number := map[int32]int{}
	for _, i := range o.order {
		w := o.find(o.l.ads[i].unit)
		k, ok := number[w]
		if !ok {
			k = len(out)
			number[w] = k
			out = append(out, nil)
		}
		out[k] = append(out[k], i)
	}
	return out
}

// asks finds the owners some of whose ads have a form of another.
func (o *owners) asks(clusters [][]int32, owner []int32, f *forms) map[ask]told {
	var some []int32
	var of []int
	for _, ads := range clusters {
		for k, spoken := range speakers(ads) {
			for _, i := range spoken {
				some, of = append(some, i), append(of, k)
			}
		}
	}
	met := map[ask]told{}
	best := map[int]scored{}
	for k, found := range o.eachForm(f, some, owner, rereadFor+2*lg(len(clusters))) {
		from := int(owner[some[k]])
		clear(best)
		for _, s := range found {
			if to := int(f.all[s.form].owner); s.bits > best[to].bits {
				best[to] = s
			}
		}
		for to, s := range best {
			a := ask{from, to, of[k]}
			t := met[a]
			if s.bits > t.best.bits {
				t.best = bond{some[k], f.all[s.form].ad, s.bits}
			}
			met[a] = told{t.ads + 1, t.bits + s.bits, t.short + f.short(o.l.textOf(some[k]), s), t.best}
		}
	}
	return met
}

// opposed reports whether what is known of two owners speaks against their being
// one, although the small one's ads are made from a text of the large one. Of all
// ads that give contacts and have the text, the large one has the share held; the
// small one's have less of the text than they should by so many deviations.
func (o *owners) opposed(large, small *piece, held, short float64) bool {
	p := *small
	p.least = 1 - short
	t := population{held: held, whole: 1, wide: 1, most: 8, cities: len(o.l.cities), days: o.days()}
	return t.contradiction(large, &p) >= patience
}

// piece is what is known of ads that are in order of time.
func (o *owners) piece(ads []int32) *piece {
	p := newPiece(o.l.ads[ads[0]].day)
	for _, i := range ads {
		p.add(o.l, i)
	}
	return p
}
