package weigh

import "math"

// What was copied has a border: one part of the text is in the other all over, the
// rest is not at all. What was edited or has drifted shares some of every part.

// An echo is a spot of a text that tells something: whether the other text says it, too,
// and how rare it is, in bits.
type echo struct {
	hit  bool
	rare float32
}

// borderMost is the share of the steps within a border that are hit, at most: edits
// are never ruled out.
const borderMost = 0.98

// border is the evidence, in bits, that what a text shares with another is one part of
// it, and nothing but chance outside, and not spread over all of it.
func border(steps []echo) float32 {
	hits := 0
	for _, s := range steps {
		if s.hit {
			hits++
		}
	}
	share := func(hits, of int) float32 { return min(borderMost, (float32(hits)+0.5)/float32(of+1)) }
	own := share(hits, len(steps))
	inside := min(borderMost, 1.5*own) // as a first guess
	best := float32(0)
	for range 2 {
		// Each is worth so much if it lies inside, and what is lost if it does
		// is the best run of differences.
		hit, miss := log2(inside/own), log2((1-inside)/(1-own))
		lone, rest := log2(own), log2(1-own)
		var all, run, most float32
		var from, to, start int
		for k, s := range steps {
			out, in := notBy[min(int(8*s.rare), len(notBy)-1)]-rest, miss
			if s.hit {
				out, in = -s.rare-lone, hit
			}
			all += out
			if run += in - out; run <= 0 {
				run, start = 0, k+1
			}
			if run > most {
				most, from, to = run, start, k+1
			}
		}
		best = all + most
		hits = 0
		for _, s := range steps[from:to] {
			if s.hit {
				hits++
			}
		}
		inside = share(hits, to-from)
	}
	return best / shingle // one word makes three steps
}

func log2(x float32) float32 { return float32(math.Log2(float64(x))) }

// notBy is the evidence of an echo that is not hit by chance, by eighths of its bits.
var notBy = func() (out [128]float32) {
	for i := range out {
		out[i] = log2(1 - powers[max(i, 1)])
	}
	return out
}()
