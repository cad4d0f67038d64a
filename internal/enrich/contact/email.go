package contact

import "strings"

// How sure an @ is.
const (
	bare   = iota // a word or sign that may mean something else
	stated        // brackets around it, or a word that means nothing else
	real          // the sign itself between letters
)

// An at is an @ in whatever form, in the tokens [from, to).
type at struct {
	from, to, kind int
	spaced         bool // spaces stand around it
	letter         bool // "(a)"
}

// emails finds addresses.
func (r *reader) emails() {
	for k := 1; k < len(r.toks); k++ {
		if t := r.toks[k]; t.word && r.flat[t.lo] != 'a' {
			continue
		}
		if a, ok := r.at(k); ok && r.email(a) {
			k = a.to
		}
	}
}

// at reads an @ at token k.
func (r *reader) at(k int) (at, bool) {
	switch c := r.sign(k); c {
	case '@', atSign:
		glued := r.glued(k) && r.glued(k+1)
		switch {
		case glued && c == '@':
			return at{from: k, to: k + 1, kind: real}, true
		case glued:
			return at{from: k, to: k + 1, kind: stated}, true
		case c == '@':
			return at{from: k, to: k + 1, spaced: true}, true
		}
	case '(', '[', '{', '<', '*', '|', '~', '-', '_', '"':
		w := r.word(k + 1)
		if !(w == "at" || w == "arroba" || w == "a" && c < '*' || r.sign(k+1) == '@') || r.sign(k+2) != closing(c) || !r.glued(k+1) || !r.glued(k+2) {
			return at{}, false
		}
		a := at{from: k, to: k + 3, kind: stated, letter: w == "a"}
		if c == '-' || c == '_' || c == '"' {
			a.kind = bare
		}
		return a, true
	case 0:
		switch r.word(k) {
		case "arroba":
			return at{from: k, to: k + 1, kind: stated, spaced: true}, true
		case "at":
			a := at{from: k, to: k + 1, spaced: true}
			if w := r.word(k + 1); w == "sign" || w == "symbol" {
				a.to, a.kind = k+2, stated
			}
			return a, r.tok(k).space
		}
	}
	return at{}, false
}

func closing(open rune) rune {
	switch open {
	case '(':
		return ')'
	case '[':
		return ']'
	case '{':
		return '}'
	case '<':
		return '>'
	}
	return open
}

// email reads the address around an @.
func (r *reader) email(a at) bool {
	if r.tok(a.from).line || r.tok(a.to).line {
		return false
	}
	local, from, told := r.local(a)
	if local == "" {
		return false
	}
	d := r.domain(a)
	if len(d.labels) < 2 {
		return false
	}
	host := strings.Join(d.labels, ".")
	known := tld[d.labels[len(d.labels)-1]]
	confidence := .95
	switch a.kind {
	case real:
		if !known {
			confidence = .9
		}
	case stated:
		if !known {
			return false
		}
		confidence = .92
	case bare:
		mail := providers[d.labels[0]] || r.near(from, mailing)
		sure := mail || d.spelled && (told || strings.ContainsAny(local, "0123456789_.") && strings.Trim(local, "0123456789") != "")
		if gerund := strings.HasSuffix(local, "ing"); gerund && !told && !r.near(from, mailing) {
			return false
		}
		if !known || !sure || common[local] || strings.Trim(local, "0123456789") == "" {
			return false
		}
		confidence = .8
	}
	lo := r.tok(from).lo
	for _, u := range r.used[lo:d.end] {
		if u {
			return false
		}
	}
	r.add("email", local+"@"+host, lo, d.end, confidence)
	return true
}

// local reads the part before an @, backwards, and returns it, its first token and
// whether it is spelled so that it can be nothing else.
func (r *reader) local(a at) (name string, from int, told bool) {
	const most = 24
	k := a.from - 1
	if r.word(k) == "" || a.kind == real && !r.glued(a.from) {
		return "", 0, false
	}
	if r.tok(k).hi-r.tok(k).lo == 1 && a.kind != real { // r o s e
		i := k
		for i > 0 && i > k-most && r.tok(i).space && !r.tok(i).line && r.tok(i-1).word && r.tok(i-1).hi-r.tok(i-1).lo == 1 {
			i--
		}
		if k-i >= 2 {
			return squeezed(r.flat[r.tok(i).lo:r.tok(k).hi]), i, true
		}
	}
	name = r.word(k)
	for range most {
		sep, before := r.separator(k)
		if sep == "" || r.word(before) == "" || len(sep)+len(name) > 60 {
			break
		}
		if spelled := before < k-2 || r.tok(k-1).word; spelled {
			if a.kind == real {
				break
			}
			told = true
		}
		name, k = r.word(before)+sep+name, before
	}
	return name, k, told
}

