package phone

// A number may be mended behind it, "sorry, the last digit is 9", "digo, 0123", or
// taken back for another; and another may be told as a change of it: "change the last
// two to 91 for the office".

// How far behind a number its correction is looked for, and between two numbers the
// words that take the first back.
const (
	mendReach  = 20
	mendBefore = 7
)

// mended does what the text says behind the chosen numbers about their digits.
func (r *reader) mended(chosen []candidate) []candidate {
	if r.told == 0 && !r.plus(chosen) {
		return chosen
	}
	var out []candidate // as soon as it differs
	for i := range chosen {
		c := chosen[i]
		limit := int32(len(r.chunks))
		if i+1 < len(chosen) {
			limit = chosen[i+1].start
			if r.told != 0 && r.retracted(c.end, limit) && chosen[i+1].digits == c.digits {
				out = copied(out, chosen, i)
				continue
			}
		}
		m, fix := r.added(&c, limit)
		if fix == mendNone && r.told != 0 {
			m, fix = r.mend(&c, limit)
		}
		if fix == mendNone && r.told&(1<<wordRiddle.value()|1<<wordStand.value()) != 0 && r.unclear(&c) {
			fix = mendDoubt
		}
		switch fix {
		case mendDoubt:
			c.marks |= markUnclear
			out = append(copied(out, chosen, i), c)
		case mendInstead:
			out = append(copied(out, chosen, i), m)
		case mendBeside:
			out = append(copied(out, chosen, i), c, m)
		default:
			if out != nil {
				out = append(out, c)
			}
		}
	}
	if out == nil {
		return chosen
	}
	return out
}

// copied returns out, or a copy of the first n that were chosen when there is none yet.
func copied(out, chosen []candidate, n int) []candidate {
	if out == nil {
		out = append(make([]candidate, 0, len(chosen)+1), chosen[:n]...)
	}
	return out
}

// unclear reports whether something is told to be done near a number that was read as
// it stands: a sum or an exchange with digits of its own.
func (r *reader) unclear(c *candidate) bool {
	if c.marks&(markParts|markShared|markReversed|markBlocks|markLink) != 0 || c.how&(howSum|howKey|howKeypad) != 0 {
		return false
	}
	for k := max(0, int(c.start)-14); k < len(r.chunks) && k < int(c.end)+16; k++ {
		if k >= int(c.start) && k < int(c.end) {
			continue
		}
		if r.chunks[k].gap&gapBlank != 0 && k > int(c.end) {
			return false
		}
		if r.chunks[k].w != wordRiddle && !(r.chunks[k].w == wordStand && r.spells(k, "swap", "replace", "change", "cambia", "cambie", "reemplaza", "reemplace", "sustituye", "instead", "substitute")) ||
			r.spells(k, "split", "cuentas", "answers", "answer", "math", "maths", "matematicas") {
			continue
		}
		for j := k - 3; j < k+6; j++ {
			if j < 0 || j >= int(c.start) && j < int(c.end) || j >= len(r.chunks) || r.small(j) == 0 && !r.spells(j, "digit", "digits", "digito", "digitos", "cifra", "cifras") || r.chunks[j].money || r.money(j+1) {
				continue
			}
			return true
		}
	}
	return false
}

// What a text does with the digits of a number behind it.
type mending uint8

const (
	mendNone    mending = iota
	mendInstead         // the digits were wrong
	mendBeside          // with other digits it is another number
	mendDoubt           // they were wrong, but what is right was not understood
)

