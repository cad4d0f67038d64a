package weigh

import (
	"cmp"
	"math"
	"slices"
)

// A form is what the ads of one text have in common, written at about one time:
// pairs of words that stand close to each other in many of them. Edits that leave
// no three words together leave pairs. What an ad has of a form, and what it lacks,
// tells the owner's ads from all others, however heavily they are edited.
type form struct {
	ad    int32   // one of those that it is made of
	owner int32   // whose they are
	base  float32 // bits of a text that has nothing of it
	mean  float32 // bits of its own ads
	wide  float32 // deviation of them
	cover float32 // share of the words of its own ads that stand in its pairs
	vary  float32 // deviation of it
	pairs []mark  // a table by pair
	grams []uint32
}

// A mark is what a pair of words says for a form, in bits.
type mark struct {
	pair uint32
	bits float32
}

// of gives what a pair of words says for a form.
func (x *form) of(pair uint32) float32 {
	mask := uint32(len(x.pairs) - 1)
	for k := pair & mask; x.pairs[k].bits != 0; k = (k + 1) & mask {
		if x.pairs[k].pair == pair {
			return x.pairs[k].bits
		}
	}
	return 0
}

// keep makes marks quick to find.
func (x *form) keep(marks []mark) {
	size := 8
	for 2*size < 3*len(marks) {
		size *= 2
	}
	x.pairs = make([]mark, size)
	for _, m := range marks {
		k := m.pair & uint32(size-1)
		for x.pairs[k].bits != 0 {
			k = (k + 1) & uint32(size-1)
		}
		x.pairs[k] = m
	}
}

// Forms are found by the 3-grams that several of their ads have: a text is compared
// with those that share the most.
type forms struct {
	all   []form
	grams map[uint32]span
	lists []int32
}

type span struct{ from, n int32 }

const (
	formAds    = 64 // that one form is made of, at most
	formLeast  = 6
	formShare  = 0.25 // of the ads of a form that have a pair of words
	formBits   = 40   // that a form's own ads must have
	pairReach  = 3    // words
	pairRare   = 0.05 // share of owners, above which a pair of words says nothing
	witnesses  = 4000 // owners that tell what is rare
	formGram   = 0.08 // of the ads of a form that have a 3-gram by which it is found
	formLists  = 24   // forms that are found by one 3-gram, at most
	formShares = 3    // of these 3-grams that a text must have
	formFinds  = 4    // forms that a text is compared with
)

func pairOf(a, b uint32) uint32 { return uint32(mix64(uint64(a)<<32|uint64(b)) >> 20) }

// A pairer lists the pairs of words of a text, each once.
type pairer struct {
	seen  [1 << 12]twice // more places than a text has pairs
	round uint32
	out   []uint32
}

func (r *pairer) of(ws []uint32) []uint32 {
	r.round++
	r.out = r.out[:0]
	eachPair(ws, func(_, _ int, p uint32) {
		k := p % uint32(len(r.seen))
		for r.seen[k].round == r.round && r.seen[k].gram != p {
			k = (k + 1) % uint32(len(r.seen))
		}
		if r.seen[k].round != r.round {
			r.seen[k] = twice{p, r.round}
			r.out = append(r.out, p)
		}
	})
	return r.out
}

func eachPair(ws []uint32, see func(i, j int, pair uint32)) {
	for i := range ws {
		for j := i + 1; j <= i+pairReach && j < len(ws); j++ {
			if ws[i] > breakWord || ws[j] > breakWord {
				see(i, j, pairOf(ws[i], ws[j]))
			}
		}
	}
}

// covered tells of each word of a text whether it stands in pairs of a form, and gives
// the share of those that do.
func covered(ws []uint32, x *form, words *[maxWords]echo) (share float32) {
	*words = [maxWords]echo{}
	eachPair(ws, func(i, j int, p uint32) {
		if (!words[i].hit || !words[j].hit) && x.of(p) != 0 {
			words[i].hit, words[j].hit = true, true
		}
	})
	n := 0
	for k := range ws {
		words[k].rare = leastRare
		if words[k].hit {
			n++
		}
	}
	return float32(n) / float32(max(len(ws), 1))
}

// A tally counts numbers that are spread evenly.
type tally struct {
	keys   []uint32
	counts []int32
	used   []uint32 // places
}

func newTally() *tally { return &tally{keys: make([]uint32, 1<<10), counts: make([]int32, 1<<10)} }

