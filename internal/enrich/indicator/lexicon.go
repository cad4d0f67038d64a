package indicator

import (
	"fmt"
	"slices"
	"strings"
)

// sets holds every set of words that a pattern may name, by bits over the words
// of the lexicon. Words are numbered from 1 and shared by all languages; classes
// belong to one.
type sets struct {
	words   map[string]int32
	names   []string           // of words
	phrases map[[2]int32]int32 // path of words of a phrase, from node and word to node
	ends    map[int32]int32    // word that stands for the phrase that ends at a node
	nodes   int32
	classes map[string][]int32 // "en.hold" to its words
	known   map[string]int32   // sets by what they were asked for with
	members [][]int32
	bits    [][]uint64
	usual   map[int32]bool // words of every second sentence
}

func newSets() *sets {
	return &sets{
		words: map[string]int32{}, names: []string{""}, phrases: map[[2]int32]int32{}, ends: map[int32]int32{},
		classes: map[string][]int32{}, known: map[string]int32{}, usual: map[int32]bool{},
	}
}

// add puts the entries of a class into the lexicon.
func (s *sets) add(lang, class, entries string) error {
	key := lang + "." + class
	for e := range strings.FieldsSeq(entries) {
		if strings.HasPrefix(e, "<") {
			other, ok := s.classes[lang+"."+strings.Trim(e, "<>")]
			if !ok {
				return fmt.Errorf("class %s: there is no class %s before it", class, e)
			}
			s.classes[key] = append(s.classes[key], other...)
			continue
		}
		inflect(lang, e, func(form string) {
			w := s.word(form)
			s.classes[key] = append(s.classes[key], w)
			if class == "function" || class == "common" {
				s.usual[w] = true
			}
		})
	}
	slices.Sort(s.classes[key])
	s.classes[key] = slices.Compact(s.classes[key])
	return nil
}

// word gives the number of a word, or of a phrase joined by "_".
func (s *sets) word(form string) int32 {
	if w, ok := s.words[form]; ok {
		return w
	}
	w := int32(len(s.names))
	s.words[form], s.names = w, append(s.names, form)
	if parts := strings.Split(form, "_"); len(parts) > 1 {
		node := int32(0)
		for _, p := range parts {
			step := [2]int32{node, s.word(p)}
			next, ok := s.phrases[step]
			if !ok {
				s.nodes++
				next = s.nodes
				s.phrases[step] = next
			}
			node = next
		}
		s.ends[node] = w
	}
	return w
}

// of gives the set of all words and classes named.
func (s *sets) of(lang string, names []string) (int32, error) {
	key := lang + " " + strings.Join(names, " ")
	if i, ok := s.known[key]; ok {
		return i, nil
	}
	var members []int32
	for _, n := range names {
		if !strings.HasPrefix(n, "<") {
			if n != strings.ToLower(n) {
				return 0, fmt.Errorf("the word %q is matched folded: write it in lower case", n)
			}
			members = append(members, s.word(n))
			continue
		}
		class, ok := s.classes[lang+"."+strings.Trim(n, "<>")]
		if !ok {
			return 0, fmt.Errorf("there is no class %s in language %s", n, lang)
		}
		members = append(members, class...)
	}
	slices.Sort(members)
	members = slices.Compact(members)
	i := int32(len(s.members))
	s.known[key], s.members = i, append(s.members, members)
	return i, nil
}

// union is the set of all words of some sets, -1 where one of them is.
func (s *sets) union(of []int32) int32 {
	slices.Sort(of)
	of = slices.Compact(of)
	if len(of) == 1 || of[0] < 0 {
		return of[0]
	}
	key := fmt.Sprint("union ", of)
	if i, ok := s.known[key]; ok {
		return i
	}
	var members []int32
	for _, set := range of {
		members = append(members, s.members[set]...)
	}
	slices.Sort(members)
	i := int32(len(s.members))
	s.known[key], s.members = i, append(s.members, slices.Compact(members))
	return i
}

// cost says how often the words of a set are met, roughly.
func (s *sets) cost(set int32) int {
	n := 2 + len(s.members[set])/8
	for _, w := range s.members[set] {
		if s.usual[w] {
			n += 60
		}
	}
	return n
}

// seal makes the bits; no word is added after it.
func (s *sets) seal() {
	n := len(s.names)/64 + 1
	s.bits = make([][]uint64, len(s.members))
	for i, m := range s.members {
		s.bits[i] = make([]uint64, n)
		for _, w := range m {
			s.bits[i][w/64] |= 1 << (w % 64)
		}
	}
}

func (s *sets) in(word, set int32) bool { return s.bits[set][word>>6]>>(word&63)&1 != 0 }
