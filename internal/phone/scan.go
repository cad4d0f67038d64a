package phone

import (
	"strings"
	"unicode/utf8"
)

// What stands between two chunks, as a set.
type gap uint32

const (
	gapSpace    gap = 1 << iota
	gapWide         // three or more spaces
	gapLine         // a line break
	gapBlank        // an empty line
	gapDot          // . and the like
	gapComma        //
	gapDash         //
	gapColon        //
	gapSlash        //
	gapParen        // brackets of any kind
	gapPlus         //
	gapHash         //
	gapMoney        // a currency sign or a percent sign
	gapEqual        //
	gapQuote        // ' " ` ´ °
	gapMark         // any other ASCII punctuation
	gapSign         // emoji and other signs
	gapEnd          // . ! ? before white space: the end of a sentence
	gapLastPlus     // a plus sign right before the chunk
	gapLastHash
	gapScheme // "://"
	gapAt
	gapLong // more than a few characters
	gapRing // the sign of a telephone
)

// tight reports that no white space separates the chunks.
func (g gap) tight() bool { return g&(gapSpace|gapLine) == 0 }

// A chunk is a run of letters, digits and what may stand for them. Its text in
// ASCII is norm[lo:hi] of the scanner.
type chunk struct {
	lo, hi       int32 // in norm
	from, to     int32 // code points of the original
	bfrom, bto   int32 // bytes of the original
	gap          gap   // what stands before it
	digits       uint8 // ASCII or Unicode digits, at most 255
	letters      uint8 // letters and look-alikes of letters
	marks        uint8 // $ | !
	odd          uint8 // look-alikes
	uni          uint8 // digits beyond ASCII
	code         bool  // entities or escapes inside
	flip         bool  // shown from right to left
	caps         bool  // capitals behind the first letter
	plain        bool  // small letters of no numeral: digits only where it is misspelt or has signs
	leet         bool  // letters that look like digits rather than a word
	keyed        bool  // signs that the text says stand for digits
	mute         bool  // says what a sign stands for
	link         link  // in a URL
	w            word  // what it means as a word
	hard         bool  // digits or a number word: reason to look closer
	spelt        uint8 // one more than the digit whose name this misspells
	mis          uint8 // the same, where its neighbours may bear it out
	unspelt      bool  // no misspelling of a digit's name
	speltCost    float32
	measure      bool  // a number with its unit
	money        bool  // a number with a currency sign
	ahead        uint8 // no path from here on reads more digits
	inside       bool  // an edge leads over it
	shape        shape // what the digits look like, apart from a telephone number
	edges, after int32 // edges from here: edges[edges:after)
}

// A link says what kind of URL a chunk is part of.
type link uint8

const (
	noLink    link = iota
	plainLink      // any URL
	phoneLink      // tel:, sms:, wa.me and the like
)

// A scanner cuts a text into chunks.
type scanner struct {
	s      string
	at     int32 // bytes
	cp     int32 // code points
	chunks []chunk
	norm   []byte
	open   bool // the last chunk may grow
	gap    gap
	spaces uint8
	signs  uint16
	ended  bool // the last visible character ends a sentence
	shout  bool // that end is ! or ?
	loose  bool // no tag ends in the rest of the text
	keys   []key
	cipher [2]int32 // the bytes that are written in a cipher, whose letters the keys are
	unit   rune     // the sign whose repetitions are counted
	marks  word     // wordMorse or wordTally when the text says that it is written so
	flip   bool     // what follows is shown from right to left
}

