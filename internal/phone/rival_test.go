package phone

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestAlternatives looks for the readings that a careful reader would name second.
func TestAlternatives(t *testing.T) {
	for name, tc := range map[string]struct{ in, is, other string }{
		"a letter that is also a key":     {"call 912-555-O123", "+19125550123", "+19125556123"},
		"letters that are also keys":      {"call 912-555-SOLE", "+19125555013", "+19125557653"},
		"keys that also look like digits": {"call 912-555-CAFE", "+19125552233", "+19125552433"},
		"a letter like two digits":        {"call 912-555-b123", "+19125556123", "+19125558123"},
		"a word between two names":        {"call nine one two five five five zero fouve one two", "+19125550512", "+19125550412"},
		"two area codes on the page":      {"Area code 912. Rooms in the sun, quiet, clean. Call 555-0123 (or is it area code 404)", "+14045550123", "+19125550123"},
		"tens or a digit and tens":        {"text me on forty four, five fifty-five, oh one sixty-one", "+14045550161", "+14455501601"},
		"a hundred, or with what follows": {"call nine hundred and eighty-five, five hundred and fifty-five, zero one one zero",
			"+19855550110", "+19008550055"},
		"a trunk prefix, or a one left out": {"call 0 2 0 - 7 9 4 6 - 0 7 1 9", "+442079460719", "+12079460719"},
	} {
		t.Run(name, func(t *testing.T) {
			got := Read(tc.in, Options{})
			lawful(t, tc.in, got)
			if len(got) != 1 || got[0].E164 != tc.is {
				t.Fatalf("got %+v, want %s", got, tc.is)
			}
			var others []string
			for _, a := range got[0].Alternatives {
				others = append(others, a.E164)
			}
			if !slices.Contains(others, tc.other) {
				t.Errorf("got the alternatives %v, want %s among them", others, tc.other)
			}
		})
	}
}

func TestPlainNumbersHaveNoAlternatives(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for range 200 {
		s := "call " + pick(r, likely()[:4]...).write(r, national(r)) + " or " + pick(r, likely()[:4]...).write(r, national(r))
		for _, p := range Read(s, Options{}) {
			if len(p.Alternatives) > 0 {
				t.Errorf("%q: %v", s, p.Alternatives)
			}
		}
	}
}
