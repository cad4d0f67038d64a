package query

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"vigil.example/internal/text"
)

// An Error says where a query cannot be read, and why. It never holds what was
// typed: that may be a number, and errors end up in logs.
type Error struct {
	Start, End int    // code points of the query that are at fault; End may be one past the end
	Reason     string // for the person who typed it
	Instead    string // what was perhaps meant from Start to End, in words of the language; "" when nothing is near

	leaf Node // that stands for too many words, while its place is not known; see In
}

// Error says the reason and the place, counted from one.
func (e *Error) Error() string {
	return fmt.Sprintf("read query: character %d: %s", e.Start+1, e.Reason)
}

// Caret shows the place in the query: the query on one line, carets below. It
// is for the person who typed the query, not for logs.
func (e *Error) Caret(query string) string {
	var line, marks strings.Builder
	n := 0
	for _, r := range query {
		if unicode.IsSpace(r) || unicode.IsControl(r) {
			r = ' '
		}
		line.WriteRune(r)
		if n < e.Start {
			marks.WriteByte(' ')
		} else if n < e.End {
			marks.WriteByte('^')
		}
		n++
	}
	if e.Start >= n {
		marks.WriteString(strings.Repeat(" ", e.Start-n))
		marks.WriteByte('^')
	}
	return line.String() + "\n" + marks.String()
}

// Mended is the query with what was perhaps meant in place of what is at fault, ""
// when nothing is near.
func (e *Error) Mended(query string) string {
	r := []rune(query)
	if e.Instead == "" || e.Start > len(r) || e.End > len(r) {
		return ""
	}
	return string(r[:e.Start]) + e.Instead + string(r[e.End:])
}

// nearest returns the known name that s is most likely a slip of, "" when none is
// near.
func nearest(s string, known []string) string {
	best, at := "", 3
	for _, k := range known {
		if d := distance(s, k); d < at && d < len(k) {
			best, at = k, d
		}
	}
	return best
}

// distance counts the letters to insert, drop, change or swap to make b of a.
func distance(a, b string) int { return steps([]rune(a), []rune(b)) }

// steps is the same of runes, by rows: row i is of the first i of a.
func steps(a, b []rune) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d := min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, before[j-2]+1)
			}
			row[j] = d
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

// AsText is a query for the very words of s, side by side, whatever signs of the
// language stand between them: for a title or a line that was pasted and is no
// query. It is "" when there is no word in s, or it is too long.
func AsText(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if n := utf8.RuneCountInString(s); len(text.Tokens(s)) == 0 || n > MaxRunes {
		return ""
	}
	var b strings.Builder
	printer{literal: true}.node(&b, Phrase{strings.Join(strings.Fields(s), " ")}, false)
	return b.String()
}
