package link

import (
	"testing"
	"time"
)

func TestTempo(t *testing.T) {
	ended := time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)
	p := Tempo{Took: time.Second, Ended: ended, Ads: 1000}
	for _, c := range []struct {
		what         string
		p            Tempo
		since, quiet time.Duration // the last round, the last ad
		changed, ads int
		want         bool
	}{
		{"nothing has come", p, time.Hour, time.Hour, 0, 1000, false},
		{"there was no round", Tempo{}, 0, 0, 1, 1, true},
		{"half as many again came, at once", p, 2 * time.Second, 0, 500, 1500, false},
		{"half as many again came", p, 3 * time.Second, 0, 500, 1500, true},
		{"fewer came", p, 3 * time.Second, 0, 400, 1400, false},
		{"fewer came, and then none", p, 5 * time.Second, 4 * time.Second, 1, 1001, true},
		{"ads keep coming", p, 19 * time.Second, 0, 400, 1400, false},
		{"ads keep coming for long", p, 20 * time.Second, 0, 400, 1400, true},
		{"a quick round, ads keep coming", Tempo{Took: time.Millisecond, Ended: ended, Ads: 1000}, time.Second, 0, 1, 1001, false},
		{"a quick round, a pause", Tempo{Took: time.Millisecond, Ended: ended, Ads: 1000}, time.Second, 200 * time.Millisecond, 1, 1001, true},
	} {
		now := ended.Add(c.since)
		if got := c.p.Due(now, now.Add(-c.quiet), c.changed, c.ads); got != c.want {
			t.Errorf("%s: due %t, want %t", c.what, got, c.want)
		}
	}
}
