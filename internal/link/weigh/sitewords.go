package weigh

import "slices"

// SiteWords are the word 5-grams that one site adds to its ads: they stand in a
// fifth of what its owners write. They are learned from one site's ads alone,
// and by owners, because a large campaign is frequent too.
type SiteWords map[uint32]struct{}

const (
	siteGram   = 5
	siteShare  = 0.2  // of the owners of a site
	siteLeast  = 20   // owners, below which nothing can be said
	siteSample = 4000 // ads that are looked at
)

// A page is the words of an ad, and who seems to own it: 0 when unknown.
type page struct {
	words []uint32
	owner uint64
}

// LearnSite learns a site's own words. Two views of who owns an ad must agree:
// the contact it gives, and what is left of its text without frequent words.
func learnSite(pages []page) SiteWords {
	counts := map[uint32]int{}
	for _, p := range pages {
		for g := range distinctGrams(p.words) {
			counts[g]++
		}
	}
	frequent := SiteWords{}
	for g, n := range counts {
		if n >= siteLeast/2 && float64(n) >= siteShare*float64(len(pages))/2 {
			frequent[g] = struct{}{}
		}
	}
	if len(frequent) == 0 {
		return frequent
	}
	type seen struct{ contacts, texts map[uint64]struct{} }
	by := map[uint32]seen{}
	contacts, texts := map[uint64]struct{}{}, map[uint64]struct{}{}
	for _, p := range pages {
		rest := restOf(p.words, frequent)
		texts[rest] = struct{}{}
		if p.owner != 0 {
			contacts[p.owner] = struct{}{}
		}
		for g := range distinctGrams(p.words) {
			if _, ok := frequent[g]; !ok {
				continue
			}
			s, ok := by[g]
			if !ok {
				s = seen{map[uint64]struct{}{}, map[uint64]struct{}{}}
				by[g] = s
			}
			s.texts[rest] = struct{}{}
			if p.owner != 0 {
				s.contacts[p.owner] = struct{}{}
			}
		}
	}
	site := SiteWords{}
	for g, s := range by {
		if len(texts) < siteLeast || float64(len(s.texts)) < siteShare*float64(len(texts)) {
			continue
		}
		if len(contacts) >= siteLeast && float64(len(s.contacts)) < siteShare*float64(len(contacts)) {
			continue
		}
		site[g] = struct{}{}
	}
	return site
}

func distinctGrams(ws []uint32) map[uint32]struct{} {
	out := make(map[uint32]struct{}, len(ws))
	for i := 0; i+siteGram <= len(ws); i++ {
		out[gram(ws[i:i+siteGram])] = struct{}{}
	}
	return out
}

// restOf names what an ad says apart from frequent words: the least hash of its
// word 3-grams. Little left is all one owner.
func restOf(ws []uint32, frequent SiteWords) uint64 {
	left := frequent.strip(slices.Clone(ws))
	if len(left) < 8 {
		return 0
	}
	least := ^uint64(0)
	for i := 0; i+3 <= len(left); i++ {
		least = min(least, mix64(uint64(gram(left[i:i+3]))))
	}
	return least
}

const siteGap = 3 // words between two marked stretches that belong to them: a number, a date

// strip takes the site's words out, in place.
func (s SiteWords) strip(ws []uint32) []uint32 { return without(s, ws, ws) }

// without takes out of a list what stands where ws says a site's words, in place.
func without[T any](s SiteWords, ws []uint32, in []T) []T {
	if len(s) == 0 {
		return in
	}
	out := in[:0]
	marked := 0 // words below it are the site's, as far as stripped
	last := -1  // end of the last marked stretch
	keep := 0   // words [keep, …) are not yet decided
	for i := 0; i+siteGram <= len(ws); i++ {
		if _, ok := s[gram(ws[i:i+siteGram])]; !ok {
			continue
		}
		if i > marked {
			if last < 0 || i-last > siteGap {
				out = append(out, in[keep:i]...)
			}
		}
		marked = i + siteGram
		last, keep = marked, marked
	}
	return append(out, in[keep:]...)
}
