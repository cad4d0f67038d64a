package link

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"vigil.example/internal/ad"
)

// decided makes records of ads about which people decide: what an ad gives is
// another thing for every decision, and every content is read for each, those of
// older decisions some time or other. Left are the records that count.
func decided(r *rand.Rand) (records, left []*ad.Ad) {
	n := func(i int) string { return fmt.Sprintf("+1912555%04d", 100+i) }
	for i := range 80 {
		class, contents, newest := uint64(r.IntN(6)*10), 1+r.IntN(2), 0
		if r.IntN(2) == 0 {
			newest = 1 + r.IntN(3)
		}
		for d := range newest + 1 {
			for range contents {
				a := post(i, class)
				a.Decided = uint64(d)
				for range r.IntN(4) {
					a.Phones = append(a.Phones, ad.Phone{E164: n(r.IntN(25)), Confidence: .9})
				}
				records = append(records, a)
				if d == newest {
					left = append(left, a)
				}
			}
		}
	}
	return records, left
}

// Whatever the order in which records and decisions arrive, the partition is that
// of the newest readings; the changes tell of it, and reading anew in that order
// gives the same clusters under the same names.
func TestDecisionsInAnyOrder(t *testing.T) {
	cfg := Config{HubAds: 4, HubTexts: 4, HubMixed: 2, HubOthers: 9}
	split := 0
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 4))
		records, left := decided(r)
		want := byHand(cfg, left)
		for range 3 {
			l, again, s := New(cfg), New(cfg), state{}
			for _, a := range records {
				before := len(s)
				s.apply(l.Add(a))
				split += len(s) - before
			}
			if got := s.partition(); got != want {
				t.Fatalf("seed %d:\n got %s\nwant %s", seed, got, want)
			}
			for _, a := range records {
				again.Add(a)
			}
			one, other := state{}, state{}
			one.apply(l.Snapshot())
			other.apply(again.Snapshot())
			if fmt.Sprint(one) != fmt.Sprint(other) || one.partition() != want {
				t.Fatalf("seed %d: the snapshot of a linker that reads anew differs", seed)
			}
			r.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
		}
	}
	if split == 0 {
		t.Error("nothing ever moved")
	}
}

func TestDecisionTakesANumber(t *testing.T) {
	const one, other = "+19125550101", "+19125550102"
	at := func(a *ad.Ad, decided uint64) *ad.Ad { a.Decided = decided; return a }
	for _, tt := range []struct {
		name string
		ads  []*ad.Ad
		want string // of ads 1, 2 and 3: who is with whom
	}{
		{"what joined falls apart", []*ad.Ad{post(1, 1, one), post(2, 2, one), at(post(2, 2), 7)}, ""},
		{"another number joins elsewhere", []*ad.Ad{post(1, 1, one), post(2, 2, one), post(3, 3, other), at(post(2, 2, other), 7)}, "2 3"},
		{"an older reading that comes late says nothing", []*ad.Ad{post(1, 1, one), at(post(2, 2), 7), post(2, 2, one)}, ""},
		{"a decision that is taken back", []*ad.Ad{post(1, 1, one), post(2, 2, one), at(post(2, 2), 7), at(post(2, 2, one), 9)}, "1 2"},
		{"a bridge is taken away", []*ad.Ad{post(1, 1, one), post(2, 2, one, other), post(3, 3, other), at(post(2, 2, one), 7)}, "1 2"},
		{"the other content still gives it", []*ad.Ad{post(1, 1, one), post(2, 2, one), at(post(2, 2), 7), at(post(2, 2, one), 7)}, "1 2"},
		{"a directory that becomes one by a decision", []*ad.Ad{post(1, 1, one), post(2, 2, one), at(post(2, 2, many(60)...), 7)}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, s, got := New(Config{}), state{}, ""
			for _, a := range tt.ads {
				s.apply(l.Add(a))
			}
			for i := 1; i <= 3; i++ {
				for j := i + 1; j <= 3; j++ {
					if c := s[post(i, 1).AdID]; c != "" && c == s[post(j, 1).AdID] {
						got += fmt.Sprintf("%d %d", i, j)
					}
				}
			}
			if got != tt.want {
				t.Errorf("together %q, want %q", got, tt.want)
			}
		})
	}
}
