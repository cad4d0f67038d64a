package phone

// A lead says what the words before a number make of it.
type lead struct {
	cue float32 // 0 to 1: a contact word, near
	id  float32 // 0 to 1: a word that makes it an id, near
}

// reach is how many words before a number are read, and far how many make an id.
const (
	reach = 7
	far   = 4
)

// leadTo reads the words before chunk start, back to the beginning of the
// sentence. The nearest word that says anything decides.
func (r *reader) leadTo(start int32) lead {
	if r.leadOf == start+1 {
		return r.lead
	}
	r.leadOf, r.lead = start+1, r.readLead(int(start))
	return r.lead
}

// readLead is leadTo without the memory.
func (r *reader) readLead(start int) lead {
	var cx lead
	digits, away, groups, spilled := 0, false, true, false // groups: there is nothing but digits between; spilled: more than a group's
	if r.chunks[start].gap&gapRing != 0 {
		return lead{cue: .9}
	}
	id := float32(1)
	numbered := r.chunks[start].gap&(gapHash|gapColon|gapEqual) != 0
	switch g := r.chunks[start].gap; {
	case g&gapLastHash != 0:
		cx.id = .25
	case g&gapHash != 0 && r.word(start-1) == wordNone:
		cx.id = .6 // "stock# 12"
	}
	for k := start - 1; k >= 0 && k >= start-reach; k-- {
		c, g := &r.chunks[k], r.chunks[k+1].gap
		abbreviated := c.w.sort() == wordNumber || c.w.sort() == wordPhone || c.hi-c.lo <= 4 && c.letters > 0 && (c.w.sort() == wordID || c.w.sort() == wordLabel) && !r.spells(k, "zoom", "card", "case", "item", "lote", "plan", "bill", "room", "unit") ||
			k == start-1 && c.hi-c.lo < 6 && c.w == wordNone && (r.word(k-1).sort() == wordID || r.word(k-1).sort() == wordLabel) && r.chunks[k].gap == gapSpace // "Cedula prof. 512"
		if g&gapEnd != 0 && !(abbreviated && g&gapDot != 0 && (g&gapParen == 0 || c.w.sort() == wordNumber || c.w.sort() == wordPhone) && k >= start-2) { // "Tel. no. 12"
			return cx
		}
		if broken(g) {
			id *= .15
		} else if g&gapComma != 0 && (k < start-1 || c.w == wordNone) {
			id *= .3 // "drivers with a licence in order, 912"
		}
		away = away || g&gapLine != 0 && k < start-1 // the line of the number begins with words of its own
		if c.hi-c.lo >= 5 && draws>>(r.norm[c.lo]&31)&1 != 0 && r.drawn(k) {
			return lead{id: 1}
		}
		if digits += int(c.digits); c.w.numeral() && c.w.sort() != wordSoft {
			digits += 2
		}
		if digits >= 5 {
			if !groups || g != gapSpace || spilled && c.w.sort() != wordID && c.digits == 0 {
				cx.cue = max(cx.cue, r.inherited(start))
				return cx
			}
			spilled = true // "account 0397 9678 912"
		}
		near := float32(start-k) - 1
		beside := near == 0 || near == 1 && r.spells(k+1, "is", "es") // "boleto es 912"
		if c.w.sort() == wordPhone && away {
			return cx
		}
		switch c.w.sort() {
		case wordPhone:
			if r.negated(k) {
				if near > 2 || digits > 0 || r.chunks[start].gap&gapComma != 0 || r.chunks[k+1].gap&(gapComma|gapDash) != 0 || r.plural(k) || r.conditional(start) {
					continue // "no calls: text 912"
				}
				return lead{id: .7} // "not a phone"
			}
			return lead{cue: 1 - near*.08}
		case wordArea:
			return lead{cue: .6}
		case wordID:
			if r.inAddress(k) || r.marks == wordTally && r.spells(k, "cuenta") {
				continue
			}
			if r.place(k) || r.spells(k, "long") && (k+1 < start || r.spells(k-1, "too", "how", "so", "the", "a", "very")) {
				continue
			}
			if r.spells(k, "order", "orden") && r.spells(k-1, "in", "en") {
				continue
			}
			if c.w == wordCode && (r.word(k-1).sort() == wordArea || r.spells(k-1, "country", "pais")) {
				return lead{cue: .6}
			}
			if near <= far || spilled {
				cx.id = max(cx.id, id*max(.5, 1-near*.12))
				return cx
			}
		case wordLabel, wordFiller:
			switch {
			case c.w.sort() == wordFiller && c.w != wordPart, r.place(k), c.w == wordPart && near == 1 && r.size(k+1) == 1: // "Part B: 555"
			case numbered && near <= 2:
				cx.id = max(cx.id, id)
				return cx
			case c.w == wordPart:
				if beside && r.word(k-1).sort() != wordFiller && r.chunks[start].gap == gapSpace && (k == 0 || r.chunks[k-1].digits == 0) {
					cx.id = max(cx.id, .5*id)
				}
			case (beside || groups && near < 3) && c.w == wordForm:
				cx.id = max(cx.id, id)
				return cx
			case near == 0 && r.spells(k, "bill") && r.norm[c.lo] == 'B' && r.norm[c.lo+1] == 'i' && r.chunks[start].gap == gapSpace: // his name
			case beside && c.w == wordSheet:
				cx.id = max(cx.id, .75*id)
			case beside && c.w == wordLabel:
				cx.id = max(cx.id, .4*id)
			}
		case wordNone:
			if near == 0 && c.hi-c.lo == 1 && c.gap == gapSlash && r.norm[c.lo]|0x20 == 'n' && r.spells(k-1, "s", "p", "c", "m") { // "s/n", "p/n"
				return lead{id: 1}
			}
		case wordNumber:
			numbered = true
			if r.negated(k) || r.word(k-1).sort() == wordPhone && r.negated(k-1) {
				return lead{id: .7} // "not a phone number"
			}
			if r.announced(k, start) {
				return lead{cue: .7}
			}
			if p := r.chunk(k - 1); p != nil && p.w == wordNone && p.letters > 1 && (near == 0 && c.gap&(gapEnd|gapLine|gapComma|gapDash) == 0 || c.hi-c.lo < 4 && r.marking(k, start) && c.gap&(gapLine|gapComma|gapDash) == 0 && p.hi-p.lo < 6) && !r.spells(k-1, "local", "landline", "house", "burner") {
				cx.id = max(cx.id, .7) // "stock number", whatever it is
				return cx
			}
		}
		if g&gapHash != 0 {
			numbered = true
		}
		groups = groups && c.digits > 0 && c.letters == 0 && c.gap&^(gapSpace|gapDash) == 0
		if c.gap&gapRing != 0 && near < 3 {
			return lead{cue: .7}
		}
	}
	return cx
}

