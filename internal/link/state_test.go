package link

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/ad"
	"vigil.example/internal/link/weigh"
	"vigil.example/internal/link/weigh/invent"
)

// inventedAds are ads of the generator as the linker takes them.
func inventedAds(t testing.TB, c invent.Config) (out []*ad.Ad) {
	t.Helper()
	for _, g := range invent.Ads(c) {
		out = append(out, asCrawled(g.Ad))
	}
	return out
}

// held is what a linker holds, whatever order it keeps it in.
func held(l *Linker) string {
	var b bytes.Buffer
	for n := range l.at {
		var values []string
		l.s.Values(int32(n), func(kind, name string) { values = append(values, kind+" "+name) })
		slices.Sort(values)
		fmt.Fprintln(&b, l.s.ID(int32(n)), l.name(int32(n)), l.at[n], l.readings[n], values)
	}
	for _, c := range l.clusters {
		fmt.Fprintln(&b, c)
	}
	var hubs []string
	for _, h := range l.hubs {
		hubs = append(hubs, fmt.Sprint(h))
	}
	slices.Sort(hubs)
	fmt.Fprintln(&b, hubs)
	return b.String()
}

// What is written of a linker while it works is read back as it was at each moment,
// and goes on to the same clusters with the same names.
func TestStateIsReadBack(t *testing.T) {
	ads := inventedAds(t, invent.Config{Seed: 41, Ads: 900, Hostile: .01})
	r := rand.New(rand.NewPCG(41, 1))
	l := New(Config{})
	l.Keep()
	var parts [][]byte
	for k, a := range ads {
		l.Add(a)
		if r.IntN(9) == 0 { // seen once more, with a number more
			more := *ads[r.IntN(k+1)]
			more.Phones = append(slices.Clone(more.Phones), ad.Phone{E164: number(r.IntN(90)), Confidence: .9})
			more.Body += " and more"
			l.Add(&more)
		}
		if k%200 == 199 {
			if k == 599 {
				l.Decide(&weigh.Decisions{Cannot: [][2]string{{ads[0].AdID, ads[1].AdID}}})
			}
			l.Solve(noon)
		}
		if k%50 != 49 && k != len(ads)-1 {
			continue
		}
		parts = append(parts, l.Changes(nil))
		back := New(Config{})
		for _, p := range parts {
			if err := back.Restore(p); err != nil {
				t.Fatalf("after %d ads: %v", k+1, err)
			}
		}
		if d := cmp.Diff(held(back), held(l)); d != "" {
			t.Fatalf("after %d ads (-read back +was):\n%.2000s", k+1, d)
		}
		if back.Outdated() == 0 != (l.Outdated() == 0) || max(back.Outdated(), l.Outdated()) > min(back.Outdated(), l.Outdated())*11/10 {
			t.Fatalf("after %d ads: of what was written %d bytes are outdated, of what was read %d", k+1, l.Outdated(), back.Outdated())
		}
		outdated := l.Outdated()
		again := New(Config{})
		err := l.Whole(70, func(part []byte, _ bool) error { return again.Restore(part) })
		if d := cmp.Diff(held(again), held(l)); d != "" || err != nil {
			t.Fatalf("whole, after %d ads: %v (-read back +was):\n%.2000s", k+1, err, d)
		}
		if l.Outdated() != 0 {
			t.Fatalf("%d bytes of what was just written are outdated", l.Outdated())
		}
		l.outdated = outdated // the parts are gone on with
	}
	back := New(Config{})
	for _, p := range parts {
		if err := back.Restore(p); err != nil {
			t.Fatal(err)
		}
	}
	decided := &weigh.Decisions{Cannot: [][2]string{{ads[0].AdID, ads[1].AdID}}}
	back.Resume(decided, true)
	if n := back.Changed(); n != 0 {
		t.Errorf("%d changes wait for a round that was held already", n)
	}
	want, got := l.Solve(noon), back.Solve(noon)
	if d := cmp.Diff(got, want); d != "" {
		t.Errorf("the next round (-read back +was):\n%.2000s", d)
	}
	if d := cmp.Diff(back.Snapshot(), l.Snapshot()); d != "" {
		t.Errorf("after the next round (-read back +was):\n%.2000s", d)
	}
}

// FuzzRestore: bytes that nobody wrote are refused or read, and never bring it down.
func FuzzRestore(f *testing.F) {
	l := New(Config{})
	l.Keep()
	for i := range 6 {
		l.Add(post(i, i%3, number(i%2)))
	}
	l.Solve(noon)
	f.Add(l.Changes(nil))
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, part []byte) {
		back := New(Config{})
		if back.Restore(part) != nil {
			return
		}
		again := New(Config{})
		if err := back.Whole(3, func(part []byte, _ bool) error { return again.Restore(part) }); err != nil {
			t.Fatalf("what was read is not read again: %v", err)
		}
		if d := cmp.Diff(held(again), held(back)); d != "" {
			t.Fatal(d)
		}
		back.Solve(noon)
	})
}

// An ad over which the program failed while it was read shifts nothing: those that come
// behind it keep their own readings, and it is read when it comes again.
func TestReadAfterAFailure(t *testing.T) {
	l := New(Config{})
	one := func(id string, day int) *ad.Ad {
		a := &ad.Ad{}
		a.AdID, a.Site, a.Title, a.SeenAt = id, "town", "piano lessons "+id, time.Date(2026, 3, day, 0, 0, 0, 0, time.UTC)
		return a
	}
	l.Read(one("a", 1))
	now, _ := l.asRead(one("b", 2))
	l.s.Put(now) // and then it failed
	for again := range 2 {
		l.Read(one("c", 3))
		for _, id := range []string{"a", "c"} {
			n, _ := l.s.Number(id)
			if _, want := l.asRead(one(id, map[string]int{"a": 1, "c": 3}[id])); l.readings[n] != want {
				t.Errorf("%d: ad %s is read as %+v, want %+v", again, id, l.readings[n], want)
			}
		}
		if len(l.at) != l.Len() || len(l.readings) != l.Len() {
			t.Errorf("%d: %d places and %d readings of %d ads", again, len(l.at), len(l.readings), l.Len())
		}
		l.Read(one("b", 2))
	}
	now, _ = l.asRead(one("d", 4))
	l.s.Put(now)
	if n, changed := l.Read(one("d", 4)); !changed || len(l.at) != 4 || l.readings[n].day == 0 {
		t.Errorf("the newest, read again: %v, %d places", changed, len(l.at))
	}
}
