// Package words cuts text into words for the enrichers that read many short
// texts: folded as package text folds, look-alike letters and digits inside words
// undone, with the way back to the code points of the original. Strings come in;
// one reused buffer of words goes out. It gives no meaning to any of them.
package words

import (
	"unicode"
	"unicode/utf8"

	"vigil.example/internal/text"
)

// A Gap is what stands before a word, the strongest sign of it.
type Gap uint8

// The gaps, weakest first.
const (
	Space Gap = iota // nothing, space, or an apostrophe
	Join             // a hyphen, slash or other sign that joins
	Comma            // a comma, colon, bracket or dash: a clause may end
	Stop             // a sentence, a line or the field begins
)

// Flags of a word.
const (
	Capital = 1 << iota // begins with a capital letter
	Upper               // two letters or more, capitals only
	Digits              // digits only
	Odd                 // read by undoing digits or foreign letters inside it
	Slash               // a slash stands before it
	Money               // a currency sign stands before it
	Ask                 // a question mark ends its sentence part
	Paren               // an opening bracket stands before it
)

// A Word is one word of a Text.
type Word struct {
	B, E     int32 // its bytes in Text.Buf
	From, To int32 // code points of the original
	Gap      Gap
	Flags    uint8
}

// A Text is words that were read. Buf holds the folded words with one space
// between them, so that words i to j are Buf[Words[i].B:Words[j].E]. Reading again
// reuses its memory.
type Text struct {
	Buf   []byte
	Words []Word
	Shout bool // most letters are capitals, so that capitals say nothing

	letters, capitals int
	foreign           bool // the word under way holds letters of another script
}

// Between is words i to j, both included, as one string of bytes.
func (t *Text) Between(i, j int) []byte { return t.Buf[t.Words[i].B:t.Words[j].E] }

// At is word i.
func (t *Text) At(i int) []byte { return t.Buf[t.Words[i].B:t.Words[i].E] }

// maxRead bounds how much of a text is read: what stands behind is an archive,
// not an ad.
const maxRead = 64 << 10

// Read replaces the words of t by those of s.
func (t *Text) Read(s string) {
	t.Buf, t.Words, t.letters, t.capitals = t.Buf[:0], t.Words[:0], 0, 0
	if len(s) > maxRead {
		n := maxRead
		for !utf8.RuneStart(s[n]) {
			n--
		}
		s = s[:n]
	}
	c := cutter{Text: t, gap: Stop, from: -1}
	at := int32(0)
	for i, r := range s {
		if r < utf8.RuneSelf {
			c.ascii(byte(r), at)
		} else if k, ok := quick(r); ok {
			if k != 0 {
				c.rune(k, at, at+1, unicode.IsUpper(r))
			}
		} else {
			c.slow(s[i:], at)
			break
		}
		at++
	}
	c.end(at)
	t.Shout = t.letters >= 12 && 10*t.capitals > 7*t.letters
}

// quick folds runes beyond ASCII that need no table; 0 drops the rune.
func quick(r rune) (rune, bool) {
	switch {
	case 0xC0 <= r && r <= 0xFF:
		const fold = "aaaaaa\x00ceeeeiiii\x00nooooo\x00ouuuuy\x00\x00"
		k := rune(fold[(r-0xC0)%32])
		return k, k != 0
	case r == '’' || r == '‘' || r == '´':
		return '\'', true
	case r == '–' || r == '—':
		return ',', true
	case r == '…' || r == '•' || r == '·' || r == '|':
		return ',', true
	case r == '“' || r == '”' || r == '«' || r == '»':
		return '"', true
	case r == '¿' || r == '¡':
		return ',', true
	case r == '€' || r == '£':
		return '$', true
	case r == 0xA0:
		return ' ', true
	case r == 0x200B || r == 0x200C || r == 0x200D || r == 0x2060 || r == 0xFE0F || r == 0xAD:
		return 0, true
	case 0x2600 <= r && r <= 0x27BF || 0x1F300 <= r && r <= 0x1FAFF:
		return ',', true
	}
	return 0, false
}

// A cutter is a Text under way.
type cutter struct {
	*Text
	gap      Gap
	pending  uint8 // flags of the next word
	from     int32 // first code point of the word under way, -1 for none
	b        int32
	flags    uint8
	capitals int32
	letters  int32
	digits   int32
}

func (c *cutter) ascii(r byte, at int32) {
	switch {
	case 'a' <= r && r <= 'z':
		c.letter(r, at, false)
	case 'A' <= r && r <= 'Z':
		c.letter(r|0x20, at, true)
	case '0' <= r && r <= '9':
		c.open(at, false)
		c.digits++
		c.Buf = append(c.Buf, r)
	default:
		c.sign(rune(r), at)
	}
}

