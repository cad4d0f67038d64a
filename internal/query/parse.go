package query

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// What a query may be at most: enough for any person, little enough that no
// query can occupy an index.
const (
	MaxRunes  = 4000 // code points of words and values; operators and quotes are extra
	MaxLeaves = 128  // words, phrases, numbers and fields
	maxDepth  = 32   // parentheses and hyphens within one another
)

const tooLong = "the query is too long"

// Parse reads a query. The error is an *Error.
func Parse(s string) (Node, error) {
	src := []rune(s)
	s = string(src) // bytes that are no UTF-8 become U+FFFD
	if len(src) > 4*MaxRunes {
		return nil, &Error{Start: 4 * MaxRunes, End: len(src), Reason: tooLong}
	}
	if n, ok := wholeNumber(s); ok && size(n) <= MaxRunes {
		return n, nil
	}
	p := parser{lex: lexer{src: src}}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.at.kind == endKind {
		return nil, &Error{Start: 0, End: max(1, len(src)), Reason: "there is nothing to search for"}
	}
	n, err := p.or(0)
	if err != nil {
		return nil, err
	}
	if p.at.kind == closeKind {
		return nil, &Error{Start: p.at.start, End: p.at.end, Reason: "this parenthesis closes nothing"}
	}
	return n, nil
}

// wholeNumber reads a query that is one number in whatever form and nothing else,
// but for the words that are copied along with numbers.
func wholeNumber(s string) (n Node, ok bool) {
	s = strings.TrimFunc(s, unicode.IsSpace)
	if s == "" || s[0] == '-' || strings.ContainsFunc(s, isQuote) {
		return nil, false
	}
	for w := range strings.FieldsSeq(s) {
		if _, op := operator(w); op {
			return nil, false
		}
	}
	if n, ok := asPhone(s); ok {
		return n, true
	}
	return labelled(s)
}

// A parser reads lexemes by recursive descent, one ahead.
type parser struct {
	lex    lexer
	at     lexeme
	leaves int
	runes  int
}

func (p *parser) advance() (err error) {
	p.at, err = p.lex.next()
	return err
}

// or reads parts with OR between them.
func (p *parser) or(depth int) (Node, error) {
	var of []Node
	for {
		n, err := p.and(depth)
		if err != nil {
			return nil, err
		}
		if o, ok := n.(Or); ok {
			of = append(of, o.Of...)
		} else {
			of = append(of, n)
		}
		if p.at.kind != orKind {
			break
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
	if len(of) == 1 {
		return of[0], nil
	}
	return Or{of}, nil
}

// and reads parts side by side; AND may stand between them.
func (p *parser) and(depth int) (Node, error) {
	var of []Node
	for {
		n, err := p.unary(depth)
		if err != nil {
			return nil, err
		}
		if a, ok := n.(And); ok {
			of = append(of, a.Of...)
		} else {
			of = append(of, n)
		}
		if p.at.kind == andKind {
			if err := p.advance(); err != nil {
				return nil, err
			}
			continue
		}
		if p.at.kind != leafKind && p.at.kind != notKind && p.at.kind != openKind {
			break
		}
	}
	if len(of) == 1 {
		return of[0], nil
	}
	return And{of}, nil
}

// unary reads one leaf, or what stands in parentheses, perhaps negated.
func (p *parser) unary(depth int) (Node, error) {
	at := p.at
	if depth > maxDepth {
		return nil, &Error{Start: at.start, End: at.end, Reason: "too many parentheses and hyphens within one another"}
	}
	if at.kind == endKind || at.kind == closeKind || at.kind == andKind || at.kind == orKind {
		return nil, &Error{Start: at.start, End: at.end, Reason: "a word, a number or a phrase is missing here"}
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	switch at.kind {
	case notKind:
		n, err := p.unary(depth + 1)
		return Not{n}, err
	case openKind:
		n, err := p.or(depth + 1)
		if err != nil {
			return nil, err
		}
		if p.at.kind != closeKind {
			return nil, &Error{Start: at.start, End: at.end, Reason: "this parenthesis is not closed"}
		}
		return n, p.advance()
	default:
		p.leaves += weight(at.leaf)
		if p.leaves > MaxLeaves {
			return nil, &Error{Start: at.start, End: at.end, Reason: "the query asks for too many things"}
		}
		if p.runes += size(at.leaf); p.runes > MaxRunes {
			return nil, &Error{Start: at.start, End: at.end, Reason: tooLong}
		}
		return at.leaf, nil
	}
}

// weight is how many things a leaf asks for: a number with unknown digits may be
// hundreds, which an index looks up faster than words; so may a word be.
func weight(leaf Node) int {
	const partial = 8
	switch n := leaf.(type) {
	case Fuzzy, Prefix:
		return partial
	case Phone:
		if !n.Part.None() {
			return partial
		}
		return max(1, len(n.Numbers)/10)
	case Field:
		if !n.Part.None() {
			return partial
		}
		return max(1, len(n.Values)/10)
	}
	return 1
}

// size counts the code points of a leaf. It is the same however the leaf is
// printed, so that what could be parsed can be parsed again.
func size(leaf Node) int {
	switch n := leaf.(type) {
	case Word:
		return utf8.RuneCountInString(n.Text)
	case Phrase:
		return utf8.RuneCountInString(n.Text)
	case Near:
		return utf8.RuneCountInString(n.Text)
	case Fuzzy:
		return utf8.RuneCountInString(n.Text)
	case Prefix:
		return utf8.RuneCountInString(n.Text)
	case Phone:
		return utf8.RuneCountInString(n.Text)
	case Field:
		return utf8.RuneCountInString(n.Text)
	}
	return 0
}