// scan reads the whole text.
func (sc *scanner) scan() {
	s := sc.s
	for int(sc.at) < len(s) {
		c := s[sc.at]
		if sc.keys != nil {
			r, n := utf8.DecodeRuneInString(s[sc.at:])
			if d := sc.keyed(r, n); d != 0 {
				sc.put(glyph{c: d, key: true}, int32(n), 1)
				continue
			}
		}
		if sc.marks != 0 {
			if d, n, k := sc.marked(); n > 0 {
				sc.put(glyph{c: d, key: true}, n, k)
				continue
			}
		}
		switch {
		case alnum(c) && sc.keys != nil:
			sc.put(glyph{c: c}, 1, 1)
		case alnum(c):
			sc.run()
		case c == ' ':
			sc.separate(c)
			sc.at++
			sc.cp++
		case c == '&':
			if g, n := entity(s[sc.at:]); n > 0 {
				sc.put(g, int32(n), int32(n))
			} else {
				sc.put(glyph{c: c}, 1, 1)
			}
		case c == '%':
			g, n := escape(s[sc.at:])
			if n > 0 && (sc.inLink() || sc.open && g.c == '-') {
				sc.put(g, int32(n), int32(n))
			} else {
				sc.put(glyph{c: c}, 1, 1)
			}
		case c == '(' && (sc.marks == wordTally && strings.HasPrefix(s[sc.at:], "()") || sc.empty()):
			sc.put(glyph{c: '0', odd: true}, 2, 2)
		case c == '<' && heart(s[sc.at:]):
			sc.put(glyph{c: sign}, 2, 2)
		case c == '<':
			if !sc.tag() {
				sc.put(glyph{c: c}, 1, 1)
			}
		case c < utf8.RuneSelf:
			sc.put(glyph{c: c}, 1, 1)
		default:
			r, n := utf8.DecodeRuneInString(s[sc.at:])
			switch r {
			case 0x202E: // right to left override
				sc.flip = true
			case 0x202C, 0x2069, 0x202D:
				sc.flip = false
			}
			if rings(r) {
				sc.gap |= gapRing
			}
			sc.put(read(r), int32(n), 1)
		}
	}
}

// heart reports whether s begins with a heart made of ASCII: "<3".
func heart(s string) bool {
	return len(s) > 1 && s[1] == '3' && (len(s) == 2 || s[2] == ' ' || s[2] == '<' || s[2] == '\n')
}

// rings reports whether a sign is one of Unicode's telephones.
func rings(r rune) bool {
	switch r {
	case 0x260E, 0x260F, 0x2706, 0x1F4DE, 0x1F4F1, 0x1F4F2, 0x1F57B, 0x1F57D, 0x1F57E, 0x1F57F, 0x1F581, 0x1F582:
		return true
	}
	return false
}

// again makes the scanner ready to read the text once more.
func (sc *scanner) again() {
	sc.chunks = sc.chunks[:0]
	sc.norm = sc.norm[:0]
	sc.at, sc.cp, sc.gap, sc.spaces, sc.signs = 0, 0, 0, 0, 0
	sc.open, sc.ended, sc.shout, sc.loose, sc.flip = false, false, false, false, false
}

// run takes in the letters and digits of ASCII that stand here: put for what most
// of a text is made of.
func (sc *scanner) run() {
	if !sc.open {
		sc.opened()
	}
	s, at, digits, low := sc.s[sc.at:], len(sc.norm), 0, byte(0x20) // the bit of small letters
	if at+len(s) > cap(sc.norm) {
		more := make([]byte, at, 2*cap(sc.norm)+len(s)+64)
		copy(more, sc.norm)
		sc.norm = more
	}
	norm := sc.norm[at : at+len(s)]
	n := 0
	for ; n < len(s) && n < len(norm); n++ {
		c := s[n]
		if !alnum(c) {
			break
		}
		low &= c
		if norm[n] = c; c <= '9' {
			digits++
		}
	}
	sc.norm = sc.norm[:at+n]
	sc.at, sc.cp = sc.at+int32(n), sc.cp+int32(n)
	c := &sc.chunks[len(sc.chunks)-1]
	if low == 0 { // capitals
		for i := range n {
			c.caps = c.caps || norm[i]&0x20 == 0 && at+i > int(c.lo)
		}
	}
	c.digits = uint8(min(255, int(c.digits)+digits))
	c.letters = uint8(min(255, int(c.letters)+n-digits))
	c.hi, c.to, c.bto = int32(at+n), sc.cp, sc.at
}

// put takes in one glyph that is n bytes and k code points of the text.
func (sc *scanner) put(g glyph, n, k int32) {
	switch {
	case g.c == 0:
		if sc.open && n > 1 && mark(sc.s[sc.at:sc.at+n]) {
			c := &sc.chunks[len(sc.chunks)-1]
			c.to, c.bto = sc.cp+k, sc.at+n
		}
	case alnum(g.c) || g.c == other || sc.inner(g.c, n):
		sc.grow(g, n, k)
	default:
		sc.separate(g.c)
	}
	sc.at += n
	sc.cp += k
}

// mark reports whether the code point belongs to the sign before it, like the
// enclosing keycap.
func mark(s string) bool { return s == "\ufe0f" || s == "\u20e3" }

