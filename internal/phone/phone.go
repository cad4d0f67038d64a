// Package phone reads telephone numbers out of the text of ads, however they
// are written: with any separators, in words, in digits of other scripts, in
// look-alikes, inside links, split by fillers. Text comes in; numbers in E.164
// go out with the span they were read from, a confidence and the reasons for
// and against. It knows the numbering plans of North America and Britain
// itself and asks a library about others only when a number says that it is
// international. It never looks anything up, keeps nothing, and never judges who
// a number belongs to.
//
// A text may also tell how it is to be read - "? is five", "from right to left",
// "starts with 912", "last four 0123" - and whose a number is; told, keys, parts,
// tags, kin, sum, riddle, mend and claim do what it says.
//
// Reading goes in one pass, through a window where a text is long: scan cuts the
// text into chunks, edges read chunks as digits with a cost, a walk over edges and
// gaps finds digit strings of a number's length, score weighs them by what stands
// in and around them, and choose takes the best set that does not overlap. Nothing
// in it knows which numbers are set aside for fiction.
package phone

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"vigil.example/internal/ad"
)

// Options says what is known about a text besides its words.
type Options struct {
	Country string // where a number without a country code belongs: ISO 3166-1 alpha-2; "" decides from the text
}

// enough is the fewest digits a number can have in the text.
const enough = 7

// Read returns the numbers in s in order of position: the best set that does
// not overlap. Spans are code points of s, Field is left empty. A number written
// twice is returned twice.
func Read(s string, o Options) []ad.Phone {
	if len(s) > window {
		return readLong(s, o)
	}
	return readShort(s, o)
}

func readShort(s string, o Options) []ad.Phone {
	if !plausible(s) {
		return nil
	}
	var room room
	r := reader{country: o.Country}
	r.s, r.chunks, r.norm, r.edges, r.found = s, room.chunks[:0], room.norm[:0], room.edges[:0], room.found[:0]
	return r.read(s)
}

// Identifies reports whether words that a person gives as a reason, a purpose or an
// authority may hold a number or an address, whatever they call it. Such words are
// shown to others and not erased with the number.
func Identifies(words string) bool {
	return strings.Contains(words, "@") || len(Read(words, Options{})) > 0 || len(ReadQuery(words)) > 0
}

// ReadQuery returns the numbers in what a person typed into a search box, where
// the whole string may be a number in any form, also without anything that says
// so.
func ReadQuery(s string) []ad.Phone {
	var room room
	r := reader{query: true}
	r.s, r.chunks, r.norm, r.edges, r.found = s, room.chunks[:0], room.norm[:0], room.edges[:0], room.found[:0]
	return r.read(s)
}

// A room is space on the stack in which most texts fit.
type room struct {
	chunks [48]chunk
	norm   [320]byte
	edges  [32]edge
	found  [4]candidate
}

// plausible reports in one quick look, without allocating, whether a text could
// hold a number at all.
func plausible(s string) bool {
	digits := 0
	for i := range len(s) {
		if digit(s[i]) {
			if digits++; digits == 3 {
				return true
			}
		}
	}
	signs, solo, start, run, stars, last := 0, 0, -1, 0, 0, rune(0)
	for i := 0; i <= len(s); i++ {
		c := byte(' ')
		if i < len(s) {
			c = s[i]
		}
		if letter(c) {
			if start < 0 {
				start = i
			}
			continue
		}
		if start >= 0 {
			if n := i - start; n < 4 && start > 1 && (s[start-1] == '-' || s[start-1] == '.') && letter(s[start-2]) {
				if solo++; solo%3 == 0 {
					signs++ // perhaps words in two
				}
			}
			if n := i - start; n == 1 || n < 5 && (s[start] == 'I' || s[start] == 'V') {
				if solo++; solo%3 == 0 {
					signs++ // perhaps words with their letters apart
				}
			} else if n > maxWord || n > 5 && mayCount(s[start], s[start+1]) && glued([]byte(s[start:i])) > 1 {
				signs += n / 6 // perhaps number words run together
			} else if mayCount(s[start], s[start+1]) && lookUp(s[start:i]).numeral() || n > 2 && n < 5 && leetDigits[s[start]] != 0 && leetish(s[start:i]) {
				signs++
				run++
			} else if n >= 8 && mayCount(s[start], s[start+1]) && glued([]byte(s[start:i])) > 1 {
				signs++ // number words run together
			} else if n > 1 && n <= maxSpelt && mayMisspell(s[start], s[start+1], s[i-1]) {
				if run++; run > 4 {
					return true // perhaps misspelt number words
				}
			} else {
				run = 0
			}
			start = -1
		}
		if c > ' ' && i > 0 && s[i-1] == c && c < utf8.RuneSelf && (i < 2 || s[i-2] != c) {
			signs++ // perhaps to be counted
		}
		switch {
		case c == '*' || c == '_':
			if i > 0 && letter(s[i-1]) || i+1 < len(s) && letter(s[i+1]) {
				if stars++; stars > 2 {
					signs++ // perhaps words with a letter hidden
				}
			}
		case digit(c) || c == '|' || c == '$':
			signs++
		case (c == '.' || c == '-') && i > 0 && s[i-1] == '.'+'-'-c: // perhaps Morse code
			signs++
		case c == '&' && i+2 < len(s) && s[i+1] == '#':
			signs++
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRuneInString(s[i:])
			if r >= 0x100 {
				if _, _, ok := digitOf(r); ok || twin(r) != 0 || r == last { // perhaps to be counted
					signs++
				}
				last = r
			}
			i += size - 1
		}
		if signs >= 3 {
			return true
		}
	}
	return false
}

