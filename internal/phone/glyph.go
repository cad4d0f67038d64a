package phone

import (
	"html"
	"strings"
	"unicode"
	"unicode/utf8"

	"vigil.example/internal/text"
)

// A glyph is one thing a reader sees: a code point, an entity or an escape, as
// the ASCII character it stands for.
type glyph struct {
	c    byte // digit, letter, space, newline or punctuation; emoji and other signs are 0x01; 0 is not seen
	more byte // second digit of ⑫ and the like, else 0
	odd  bool // a look-alike from elsewhere, not the character itself
	uni  bool // a digit beyond ASCII
	code bool // written as an entity or escape
	key  bool // the text says what it stands for
}

// sign stands for every visible character that is neither a digit, a letter,
// a space nor ASCII punctuation.
const sign = 0x01

// read returns what a code point beyond ASCII stands for.
func read(r rune) glyph {
	if r < 0x300 {
		switch {
		case r == 0xAD || r < 0xA0 && r != 0x85:
			return glyph{}
		case r == 0xA0 || r == 0x85:
			return glyph{c: ' '}
		case r == 0xD8 || r == 0xF8:
			return glyph{c: '0', odd: true}
		case r == 0xDF:
			return glyph{c: 'B', odd: true}
		case r == 0xA7:
			return glyph{c: 'S', odd: true}
		case r == 0xA3 || r == 0xA2 || r == 0xA5:
			return glyph{c: '$', odd: true}
		case r == 0xB7 || r == 0xBA || r == 0xAA || r == 0xB4 || r == 0xB0:
			return glyph{c: sign}
		}
		if r >= 0xC0 && r < 0x100 && r != 0xD7 && r != 0xF7 {
			return glyph{c: western[r-0xC0]}
		}
	}
	switch {
	case 0x2010 <= r && r <= 0x2015:
		return glyph{c: '-'}
	case 0x2016 <= r && r <= 0x2026, 0x1F300 <= r && r < 0x1F51F, 0x1F520 <= r && r < 0x1F700, 0x2600 <= r && r < 0x2680, 0x2690 <= r && r < 0x2776:
		return glyph{c: sign}
	case r == 0xFE0F || 0x200B <= r && r <= 0x200F:
		return glyph{}
	}
	if d, more, ok := digitOf(r); ok {
		return glyph{c: d, more: more, uni: true}
	}
	if t := twin(r); t != 0 {
		return glyph{c: t, odd: true}
	}
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) || r == 0x3164 || r == 0x115F || r == 0x1160:
		return glyph{}
	case unicode.IsSpace(r):
		if r == 0x2028 || r == 0x2029 {
			return glyph{c: '\n'}
		}
		return glyph{c: ' '}
	case r == 0x2212 || r == 0xFE63:
		return glyph{c: '-'}
	case r == 0x20AC:
		return glyph{c: '$', odd: true}
	case 0xFF01 <= r && r <= 0xFF5E:
		return glyph{c: byte(r - 0xFF01 + '!')}
	case unicode.IsLetter(r) || unicode.IsNumber(r) || 0x249C <= r && r <= 0x24E9 || 0x1F110 <= r && r <= 0x1F189: // circled letters
		return letterOf(r)
	}
	return glyph{c: sign}
}

// western holds the ASCII base of U+00C0 to U+00FF.
const western = "AAAAAAACEEEEIIIIDNOOOOO*OUUUUYPSaaaaaaaceeeeiiiidnooooo/ouuuuypy"

// letterOf folds a letter to its ASCII base, keeping capitals; a letter without
// one counts as '?' inside words.
func letterOf(r rune) glyph {
	f := text.Fold(string(r))
	if len(f.Runes) == 1 && f.Runes[0] < utf8.RuneSelf {
		c := byte(f.Runes[0])
		if unicode.IsUpper(r) && 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		return glyph{c: c}
	}
	if len(f.Runes) == 0 || !unicode.IsLetter(f.Runes[0]) {
		return glyph{c: sign}
	}
	return glyph{c: other}
}

// other stands for a letter that has no ASCII base.
const other = 0x02

// digitOf returns the digits a code point beyond ASCII stands for: every decimal
// digit of Unicode, and the circled, parenthesised, negative, raised, Roman,
// Suzhou and Han numbers up to twenty, counting rods and dice. more is the second digit of a number from ten.
func digitOf(r rune) (d, more byte, ok bool) {
	switch {
	case 0x2000 <= r && r < 0x2070, 0x1F110 <= r && r < 0x1FBF0 && r != 0x1F51F, 0xB9 < r && r < 0x660:
		return 0, 0, false // punctuation, emoji, letters of the West: the most frequent of all
	case 0xFF10 <= r && r <= 0xFF19:
		return byte(r-0xFF10) + '0', 0, true
	case 0x1D7CE <= r && r <= 0x1D7FF:
		return byte(r-0x1D7CE)%10 + '0', 0, true
	}
	for _, s := range numbered {
		if s.lo <= r && r <= s.hi {
			n := byte(r-s.lo) + s.first
			if n >= 10 {
				return '0' + n/10, '0' + n%10, true
			}
			return '0' + n, 0, true
		}
	}
	if 0x2801 <= r && r <= 0x281B {
		if i := strings.IndexRune(braille, r); i >= 0 {
			return '0' + byte(i/3), 0, true
		}
		return 0, 0, false
	}
	if i := strings.IndexRune(han, r); i >= 0 {
		return '0' + byte(utf8.RuneCountInString(han[:i]))%10, 0, true
	}
	if r == 0x1F51F {
		return '1', '0', true
	}
	if !unicode.Is(unicode.Nd, r) {
		return 0, 0, false
	}
	for _, s := range unicode.Nd.R16 {
		if rune(s.Lo) <= r && r <= rune(s.Hi) {
			return '0' + byte((r-rune(s.Lo))%10), 0, true
		}
	}
	for _, s := range unicode.Nd.R32 {
		if rune(s.Lo) <= r && r <= rune(s.Hi) {
			return '0' + byte((r-rune(s.Lo))%10), 0, true
		}
	}
	return 0, 0, false
}

