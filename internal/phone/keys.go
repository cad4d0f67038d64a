package phone

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A key is a sign or letter that the text says stands for a digit: "? is 5", "put
// four wherever you see ♥", "(x=0, y=1)".
type key struct {
	sign     rune
	digit    byte
	from, to int32 // bytes of where the text says so
}

// maxKeys bounds how many keys are kept, and maxLooks how often a text is looked
// through for the sign of one.
const (
	maxKeys  = 10
	maxLooks = 40
)

// A token is a word or sign of a text that is searched for keys.
type token struct {
	from, to int
	sign     rune // what may stand for a digit, else 0
	digit    int8 // -1 when the token is none
	link     tie
	heads    bool // begins what tells of a sign and then of its digit
}

// A tie is what a word between a sign and a digit does to them.
type tie uint8

const (
	loose tie = iota // ends the search
	joins            // may stand between
	binds            // says that one stands for the other
)

// span is how many tokens may lie between a sign and its digit.
const span = 7

// signed is a quick look for a sign or letter beside a digit, with two separators
// between at most, that may stand for one: without, a text has no keys.
func signed(s string) bool {
	for i := 0; i < len(s); i++ {
		if !digit(s[i]) {
			continue
		}
		for _, by := range [...]int{-1, 1} {
			at := i + by
			for at >= 0 && at < len(s) && (at-i)*by <= 3 && separates(s[at]) {
				at += by
			}
			if at < 0 || at >= len(s) {
				continue
			}
			switch c := s[at]; {
			case letter(c):
				end := at
				for end >= 0 && end < len(s) && letter(s[end]) {
					end += by
				}
				if n := (end - at) * by; at == i+by || n < 3 || n < 5 && s[at] == s[at+by] {
					return true
				}
			case c >= utf8.RuneSelf || signs[c]:
				return true
			}
		}
	}
	return false
}

// separates reports whether c may stand between a sign and the digit beside it.
func separates(c byte) bool {
	return c == '-' || c == '.' || c == ' ' || c == ')' || c == '(' || c == '/'
}

// signs marks what stands for a digit, of ASCII, where a text says so.
var signs = [256]bool{'?': true, '*': true, '#': true, '_': true, '@': true, '~': true, '^': true, '%': true, '+': true, '$': true, '|': true}

// findKeys looks for what the text says stands for a digit. What it says again is
// ignored.
func findKeys(s string) []key {
	var keys []key
	var last [span + 2]token
	n, looked := 0, 0
	for at := 0; at < len(s) && len(keys) < maxKeys; {
		t, ok := nextToken(s, at)
		if !ok {
			break
		}
		at = t.to
		last[n%len(last)] = t
		n++
		bound, waiting := false, key{}
		for back := 1; back <= span+1 && back < n; back++ {
			o := last[(n-1-back)%len(last)]
			if waiting.sign != 0 && o.heads { // "where you see A put a 5"
				waiting.from = int32(o.from)
				if !keyOf(keys, waiting.sign) {
					keys = append(keys, waiting)
				}
				break
			}
			sign, digit := o.sign, t.digit
			if sign == 0 || digit < 0 {
				sign, digit = t.sign, o.digit
			}
			if sign != 0 && digit >= 0 && bound && looked < maxLooks {
				looked++
				if k := (key{sign, byte('0' + digit), int32(o.from), int32(t.to)}); hidden(s, k) && !keyOf(keys, sign) {
					keys = append(keys, k)
				}
				break
			}
			if o.sign != 0 && t.digit >= 0 && !bound && waiting.sign == 0 && looked < maxLooks && (o.link != joins || o.sign < 'a') {
				looked++
				if k := (key{o.sign, byte('0' + t.digit), int32(o.from), int32(t.to)}); hidden(s, k) {
					waiting = k
					continue
				}
			}
			if o.link == loose {
				break
			}
			bound = bound || o.link == binds
		}
	}
	return keys
}

func keyOf(keys []key, sign rune) bool {
	for _, k := range keys {
		if k.sign == sign {
			return true
		}
	}
	return false
}

