package phone

// What a text tells to work out: "subtract 1 from each digit", "delete all the 7s",
// ten sums with a digit each, "split it in half". A text gets here only where a word
// tells of such a thing; what is worked out stands in the place of what it was
// worked out from.

// riddled are the bits of reader.told with which a text may hold such a thing.
const riddled = 1<<(wordRiddle&0xFF) | 1<<(wordDrop&0xFF) | 1<<(wordLetters&0xFF)

// digitwise is what the text tells to do with every digit of a number: to add so
// much to it, which may be less than nothing.
func (r *reader) digitwise() (by int) {
	for i := range r.chunks {
		if w := r.chunks[i].w; w != wordStand && w != wordRiddle || !r.spells(i, "each", "every", "cada", "todos", "todas", "everywhere") {
			continue
		}
		if !r.spells(i, "everywhere") && !r.figures(i) {
			continue
		}
		for k := max(0, i-8); k < len(r.chunks) && k < i+12; k++ {
			n := r.small(k)
			if n == 0 || k == i || k > i && r.chunks[k].gap&(gapEnd|gapColon) != 0 {
				if k > i && r.chunks[k].gap&gapEnd != 0 {
					break
				}
				continue
			}
			for j := max(0, k-3); j < k+4 && j < len(r.chunks); j++ {
				switch {
				case j < k && r.spells(j, "subtract", "resta", "restale", "restele", "reste", "restar", "restarle", "minus", "menos", "take", "quita", "quitale", "quitele", "deduct"):
					return -n
				case j < k && r.spells(j, "add", "sum", "suma", "sumale", "sumele", "sume", "sumar", "plus", "mas", "agrega", "agregale"):
					return n
				case j > k && r.spells(j, "high", "more", "arriba", "higher", "up", "greater", "mayor") && by == 0:
					by = -n
				case j > k && r.spells(j, "low", "less", "abajo", "lower", "down", "menor") && by == 0:
					by = n
				}
			}
		}
	}
	return by
}

// figures reports whether the words behind chunk i are those for digits: "each digit",
// "todos los números".
func (r *reader) figures(i int) bool {
	for k := i + 1; k < len(r.chunks) && k < i+4 && r.chunks[k].gap&(gapComma|gapEnd) == 0; k++ {
		if r.spells(k, "digit", "digits", "number", "numbers", "figure", "figures", "digito", "digitos", "numero", "numeros", "cifra", "cifras") {
			return true
		}
	}
	return i+1 == len(r.chunks) || r.chunks[i+1].gap&(gapEnd|gapColon) != 0
}

// small returns the digit from 1 to 9 that chunk k says, 0 when it says none.
func (r *reader) small(k int) int {
	c := r.chunk(k)
	switch {
	case c == nil:
	case c.digits == 1 && c.hi-c.lo == 1:
		return int(r.norm[c.lo] - '0')
	case c.digits == 0 && (c.w.sort() == wordUnit || c.w == wordSoft|1 && r.spells(k, "un", "una")):
		return int(c.w.value())
	}
	return 0
}

// moved returns v with by added to each of its n digits; ok is false when one has no
// such neighbour but round the end.
func moved(v uint64, n uint8, by int) (w uint64) {
	for k := range int(n) {
		d := int(v/pow10[k]%10) + by
		w += uint64((d+10)%10) * pow10[k]
	}
	return w
}

// riddles reads the numbers that the text tells to work out.
func (r *reader) riddles() {
	r.answers()
	r.halves()
	r.sieved()
}

// solved keeps a number that was worked out from chunks [start, end), in the place of
// all that was read there otherwise.
func (r *reader) solved(start, end int, v uint64, n uint8) {
	q := path{start: int32(start), at: int32(end), n: n, v: v, how: howSum}
	pl, ok := r.plan(q)
	if !ok || pl.unlikely > 1 || r.disowned(start, end) {
		return
	}
	c := candidate{path: q, end: int32(end), country: pl.country, nation: pl.nation, digits: pl.digits, marks: markParts}
	c.score = base - pl.unlikely
	if r.leadTo(int32(start)).cue > 0 || r.claimed(end) || r.summed(end) {
		c.score += .6
		c.marks |= markCue
	}
	kept := 0 // by hand: append would move what the reader works in to the heap
	for i := range r.found {
		if f := &r.found[i]; f.end <= int32(start) || f.start >= int32(end) {
			r.found[kept] = *f
			kept++
		}
	}
	r.found = r.found[:kept]
	r.keep(c)
}

