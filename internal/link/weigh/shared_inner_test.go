package weigh

import (
	"math/rand/v2"
	"testing"
)

// Whatever part of what earlier texts of a batch say turns out to be of new units: where
// follows says that a text may be one of theirs, mayFollow has said so before.
func TestMayFollowMissesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 11))
	w, followed := &sharing{t: newTexts(0)}, 0
	w.t.parent, w.t.units = []int32{0}, []unit{{ads: 1}}
	for try := range 20_000 {
		w.said.clear()
		for x := range w.t.said {
			w.t.said[x].clear()
		}
		var d drawn
		for at := range int32(12) {
			s := spot{gram: r.Uint32(), at: at, rare: 2 + 14*r.Float32()}
			if r.IntN(4) == 0 {
				continue // the text has said it before
			}
			d.spots = append(d.spots, s)
			if r.IntN(3) == 0 {
				continue
			}
			w.said.add(s.gram)
			if r.IntN(3) > 0 {
				w.t.said[shardOf(s.gram)].say(w.t, s.gram, 0, true)
			}
		}
		if w.t.follows(d.spots, 0) {
			if followed++; !w.mayFollow(&d) {
				t.Fatalf("try %d: a text that follows another of its batch is not looked at again: %+v", try, d.spots)
			}
		}
	}
	if followed < 100 {
		t.Errorf("only %d texts follow another", followed)
	}
}
