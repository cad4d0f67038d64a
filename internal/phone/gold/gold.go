// Package gold scores a reading of telephone numbers against ads that people
// labelled. A labelled ad and the numbers that were read in it come in, one pair
// after the other; precision, recall and F1 over pairs of ad and number, false
// numbers in ads that have none, and what a confidence is worth go out. It reads
// no ad itself, so that any reader can be scored.
package gold

import (
	"maps"
	"slices"

	"vigil.example/internal/ad"
)

// An Ad is a labelled ad, one line of a labelled file.
type Ad struct {
	ID     string   `json:"id"`
	Text   string   `json:"text"`
	Phones []string `json:"phones"` // the numbers a careful reader would dial, in E.164
	Family string   `json:"family"` // the way of writing, or the kind of decoy
}

// A Tally counts what was read in some ads.
type Tally struct {
	Ads       int `json:"ads"`
	Right     int `json:"right"`
	Wrong     int `json:"wrong"`
	Missed    int `json:"missed"`
	Free      int `json:"free"`       // ads that have no number
	WrongFree int `json:"wrong_free"` // numbers read in those
}

// Precision is the share of the numbers read that are right; 1 when none was read.
func (t Tally) Precision() float64 { return share(t.Right, t.Right+t.Wrong) }

// Recall is the share of the true numbers that were read; 1 when there is none.
func (t Tally) Recall() float64 { return share(t.Right, t.Right+t.Missed) }

// F1 is the harmonic mean of precision and recall.
func (t Tally) F1() float64 { return share(2*t.Right, 2*t.Right+t.Wrong+t.Missed) }

// FalsePerFree is how many numbers were read in an ad that has none.
func (t Tally) FalsePerFree() float64 {
	if t.Free == 0 {
		return 0
	}
	return float64(t.WrongFree) / float64(t.Free)
}

func share(n, of int) float64 {
	if of == 0 {
		return 1
	}
	return float64(n) / float64(of)
}

func (t *Tally) add(o Tally) {
	t.Ads += o.Ads
	t.Right += o.Right
	t.Wrong += o.Wrong
	t.Missed += o.Missed
	t.Free += o.Free
	t.WrongFree += o.WrongFree
}

// levels are the confidences that a Score looks at.
var levels = [...]float64{.5, .9, .99}

// A Level is what the numbers of at least some confidence are worth.
type Level struct {
	At    float64 // the least confidence
	Right int
	Wrong int
	True  int // all true numbers, read or not
}

// Precision is the share of the numbers at the level that are right.
func (l Level) Precision() float64 { return share(l.Right, l.Right+l.Wrong) }

// Share is the share of all true numbers that were read at the level.
func (l Level) Share() float64 { return share(l.Right, l.True) }

// A Family is the tally of the ads of one family.
type Family struct {
	Name string
	Tally
}

// A Score adds up labelled ads. The zero value is ready.
type Score struct {
	All      Tally
	families map[string]Tally
	right    [len(levels)]int
	wrong    [len(levels)]int
}

// Add takes in one labelled ad and what was read in it, and returns its tally. A
// number that was read twice counts once, at its highest confidence.
func (s *Score) Add(a Ad, read []ad.Phone) Tally {
	t := Tally{Ads: 1}
	got := make(map[string]float64, len(read))
	for _, p := range read {
		got[p.E164] = max(got[p.E164], p.Confidence)
	}
	count := func(to *[len(levels)]int, confidence float64) {
		for i, at := range levels {
			if confidence >= at {
				to[i]++
			}
		}
	}
	want := slices.Compact(slices.Sorted(slices.Values(a.Phones)))
	for _, n := range want {
		if c, ok := got[n]; ok {
			t.Right++
			count(&s.right, c)
			delete(got, n)
		} else {
			t.Missed++
		}
	}
	for _, c := range got {
		t.Wrong++
		count(&s.wrong, c)
	}
	if len(want) == 0 {
		t.Free, t.WrongFree = 1, t.Wrong
	}
	s.All.add(t)
	if s.families == nil {
		s.families = map[string]Tally{}
	}
	f := s.families[a.Family]
	f.add(t)
	s.families[a.Family] = f
	return t
}

// Families returns the tally of every family, in order of their names.
func (s *Score) Families() []Family {
	out := make([]Family, 0, len(s.families))
	for _, name := range slices.Sorted(maps.Keys(s.families)) {
		out = append(out, Family{name, s.families[name]})
	}
	return out
}

// Levels returns what confidences of .5, .9 and .99 are worth.
func (s *Score) Levels() []Level {
	out := make([]Level, len(levels))
	for i, at := range levels {
		out[i] = Level{At: at, Right: s.right[i], Wrong: s.wrong[i], True: s.All.Right + s.All.Missed}
	}
	return out
}