// nextToken returns the word or sign at or behind a byte.
func nextToken(s string, at int) (token, bool) {
	for at < len(s) {
		c := s[at]
		switch {
		case c == ' ' || c == '\t':
			at++
			continue
		case alnum(c):
			end := at
			for end < len(s) && (alnum(s[end]) || s[end] == '\'') {
				end++
			}
			return wordToken(s, at, end), true
		}
		r, size := utf8.DecodeRuneInString(s[at:])
		if r == 0xFE0F || r == 0x200D {
			at += size
			continue
		}
		t := token{from: at, to: at + size, digit: -1}
		switch {
		case r == '=' || r == 0x2192 || r == 0x21D2 || r == 0x279C || r == 0x2794:
			t.link = binds
		case r == ':' || r == '(' || r == '"' || r == '\'' || r == '>' || r == '-' || r == ')' || r == 0x201C || r == 0x201D || r == 0xAB || r == 0xBB:
			t.link = joins
		case r < utf8.RuneSelf:
			if signs[byte(r)] {
				t.sign = r
			}
		case r == utf8.RuneError: // no sign that anyone sees
		case !unicode.IsLetter(r):
			t.sign = r
			if d := read(r); d.uni && digit(d.c) {
				t.sign, t.digit = 0, int8(d.c-'0')
			}
		case r >= 0xC0 && r < 0x250: // a letter of a word
			end := at
			for end < len(s) && (alnum(s[end]) || s[end] >= utf8.RuneSelf) {
				end++
			}
			t.to = end
		}
		return t, true
	}
	return token{}, false
}

func wordToken(s string, from, to int) token {
	t := token{from: from, to: to, digit: -1}
	for end := to; end < len(s) && (alnum(s[end]) || s[end] >= utf8.RuneSelf && isLetterAt(s, end)); {
		_, size := utf8.DecodeRuneInString(s[end:])
		end += size
		t.to = end
	}
	w := s[from:t.to]
	if len(w) == 1 && digit(w[0]) {
		t.digit = int8(w[0] - '0')
		return t
	}
	if l := lookUp(w); l.sort() == wordUnit || l.sort() == wordPlural {
		t.digit = int8(l.value())
		return t
	}
	if len(w) == 2 && digit(w[0]) && w[1] == 's' {
		t.digit = int8(w[0] - '0')
		return t
	}
	low := lower(w)
	switch low {
	case "star", "stars", "asterisk", "asterisks", "asterisco", "asteriscos", "estrella", "estrellas", "estrellitas":
		t.sign = '*'
	case "hash", "hashes", "hashtags", "pound", "pounds", "gatos", "almohadillas":
		t.sign = '#'
	case "underscore", "underscores", "blanks":
		t.sign = '_'
	case "dollars", "dollar":
		t.sign = '$'
	case "equis":
		t.sign = 'x'
	case "heart", "hearts", "corazon", "corazones", "corazoncitos":
		if t.sign = 0x2665; !strings.ContainsRune(s, t.sign) {
			t.sign = 0x2764
		}
	}
	if t.sign != 0 {
		return t
	}
	same := letter(w[0])
	for i := range len(w) {
		same = same && w[i] == w[0]
	}
	if same && len(w) <= 4 {
		t.sign = rune(w[0])
	}
	switch low {
	case "where", "wherever", "whenever", "donde", "every", "each", "cada", "all", "change", "swap", "replace", "turn", "cambia", "cambie", "reemplaza", "sustituye",
		"convierte":
		t.heads = true
	}
	switch low {
	case "is", "es", "are", "son", "means", "mean", "significa", "significan", "for", "with", "por", "con", "donde", "where", "wherever",
		"whenever", "instead", "place", "lugar", "vez", "vale", "valen", "equals", "represents", "representa", "as", "into", "stands":
		t.link = binds
	case "a", "an", "un", "una", "the", "el", "la", "los", "las", "lo", "number", "numero", "digit", "digito", "always", "siempre", "to",
		"every", "each", "all", "any", "cada", "todos", "todas", "you", "see", "veas", "vea", "vean", "ves", "hay", "there", "of", "de", "del", "in", "en",
		"it", "its", "como", "stand", "aparezca", "find", "que", "que'", "real", "just", "put", "pon", "ponga", "pone", "use", "usa", "read", "lee",
		"write", "escribe", "below", "above", "here", "abajo", "arriba", "aqui", "sign", "symbol", "signo", "simbolo", "letter", "letra", "actual", "actually", "really":
		t.link = joins
	}
	return t
}

