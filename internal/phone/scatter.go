package phone

// Digits scattered among ordinary words: "3 call 1 me 2 now 5 ...", "904 hello 555
// text me 0164", "Part 1 = 912, part 2 = 555 ...", groups on lines of their own.
// What tells them from the numbers of any text is that all digits near each other
// are exactly a number's, that its groups or single digits are kept whole, and that
// something calls, names parts, or the same word stands in every gap.

// A scrap is a group of digits with nothing but blanks inside.
type scrap struct {
	start, end int32 // chunks
	v          uint64
	n          uint8
	first      uint8 // edges before it
	steps      uint8
	cost       float32
	how        how
	words      uint8  // chunks before it, since the scrap before
	odd        uint8  // of them, those that say nothing of numbers
	print      uint32 // what they are
	called     bool   // one of them is a contact word
	part       bool   // or one that names a part: "then", "ends with", "pt2"
	held       bool   // brackets hold it
	line       bool   // it is all of its line
	enumerated bool   // a text that calls counts it and those behind
	ended      bool   // a sentence ends before it
}

// Limits of what is put together.
const (
	maxScraps  = 16
	wordsApart = 9
	partsFar   = 24
)

// scattered reads the numbers of a text whose digits are scattered.
func (r *reader) scattered() {
	var room [maxScraps]scrap
	var trail [maxScraps]int32
	list, steps, barrier := room[:0], uint8(0), int32(0)
	words, odd, print, called, part, ended, amounts, named := uint8(0), uint8(0), uint32(0), false, false, false, false, false
	flush := func() {
		if len(list) > 2 {
			r.gather(list, trail[:steps])
		}
		list, steps = room[:0], 0
	}
	for i := 0; i < len(r.chunks); {
		c := &r.chunks[i]
		ended = ended || c.gap&gapEnd != 0
		amounts = amounts && c.gap&(gapEnd|gapLine) == 0
		named = named && c.gap&(gapEnd|gapLine) == 0
		if int32(i) < barrier || c.link != noLink {
			flush()
			i++
			continue
		}
		x := int32(-1)
		if c.digits > 0 || c.hard && (c.w.sort() == wordUnit || c.w.sort() == wordTens || c.w.sort() == wordTeen || c.w.sort() == wordTimes || c.spelt != 0) || r.lettered(i) {
			x = r.cheapest(i)
		}
		if r.numbered(i) {
			x, part = -1, true
		} else if x >= 0 && r.counter(i) {
			x = -1
		} else if x >= 0 && r.edges[x].n == 1 && !c.money && c.shape&^shapeYear == 0 && !amounts {
			// one of single digits, or none of a number
		} else if x < 0 && c.digits > 0 && !part || x >= 0 && (c.money || c.digits > 0 && c.letters > 0 && r.edges[x].how&howLeet != 0 && c.digits <= c.letters || c.shape&^shapeYear != 0 || c.measure || amounts || r.edges[x].how&howJunk != 0 || r.money(int(r.edges[x].to))) {
			flush() // an amount, and those that follow it
			amounts = true
			words, odd, print, called, part, ended = 0, 0, 0, false, false, false
			i++
			continue
		}
		if x < 0 {
			words++
			called = called || c.digits > 0
			switch s := c.w.sort(); {
			case s == wordID && c.w != wordCode || s == wordLabel:
				named = true
			case c.mute || s == wordDead || s == wordNot || words > 60 || words < 4 && r.spells(i, "or", "o", "u"):
				flush()
			case s == wordPhone, s == wordArea, s == wordNumber:
				called = true
			case s == wordFiller:
				called = called || c.w >= wordFirst && c.w <= wordRest
				part = part || c.w >= wordFirst && c.w <= wordRest || c.w == wordNext || c.w == wordPart
				called = called || c.w == wordPart
			case s == wordNone || s == wordMeasure:
				odd++
			}
			part = part || r.spells(i, "remata") && r.spells(i+1, "con")
			print = r.print(c, print)
			i++
			continue
		}
		if named {
			flush() // what a word for a thing names
			named = false
		}
		e := &r.edges[x]
		tight := len(list) > 0 && words == 0 && c.gap&(gapLine|gapEnd|gapComma|gapColon|gapSlash|gapEqual|gapParen) == 0
		if len(list) == maxScraps || int(steps) == len(trail) || e.n > maxDigits || len(list) > 0 && list[len(list)-1].n+e.n > maxDigits {
			flush()
			tight = false
		}
		if tight {
			p := &list[len(list)-1]
			p.v, p.n, p.steps, p.end = p.v*pow10[e.n]+e.v, p.n+e.n, p.steps+1, e.to
			p.cost, p.how = p.cost+e.cost, p.how|e.how
		} else {
			list = append(list, scrap{start: int32(i), end: e.to, v: e.v, n: e.n, first: steps, steps: 1, cost: e.cost, how: e.how,
				words: words, odd: odd, print: print, called: called, part: part, ended: ended})
		}
		trail[steps] = x
		steps++
		p := &list[len(list)-1]
		p.line = (p.start == 0 || r.chunks[p.start].gap&gapLine != 0) && (int(p.end) == len(r.chunks) || r.chunks[p.end].gap&gapLine != 0)
		p.held = r.gapAt(int(p.start))&gapParen != 0 && r.chunks[p.start].bfrom > 0 && r.s[r.chunks[p.start].bfrom-1] == '(' && int(r.chunks[p.end-1].bto) < len(r.s) && r.s[r.chunks[p.end-1].bto] == ')'
		words, odd, print, called, part, ended = 0, 0, 0, false, false, false
		i = int(e.to)
	}
	flush()
}

