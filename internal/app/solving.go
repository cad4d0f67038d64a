package app

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/link"
	"vigil.example/internal/pipeline"
)

// This file has the linker find who is behind all ads, in rounds beside the stream.
// A round takes time in proportion to all ads, so it does not follow every ad: it
// waits until the stream is quiet for a while, or until enough has come.

// toldAtOnce is how many moves are told at once: the stream waits for no more.
const toldAtOnce = 500

// A round takes as much memory again as the ads do, and a start leaves behind what it
// read. Of so many ads that is given back to the machine at once: the collector alone
// keeps it for as long as it stays below its limit.
const (
	manyAds   = 20_000
	afterRead = 10 * time.Second // of a start, which has more urgent things to do
)

// solve begins a round whenever one is due, until ctx ends.
func (l *linker) solve(ctx context.Context) error {
	var p link.Tempo
	t := time.NewTicker(50 * time.Millisecond)
	defer t.Stop()
	read := time.NewTimer(afterRead)
	defer read.Stop()
	decided := l.shown.Load().Decided
	for first := !l.settled; ; first = false {
		if now := l.a.bonds.Position(); now != decided || first {
			decided = now
			l.mu.Lock()
			l.l.Decide(link.Decided(l.a.bonds.Standing()))
			l.mu.Unlock()
		}
		l.mu.Lock()
		due := p.Due(time.Now(), l.came, l.l.Changed(), l.l.Len())
		l.mu.Unlock()
		if due {
			if err := l.round(ctx, &p, decided); err != nil || ctx.Err() != nil {
				return err
			}
			l.giveBack()
		}
		select {
		case <-ctx.Done():
			return nil
		case <-read.C:
			l.giveBack()
		case <-t.C:
		}
	}
}

// giveBack returns memory to the machine, unless so much comes that it is soon needed.
func (l *linker) giveBack() {
	l.mu.Lock()
	ads, changed := l.l.Len(), l.l.Changed()
	l.mu.Unlock()
	if ads >= manyAds && changed < ads/100 {
		debug.FreeOSMemory()
	}
}

// resume goes on from what was read. When all of it was solved under the decisions that
// stand, no round is due. It is called before anything else works on l.
func (l *linker) resume() {
	now := l.a.bonds.Position()
	l.settled = l.settled && !l.anew && l.at.Decided == now
	l.l.Resume(link.Decided(l.a.bonds.Standing()), l.settled)
	if !l.settled {
		l.at.Solved, l.at.Decided = 0, 0
	}
}

// round finds who is behind all ads that came so far, and tells what differs.
func (l *linker) round(ctx context.Context, p *link.Tempo, decided uint64) error {
	l.mu.Lock()
	r, upTo := l.l.Begin(), l.at.UpTo
	l.mu.Unlock()
	r.Share(l.sharer.share(ctx))
	began := time.Now()
	solved := make(chan error, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				solved <- fmt.Errorf("find who is behind ads: the program failed: %s", pipeline.Fell(p))
			}
		}()
		r.Solve()
		solved <- nil
	}()
	select {
	case err := <-solved:
		if err != nil {
			return err
		}
	case <-ctx.Done():
		select { // it ends by itself, and nobody needs what it finds
		case err := <-solved:
			return err
		case <-time.After(5 * time.Second):
		}
		return nil
	}
	*p = link.Tempo{Took: time.Since(began), Ended: time.Now(), Ads: r.Len()}
	l.a.counted.round(p.Ads, p.Took)
	for more := true; more; {
		var err error
		if more, err = l.tell(ctx, r, upTo, decided); err != nil {
			return err
		}
	}
	return nil
}

// tell publishes one part of what a round has found.
func (l *linker) tell(ctx context.Context, r *link.Round, upTo, decided uint64) (more bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changes, more = l.l.Tell(r, time.Now(), toldAtOnce)
	whole := l.anew && !more
	l.hold(l.at.UpTo)
	if whole { // the last message says so, even when it has nothing else to say
		l.anew = false
		l.held = append(l.held, l.message(linkSubject, ad.LinkChange{}, l.at.UpTo, len(l.held)))
	}
	if err := l.store(ctx); err != nil {
		return false, err
	}
	if !more {
		l.at.Solved, l.at.Decided = upTo, decided
		if l.l.Changed() == 0 {
			l.at.Solved = l.at.UpTo
		}
		l.show()
	}
	l.keepState()
	return more, nil
}
