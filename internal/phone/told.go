package phone

import (
	"unicode"
	"unicode/utf8"
)

// listen finds what a text says about how its numbers are to be read.
func (r *reader) listen() {
	for i := range r.chunks {
		c := &r.chunks[i]
		if s := c.w.sort(); s != wordBack && s != wordTell && c.w != wordFirst && c.w != wordLast {
			if size := c.hi - c.lo; c.w != wordNone || size < 3 || size > 4 || !r.spells(i, "back", "fin") {
				continue
			}
		}
		switch {
		case c.w.sort() == wordBack && r.backwards(i), r.rightToLeft(i):
			r.back = true
			r.blocks = r.blocks || r.beside(i, wordBlocks)
		case c.w == wordDrop && r.beside(i, wordLetters), c.w == wordOnly && (r.spells(i-1, "digits", "numbers", "numeros", "digitos") || r.spells(i+1, "digits", "numbers", "numeros", "digitos") || r.spells(i+2, "digits", "numbers", "numeros", "digitos")):
			r.strip = true
		case c.w == wordLetters && r.spells(i+1, "keys"):
			r.told |= 1 << wordKeypad.value()
		case c.w == wordSwapped && r.beside(i, wordBlocks):
			r.back, r.blocks = true, true
		}
	}
}

// beside reports whether a word stands near chunk i, in its sentence.
func (r *reader) beside(i int, w word) bool {
	for k := i - 1; k >= 0 && k >= i-5 && r.chunks[k+1].gap&(gapEnd|gapLine) == 0 && r.chunks[k].digits < 3; k-- {
		if r.chunks[k].w == w {
			return true
		}
	}
	for k := i + 1; k < len(r.chunks) && k <= i+5 && r.chunks[k].gap&(gapEnd|gapLine) == 0 && r.chunks[k].digits < 3; k++ {
		if r.chunks[k].w == w {
			return true
		}
	}
	return false
}

// backwards reports whether the word in chunk i says that digits are to be read
// backwards: "atrás" alone is where something is, a "reverse camera" is a camera,
// and a mirror may be for sale.
func (r *reader) backwards(i int) bool {
	switch {
	case r.spells(i, "atras"):
		return r.spells(i-1, "hacia", "para") || r.spells(i-1, "de") && r.spells(i+1, "hacia", "para")
	case r.spells(i, "reverse"):
		next := r.chunk(i + 1)
		return r.spells(i-1, "in") || next == nil || next.gap != gapSpace || next.digits > 0 || lookUp(r.norm[next.lo:next.hi]) != wordNone
	case r.spells(i, "mirror") && (r.spells(i-1, "a", "the") && r.spells(i-2, "put", "use", "hold", "in", "with") || r.spells(i+1, "to") && r.word(i+2) == wordThis):
		r.hint = true // where it is for sale, too
		return false
	case r.spells(i, "mirror"):
		return r.word(i+1) == wordThis || r.spells(i+1, "writing", "written", "writting", "order", "style", "image", "read")
	case r.spells(i, "espejo"):
		return r.spells(i-1, "en", "al", "como", "modo", "efecto", "escritura")
	case r.spells(i, "flip", "flipped", "invert", "inverted", "invertir", "inverso", "inversa"):
		return r.word(i+1) == wordThis || r.spells(i+1, "digits", "around", "number", "order") || r.spells(i-1, "orden", "order", "a", "is", "forma", "modo", "manera", "escrito")
	}
	return true
}

