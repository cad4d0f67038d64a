package phone

// listen finds what a text says about how its numbers are to be read.
func (r *reader) listen() {
	for i := range r.chunks {
		c := &r.chunks[i]
		if s := c.w.sort(); s != wordBack && s != wordTell && c.w != wordFirst {
			continue
		}
		switch {
		case c.w.sort() == wordBack && r.backwards(i), r.rightToLeft(i):
			r.back = true
			r.blocks = r.blocks || r.beside(i, wordBlocks)
		case c.w == wordDrop && r.beside(i, wordLetters), c.w == wordOnly && (r.spells(i-1, "digits", "numbers", "numeros", "digitos") || r.spells(i+1, "digits", "numbers", "numeros", "digitos") || r.spells(i+2, "digits", "numbers", "numeros", "digitos")):
			r.strip = true
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
