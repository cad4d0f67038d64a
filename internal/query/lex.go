package query

import (
	"slices"
	"strings"
	"unicode"

	"vigil.example/internal/text"
)

// A kind is what a lexeme is.
type kind int

const (
	endKind kind = iota
	leafKind
	notKind
	andKind
	orKind
	openKind
	closeKind
)

// A lexeme is one piece of a query and where it stands in code points.
type lexeme struct {
	kind       kind
	leaf       Node // for leafKind
	start, end int
}

// A lexer cuts a query into lexemes. Numbers are found first, stretch by stretch,
// because they may hold spaces, parentheses and hyphens that mean something else
// elsewhere.
type lexer struct {
	src     []rune
	pos     int
	until   int     // end of the stretch that numbers were looked for in
	numbers []group // those found there, positions in src
}

// next returns the next lexeme. Words without a letter or digit are skipped.
func (l *lexer) next() (lexeme, error) {
	for {
		l.space()
		if l.pos == len(l.src) {
			return lexeme{kind: endKind, start: l.pos, end: l.pos + 1}, nil
		}
		if p, ok := l.number(); ok {
			return p, nil
		}
		start := l.pos
		switch r := l.src[l.pos]; {
		case r == '(':
			l.pos++
			return lexeme{kind: openKind, start: start, end: l.pos}, nil
		case r == ')':
			l.pos++
			return lexeme{kind: closeKind, start: start, end: l.pos}, nil
		case isQuote(r):
			s, err := l.quoted()
			if err != nil {
				return lexeme{}, err
			}
			n, err := l.near(s, start)
			if n == nil && err == nil {
				n, err = quotedLeaf(s, start, l.pos)
			}
			return lexeme{leafKind, n, start, l.pos}, err
		}
		if word := l.word(l.pos); l.negates(word) {
			l.pos++
			return lexeme{kind: notKind, start: start, end: l.pos}, nil
		} else if k, ok := operator(word); ok {
			l.pos += len(word)
			return lexeme{kind: k, start: start, end: l.pos}, nil
		} else if n := linked(word); n != nil {
			l.pos += len([]rune(word))
			return lexeme{leafKind, Phone{Text: word, Numbers: n}, start, l.pos}, nil
		} else if name, ok := l.field(l.pos); ok {
			n, err := l.fieldLeaf(name)
			return lexeme{leafKind, n, start, l.pos}, err
		} else {
			l.pos += len([]rune(word))
			if p, ok := asPhone(word); ok {
				return lexeme{leafKind, p, start, l.pos}, nil
			}
			if _, cut := part(word); cut && word[0] == '*' {
				return lexeme{}, &Error{Start: start, End: l.pos, Reason: tooFew}
			}
			if n := loose(word); n != nil {
				return lexeme{leafKind, n, start, l.pos}, nil
			}
			if len(text.Tokens(word)) > 0 {
				return lexeme{leafKind, Word{word}, start, l.pos}, nil
			}
		}
	}
}

// operator returns what a word in capitals does to its neighbours.
func operator(word string) (kind, bool) {
	switch word {
	case "AND":
		return andKind, true
	case "OR":
		return orKind, true
	case "NOT":
		return notKind, true
	}
	return 0, false
}

func (l *lexer) space() {
	for l.pos < len(l.src) && unicode.IsSpace(l.src[l.pos]) {
		l.pos++
	}
}

// word returns the run of code points from at that a space, a parenthesis or a
// quote ends.
func (l *lexer) word(at int) string {
	end := at
	for end < len(l.src) && !isBreak(l.src[end]) {
		end++
	}
	return string(l.src[at:end])
}

func isBreak(r rune) bool { return unicode.IsSpace(r) || r == '(' || r == ')' || isQuote(r) }

// negates says whether the word at the position begins with a hyphen that means
// not: something to leave out must follow it directly.
func (l *lexer) negates(word string) bool {
	if !strings.HasPrefix(word, "-") {
		return false
	}
	if after := l.pos + len([]rune(word)); len(text.Tokens(word)) == 0 {
		return strings.Trim(word, "-") == "" && after < len(l.src) && (l.src[after] == '(' || isQuote(l.src[after]))
	}
	return true
}

