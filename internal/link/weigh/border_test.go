package weigh

import (
	"math/rand/v2"
	"testing"
)

// echoes makes the steps of a text of which some are hit, at random and each with the
// chance that its place gives.
func echoes(r *rand.Rand, n int, chance func(k int) float64) []echo {
	out := make([]echo, n)
	for k := range out {
		out[k] = echo{r.Float64() < chance(k), 6}
	}
	return out
}

func TestBorderTellsACopyFromAnEdit(t *testing.T) {
	const texts, n = 400, 80
	r := rand.New(rand.NewPCG(3, 1))
	for _, c := range []struct {
		name     string
		chance   func(k int) float64
		from, to int // of so many texts that have a border
	}{
		{"edited a little", func(int) float64 { return .9 }, 0, 8},
		{"edited heavily", func(int) float64 { return .45 }, 0, 8},
		{"a sentence is new", func(k int) float64 { return map[bool]float64{true: .02, false: .85}[k >= 30 && k < 36] }, 0, 20},
		{"half is copied", func(k int) float64 { return map[bool]float64{true: .95, false: .02}[k >= 25 && k < 65] }, texts, texts},
		{"half of a text that is edited", func(k int) float64 { return map[bool]float64{true: .6, false: .02}[k < 40] }, texts * 9 / 10, texts},
	} {
		got := 0
		for range texts {
			if border(echoes(r, n, c.chance)) >= patience {
				got++
			}
		}
		if got < c.from || got > c.to {
			t.Errorf("%s: %d of %d texts have a border, want %d to %d", c.name, got, texts, c.from, c.to)
		}
	}
	if b := border(nil); b >= patience {
		t.Errorf("a text that says nothing has a border of %.1f bits", b)
	}
}
