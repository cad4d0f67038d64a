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
	size    int            // of all members
	inSets  []inSets       // by word
	rows    []uint64       // which sets a word is in
	usual   map[int32]bool // words of every second sentence
	literal map[int32]bool // phrases that stand in patterns word for word, and nowhere else
}

// inSets is which sets a word is in: its row in rows, which words that are in the
// same sets share, and all of the row in one, which mostly tells that it is not.
type inSets struct {
	any uint64
	row int32
}

func newSets() *sets {
	return &sets{
		words: map[string]int32{}, names: []string{""}, phrases: map[[2]int32]int32{}, ends: map[int32]int32{},
		classes: map[string][]int32{}, known: map[string]int32{}, usual: map[int32]bool{}, literal: map[int32]bool{},
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
			if s.size += len(other); s.size > maxMembers {
				return fmt.Errorf("class %s: with it there are more than %d words in all classes", class, maxMembers)
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
			w := s.word(n)
			delete(s.literal, w)
			members = append(members, w)
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
	s.known[key], s.members, s.size = i, append(s.members, members), s.size+len(members)
	return i, nil
}

// literally gives the set of the phrase that is written so in a pattern.
func (s *sets) literally(words []string) int32 {
	phrase := strings.Join(words, "_")
	_, known := s.words[phrase]
	w := s.word(phrase)
	if !known {
		s.literal[w] = true
	}
	usual := true
	for _, part := range words {
		usual = usual && s.usual[s.words[part]]
	}
	if s.literal[w] && usual {
		s.usual[w] = true
	}
	key := "literally " + phrase
	i, ok := s.known[key]
	if !ok {
		i = int32(len(s.members))
		s.known[key], s.members = i, append(s.members, []int32{w})
	}
	return i
}

// union is the set of all words of some sets.
func (s *sets) union(of []int32) int32 {
	slices.Sort(of)
	of = slices.Compact(of)
	if len(of) == 1 {
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
	members = slices.Compact(members)
	s.known[key], s.members, s.size = i, append(s.members, members), s.size+len(members)
	return i
}

// cost says how often the words of a set are met, roughly.
func (s *sets) cost(set int32) int {
	n := 2 + len(s.members[set])/8
	for _, w := range s.members[set] {
		switch {
		case s.literal[w] && s.usual[w]:
			n += 20
		case s.usual[w]:
			n += 60
		case s.literal[w]:
			n--
		}
	}
	return n
}

// seal gives every set the number by which in knows it: a set of one word is that
// word, the others are numbered from 0. No word or set is added after it.
func (s *sets) seal() []int32 {
	sealed, n := make([]int32, len(s.members)), int32(0)
	for i, m := range s.members {
		if len(m) == 1 {
			sealed[i] = ^m[0]
			continue
		}
		sealed[i] = n
		n++
	}
	of := make([][]int32, len(s.names))
	for i, m := range s.members {
		if k := sealed[i]; k >= 0 {
			for _, w := range m {
				of[w] = append(of[w], k)
			}
		}
	}
	width := int(n)/64 + 1
	at, rows := share(of, make([]uint64, width))
	s.rows, s.inSets = rows, make([]inSets, len(s.names))
	for w, row := range at {
		in := inSets{row: row}
		for _, bits := range rows[row:][:width] {
			in.any |= bits
		}
		s.inSets[w] = in
	}
	return sealed
}

// in reports whether a sealed set holds a word.
func (s *sets) in(word, set int32) bool {
	if set < 0 {
		return word == ^set
	}
	in := &s.inSets[word]
	return in.any>>(set&63)&1 != 0 && s.rows[in.row+set>>6]>>(set&63)&1 != 0
}

// A steps is the phrases of the lexicon as a table to walk through by words: open
// addressing, a power of two, at most half of it full.
type steps []step

type step struct{ from, word, to, ends int32 }

func newSteps(s *sets) steps {
	size := 4
	for size < 2*len(s.phrases) {
		size *= 2
	}
	out := make(steps, size)
	for k, to := range s.phrases {
		at := mix(k[0], k[1])
		for out[at&uint32(size-1)].to != 0 {
			at++
		}
		out[at&uint32(size-1)] = step{k[0], k[1], to, s.ends[to]}
	}
	return out
}

func mix(a, b int32) uint32 {
	h := (uint32(a)*0x9E3779B1 ^ uint32(b)) * 0x85EBCA6B
	return h ^ h>>15
}

// next is the node to which a word leads, 0 for none, and the phrase that ends
// there.
func (t steps) next(from, word int32) (to, ends int32) {
	for at := mix(from, word); ; at++ {
		s := &t[at&uint32(len(t)-1)]
		if s.to == 0 || s.from == from && s.word == word {
			return s.to, s.ends
		}
	}
}

// A dictionary finds words by their spelling.
type dictionary struct {
	slots   []spelling // open addressing; a power of two, at most half of them full
	names   string     // one behind the other
	ends    []uint32   // where the name before an id ends and its own begins, and one for the end
	words   int32      // ids below are words, others contractions
	expand  [][]int32  // words that contractions stand for
	also    []int32    // words that are spelled as a contraction is
	numbers [26]uint32
}

type spelling struct {
	hash uint32
	id   int32 // 0 for an empty slot
}

// newDictionary is of all words, the contractions and what they stand for, and
// the words of numbers.
func newDictionary(s *sets, expand map[string][]int32, numbers map[string]int32) dictionary {
	d := dictionary{words: int32(len(s.names)), ends: []uint32{0}}
	names := slices.Clone(s.names)
	for w, parts := range expand {
		names, d.expand, d.also = append(names, w), append(d.expand, parts), append(d.also, s.words[w])
	}
	size := 4
	for size < 2*len(names) {
		size *= 2
	}
	d.names, d.slots = strings.Join(names, ""), make([]spelling, size)
	for id, name := range names {
		d.ends = append(d.ends, d.ends[id]+uint32(len(name)))
		if id == 0 || id < int(d.words) && expand[name] != nil {
			continue
		}
		h := hash([]byte(name))
		at := h & uint32(size-1)
		for d.slots[at].id != 0 {
			at = (at + 1) & uint32(size-1)
		}
		d.slots[at] = spelling{h, int32(id)}
	}
	for w := range numbers {
		if len(w) > 1 && plain(w[0]) && plain(w[1]) {
			d.numbers[w[0]-'a'] |= 1 << (w[1] - 'a')
		}
	}
	return d
}

func hash(b []byte) uint32 {
	h := uint32(2166136261)
	for _, c := range b {
		h = (h ^ uint32(c)) * 16777619
	}
	return h ^ h>>15
}

// find gives the word that is spelled so, 0 for none, and what it stands for as a
// contraction.
func (d *dictionary) find(b []byte) (word int32, parts []int32) {
	h := hash(b)
	for at := h; ; at++ {
		s := &d.slots[at&uint32(len(d.slots)-1)]
		switch {
		case s.id == 0:
			return 0, nil
		case s.hash != h || d.names[d.ends[s.id]:d.ends[s.id+1]] != string(b):
		case s.id < d.words:
			return s.id, nil
		default:
			return d.also[s.id-d.words], d.expand[s.id-d.words]
		}
	}
}

// known is the word that is spelled so, 0 for none.
func (d *dictionary) known(b []byte) int32 {
	w, _ := d.find(b)
	return w
}

// beginsNumber reports whether the letters may begin with the word of a number.
func (d *dictionary) beginsNumber(b []byte) bool {
	return plain(b[0]) && plain(b[1]) && d.numbers[b[0]-'a']>>(b[1]-'a')&1 != 0
}

func plain(c byte) bool { return 'a' <= c && c <= 'z' }
