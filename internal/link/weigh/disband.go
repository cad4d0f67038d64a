package weigh

import (
	"maps"
)

// Words of a trade are not a poster's: where people write ads from the same phrases,
// texts alone join strangers, and what is joined says ever more of what anybody says.
// What gives it away are the contacts: ads of one poster give the same ones again,
// ads of strangers hardly ever.
const (
	shownWorth  = 0.15 // of a value that holds ads together: one that more use says nothing of few ads
	pieceSample = 6    // ads that speak for a piece
	manyPieces  = 9    // of so many some are alike by chance
	pieceBits   = 60   // that two ads of pieces share which stay together,
	pieceWhole  = 0.3  // over so much of the shorter one;
	bondBits    = 150  // or of a form of the other piece,
	bondWhole   = 0.6  // so much of what the form's own ads have,
	bondShort   = 2.5  // and by so few deviations less
	bondNear    = 0.3  // what is of a form by so much only is of the trade
	textOwned   = 0.75 // of the ads with contacts of a text, or of all, by which it is one piece's
)

// disband takes apart what texts alone hold together although its ads give the
// contacts of many. Pieces that values hold stay whole, and an ad without a contact
// stays with the piece whose text it is.
func (p *Partition) disband(order []int32) {
	d := &disbanding{p: p, root: make([]int32, len(order))}
	for i := range d.root {
		d.root[i] = int32(i)
	}
	o := p.o
	owned := o.owned()
	last := map[int]int32{}
	for _, q := range o.periods {
		if o.worth(q, o.users(q, o.sides(q, nil), owned)) < shownWorth {
			continue
		}
		clear(last)
		for _, i := range q.ads {
			if j, ok := last[p.Clusters[i]]; ok {
				d.root[d.find(i)] = d.find(j)
			}
			last[p.Clusters[i]] = i
		}
	}
	clusters := map[int][]int32{}
	for _, i := range order {
		clusters[p.Clusters[i]] = append(clusters[p.Clusters[i]], i)
	}
	var loose [][][]int32 // pieces of clusters
	for _, i := range order {
		if ads := clusters[p.Clusters[i]]; ads[0] == i {
			if pieces := d.pieces(ads); len(pieces) > 1 {
				loose = append(loose, pieces)
			}
		}
	}
	d.reform(loose)
	for _, pieces := range loose {
		if len(pieces) < manyPieces {
			d.rejoin(pieces)
		}
		ads := clusters[p.Clusters[pieces[0][0]]]
		if pieces = d.pieces(ads); len(pieces) > 1 {
			d.part(ads, pieces)
		}
	}
}

// reform joins pieces of which the one's ads have what the other's have in common.
// A form that more have by half than have it whole is of the trade and says nothing.
func (d *disbanding) reform(clusters [][][]int32) {
	o := d.p.o
	owner, cluster := make([]int32, len(o.l.ads)), make([]int32, len(o.l.ads))
	var all [][]int32
	for c, pieces := range clusters {
		for _, ads := range pieces {
			for _, i := range ads {
				owner[i], cluster[i] = int32(len(all)), int32(c)
			}
			all = append(all, ads)
		}
	}
	f := o.learnForms(all, owner)
	var some []int32
	for _, ads := range all {
		some = append(some, sample(ads)...)
	}
	type two struct{ piece, form int32 }
	agree, near := map[two]int{}, map[two]bool{}
	own, others := make([]int, len(f.all)), make([]int, len(f.all)) // pieces that have a form, and that have something of it
	found := o.eachForm(f, some, owner, rereadFor)
	has := func(i int32, s scored) bool {
		return s.bits >= max(bondBits, bondWhole*f.all[s.form].mean) && f.short(o.l.textOf(i), s) < bondShort
	}
	for k, i := range some {
		for _, s := range found[k] {
			t := two{owner[i], s.form}
			if has(i, s) {
				if agree[t]++; agree[t] == 1 {
					own[s.form]++
				}
			} else if s.bits >= bondNear*f.all[s.form].mean && !near[t] {
				near[t] = true
				others[s.form]++
			}
		}
	}
	for k, i := range some {
		for _, s := range found[k] {
			x := &f.all[s.form]
			n := agree[two{owner[i], s.form}]
			if cluster[x.ad] != cluster[i] || agreeing*n < len(sample(all[owner[i]])) || own[s.form] <= others[s.form] || !has(i, s) {
				continue
			}
			if a, b := d.find(i), d.find(x.ad); a != b {
				d.root[a] = b
				o.bonds = append(o.bonds, bond{i, x.ad, s.bits})
			}
		}
	}
}