// retracted reports whether all that stands between two numbers takes the first back:
// "912-555-0132, sorry, I meant 912-555-0123".
func (r *reader) retracted(from, to int32) bool {
	if to-from > mendBefore {
		return false
	}
	said := false
	for k := int(from); k < int(to); k++ {
		c := &r.chunks[k]
		switch {
		case c.w == wordMend, r.spells(k, "wait", "rather", "error", "sino", "mejor", "mal"), r.spells(k, "make") && r.spells(k+1, "that"), r.spells(k, "wrong") && !r.spells(k+1, "to"):
			said = said || c.w == wordMend || !r.spells(k, "wait", "rather", "mejor", "mal") || k == int(from)
		case c.w.sort() == wordFiller, c.w.sort() == wordNot, c.w.sort() == wordNumber, c.w == wordMine, r.spells(k, "i", "no", "quise", "decir", "one", "was", "that", "should", "be", "debe", "ser", "scratch", "estaba", "puse"):
		default:
			return false
		}
		if c.gap&gapBlank != 0 {
			return false
		}
	}
	return said
}

// plus reports whether a word that adds stands behind one of the numbers.
func (r *reader) plus(chosen []candidate) bool {
	for i := range chosen {
		for k := int(chosen[i].end); k < int(chosen[i].end)+4; k++ {
			if w := r.word(k); w == wordPlus || w.sort() == wordFiller && r.spells(k, "add") {
				return true
			}
		}
	}
	return false
}

// added works out what the text adds to a number or takes from it right behind: "plus
// 23", "and add 23".
func (r *reader) added(of *candidate, limit int32) (m candidate, fix mending) {
	k, sign := int(of.end), 0
	for ; k < int(limit) && k < int(of.end)+4 && sign == 0 && r.chunks[k].gap&(gapEnd|gapLine) == 0; k++ {
		switch {
		case r.spells(k, "plus", "mas", "add", "suma", "sumale"):
			sign = 1
		case r.spells(k, "minus", "menos", "subtract", "resta", "restale"):
			sign = -1
		case !r.spells(k, "and", "then", "y", "luego", "but", "pero"):
			return m, mendNone
		}
	}
	c := r.chunk(k)
	if sign == 0 || c == nil || k >= int(limit) || c.digits == 0 || c.digits > 4 || c.letters+c.marks > 0 || c.gap != gapSpace || of.marks&markLink != 0 {
		return m, mendNone
	}
	if next := r.chunk(k + 1); next != nil && next.gap&(gapEnd|gapLine|gapComma|gapDash|gapParen) == 0 && !r.spells(k+1, "and", "y", "to", "para") {
		return m, mendNone
	}
	m = *of
	v := r.value(k)
	if sign > 0 {
		m.nation += v
	} else {
		m.nation -= v
	}
	if m.nation/1e7 != of.nation/1e7 {
		return m, mendNone
	}
	m.how |= howSum
	m.steps, m.area, m.end = 0, 0, int32(k+1)
	m.marks = markParts | of.marks&markCue
	return m, mendInstead
}

