package weigh

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// What is coded is read back, and so is what is left of it, whatever length a word's
// number has and also when a lexicon takes no more.
func TestCodedTextIsReadBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var x lexicon
	var buf []byte
	for _, known := range []int{0, codes1 - 3, codes2 - 3, codesMost - 3} {
		for n := len(x.words); n < known; n++ {
			_, buf = x.code([]uint32{uint32(n) * 2654435761}, buf)
		}
		for range 50 {
			ws := make([]uint32, r.IntN(maxWords))
			for i := range ws {
				ws[i] = r.Uint32()
				if k := r.IntN(i + 1); r.IntN(3) == 0 {
					ws[i] = ws[k] // said before
				}
				if len(x.words) > 0 && r.IntN(3) == 0 {
					ws[i] = x.words[r.IntN(len(x.words))]
				}
			}
			var text coded
			text, buf = x.code(ws, buf)
			snapshot := lexicon{words: slices.Clip(x.words)}
			if got := snapshot.read(nil, text); !slices.Equal(got, ws) || text.words() != len(ws) {
				t.Fatalf("with %d words known: got %v, want %v", known, got, ws)
			}
			var some []uint32
			for _, w := range ws {
				if r.IntN(2) == 0 {
					some = append(some, w)
				}
			}
			var left coded
			left, buf = snapshot.left(text, some, buf)
			if got := snapshot.read(nil, left); !slices.Equal(got, some) {
				t.Fatalf("with %d words known, what is left: got %v, want %v", known, got, some)
			}
		}
	}
	if len(x.words) != codesMost {
		t.Errorf("%d words have a number, want %d", len(x.words), codesMost)
	}
}

func TestNumbersOfNames(t *testing.T) {
	names := []string{}
	name := func(n int32) string { return names[n] }
	x := newNumbers()
	r := rand.New(rand.NewPCG(3, 4))
	want := map[string]int32{}
	for range 20_000 {
		s := string(rune('a'+r.IntN(26))) + string(rune(r.IntN(1000)))
		n, ok := x.of(s, name)
		if is, there := want[s]; there != ok || ok && n != is {
			t.Fatalf("%q has %d, %v, want %d, %v", s, n, ok, is, there)
		}
		if !ok {
			want[s] = x.put(s, name)
			names = append(names, s)
		}
	}
	for s, n := range want {
		if is, ok := x.of(s, name); !ok || is != n {
			t.Fatalf("%q has %d, %v, want %d", s, is, ok, n)
		}
	}
}
