package contact

import (
	"slices"
	"strings"
)

// A mention is where an ad names a platform, in the tokens [from, to).
type mention struct {
	platform
	from, to int
	dotted   bool // "I.G.": a full stop after it belongs to it
	ghost    bool
}

// A tie is what stands between a platform and a name.
type tie struct {
	colon, at, quoted bool
	named             bool // "user", "id": a name is told
	wide              bool // a space after the @
}

// handles finds handles.
func (r *reader) handles() {
	for k := 0; k < len(r.toks); {
		if next := r.link(k); next > k {
			k = next
			continue
		}
		m, ok := r.mention(k)
		if !ok {
			k++
			continue
		}
		k = max(r.named(m), m.to)
	}
}

// mention reads the name of a platform at token k, however it is written.
func (r *reader) mention(k int) (m mention, ok bool) {
	m = mention{from: k, to: k + 1}
	if r.sign(k) == ghost {
		m.platform, m.ghost = platform{name: "snapchat"}, true
		return m, true
	}
	w := r.word(k)
	if w == "" || !r.promising(k, w) || r.joinedBefore(k) {
		return m, false
	}
	if second := halves[w]; second != "" && r.word(k+1) == second && !r.tok(k+1).line {
		m.platform, m.to = aliases[w+second], k+2
		m.shy = w == "we"
		return m, true
	}
	if second := halves[w]; second != "" && r.sign(k+1) == '-' && r.word(k+2) == second && r.glued(k+1) && r.glued(k+2) {
		m.platform, m.to = aliases[w+second], k+3
		return m, true
	}
	if p, found := aliases[w]; found && (len(w) > 1 || w == "x") {
		m.platform = p
		return m, !r.glued(k+1) || !strings.ContainsRune("$!", r.sign(k+1)) || r.leet(&m)
	}
	if len(w) == 1 && r.singles(&m) {
		return m, true
	}
	return m, r.leet(&m)
}

// promising reports in a quick look whether a word could begin the name of a
// platform: most words could not.
func (r *reader) promising(k int, w string) bool {
	if c := r.sign(k + 1); c == '@' || c == '$' || c == '!' || c == '|' {
		return true
	}
	return len(w) == 1 || starts[w[0]]&(1<<min(len(w), 31)) != 0 || strings.ContainsAny(w, "0123456789")
}

// starts tells, by first letter, how long the words for platforms are.
var starts = func() (m [128]uint32) {
	for w := range aliases {
		m[w[0]] |= 1 << len(w)
	}
	for w := range halves {
		m[w[0]] |= 1 << len(w)
	}
	return m
}()

// joinedBefore reports whether token k is the end of a longer name.
func (r *reader) joinedBefore(k int) bool {
	return r.glued(k) && (named(r.sign(k-1)) || r.sign(k-1) == '@' || r.tok(k-1).word)
}

// leet reads a platform in which digits and signs stand for letters.
func (r *reader) leet(m *mention) bool {
	const longest = 12
	var room [4 * longest]byte
	b, odd := room[:0], false
	for k := m.from; k < m.from+5 && (k == m.from || r.glued(k)); k++ {
		if t := r.tok(k); t.word && t.hi-t.lo <= longest {
			for _, g := range r.seen[t.lo:t.hi] {
				c := byte(g.c)
				if c <= '9' {
					c, odd = unleet[c-'0'], true
				}
				b = append(b, c)
			}
		} else if i := strings.IndexRune("@$!|", r.sign(k)); i >= 0 && r.sign(k) != 0 && r.glued(k+1) {
			b, odd = append(b, "asil"[i]), true
		} else {
			break
		}
		if p, ok := aliases[string(b)]; ok && odd && len(b) >= 3 && !p.shy && (!r.glued(k+1) || !r.tok(k+1).word) {
			m.platform, m.to = p, k+1
			return true
		}
	}
	return false
}

// singles reads a platform in single letters: "i n s t a", "I.G.".
func (r *reader) singles(m *mention) bool {
	const longest = 9
	var room [longest]byte
	b := room[:0]
	step := 1
	if c := r.sign(m.from + 1); (c == '.' || c == '-' || c == '*') && r.glued(m.from+1) && r.glued(m.from+2) {
		step = 2
	}
	found := false
	for k := m.from; len(b) < longest; k += step {
		t := r.tok(k)
		if !t.word || t.hi-t.lo != 1 || k > m.from && (t.line || step == 1 && !t.space || step == 2 && (!r.glued(k) || r.sign(k-1) != r.sign(m.from+1))) {
			break
		}
		b = append(b, byte(r.seen[t.lo].c))
		if p, ok := aliases[string(b)]; ok && len(b) > 1 && !p.shy {
			m.platform, m.to, m.dotted, found = p, k+1, step == 2, true
		}
	}
	return found
}