// marking reports whether a few capitals with which serial numbers begin stand between the
// abbreviation "no." in chunk k and the digits: "ser. no. AK 212".
func (r *reader) marking(k, start int) bool {
	if k != start-2 {
		return k == start-1
	}
	c := &r.chunks[k+1]
	return c.hi-c.lo < 4 && c.letters > 0 && c.digits == 0 && r.norm[c.lo] < 'a' && r.norm[c.hi-1] < 'a' && r.chunks[start].gap == gapSpace
}

// place reports whether the word in chunk k says where something is held rather than
// what a number is: "lessons on zoom".
func (r *reader) place(k int) bool {
	return r.spells(k, "zoom", "webinar", "meeting", "server") && r.spells(k-1, "por", "en", "on", "via", "by", "over", "through", "in", "using", "or", "o", "y", "and")
}

// drawn reports whether chunk k names numbers that were drawn by lot or luck: "lucky
// numbers", "los números de la suerte".
func (r *reader) drawn(k int) bool {
	switch {
	case r.spells(k, "lucky", "winning", "magic", "losing"):
		return r.spells(k+1, "numbers", "number", "nos", "digits", "combo")
	case r.spells(k, "suerte", "fortuna", "premiados", "jugados", "cabalisticos"):
		for back := 1; back < 5; back++ {
			if r.spells(k-back, "numeros", "numero", "cifras", "combinacion", "digitos") {
				return true
			}
		}
	case r.spells(k, "cookie", "cookies"):
		return r.spells(k-1, "fortune")
	}
	return false
}