// inner reports whether punctuation may stand for a digit where it is: $ and |
// beside a digit or letter, ! between two, an apostrophe between letters.
func (sc *scanner) inner(c byte, n int32) bool {
	next := byte(0)
	if i := int(sc.at + n); i < len(sc.s) {
		next = sc.s[i]
	}
	switch c {
	case '|':
		if next == ' ' && sc.alone() {
			return true
		}
		return sc.open || alnum(next) || next == '$' || next == '|'
	case '$':
		return sc.open || alnum(next) || next == '$' || next == '|'
	case '!':
		if sc.open && (next == 0 || next == ' ' || next == '\n') { // "O!7!"
			c := &sc.chunks[len(sc.chunks)-1]
			return c.marks > 0 && c.digits > 0 && c.hi-c.lo == 3 && sc.norm[c.hi-1] != '!'
		}
		if i := int(sc.at + n); sc.open && next == '-' && i+1 < len(sc.s) && digit(sc.s[i-2]) && (sc.s[i+1] == '$' || sc.s[i+1] == '|' || digit(sc.s[i+1])) {
			return true // "93!-$$$"
		}
		return sc.open && alnum(next) && alnum(sc.norm[len(sc.norm)-1])
	}
	return false
}

// empty reports whether the brackets here hold nothing and stand for a nought:
// "()|74", not "f()".
func (sc *scanner) empty() bool {
	s, at := sc.s, int(sc.at)
	if at+2 >= len(s) || s[at+1] != ')' || at > 0 && letter(s[at-1]) {
		return false
	}
	c := s[at+2]
	return digit(c) || c == '|' || c == '!' || at > 0 && digit(s[at-1]) && c != ';' && c != '.' && c != ','
}

// alone reports whether the sign here stands in the place of one of some digits
// with blanks between: "5 0 | 4 3", "s o | 4 7".
func (sc *scanner) alone() bool {
	s, at := sc.s, int(sc.at)
	if at < 4 || at+2 >= len(s) || s[at-1] != ' ' || s[at-3] != ' ' || at+3 < len(s) && s[at+3] != ' ' {
		return false
	}
	left, far := s[at-2], s[at-4]
	return digit(s[at+2]) && (digit(left) || letter(left) && stands(left)) && (digit(far) || letter(far) && stands(far))
}

// begin and write append, and so do add, keep and name elsewhere. The builtin
// would move what it appends to to the heap, because it is reached by a pointer;
// growing by hand lets short texts stay on the stack.
func (sc *scanner) begin() *chunk {
	n := len(sc.chunks)
	if n == cap(sc.chunks) {
		more := make([]chunk, n, 2*cap(sc.chunks)+8)
		copy(more, sc.chunks)
		sc.chunks = more
	}
	sc.chunks = sc.chunks[:n+1]
	c := &sc.chunks[n]
	*c = chunk{}
	return c
}

func (sc *scanner) write(b byte) {
	if len(sc.norm) == cap(sc.norm) {
		more := make([]byte, len(sc.norm), 2*cap(sc.norm)+64)
		copy(more, sc.norm)
		sc.norm = more
	}
	sc.norm = sc.norm[:len(sc.norm)+1]
	sc.norm[len(sc.norm)-1] = b
}

// grow adds a glyph to the open chunk or opens one.
func (sc *scanner) grow(g glyph, n, k int32) {
	if !sc.open {
		sc.opened()
	}
	c := &sc.chunks[len(sc.chunks)-1]
	sc.write(g.c)
	switch {
	case '0' <= g.c && g.c <= '9':
		bump(&c.digits)
	case alnum(g.c) || g.c == other:
		bump(&c.letters)
	default:
		bump(&c.marks)
	}
	if g.odd {
		bump(&c.odd)
	}
	c.caps = c.caps || g.c&0x60 == 0x40 && c.hi > c.lo
	if g.uni {
		bump(&c.uni)
	}
	c.code = c.code || g.code
	c.keyed = c.keyed || g.key
	if g.more != 0 {
		sc.write(g.more)
		bump(&c.digits)
	}
	c.hi, c.to, c.bto = int32(len(sc.norm)), sc.cp+k, sc.at+n
}

