package indicator

import (
	"cmp"
	"math/bits"
	"slices"

	"vigil.example/internal/ad"
)

// libraryYear is the year that birth years are judged by when a text gives none.
const libraryYear = 2026

// wide is how many sentences around one a context holds for in a long text.
const wide = 6

// negationReach is how many tokens behind a negation it still holds.
const negationReach = 4

// A phraseAt is a phrase of the lexicon that begins at a token.
type phraseAt struct {
	word, length int32
	next         int32 // the next one at the same token, -1 for none
}

// A reader reads one text at a time and keeps its memory for the next.
type reader struct {
	lib      *Library
	year     int
	f        folded
	toks     []token
	phrases  []phraseAt
	ages     []expression
	base     [][stride]uint64 // the index's, and the patterns of the languages of the text
	have     [][stride]uint64 // what a sentence has of what patterns need
	live     []uint64         // patterns that find in it all that they need
	busy     []int32          // words of live that are not 0
	trials   []trial          // patterns worth running in a sentence
	open     [2][]uint64
	until    []int32 // by pattern, the token behind its last match
	m        matcher
	found    []match
	labels   []label
	contexts []uint64 // by sentence
	active   uint8    // languages of the text
	main     string
}

// Read finds the indicators of a text.
func (l *Library) Read(text string, o Options) Reading {
	r := l.readers.Get().(*reader)
	defer l.readers.Put(r)
	r.year = cmp.Or(o.Year, libraryYear)
	r.read(text)
	out := Reading{Lang: r.main, lib: l}
	for _, bits := range r.contexts {
		out.contexts |= bits
	}
	out.Indicators = r.indicators(text, o)
	return out
}

// read fills r.found and r.contexts.
func (r *reader) read(text string) {
	r.toks, r.phrases, r.ages, r.found, r.contexts = r.toks[:0], r.phrases[:0], r.ages[:0], r.found[:0], r.contexts[:0]
	if r.have == nil {
		w := r.lib.x.width
		r.base, r.have = make([][stride]uint64, w), make([][stride]uint64, w)
		r.live, r.open = make([]uint64, w), [2][]uint64{make([]uint64, w), make([]uint64, w)}
		r.until = make([]int32, len(r.lib.patterns))
	}
	r.f.fold(text)
	r.tokenise()
	if len(r.toks) == 0 {
		r.main = ""
		return
	}
	r.mend()
	r.lookup()
	r.numbers()
	r.fill()
	clear(r.until)
	r.languages()
	sentences := int(r.toks[len(r.toks)-1].sentence) + 1
	r.contexts = slices.Grow(r.contexts, sentences)[:sentences]
	clear(r.contexts)
	for lo, n := int32(0), int32(len(r.toks)); lo < n; {
		hi := lo
		for hi < n && r.toks[hi].sentence == r.toks[lo].sentence {
			hi++
		}
		next := hi
		for next < n && r.toks[next].sentence == r.toks[min(hi, n-1)].sentence {
			next++
		}
		r.sentence(lo, hi, next)
		lo = hi
	}
}

// mend joins letters that were written apart, and words cut by signs.
func (r *reader) mend() {
	out := r.toks[:0]
	for i := 0; i < len(r.toks); i++ {
		if n, w := r.apart(i); n > 0 {
			t := r.toks[i]
			t.word, t.e, t.to, t.flags = w, r.toks[i+n-1].e, r.toks[i+n-1].to, t.flags|flagHidden
			out = append(out, t)
			i += n - 1
			continue
		}
		out = append(out, r.toks[i])
	}
	r.toks = out
}

// apart reports how many tokens from i on are one known word, written apart:
// "s i x", "pass.port".
func (r *reader) apart(i int) (int, int32) {
	t := &r.toks[i]
	if i+1 >= len(r.toks) {
		return 0, 0
	}
	u := &r.toks[i+1]
	single := t.e-t.b == 1
	if !single && !(u.sep == sepJoin && u.sign != '-' && u.sign != '/' && t.flags&flagDigit == 0) || single && (u.e-u.b != 1 || u.sep >= sepComma) {
		return 0, 0
	}
	var b [32]byte
	n, best, word := 0, 0, int32(0)
	for k := i; k < len(r.toks); k++ {
		v := &r.toks[k]
		if k > i && (single && (v.sep >= sepComma || v.sep == sepNone) || !single && v.sep != sepJoin) {
			break
		}
		if single && v.e-v.b != 1 || n+int(v.e-v.b) > len(b) {
			break
		}
		n += copy(b[n:], r.f.buf[v.b:v.e])
		if k-i >= 1 && n >= 4 && (single || k-i <= 3) {
			if w := r.lib.dict.known(b[:n]); w != 0 {
				best, word = k-i+1, w
			}
		}
	}
	return best, word
}