// draws holds the first letters of the words that drawn knows, as bits by their last
// five.
const draws = 1<<('l'&31) | 1<<('w'&31) | 1<<('m'&31) | 1<<('s'&31) | 1<<('f'&31) | 1<<('p'&31) | 1<<('j'&31) | 1<<('c'&31)

// negated reports whether "not" stands before the word in chunk k, or "not a".
func (r *reader) negated(k int) bool {
	for range 3 {
		if r.chunks[k].gap&(gapEnd|gapLine|gapComma) != 0 {
			return false
		}
		if k--; r.no(k) {
			return !r.spells(k-1, "why", "porque") // "why not call"
		}
		if s := r.word(k).sort(); s != wordFiller && s != wordSoft {
			return false
		}
	}
	return false
}

// inherited is the cue of a number right before chunk start, joined by "or", a
// comma and the like: "call this or that".
func (r *reader) inherited(start int) float32 {
	for i := len(r.found) - 1; i >= 0 && i >= len(r.found)-16; i-- {
		c := &r.found[i]
		if d := start - int(c.end); d < 0 || d > 1 || c.marks&(markCue|markID) != markCue || c.score < 1 {
			continue
		}
		for k := int(c.end); k <= start; k++ {
			if r.chunks[k].gap&(gapEnd|gapBlank) != 0 || k < start && fillerCost(&r.chunks[k]) > 1.3 {
				return 0
			}
		}
		return .7
	}
	return 0
}

// announced reports whether the word "number" in chunk k announces a telephone
// number in chunk start: "my number is", "número:", but not "lot number:".
func (r *reader) announced(k, start int) bool {
	if p := r.word(k - 1); p.sort() != wordFiller && p.sort() != wordPhone && k > 0 && r.chunks[k].gap&(gapEnd|gapLine|gapDash) == 0 || p == wordPart {
		return false
	}
	if start == k+1 {
		return r.chunks[start].gap&(gapColon|gapEqual) != 0
	}
	c := &r.chunks[k+1]
	return start <= k+3 && is(r.norm[c.lo:c.hi])
}

// broken reports whether a gap separates a heading or a list item from what
// follows it.
func broken(g gap) bool {
	return g&gapLine != 0 && g&(gapColon|gapHash) == 0 || g&gapDash != 0 && g&gapSpace != 0 || g&gapSign != 0
}

// behind weighs the words that follow a number: units of measure, "do not
// dial", "is my order number".
func (r *reader) behind(p path, m *evidence) float32 {
	c := r.chunk(int(p.at))
	if c == nil || c.gap&(gapEnd|gapLine) != 0 {
		return 0
	}
	if c.w.sort() == wordMeasure && c.gap&^gapSpace == 0 {
		if r.leadTo(p.start).cue > 0 && (p.bounds == 0 || p.bounds&(1<<(p.n-4)) != 0 && p.bounds&(1<<(p.n-7)) != 0) {
			return .3
		}
		*m |= markMeasure
		return costMeasure
	}
	for k := int(p.at); k < len(r.chunks) && k < int(p.at)+6; k++ {
		c := &r.chunks[k]
		if c.gap&(gapEnd|gapLine) != 0 || c.digits > 0 {
			return 0
		}
		switch c.w.sort() {
		case wordNot:
			if next := r.chunk(k + 1); next != nil && r.dial(next) {
				*m |= markNot
				return costNot
			}
			return 0
		case wordPhone:
			return 0
		case wordID, wordLabel:
			if k > int(p.at) && r.chunks[p.at].gap&(gapComma|gapDash) == 0 && is(r.norm[r.chunks[p.at].lo:r.chunks[p.at].hi]) {
				*m |= markID
				return costID
			}
			return 0
		}
	}
	return 0
}

// dial reports whether a chunk is a word for dialling. "Do not call after nine"
// says nothing against a number, "do not dial" does.
func (r *reader) dial(c *chunk) bool {
	s := string(r.norm[c.lo:c.hi])
	return s == "dial" || s == "marcar" || s == "marque"
}

