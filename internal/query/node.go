// Package query is the search language: it parses what a person types to a tree,
// prints the tree back, says in plain words what it asks, and judges whether one
// document matches. Every search, every saved search and every index means what
// Match says here. A string comes in; a tree, a verdict and spans go out. It
// never reads an index, and its errors name positions, never what was typed.
//
// The language, in short: words that must all appear, "a phrase", "close by"~5,
// wor* and word~ for words that begin so or are written nearly so, -not, OR, ( ),
// and fields such as phone:, lead:yes or seen:2026-01..2026-03. A run of words in
// which a telephone number can be read, in whatever form it is written, asks for
// that number or for those very words; *0123 asks for numbers that end so. No phrase
// crosses from one field of an ad into another.
package query

import "time"

// A Node is one node of a parsed query: And, Or, Not, Word, Phrase, Near, Fuzzy,
// Prefix, Phone or Field. Only Parse makes valid nodes, but for Terms, which Expand
// makes; equal queries have trees that are equal by reflect.DeepEqual.
type Node interface {
	// String prints the node so that Parse gives an equal tree.
	String() string
	node()
}

// And matches when all of its parts do. It has two parts or more.
type And struct{ Of []Node }

// Or matches when any of its parts does. It has two parts or more.
type Or struct{ Of []Node }

// Not matches when its part does not.
type Not struct{ Of Node }

// Word matches when its tokens stand side by side in one field of the ad's text.
// Most words are one token; "wi-fi" is two.
type Word struct{ Text string }

// Phrase matches when its tokens stand side by side in one field of the ad's text.
type Phrase struct{ Text string }

// Near matches when all of its tokens stand in the title, the body or the location
// of the ad, in any order, with at most Within tokens between the first and the
// last of them, whatever those are. A token that is there twice is asked for once.
type Near struct {
	Text   string // as typed between the quotes
	Within int    // 0 to MaxWithin
}

// Fuzzy matches when a token of the ad's text is that of Text, or becomes it by at
// most Edits letters put in, left out, changed or swapped with the next one. The
// first letter is the same.
type Fuzzy struct {
	Text  string // one token, as typed
	Edits int    // 1 or 2
}

// Prefix matches when a token of the ad's text begins with that of Text.
type Prefix struct{ Text string } // one token, as typed, without the star

// Terms matches when one of the folded tokens stands in the ad's text. Expand makes
// it, in place of Fuzzy and Prefix, for engines to look up.
type Terms struct{ Of []string }

// Phone matches when the ad carries one of the numbers, or one that Part is of, or
// when its text has the tokens of Text side by side, for numbers that the reader of
// numbers missed.
type Phone struct {
	Text    string   // as typed
	Numbers []string // E.164; several when the text can be read in several ways
	Part    Part     // in place of Numbers, when only the beginning or end is known
}

// Field matches when one named property of the document is as asked.
type Field struct {
	Name   string    // canonical name, one of Fields
	Text   string    // the value as typed
	Values []string  // normalised values, any of which will do; none for title, city and times
	Part   Part      // for phone, in place of Values, when only the beginning or end is known
	From   time.Time // for seen, first, last and posted: first instant asked for; zero when open
	To     time.Time // for seen, first, last and posted: first instant after; zero when open
}

func (And) node()    {}
func (Or) node()     {}
func (Not) node()    {}
func (Word) node()   {}
func (Phrase) node() {}
func (Near) node()   {}
func (Fuzzy) node()  {}
func (Prefix) node() {}
func (Terms) node()  {}
func (Phone) node()  {}
func (Field) node()  {}