// lookup finds the phrases of the lexicon and the language of the text.
func (r *reader) lookup() {
	l := r.lib
	en, es := 0, 0
	for i := range r.toks {
		t := &r.toks[i]
		if l.in(t.word, l.functionEN) {
			en++
		}
		if l.in(t.word, l.functionES) {
			es++
		}
		if !l.starts[t.word] {
			continue
		}
		node, ends := l.steps.next(0, t.word)
		for k := i + 1; node != 0; k++ {
			if ends != 0 {
				r.phrases = append(r.phrases, phraseAt{ends, int32(k - i), t.phrase})
				t.phrase = int32(len(r.phrases) - 1)
			}
			if k >= len(r.toks) || r.toks[k].sentence != t.sentence || r.toks[k].word == 0 {
				break
			}
			node, ends = l.steps.next(node, r.toks[k].word)
		}
	}
	r.active, r.main = langEN|langES, ""
	switch {
	case en >= 2*es && en > 0:
		r.main = "en"
		if es == 0 && en > 2 {
			r.active = langEN
		}
	case es > 0 && es > en:
		r.main = "es"
		if en == 0 && es > 1 {
			r.active = langES
		}
	case en > 0:
		r.main = "en"
	}
}

// sentence runs the patterns that find what they need in tokens [lo, hi); next is
// where the sentence after it ends.
func (r *reader) sentence(lo, hi, next int32) {
	r.plan(lo, hi)
	r.m = matcher{r: r, lo: lo, hi: hi}
	for _, k := range r.busy {
		for across := r.live[k] & r.lib.x.across[k]; across != 0; across &= across - 1 {
			r.across(k<<6+int32(bits.TrailingZeros64(across)), lo, hi, next)
		}
	}
	for _, t := range slices.Backward(r.trials) {
		r.try(t.pattern, t.at)
	}
}

// across runs one pattern at every token of a sentence and of the one before, over
// the end of either.
func (r *reader) across(n, lo, hi, next int32) {
	m := r.m
	r.m.hi = next
	for lo > 0 && r.m.lo > 0 && r.toks[r.m.lo-1].sentence == r.toks[lo-1].sentence {
		r.m.lo--
	}
	r.until[n] = 0
	for i := r.m.lo; i < hi; i++ {
		if r.lib.x.over.goes(r, &r.toks[i], n) {
			r.try(n, i)
		}
	}
	r.m = m
}

// try runs one pattern at one token, unless its last match covers it.
func (r *reader) try(n, i int32) {
	m, p := &r.m, &r.lib.patterns[n]
	if m.p = p; i < r.until[n] || !m.fit(i) {
		return
	}
	r.until[n] = m.end
	ru := &r.lib.rules[p.rule]
	if ru.context < 0 {
		f := match{rule: p.rule, start: i, end: m.end}
		if m.age >= 0 {
			f.hidden = r.ages[m.age].hidden
		}
		r.found = append(r.found, f)
		return
	}
	r.contexts[r.toks[i].sentence] |= 1 << ru.context
	if !ru.void { // it holds already, wherever else it stands
		r.until[n] = m.hi
		return
	}
	for k := i; k < m.end; k++ {
		r.toks[k].flags |= flagVoid
	}
}

// around is the contexts that hold at a sentence.
func (r *reader) around(sentence int32) uint64 {
	l := r.lib
	var bits uint64
	n := int32(len(r.contexts))
	for i := max(0, sentence-wide); i < min(n, sentence+wide+1); i++ {
		bits |= r.contexts[i] &^ l.local
	}
	bits |= r.contexts[sentence]
	out := bits
	for i, unless := range l.unless {
		switch bit := uint64(1) << i; {
		case l.fallback&bit != 0:
			if bits&unless == 0 {
				out |= bit
			}
		case bits&bit != 0 && bits&unless != 0:
			out &^= bit
		}
	}
	return out
}

// stands reports whether the guards let a match stand.
func (r *reader) stands(m *match) bool {
	ru := &r.lib.rules[m.rule]
	void := int32(0)
	for _, t := range r.toks[m.start:m.end] {
		if t.flags&flagVoid != 0 {
			void++
		}
	}
	if 2*void >= m.end-m.start {
		return false
	}
	if !ru.negated && r.negated(m) {
		return false
	}
	bits := r.around(r.toks[m.start].sentence)
	return bits&ru.not == 0 && (ru.needs == 0 || bits&ru.needs != 0)
}

