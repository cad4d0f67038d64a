package phone

import (
	"slices"
	"strings"
	"unicode/utf8"

	"vigil.example/internal/ad"
)

// A place is a part of the text that stands for n digits.
type place struct {
	from, to   int32 // code points
	bfrom, bto int32 // bytes
	n          int32
}

// pieces says which parts of the text stand for which digits of a number. The
// trail of the candidate says how its chunks were read; only here, when a number
// was found, is it worked out glyph by glyph. nation is the national number.
func (r *reader) pieces(s string, c *candidate, nation string) []ad.Piece {
	var room [2 * maxDigits]place
	places := room[:0]
	if c.area > 0 {
		a := &r.areas[c.area-1]
		for _, e := range a.trail[:a.steps] {
			places = r.explain(places, s, c, e)
		}
	}
	for _, e := range c.trail[:c.steps] {
		places = r.explain(places, s, c, e)
	}
	if len(places) == 0 { // worked out
		first, last := &r.chunks[c.start], &r.chunks[c.end-1]
		return []ad.Piece{{Digits: nation, Span: ad.Span{Start: int(first.from), End: int(last.to)}, Text: s[first.bfrom:last.bto]}}
	}
	skip := -len(nation)
	for _, p := range places {
		skip += int(p.n)
	}
	at, bto := 0, int32(-1) // digits explained so far, and where the last piece ends
	if skip < 0 {           // the first digits stand with another number
		at, skip = -skip, 0
	}
	reversed := c.marks&markReversed != 0
	if reversed {
		slices.Reverse(places)
	}
	out := make([]ad.Piece, 0, min(len(places), len(nation)))
	for _, p := range places {
		n := int(p.n)
		if skip > 0 { // country code or trunk prefix
			if int(p.bto-p.bfrom) == n && digit(s[p.bfrom]) {
				d := int32(min(n, skip))
				p.from, p.bfrom = p.from+d, p.bfrom+d
			}
			n, skip = max(0, n-skip), max(0, skip-n)
		}
		if n == 0 {
			continue
		}
		text := s[p.bfrom:p.bto]
		if k := len(out) - 1; k >= 0 && p.bfrom == bto && !reversed && text == nation[at:at+n] && out[k].Text == out[k].Digits {
			q := &out[k] // plain digits side by side are one piece
			q.Span.End = int(p.to)
			q.Text = s[int(p.bto)-len(q.Text)-n : p.bto]
			q.Digits = nation[at-len(q.Digits) : at+n]
		} else {
			out = append(out, ad.Piece{Digits: nation[at : at+n], Span: ad.Span{Start: int(p.from), End: int(p.to)}, Text: text})
		}
		at, bto = at+n, p.bto
	}
	return out
}

// explain adds the places of one edge.
func (r *reader) explain(out []place, s string, c *candidate, index int32) []place {
	i := c.start
	for r.chunks[i].after <= index {
		i++
	}
	e, ch := &r.edges[index], &r.chunks[i]
	last := &r.chunks[e.to-1]
	whole := place{ch.from, last.to, ch.bfrom, last.bto, int32(e.n)}
	const byGlyph = howDigits | howLeet | howKeypad
	if e.to > i+1 || e.n == 1 && (e.how&byGlyph == 0 || ch.hi-ch.lo == 1) {
		return append(out, whole)
	}
	if whole.bto-whole.bfrom == whole.n && ch.digits == e.n && c.marks&markReversed == 0 { // digits as they are
		return append(out, whole)
	}
	return r.dissect(out, s, ch, e, whole)
}

// dissect is explain for the glyphs inside a chunk.
func (r *reader) dissect(out []place, s string, ch *chunk, e *edge, whole place) []place {
	var digits [maxDigits]byte
	for k, v := int(e.n)-1, e.v; k >= 0; k, v = k-1, v/10 {
		digits[k] = '0' + byte(v%10)
	}
	b := r.norm[ch.lo:ch.hi]
	var room [16]place
	glyphs := room[:]
	if len(b) > len(room) {
		glyphs = make([]place, len(b))
	}
	var cuts [maxDigits]cut
	if !align(b, digits[:e.n], e.how, cuts[:]) || !locate(s, ch, b, glyphs[:len(b)]) {
		return append(out, whole)
	}
	first := len(out)
	for _, k := range cuts[:e.n] {
		from, to := &glyphs[k.from], &glyphs[k.to-1]
		if n := len(out) - 1; n >= first && out[n].bfrom == from.bfrom { // ⑫
			out[n].n++
			continue
		}
		out = append(out, place{from.from, to.to, from.bfrom, to.bto, 1})
	}
	return out
}