// sample chooses ads that speak for a piece.
func sample(ads []int32) []int32 {
	n := min(len(ads), pieceSample)
	out := make([]int32, n)
	for k := range n {
		out[k] = ads[k*len(ads)/n]
	}
	return out
}

type disbanding struct {
	p    *Partition
	root []int32 // of ads: the piece that values hold together
}

func (d *disbanding) find(i int32) int32 {
	for d.root[i] != i {
		d.root[i] = d.root[d.root[i]]
		i = d.root[i]
	}
	return i
}

// pieces lists the ads that give contacts, by piece.
func (d *disbanding) pieces(ads []int32) (out [][]int32) {
	at := map[int32]int{}
	for _, i := range ads {
		if len(d.p.o.l.ads[i].values) == 0 {
			continue
		}
		f := d.find(i)
		k, ok := at[f]
		if !ok {
			k = len(out)
			at[f] = k
			out = append(out, nil)
		}
		out[k] = append(out[k], i)
	}
	return out
}

// rejoin joins pieces of which two ads share much.
func (d *disbanding) rejoin(pieces [][]int32) {
	for k, ads := range pieces {
		for _, of := range pieces[:k] {
			if x, y := d.find(ads[0]), d.find(of[0]); x != y && d.alike(sample(ads), sample(of)) {
				d.root[x] = y
			}
		}
	}
}

func (d *disbanding) alike(as, bs []int32) bool {
	o := d.p.o
	for _, i := range as {
		for _, j := range bs {
			if bits, whole := o.texts.own.alike(o.texts, o.l.textOf(i), o.l.textOf(j)); bits >= pieceBits && whole >= pieceWhole {
				return true
			}
		}
	}
	return false
}

// part makes clusters of the pieces.
func (d *disbanding) part(ads []int32, pieces [][]int32) {
	given := map[int32]bool{}
	contacts, most := 0, pieces[0] // who gives most contacts has the ads without, too
	for _, of := range pieces {
		given[d.find(of[0])] = true
		contacts += len(of)
		if len(of) > len(most) {
			most = of
		}
	}
	main := int32(-1)
	if float64(len(most)) > textOwned*float64(contacts) {
		main = d.find(most[0])
	}
	oldest := map[int32]int{}
	texts := map[int32]map[int32]int{} // the pieces that have a text, and how many ads of it
	var loose []int32
	for _, i := range ads {
		f := d.find(i)
		if !given[f] {
			loose = append(loose, i)
			continue
		}
		if _, ok := oldest[f]; !ok {
			oldest[f] = int(i)
		}
		d.p.Clusters[i] = oldest[f]
		u := d.p.o.l.ads[i].unit
		if texts[u] == nil {
			texts[u] = map[int32]int{}
		}
		texts[u][f]++
	}
	for _, i := range loose {
		d.p.Clusters[i] = int(i)
		all := 0
		of := texts[d.p.o.l.ads[i].unit]
		if len(of) == 0 && main >= 0 {
			d.p.Clusters[i] = oldest[main]
		}
		for _, n := range of {
			all += n
		}
		for f, n := range of {
			if float64(n) > textOwned*float64(all) {
				d.p.Clusters[i] = oldest[f]
			}
		}
	}
	d.order(ads)
}

// order has each cluster bear the number of its oldest ad again.
func (d *disbanding) order(ads []int32) {
	first := map[int]int{}
	for _, i := range ads {
		c := d.p.Clusters[i]
		if _, ok := first[c]; !ok {
			first[c] = int(i)
		}
		d.p.Clusters[i] = first[c]
	}
}

const (
	othersFew = 6  // other contacts beside a number
	textsMany = 40 // owners
)

// single estimates how many use a number of which texts say that many do, but beside
// which hardly another contact stands: who shares a number with strangers mostly has
// something of his own.
func (o *owners) single(p period, owners int, users float64) float64 {
	if p.kind != phone || owners > textsMany {
		return users
	}
	others := map[int32]struct{}{}
	for _, i := range p.ads {
		for _, v := range o.l.ads[i].values {
			others[v] = struct{}{}
		}
	}
	maps.DeleteFunc(others, func(v int32, _ struct{}) bool { return v == p.value })
	if k := len(others); k < othersFew {
		return min(users, 2+float64(max(0, k-1))/2)
	}
	return users
}