// separator reads what may stand between the words of a name before token k, and
// returns it and the token before.
func (r *reader) separator(k int) (sep string, before int) {
	switch c := r.sign(k - 1); {
	case !r.glued(k) && c != ')' && c != ']':
	case c == '.' || c == '-' || c == '_' || c == '+':
		if r.glued(k - 1) {
			return string(c), k - 2
		}
	case (c == ')' || c == ']') && r.sign(k-3) == c-1-rune(c/']'):
		if s := spelled[r.word(k-2)]; s != "" {
			return s, k - 4
		}
	}
	if s := spelled[r.word(k-1)]; s != "" && r.tok(k).space && r.tok(k-1).space && !r.tok(k).line {
		return s, k - 2
	}
	switch two := r.word(k-2) + " " + r.word(k-1); two {
	case "under score", "guion bajo":
		return "_", k - 3
	}
	return "", 0
}

// spelled are the words for the signs in names.
var spelled = map[string]string{"dot": ".", "d0t": ".", "punto": ".", "underscore": "_", "dash": "-", "hyphen": "-", "guion": "-"}

// A domain is the part after an @.
type domain struct {
	labels  []string
	end     int  // glyph after it
	spelled bool // some dot is a word
}

// domain reads the part after an @ up to the last label that it can end in.
func (r *reader) domain(a at) (d domain) {
	const most = 5
	type stop struct{ end, spelled int }
	var ends []stop
	var labels []string
	words := 0
	k := a.to
	for len(labels) < most {
		label, next := r.label(k, a.kind != real)
		if label == "" {
			break
		}
		labels = append(labels, label)
		ends = append(ends, stop{r.tok(next - 1).hi, words})
		strict := a.kind == real
		if len(labels) == 1 && strict && r.sign(next) == ',' && r.glued(next) && r.glued(next+1) && providers[label] { // a slip: "@gmail,com"
			k = next + 1
			continue
		}
		to, word, ok := r.dot(next, strict && (len(labels) > 1 || r.sign(next) != 0))
		if !ok {
			break
		}
		if word {
			words++
		}
		k = to
	}
	last := len(labels)
	for last > 1 && !tld[labels[last-1]] {
		last--
	}
	if last == 1 && len(labels) > 1 && a.kind == real && words == 0 && strings.Trim(labels[0], "0123456789") != "" {
		for last = len(labels); last > 1 && !lettered(labels[last-1]); last-- {
			continue
		}
	}
	if last <= 1 {
		return d
	}
	return domain{labels[:last], ends[last-1].end, ends[last-1].spelled > 0}
}

func lettered(s string) bool {
	return len(s) >= 2 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz") == ""
}

// label reads one label of a domain, whose letters may be spaced.
func (r *reader) label(k int, loose bool) (string, int) {
	if r.word(k) == "" || r.tok(k).line {
		return "", 0
	}
	if t := r.tok(k); loose && t.hi-t.lo == 1 {
		i := k
		for i < k+24 && r.tok(i+1).word && r.tok(i+1).hi-r.tok(i+1).lo == 1 && r.tok(i+1).space && !r.tok(i+1).line {
			i++
		}
		if i-k >= 2 {
			return squeezed(r.flat[t.lo:r.tok(i).hi]), i + 1
		}
	}
	s := r.word(k)
	for k++; len(s) < 60 && r.sign(k) == '-' && r.glued(k) && r.glued(k+1) && r.word(k+1) != "" && spelled[r.word(k+1)] == ""; k += 2 {
		s += "-" + r.word(k+1)
	}
	return s, k
}

// dot reads a dot of a domain in whatever form at token k, and returns the token
// after it.
func (r *reader) dot(k int, strict bool) (next int, word, ok bool) {
	c := r.sign(k)
	switch {
	case r.tok(k).line || r.tok(k+1).line:
	case c == '.':
		if r.glued(k) && r.glued(k+1) || !strict && !r.glued(k) && !r.glued(k+1) {
			return k + 1, false, true
		}
	case strict:
	case c == '(' || c == '[' || c == '{' || c == '<' || c == '*' || c == '-' || c == '_':
		inner := r.word(k + 1)
		if (spelled[inner] == "." || r.sign(k+1) == '.') && r.sign(k+2) == closing(c) {
			return k + 3, true, true
		}
	case spelled[r.word(k)] == ".":
		return k + 1, true, true
	}
	return 0, false, false
}

// squeezed is s without what is no letter or digit.
func squeezed(s string) string {
	return strings.Map(func(c rune) rune {
		if !wordly(c) {
			return -1
		}
		return c
	}, s)
}
