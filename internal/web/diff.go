package web

import (
	"slices"
	"strings"
	"unicode"
)

// maxCells bounds the work of comparing two texts word by word.
const maxCells = 4_000_000

// diff compares two texts word by word: pieces of class gone stand only in the
// first, of class new only in the second. Texts too long to compare are shown one
// after the other.
func diff(from, to string) []Piece {
	a, b := words(from), words(to)
	var head, tail []string
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		head, a, b = append(head, a[0]), a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		tail, a, b = append(tail, a[len(a)-1]), a[:len(a)-1], b[:len(b)-1]
	}
	slices.Reverse(tail)
	var out []Piece
	add := func(class string, words ...string) {
		for _, w := range words {
			if k := len(out) - 1; k >= 0 && out[k].Class == class {
				out[k].Text += w
			} else {
				out = append(out, Piece{Text: w, Class: class})
			}
		}
	}
	add("", shortened(head, false)...)
	if len(a)*len(b) > maxCells {
		add("gone", a...)
		add("new", b...)
	} else {
		compare(a, b, add)
	}
	add("", shortened(tail, true)...)
	var safe []Piece
	for _, p := range joined(out) {
		safe = shown(safe, []rune(p.Text), p.Class, "")
	}
	return safe
}

// joined makes one change of changes that are parted by space only, so that one
// reads a phrase against a phrase and not word against word.
func joined(in []Piece) []Piece {
	var out []Piece
	var gone, fresh string
	flush := func() {
		if gone != "" {
			out = append(out, Piece{Text: gone, Class: "gone"})
		}
		if fresh != "" {
			out = append(out, Piece{Text: fresh, Class: "new"})
		}
		gone, fresh = "", ""
	}
	for i, p := range in {
		switch {
		case p.Class == "gone":
			gone += p.Text
		case p.Class == "new":
			fresh += p.Text
		case gone+fresh != "" && strings.TrimSpace(p.Text) == "" && i+1 < len(in):
			gone, fresh = gone+p.Text, fresh+p.Text
		default:
			flush()
			out = append(out, p)
		}
	}
	flush()
	return out
}

// compare adds the pieces of a longest common subsequence.
func compare(a, b []string, add func(class string, words ...string)) {
	width := len(b) + 1
	best := make([]int32, (len(a)+1)*width) // of a[i:] and b[j:]
	for i, x := range slices.Backward(a) {
		for j, y := range slices.Backward(b) {
			if x == y {
				best[i*width+j] = best[(i+1)*width+j+1] + 1
			} else {
				best[i*width+j] = max(best[(i+1)*width+j], best[i*width+j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		switch {
		case a[i] == b[j]:
			add("", a[i])
			i, j = i+1, j+1
		case best[(i+1)*width+j] >= best[i*width+j+1]:
			add("gone", a[i])
			i++
		default:
			add("new", b[j])
			j++
		}
	}
	add("gone", a[i:]...)
	add("new", b[j:]...)
}

// words cuts a text into words and the space between them.
func words(s string) []string {
	var out []string
	begin, space := 0, false
	for i, r := range s {
		if sp := unicode.IsSpace(r); i > 0 && sp != space {
			out = append(out, s[begin:i])
			begin, space = i, sp
		} else if i == 0 {
			space = sp
		}
	}
	if begin < len(s) {
		out = append(out, s[begin:])
	}
	return out
}

// shortened keeps of what did not change only the words next to the change.
func shortened(words []string, after bool) []string {
	const near = 24
	switch {
	case len(words) <= near:
		return words
	case after:
		return append(words[:near:near], " …")
	}
	return append([]string{"… "}, words[len(words)-near:]...)
}
