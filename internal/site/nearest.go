package site

import (
	"maps"
	"slices"
	"strings"
)

// nearest gives the known word most like the one written, or "" when none is
// alike: at most a third of its letters may be wrong, or one must begin the other.
func nearest[V any](word string, known map[string]V) string {
	best, cost := "", len(word)/3+1
	w := strings.ToLower(word)
	for _, k := range slices.Sorted(maps.Keys(known)) {
		c := edits(w, k)
		if short := min(len(w), len(k)); short >= 3 && (strings.HasPrefix(w, k) || strings.HasPrefix(k, w)) {
			c = 1
		}
		if c < cost || c == cost && best == "" {
			best, cost = k, c
		}
	}
	return best
}

// edits counts the letters to insert, drop, change or swap with a neighbour to
// make b of a.
func edits(a, b string) int {
	before, row := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next := make([]int, len(b)+1)
		next[0] = i
		for j := 1; j <= len(b); j++ {
			c := 1
			if a[i-1] == b[j-1] {
				c = 0
			}
			next[j] = min(row[j]+1, next[j-1]+1, row[j-1]+c)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}