func (c *cutter) open(at int32, upper bool) {
	if c.from >= 0 {
		return
	}
	if len(c.Words) > 0 {
		c.Buf = append(c.Buf, ' ')
	}
	c.from, c.b, c.letters, c.digits, c.capitals, c.foreign = at, int32(len(c.Buf)), 0, 0, 0, false
	c.flags, c.pending = c.pending, 0
	if upper {
		c.flags |= Capital
	}
}

func (c *cutter) letter(r byte, at int32, upper bool) {
	c.open(at, upper)
	c.Text.letters++
	c.letters++
	if upper {
		c.Text.capitals++
		c.capitals++
	}
	c.Buf = append(c.Buf, r)
}

// rune adds one folded rune.
func (c *cutter) rune(r rune, from, to int32, upper bool) {
	switch {
	case r < utf8.RuneSelf && 'A' <= r && r <= 'Z', r < utf8.RuneSelf && 'a' <= r && r <= 'z':
		c.letter(byte(r)|0x20, from, upper)
	case r < utf8.RuneSelf:
		c.ascii(byte(r), from)
	case unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsNumber(r):
		c.open(from, upper)
		c.letters++
		if k := lookalike(r); k != 0 {
			c.foreign = true
			c.Buf = append(c.Buf, k)
		} else {
			c.Buf = utf8.AppendRune(c.Buf, r)
		}
	default:
		c.sign(r, from)
	}
}

// sign ends a word at most signs.
func (c *cutter) sign(r rune, at int32) {
	if r == '\'' && c.from >= 0 { // don't, O'Fallon: one word
		return
	}
	c.end(at)
	g := Comma
	switch r {
	case ' ', '\t', '\'':
		g = Space
	case '-', '_', '&', '+', '@', '#', '*', '~', '=', '%':
		g = Join
	case '/':
		g = Join
		c.pending |= Slash
	case '$':
		g = Space
		c.pending |= Money
	case '(', '[':
		c.pending |= Paren
	case '?':
		g = Stop
		c.ask()
	case '!', ';', '\n', '\r':
		g = Stop
	case '.':
		if n := len(c.Words); n > 0 && c.Words[n-1].E-c.Words[n-1].B <= 2 && c.gap < Comma { // St. Louis, D.C.
			g = Join
		} else {
			g = Stop
		}
	}
	c.gap = max(c.gap, g)
}

// ask marks the words of the sentence that a question mark ends.
func (c *cutter) ask() {
	for i := len(c.Words) - 1; i >= 0; i-- {
		if c.Words[i].Flags&Ask != 0 {
			return
		}
		c.Words[i].Flags |= Ask
		if c.Words[i].Gap == Stop {
			return
		}
	}
}

// end closes the word under way.
func (c *cutter) end(at int32) {
	if c.from < 0 {
		return
	}
	w := c.Buf[c.b:]
	switch {
	case c.letters == 0:
		c.flags |= Digits
	case c.digits > 0 && c.letters >= 2 && len(w) >= 4 && w[0] > '9' && 2*c.digits <= c.letters+2:
		if c.unleet(w) {
			c.flags |= Odd
		}
	}
	if c.foreign {
		c.flags |= Odd
	}
	if c.capitals >= 2 && c.capitals == c.letters {
		c.flags |= Upper
	}
	c.Words = append(c.Words, Word{B: c.b, E: int32(len(c.Buf)), From: c.from, To: at, Gap: c.gap, Flags: c.flags})
	c.from, c.gap = -1, Space
}

// unleet reads digits inside a word as the letters they stand for, unless the word
// ends in two of them or more, as codes and years do.
func (c *cutter) unleet(w []byte) bool {
	n := len(w)
	if w[n-1] <= '9' && w[n-2] <= '9' {
		return false
	}
	for i, b := range w {
		if b <= '9' {
			w[i] = "oizeasgtbg"[b-'0']
		}
	}
	return true
}

// slow reads the rest of a text the way of package text.
func (c *cutter) slow(s string, at int32) {
	f := text.Fold(s)
	upper := make([]bool, 0, len(s))
	for _, r := range s {
		upper = append(upper, unicode.IsUpper(r))
	}
	for i, r := range f.Runes {
		up := f.From[i] < len(upper) && upper[f.From[i]]
		if k, ok := quick(r); ok && r >= utf8.RuneSelf {
			if k == 0 {
				continue
			}
			r = k
		}
		c.rune(r, at+int32(f.From[i]), at+int32(f.To[i]), up)
	}
	c.end(at + int32(utf8.RuneCountInString(s)))
}

// lookalike is the Latin letter that a Cyrillic or Greek letter looks like, 0 for
// none.
func lookalike(r rune) byte {
	if r < 0x3B1 || r > 0x51B {
		return 0
	}
	for i, k := range "аеорсухіјѕмтвнԁԛοανρτικηχ" { // two bytes each
		if k == r {
			return "aeopcyxijsmtbhdqoavptiknx"[i/2]
		}
	}
	return 0
}