// negated reports whether a negation before the match, or right behind it, takes
// it back. One before a new subject belongs to something else.
func (r *reader) negated(m *match) bool {
	l := r.lib
	reach := int32(negationReach)
	if l.in(r.toks[m.start].word, l.subject) {
		reach = 1
	}
	for i := m.start; i > 0 && m.start-i < reach; i-- {
		if r.toks[i].sep >= sepComma || r.toks[i-1].sentence != r.toks[i].sentence {
			break
		}
		w := r.toks[i-1].word
		if l.in(w, l.but) {
			break
		}
		if l.in(w, l.neg) {
			return true
		}
	}
	if int(m.end) < len(r.toks) {
		t := &r.toks[m.end]
		return t.sep >= sepSign && t.sep < sepStop && l.in(t.word, l.negPost)
	}
	return false
}

// indicators turns the matches that stand into indicators.
func (r *reader) indicators(text string, o Options) []ad.Indicator {
	l := r.lib
	r.labels = r.labels[:0]
	for n := range r.found {
		m := &r.found[n]
		ru := &l.rules[m.rule]
		if ru.strength == ad.Excluded && !o.All || !r.stands(m) {
			continue
		}
		sub := ru.sub
		if m.hidden && sub == "stated_minor_age" {
			sub = "obfuscated_age"
		}
		r.labels = append(r.labels, label{r.toks[m.start].from, r.toks[m.end-1].to, ru, sub})
	}
	if from, to, id := r.obscured(text, o); id != "" {
		ru := &rule{id: id, category: Contact, strength: ad.Moderate}
		r.labels = append(r.labels, label{from, to, ru, "spelled_digits"})
	}
	if len(r.labels) == 0 {
		return nil
	}
	labels := distinct(r.labels)
	if r.bought(labels) {
		met := slices.ContainsFunc(labels, func(i label) bool { return i.sub == "buyer_review" })
		labels = slices.DeleteFunc(labels, func(i label) bool {
			return slices.Contains(offered, i.category) && !(met && slices.Contains(seen, i.category))
		})
	}
	labels = labels[:min(len(labels), mostFound)]
	out := make([]ad.Indicator, len(labels))
	from, at := int32(0), 0 // the code point that begins at a byte
	for n, i := range labels {
		if i.from < from { // the stronger of two that overlap
			from, at = 0, 0
		}
		at += bytesOf(text[at:], i.from-from)
		from = i.from
		out[n] = ad.Indicator{
			Category: i.category, Sub: i.sub, Strength: i.strength, Rule: i.id,
			Span: ad.Span{Start: int(i.from), End: int(i.to)}, Text: string([]rune(text[at:][:bytesOf(text[at:], i.to-i.from)])),
		}
	}
	l.model.weigh(out)
	return out
}

// bytesOf is how long the first runes of a text are.
func bytesOf(text string, runes int32) int {
	for at := range text {
		if runes == 0 {
			return at
		}
		runes--
	}
	return len(text)
}

// A label is what will be an indicator: a rule and code points [from, to).
type label struct {
	from, to int32
	*rule
	sub string
}

// mostFound bounds what is marked in one text: a text that says it more often says
// nothing more by it.
const mostFound = 200

// offered is the categories that are of an offer: where a buyer writes, it is the
// buyer who travels, or a driver whom the buyer met.
var offered = []string{Movement, "third_party", "multiple_persons", "venue", trust}

// seen is those of them that a buyer who has been there tells of the offer.
var seen = []string{"third_party", "multiple_persons", "venue"}

// bought reports whether a buyer writes, and no profile.
func (r *reader) bought(found []label) bool {
	profile := r.lib.contextBit("profile")
	for _, bits := range r.contexts {
		if bits&profile != 0 {
			return false
		}
	}
	return slices.ContainsFunc(found, func(i label) bool { return i.category == Demand })
}

// rank orders strengths, strongest first.
var rank = map[ad.Strength]int{ad.Strong: 0, ad.Moderate: 1, ad.Weak: 2, ad.Excluded: 3}

// distinct keeps of the labels of one category that mostly overlap the strongest,
// and of equals the longest, in order of the text. It changes what it is given.
func distinct(in []label) []label {
	slices.SortStableFunc(in, func(a, b label) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(b.to, a.to), cmp.Compare(a.id, b.id), cmp.Compare(a.sub, b.sub))
	})
	out := in[:0]
	for _, i := range in {
		keep := true
		// What was kept begins before i, and no span is longer than a few dozen words.
		for k := len(out) - 1; k >= 0 && k >= len(out)-8; k-- {
			o := &out[k]
			both := min(o.to, i.to) - i.from
			if o.category != i.category || 2*both <= min(o.to-o.from, i.to-i.from) {
				continue
			}
			if better(&i, o) {
				*o = i
			}
			keep = false
			break
		}
		if keep {
			out = append(out, i)
		}
	}
	return out
}

func better(a, b *label) bool {
	return cmp.Or(cmp.Compare(rank[a.strength], rank[b.strength]), cmp.Compare(b.to-b.from, a.to-a.from)) < 0
}
