package indicator

import (
	"slices"
	"unicode"
	"unicode/utf8"

	"vigil.example/internal/text"
)

// folded is the folded text of a reader: rune i stands for code points
// [marks[i].from, marks[i].to) of the original and bytes [marks[i].at,
// marks[i+1].at) of buf.
type folded struct {
	runes []rune
	marks []mark // and one for the end
	buf   []byte
}

type mark struct {
	from, to, at int32
	upper, odd   bool
}

func (f *folded) reset() { f.runes, f.marks, f.buf = f.runes[:0], f.marks[:0], f.buf[:0] }

func (f *folded) add(r rune, from, to int32, upper, odd bool) {
	f.runes = append(f.runes, r)
	f.marks = append(f.marks, mark{from, to, int32(len(f.buf)), upper, odd})
	f.buf = utf8.AppendRune(f.buf, r)
}

func (f *folded) end() { f.marks = append(f.marks, mark{at: int32(len(f.buf))}) }

// text is the folded text of runes [i, j).
func (f *folded) text(i, j int) []byte { return f.buf[f.marks[i].at:f.marks[j].at] }

// fold reads s the short way, for the letters, signs and pictures that ads are
// made of, and leaves what is rarer to package text.
func (f *folded) fold(s string) {
	f.reset()
	f.runes, f.marks, f.buf = slices.Grow(f.runes, len(s)), slices.Grow(f.marks, len(s)+1), slices.Grow(f.buf, len(s))
	at := int32(0)
	for _, r := range s {
		if r < utf8.RuneSelf {
			upper := 'A' <= r && r <= 'Z'
			if upper {
				r += 'a' - 'A'
			}
			f.runes = append(f.runes, r)
			f.marks = append(f.marks, mark{at, at + 1, int32(len(f.buf)), upper, false})
			f.buf = append(f.buf, byte(r))
			at++
			continue
		}
		k, ok := quick(r)
		if !ok {
			f.slow(s)
			return
		}
		if k != 0 {
			f.add(k, at, at+1, unicode.IsUpper(r), false)
		} else if n := len(f.marks); n > 0 && r == 0xFE0F {
			f.marks[n-1].to = at + 1
		}
		at++
	}
	f.end()
}

func (f *folded) slow(s string) {
	f.reset()
	t := text.Fold(s)
	orig := []rune(s)
	for i, r := range t.Runes {
		from, to := t.From[i], t.To[i]
		first := orig[from]
		odd := first != r && first != r-'a'+'A' && (first > 0xFF || first < utf8.RuneSelf) || to-from > 1
		if k := lookalike(r); k != 0 {
			r, odd = k, true
		}
		if k, ok := quick(r); ok && k != 0 && r >= utf8.RuneSelf {
			r = k
		}
		f.add(r, int32(from), int32(to), unicode.IsUpper(first), odd)
	}
	f.end()
}

// quick folds runes that need no table: letters of Western Europe, quotation
// marks and dashes, and pictures. 0 drops the rune.
func quick(r rune) (rune, bool) {
	switch {
	case 0xE0 <= r && r <= 0xFF:
		return rune("aaaaaa\x00ceeeeiiii\x00nooooo\x00ouuuuy\x00y"[r-0xE0]), r != 0xE6 && r != 0xF0 && r != 0xF7 && r != 0xFE
	case 0xC0 <= r && r <= 0xDD:
		return rune("aaaaaa\x00ceeeeiiii\x00nooooo\x00ouuuuy"[r-0xC0]), r != 0xC6 && r != 0xD0 && r != 0xD7
	case r == '’' || r == '‘' || r == '´' || r == 'ʼ':
		return '\'', true
	case r == '“' || r == '”' || r == '«' || r == '»' || r == '„':
		return '"', true
	case r == '–' || r == '—' || r == '−' || r == '‑':
		return '-', true
	case r == '…':
		return ',', true
	case r == '¿' || r == '¡':
		return r, true
	case r == '•' || r == '·':
		return '|', true
	case r == '€' || r == '£':
		return '$', true
	case r == 0xA0:
		return ' ', true
	case r == 0x200B || r == 0x200C || r == 0x200D || r == 0xFE0F || r == 0x2060 || r == 0xAD:
		return 0, true
	case r == '→' || r == '➡' || r == '➔' || r == '➜' || r == '⇒':
		return '>', true
	case 0x2600 <= r && r <= 0x275F || 0x1F300 <= r && r <= 0x1F64F || 0x1F680 <= r && r <= 0x1F6FF || 0x1F900 <= r && r <= 0x1FAFF:
		return r, true
	}
	return 0, false
}

// lookalike is the Latin letter that a Cyrillic, Greek or small-capital letter
// looks like, 0 for none.
func lookalike(r rune) rune {
	if r < 0x131 {
		return 0
	}
	const looks = "аaеeоoрpсcуyхxіiјjѕsкkмmтtвbнhԁdԛqԝwɡgαaοoιiνvρpτtυuκkεeηnχxγyωwıiʀrᴀaʙbᴄcᴅdᴇeꜰfɢgʜhɪiᴊjᴋkʟlᴍmɴnᴏoᴘpꜱsᴛtᴜuᴠvᴡwʏyᴢzłløođd"
	odd := false
	var last rune
	for _, k := range looks {
		if odd && last == r {
			return k
		}
		last, odd = k, !odd
	}
	return 0
}

func letter(r rune) bool {
	return 'a' <= r && r <= 'z' || r >= utf8.RuneSelf && unicode.IsLetter(r)
}

func digit(r rune) bool { return '0' <= r && r <= '9' }

// leet is the letter that a digit or sign stands for inside a word.
func leet(r rune) byte {
	switch r {
	case '0':
		return 'o'
	case '1', '!', '|':
		return 'i'
	case '3':
		return 'e'
	case '4', '@':
		return 'a'
	case '5', '$':
		return 's'
	case '7', '+':
		return 't'
	case '8':
		return 'b'
	case '9', '6':
		return 'g'
	case '2':
		return 'z'
	}
	return 0
}