// lettered reports whether a chunk of signs or letters stands for digits.
func (r *reader) lettered(i int) bool {
	c := &r.chunks[i]
	return c.digits == 0 && c.w == wordNone && (c.leet && c.letters > 1 || c.marks > 1)
}

// counter reports whether the digit in chunk i counts digits, parts or groups, or
// is the number of one: "the last 4 digits", "in three parts", "part 2".
func (r *reader) counter(i int) bool {
	c := &r.chunks[i]
	if c.digits > 1 || c.digits == 0 && c.w.sort() != wordUnit {
		return false
	}
	if r.spells(i+1, "digits", "numbers", "digitos", "numeros", "cifras", "parts", "partes", "pieces", "pedazos", "tantos", "groups", "grupos", "bloques", "blocks", "chunks", "trozos", "bits") || r.word(i-1) == wordJoin || r.word(i-2) == wordJoin {
		return true
	}
	v := c.w.value()
	if c.digits > 0 {
		v = r.norm[c.lo] - '0'
	}
	if v > 1 && r.word(i-1).sort() == wordFiller && r.announces(i+1, int(v)) {
		return true // "the last four: 0123"
	}
	return r.spells(i-1, "part", "parte", "group", "grupo", "block", "bloque", "piece", "section", "step", "paso", "trozo", "pedazo", "chunk")
}

// announces reports whether the digits from chunk i on are as many as the text has just
// said: "four: 0123", "two are 5 3".
func (r *reader) announces(i, v int) bool {
	if v == 2 && r.word(i-2) != wordLast && r.word(i-2) != wordFirst && r.word(i-2) != wordNext {
		return false
	}
	for r.spells(i, "are", "is", "son", "es", "being", "de", "of", "mas", "more") {
		i++
	}
	n := 0
	for ; n < v && i < len(r.chunks); i++ {
		c := &r.chunks[i]
		switch {
		case n > 0 && c.gap&(gapEnd|gapLine|gapComma) != 0:
			return false
		case c.digits > 0 && c.letters+c.marks == 0:
			n += int(c.digits)
		case c.digits == 0 && c.w.sort() == wordUnit:
			n++
		default:
			return false
		}
	}
	next := r.chunk(i)
	return n == v && (next == nil || next.digits == 0 && next.w.sort() != wordUnit || next.gap&^gapSpace != 0)
}

// numbered reports whether chunk i is the number of a part, or a word with it: "pt2",
// "3a parte".
func (r *reader) numbered(i int) bool {
	c := &r.chunks[i]
	if c.digits != 1 || c.letters == 0 {
		return false
	}
	return r.spells(i, "pt1", "pt2", "pt3", "part1", "part2", "part3", "parte1", "parte2", "parte3", "p1", "p2", "p3") ||
		r.spells(i, "1a", "2a", "3a", "1ra", "2da", "3ra", "1st", "2nd", "3rd") && r.spells(i+1, "part", "parte", "bit", "piece", "chunk", "group", "grupo", "bloque")
}

