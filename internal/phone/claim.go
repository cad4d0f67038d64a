package phone

// What the words around a number say about whose it is. "Dial the model number,
// it is my cell" makes a number of what was called a model; "my old number",
// "a scammer using", "no longer mine" say that it is not to be called.

// How many words before and behind a number are read for it.
const (
	reachBefore = 9
	reachBehind = 14
)

// spells reports whether chunk k is one of some words, given in lower case.
func (r *reader) spells(k int, words ...string) bool {
	c := r.chunk(k)
	if c == nil {
		return false
	}
	b := r.norm[c.lo:c.hi]
	if len(b) == 0 {
		return false
	}
	first := b[0] | 0x20
	for _, w := range words {
		if len(w) == len(b) && w[0] == first && equal(b, w) {
			return true
		}
	}
	return false
}

// no reports whether chunk k negates: "not", "never", the Spanish "no".
func (r *reader) no(k int) bool { return r.word(k).sort() == wordNot || r.spells(k, "no") }

// negates reports whether one of the two words before chunk k negates it.
func (r *reader) negates(k int) bool {
	const apart = gapComma | gapEnd | gapColon | gapDash
	if k < 1 || r.chunks[k].gap&apart != 0 {
		return false
	}
	return r.no(k-1) || k > 1 && r.no(k-2) && r.word(k-1).sort() == wordFiller && r.chunks[k-1].gap&apart == 0
}

// denied reports whether the words before chunk k in its clause say that it is not
// so.
func (r *reader) denied(k int) bool {
	for back := 0; back < 5 && k > 0 && r.chunks[k].gap&(gapEnd|gapLine|gapComma) == 0; back++ {
		if k--; r.no(k) || r.spells(k, "if", "si") {
			return true
		}
	}
	return false
}

// plural reports whether chunk k speaks of calls and messages in general.
func (r *reader) plural(k int) bool {
	return r.spells(k, "calls", "texts", "llamadas", "mensajes", "messages", "textos")
}

// conditional reports whether a time or a condition follows the number that
// begins with chunk start: "do not call 912 after nine".
func (r *reader) conditional(start int) bool {
	for k := start; k < len(r.chunks) && k < start+maxDigits && (k == start || r.chunks[k].gap&(gapEnd|gapLine) == 0); k++ {
		if r.spells(k, "after", "before", "past", "until", "unless", "if", "on", "despues", "antes", "si", "pasadas", "los", "when", "during") {
			return true
		}
	}
	return false
}

// mayClaim reports whether what follows chunk i may speak of a number to call.
func (r *reader) mayClaim(i int) bool {
	for k := i + 1; k < len(r.chunks) && k < i+maxDigits+reachBehind; k++ {
		if r.chunks[k].w.sort() == wordPhone {
			return true
		}
	}
	return false
}

// disowned reports whether the text says that the number in chunks [start, end)
// is not to be called at all.
func (r *reader) disowned(start, end int) bool {
	return r.deadBefore(start, end) || r.deadBehind(end)
}

func (r *reader) deadBefore(start, end int) bool {
	if r.word(start-1).sort() == wordNot && r.chunks[start].gap == gapSpace {
		return true // "my number is not 912"
	}
	called := false
	digits := 0
	for k := start - 1; k >= 0 && k >= start-reachBefore; k-- {
		c, g := &r.chunks[k], r.chunks[k+1].gap
		if g&(gapEnd|gapBlank) != 0 && !r.short(k, start) || g&gapLine != 0 && k < start-1 {
			return false
		}
		if digits += int(c.digits); digits >= 3 {
			return false
		}
		switch c.w.sort() {
		case wordDead:
			return !called && !r.denied(k)
		case wordFiller, wordNone:
			if r.spells(k, "uso", "using", "use", "equivocado", "wrong") && !called && r.unused(k, start) {
				return true
			}
			if c.w == wordOld && k >= start-4 && (r.numbers(k+1) || r.numbers(k-1)) {
				return !r.lives(end)
			}
		case wordPhone:
			called = called || !r.spells(k+1, "from", "desde", "de", "del") && c.w.sort() == wordPhone && r.calling(k)
		case wordNumber:
			if r.spells(k, "no") && r.spells(k+1, "longer") && k+1 >= start-2 {
				return true
			}
		}
	}
	return false
}

// unused reports whether chunk k, before a number, says that nobody is reached
// there: "ya no uso el", "número equivocado:", "wrong number".
func (r *reader) unused(k, start int) bool {
	switch {
	case r.spells(k, "uso", "use"):
		return k >= start-3 && (r.no(k-1) && (r.spells(k-2, "ya") || r.spells(k-2, "do")) || r.spells(k-1, "longer"))
	case r.spells(k, "equivocado"):
		return k == start-1 && r.numbers(k-1)
	case r.spells(k, "wrong"):
		return k == start-2 && r.numbers(k+1)
	}
	return false
}

// lives reports whether the words behind a number that was called old say that it
// may be called all the same.
func (r *reader) lives(end int) bool {
	for k := end; k < len(r.chunks) && k < end+5 && r.chunks[k].gap&(gapEnd|gapLine) == 0; k++ {
		if r.no(k) {
			return false
		}
		if r.spells(k, "still", "also", "works", "until", "too", "okay", "ok", "fine", "sigue", "tambien", "hasta", "funciona", "aun", "todavia", "sirve") {
			return true
		}
	}
	return false
}

