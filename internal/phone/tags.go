package phone

// Groups of a number may be dressed as something else, and the text say so: prices that
// are to be strung together, amounts of a recipe that "in that order are our phone"; or
// stand behind letters that spell what they are, "P: 626, H: 555".

// disguised reads three groups of a number that begin with chunk i, whatever they count,
// where the text says behind them that together they are the number.
func (r *reader) disguised(i int) {
	var p part
	end := i
	for k := 0; k < 3; end++ {
		if end >= len(r.chunks) || end > i+18 {
			return
		}
		c := &r.chunks[end]
		if c.digits == 0 && c.marks == 0 {
			continue
		}
		if want := 3 + k/2; int(c.digits) != want || r.size(end)-int(c.marks) != want || c.link != noLink {
			return
		}
		v := uint64(0)
		for _, b := range r.norm[c.lo:c.hi] {
			if digit(b) {
				v = v*10 + uint64(b-'0')
			}
		}
		if k == 0 && !areaInUse(v) || k == 1 && !exchange(v) {
			return
		}
		p.v, p.n = p.v*pow10[c.digits]+v, p.n+c.digits
		k++
	}
	if end-i < 4 || !r.unmasked(end) {
		return
	}
	if before := r.chunk(i - 1); before != nil && before.digits > 2 {
		return
	}
	p.end = int32(end)
	r.solved(i, end, p.v, p.n)
}

// unmasked reports whether the words from chunk i on say that what stands before is a
// number to call once it is put together.
func (r *reader) unmasked(i int) bool {
	joined, named, mine, asked := false, false, false, false
	for k := i; k < len(r.chunks) && k < i+24; k++ {
		c := &r.chunks[k]
		if c.digits > 1 || c.gap&gapBlank != 0 {
			return false
		}
		if c.w == wordJoin || r.spells(k, "order", "orden", "string", "seguidas", "seguidos", "pegadas", "pegados", "glue") || r.spells(k, "how", "asi") && !r.spells(k+1, "much", "many") {
			joined = joined || !r.no(k-1)
		}
		named = named || r.spells(k, "prices", "precios", "amounts", "cantidades", "numbers", "numeros", "figures", "cifras", "three", "tres", "quantities")
		if c.w.sort() == wordPhone && c.digits == 0 && (r.spells(k+1, "me", "us") || r.spells(k, "llamame", "marcame", "marcanos", "llamanos", "marcar", "llamarme") || r.spells(k-1, "and", "to", "y") && r.spells(k, "call", "dial", "phone", "ring", "text")) ||
			c.w.sort() == wordNumber && r.word(k-1).sort() == wordPhone {
			asked = asked || !r.negates(k)
		}
		if (c.w.sort() == wordPhone || c.w.sort() == wordNumber && !r.spells(k, "no")) && r.word(k-1) == wordMine {
			mine = mine || !r.negates(k)
		}
		if joined && (mine || asked) || named && mine {
			return true
		}
	}
	return false
}

// tagged reads groups on lines of their own behind letters that spell what they are.
func (r *reader) tagged() {
	var p part
	var word [12]byte
	n := 0
	done := func(end int) {
		if p.n == 10 || p.n == 11 {
			switch string(word[:n]) {
			case "phone", "call", "callme", "text", "textme", "cell", "tel", "cel", "movil", "number", "numero", "celular", "telefono", "mobile", "llama", "llame", "marca", "dial", "ring", "ringme", "fono":
				p.end = int32(end)
				r.solved(int(p.start), end, p.v, p.n)
			}
		}
		p, n = part{}, 0
	}
	for i := 0; i+1 < len(r.chunks); {
		c, d := &r.chunks[i], &r.chunks[i+1]
		size := int(c.hi - c.lo)
		last := i+2 == len(r.chunks) || r.chunks[i+2].gap&gapLine != 0
		if (i > 0 && c.gap&gapLine == 0) || c.digits > 0 || c.letters == 0 || size > 4 || d.digits == 0 || d.letters+d.marks > 0 || !last || d.digits > 5 || n+size > len(word) || p.n+d.digits > 11 {
			done(i)
			i++
			continue
		}
		if n == 0 {
			p.start = int32(i + 1)
		}
		for _, b := range r.norm[c.lo:c.hi] {
			word[n] = b | 0x20
			n++
		}
		p.v, p.n = p.v*pow10[d.digits]+r.value(i+1), p.n+d.digits
		i += 2
		if i+1 >= len(r.chunks) || r.chunks[i].gap&gapBlank != 0 {
			done(i)
		}
	}
	done(len(r.chunks))
}