// named reads the name that a mention tells, after it or before it, and returns
// the token after what was read, 0 when there is none.
func (r *reader) named(m mention) int {
	const most = 9 // tokens between a platform and a name
	ms := []mention{m}
	t := tie{}
	if c := r.sign(m.from - 1); c != 0 && closing(c) != c && r.sign(m.to) == closing(c) { // "@rose (telegram)"
		if next := r.before(ms); next > 0 {
			return next
		}
	}
	k := m.to
	if m.dotted && r.sign(k) == '.' && r.glued(k) {
		k++
	}
	for ; k < m.to+most && k < len(r.toks); k++ {
		tok := r.tok(k)
		if tok.line && !t.colon {
			break
		}
		if tok.word {
			if next, ok := r.shared(k, ms); ok && !t.at {
				ms = append(ms, next)
				k = next.to - 1
				t = tie{}
				continue
			}
			w := r.word(k)
			whole := !r.glued(k+1) || !named(r.sign(k+1))
			if w == "live" && r.sign(k+1) == ':' && m.name == "skype" {
				k++
				continue
			}
			if whole && !t.at && (naming[w] || filler[w] || joins[w] && r.platformAfter(k+1)) {
				t.named = t.named || naming[w]
				continue
			}
			break
		}
		switch c := r.sign(k); {
		case c == '@':
			if t.at {
				return r.before(ms)
			}
			t.at, t.wide = true, r.tok(k+1).space
		case c == ':' || c == '=' || c == '>':
			t.colon = true
		case c == '"' || c == '\'' || c == '`':
			t.quoted = true
		case strings.ContainsRune("-(|[{*~•·_", c) || c >= 0x2190:
		case (c == ')' || c == ']') && r.sign(k+1) == ':': // "X (twitter): @rose"
		case c == '.' && (r.sign(k+1) == '.' && r.glued(k+1) || r.sign(k-1) == '.' && r.glued(k)): // "…"
		case (c == '/' || c == '&' || c == '+' || c == ',') && r.platformAfter(k+1):
		default:
			return r.before(ms)
		}
	}
	if end := r.name(ms, t, k); end > 0 {
		return end
	}
	return r.before(ms)
}

// shared reads another platform that has the name in common: "IG/Snap: rose".
func (r *reader) shared(k int, ms []mention) (mention, bool) {
	last := ms[len(ms)-1]
	if k-last.to != 1 {
		return mention{}, false
	}
	if w := r.word(k - 1); !joins[w] && !strings.ContainsRune("/&+,", max(r.sign(k-1), 1)) {
		return mention{}, false
	}
	next, ok := r.mention(k)
	return next, ok && !next.shy
}

func (r *reader) platformAfter(k int) bool {
	_, ok := r.mention(k)
	return ok
}

// nameAt returns the glyphs of a name that begins at glyph lo.
func (r *reader) nameAt(lo int) (int, int) {
	const longest = 70
	hi := lo
	for hi < len(r.seen) && hi-lo < longest && named(r.seen[hi].c) {
		hi++
	}
	for hi > lo && (r.seen[hi-1].c == '.' || r.seen[hi-1].c == '-') {
		hi--
	}
	return lo, hi
}

// name reads the name at token k for the platforms mentioned.
func (r *reader) name(ms []mention, t tie, k int) int {
	if k >= len(r.toks) {
		return 0
	}
	lo, hi := r.nameAt(r.tok(k).lo)
	if k > 0 && r.sign(k-1) == '_' && r.glued(k) && !t.at { // _rose_
		lo = r.tok(k - 1).lo
	}
	value := r.flat[lo:hi]
	if spaced, end := r.spacedName(k); end > 0 && (t.colon || t.at) {
		value, hi = spaced, end
	} else if spelt, end := r.spelledName(value, hi); end > 0 && (t.colon || t.at) {
		value, hi = spelt, end
	} else if cut := r.sentence(value); cut < len(value) {
		value, hi = value[:cut], lo+cut
	}
	if hi < len(r.seen) && (r.seen[hi].c == '@' || r.seen[hi].c == atSign || r.seen[hi].c > 0x7f && !emoji(r.seen[hi].c) && r.seen[hi].c != '"') {
		return 0
	}
	if slices.Contains(r.used[lo:hi], true) {
		return 0
	}
	if d := r.after(hi); ms[0].name == "discord" && r.sign(d) == '#' && r.glued(d) && r.tok(d+1).hi-r.tok(d+1).lo == 4 && strings.Trim(r.word(d+1), "0123456789") == "" {
		value, hi = value+"#"+r.word(d+1), r.tok(d+1).hi
	}
	confidence := 1.0
	var ok []mention
	for _, m := range ms {
		if c := r.sure(m, t, value, hi); c > 0 {
			ok, confidence = append(ok, m), min(confidence, c)
		}
	}
	if len(ok) == 0 {
		return 0
	}
	if r.near(ms[0].from, ours) { // "follow us on": a house, perhaps the site's own
		confidence = min(confidence, .6)
	}
	if c := r.sign(r.after(hi)); (c == ')' || c == ']' || c == '"') && r.glued(r.after(hi)) && strings.ContainsRune(r.flat[r.tok(ms[len(ms)-1].to-1).hi:lo], map[rune]rune{')': '(', ']': '[', '"': '"'}[c]) {
		hi++
	}
	for _, m := range ok {
		r.add("handle", m.name+":"+value, r.tok(m.from).lo, hi, confidence)
	}
	return r.after(hi)
}