// opened opens a chunk.
func (sc *scanner) opened() {
	c := sc.begin()
	c.lo, c.from, c.bfrom, c.gap, c.flip = int32(len(sc.norm)), sc.cp, sc.at, sc.gap, sc.flip
	c.mute = sc.keys != nil && sc.says(sc.at)
	sc.open, sc.gap, sc.spaces, sc.signs, sc.ended, sc.shout = true, 0, 0, 0, false, false
	if c.gap.tight() {
		sc.linked()
	}
}

func bump(n *uint8) {
	if *n < 255 {
		*n++
	}
}

// separate closes the open chunk and notes what stands behind it.
func (sc *scanner) separate(c byte) {
	if (c == '\'' || c == '`') && sc.open && int(sc.at)+1 < len(sc.s) && letter(sc.s[sc.at+1]) && letter(sc.norm[len(sc.norm)-1]) {
		return // an apostrophe inside a word
	}
	sc.open = false
	sc.gap &^= gapLastPlus | gapLastHash
	if c != ' ' && c != '\n' {
		if sc.signs++; sc.signs > 6 {
			sc.gap |= gapLong
		}
		if sc.signs > 1 && c != '/' && !sc.shout {
			sc.ended = false
		}
	}
	switch c {
	case ' ', '\t', '\r', '\f', '\v':
		sc.gap |= gapSpace
		if sc.spaces++; sc.spaces >= 3 {
			sc.gap |= gapWide
		}
		if sc.ended {
			sc.gap |= gapEnd
		}
		return
	case '\n':
		if sc.gap&gapLine != 0 {
			sc.gap |= gapBlank
		}
		sc.gap |= gapLine
		if sc.ended {
			sc.gap |= gapEnd
		}
		return
	case '.', '!', '?':
		sc.ended = c != '.' || sc.signs == 1 || sc.shout
		sc.shout = sc.shout || c != '.'
		if c == '.' {
			sc.gap |= gapDot
		} else {
			sc.gap |= gapMark
		}
	case ',':
		sc.gap |= gapComma
	case '-', '_', '~':
		sc.gap |= gapDash
	case ':', ';':
		sc.gap |= gapColon
	case '/', '\\', '|':
		if c == '/' && sc.gap&gapColon != 0 && sc.gap&gapSlash != 0 {
			sc.gap |= gapScheme
		}
		sc.gap |= gapSlash
	case '(', ')', '[', ']', '{', '}', '<', '>':
		sc.gap |= gapParen
	case '+':
		sc.gap |= gapPlus | gapLastPlus
	case '#':
		sc.gap |= gapHash | gapLastHash
	case '$':
		sc.gap |= gapMoney
	case '=', '&':
		sc.gap |= gapEqual
	case '"', '\'', '`':
		sc.gap |= gapQuote
	case '@':
		sc.gap |= gapAt
	case sign:
		sc.gap |= gapSign
	default:
		sc.gap |= gapMark
	}
}

func letter(c byte) bool { return c|0x20-'a' < 26 }
func digit(c byte) bool  { return c-'0' < 10 }
func alnum(c byte) bool  { return alnums[c] }

// alnums marks the letters and digits of ASCII.
var alnums = func() (is [256]bool) {
	for c := range 256 {
		is[c] = letter(byte(c)) || digit(byte(c))
	}
	return is
}()

// maxTag bounds the length of a tag that is skipped.
const maxTag = 400

// tag reads over an HTML tag at the current position. A tag whose attributes
// may hold a number is not read over: it is text like any other.
func (sc *scanner) tag() bool {
	s := sc.s[sc.at:]
	if len(s) < 3 || !letter(s[1]) && !(s[1] == '/' && letter(s[2])) && s[1] != '!' || sc.loose {
		return false
	}
	end := strings.IndexByte(s[:min(len(s), maxTag)], '>')
	if end < 0 {
		sc.loose = len(s) <= maxTag
		return false
	}
	if strings.Contains(s[:end], "href") || strings.Contains(s[:end], "tel:") || strings.IndexByte(s[1:end], '<') >= 0 {
		return false
	}
	i := 1
	if s[i] == '/' {
		i++
	}
	j := i
	for j < end && alnum(s[j]) {
		j++
	}
	if s[1] != '/' && s[1] != '!' {
		switch seen := shown(s[i:j], s[j:end]); {
		case seen == unseen:
			if close := closing(s[end:], s[i:j]); close > 0 {
				sc.cp += int32(utf8.RuneCountInString(s[:end+close]))
				sc.at += int32(end + close)
				return true
			}
		case seen == mirrored:
			sc.flip = true
		case seen >= 0: // from here on it is text
			sc.separate(' ')
			sc.cp += int32(utf8.RuneCountInString(s[:j+seen]))
			sc.at += int32(j + seen)
			return true
		}
	} else if sc.flip {
		sc.flip = false
	}
	switch s[i:j] {
	case "b", "i", "u", "s", "em", "strong", "span", "font", "small", "big", "sup", "sub", "a", "mark", "wbr", "code", "tt", "ins", "del", "bdo", "bdi", "B", "SPAN", "FONT":
	case "td", "th":
		sc.separate(' ')
	default:
		if !known(s[i:j]) && s[1] != '!' {
			return false
		}
		if s[1] != '!' {
			sc.separate('\n')
		}
	}
	sc.at += int32(end + 1)
	sc.cp += int32(utf8.RuneCountInString(s[:end+1]))
	return true
}

