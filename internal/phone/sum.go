package phone

import "strings"

// sum adds the reading of a sum in brackets that begins with chunk i, "(4+1)",
// and of one in words, "500 plus 55". It reports whether the digits in it have no
// other meaning.
func (r *reader) sum(i int) bool {
	c := &r.chunks[i]
	if c.bfrom > 0 && r.s[c.bfrom-1] == '(' {
		v, size, plain := reckon(r.s[c.bfrom:])
		if size == 0 {
			return false
		}
		to := i + 1
		for to < len(r.chunks) && r.chunks[to].bfrom < c.bfrom+int32(size) {
			to++
		}
		if plain {
			r.edge(i, to, v, width(v), 1.5, howSum)
			return false
		}
		r.edge(i, to, v, width(v), .25, howSum)
		return true
	}
	if op, last := r.chunk(i+1), r.chunk(i+2); last != nil && op.w == wordPlus && last.digits > 0 && last.letters+last.marks == 0 && r.size(i) < 5 && r.size(i+2) < 5 && op.gap == gapSpace && last.gap == gapSpace && (r.size(i) >= r.size(i+2) || r.size(i) > 1) {
		a, b := r.value(i), r.value(i+2)
		if r.spells(i+1, "minus", "menos") {
			if b > a {
				return false
			}
			r.edge(i, i+3, a-b, width(a-b), .5, howSum)
		} else {
			r.edge(i, i+3, a+b, width(a+b), .5, howSum)
		}
	}
	if last := r.chunk(i + 1); last != nil && last.gap&^(gapSpace|gapLastPlus) == gapPlus && last.digits > 0 && last.letters+last.marks == 0 && c.letters+c.marks == 0 &&
		r.size(i) < 5 && r.size(i+1) < r.size(i) && r.value(i)%pow10[r.size(i+1)] == 0 { // "900+12"
		v := r.value(i) + r.value(i+1)
		r.edge(i, i+2, v, width(v), .5, howSum)
	}
	return false
}

// lessened adds the difference of two digits in words: "four minus two".
func (r *reader) lessened(i int, a uint64) {
	if b := r.word(i + 2); b.sort() == wordUnit && uint64(b.value()) <= a && r.word(i+1) == wordPlus && r.spells(i+1, "minus", "menos") {
		r.edge(i, i+3, a-uint64(b.value()), 1, .2, howSum)
	}
}

// width is how many digits a number has.
func width(v uint64) int {
	n := 1
	for v >= 10 {
		v, n = v/10, n+1
	}
	return n
}

// reckon works out a sum that ends with a bracket, and returns its size. A sum is
// plain when it may as well be groups of a number.
func reckon(s string) (v uint64, size int, plain bool) {
	number := func() (n uint64, digits int) {
		for size < len(s) && s[size] == ' ' {
			size++
		}
		for size < len(s) && digit(s[size]) && digits < 5 {
			n, size, digits = n*10+uint64(s[size]-'0'), size+1, digits+1
		}
		for size < len(s) && s[size] == ' ' {
			size++
		}
		return n, digits
	}
	v, digits := number()
	terms := 1
	for ; digits > 0 && size < len(s); terms++ {
		if s[size] == ')' {
			if terms == 1 {
				return 0, 0, false
			}
			return v, size, plain
		}
		op := s[size]
		size++
		if op >= 0x80 {
			switch {
			case strings.HasPrefix(s[size-1:], "×"):
				op, size = '*', size+1
			case strings.HasPrefix(s[size-1:], "−"), strings.HasPrefix(s[size-1:], "–"):
				op, size = '-', size+2
			case strings.HasPrefix(s[size-1:], "÷"):
				op, size = '/', size+1
			}
		}
		was := digits
		var n uint64
		n, digits = number()
		plain = plain || op == '-' && was >= 3 && digits >= 3
		switch {
		case digits == 0:
			return 0, 0, false
		case op == '+':
			v += n
		case op == '-' && n <= v:
			v -= n
		case op == 'x' || op == 'X' || op == '*':
			v *= n
		case op == '/' && n > 0 && v%n == 0:
			v /= n
		default:
			return 0, 0, false
		}
		if v > 9_999_999 {
			return 0, 0, false
		}
	}
	return 0, 0, false
}
