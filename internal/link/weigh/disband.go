package weigh

import "maps"

// Words of a trade are not a poster's: where people write ads from the same phrases,
// texts alone join strangers, and what is joined says ever more of what anybody says.
// What gives it away are the contacts: ads of one poster give the same ones again,
// ads of strangers hardly ever.
const (
	manyPieces  = 9   // pieces with contacts of their own, that texts alone hold together,
	evenPieces  = 3.0 // of which so many count, by the inverse of Simpson's index: they come apart
	pieceBits   = 60  // fewer pieces stay together when two of their ads share so much
	pieceWhole  = 0.3
	bondBits    = 150  // of a form, for pieces that give contacts of their own; where all write in the same phrases strangers come to 100
	textOwned   = 0.75 // of the ads of a text, by which it is one piece's
	pieceSample = 6    // ads of a piece that are compared
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
		if o.worth(q, o.users(q, o.sides(q, nil), owned)) == 0 {
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
	bonds := map[int][]bond{}
	for _, b := range o.bonds {
		if c := p.Clusters[b.a]; c == p.Clusters[b.b] {
			bonds[c] = append(bonds[c], b)
		}
	}
	clusters := map[int][]int32{}
	for _, i := range order {
		clusters[p.Clusters[i]] = append(clusters[p.Clusters[i]], i)
	}
	for c, ads := range clusters {
		pieces := d.pieces(ads)
		all, squares := 0, 0
		for _, n := range pieces {
			all, squares = all+n, squares+n*n
		}
		switch {
		case len(pieces) < 2, len(pieces) >= manyPieces && float64(all*all) < evenPieces*float64(squares):
			continue
		case len(pieces) < manyPieces:
			for _, b := range bonds[c] { // one form is as good as many words
				if b.bits >= bondBits {
					d.root[d.find(b.a)] = d.find(b.b)
				}
			}
			d.rejoin(ads)
			if pieces = d.pieces(ads); len(pieces) < 2 {
				continue
			}
		}
		d.part(ads, pieces)
	}
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

// pieces counts the ads of each piece that give contacts.
func (d *disbanding) pieces(ads []int32) map[int32]int {
	out := map[int32]int{}
	for _, i := range ads {
		if len(d.p.o.l.ads[i].values) > 0 {
			out[d.find(i)]++
		}
	}
	return out
}

// rejoin joins pieces of which two ads share much.
func (d *disbanding) rejoin(ads []int32) {
	some := map[int32][]int32{}
	var all []int32
	for _, i := range ads {
		f := d.find(i)
		if len(d.p.o.l.ads[i].values) == 0 || len(some[f]) == pieceSample {
			continue
		}
		if some[f] == nil {
			all = append(all, f)
		}
		some[f] = append(some[f], i)
	}
	for k, a := range all {
		for _, b := range all[:k] {
			if x, y := d.find(a), d.find(b); x != y && d.alike(some[a], some[b]) {
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
func (d *disbanding) part(ads []int32, pieces map[int32]int) {
	oldest := map[int32]int{}
	texts := map[int32]map[int32]int{} // the pieces that have a text, and how many ads of it
	var loose []int32
	for _, i := range ads {
		f := d.find(i)
		if pieces[f] == 0 {
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