// mend finds the digits that the text gives a number behind it, and returns the number
// with them.
func (r *reader) mend(of *candidate, limit int32) (m candidate, fix mending) {
	wrong, other, same, sentences, doubt, at := false, false, false, 0, false, 0
	tail, whole, n := false, false, 0
	for k := int(of.end); k < int(limit) && k < int(of.end)+mendReach; k++ {
		c := &r.chunks[k]
		if c.gap&gapEnd != 0 && !(wrong && k < at+4) {
			if sentences++; sentences > 1 {
				break
			}
		}
		if c.gap&(gapBlank|gapLine) != 0 && !wrong {
			return m, mendNone
		}
		switch {
		case c.w == wordMend:
			wrong, doubt, at, tail, n = true, true, k, false, 0
			continue
		case r.spells(k, "debe", "deberia", "should", "wrong"):
			if tail || whole {
				wrong, doubt = true, true
			}
			continue
		case r.spells(k, "change", "cambia", "cambie", "cambiar", "cambiando", "swap", "replace", "reemplaza", "cambiale"):
			other = true
			continue
		case r.spells(k, "same", "mismo", "misma", "mismos", "igual"):
			same = true
			continue
		case c.w == wordLast || r.spells(k, "ending", "terminacion", "terminada", "terminado", "terminando"):
			tail, whole, n = true, false, 0
			continue
		case c.w.sort() == wordArea:
			if wrong {
				whole, tail = true, false
			}
			continue
		case r.spells(k, "digit", "digito", "cifra", "one", "number", "numero", "figure") && tail && n == 0 && r.chunks[k].digits == 0 && (r.word(k-1) == wordLast):
			n = 1
			continue
		}
		if c.digits == 0 && (!c.w.numeral() || c.w.sort() == wordSoft) {
			if c.w == wordCode {
				continue
			}
			switch c.w.sort() {
			case wordID, wordLabel, wordMeasure, wordDead:
				if !tail || c.w.sort() != wordMeasure {
					return m, r.doubtful(doubt, mendNone)
				}
			case wordPhone:
				if r.gapAt(k+1)&gapColon != 0 {
					return m, mendNone
				}
			}
			continue
		}
		if !wrong && !other && !same {
			return m, mendNone
		}
		if tail && n == 0 && r.counter(k) || tail && n == 0 && r.small(k) > 1 && r.small(k) < 5 && r.chunk(k+1) != nil && r.chunks[k+1].gap == gapSpace && (r.chunks[k+1].digits == 0 && (!r.chunks[k+1].w.numeral() || r.chunks[k+1].w.sort() == wordSoft)) {
			n = r.small(k)
			continue
		}
		v, size, end := r.tailAt(k, int(limit))
		direct := wrong && k-at <= 4 && !tail && !whole
		switch {
		case size == 0 || size > 4:
			return m, r.doubtful(doubt && k <= at+6, mendNone)
		case whole && size == 3 && of.country == 1 && areaInUse(v):
			m = *of
			m.nation = v*1e7 + of.nation%1e7
		case tail && (n == size || n == 0 && size > 1 || n == 0 && size == 1 && wrong):
			m = *of
			m.nation = of.nation/pow10[size]*pow10[size] + v
		case direct && size >= 2 && size < 5 && !r.money(k+1) && !r.chunks[k].money:
			m = *of
			m.nation = of.nation/pow10[size]*pow10[size] + v
		default:
			return m, r.doubtful(doubt && k <= at+8, mendNone)
		}
		if m.nation == of.nation {
			return m, mendNone
		}
		m.score -= .5
		m.marks = markShared | of.marks&markCue
		if wrong {
			m.how |= howSum
			m.steps, m.marks = 0, markParts|of.marks&markCue
			m.area = 0
			m.end = max(m.end, int32(end))
			return m, mendInstead
		}
		m.start, m.end = int32(k), int32(end)
		m.path = path{start: m.start, at: m.end, n: uint8(size), v: v}
		x := r.cheapest(k)
		m.area, m.how, m.bounds = 0, r.edges[x].how, 0
		m.steps = 0
		for at := int32(k); at < m.end; {
			x := r.cheapest(int(at))
			m.trail[m.steps] = x
			m.steps++
			at = r.edges[x].to
		}
		if m.score <= 0 || !(same && tail || other && tail) {
			return m, mendNone
		}
		return m, mendBeside
	}
	return m, r.doubtful(doubt && (tail || whole || at <= int(of.end)+2 && !r.spells(at, "sorry", "perdon", "perdona", "perdone")), mendNone)
}

func (r *reader) doubtful(yes bool, otherwise mending) mending {
	if yes {
		return mendDoubt
	}
	return otherwise
}

// tailAt reads a few digits from chunk k on, with blanks and hyphens between.
func (r *reader) tailAt(k, limit int) (v uint64, n, end int) {
	for end = k; end < limit; {
		c := &r.chunks[end]
		if c.money || c.shape&(shapeTime|shapeDate|shapeAmount|shapeCode) != 0 || end > k && c.gap&^(gapSpace|gapDash) != 0 {
			break
		}
		x := r.cheapest(end)
		if x < 0 || r.edges[x].n > 4 || n+int(r.edges[x].n) > maxDigits-1 || int(r.edges[x].to) > limit {
			break
		}
		v, n, end = v*pow10[r.edges[x].n]+r.edges[x].v, n+int(r.edges[x].n), int(r.edges[x].to)
	}
	return v, n, end
}