func emoji(c rune) bool {
	return c >= 0x2190 && c < 0x2C00 || c >= 0x1F000 || c == '\u2022' || c == '\u2026'
}

// spacedName reads a name in single letters: "r o s e _ 7".
func (r *reader) spacedName(k int) (string, int) {
	var b []rune
	i := k
	for ; i < k+24 && i < len(r.toks); i++ {
		t := r.tok(i)
		if c := r.seen[t.lo].c; t.hi-t.lo != 1 || !named(c) || i > k && (!t.space || t.line) {
			break
		}
		b = append(b, r.seen[r.tok(i).lo].c)
	}
	if len(b) < 4 {
		return "", 0
	}
	return string(b), r.tok(i - 1).hi
}

// spelledName reads the rest of a name whose signs are words: "rose underscore 7".
func (r *reader) spelledName(value string, hi int) (string, int) {
	k := r.after(hi)
	end := 0
	for range 4 {
		sep, next := spelled[r.word(k)], k+1
		if two := r.word(k) + " " + r.word(k+1); two == "under score" || two == "guion bajo" {
			sep, next = "_", k+2
		}
		if sep != "_" || r.word(next) == "" || r.tok(next).line {
			break
		}
		value += sep + r.word(next)
		end, k = r.tok(next).hi, next+1
	}
	return value, end
}

// sentence returns where a name ends at whose full stop another sentence begins.
func (r *reader) sentence(value string) int {
	for i := range value {
		if value[i] == '.' && i+1 < len(value) {
			next, _, _ := strings.Cut(value[i+1:], ".")
			if common[next] {
				return i
			}
		}
	}
	return len(value)
}

// near reports whether one of the words stands shortly before token k.
func (r *reader) near(k int, words map[string]bool) bool {
	for i := max(k-5, 0); i < k; i++ {
		if words[r.word(i)] {
			return true
		}
	}
	return false
}

// before reads a name that stands before its platform: "@rose on telegram".
func (r *reader) before(ms []mention) int {
	m := ms[0]
	k := m.from - 1
	switch {
	case r.sign(k) == '(' || r.sign(k) == '[':
	case r.word(k) == "on" || r.word(k) == "en" || r.word(k) == "in":
	default:
		return 0
	}
	if m.ghost || m.shy && r.word(m.from) != "x" || r.tok(m.from).line || r.tok(k).line || k < 1 {
		return 0
	}
	end := r.tok(k - 1).hi
	lo := end
	for lo > 0 && end-lo < 40 && named(r.seen[lo-1].c) {
		lo--
	}
	value := r.flat[lo:end]
	at := lo > 0 && r.seen[lo-1].c == '@' && (lo < 2 || !named(r.seen[lo-2].c))
	switch {
	case value == "" || slices.Contains(r.used[lo:end], true) || lo > 0 && !at && r.seen[lo-1].c > ' ' && !strings.ContainsRune(`"'(:`, r.seen[lo-1].c):
		return 0
	case !at && !(strings.Contains(value, "_") && likely(value)), !at && (m.shy || !r.ends(r.tok(m.to-1).hi) && !common[r.word(m.to)]):
		return 0
	case !r.valid(m.name, value) || generic(value):
		return 0
	}
	if at {
		lo--
	}
	hi := r.tok(m.to - 1).hi
	if c := r.sign(m.to); c != 0 && c == closing(r.sign(k)) {
		hi++
	}
	r.add("handle", m.name+":"+value, lo, hi, .8)
	return m.to
}