// A reader is the state of reading one text.
type reader struct {
	scanner
	country string
	query   bool
	equals  bool   // an equals sign
	roles   int    // words that name parts of a number
	strip   bool   // the text says to leave out words or letters
	romans  int    // numerals in capitals
	threes  int    // three digits
	counts1 bool   // a one or the word first, with which a count may begin
	pairs   int    // single letters with a single digit behind
	lines   int    // that begin with digits
	names   bool   // misspelt names of digits follow each other
	stars   bool   // the text has stars
	loose   bool   // three groups of digits or more have words between
	back    bool   // the text says that digits are reversed
	blocks  bool   // or groups of digits
	hint    bool   // the text may say so
	by      int    // what the text tells to add to every digit
	told    uint16 // what else it tells to do: bit k for the word wordTell|k
	edges   []edge
	areas   []area
	found   []candidate
	steps   int   // from one chunk
	work    int   // in all
	leadOf  int32 // start of the path that lead was worked out for, plus one
	lead    lead

	need  uint8   // digits without which a path from the current chunk is no number
	limit float32 // the cost from which a path from the current chunk cannot win

	trail [maxDigits]int32 // the edges of the current path
}

// classify looks words up and reports whether the text may hold a number.
func (r *reader) classify() bool {
	digits, hard, solo, row, unknown := 0, 0, 0, 0, 0
	r.names = false
	for i := range r.chunks {
		c := &r.chunks[i]
		if c.letters > 0 && c.digits == 0 && c.marks == 0 {
			c.w = lookUp(r.norm[c.lo:c.hi])
			c.plain = c.odd == 0 && !c.w.numeral() && c.hi-c.lo > 1 && !c.caps
			if b := r.norm[c.lo:c.hi]; c.w == wordNone && len(b) >= 6 && len(b) <= maxMixed && mayCount(b[0], b[1]) {
				n := glued(b)
				if n < 2 {
					_, n, _ = humped(b)
				}
				if n > 1 {
					digits += n
					c.hard, c.plain = true, false
					hard++
				}
			}
		}
		switch { // words that follow each other may all misspell names of digits
		case c.digits > 0 && c.letters == 0 && c.digits < 5:
			row += int(c.digits)
		case c.digits == 0 && c.w.numeral():
			row++
		case c.w == wordNone && c.hi-c.lo > 1 && c.hi-c.lo <= maxSpelt && (c.digits > 0 || mayMisspell(r.norm[c.lo], r.norm[c.lo+1], r.norm[c.hi-1])):
			row++
			unknown++
		default:
			row, unknown = 0, 0
		}
		r.names = r.names || row > 5 && unknown > 1
		r.equals = r.equals || c.gap&gapEqual != 0 || c.digits > 0 && c.gap.tight() && (c.marks > 0 && c.gap != 0 || c.gap&(gapHash|gapMark|gapSign) != 0)
		switch c.w.sort() {
		case wordUnit, wordTeen, wordTens, wordHundreds, wordTimes:
			digits += 2
			c.hard = true
			hard++
		case wordMeasure:
			if c.hi-c.lo == 4 && r.spells(i, "half") && r.spells(i+1, "of") {
				r.told |= 1 << wordRiddle.value()
			}
		case wordID:
			if c.hi-c.lo == 6 && r.spells(i, "cuenta") && r.spells(i+1, "los", "las", "cada", "cuantos", "cuantas", "el") {
				r.told |= 1 << wordTally.value()
			}
		case wordBack:
			r.told |= 1
		case wordTell:
			r.told |= 1 << c.w.value()
		case wordFiller:
			switch c.w {
			case wordFirst, wordLast, wordRest:
				r.counts1 = r.counts1 || c.w == wordFirst
				r.told |= 1 << wordWay.value()
				r.roles++
			case wordMiddle, wordNext:
				if c.w == wordMiddle && r.spells(i, "mitad") {
					r.told |= 1 << wordRiddle.value()
				}
				r.roles++
			}
		case wordArea:
			r.roles += 2
		}
		if c.digits > 0 {
			if c.gap&gapLine != 0 {
				r.lines++
			}
			if c.digits == 3 {
				r.threes++
			}
			if c.digits == 1 && c.letters == 0 {
				r.counts1 = r.counts1 || r.norm[c.lo] == '1'
				if k := i - 1; k >= 0 && (r.size(k) == 1 && r.chunks[k].letters == 1 || k > 0 && r.size(k) == 2 && r.size(k-1) == 1 && r.chunks[k-1].letters == 1) {
					r.pairs++
				}
			}
			if c.letters > 0 && c.marks == 0 && c.odd == 0 && measured(r.norm[c.lo:c.hi]) {
				c.measure = true
				continue
			}
			digits += int(c.digits)
			if c.letters > 0 {
				digits += alike(r.norm[c.lo:c.hi])
			}
			c.hard = true
			hard++
		}
		if c.plain && c.hi-c.lo > 5 {
			continue // nearly all that remain
		}
		if c.w == wordNone && c.digits == 0 && c.hi-c.lo <= 5 && leetish(r.norm[c.lo:c.hi]) {
			digits += int(c.hi - c.lo)
			c.leet, c.plain = true, false
		}
		if c.w.sort() == wordSoft && i > 0 && (r.chunks[i-1].w.sort() == wordSoft || r.chunks[i-1].w.sort() == wordUnit) {
			digits++
		}
		if c.letters > 0 && c.w == wordNone && c.hi-c.lo < 5 && (r.norm[c.lo] == 'I' || r.norm[c.lo] == 'V') && roman(r.norm[c.lo:c.hi]) > 0 {
			if r.romans++; r.romans >= 5 {
				digits += 2
				c.hard = true
			}
		}
		if c.hi-c.lo == 1 && c.letters == 1 {
			if solo++; i+1 < len(r.chunks) && r.chunks[i+1].gap.tight() && r.chunks[i+1].gap&(gapMark|gapHash) != 0 {
				digits++ // perhaps the first letter of a masked word
			}
		}
		if c.gap.tight() && c.gap&(gapDash|gapDot) != 0 && c.hi-c.lo < 4 && i > 0 && c.letters > 0 && r.halfName(i) {
			digits++ // a name of a digit in two
			r.chunks[i-1].hard, r.chunks[i-1].plain = true, false
			hard++
		}
		digits += int(c.marks) + int(c.odd)
		if c.gap&gapMark != 0 && c.letters > 0 && c.digits == 0 && c.hi-c.lo < 5 && c.bfrom > 0 && r.s[c.bfrom-1] == '*' {
			digits++ // perhaps a word with a letter hidden
		}
	}
	digits += solo / 3
	if r.names {
		return true
	}
	if digits >= enough || hard >= 3 && digits >= 3 || hard >= 2 && digits >= 5 {
		return true
	}
	if hard == 0 {
		return false
	}
	for i := range r.chunks { // words may be misspelt
		if c := &r.chunks[i]; c.w == wordNone && c.letters > 1 && c.hi-c.lo <= maxSpelt {
			if _, cost, ok := spelt(r.norm[c.lo:c.hi]); ok && cost < realWordCost {
				digits++
			}
		}
	}
	return digits >= enough
}

