package site

import (
	"unicode"
	"unicode/utf8"

	"vigil.example/internal/ad"
)

// A token is a word of a text, or numbers behind each other, and where it stands in
// code points.
type token struct {
	word     uint32
	number   uint32 // which, 0 for a word
	from, to int32
	stop     bool // a sentence or a line ends before it
}

const anyNumber = 1

// tokens appends the words of a text to out. The words of a site are always
// written alike, so that letters are only made small.
func tokens(out []token, s string) []token {
	const offset, prime = 2166136261, 16777619
	first := len(out)
	var h uint32
	var at, from int32
	const none, word, number = 0, 1, 2
	in, stop := none, false
	end := func() {
		h = uint32(mix(uint64(h)))
		switch {
		case in == word:
			out = append(out, token{word: h | 8, from: from, to: at, stop: stop})
		case in == number && len(out) > first && out[len(out)-1].number != 0 && !stop:
			last := &out[len(out)-1]
			last.number, last.to = uint32(mix(uint64(last.number)<<32|uint64(h)))|8, at
		case in == number:
			out = append(out, token{word: anyNumber, number: h | 8, from: from, to: at, stop: stop})
		default:
			return
		}
		in, stop = none, false
	}
	for i, n := 0, 0; i < len(s); i += n {
		r := rune(s[i])
		if n = 1; r >= utf8.RuneSelf {
			r, n = utf8.DecodeRuneInString(s[i:])
		}
		kind := none
		switch {
		case 'a' <= r && r <= 'z':
			kind = word
		case 'A' <= r && r <= 'Z':
			kind, r = word, r+'a'-'A'
		case '0' <= r && r <= '9':
			kind = number
		case r == '\'' || r == '’':
			at++
			continue
		case r < utf8.RuneSelf:
		case unicode.IsLetter(r) || unicode.IsMark(r):
			kind, r = word, unicode.ToLower(r)
		case unicode.IsDigit(r):
			kind = number
		}
		if kind != in {
			end()
			if kind != none {
				in, h, from = kind, offset, at
			}
		}
		switch {
		case kind != none:
			h = (h ^ uint32(r)) * prime
			if r >= 0x2E80 && unicode.Is(unicode.Han, r) { // written without spaces
				at++
				end()
				continue
			}
		case r == '\n' || r == '.' && !digitAt(s, i+1) || r == '!' || r == '?' || r == ';' || r == '|' || r == '•' || r == '·':
			stop = true
		}
		at++
	}
	end()
	return out
}

func digitAt(s string, i int) bool { return i < len(s) && '0' <= s[i] && s[i] <= '9' }

// Of a slot, which is what varies within the site's words: a number, or a few words
// between two marked stretches. What labels it is read with it: "Age: 17".
const (
	labelBefore = 4
	labelAfter  = 2
)

// marked says which tokens are the site's words.
func (s Words) marked(ts []token) []bool {
	if len(s) == 0 || len(ts) < gramWords {
		return nil
	}
	var in, slot []bool
	var ws, ns [gramWords]uint32
	for i := 0; i+gramWords <= len(ts); i++ {
		numbers := false
		for k, t := range ts[i : i+gramWords] {
			ws[k], ns[k] = t.word, t.number
			numbers = numbers || t.number != 0
		}
		if _, ok := s[gram(ws[:])]; !ok {
			continue
		}
		if in == nil {
			in, slot = make([]bool, len(ts)), make([]bool, len(ts))
		}
		same := true
		if numbers {
			g, _ := exact(ws[:], ns[:])
			_, same = s[g]
		}
		for k := i; k < i+gramWords; k++ {
			if ts[k].number == 0 || same {
				in[k] = true
			} else {
				slot[k] = true
			}
		}
	}
	if in == nil {
		return nil
	}
	for i := 0; i < len(ts); i++ { // a few words between two stretches
		if in[i] {
			continue
		}
		j := i
		for j < len(ts) && !in[j] {
			j++
		}
		if i > 0 && j < len(ts) && j-i <= gap {
			for k := i; k < j; k++ {
				slot[k] = true
			}
		}
		i = j
	}
	for i := range ts {
		if !slot[i] || in[i] {
			continue
		}
		for k := i - 1; k >= max(0, i-labelBefore) && !ts[k+1].stop; k-- {
			in[k] = false
		}
		for k := i + 1; k < min(len(ts), i+1+labelAfter) && !ts[k].stop; k++ {
			in[k] = false
		}
	}
	return in
}

// Mark finds the site's words in a field of an ad. Numbers that differ from page to
// page are not the site's, nor is the label before them.
func (s Words) Mark(field, text string) []ad.Span {
	if len(s) == 0 {
		return nil
	}
	var buf [512]token
	ts := tokens(buf[:0], text)
	in := s.marked(ts)
	var out []ad.Span
	for i := 0; i < len(in); i++ {
		if !in[i] {
			continue
		}
		j := i
		for j+1 < len(in) && in[j+1] {
			j++
		}
		out = append(out, ad.Span{Field: field, Start: int(ts[i].from), End: int(ts[j].to)})
		i = j
	}
	return widened(out, text)
}

// widened lets spans end behind the signs that stand at their words.
func widened(spans []ad.Span, text string) []ad.Span {
	if len(spans) == 0 {
		return nil
	}
	k, at := 0, 0
	end := -1 // of the span that signs follow
	for _, r := range text {
		if end >= 0 {
			switch {
			case unicode.IsSpace(r):
				spans[k].End = at
				end, k = -1, k+1
			case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r):
				end, k = -1, k+1
			}
		}
		if k == len(spans) {
			return spans
		}
		if at++; at == spans[k].End && end < 0 {
			end = at
		}
	}
	if end >= 0 {
		spans[k].End = at
	}
	return spans
}