// short reports whether chunk k, right before a number, is an abbreviation whose
// dot ends no sentence.
func (r *reader) short(k, start int) bool {
	return k == start-1 && (r.word(k).sort() == wordPhone || r.word(k).sort() == wordNumber)
}

// calling reports whether the contact word in chunk k is a verb that tells to
// call, and not part of "phone number".
func (r *reader) calling(k int) bool { return r.word(k+1).sort() != wordNumber }

// numbers reports whether chunk k is a word for a telephone number.
func (r *reader) numbers(k int) bool {
	return r.word(k).sort() == wordNumber && !r.spells(k, "no") || r.word(k).sort() == wordPhone || r.spells(k, "one", "line")
}

func (r *reader) deadBehind(end int) bool {
	sentences := 0
	for k := end; k < len(r.chunks) && k < end+reachBehind; k++ {
		c := &r.chunks[k]
		if c.gap&gapEnd != 0 {
			if sentences++; sentences > 1 {
				return false
			}
		}
		if c.gap&gapLine != 0 || c.digits >= 3 {
			return false
		}
		switch sort := c.w.sort(); {
		case sort == wordDead:
			return sentences == 0 && !r.denied(k)
		case c.w == wordOld && r.numbers(k+1):
			return r.word(k-1) == wordMine && k <= end+3 && r.spells(k-2, "is", "was", "es", "era")
		case sort == wordNot || sort == wordNumber && r.spells(k, "no"):
			if r.disavows(k, end, sentences) {
				return true
			}
		case sentences == 0 && (r.spells(k, "wrong") && r.numbers(k+1) || r.spells(k+1, "equivocado") && r.numbers(k)) && r.spells(end, "is", "was", "es", "era"):
			return true
		case sentences > 0 || sort != wordNone && sort != wordFiller:
		case r.spells(k, "ya") && r.no(k+1) && r.spells(k+2, "es", "sirve", "funciona", "existe", "uso", "tengo", "pertenece", "contesto", "jala", "esta", "lo"),
			r.spells(k, "hang") && r.spells(k+1, "up"), r.spells(k, "cuelga", "cuelgue", "cuelguen"),
			r.spells(k, "out") && r.spells(k+1, "of") && r.spells(k+2, "service", "order"):
			return true
		}
	}
	return false
}

// disavows reports whether what chunk k negates is that the number which ends at
// chunk end is the advertiser's, or is to be called.
func (r *reader) disavows(k, end, sentences int) bool {
	if k <= end+6 && (r.word(k+1).sort() == wordPhone && r.word(k+2) == wordThis || r.word(k+1) == wordThis && r.word(k+2).sort() == wordPhone) {
		return true
	}
	switch {
	case sentences > 0:
		return false
	case r.spells(k+1, "longer", "mine", "ours", "valid", "active", "working"):
		return true
	case k > end+3:
		return r.spells(k+1, "in") && r.spells(k+2, "service", "use")
	}
	return r.word(k+1) == wordMine && r.numbers(k+2) || r.spells(k+1, "in") && r.spells(k+2, "service", "use") ||
		r.spells(k+1, "es", "is", "era") && r.chunks[k+1].gap == gapSpace && r.word(k+2) == wordMine
}

// claimed reports whether the text that follows says of what stands before chunk
// end that it is the number to call.
func (r *reader) claimed(end int) bool {
	for k := end; k < len(r.chunks) && k < end+reachBehind; k++ {
		c := &r.chunks[k]
		if c.gap&(gapLine|gapEnd) != 0 || c.digits >= 3 {
			return false
		}
		if c.w.sort() != wordPhone || r.negates(k) {
			continue
		}
		next := k + 1
		if n := r.chunk(next); n != nil && n.gap&(gapEnd|gapLine) != 0 {
			next = len(r.chunks)
		}
		before := r.word(k - 1)
		switch {
		case k == end && c.gap == gapSpace: // "912-555-0123 call"
		case r.gapAt(k+1)&gapColon != 0 && r.chunks[k+1].digits == 0 && !r.chunks[k+1].w.numeral() && c.gap&(gapComma|gapDash|gapParen) != 0: // "no, phone:"
			return true
		case r.spells(k-1, "the", "el") && r.spells(k-2, "thats", "is", "es", "also", "tambien"):
			return true
		case before == wordMine, before == wordThis && !r.spells(k-1, "le") && c.gap&gapComma == 0:
			return true
		case r.word(next) == wordThis, r.spells(next, "number", "numero", "al"):
			return true
		case r.spells(k-2, "how", "asi", "where", "donde") || r.spells(k-1, "how", "asi", "me"), r.spells(k-2, "how") && r.spells(k-1, "you", "to"):
			return true
		case r.spells(k, "llamame", "marcame", "escribeme") && (r.spells(k-1, "y", "and", "asi") || k == end && c.gap&(gapParen|gapDash|gapSign) != 0):
			return true
		}
	}
	return false
}

// gapAt is what stands before chunk k, nothing behind the last.
func (r *reader) gapAt(k int) gap {
	if c := r.chunk(k); c != nil {
		return c.gap
	}
	return 0
}