// locate finds the part of the text behind every byte of a chunk's b: the glyphs
// that scan took in, in the order in which it did.
func locate(s string, c *chunk, b []byte, out []place) bool {
	at, cp, k := c.bfrom, c.from, 0
	for at < c.bto {
		g, n, wide := glyph{c: s[at]}, int32(1), int32(1)
		switch {
		case g.c == '&' || g.c == '%':
			decode := entity
			if g.c == '%' {
				decode = escape
			}
			if e, size := decode(s[at:]); size > 0 {
				g, n, wide = e, int32(size), int32(size)
			}
		case g.c == '<': // a tag, or it would have ended the chunk
			n = int32(strings.IndexByte(s[at:], '>') + 1)
			g, wide = glyph{}, int32(utf8.RuneCountInString(s[at:at+n]))
		case g.c >= utf8.RuneSelf:
			c, size := utf8.DecodeRuneInString(s[at:])
			g, n = read(c), int32(size)
		}
		switch {
		case g.c != 0 && k < len(b) && g.c == b[k]:
			out[k] = place{from: cp, to: cp + wide, bfrom: at, bto: at + n}
			k++
			if g.more != 0 && k < len(b) {
				out[k] = out[k-1]
				k++
			}
		case g.c == 0 && k > 0 && mark(s[at:at+n]):
			out[k-1].to, out[k-1].bto = cp+wide, at+n
		}
		at, cp = at+n, cp+wide
	}
	return k == len(b)
}

// A cut is a part of a chunk that stands for one digit.
type cut struct{ from, to uint8 }

// align finds the parts of b that stand for the digits it was read as, the
// cheapest way. It reports whether there is one.
func align(b, digits []byte, h how, out []cut) bool {
	if len(b) > 255 {
		return false
	}
	if h&howKeypad != 0 && len(b) == len(digits) {
		for k := range b {
			out[k] = cut{uint8(k), uint8(k + 1)}
		}
		return true
	}
	if h&(howWord|howSpelt|howLeet) == 0 { // whatever is no digit was left out
		k := 0
		for i, c := range b {
			if digit(c) && k < len(digits) && c == digits[k] {
				out[k] = cut{uint8(i), uint8(i + 1)}
				k++
			}
		}
		return k == len(digits)
	}
	if len(b) <= 12 {
		var table [13][maxDigits + 1]step
		return alignWords(b, digits, table[:], out)
	}
	if len(b) <= maxMixed {
		var table [maxMixed + 1][maxDigits + 1]step
		return alignWords(b, digits, table[:], out)
	}
	return false
}

// A step is the last one of the cheapest way to read so many bytes as so many
// digits.
type step struct {
	cost    float32 // of all steps
	size    uint8   // bytes it took
	set     bool
	skipped bool // it left a byte out
}

// alignWords is align for letters and words, on a table with a row for every
// place in b.
func alignWords(b, digits []byte, table [][maxDigits + 1]step, out []cut) bool {
	table[0][0].set = true
	for at := range b {
		for k := 0; k <= len(digits); k++ {
			from := table[at][k]
			if !from.set {
				continue
			}
			reach := func(size, k int, cost float32, skipped bool) {
				if t := &table[at+size][k]; !t.set || from.cost+cost < t.cost {
					*t = step{from.cost + cost, uint8(size), true, skipped}
				}
			}
			if c := b[at]; c == '|' || c == '!' {
				reach(1, k, .12, true)
			}
			if size := spokenAt(b[at:]); size > 0 && at > 0 {
				reach(size, k, .03, true)
			}
			if k == len(digits) {
				continue
			}
			switch want := digits[k]; {
			case b[at] == want:
				reach(1, k+1, 0, false)
			case leetDigit(b[at]) == want:
				reach(1, k+1, .35, false)
			}
			for x := range spellings {
				if spellings[x].digit != digits[k]-'0' {
					continue
				}
				if size, cost := match(b[at:], &spellings[x]); size > 0 {
					reach(size, k+1, cost, false)
				}
			}
		}
	}
	at, k := len(b), len(digits)
	if !table[at][k].set {
		return false
	}
	for at > 0 {
		t := &table[at][k]
		if !t.skipped {
			k--
			out[k] = cut{uint8(at - int(t.size)), uint8(at)}
		}
		at -= int(t.size)
	}
	return true
}
