package contact

import (
	"html"
	"unicode"

	"vigil.example/internal/text"
)

// A glyph is a character as a reader takes it, and the code points [from, to) of
// the original that it was made of.
type glyph struct {
	c        rune
	from, to int
}

// ghost is the sign of Snapchat; elsewhere it means nothing.
const ghost = '👻'

// atSign stands for signs that are drawn like an @ or put in its place.
const atSign = '\uE040'

// A token is a run of letters and digits of ASCII, or one other glyph.
type token struct {
	lo, hi int
	word   bool
	space  bool // stands before it
	line   bool // a line break stands before it
}

func newReader(s string) *reader {
	f := text.Fold(s)
	r := &reader{orig: []rune(s), seen: make([]glyph, 0, len(f.Runes))}
	for i := 0; i < len(f.Runes); i++ {
		c, n := decode(f.Runes[i:])
		g := glyph{c, f.From[i], f.To[i+n-1]}
		switch at := r.orig[g.from]; {
		case n > 1:
		case g.c >= 0x80:
			if t := twin(g.c); t != 0 {
				g.c = t
			}
		case at >= 0x80 && g.c == 'a' && (at == 'ⓐ' || at == 'Ⓐ') && r.plain(g.from-1) && r.plain(g.to):
			g.c = atSign
		}
		r.seen = append(r.seen, g)
		i += n - 1
	}
	r.used = make([]bool, len(r.seen))
	flat := make([]byte, len(r.seen))
	for i, g := range r.seen {
		if flat[i] = 0x01; g.c < 0x80 {
			flat[i] = byte(g.c)
		}
	}
	r.flat = string(flat)
	r.cut()
	return r
}

// plain reports whether a code point of the original is a letter of ASCII.
func (r *reader) plain(at int) bool {
	return at >= 0 && at < len(r.orig) && r.orig[at]|0x20 >= 'a' && r.orig[at]|0x20 <= 'z'
}

// decode reads one character, which may be written as an entity or an escape, and
// says how many runes it takes.
func decode(rs []rune) (c rune, n int) {
	switch {
	case rs[0] == '&':
		const longest = 10
		for i := 2; i < len(rs) && i < longest; i++ {
			if rs[i] != ';' {
				continue
			}
			if d := []rune(html.UnescapeString(string(rs[:i+1]))); len(d) == 1 {
				return unicode.ToLower(d[0]), i + 1
			}
			break
		}
	case rs[0] == '%' && len(rs) > 2 && rs[1] == '4' && rs[2] == '0':
		return '@', 3
	}
	return rs[0], 1
}

// alike lists characters that look like small letters, beyond what folding takes
// for the same letter, each before the letter: Cyrillic, Greek, small capitals and
// others (Unicode Technical Standard 39).
const alike = "аaеeоoсcрpуyхxіiјjѕsһhԁdԛqԝwкkмmтtнhвbгrαaοoρpνvιiκkτtυuχxεeγyıiłløoɑaɡgɩiʀrᴀaʙbᴄcᴅdᴇeꜰfɢgʜhɪiᴊjᴋkʟlᴍmɴnᴏoᴘpꜱsᴛtᴜuᴠvᴡwʏyᴢz"

// twin returns what a character beyond ASCII looks like, 0 when it is none.
func twin(c rune) rune {
	switch c {
	case '📧', '🌀', '✉', '🅐', '🅰':
		return atSign
	case '“', '”', '„', '«', '‘', '’', '»':
		return '"'
	case '→', '➡', '➜', '➔', '⇒', '►', '▶', '👉':
		return ':'
	case '–', '—', '−', '‐', '‑':
		return '-'
	case ghost:
		return ghost
	}
	return twins[c]
}

var twins = func() map[rune]rune {
	m := map[rune]rune{}
	pairs := []rune(alike)
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	for i := range rune(26) { // white on black, in a circle and in a box
		m[0x1F150+i], m[0x1F170+i] = 'a'+i, 'a'+i
	}
	return m
}()

func wordly(c rune) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' }

// named reports whether c may stand in a name.
func named(c rune) bool { return wordly(c) || c == '_' || c == '.' || c == '-' }

// cut makes the tokens.
func (r *reader) cut() {
	r.toks = make([]token, 0, len(r.seen)/3+1)
	var t token
	for i := 0; i < len(r.seen); {
		c := r.seen[i].c
		if c == '\n' || c == '\r' {
			t.line, t.space = true, true
		}
		if unicode.IsSpace(c) || c == '\u2800' {
			t.space = true
			i++
			continue
		}
		t.lo, t.word = i, wordly(c)
		for i++; t.word && i < len(r.seen) && wordly(r.seen[i].c); i++ {
			continue
		}
		t.hi = i
		r.toks = append(r.toks, t)
		t = token{}
	}
}

// tok returns token k, or one that is nothing and far away.
func (r *reader) tok(k int) token {
	if k < 0 || k >= len(r.toks) {
		return token{lo: len(r.seen), hi: len(r.seen), space: true, line: true}
	}
	return r.toks[k]
}

// word returns the word that token k is, else "".
func (r *reader) word(k int) string {
	const longest = 70 // longer is no word that anything asks for
	if t := r.tok(k); t.word && t.hi-t.lo <= longest {
		return r.flat[t.lo:t.hi]
	}
	return ""
}

// sign returns the one glyph that token k is, else 0.
func (r *reader) sign(k int) rune {
	if t := r.tok(k); !t.word && t.hi > t.lo {
		return r.seen[t.lo].c
	}
	return 0
}

// glued reports whether nothing stands between token k and the one before.
func (r *reader) glued(k int) bool { return k > 0 && k < len(r.toks) && !r.toks[k].space }
