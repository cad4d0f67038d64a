package site

import "slices"

// Words are the word 5-grams that one site adds to its pages: they stand in a
// fifth of what its owners write. They are learned from one site's ads alone, and
// by owners, because a large campaign is frequent too.
type Words map[uint32]struct{}

const (
	gramWords = 5
	share     = 0.2 // of the owners of a site

	// LeastOwners is the number of owners of a site below which nothing can be said.
	LeastOwners = 20
)

// A Page is the hashed words of an ad, and who seems to own it by the contact it
// gives: 0 when unknown. Where numbers are words that stand for any number, Numbers
// may say what each is, 0 beside other words: so numbers that are the site's, too,
// are learned.
type Page struct {
	Words   []uint32
	Numbers []uint32
	Owner   uint64
}

// Owners is how many owners the pages of a site seem to have, by contact and by
// what is left of their texts without frequent words.
type Owners struct {
	Contacts int `json:"contacts"`
	Texts    int `json:"texts"`
}

// LearnWords learns a site's own words from some of its pages. Two views of who
// owns an ad must agree: the contact it gives, where there are enough of them, and
// what its text says apart from frequent words.
func LearnWords(pages []Page) Words {
	own, _, _ := learn(pages, 0)
	return own
}

// learn learns words that so many owners at least must say, in either view. It also
// gives who owns each page by its text.
func learn(pages []Page, least int) (Words, Owners, []uint64) {
	counts := map[uint32]int{}
	for _, p := range pages {
		for g := range p.grams() {
			counts[g]++
		}
	}
	frequent := Words{}
	for g, n := range counts {
		if n >= LeastOwners/2 && float64(n) >= share*float64(len(pages))/2 {
			frequent[g] = struct{}{}
		}
	}
	type seen struct{ contacts, texts map[uint64]struct{} }
	by := map[uint32]seen{}
	contacts, texts := map[uint64]struct{}{}, map[uint64]struct{}{}
	byText := make([]uint64, len(pages))
	for i, p := range pages {
		rest := restOf(p.Words, frequent)
		texts[rest], byText[i] = struct{}{}, rest
		if p.Owner != 0 {
			contacts[p.Owner] = struct{}{}
		}
		for g := range p.grams() {
			if _, ok := frequent[g]; !ok {
				continue
			}
			s, ok := by[g]
			if !ok {
				s = seen{map[uint64]struct{}{}, map[uint64]struct{}{}}
				by[g] = s
			}
			s.texts[rest] = struct{}{}
			if p.Owner != 0 {
				s.contacts[p.Owner] = struct{}{}
			}
		}
	}
	own := Words{}
	for g, s := range by {
		if least > 0 && (len(s.texts) < least || len(s.contacts) < least) {
			continue
		}
		if len(texts) < LeastOwners || float64(len(s.texts)) < share*float64(len(texts)) {
			continue
		}
		if len(contacts) >= LeastOwners && float64(len(s.contacts)) < share*float64(len(contacts)) {
			continue
		}
		own[g] = struct{}{}
	}
	return own, Owners{len(contacts), len(texts)}, byText
}

// grams are the distinct 5-grams of a page; one with numbers in it is there twice,
// with any number and with those.
func (p Page) grams() map[uint32]struct{} {
	out := make(map[uint32]struct{}, len(p.Words))
	for i := 0; i+gramWords <= len(p.Words); i++ {
		out[gram(p.Words[i:i+gramWords])] = struct{}{}
		if p.Numbers == nil {
			continue
		}
		if g, ok := exact(p.Words[i:i+gramWords], p.Numbers[i:i+gramWords]); ok {
			out[g] = struct{}{}
		}
	}
	return out
}

// exact is the hash of words of which some are numbers, with these numbers.
func exact(ws, numbers []uint32) (g uint32, ok bool) {
	var h uint64
	for i, w := range ws {
		if numbers[i] != 0 {
			w, ok = numbers[i], true
		}
		h = mix(h + uint64(w))
	}
	return uint32(h>>16) ^ 0x5bd1e995, ok
}

// restOf names what an ad says apart from frequent words: the least hash of its
// word 3-grams. Little left is all one owner.
func restOf(ws []uint32, frequent Words) uint64 {
	left := frequent.Strip(slices.Clone(ws))
	if len(left) < 8 {
		return 0
	}
	least := ^uint64(0)
	for i := 0; i+3 <= len(left); i++ {
		least = min(least, mix(uint64(gram(left[i:i+3]))))
	}
	return least
}

const gap = 3 // words between two marked stretches that belong to them: a number, a date

// Strip takes the site's words out, in place.
func (s Words) Strip(ws []uint32) []uint32 { return Without(s, ws, ws) }

// Without takes out of a list what stands where ws says a site's words, in place.
func Without[T any](s Words, ws []uint32, in []T) []T {
	if len(s) == 0 {
		return in
	}
	out := in[:0]
	marked := 0 // words below it are the site's, as far as stripped
	last := -1  // end of the last marked stretch
	keep := 0   // words [keep, …) are not yet decided
	for i := 0; i+gramWords <= len(ws); i++ {
		if _, ok := s[gram(ws[i:i+gramWords])]; !ok {
			continue
		}
		if i > marked {
			if last < 0 || i-last > gap {
				out = append(out, in[keep:i]...)
			}
		}
		marked = i + gramWords
		last, keep = marked, marked
	}
	return append(out, in[keep:]...)
}

// gram is the hash of words that stand together.
func gram(ws []uint32) uint32 {
	var h uint64
	for _, w := range ws {
		h = mix(h + uint64(w))
	}
	return uint32(h >> 16)
}

func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}