// field returns the name before the colon when a field begins at at: letters and
// a colon, then a value, or one of the known names. Of those that take few values a
// value must follow: "Kind: gentle" is the title of an ad.
func (l *lexer) field(at int) (name string, ok bool) {
	end := at
	for end < len(l.src) && (l.src[end]|0x20 >= 'a' && l.src[end]|0x20 <= 'z') {
		end++
	}
	if end == at || end == len(l.src) || l.src[end] != ':' {
		return "", false
	}
	name = string(l.src[at:end])
	if strings.EqualFold(name, "file") && !strings.HasPrefix(string(l.src[end:min(len(l.src), end+3)]), "://") {
		return "", false
	}
	if n, known := canonical(name); known && !slices.Contains(choosy, n) {
		return name, true
	} else if known && l.chosen(n, end+1) {
		return name, true
	}
	valued := end+1 < len(l.src) && (isQuote(l.src[end+1]) || !isBreak(l.src[end+1]))
	return name, valued
}

// chosen reports whether the word at at, a space before it or not, is a value that
// the named field takes. A label may be any word, so it stands beside the colon.
func (l *lexer) chosen(name string, at int) bool {
	if name == "label" && at < len(l.src) && unicode.IsSpace(l.src[at]) {
		return false
	}
	for at < len(l.src) && unicode.IsSpace(l.src[at]) {
		at++
	}
	word := l.word(at)
	_, reason := newField(name, word)
	return reason == "" && (name != "indicator" || kindsOf(word) != nil)
}

// quoted reads a quoted text at the position. A backslash keeps a quote or a
// backslash from its meaning.
func (l *lexer) quoted() (string, error) {
	start := l.pos
	var b strings.Builder
	for l.pos++; l.pos < len(l.src); l.pos++ {
		r := l.src[l.pos]
		if isQuote(r) {
			l.pos++
			return b.String(), nil
		}
		if r == '\\' && l.pos+1 < len(l.src) && (isQuote(l.src[l.pos+1]) || l.src[l.pos+1] == '\\') {
			l.pos++
			r = l.src[l.pos]
		}
		b.WriteRune(r)
	}
	return "", &Error{Start: start, End: start + 1, Reason: "this quote is not closed"}
}

// quotedLeaf is what a quoted text asks for: a number when it is one.
func quotedLeaf(s string, start, end int) (Node, error) {
	if len(text.Tokens(s)) == 0 {
		return nil, &Error{Start: start, End: end, Reason: "there is no letter or digit between these quotes"}
	}
	if p, ok := asPhone(s); ok {
		return p, nil
	}
	return Phrase{s}, nil
}

// number returns the number that begins at the position, if one does.
func (l *lexer) number() (lexeme, bool) {
	if l.pos >= l.until {
		l.until = l.stretch(l.pos)
		l.numbers = nil
		if l.until > l.pos {
			l.numbers = numbersIn(l.src[l.pos:l.until])
			for i := range l.numbers {
				l.numbers[i].start += l.pos
				l.numbers[i].end += l.pos
			}
		}
	}
	for _, g := range l.numbers {
		if g.start == l.pos {
			l.pos = g.end
			return lexeme{leafKind, Phone{Text: string(l.src[g.start:g.end]), Numbers: g.numbers}, g.start, g.end}, true
		}
	}
	return lexeme{}, false
}

// stretch returns the end of the words and parentheses that begin at at, before
// the next quote, operator, negation, field or part of a number.
func (l *lexer) stretch(at int) int {
	for i, fresh := at, true; i < len(l.src); i++ {
		r := l.src[i]
		if isQuote(r) {
			return i
		}
		if isBreak(r) {
			fresh = true
			continue
		}
		if !fresh {
			continue
		}
		fresh = false
		word := l.word(i)
		_, op := operator(word)
		_, field := l.field(i)
		hyphen := r == '-' && len(word) > 1
		_, cut := part(word)
		if op || field || hyphen || cut {
			return i
		}
	}
	return len(l.src)
}