// answers reads ten small sums in a row, each of which has a digit for an answer:
// "8-1, 7-5, 10-3".
func (r *reader) answers() {
	var v uint64
	n, first, asked := uint8(0), 0, r.asked()
	if !asked {
		return
	}
	done := func(end int) {
		if n == 10 || n == 11 {
			r.solved(first, end, v, n)
		}
		v, n = 0, 0
	}
	for i := 0; i < len(r.chunks); {
		d, end, ok := r.reckoned(i)
		if !ok || n > 0 && r.chunks[i].gap&^(gapSpace|gapLine|gapComma|gapSlash|gapParen|gapSign|gapEnd|gapDot|gapMark|gapWide|gapBlank|gapColon|gapEqual) != 0 && d >= 0 {
			done(i)
			i++
			continue
		}
		if n == 0 {
			first = i
		}
		v, n = v*10+uint64(d), min(n+1, maxDigits)
		if i = end; n > 11 {
			v = 0
		}
	}
	done(len(r.chunks))
}

// asked reports whether the text tells to work something out.
func (r *reader) asked() bool {
	for i := range r.chunks {
		if r.chunks[i].w == wordRiddle || r.spells(i, "results", "resultados", "add", "quiz") {
			return true
		}
	}
	return false
}

// reckoned works out the sum of two small numbers that begins at chunk i: "8-1",
// "3 + 2", "seven minus two".
func (r *reader) reckoned(i int) (d, end int, ok bool) {
	if c := r.chunk(i); c.digits == 2 && c.letters == 1 && c.hi-c.lo == 3 && r.norm[c.lo+1]|0x20 == 'x' { // "3x3"
		d := int(r.norm[c.lo]-'0') * int(r.norm[c.lo+2]-'0')
		return d, i + 1, d < 10
	}
	a, n := r.plainAt(i)
	if n == 0 || n > 2 {
		return 0, 0, false
	}
	k, op := i+1, byte(0)
	if r.word(k) == wordPlus {
		op = '+'
		if r.spells(k, "minus", "menos") {
			op = '-'
		}
		k++
	} else if c := r.chunk(k); c != nil && (r.spells(k, "x", "times", "por")) {
		op = '*'
		k++
	}
	b, n := r.plainAt(k)
	if n == 0 || n > 2 {
		return 0, 0, false
	}
	if op == 0 {
		for _, c := range r.s[r.chunks[i].bto:r.chunks[k].bfrom] {
			switch c {
			case ' ':
			case '+', '-', '*', '/':
				op = byte(c)
			case '×':
				op = '*'
			case '÷':
				op = '/'
			case '−', '–':
				op = '-'
			default:
				return 0, 0, false
			}
		}
	}
	x := int(a)
	switch y := int(b); {
	case op == '+':
		x += y
	case op == '-':
		x -= y
	case op == '*':
		x *= y
	case op == '/' && y > 0 && x%y == 0:
		x /= y
	default:
		return 0, 0, false
	}
	return x, k + 1, x >= 0 && x < 10
}

// plainAt returns the number that chunk i says in digits or as one word, and how many
// digits it has; 0 of them when it says none.
func (r *reader) plainAt(i int) (v uint64, n int) {
	c := r.chunk(i)
	switch {
	case c == nil || c.marks > 0:
	case c.digits > 0 && c.letters == 0 && c.digits <= 8:
		return r.value(i), int(c.digits)
	case c.digits == 0 && c.w.sort() == wordUnit:
		return uint64(c.w.value()), 1
	case c.digits == 0 && c.w.sort() == wordTeen:
		return uint64(c.w.value()), 2
	}
	return 0, 0
}

// long reads digits from chunk i on, also with commas at the thousands, and returns
// the chunk behind.
func (r *reader) long(i int) (v uint64, n, end int) {
	for end = i; end < len(r.chunks); end++ {
		c := &r.chunks[end]
		if c.digits == 0 || c.letters+c.marks > 0 || c.money || end > i && (c.gap != gapComma && c.gap != gapDot && c.gap != gapDash && c.gap != gapSpace || c.digits < 3) || n+int(c.digits) > maxDigits {
			break
		}
		for _, b := range r.norm[c.lo:c.hi] {
			v = v*10 + uint64(b-'0')
		}
		n += int(c.digits)
	}
	return v, n, end
}

// halves works out what is told of one long number: "split 16,251,100,210 in half",
// "divide entre dos", "7780000000 + 5550153".
func (r *reader) halves() {
	for i := 0; i < len(r.chunks); {
		v, n, end := r.long(i)
		if n < 7 {
			i = max(end, i+1)
			continue
		}
		from, to := i, end
		i = end
		if w, m, last := r.long(end); m >= 3 || last > end {
			op := byte(0)
			if g := r.chunks[end].gap; g&gapPlus != 0 && g&^(gapPlus|gapSpace|gapLastPlus) == 0 {
				op = '+'
			} else if g&gapDash != 0 && g&gapSpace != 0 {
				op = '-'
			}
			if r.worked(from, last, v, w, op) {
				return
			}
			i = last
			continue
		}
		if r.word(end) == wordPlus {
			if w, m, last := r.long(end + 1); m > 0 {
				op := byte('+')
				if r.spells(end, "minus", "menos") {
					op = '-'
				}
				if r.worked(from, last, v, w, op) {
					return
				}
			}
		}
		by, op := uint64(0), byte(0)
		for k := max(0, from-8); k < len(r.chunks) && k < to+9; k++ {
			if k >= from && k < to {
				continue
			}
			switch {
			case r.spells(k, "halve", "halved"), r.spells(k, "half") && (r.spells(k-1, "in", "by") || r.spells(k+1, "it", "that") || r.spells(k+1, "of") && (r.word(k+2) == wordThis || k+2 == from)) && !r.spells(k+1, "an"), // no "half an hour"
				r.spells(k, "mitad") && r.spells(k-1, "la"):
				by, op = 2, '/'
			case r.spells(k, "divide", "dividelo", "divided", "dividido", "dividelo", "partelo", "dividalo"):
				if op == 0 {
					op = '/'
				}
			case r.spells(k, "double", "doble", "twice"):
				by, op = 2, '*'
			case r.spells(k, "multiply", "multiplica", "multiplied", "multiplicado", "multiplicalo"):
				op = '*'
			case op != 0 && by == 0 && r.small(k) > 1:
				by = uint64(r.small(k))
			}
		}
		if op != 0 && by > 1 && r.worked(from, to, v, by, op) {
			return
		}
	}
}

