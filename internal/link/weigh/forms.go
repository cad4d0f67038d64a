package weigh

import (
	"maps"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// A form is what the ads of one text have in common, written at about one time:
// pairs of words that stand close to each other in many of them. Edits that leave
// no three words together leave pairs. What an ad has of a form, and what it lacks,
// tells the owner's ads from all others, however heavily they are edited.
type form struct {
	ad    int32   // one of those that it is made of
	base  float32 // bits of a text that has nothing of it
	mean  float32 // bits of its own ads
	wide  float32 // deviation of them
	cover float32 // share of the words of its own ads that stand in its pairs
	vary  float32 // deviation of it
}

// A mark is what a pair of words says for a form, in bits.
type mark struct {
	form int32
	bits float32
}

type forms struct {
	all   []form
	table []entry // of a pair of words: where its marks stand, and how many
	marks []mark
}

const (
	formAds   = 64 // that one form is made of, at most
	formLeast = 6
	formShare = 0.25 // of the ads of a form that have a pair of words
	formBits  = 40   // that a form's own ads must have
	pairReach = 3    // words
	pairRare  = 0.05 // share of owners, above which a pair of words says nothing
	witnesses = 4000 // owners that tell what is rare
)

func pairOf(a, b uint32) uint32 { return uint32(mix64(uint64(a)<<32|uint64(b)) >> 20) }

// A pairer lists the pairs of words of a text, each once.
type pairer struct {
	seen  [1 << 12]said // more places than a text has pairs
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
			r.seen[k] = said{p, r.round}
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

// cover is the share of the words of a text that stand in pairs which are told.
func cover(ws []uint32, told func(pair uint32) bool) float32 {
	var in [maxWords]bool
	eachPair(ws, func(i, j int, p uint32) {
		if (!in[i] || !in[j]) && told(p) {
			in[i], in[j] = true, true
		}
	})
	n := 0
	for _, is := range in {
		if is {
			n++
		}
	}
	return float32(n) / float32(max(len(ws), 1))
}

// common counts in how many owners' ads a pair of words stands. Owners are told by
// the contacts that they give: the pieces of a text that fell apart give none.
func (o *owners) common(clusters [][]int32) (counts map[uint32]int32, of int) {
	counts = map[uint32]int32{}
	var some []int32
	for _, ads := range clusters {
		if k := slices.IndexFunc(ads, func(i int32) bool { return len(o.l.ads[i].values) > 0 }); k >= 0 {
			some = append(some, ads[k])
		}
	}
	var r pairer
	for k := 0; k < len(some); k += max(1, len(some)/witnesses) {
		of++
		for _, p := range r.of(o.l.textOf(some[k])) {
			counts[p]++
		}
	}
	return counts, of
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
func (o *owners) learnForms(clusters [][]int32) *forms {
	counts, of := o.common(clusters)
	drafts := o.drafts(clusters)
	learned := make([]form, len(drafts))
	gains := make([]map[uint32]float32, len(drafts))
	beside(len(drafts), func() func(int) {
		var r pairer
		return func(k int) { learned[k], gains[k] = o.learnForm(drafts[k], counts, of, &r) }
	})
	f := &forms{}
	marks := map[uint32][]mark{}
	for k, x := range learned {
		if x.mean < formBits {
			continue
		}
		for p, bits := range gains[k] {
			marks[p] = append(marks[p], mark{int32(len(f.all)), bits})
		}
		f.all = append(f.all, x)
	}
	f.index(marks)
	return f
}

func (o *owners) learnForm(ads []int32, counts map[uint32]int32, of int, r *pairer) (x form, gain map[uint32]float32) {
	seen := map[uint32]int{}
	for _, i := range ads {
		for _, p := range r.of(o.l.textOf(i)) {
			seen[p]++
		}
	}
	maps.DeleteFunc(seen, func(_ uint32, n int) bool { return float64(n)+0.5 < formShare*float64(len(ads)+1) })
	x.ad, gain = ads[0], map[uint32]float32{}
	for _, p := range slices.Sorted(maps.Keys(seen)) {
		share := (float64(seen[p]) + 0.5) / float64(len(ads)+1)
		rare := (float64(counts[p]) + 0.5) / float64(of+1)
		if rare > pairRare {
			continue
		}
		without := math.Log2((1 - share) / (1 - rare))
		x.base += float32(without)
		gain[p] = float32(math.Log2(share/rare) - without)
	}
	var bits, covers spread
	for _, i := range ads {
		b := x.base
		for _, p := range r.of(o.l.textOf(i)) {
			b += gain[p]
		}
		bits.add(b)
		covers.add(cover(o.l.textOf(i), func(p uint32) bool { return gain[p] != 0 }))
	}
	x.mean, x.wide = bits.of()
	x.wide += 0.1 * x.mean
	x.cover, x.vary = covers.of()
	x.vary += 0.05
	return x, gain
}

// A spread gives the mean and the deviation of numbers.
type spread struct{ n, sum, squares float32 }

func (s *spread) add(x float32) { s.n, s.sum, s.squares = s.n+1, s.sum+x, s.squares+x*x }

func (s *spread) of() (mean, deviation float32) {
	mean = s.sum / s.n
	return mean, float32(math.Sqrt(float64(max(0, s.squares/s.n-mean*mean))))
}

// index makes the marks of a pair of words quick to find.
func (f *forms) index(marks map[uint32][]mark) {
	size := 1 << 10
	for size < 2*len(marks) {
		size *= 2
	}
	f.table = make([]entry, size)
	for p, ms := range marks {
		k := p & uint32(size-1)
		for f.table[k].ads != 0 {
			k = (k + 1) & uint32(size-1)
		}
		f.table[k] = entry{p, int32(len(f.marks)), int32(len(ms))}
		f.marks = append(f.marks, ms...)
	}
}

// of lists what a pair of words says.
func (f *forms) of(p uint32) []mark {
	mask := uint32(len(f.table) - 1)
	for k := p & mask; f.table[k].ads != 0; k = (k + 1) & mask {
		if e := f.table[k]; e.gram == p {
			return f.marks[e.unit : e.unit+e.ads]
		}
	}
	return nil
}

// short says by how many deviations a text has less of a form than the form's own
// ads, or more that is not of it: what was copied is one part of another's text.
func (f *forms) short(ws []uint32, s scored) float32 {
	x := &f.all[s.form]
	c := cover(ws, func(p uint32) bool {
		return slices.ContainsFunc(f.of(p), func(m mark) bool { return m.form == s.form })
	})
	return max(0, (x.mean-s.bits)/x.wide, (x.cover-c)/x.vary)
}

// A scored form is one that a text has something of.
type scored struct {
	form int32
	bits float32
}

// eachForm compares the texts of ads with forms.
func (o *owners) eachForm(f *forms, ads []int32, least float32) [][]scored {
	out := make([][]scored, len(ads))
	beside(len(ads), func() func(int) {
		sum := make([]float32, len(f.all))
		var met []int32
		var r pairer
		return func(k int) {
			met = met[:0]
			for _, p := range r.of(o.l.textOf(ads[k])) {
				for _, m := range f.of(p) {
					if sum[m.form] == 0 {
						met = append(met, m.form)
					}
					sum[m.form] += m.bits
				}
			}
			for _, x := range met {
				if b := f.all[x].base + sum[x]; b >= max(least, f.all[x].mean/4) {
					out[k] = append(out[k], scored{x, b})
				}
				sum[x] = 0
			}
		}
	})
	return out
}

// beside does n things, several at a time; start readies one of those who do them.
func beside(n int, start func() func(int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			do := start()
			for k := int(next.Add(1)) - 1; k < n; k = int(next.Add(1)) - 1 {
				do(k)
			}
		})
	}
	wg.Wait()
}