// halfName reports whether chunk i and the one before it are a digit's name together:
// "fi-ve".
func (r *reader) halfName(i int) bool {
	a, b := &r.chunks[i-1], &r.chunks[i]
	if a.hi-a.lo > 4 || a.digits+b.digits > 0 || a.letters == 0 {
		return false
	}
	var word [8]byte
	n := copy(word[:], r.norm[a.lo:a.hi])
	n += copy(word[n:], r.norm[b.lo:b.hi])
	return lookUp(word[:n]).sort() == wordUnit
}

// read does all the steps. It takes the text again because results that held on
// to the reader's own would move everything to the heap.
func (r *reader) read(s string) []ad.Phone {
	r.scan()
	likely := r.classify()
	if (r.told&(1<<wordStand.value()) != 0 || r.equals) && signed(s) {
		if keys := findKeys(s); keys != nil {
			r.keys = keys
			r.again()
			r.scan()
			likely = r.classify()
		}
	}
	if r.pairs > 1 && r.keys == nil {
		if keys, from, to := ciphered(s); keys != nil {
			r.keys, r.cipher = keys, [2]int32{from, to}
			r.again()
			r.scan()
			likely = r.classify()
		}
	}
	for _, w := range [...]word{wordMorse, wordTally} {
		if r.told&(1<<w.value()) != 0 && r.marks == 0 {
			if r.unit = counted(s); w == wordTally && r.unit == 0 {
				continue
			}
			r.marks = w
			r.again()
			r.scan()
			likely = r.classify()
		}
	}
	if r.told&(1<<wordRoman.value()) != 0 && r.romans > 0 {
		r.romans, likely = r.romans+5, true
		for i := range r.chunks {
			c := &r.chunks[i]
			c.hard = c.hard || c.letters > 0 && c.w == wordNone && roman(r.norm[c.lo:c.hi]) > 0
		}
	}
	if !likely {
		return nil
	}
	if r.told != 0 {
		r.listen()
	}
	r.stars = strings.IndexByte(s, '*') >= 0
	r.misspellings()
	for i := range r.chunks {
		if c := &r.chunks[i]; c.plain && c.spelt == 0 && !r.stars && r.marks == 0 && (i+1 == len(r.chunks) || !r.chunks[i+1].gap.tight() || r.chunks[i+1].hi-c.lo > 5) {
			c.edges, c.after = int32(len(r.edges)), int32(len(r.edges))
			continue // nearly all
		}
		r.edgesFrom(i)
	}
	if r.told&(1<<wordRiddle.value()|1<<wordStand.value()) != 0 {
		r.by = r.digitwise()
	}
	r.lookAhead()
	r.shapes()
	r.findAreas()
	for i := range r.chunks {
		if c := &r.chunks[i]; c.edges < c.after && c.ahead >= r.fewest(c) {
			r.steps, r.need, r.limit = 0, r.fewest(c), r.hope(i)
			r.walk(path{start: int32(i), at: int32(i)})
		}
	}
	r.loose = len(r.edges) > 2 && r.apart()
	r.assemble()
	if r.equals || r.told&riddled != 0 {
		r.riddles()
	}
	chosen := choose(r.found)
	if len(chosen) == 0 {
		return nil
	}
	chosen = r.kin(chosen)
	chosen = r.mended(chosen)
	out := make([]ad.Phone, 0, len(chosen))
	for i := range chosen {
		lost := r.rivalsOf(chosen, i)
		out = append(out, r.phone(s, &chosen[i], &lost))
	}
	return out
}