func (t *tally) place(key uint32) uint32 {
	mask := uint32(len(t.keys) - 1)
	k := key & mask
	for t.counts[k] != 0 && t.keys[k] != key {
		k = (k + 1) & mask
	}
	return k
}

func (t *tally) add(key uint32, n int32) {
	k := t.place(key)
	if t.counts[k] += n; t.counts[k] != n {
		return
	}
	t.keys[k] = key
	if t.used = append(t.used, k); 2*len(t.used) < len(t.keys) {
		return
	}
	old := *t
	t.keys, t.counts, t.used = make([]uint32, 2*len(old.keys)), make([]int32, 2*len(old.keys)), nil
	old.each(t.add)
}

func (t *tally) of(key uint32) int32 { return t.counts[t.place(key)] }

func (t *tally) each(see func(key uint32, n int32)) {
	for _, k := range t.used {
		see(t.keys[k], t.counts[k])
	}
}

func (t *tally) clear() {
	for _, k := range t.used {
		t.counts[k] = 0
	}
	t.used = t.used[:0]
}

// usual is in how many of some owners' ads pairs of words stand.
type usual struct {
	counts *tally
	of     int
}

// common counts in how many owners' ads a pair of words stands. Owners are told by
// the contacts that they give: the pieces of a text that fell apart give none.
func (o *owners) common(clusters [][]int32) usual {
	u := usual{counts: newTally()}
	var some []int32
	for _, ads := range clusters {
		if k := slices.IndexFunc(ads, func(i int32) bool { return len(o.l.ads[i].values) > 0 }); k >= 0 {
			some = append(some, ads[k])
		}
	}
	var r pairer
	for k := 0; k < len(some); k += max(1, len(some)/witnesses) {
		u.of++
		for _, p := range r.of(o.l.textOf(some[k])) {
			u.counts.add(p, 1)
		}
	}
	return u
}

// drafts lists the ads that forms are made of: those of one text and, of each owner,
// those whose texts fell apart; of many, those that follow each other.
func (o *owners) drafts(clusters [][]int32) (out [][]int32) {
	for _, ads := range clusters {
		if len(ads) < formLeast {
			continue
		}
		byText := map[int32][]int32{}
		for _, i := range ads {
			u := o.l.ads[i].unit
			byText[u] = append(byText[u], i)
		}
		var rest []int32
		for _, i := range ads {
			u := o.l.ads[i].unit
			switch own := byText[u]; {
			case len(own) < formLeast:
				rest = append(rest, i)
			case own[0] == i:
				out = appendParts(out, own)
			}
		}
		if len(rest) >= formLeast {
			out = appendParts(out, rest)
		}
	}
	return out
}

func appendParts(out [][]int32, ads []int32) [][]int32 {
	parts := (len(ads) + formAds - 1) / formAds
	for k := range parts {
		out = append(out, ads[k*len(ads)/parts:(k+1)*len(ads)/parts])
	}
	return out
}

// learnForms finds what the ads of owners have in common.
func (o *owners) learnForms(clusters [][]int32, owner []int32) *forms {
	drafts := o.drafts(clusters)
	learned := make([]form, len(drafts))
	beside(len(drafts), func() (func(int), func()) {
		r, seen := &pairer{}, newTally()
		return func(k int) { learned[k] = o.learnForm(drafts[k], owner, r, seen) }, nil
	})
	f := &forms{all: slices.DeleteFunc(learned, func(x form) bool { return x.mean < formBits })}
	f.index()
	return f
}

func (o *owners) learnForm(ads, owner []int32, r *pairer, seen *tally) (x form) {
	seen.clear()
	for _, i := range ads {
		for _, p := range r.of(o.l.textOf(i)) {
			seen.add(p, 1)
		}
	}
	x.ad, x.owner = ads[0], owner[ads[0]]
	var marks []mark
	seen.each(func(p uint32, n int32) {
		if float64(n)+0.5 < formShare*float64(len(ads)+1) {
			return
		}
		share := (float64(n) + 0.5) / float64(len(ads)+1)
		rare := (float64(o.usual.counts.of(p)) + 0.5) / float64(o.usual.of+1)
		if rare > pairRare {
			return
		}
		without := math.Log2((1 - share) / (1 - rare))
		x.base += float32(without)
		marks = append(marks, mark{p, float32(math.Log2(share/rare) - without)})
	})
	x.keep(marks)
	var bits, covers spread
	var words [maxWords]echo
	for _, i := range ads {
		b := x.base
		for _, p := range r.of(o.l.textOf(i)) {
			b += x.of(p)
		}
		bits.add(b)
		covers.add(covered(o.l.textOf(i), &x, &words))
	}
	x.mean, x.wide = bits.of()
	x.wide += 0.1 * x.mean
	x.cover, x.vary = covers.of()
	x.vary += 0.05
	if x.mean < formBits {
		return x
	}
	seen.clear()
	for _, i := range ads {
		ws := o.l.textOf(i)
		for k := 0; k+shingle <= len(ws); k++ {
			seen.add(gram(ws[k:k+shingle]), 1)
		}
	}
	seen.each(func(g uint32, n int32) {
		if float64(n) >= max(2, formGram*float64(len(ads))) {
			x.grams = append(x.grams, g)
		}
	})
	slices.Sort(x.grams)
	return x
}