// worked keeps the outcome of an operation when it is a number.
func (r *reader) worked(from, to int, v, w uint64, op byte) bool {
	switch {
	case op == '+':
		v += w
	case op == '-' && w < v:
		v -= w
	case op == '*' && v < 1e11 && w < 100:
		v *= w
	case op == '/' && v%w == 0:
		v /= w
	default:
		return false
	}
	if n := width(v); n == 10 && areaInUse(v/1e7) || n == 11 && v/1e10 == 1 && areaInUse(v/1e7%1000) {
		before := len(r.found)
		r.solved(from, to, v, uint8(n))
		return len(r.found) != before || before > 0
	}
	return false
}

// sieved reads digits of which the text tells to leave some out: "delete all the 7s",
// "every second digit is junk".
func (r *reader) sieved() {
	without, second, even := uint16(0), false, false
	for i := range r.chunks {
		switch {
		case r.chunks[i].w == wordDrop:
			all := false
			for k := i + 1; k < len(r.chunks) && k < i+7 && r.chunks[k].gap&gapEnd == 0; k++ {
				c := &r.chunks[k]
				all = all || r.spells(k, "all", "every", "each", "cada", "todos", "any", "todo", "los", "the")
				switch {
				case c.digits == 0 && c.w.sort() == wordPlural:
					without |= 1 << c.w.value()
				case c.digits == 1 && c.hi-c.lo == 2 && r.norm[c.lo+1] == 's':
					without |= 1 << (r.norm[c.lo] - '0')
				case all && r.small(k) > 0 && (k+1 == len(r.chunks) || r.chunks[k+1].digits == 0 || r.chunks[k+1].gap&^gapSpace != 0):
					without |= 1 << r.small(k)
				case c.digits > 1:
					k = len(r.chunks)
				}
			}
		case r.spells(i, "every", "each", "cada") && r.spells(i+1, "second", "other", "2nd", "segundo", "segunda", "dos", "otro", "two") && r.spells(i+2, "digit", "number", "figure", "one", "digito", "numero", "cifra", "character"):
			second = true
			even = even || r.spells(i-1, "keep", "read", "take", "use", "only", "solo", "lee", "toma")
		case r.spells(i, "si") && r.spells(i+1, "y", "uno", "otro") && r.spells(i-1, "uno", "una"):
			second = true
		}
	}
	if without == 0 && !second {
		return
	}
	for i := 0; i < len(r.chunks); {
		c := &r.chunks[i]
		if c.digits == 0 || c.link != noLink {
			i++
			continue
		}
		var v, odd, pair uint64
		n, all, end := 0, 0, i
		for ; end < len(r.chunks); end++ {
			c := &r.chunks[end]
			if c.digits == 0 && (c.letters == 0 || c.hi-c.lo > 1) || end > i && c.gap&^(gapSpace|gapDash|gapDot|gapParen) != 0 || c.money || all+int(c.hi-c.lo) > 60 {
				break
			}
			for _, b := range r.norm[c.lo:c.hi] {
				if !digit(b) {
					continue
				}
				if all%2 == 0 {
					odd = odd%1e10*10 + uint64(b-'0')
				} else {
					pair = pair%1e10*10 + uint64(b-'0')
				}
				if all++; without>>(b-'0')&1 == 0 {
					v, n = v%1e14*10+uint64(b-'0'), n+1
				}
			}
		}
		switch {
		case second && all >= 19 && all <= 21 && !even && areaInUse(odd%1e10/1e7):
			r.solved(i, end, odd%1e10, 10)
		case second && all >= 19 && all <= 21 && areaInUse(pair%1e10/1e7):
			r.solved(i, end, pair%1e10, 10)
		case without != 0 && all > n && (n == 10 && areaInUse(v/1e7) || n == 11 && v/1e10 < 2):
			r.solved(i, end, v, uint8(n))
		}
		i = max(end, i+1)
	}
}
