package indicator

// maxSteps bounds the work of one pattern at one token, so that reading takes
// time linear in the text whatever a rule file says.
const maxSteps = 400

// A match is where a pattern fits and what it found there.
type match struct {
	rule       int32
	start, end int32 // tokens
	hidden     bool  // an age in it was hidden
}

// A matcher runs one pattern over the tokens of one sentence.
type matcher struct {
	r        *reader
	p        *pattern
	lo, hi   int32
	steps    int
	end      int32
	age      int32 // expression of the last slot of an age that fitted
	accepted bool
}

// fit runs the pattern at token i.
func (m *matcher) fit(i int32) bool {
	m.steps, m.accepted, m.age = 0, false, -1
	m.run(0, i)
	return m.accepted && m.end > i
}

func (m *matcher) run(pc, i int32) bool {
	r := m.r
	for {
		if m.steps++; m.steps > maxSteps {
			return false
		}
		in := &m.p.code[pc]
		switch in.op {
		case opAccept:
			m.end, m.accepted = i, true
			return true
		case opJump:
			pc = in.x
			continue
		case opSplit:
			if m.may(i, in) && m.run(in.x, i) {
				return true
			}
			pc = in.y
			continue
		case opBegin:
			if i != m.lo && r.toks[i].sep < sepStop {
				return false
			}
		case opEnd:
			if i < m.hi && r.toks[i].sep < sepStop {
				return false
			}
		case opNot:
			if i < m.hi && m.at(i, in.arg) != 0 {
				return false
			}
		case opNotSlot:
			if m.slot(i, in.arg) != 0 {
				return false
			}
		case opGap:
			return m.gap(pc, i, in)
		case opGuard:
			if !m.may(i, in) {
				return false
			}
		case opSlot:
			n := m.slot(i, in.arg)
			if n == 0 {
				return false
			}
			if n > 1 && (in.arg == slotPlace || in.arg == slotName) {
				for ; n > 1; n-- {
					if m.run(pc+1, i+n) {
						return true
					}
				}
			}
			i += n
		case opWord:
			if i >= m.hi {
				return false
			}
			t := &r.toks[i]
			for k := t.phrase; k >= 0; k = r.phrases[k].next {
				ph := &r.phrases[k]
				if i+ph.length <= m.hi && r.lib.in(ph.word, in.arg) && m.run(pc+1, i+ph.length) {
					return true
				}
			}
			if !r.lib.in(t.word, in.arg) {
				return false
			}
			i++
		}
		pc++
	}
}

// at is how many tokens at i are a word or phrase of the set, 0 for none.
func (m *matcher) at(i, set int32) int32 {
	t := &m.r.toks[i]
	for k := t.phrase; k >= 0; k = m.r.phrases[k].next {
		if m.r.lib.in(m.r.phrases[k].word, set) {
			return m.r.phrases[k].length
		}
	}
	if m.r.lib.in(t.word, set) {
		return 1
	}
	return 0
}

// may reports whether what an instruction is about may begin at i.
func (m *matcher) may(i int32, in *instruction) bool {
	return in.first == anything || i < m.hi && (m.r.toks[i].fills&in.slots != 0 || m.at(i, in.first) != 0)
}

func (m *matcher) gap(pc, i int32, in *instruction) bool {
	for n := int32(0); ; i++ {
		if m.may(i, in) && m.run(pc+1, i) {
			return true
		}
		if i >= m.hi || m.r.lib.in(m.r.toks[i].word, m.r.lib.neg) {
			return false
		}
		n++
		if m.r.toks[i].sep >= sepComma { // a comma counts for a token
			n++
		}
		if n > in.arg {
			return false
		}
	}
}

// slot is how many tokens at i fill the slot, 0 for none.
func (m *matcher) slot(i, slot int32) int32 {
	r := m.r
	if i >= m.hi {
		return 0
	}
	t := &r.toks[i]
	switch slot {
	case slotPlace, slotName:
		n := int32(0)
		for n < 3 && i+n < m.hi {
			u := &r.toks[i+n]
			if n > 0 && u.sep > sepSpace {
				break
			}
			if u.flags&flagCap == 0 && !r.lib.in(u.word, r.lib.city) || r.lib.in(u.word, r.lib.function) || r.lib.in(u.word, r.lib.neg) || u.flags&flagDigit != 0 {
				break
			}
			if slot == slotName && (r.lib.in(u.word, r.lib.notName) || u.num >= 0 || u.flags&flagLoud != 0 && !r.lib.in(u.word, r.lib.given)) {
				break
			}
			n++
		}
		return n
	}
	if t.age < 0 {
		return 0
	}
	x := &r.ages[t.age]
	if x.end > m.hi {
		return 0
	}
	v := x.value
	money := t.flags&(flagMoney|flagCall) != 0 || t.sign == '$'
	ok := false
	switch slot {
	case slotMinor:
		ok = v >= 12 && v <= 17 && !money && !r.unit(x.end) && !r.inNumber(i, x)
		if ok {
			m.age = t.age
		}
	case slotOdd:
		ok = x.odd && v >= 12 && v <= 17 && !money && !r.unit(x.end) && !r.inNumber(i, x)
		if ok {
			m.age = t.age
		}
	case slotAdult:
		ok = v >= 18 && v <= 80 && !money && !r.unit(x.end) && !x.odd
	case slotNumber:
		ok = t.flags&(flagCall|flagMoney) == 0
	case slotAmount:
		ok = (t.flags&flagCall == 0 || v >= 1000) && v >= 20 && v <= 99999 && !r.unit(x.end)
	case slotBirthYear:
		y := int32(r.year)
		if v < 100 && v > 0 && t.flags&flagDigit != 0 && t.e-t.b == 2 {
			v += 2000
		}
		ok = v >= y-17 && v <= y-10 && !money
	}
	if !ok {
		return 0
	}
	return x.end - i
}

// unit reports whether token i makes a measure, a time or a price of the number
// before it.
func (r *reader) unit(i int32) bool {
	if int(i) >= len(r.toks) {
		return false
	}
	t := &r.toks[i]
	return t.sep < sepComma && (r.lib.in(t.word, r.lib.units) || t.sign == '%' || t.sign == '$')
}

// inNumber reports whether the expression at i is part of a longer number: of a
// telephone, a date, a time, a range.
func (r *reader) inNumber(i int32, x *expression) bool {
	t := &r.toks[i]
	if t.num >= 0 && i > 0 && t.sep <= sepSign && r.toks[i-1].num >= 0 && (t.sep != sepSpace || r.digitAt(i-1)) {
		return true
	}
	if t.sign == '#' || t.sign == '$' {
		return true
	}
	if int(x.end) < len(r.toks) {
		u := &r.toks[x.end]
		if u.num >= 0 && u.sep <= sepSign && u.sign != '+' || u.sign == ':' && u.num >= 0 && u.sep == sepComma {
			return true
		}
	}
	return false
}