// What a tag makes of what it holds; a number from 0 is where its attributes have
// text that is read aloud or shown in its place.
const (
	plainly  = -1
	unseen   = -2
	mirrored = -3
)

// shown reads the attributes of a tag.
func shown(name, attributes string) int {
	switch name {
	case "s", "del", "strike", "S", "DEL", "STRIKE":
		return unseen
	}
	if len(attributes) < 6 {
		return plainly
	}
	for _, a := range [...]string{"display:none", "display: none", "visibility:hidden", "visibility: hidden", "font-size:0", "font-size: 0", " hidden"} {
		if strings.Contains(attributes, a) {
			return unseen
		}
	}
	if strings.Contains(attributes, "rtl") && strings.Contains(attributes, "override") {
		return mirrored
	}
	for _, a := range [...]string{"alt=", "aria-label=", "title="} {
		if i := strings.Index(attributes, a); i >= 0 {
			return i + len(a)
		}
	}
	return plainly
}

// closing returns where the closing tag that belongs to a tag ends, 0 when it is not near.
func closing(s, name string) int {
	s = s[:min(len(s), maxTag)]
	for at := 0; ; {
		i := strings.Index(s[at:], "</")
		if i < 0 {
			return 0
		}
		at += i + 2
		if strings.HasPrefix(s[at:], name) && len(s) > at+len(name) && s[at+len(name)] == '>' {
			return at + len(name) + 1
		}
	}
}

func known(name string) bool {
	switch strings.ToLower(name) {
	case "p", "br", "div", "li", "ul", "ol", "tr", "table", "tbody", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "pre", "section",
		"article", "dl", "dd", "dt", "center", "blockquote", "img", "header", "footer", "main", "nav":
		return true
	}
	return false
}

// inLink reports whether the text right before is part of a URL.
func (sc *scanner) inLink() bool {
	if len(sc.chunks) == 0 || !sc.gap.tight() {
		return false
	}
	c := &sc.chunks[len(sc.chunks)-1]
	return c.link != noLink || sc.gap&gapColon != 0 && dials(string(sc.norm[c.lo:c.hi]))
}

// linked decides whether the chunk just opened is part of a URL, from the chunk
// before it.
func (sc *scanner) linked() {
	if len(sc.chunks) < 2 {
		return
	}
	c, p := &sc.chunks[len(sc.chunks)-1], &sc.chunks[len(sc.chunks)-2]
	if !c.gap.tight() {
		return
	}
	name := string(sc.norm[p.lo:p.hi])
	if p.link == noLink {
		if c.gap&gapColon == 0 {
			if c.gap&(gapSlash|gapDot) == 0 || name != "wa" && name != "www" {
				return
			}
		}
		switch name {
		case "http", "https", "www", "HTTP", "HTTPS", "Http", "Https":
			c.link = plainLink
		default:
			if dials(name) {
				c.link = phoneLink
			}
		}
		return
	}
	c.link = p.link
	switch strings.ToLower(name) {
	case "tel", "sms", "wa", "whatsapp", "phone", "call", "callto", "text", "signal", "contact", "phonenumber", "mobile", "telefono", "llamar", "viber":
		c.link = phoneLink
	}
}

// dials reports whether a name before a colon or slash begins a link that calls.
func dials(name string) bool {
	switch name {
	case "tel", "sms", "callto", "smsto", "whatsapp", "facetime", "viber", "sgnl", "TEL", "SMS", "wa", "mms", "imessage":
		return true
	}
	return false
}
