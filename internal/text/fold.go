// Package text folds, tokenises and flattens the text of ads. Strings come in
// as a site gave them; folded runes, search tokens and plain text go out, and
// folded runes and tokens keep the way back to the code points they were made
// of. Both search indexes and query.Match store what Tokens gives, so that
// folding happens in one place. It never guesses at meaning: look-alike letters
// and numbers in disguise are the business of package phone.
package text

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Folded is text without the differences that a reader does not see as another
// word: compatibility forms, case, accents, format and zero-width characters.
// Rune i stands for the code points [From[i], To[i]) of the original; several
// runes may stand for the same ones ("ﬁ"), and From never decreases.
type Folded struct {
	Runes    []rune
	From, To []int
}

// String returns the folded text.
func (f Folded) String() string { return string(f.Runes) }

// Span returns the code points of the original that the folded runes [i, j)
// stand for. i must be less than j.
func (f Folded) Span(i, j int) (from, to int) {
	from, to = f.From[i], f.To[i]
	for _, t := range f.To[i:j] {
		to = max(to, t)
	}
	return from, to
}

// Fold normalises to NFKC, folds case, and drops accents, variation selectors,
// format and zero-width characters. Folding what was folded changes nothing.
func Fold(s string) Folded {
	f := Folded{Runes: make([]rune, 0, len(s)), From: make([]int, 0, len(s)), To: make([]int, 0, len(s))}
	at, compose := 0, false
	for _, r := range s {
		if r < utf8.RuneSelf {
			if 'A' <= r && r <= 'Z' {
				r += 'a' - 'A'
			}
			f.add(r, at, at+1)
			at++
			continue
		}
		if dropped(r) {
			if n := len(f.To); n > 0 && f.To[n-1] == at && !unicode.Is(unicode.Cf, r) {
				f.mark(at)
			}
			at++
			continue
		}
		if k := latin1(r); k != 0 {
			f.add(k, at, at+1)
		} else {
			compose = f.expand(r, at, 0) || compose
		}
		at++
	}
	if compose {
		return f.composed()
	}
	return f
}

func (f *Folded) add(r rune, from, to int) {
	f.Runes, f.From, f.To = append(f.Runes, r), append(f.From, from), append(f.To, to)
}

// mark lets every rune that ends at code point at reach over the mark there, so
// that the span of a letter holds its accent.
func (f *Folded) mark(at int) {
	from := f.From[len(f.From)-1]
	for i := len(f.To) - 1; i >= 0 && f.To[i] == at && f.From[i] == from; i-- {
		f.To[i] = at + 1
	}
}

// maxFold bounds the rounds of decomposing and case folding of one rune; two
// are enough for every rune of Unicode 15.
const maxFold = 4

// expand adds what one rune beyond ASCII folds to. It decomposes and folds until
// nothing changes, because a folded letter may decompose again. It reports
// whether the result holds runes that may compose with a neighbour.
func (f *Folded) expand(r rune, at, round int) (compose bool) {
	if dropped(r) {
		return false
	}
	one := string(r)
	if k := cases.Fold().String(norm.NFKD.String(one)); k != one && round < maxFold {
		for _, q := range k {
			compose = f.expand(q, at, round+1) || compose
		}
		return compose
	}
	f.add(r, at, at+1)
	return r >= utf8.RuneSelf && !norm.NFC.PropertiesString(one).BoundaryBefore()
}

// composed puts decomposed runes together again: Hangul, kana with voice marks,
// vowel signs. A composed rune stands for all code points of its parts.
func (f *Folded) composed() Folded {
	s := string(f.Runes)
	g := Folded{Runes: make([]rune, 0, len(f.Runes)), From: make([]int, 0, len(f.Runes)), To: make([]int, 0, len(f.Runes))}
	var it norm.Iter
	it.InitString(norm.NFC, s)
	seen, pos := 0, 0
	for !it.Done() {
		out := it.Next()
		n := utf8.RuneCountInString(s[pos:it.Pos()])
		pos = it.Pos()
		if n == 0 {
			n = 1
		}
		from, to := f.Span(seen, min(seen+n, len(f.Runes)))
		for len(out) > 0 {
			r, size := utf8.DecodeRune(out)
			g.add(r, from, to)
			out = out[size:]
		}
		seen = min(seen+n, len(f.Runes)-1)
	}
	return g
}

// dropped reports whether a reader does not see r as a character of its own:
// accents and overlays, enclosing marks, variation selectors, format characters
// and other code points that are ignorable by default. Vowel signs and voice
// marks make another word and stay.
func dropped(r rune) bool {
	if r < 0xAD {
		return false
	}
	switch {
	case r == 0xAD, r == 0x034F, 0x115F <= r && r <= 0x1160, r == 0x3164, r == 0xFFA0:
		return true
	case 0x17B4 <= r && r <= 0x17B5, 0x180B <= r && r <= 0x180F:
		return true
	case 0xFE00 <= r && r <= 0xFE0F, 0xE0000 <= r && r <= 0xE0FFF:
		return true
	}
	if r < 0x0300 {
		return false
	}
	if unicode.In(r, unicode.Cf, unicode.Me) {
		return true
	}
	if !unicode.Is(unicode.Mn, r) {
		return false
	}
	ccc := norm.NFC.PropertiesString(string(r)).CCC()
	return ccc == 1 || 10 <= ccc && ccc <= 35 || ccc >= 200
}

// latin1 is the short way for the letters of Western European languages; 0
// sends the rune the long way.
func latin1(r rune) rune {
	const fold = "aaaaaa\x00ceeeeiiii\u00f0nooooo\u00d7\u00f8uuuuy\u00fe\x00" +
		"aaaaaa\x00ceeeeiiii\u00f0nooooo\u00f7\u00f8uuuuy\u00fey"
	if r < 0xC0 || r > 0xFF {
		return 0
	}
	i := rune(0xC0)
	for _, k := range fold {
		if i == r {
			return k
		}
		i++
	}
	return 0
}