// is reports whether a word says what the number before it is.
func is(b []byte) bool {
	s := string(b)
	return s == "is" || s == "es" || s == "was" || s == "era" || s == "as"
}

// A shape is what digits look like that are no telephone number.
type shape uint8

const (
	shapeTime   shape = 1 << iota // 18:30
	shapeDate                     // 2026-11-22, 11/22/2026
	shapeAmount                   // 57,671
	shapeYear                     // 1998
	shapeCode                     // groups of a card or account, a hardware address, a fraction
)

// shapes marks times, dates, amounts and years.
func (r *reader) shapes() {
	for i := range r.chunks {
		c := &r.chunks[i]
		if c.digits == 0 && !c.money && (c.hi-c.lo != 2 || i+1 == len(r.chunks) || !r.chunks[i+1].gap.tight()) {
			continue // nearly all
		}
		if c.shape&shapeCode == 0 {
			r.coded(i)
		}
		if c.digits == 0 || c.letters+c.marks > 0 {
			if c.money {
				r.amount(i)
			}
			continue
		}
		n := c.hi - c.lo
		v := r.value(i)
		if n == 4 && (v/100 == 19 || v/100 == 20) {
			c.shape |= shapeYear
		}
		if i > 0 && r.chunks[i-1].shape&shapeDate != 0 && c.gap.tight() {
			continue
		}
		if n <= 2 && v < 25 && r.joined(i, gapColon) && r.size(i+1) == 2 && r.value(i+1) < 60 && !r.joined(i+1, gapColon) && c.gap&gapColon == 0 {
			c.shape |= shapeTime
			r.chunks[i+1].shape |= shapeTime
		}
		if n <= 3 && r.joined(i, gapComma) && c.gap&gapComma == 0 || n <= 3 && r.joined(i, gapComma) && !c.gap.tight() {
			r.amount(i)
		}
		if n == 4 && c.shape&shapeYear != 0 && r.joined(i, gapSpace) && r.joined(i+1, gapSpace) && r.size(i+1) == 2 && r.size(i+2) == 2 && r.date(i) && r.value(i+1) <= 12 {
			r.chunks[i].shape |= shapeDate
			r.chunks[i+1].shape |= shapeDate
			r.chunks[i+2].shape |= shapeDate
		}
		for _, sep := range [...]gap{gapSlash, gapDash, gapDot} {
			if r.joined(i, sep) && r.joined(i+1, sep) && !r.joined(i+2, sep) && r.date(i) && (!c.gap.tight() || c.gap&sep == 0) {
				r.chunks[i].shape |= shapeDate
				r.chunks[i+1].shape |= shapeDate
				r.chunks[i+2].shape |= shapeDate
			}
		}
	}
}