func isLetterAt(s string, i int) bool {
	r, _ := utf8.DecodeRuneInString(s[i:])
	return unicode.IsLetter(r)
}

// lower folds a short word of ASCII letters; any other is left as it is.
func lower(w string) string {
	if len(w) > maxWord {
		return w
	}
	b := make([]byte, len(w))
	for i := range len(w) {
		b[i] = w[i]
		if letter(b[i]) {
			b[i] |= 0x20
		}
	}
	return string(b)
}

// maxHidden is how far digits may be from a sign that stands among them.
const maxHidden = 24

// hidden reports whether the text has the sign of a key among digits, elsewhere
// than where it says what it stands for.
func hidden(s string, k key) bool {
	for i, r := range s {
		if r == k.sign && (i < int(k.from) || i >= int(k.to)) && amongDigits(s, i, utf8.RuneLen(r), []key{k}) {
			return true
		}
	}
	return false
}

// amongDigits reports whether digits or other keys stand right before or behind
// n bytes of a text, or with a separator between.
func amongDigits(s string, at, n int, keys []key) bool {
	return looks(s, at+n, 1, keys) || looks(s, at, -1, keys)
}

func looks(s string, at, by int, keys []key) bool {
	near := false
	for seps, n := 0, 0; n < maxHidden; n++ {
		var r rune
		size := 0
		if by > 0 {
			r, size = utf8.DecodeRuneInString(s[at:])
		} else {
			r, size = utf8.DecodeLastRuneInString(s[:at])
			at -= size
		}
		switch {
		case size == 0:
			return false
		case r < utf8.RuneSelf && digit(byte(r)):
			return !near || seps <= 2
		case r < utf8.RuneSelf && separates(byte(r)):
			if seps++; seps > 2 {
				return false
			}
		case r == 0xFE0F || keyOf(keys, r):
			near, seps = true, 0
		default:
			return false
		}
		if by > 0 {
			at += size
		}
	}
	return false
}

// keyed returns the digit that the code point at the current place stands for, 0
// when it stands for itself.
func (sc *scanner) keyed(r rune, size int) byte {
	at := int(sc.at)
	if sc.cipher[0] <= sc.at && sc.at < sc.cipher[1] {
		for _, k := range sc.keys {
			if r < utf8.RuneSelf && k.sign == r|0x20 && letter(byte(r)) {
				return k.digit
			}
		}
		return 0
	}
	if sc.cipher[1] > 0 {
		return 0
	}
	for _, k := range sc.keys {
		if k.sign != r {
			continue
		}
		if r < utf8.RuneSelf && letter(byte(r)) && !sc.coded(at) || !amongDigits(sc.s, at, size, sc.keys) {
			return 0
		}
		return k.digit
	}
	return 0
}

// coded reports whether the word around a byte consists of digits and keys.
func (sc *scanner) coded(at int) bool {
	from, to := at, at
	for from > 0 && alnum(sc.s[from-1]) && at-from < maxDigits {
		from--
	}
	for to < len(sc.s) && alnum(sc.s[to]) && to-at < maxDigits {
		to++
	}
	for _, c := range sc.s[from:to] {
		if !digit(byte(c)) && !keyOf(sc.keys, c) {
			return false
		}
	}
	return true
}

// says reports whether a byte is where the text says what a key stands for.
func (sc *scanner) says(at int32) bool {
	for _, k := range sc.keys {
		if k.from <= at && at < k.to {
			return true
		}
	}
	return false
}