// support reads misspelt names that stand in a row: seven digits of them in a row are
// read where each alone would be a word of its own.
func (r *reader) support() {
	for i := 0; i < len(r.chunks); {
		n, words, unsure, k := 0, 0, 0, i
		for ; k < len(r.chunks); k++ {
			c := &r.chunks[k]
			if c.digits > 0 && c.letters+c.marks == 0 {
				if n += int(c.digits); c.digits > 4 {
					break
				}
				continue
			}
			if r.single(k) {
				n++
				continue
			}
			if c.unspelt || c.measure || c.letters < 2 || c.hi-c.lo > maxSpelt || c.w != wordNone || k > i && c.gap&gapBlank != 0 {
				break
			}
			if c.digits == 0 && !mayMisspell(r.norm[c.lo], r.norm[c.lo+1], r.norm[c.hi-1]) {
				break
			}
			d, cost, ok := spelt(r.norm[c.lo:c.hi])
			if c.unspelt = !ok; !ok {
				break
			}
			if cost >= realWordCost {
				unsure++
			}
			c.speltCost, c.mis = cost, d+1
			n, words = n+1, words+1
		}
		if words > 1 && n >= enough && unsure*3 <= n {
			for j := i; j < k; j++ {
				if c := &r.chunks[j]; c.mis != 0 && c.spelt == 0 {
					c.spelt, c.hard = c.mis, true
					c.speltCost = min(.3*c.speltCost, .3)
				}
			}
		}
		i = max(k, i+1)
	}
}