// coded marks groups that begin at chunk i and are no number's: four or more of
// four digits (a card), behind a country's letters and two check digits (an
// account), of two hexadecimal digits (a hardware address); a fraction, degrees.
func (r *reader) coded(i int) {
	c := &r.chunks[i]
	if n := c.hi - c.lo; n > 4 || c.digits == 0 && n != 2 || i+1 == len(r.chunks) {
		return
	}
	next := &r.chunks[i+1]
	if c.digits == 0 && next.gap != gapColon && next.gap != gapDash {
		return
	}
	b := r.norm[c.lo:c.hi]
	mark := func(to int) {
		for k := i; k < min(to, len(r.chunks)); k++ {
			r.chunks[k].shape |= shapeCode
		}
	}
	run := func(from, n int, sep gap) int {
		k := from
		for k < len(r.chunks) && r.size(k) == n && (k == from || r.chunks[k].gap == sep) && r.chunks[k].marks == 0 {
			k++
		}
		return k
	}
	switch {
	case len(b) == 4 && int(c.digits) == len(b) && (next.gap == gapSpace || next.gap == gapDash):
		if to := run(i, 4, next.gap); to >= i+4 {
			mark(to)
		}
	case len(b) == 4 && c.letters == 2 && next.gap == gapSpace && letter(b[0]) && letter(b[1]) && r.size(i+1) == 4:
		to := i + 1
		for to < len(r.chunks) && r.chunks[to].gap == gapSpace && r.chunks[to].digits > 0 && r.size(to) <= 12 {
			to++
		}
		if to >= i+4 {
			mark(to)
		}
	case len(b) == 2 && (next.gap == gapColon || next.gap == gapDash):
		letters, to := 0, run(i, 2, next.gap)
		for k := i; k < to; k++ {
			d := r.norm[r.chunks[k].lo:r.chunks[k].hi]
			if hex(d[0]) < 0 || hex(d[1]) < 0 {
				return
			}
			letters += int(r.chunks[k].letters)
		}
		if to >= i+6 && letters > 0 {
			mark(to)
		}
	case len(b) == 1 && c.digits == 1 && b[0] != '0' && next.gap == gapDot && int(next.digits) == r.size(i+1) && next.digits > 7 && (b[0] != '1' || next.digits != 10) && (c.gap == 0 || !c.gap.tight()):
		mark(i + 2) // "2.7182818284"
	case len(b) == 1 && b[0] == '0' && next.gap == gapDot && int(next.digits) == r.size(i+1) && next.digits > 5 && (c.gap == 0 || !c.gap.tight()):
		mark(i + 2)
	case r.decimal(i) && r.decimal(i+2) && r.chunks[i+2].gap&gapComma != 0: // a place
		mark(i + 4)
	case c.letters == 0 && len(b) > 1 && next.gap&gapSign != 0 && int(c.bto)+1 < len(r.s) && r.s[c.bto:c.bto+2] == "°":
		mark(i + 3)
	}
}

// decimal reports whether chunk i begins a number with four decimals or more.
func (r *reader) decimal(i int) bool {
	if i+1 >= len(r.chunks) {
		return false
	}
	c, next := &r.chunks[i], &r.chunks[i+1]
	return c.digits > 0 && c.digits < 4 && r.size(i) == int(c.digits) && next.gap == gapDot && next.digits > 3 && r.size(i+1) == int(next.digits)
}

// amount marks an amount with thousands set off by commas that begins at i.
func (r *reader) amount(i int) {
	end := i
	for r.joined(end, gapComma) {
		end++
		if r.size(end) != 3 {
			return
		}
	}
	for k := i; k <= end && end > i; k++ {
		r.chunks[k].shape |= shapeAmount
	}
}

// date reports whether chunks i to i+2 are day, month and year in some order.
func (r *reader) date(i int) bool {
	a, b, c := r.value(i), r.value(i+1), r.value(i+2)
	na, nb, nc := r.size(i), r.size(i+1), r.size(i+2)
	day := func(v uint64) bool { return v >= 1 && v <= 31 }
	switch {
	case na == 4 && nb <= 2 && nc <= 2:
		return a/100 == 19 || a/100 == 20 && day(b) && day(c)
	case na <= 2 && nb <= 2 && nc == 4:
		return day(a) && day(b) && (c/100 == 19 || c/100 == 20)
	case na == 2 && nb == 2 && nc == 2:
		return day(a) && day(b) && (a <= 12 || b <= 12)
	}
	return false
}

// joined reports whether chunk i and the next are digits with just sep between.
func (r *reader) joined(i int, sep gap) bool {
	if i < 0 || i+1 >= len(r.chunks) {
		return false
	}
	c := &r.chunks[i+1]
	return c.gap == sep && c.digits > 0 && c.letters+c.marks == 0
}

func (r *reader) size(i int) int { return int(r.chunks[i].hi - r.chunks[i].lo) }

// value returns the number that a chunk of digits stands for, at most eight of
// them.
func (r *reader) value(i int) uint64 {
	var v uint64
	for k, c := range r.norm[r.chunks[i].lo:r.chunks[i].hi] {
		if k < 8 && digit(c) {
			v = v*10 + uint64(c-'0')
		}
	}
	return v
}

// inAddress reports whether a word is a later part of an e-mail address or a host:
// "rosa@mail.model".
func (r *reader) inAddress(k int) bool {
	return k > 0 && r.chunks[k].gap == gapDot && r.chunks[k-1].letters > 0
}
