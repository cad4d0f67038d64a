package indicator

// An expression is a number as it is said: one token or several. Its style says
// whether it was written so that a search for the digits misses it.
type expression struct {
	end    int32 // token behind it
	value  int32
	hidden bool // in words, spaced, in other glyphs, by arithmetic
	odd    bool // hidden otherwise than in plain words
}

// numbers gives every token that begins a number its expressions.
func (r *reader) numbers() {
	any := false
	for i := range r.toks {
		t := &r.toks[i]
		if t.num < 0 && t.flags&flagDigit == 0 {
			t.num = r.lib.number[t.word]
		}
		any = any || t.num >= 0
	}
	if !any {
		return
	}
	for i := 0; i < len(r.toks); i++ {
		j, digits, words, _ := r.run(i)
		if digits >= 7 && (words > 0 || j-i > 1) { // a number to call holds no age
			for k := i; k < j; k++ {
				r.toks[k].flags |= flagCall
			}
		}
		i = max(i, j-1)
	}
	r.beaded()
	for i := range r.toks {
		if r.toks[i].num >= 0 || r.lib.in(r.toks[i].word, r.lib.half) {
			r.expressions(int32(i))
		}
	}
}

// beaded marks a number to call whose digits stand each by itself with a picture
// between some of them.
func (r *reader) beaded() {
	for i := 0; i < len(r.toks); i++ {
		last, digits := i-1, 0
		for j := i; j < len(r.toks) && j <= last+2 && r.toks[j].sep < sepComma; j++ {
			if t := &r.toks[j]; t.flags&flagDigit != 0 && t.num >= 0 && t.num <= 9 {
				last = j
				digits++
			} else if r.f.buf[t.b] < 0x80 {
				break
			}
		}
		for k := i; digits >= 7 && k <= last; k++ {
			r.toks[k].flags |= flagCall
		}
		i = max(i, last)
	}
}

// atom reads one number at i: 17, seventeen, 1 7, one seven, ten and seven.
func (r *reader) atom(i int32) (expression, bool) {
	if int(i) >= len(r.toks) || r.toks[i].num < 0 {
		return expression{}, false
	}
	t := &r.toks[i]
	word := t.flags&flagDigit == 0
	x := expression{end: i + 1, value: t.num, hidden: word || t.flags&flagOdd != 0, odd: t.flags&flagHidden != 0 || !word && t.flags&flagOdd != 0}
	if int(i+1) >= len(r.toks) {
		return x, true
	}
	u := &r.toks[i+1]
	switch {
	case u.num < 0 || u.num > 9 || u.sep >= sepComma:
	case t.num == 1 && (u.flags&flagDigit == 0 || u.e-u.b == 1) && !r.digitAt(i-1) && !r.digitAt(i+2):
		x = expression{end: i + 2, value: 10 + u.num, hidden: true, odd: true}
	case word && t.num >= 20 && t.num%10 == 0 && u.num > 0 && u.flags&flagDigit == 0:
		x = expression{end: i + 2, value: t.num + u.num, hidden: true}
	}
	return x, true
}

// digitAt reports whether token i is a single digit that joins its neighbours.
func (r *reader) digitAt(i int32) bool {
	if i < 0 || int(i) >= len(r.toks) {
		return false
	}
	t := &r.toks[i]
	return t.num >= 0 && t.num <= 9 && t.sep < sepComma && (t.flags&flagDigit == 0 || t.e-t.b == 1)
}

func (r *reader) expressions(i int32) {
	x, ok := r.atom(i)
	if y, sum := r.arithmetic(i, x, ok); sum {
		x, ok = y, true
	}
	if !ok {
		return
	}
	r.toks[i].age = int32(len(r.ages))
	r.ages = append(r.ages, x)
}

// arithmetic reads two numbers and what is done with them.
func (r *reader) arithmetic(i int32, x expression, ok bool) (expression, bool) {
	lib := r.lib
	if !ok || lib.in(r.toks[i].word, lib.half) { // half of 34, twice 8, double 8
		j, w := i+1, r.toks[i].word
		if int(j) < len(r.toks) && lib.in(r.toks[j].word, lib.of) {
			j++
		}
		y, ok := r.atom(j)
		if !ok {
			return x, false
		}
		v := y.value / 2
		if lib.in(w, lib.twice) {
			v = y.value * 2
		}
		return expression{end: y.end, value: v, hidden: true, odd: true}, v >= 12 && v < 18
	}
	j := x.end
	if int(j) >= len(r.toks) {
		return x, false
	}
	t := &r.toks[j]
	op := byte(0)
	switch {
	case t.num >= 0 && (t.sign == '+' || t.sign == '-') && t.sep <= sepSign:
		op = t.sign
	case lib.in(t.word, lib.plus):
		op, j = '+', j+1
	case lib.in(t.word, lib.minus):
		op, j = '-', j+1
	case lib.in(t.word, lib.year) && int(j+1) < len(r.toks) && lib.in(r.toks[j+1].word, lib.minus):
		op, j = '<', j+2
	case lib.in(t.word, lib.times):
		op, j = '*', j+1
	case t.sign == '/' && t.num >= 0 && t.sep <= sepSign:
		op = '/'
	default:
		return x, false
	}
	if int(j) < len(r.toks) && lib.in(r.toks[j].word, lib.of) {
		j++
	}
	y, ok := r.atom(j)
	if !ok {
		return x, false
	}
	v := int32(0)
	a, b := x.value, y.value
	switch {
	case op == '+':
		v = a + b
	case op == '*':
		v = a * b
	case op == '-' && a < b && t.sign != '-', op == '<': // two less than nineteen
		v = b - a
	case op == '-' && a > b:
		v = a - b
	case op == '/' && b > 1 && a%b == 0:
		v = a / b
	}
	fit := v >= 12 && v <= 17 && a <= 60 && b <= 60 && b > 0
	if fit && (op == '/' || op == '-' && t.sep == sepJoin) && a < 18 {
		fit = false // a date, a range, a part of a number
	}
	if int(y.end) < len(r.toks) && r.toks[y.end].num >= 0 && r.toks[y.end].sep <= sepSign {
		fit = false
	}
	return expression{end: y.end, value: v, hidden: true, odd: true}, fit
}
