package trend

import "time"

// A group is where posts are compared with each other.
type group struct {
	metro  string
	demand bool
}

// repeats knows the texts of one group that were counted. Posts come in order of
// time.
type repeats struct {
	ads   map[uint64]bool      // counted: another content of one is the same post
	texts map[uint64]time.Time // first sight of a text, of those that still bar
	lines [4]map[uint64][]int  // by min-hash: posts that were counted
	known []known
}

type known struct {
	at        time.Time
	signature [4]uint64
	author    uint64
}

func newRepeats() *repeats {
	r := &repeats{ads: map[uint64]bool{}, texts: map[uint64]time.Time{}}
	for i := range r.lines {
		r.lines[i] = map[uint64][]int{}
	}
	return r
}

// again reports whether a post is another content of an ad that was met, or says
// again what was counted less than Again ago: the same text, one with three of four min-hashes equal (some three quarters of its
// word sequences), or half of them under the same contact. A post that is counted
// is remembered.
func (r *repeats) again(p *Post) bool {
	if r.ads[p.Ad] {
		return true
	}
	r.ads[p.Ad] = true
	if at, ok := r.texts[p.Text]; ok && p.At.Sub(at) < Again {
		return true
	}
	if p.Signature == ([4]uint64{}) {
		r.texts[p.Text] = p.At
		return false
	}
	equal := map[int]int{}
	for i, h := range p.Signature {
		for _, k := range r.lines[i][h] {
			equal[k]++
		}
	}
	for k, n := range equal {
		o := r.known[k]
		if p.At.Sub(o.at) < Again && (n >= 3 || n >= 2 && p.Author != 0 && p.Author == o.author) {
			return true
		}
	}
	r.texts[p.Text] = p.At
	r.known = append(r.known, known{p.At, p.Signature, p.Author})
	for i, h := range p.Signature {
		// What is too old to bar stands first; a line is short then.
		l := r.lines[i][h]
		for len(l) > 0 && p.At.Sub(r.known[l[0]].at) >= Again {
			l = l[1:]
		}
		r.lines[i][h] = append(l, len(r.known)-1)
	}
	return false
}