// rightToLeft reports whether the word in chunk i ends a phrase that says in which
// direction to read: "right to left", "last digit first", "de atrás al frente".
func (r *reader) rightToLeft(i int) bool {
	switch {
	case r.spells(i, "end", "back", "final", "fin", "last", "ultimo", "ultima"):
		// "read it from the end", "lee desde el final"
		k := i - 1
		if r.spells(k, "the", "el", "la") {
			k--
		}
		if !r.spells(k, "from", "desde", "por") {
			return false
		}
		for back := 1; back < 5; back++ {
			if r.spells(k-back, "read", "reading", "lee", "lea", "leelo", "lean", "leyendo", "start", "starting", "begin", "beginning", "empieza", "empezando", "comienza", "empiece", "digits", "written", "escrito") {
				return true
			}
		}
		return false
	case r.spells(i, "left"):
		return r.spells(i-1, "to") && r.spells(i-2, "right")
	case r.spells(i, "izquierda"):
		return r.spells(i-1, "a") && r.spells(i-2, "derecha")
	case r.spells(i, "front"):
		return r.spells(i-1, "to") && r.spells(i-2, "back") && r.chunks[i-1].gap == gapSpace
	case r.spells(i, "first"):
		return r.spells(i-2, "last") && r.spells(i-1, "digit", "number", "figure", "one", "to") || r.spells(i-1, "digit", "one") && r.spells(i-2, "last")
	case r.spells(i, "principio", "inicio"):
		return r.spells(i-2, "final", "fin", "ultimo", "end") && r.spells(i-1, "al", "a", "hacia")
	case r.spells(i, "primero"):
		return r.spells(i-2, "ultimo", "ultima") && r.spells(i-1, "digito", "cifra", "numero", "va") || r.spells(i-1, "ultimo", "ultima")
	}
	return false
}

// marked reads a digit in Morse code or as tally marks at the current position.
func (sc *scanner) marked() (digit byte, bytes, runes int32) {
	at, pattern := int(sc.at), 0
	for at < len(sc.s) && runes < 10 {
		r, n := utf8.DecodeRuneInString(sc.s[at:])
		m := stroke(r)
		if sc.marks == wordTally {
			if r == 0xFE0F && runes > 0 {
				at += n
				continue
			}
			if m != '|' {
				m = 0
			}
			if sc.unit == r {
				m = '|'
			}
		}
		if m == 0 || sc.marks == wordMorse && m == '|' {
			break
		}
		pattern <<= 1
		if m == '-' {
			pattern |= 1
		}
		at, runes = at+n, runes+1
	}
	before, _ := utf8.DecodeLastRuneInString(sc.s[:sc.at])
	if sc.marks == wordTally {
		if runes == 0 || runes > 9 || before == sc.unit || sc.unit == '|' && stroke(before) == '|' {
			return 0, 0, 0
		}
		return '0' + byte(runes), int32(at) - sc.at, int32(utf8.RuneCountInString(sc.s[sc.at:at]))
	}
	if stroke(before) != 0 {
		return 0, 0, 0
	}
	morse := [10]int{0b11111, 0b01111, 0b00111, 0b00011, 0b00001, 0b00000, 0b10000, 0b11000, 0b11100, 0b11110}
	for d, p := range morse {
		if runes == 5 && p == pattern {
			return '0' + byte(d), int32(at) - sc.at, runes
		}
	}
	return 0, 0, 0
}

// counted returns the sign of which a text has several groups, each of as many as a
// digit says: "||| |||||", "*** *****"; 0 when it has none.
func counted(s string) rune {
	const fewest = 4
	var unit, last rune
	most, run := 0, 0
	var list [4]struct {
		sign rune
		runs int
		long bool
	}
	end := func() {
		for k := range list {
			if l := &list[k]; l.sign == last || l.sign == 0 {
				l.sign, l.runs, l.long = last, l.runs+1, l.long || run > 2
				if l.runs > most && l.long {
					most, unit = l.runs, last
				}
				return
			}
		}
	}
	for _, r := range s {
		if stroke(r) == '|' {
			r = '|'
		}
		if r == 0xFE0F || r == last {
			if r == last {
				run++
			}
			continue
		}
		if last != 0 {
			end()
		}
		last, run = 0, 1
		if r < utf8.RuneSelf && !alnum(byte(r)) && r > ' ' && (!separates(byte(r)) || r == '.' || r == '-') || r >= 0x2000 && !unicode.IsLetter(r) && !unicode.IsSpace(r) {
			last = r
		}
	}
	if last != 0 {
		end()
	}
	if most < fewest {
		return 0
	}
	return unit
}

// stroke returns the ASCII form of a dot, a dash or an upright stroke, 0 for all
// else.
func stroke(r rune) byte {
	switch r {
	case '.', 0xB7, 0x2022, 0x2219:
		return '.'
	case '-', '_', 0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2212:
		return '-'
	case '|', 0x2223, 0x4E28:
		return '|'
	}
	return 0
}
