package query

import (
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strings"
)

// MaxExpanded is how many words of an index one Fuzzy or Prefix may stand for.
const MaxExpanded = 1000

// Expand puts Terms in place of every Fuzzy and Prefix: the words that they stand
// for among those of an index, which words gives by how they begin. Engines call it
// before they look a query up, so that they all find the same. A leaf that stands
// for more than MaxExpanded words is an *Error.
func Expand(n Node, words func(prefix string) iter.Seq2[string, error]) (Node, error) {
	switch n := n.(type) {
	case And:
		of, err := expandAll(n.Of, words)
		return And{of}, err
	case Or:
		of, err := expandAll(n.Of, words)
		return Or{of}, err
	case Not:
		of, err := Expand(n.Of, words)
		return Not{of}, err
	case Fuzzy:
		return stands(n, n.Prefix(), n.Is, words)
	case Prefix:
		return stands(n, n.Token(), func(t string) bool { return strings.HasPrefix(t, n.Token()) }, words)
	}
	return n, nil
}

func expandAll(of []Node, words func(string) iter.Seq2[string, error]) ([]Node, error) {
	out := make([]Node, len(of))
	for i, n := range of {
		var err error
		if out[i], err = Expand(n, words); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// stands returns the words that a leaf stands for.
func stands(leaf Node, prefix string, is func(string) bool, words func(string) iter.Seq2[string, error]) (Node, error) {
	var t Terms
	if prefix == "" {
		return t, nil
	}
	count := 0
	for w, err := range words(prefix) {
		if err != nil {
			return nil, err
		}
		if !is(w) {
			continue
		}
		if count++; count <= MaxExpanded {
			t.Of = append(t.Of, w)
		}
	}
	if count > MaxExpanded {
		reason := "this stands for %d words of the ads, more than the %d that can be asked for at once; give more of its letters"
		return nil, &Error{Start: 0, End: 1, Reason: fmt.Sprintf(reason, count, MaxExpanded), leaf: leaf}
	}
	slices.Sort(t.Of)
	return t, nil
}

// In is e with the place in the query where the leaf that it is about stands, for an
// error that Expand gave.
func (e *Error) In(query string) *Error {
	if e.leaf == nil {
		return e
	}
	l := lexer{src: []rune(query)}
	for {
		x, err := l.next()
		if err != nil || x.kind == endKind {
			return e
		}
		if x.kind == leafKind && reflect.DeepEqual(x.leaf, e.leaf) {
			found := *e
			found.Start, found.End = x.start, x.end
			return &found
		}
	}
}
