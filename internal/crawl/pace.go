package crawl

import (
	"context"
	"sync"
	"time"
)

// A Pace keeps the crawl gentle: per host a pause between the starts of two
// requests and a number of requests under way at once. It runs on the real
// clock and is safe for concurrent use.
type Pace struct {
	mu    sync.Mutex
	hosts map[string]*turns
}

type turns struct {
	slots chan struct{} // one element per request under way
	next  time.Time     // when the next request may start
	pause time.Time     // the host asked to be left alone until then
}

// NewPace makes a pace that has seen no host.
func NewPace() *Pace { return &Pace{hosts: map[string]*turns{}} }

// Start waits until a request to the host may start and returns what to call
// when it has ended. The next request starts no sooner than delay after this
// one; how many may be under way is fixed by the host's first call.
func (p *Pace) Start(ctx context.Context, host string, delay time.Duration, parallel int) (func(), error) {
	t := p.host(host, parallel)
	select {
	case t.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	done := sync.OnceFunc(func() { <-t.slots })
	for {
		start := p.reserve(t, delay)
		if err := until(ctx, start); err != nil {
			p.giveBack(t, start, delay)
			done()
			return nil, err
		}
		if !p.paused(t) { // while this one waited
			return done, nil
		}
	}
}

func until(ctx context.Context, start time.Time) error {
	wait := time.Until(start)
	if wait <= 0 {
		return nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (p *Pace) reserve(t *turns, delay time.Duration) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	start := time.Now()
	if t.next.After(start) {
		start = t.next
	}
	t.next = start.Add(delay)
	return start
}

func (p *Pace) paused(t *turns) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return t.pause.After(time.Now())
}

// giveBack returns a start that was not used, when nobody queued behind it.
func (p *Pace) giveBack(t *turns, start time.Time, delay time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t.next.Equal(start.Add(delay)) {
		t.next = start
	}
}

// Pause leaves a host that was asked before alone for at least d from now.
func (p *Pace) Pause(host string, d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.hosts[host]
	if t == nil {
		return
	}
	end := time.Now().Add(d)
	if end.After(t.pause) {
		t.pause = end
	}
	if end.After(t.next) {
		t.next = end
	}
}

// Due says how long it takes until the host may be asked again, 0 when it may
// be now. Requests already waiting are counted.
func (p *Pace) Due(host string) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.hosts[host]
	if t == nil {
		return 0
	}
	return max(0, time.Until(t.next))
}

func (p *Pace) host(host string, parallel int) *turns {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.hosts[host]
	if t == nil {
		t = &turns{slots: make(chan struct{}, max(1, parallel))}
		p.hosts[host] = t
	}
	return t
}
