package weigh

import "encoding/binary"

// A lexicon numbers words as they come, so that texts can be kept in half the room:
// frequent words come early, and early ones take a byte or two.
type lexicon struct {
	at    map[uint32]int32
	words []uint32 // never changed, only more
}

// A coded text is the words of a text by their numbers in a lexicon. It is good for as
// long as the lexicon, and for what the lexicon was when it was made.
type coded string

// How numbers are written: the first byte says how many follow. Words beyond the last
// number stand as they are, so that no flood of new words makes a lexicon large.
const (
	codes1    = 0x80
	codes2    = codes1 + (codes3From-0x80)<<8
	codesMost = 1 << 20 // words of a lexicon

	codes3From = 0xe0
	codeWord   = 0xff // a word that has no number
)

// code makes a text of words; scratch is for the work.
func (x *lexicon) code(ws []uint32, scratch []byte) (coded, []byte) {
	b := scratch[:0]
	for _, w := range ws {
		n, ok := x.at[w]
		if !ok && len(x.words) < codesMost {
			if x.at == nil {
				x.at = map[uint32]int32{}
			}
			n, ok = int32(len(x.words)), true
			x.at[w] = n
			x.words = append(x.words, w)
		}
		switch {
		case !ok:
			b = binary.LittleEndian.AppendUint32(append(b, codeWord), w)
		case n < codes1:
			b = append(b, byte(n))
		case n < codes2:
			n -= codes1
			b = append(b, byte(0x80+n>>8), byte(n))
		default:
			n -= codes2
			b = append(b, byte(codes3From+n>>16), byte(n>>8), byte(n))
		}
	}
	return coded(b), b
}

// next reads the first word of a text, of so many bytes. The text is not empty.
func (x *lexicon) next(t coded) (word uint32, bytes int) {
	switch b := t[0]; {
	case b < 0x80:
		return x.words[b], 1
	case b < codes3From:
		return x.words[int(b-0x80)<<8+int(t[1])+codes1], 2
	case b < codeWord:
		return x.words[int(b-codes3From)<<16+int(t[1])<<8+int(t[2])+codes2], 3
	}
	return uint32(t[1]) | uint32(t[2])<<8 | uint32(t[3])<<16 | uint32(t[4])<<24, 5
}

// read appends the words of a text.
func (x *lexicon) read(out []uint32, t coded) []uint32 {
	for len(t) > 0 {
		w, n := x.next(t)
		out, t = append(out, w), t[n:]
	}
	return out
}

// words is how many words a text has.
func (t coded) words() (n int) {
	for i := 0; i < len(t); n++ {
		switch b := t[i]; {
		case b < 0x80:
			i++
		case b < codes3From:
			i += 2
		case b < codeWord:
			i += 3
		default:
			i += 5
		}
	}
	return n
}

// left is what is left of a text when only these of its words stay, in their order.
func (x *lexicon) left(t coded, ws []uint32, scratch []byte) (coded, []byte) {
	b := scratch[:0]
	for len(t) > 0 && len(ws) > 0 {
		w, n := x.next(t)
		if w == ws[0] {
			b, ws = append(b, t[:n]...), ws[1:]
		}
		t = t[n:]
	}
	return coded(b), b
}