// gather reads scraps as one number, or those of them that follow each other
// closely.
func (r *reader) gather(list []scrap, trail []int32) {
	if n := numberedScraps(list); n > 0 { // "1) 912 2) 555 3) 0123"
		nouns := 0
		for k := range n {
			if c := r.chunk(int(list[2*k+1].end)); c != nil && c.gap == gapSpace && c.w == wordNone && c.letters > 3 {
				nouns++
			}
		}
		if nouns > 1 {
			return // "1) 912 pieces 2) 555 screws"
		}
		for k := range n {
			list[k] = list[2*k+1]
			list[k].words, list[k].called = 1, true
		}
		list = list[:n]
		if end := int(list[n-1].end); r.summed(end) || r.mayClaim(end-1) && r.spells(end, "call", "text", "llama", "marca", "dial", "llame", "marque") {
			for k := range list {
				list[k].line = false
			}
			list[0].enumerated = true
		}
	}
	for from := 0; from < len(list); {
		to, total := from+1, list[from].n
		far := len(list) == 3 && (r.told&(1<<wordJoin.value()) != 0 || list[0].held && list[1].held && list[2].held)
		for to < len(list) && (list[to].words <= wordsApart && (list[to].odd <= 4 || list[to].line && list[to-1].line) || (far || list[to].part) && list[to].words <= partsFar) {
			total += list[to].n
			to++
		}
		if total >= 10 && total <= 12 && to-from > 2 {
			r.proposeScraps(list[from:to], trail)
		} else if total > 12 {
			r.gatherWithin(list[from:to], trail)
		}
		from = to
	}
}

// gatherWithin reads scraps that begin and end where a sentence does, or behind some
// words, of those that are more than a number's.
func (r *reader) gatherWithin(list []scrap, trail []int32) {
	edge := func(k int) bool { return k == len(list) || k == 0 || list[k].ended || list[k].words > 3 }
	for from := range list {
		if !edge(from) {
			continue
		}
		total := uint8(0)
		for to := from; to < len(list) && total < 11; to++ {
			if n := list[to].n; n != 1 && n != 3 || to > from && r.chunks[list[to].start].gap&gapLine != 0 {
				break // hours, amounts, other lines
			}
			if total += list[to].n; (total == 10 || total == 11) && to-from > 1 && edge(to+1) {
				r.proposeScraps(list[from:to+1], trail)
			}
		}
	}
}

// numberedScraps returns how many scraps are numbered from one by those before
// them, 0 unless all are.
func numberedScraps(list []scrap) int {
	if len(list) != 6 && len(list) != 8 {
		return 0
	}
	for k := 0; k < len(list); k += 2 {
		if list[k].n != 1 || list[k].v != uint64(k/2+1) || list[k+1].n < 2 {
			return 0
		}
	}
	return len(list) / 2
}