// han holds the Han digits, plain and financial, from zero to nine twice.
const han = "零一二三四五六七八九〇壹贰叁肆伍陆柒捌玖"

// braille holds the cells of the digits, which are those of the letters j and a to
// i behind a number sign.
const braille = "⠚⠁⠃⠉⠙⠑⠋⠛⠓⠊"

// numbered lists runs of numbers that are not decimal digits, with the value of
// the first of each run.
var numbered = [...]struct {
	lo, hi rune
	first  byte
}{
	{0xB2, 0xB3, 2}, {0xB9, 0xB9, 1}, {0x2070, 0x2070, 0}, {0x2074, 0x2079, 4}, {0x2080, 0x2089, 0},
	{0x2160, 0x2168, 1}, {0x2170, 0x2178, 1}, {0x2460, 0x2473, 1}, {0x2474, 0x2487, 1}, {0x2488, 0x249B, 1},
	{0x24EA, 0x24EA, 0}, {0x24EB, 0x24F4, 11}, {0x24F5, 0x24FE, 1}, {0x24FF, 0x24FF, 0}, {0x2776, 0x277F, 1},
	{0x2780, 0x2789, 1}, {0x278A, 0x2793, 1}, {0x2680, 0x2685, 1}, {0x3021, 0x3029, 1}, {0x1D360, 0x1D368, 1},
	{0x3220, 0x3228, 1}, {0x3280, 0x3288, 1}, {0x1369, 0x1371, 1},
	{0x1F100, 0x1F100, 0}, {0x1F101, 0x1F10A, 0}, {0x1F10B, 0x1F10B, 0}, {0x1F10C, 0x1F10C, 0}, {0xA728, 0xA728, 7},
	{0x1F007, 0x1F00F, 1}, {0x1F010, 0x1F018, 1}, {0x1F019, 0x1F021, 1}, // tiles
	{0x1F0A1, 0x1F0A9, 1}, {0x1F0B1, 0x1F0B9, 1}, {0x1F0C1, 0x1F0C9, 1}, {0x1F0D1, 0x1F0D9, 1}, // cards
}

// maxEntity bounds the length of an entity; longer ones are text.
const maxEntity = 12

// numeric reads what follows the & of an entity with a decimal number.
func numeric(s string) (glyph, int) {
	v, at := rune(0), 1
	for at < len(s) && at < 8 && digit(s[at]) {
		v, at = v*10+rune(s[at]-'0'), at+1
	}
	if at == 1 || at == len(s) || s[at] != ';' || v < ' ' || v >= utf8.RuneSelf {
		return glyph{}, 0
	}
	return glyph{c: byte(v), code: true}, at + 1
}

// entity reads an HTML entity at the start of s and returns its size in bytes,
// 0 when there is none.
func entity(s string) (glyph, int) {
	if strings.HasPrefix(s, "&amp;#") { // escaped twice
		if g, n := numeric(s[5:]); n > 0 {
			return g, n + 5
		}
	}
	end := strings.IndexByte(s[:min(len(s), maxEntity)], ';')
	if end < 0 {
		if len(s) < 4 || s[1] != '#' { // numeric entities work without the semicolon
			return glyph{}, 0
		}
		end = 2
		if s[2] == 'x' || s[2] == 'X' {
			end = 3
		}
		for end < len(s) && end < 7 && hex(s[end]) >= 0 && (s[2]|0x20 == 'x' || hex(s[end]) < 10) {
			end++
		}
		end--
	}
	if end < 3 {
		return glyph{}, 0
	}
	e := s[:end+1]
	u := html.UnescapeString(e)
	r, size := utf8.DecodeRuneInString(u)
	if u == e || size != len(u) {
		return glyph{}, 0
	}
	g := glyph{c: byte(r)}
	if r >= utf8.RuneSelf {
		g = read(r)
	}
	g.code = true
	return g, len(e)
}

// escape reads a percent escape of an ASCII character at the start of s.
func escape(s string) (glyph, int) {
	if len(s) < 3 || hex(s[1]) < 0 || hex(s[2]) < 0 {
		return glyph{}, 0
	}
	c := byte(hex(s[1])<<4 | hex(s[2]))
	switch {
	case c >= utf8.RuneSelf || c < ' ':
		return glyph{}, 0
	case c == ' ':
		c = '-' // a space inside a link does not end it
	}
	return glyph{c: c, code: true}, 3
}

func hex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}
