package searchtest

import (
	"math/rand/v2"
	"testing"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/search"
)

// decided: whatever the order in which two contents of an ad, their sightings and
// readings for several decisions arrive, and however often, each content shows the
// reading that knew most, is found by it alone, and was seen as often as it was.
func decided(t *testing.T, open Open) {
	m := newMaker(16)
	one, other := m.listing(1), m.listing(1)
	other.Body += " Moved."
	other.Seal()
	numbers := []string{"+12025550170", "+12025550171", "+12025550172"}
	var changes []search.Change
	for i, l := range []ad.Ad{one, other} {
		for hours := range 3 {
			v := see(l, epoch.Add(time.Duration(10*i+hours)*time.Hour))
			for d := range len(numbers) {
				if hours == 2 && d < 2 { // seen when all was decided
					continue
				}
				r := *v
				r.Decided = uint64(7 * d)
				r.Phones = []ad.Phone{{E164: numbers[d], Span: ad.Span{Field: "title"}, Confidence: .9}}
				changes = append(changes, search.Change{Version: &r})
			}
		}
	}
	r := rand.New(rand.NewPCG(5, 5))
	var first []ad.Document
	for round := range 12 {
		x := fresh(t, open)
		r.Shuffle(len(changes), func(i, j int) { changes[i], changes[j] = changes[j], changes[i] })
		for i := range changes {
			changes[i].Seq = uint64(i + 1)
		}
		apply(t, x, 1+r.IntN(len(changes)), changes)
		apply(t, x, 4, changes)
		docs := dump(t, x)
		if round == 0 {
			first = docs
		}
		same(t, "documents", docs, first)
		for _, d := range docs {
			same(t, "sightings of a content", d.Sightings, 3)
			same(t, "the reading that is shown", d.Ad.Phones[0].E164, numbers[2])
		}
		for i, n := range []int{0, 0, 2} {
			same(t, "contents with the number "+numbers[i], len(find(t, x, parse(t, "phone:"+numbers[i][2:]), "")), n)
		}
		ids, err := x.ByValue(t.Context(), ad.Value{Kind: "phone", Value: numbers[0]}, 10)
		if err != nil || len(ids) != 0 {
			t.Errorf("ads with what was read at first: %v, %v", ids, err)
		}
	}
}
