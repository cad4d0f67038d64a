package query

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// String prints a as its parts side by side.
func (a And) String() string { return String(a) }

// String prints o as its parts with OR between them.
func (o Or) String() string { return String(o) }

// String prints n with a hyphen in front.
func (n Not) String() string { return String(n) }

// String prints w as typed.
func (w Word) String() string { return String(w) }

// String prints p in quotes.
func (p Phrase) String() string { return String(p) }

// String prints n in quotes with its distance.
func (n Near) String() string { return String(n) }

// String prints f with a tilde.
func (f Fuzzy) String() string { return String(f) }

// String prints p with a star.
func (p Prefix) String() string { return String(p) }

// String prints t as words of which any will do. Parse reads it as such.
func (t Terms) String() string { return String(t) }

// String prints p in quotes: a number in quotes is a number still.
func (p Phone) String() string { return String(p) }

// String prints f as name:value.
func (f Field) String() string { return String(f) }

// String prints n so that Parse gives an equal tree. Where words side by side
// would be read as something else than they were, each is printed as text:….
func String(n Node) string {
	var b strings.Builder
	printer{}.node(&b, n, false)
	if again, err := Parse(b.String()); err == nil && reflect.DeepEqual(again, n) {
		return b.String()
	}
	b.Reset()
	printer{literal: true, and: hasLoose(n)}.node(&b, n, false)
	return b.String()
}

// A printer writes trees. When literal is set, words and phrases are written as
// text:… so that nothing in them is taken for a number or an operator; and when and
// is, AND stands between parts, for words with a star or a tilde cannot be written so.
type printer struct{ literal, and bool }

func hasLoose(n Node) bool {
	switch n := n.(type) {
	case And:
		return slices.ContainsFunc(n.Of, hasLoose)
	case Or:
		return slices.ContainsFunc(n.Of, hasLoose)
	case Not:
		return hasLoose(n.Of)
	case Fuzzy, Prefix:
		return true
	}
	return false
}

// node writes n, in parentheses when it is a list and inner says that it stands
// within another.
func (p printer) node(b *strings.Builder, n Node, inner bool) {
	switch n := n.(type) {
	case And:
		sep := " "
		if p.and {
			sep = " AND "
		}
		p.list(b, n.Of, sep, inner)
	case Or:
		p.list(b, n.Of, " OR ", inner)
	case Not:
		b.WriteByte('-')
		p.node(b, n.Of, true)
	case Word:
		if p.literal {
			b.WriteString("text:")
		}
		b.WriteString(n.Text)
	case Phrase:
		if p.literal {
			b.WriteString("text:")
		}
		quote(b, n.Text)
	case Near:
		quote(b, n.Text)
		b.WriteByte('~')
		b.WriteString(strconv.Itoa(n.Within))
	case Fuzzy:
		b.WriteString(n.Text)
		b.WriteByte('~')
		if n.Edits > 1 {
			b.WriteString(strconv.Itoa(n.Edits))
		}
	case Prefix:
		b.WriteString(n.Text)
		b.WriteByte('*')
	case Terms:
		words := make([]Node, len(n.Of))
		for i, w := range n.Of {
			words[i] = Word{w}
		}
		p.list(b, words, " OR ", inner)
	case Phone:
		quote(b, n.Text)
	case Field:
		b.WriteString(n.Name)
		b.WriteByte(':')
		if bare(n.Text) && !n.own() {
			b.WriteString(n.Text)
		} else {
			quote(b, n.Text)
		}
	}
}

func (p printer) list(b *strings.Builder, of []Node, sep string, inner bool) {
	if inner {
		b.WriteByte('(')
	}
	for i, n := range of {
		if i > 0 {
			b.WriteString(sep)
		}
		p.node(b, n, true)
	}
	if inner {
		b.WriteByte(')')
	}
}

// bare says whether a field's value can stand without quotes.
func bare(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r == '\\' || r == '(' || r == ')' || isQuote(r) || unicode.IsSpace(r)
	})
}

func quote(b *strings.Builder, s string) {
	b.WriteByte('"')
	for _, r := range s {
		if r == '\\' || isQuote(r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	b.WriteByte('"')
}

// isQuote reports whether r opens or closes a phrase: word processors and phones
// put curly quotes where a person typed straight ones.
func isQuote(r rune) bool { return r == '"' || r == '“' || r == '”' || r == '„' }