// A spread gives the mean and the deviation of numbers.
type spread struct{ n, sum, squares float32 }

func (s *spread) add(x float32) { s.n, s.sum, s.squares = s.n+1, s.sum+x, s.squares+x*x }

func (s *spread) of() (mean, deviation float32) {
	mean = s.sum / s.n
	return mean, float32(math.Sqrt(float64(max(0, s.squares/s.n-mean*mean))))
}

// index makes forms quick to find.
func (f *forms) index() {
	f.grams = map[uint32]span{}
	for k := range f.all {
		for _, g := range f.all[k].grams {
			s := f.grams[g]
			s.n++
			f.grams[g] = s
		}
	}
	at := int32(0)
	for k := range f.all {
		for _, g := range f.all[k].grams {
			s := f.grams[g]
			if s.n > formLists {
				continue
			}
			if s.from == 0 {
				s.from = at + 1
				at += s.n
				f.lists = append(f.lists, make([]int32, s.n)...)
				for i := s.from - 1; i < at; i++ {
					f.lists[i] = -1
				}
				f.grams[g] = s
			}
			for i := s.from - 1; ; i++ {
				if f.lists[i] < 0 {
					f.lists[i] = int32(k)
					break
				}
			}
		}
		f.all[k].grams = nil
	}
}

// like lists the forms that share the most 3-grams with a text, of those who are not
// its owner: who has many forms would hide all others.
func (f *forms) like(ws []uint32, owner int32, shared *tally, out []scored) []scored {
	shared.clear()
	for i := 0; i+shingle <= len(ws); i++ {
		s := f.grams[gram(ws[i:i+shingle])]
		if s.from == 0 {
			continue
		}
		for _, k := range f.lists[s.from-1 : s.from-1+s.n] {
			if f.all[k].owner != owner {
				shared.add(uint32(k), 1)
			}
		}
	}
	out = out[:0]
	shared.each(func(k uint32, n int32) {
		if n >= formShares {
			out = append(out, scored{int32(k), float32(n)})
		}
	})
	slices.SortFunc(out, func(a, b scored) int { return cmp.Or(cmp.Compare(b.bits, a.bits), cmp.Compare(a.form, b.form)) })
	return out[:min(len(out), formFinds)]
}

// short says by how many deviations a text has less of a form than the form's own
// ads, or more that is not of it: what was copied is one part of another's text.
func (f *forms) short(ws []uint32, s scored) float32 {
	x := &f.all[s.form]
	var words [maxWords]echo
	less := max(0, (x.mean-s.bits)/x.wide, (x.cover-covered(ws, x, &words))/x.vary)
	if edge := border(words[:len(ws)]); edge > patience {
		less = max(less, 1+(edge-patience)/perDeviation)
	}
	return less
}

// A scored form is one that a text has something of.
type scored struct {
	form int32
	bits float32
}

// eachForm compares the texts of ads with forms of others than their owners.
func (o *owners) eachForm(f *forms, ads, owner []int32, least float32) [][]scored {
	out := make([][]scored, len(ads))
	beside(len(ads), func() (func(int), func()) {
		r, shared := &pairer{}, newTally()
		var found []scored
		return func(k int) {
			ws := o.l.textOf(ads[k])
			if found = f.like(ws, owner[ads[k]], shared, found); len(found) == 0 {
				return
			}
			pairs := r.of(ws)
			for _, s := range found {
				x := &f.all[s.form]
				b := x.base
				for _, p := range pairs {
					b += x.of(p)
				}
				if b >= max(least, x.mean/4) {
					out[k] = append(out[k], scored{s.form, b})
				}
			}
		}, nil
	})
	return out
}