// proposeScraps keeps a number whose digits are scattered, when it is one.
func (r *reader) proposeScraps(list []scrap, trail []int32) {
	for k := 0; k+1 < len(list); k++ { // "add 1 after a 0"
		if a, b := &list[k], &list[k+1]; a.n == 1 && b.n == 1 && b.words > 0 && b.words < 3 && r.spells(int(a.end), "after", "tras", "despues") {
			list[k], list[k+1] = *b, *a
			list[k].words, list[k+1].words = a.words, b.words
		}
	}
	var p part
	var bounds uint16
	parts, nouns, held := 0, 0, true
	same, called, lines, heads, amounts, rising, singles, pairs, quiet := true, 0, 0, 0, 0, 0, true, true, true
	var odd, words, ends, doubt float32
	for k := range list {
		s := &list[k]
		if k > 0 {
			bounds |= 1 << p.n
			same = same && s.print == list[1].print && s.words > 0
			odd, words = odd+float32(s.odd), words+float32(s.words)
			if s.v == list[k-1].v+1 {
				rising++
			}
			quiet = quiet && s.words > 0 && s.words < 4
			if s.called {
				called++
			}
			if s.part {
				parts++
			}
			if s.ended {
				ends++
			}
		}
		held = held && s.held
		if c := r.chunk(int(s.end)); c != nil && c.gap == gapSpace && c.w == wordNone && c.letters > 2 && s.v >= pow10[s.n-1] { // no amount begins with a nought
			nouns++
		}
		if s.line {
			lines++
		} else if r.chunks[s.start].gap&gapLine != 0 && !list[0].enumerated {
			heads++
		}
		if r.money(int(s.end)) {
			amounts++
		}
		if s.n > 2 && s.v%50 == 0 {
			doubt += .7
		}
		if s.n == 4 && (s.v/100 == 19 || s.v/100 == 20) {
			doubt += .6
		}
		singles, pairs = singles && s.n == 1, pairs && s.n == 2
		for _, x := range trail[s.first : s.first+s.steps] {
			if p.steps == maxDigits {
				return
			}
			p.take(r, x)
		}
	}
	p.start, p.end = list[0].start, list[0].end
	for _, s := range list {
		p.start, p.end = min(p.start, s.start), max(p.end, s.end)
	}
	if c := r.chunk(int(p.end)); c != nil && same && c.digits == 0 && c.gap == gapSpace && r.print(c, 0) == list[1].print && r.leadTo(list[0].start).cue == 0 {
		return // "312 mi, 555 mi, 147 mi"
	}
	if heads > 2 || amounts > 2 || rising > 4 || nouns == len(list) && !r.ordered(int(list[len(list)-1].end)) {
		return // a list of things, or counting
	}
	if words == 0 {
		return // the walk reads what has no words between
	}
	v, british := p.v, p.n == 11 && p.v/1e10 == 0 || p.n == 12 && p.v/1e10 == 44
	whole := false // groups are kept whole
	switch {
	case british:
		b := bounds >> (p.n - 11)
		whole = b&(1<<5) != 0 || b&(1<<3) != 0 && b&(1<<7) != 0 || b&(1<<4) != 0 && b&(1<<7) != 0
	case p.n == 10 || p.n == 11 && v/1e10 == 1 && (list[0].n > 1 || same || quiet && singles || list[1].odd == 0 && !list[1].ended):
		b := bounds >> (p.n - 10)
		whole = b&(1<<3) != 0 && b&(1<<6) != 0
		if !areaInUse(v / 1e7 % 1000) {
			return
		}
	default:
		return
	}
	lead := list[0].start
	for lead > 1 && r.counter(int(lead)-1) {
		lead -= 2
	}
	cue := r.leadTo(lead)
	if cue.id > 0 {
		return
	}
	told := called > 0 || r.gapAt(int(p.end))&gapRing != 0 || cue.cue > 0 || r.roles > 1 || r.summed(int(p.end)) || r.told&(1<<wordJoin.value()) != 0 && r.mayClaim(int(p.end)-1)
	switch {
	case lines == len(list) && whole:
		doubt += .3
	case same && (singles || pairs || whole), singles && quiet:
		doubt += .2
	case british && whole && quiet && p.v/1e9 == 7:
		doubt += .4
	case whole && len(list) == 3 && (held || parts == 2 && (cue.cue > 0 || r.gapAt(int(p.end))&gapRing != 0 || r.summed(int(p.end))) || told && r.told&(1<<wordJoin.value()) != 0):
		doubt += .4 + .04*odd
	case whole && told:
		doubt += .3 + .12*odd
	default:
		return
	}
	if !told {
		doubt += .3
	}
	for i := len(r.found) - 1; i >= 0 && i >= len(r.found)-manyFound; i-- {
		if c := &r.found[i]; c.nation == v%1e10 && c.start < p.end && c.end > p.start {
			return // the walk has read it
		}
	}
	r.propose(&p, doubt+.1*ends, lead)
}

// ordered reports whether the words behind chunk i tell to dial what stands before.
func (r *reader) ordered(i int) bool {
	for k := i; k < len(r.chunks) && k < i+7; k++ {
		if r.spells(k, "dials", "marcalos", "marquelos", "marcalo", "marquelo", "marcarlos") || r.spells(k, "dial", "call") && r.spells(k+1, "them", "those") {
			return true
		}
	}
	return false
}

// summed reports whether the words behind chunk i speak of the number before it.
func (r *reader) summed(i int) bool {
	if r.ordered(i) {
		return true
	}
	for k := i; k < len(r.chunks) && k < i+7; k++ {
		if s := r.word(k).sort(); s == wordNumber && !r.spells(k, "no") || s == wordPhone && k < i+3 {
			return true
		}
	}
	return false
}

// apart is a quick look for three groups of digits or more with words between, which
// may have as many digits as a number.
func (r *reader) apart() bool {
	groups, all, digits, most := 0, 0, 0, 0 // digits of the group at hand, and the most it may have
	end := func() {
		if digits > 0 && digits < enough {
			groups, all = groups+1, all+most
		}
		digits, most = 0, 0
	}
	for i := range r.chunks {
		c := &r.chunks[i]
		switch {
		case c.edges == c.after:
			if digits > 0 {
				end()
			}
		case c.digits > 0 && !c.money && !c.measure:
			if digits > 0 && c.gap&(gapParen|gapEqual|gapLine|gapEnd) != 0 && digits < enough {
				end()
			}
			digits += int(c.digits)
			most += max(int(c.digits), int(c.hi-c.lo))
		case c.digits == 0 && c.w.sort() != wordSoft:
			digits++
			most += max(3, int(c.hi-c.lo))
		}
	}
	end()
	return groups >= 3 && all >= 10
}
