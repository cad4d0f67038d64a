package crawl_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"vigil.example/internal/crawl"
)

// start runs a request of the given length on the pace and returns when it began.
func start(t *testing.T, p *crawl.Pace, host string, delay time.Duration, parallel int, length time.Duration) time.Time {
	done, err := p.Start(context.Background(), host, delay, parallel)
	if err != nil {
		t.Error(err)
		return time.Time{}
	}
	at := time.Now()
	time.Sleep(length)
	done()
	return at
}

func TestPace(t *testing.T) {
	for _, c := range []struct {
		name     string
		delay    time.Duration
		parallel int
		length   time.Duration
		want     []time.Duration // starts of four requests made at once
	}{
		{"quick requests start a delay apart", time.Second, 1, 10 * time.Millisecond, []time.Duration{0, 1e9, 2e9, 3e9}},
		{"slow requests wait for each other", time.Second, 1, 3 * time.Second, []time.Duration{0, 3e9, 6e9, 9e9}},
		{"two at once, still a delay apart", time.Second, 2, 5 * time.Second, []time.Duration{0, 1e9, 5e9, 6e9}},
		{"no delay", 0, 4, time.Second, []time.Duration{0, 0, 0, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, t0 := crawl.NewPace(), time.Now()
				starts := make(chan time.Duration, len(c.want))
				for range c.want {
					go func() { starts <- start(t, p, "a.example", c.delay, c.parallel, c.length).Sub(t0) }()
				}
				seen := map[time.Duration]int{}
				want := map[time.Duration]int{}
				for _, w := range c.want {
					seen[<-starts]++
					want[w]++
				}
				if diff := cmp.Diff(seen, want); diff != "" {
					t.Errorf("starts (-got +want):\n%s", diff)
				}
			})
		})
	}
}

func TestPaceHosts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, t0 := crawl.NewPace(), time.Now()
		start(t, p, "a.example", time.Hour, 1, 0)
		if at := start(t, p, "b.example", time.Hour, 1, 0); at != t0 {
			t.Errorf("one host waited %v for another", at.Sub(t0))
		}
		if got := p.Due("a.example"); got != time.Hour {
			t.Errorf("due in %v, want an hour", got)
		}
		if got := p.Due("c.example"); got != 0 {
			t.Errorf("a host never asked is due in %v", got)
		}
	})
}

func TestPaceCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, t0 := crawl.NewPace(), time.Now()
		start(t, p, "a.example", time.Minute, 1, 0)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if _, err := p.Start(ctx, "a.example", time.Minute, 1); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
		}
		if at := start(t, p, "a.example", time.Minute, 1, 0); at.Sub(t0) != time.Minute {
			t.Errorf("the turn that was given up was not given back: started after %v", at.Sub(t0))
		}
	})
}

func TestPacePause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, t0 := crawl.NewPace(), time.Now()
		start(t, p, "a.example", time.Second, 2, 0)
		waiting := make(chan time.Duration)
		go func() { waiting <- start(t, p, "a.example", time.Second, 2, 0).Sub(t0) }()
		synctest.Wait()
		p.Pause("a.example", time.Minute) // while one waits for its turn
		if got := <-waiting; got < time.Minute {
			t.Errorf("a request started after %v, in the pause", got)
		}
	})
}