// misspellings looks for misspelt number words, from both ends, in texts with
// digits standing alone or number words.
func (r *reader) misspellings() {
	if r.names {
		r.support()
	}
	n := 0
	for i := range r.chunks {
		if c := &r.chunks[i]; c.hard && (r.single(i) || c.letters > 1 && !c.measure) {
			n++
		}
	}
	if n < 2 {
		return
	}
	found := false
	for i := range r.chunks {
		before := r.chunks[i].spelt
		r.misspelt(i)
		found = found || r.chunks[i].spelt != before
	}
	for i := range r.chunks {
		if !found {
			break // there is no company that was not there before
		}
		r.misspelt(len(r.chunks) - 1 - i)
	}
}

// misspelt reads an unknown word beside digits or number words as a misspelt
// number word. Each finding is company for the next, so that a number that is
// misspelt throughout is read from both ends.
func (r *reader) misspelt(i int) {
	c := &r.chunks[i]
	if c.spelt != 0 || c.unspelt || c.measure || c.marks > 1 || c.letters == 0 || c.hi-c.lo < 2 || c.hi-c.lo > maxSpelt || c.w != wordNone && c.w != wordFiller {
		return
	}
	left, right := r.single(i-1), r.single(i+1)
	if !left && !right {
		if c.digits > 0 { // "f1ve" needs no company
			if d, cost, ok := named(r.norm[c.lo:c.hi]); ok {
				c.spelt, c.speltCost = d+1, cost
			}
		}
		return
	}
	d, cost, ok := c.mis-1, c.speltCost, c.mis != 0
	if !ok {
		d, cost, ok = spelt(r.norm[c.lo:c.hi])
		c.unspelt = !ok
	}
	if !ok || (c.w == wordFiller || cost >= realWordCost) && !(left && right) {
		return
	}
	c.spelt, c.speltCost, c.hard = d+1, cost, true
}

// A candidate is a number that may be read from chunks [start, end).
type candidate struct {
	path
	end     int32
	country uint16 // calling code
	nation  uint64 // national significant number
	digits  uint8  // of nation
	score   float32
	marks   evidence
	area    int32 // one more than the index of the area code that stands apart
	trail   [maxDigits]int32
}

// choose returns the set of candidates with the highest sum of scores that does
// not overlap, in order of position.
func choose(found []candidate) []candidate {
	if len(found) < 2 {
		return found
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return int(a.end) - int(b.end) })
	var room struct {
		best [32]float32
		take [32]int32
	}
	best, take := room.best[:], room.take[:] // take: where to go on when found[i-1] is taken, -1 when it is not
	if len(found) >= len(best) {
		best, take = make([]float32, len(found)+1), make([]int32, len(found)+1)
	}
	for i, c := range found {
		k, _ := slices.BinarySearchFunc(found[:i], c.start, func(o candidate, s int32) int {
			if o.end <= s {
				return -1
			}
			return 1
		})
		take[i+1] = -1
		best[i+1] = best[i]
		if s := best[k] + c.score; s > best[i] {
			best[i+1], take[i+1] = s, int32(k)
		}
	}
	var out []candidate
	for i := len(found); i > 0; {
		if take[i] < 0 {
			i--
			continue
		}
		out = append(out, found[i-1])
		i = int(take[i])
	}
	slices.Reverse(out)
	return out
}

// phone makes the record of a candidate.
func (r *reader) phone(s string, c *candidate, lost *rivals) ad.Phone {
	first, last := &r.chunks[c.start], &r.chunks[c.end-1]
	from, bfrom, to, bto := first.from, first.bfrom, last.to, last.bto
	for bfrom > 0 && (s[bfrom-1] == '+' || s[bfrom-1] == '(') { // both belong to the number
		from, bfrom = from-1, bfrom-1
	}
	e164 := international(c.country, c.nation, c.digits)
	sure, others := lost.chance()
	return ad.Phone{
		E164:         e164,
		Span:         ad.Span{Start: int(from), End: int(to)},
		Text:         s[bfrom:bto],
		Method:       c.method(),
		Confidence:   sure,
		Reasons:      c.reasons(),
		Pieces:       r.pieces(s, c, e164[len(e164)-int(c.digits):]),
		Alternatives: others,
	}
}

// international writes a national number in E.164.
func international(country uint16, nation uint64, digits uint8) string {
	var room [20]byte
	b := strconv.AppendUint(append(room[:0], '+'), uint64(country), 10)
	for k := int(digits) - 1; k >= 0; k-- {
		b = append(b, '0'+byte(nation/pow10[k]%10))
	}
	return string(b)
}

func pad(v uint64, n int) string {
	s := strconv.FormatUint(v, 10)
	for len(s) < n {
		s = "0" + s
	}
	return s
}
