package pipeline

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"vigil.example/internal/ad"
)

// This file runs the steps of one batch: side by side, each within its limit, and
// never so that one that hangs or panics takes the others with it.

// errBack marks a message that no step has finished because the stage stops.
var errBack = errors.New("the stage is stopping")

type result struct {
	out []ad.Message
	err error
}

// A crew works through one batch.
type crew struct {
	*Stage
	stop    context.Context // ends: begin no more steps
	work    context.Context // ends: give up those under way
	msgs    []ad.Message
	outputs Outputs // that are stored already
	results []result
	next    atomic.Int64
	exits   chan *worker
}

// A worker is one goroutine of a crew. Whoever moves its place away from a
// message writes that message's result: the worker when the step has ended, or
// the crew when it ends no more.
type worker struct {
	place atomic.Int64 // index of its message + 1; 0 between two, -1 given up
	since atomic.Int64 // when its step began, since the crew did
}

// steps runs the step for every message and returns the results in their order.
func (s *Stage) steps(stop, work context.Context, msgs []ad.Message, outputs Outputs) []result {
	n := min(s.Config.Workers, len(msgs))
	if slices.ContainsFunc(msgs, s.suspect) {
		n = 1
	}
	c := &crew{Stage: s, stop: stop, work: work, msgs: msgs, outputs: outputs, results: make([]result, len(msgs)), exits: make(chan *worker, n)}
	began := time.Now()
	workers := make([]*worker, n)
	for i := range workers {
		workers[i] = new(worker)
		go c.run(workers[i], began)
	}
	patience := s.Config.Limit + s.Config.Limit/4 // beyond the limit: for a step to notice
	check := time.NewTimer(patience)
	defer check.Stop()
	drained := work.Done()
	for alive := n; alive > 0; {
		select {
		case <-c.exits:
			alive--
		case <-drained:
			drained = nil
			patience = 0
			check.Reset(grace)
		case <-check.C:
			for i, w := range workers {
				if !c.giveUp(w, time.Since(began)-patience) {
					continue
				}
				if patience == 0 {
					alive--
					continue
				}
				workers[i] = new(worker)
				go c.run(workers[i], began)
			}
			check.Reset(max(s.Config.Limit/4, grace))
		}
	}
	return c.results
}

// grace is what steps get to notice that their context has ended.
const grace = 500 * time.Millisecond

// giveUp leaves a worker whose step began before the given time to itself and
// reports whether it did. Its goroutine ends when its step does.
func (c *crew) giveUp(w *worker, before time.Duration) bool {
	i := w.place.Load()
	if i <= 0 || time.Duration(w.since.Load()) > before || !w.place.CompareAndSwap(i, -1) {
		return false
	}
	err := errBack
	if c.work.Err() == nil {
		err = fmt.Errorf("the step did not end within %v, nor when told to", c.Config.Limit)
		c.Log.Error("step hangs, left to itself", "stage", c.Name, "seq", c.msgs[i-1].Seq)
	}
	c.results[i-1] = result{err: err}
	return true
}

// turn is how long a worker runs before it lets others go first.
const turn = time.Millisecond

func (c *crew) run(w *worker, began time.Time) {
	t := term{limit: c.Config.Limit}
	defer t.end()
	now := time.Since(began)
	fair := now
	for i := c.next.Add(1); i <= int64(len(c.msgs)); i = c.next.Add(1) {
		if c.stop.Err() != nil {
			c.results[i-1] = result{err: errBack}
			continue
		}
		w.since.Store(int64(now))
		w.place.Store(i)
		r := c.step(t.context(c.work, now), c.msgs[i-1])
		was := now
		now = time.Since(began)
		if !w.place.CompareAndSwap(i, 0) {
			return // given up: another has taken the place
		}
		c.results[i-1] = r
		if c.Meter != nil {
			c.Meter.Step(c.Name, now-was)
		}
		// Who has waited for a processor goes first: the stages behind this one, mostly,
		// and the streams themselves. A crew would else keep all processors for 10 ms at a
		// time, at every hop of a message, and the last stage would be far behind the first.
		// Quick steps must not wait so for each message.
		if now-fair >= turn {
			runtime.Gosched()
			now = time.Since(began)
			fair = now
		}
	}
	c.exits <- w
}

// A term gives steps a context that ends at their limit. To make one is dear
// beside a quick step, so one serves as long as a small part of it is used up.
type term struct {
	limit  time.Duration
	made   time.Duration
	ctx    context.Context
	cancel context.CancelFunc
}

func (t *term) context(work context.Context, now time.Duration) context.Context {
	if t.ctx == nil || now-t.made > t.limit/8 {
		t.end()
		t.ctx, t.cancel = context.WithTimeout(work, t.limit)
		t.made = now
	}
	return t.ctx
}

func (t *term) end() {
	if t.cancel != nil {
		t.cancel()
	}
}

func (c *crew) step(ctx context.Context, m ad.Message) (r result) {
	defer func() {
		if p := recover(); p != nil {
			c.Log.Error("step panicked", "stage", c.Name, "seq", m.Seq, "panic", Fell(p), "stack", string(debug.Stack()))
			r = result{err: Permanent(fmt.Errorf("the program failed on it: %s", Fell(p)))}
		}
	}()
	if c.outputs.Done != nil && c.outputs.Done(m.Seq) {
		return result{err: Skip}
	}
	if c.suspect(m) {
		r = c.try(ctx, m)
	} else {
		r.out, r.err = c.Step(ctx, m)
	}
	if r.err != nil {
		return result{err: r.err}
	}
	if known := c.outputs.Known; known != nil {
		r.out = slices.DeleteFunc(r.out, func(o ad.Message) bool { return o.ID != "" && known(o.ID) })
	}
	seq := strconv.FormatUint(m.Seq, 10)
	for i := range r.out {
		if r.out[i].Header == nil {
			r.out[i].Header = make(map[string]string, 1)
		}
		if _, own := r.out[i].Header[SourceHeader]; !own {
			r.out[i].Header[SourceHeader] = seq
		}
	}
	return r
}

// Fell says what a piece of work panicked with, fit for logs and letters: a value
// of the program's own may quote what it worked on, so only what the runtime says is
// told, of others the type. The stack says the rest.
func Fell(p any) string {
	if e, ok := p.(runtime.Error); ok {
		return e.Error()
	}
	return fmt.Sprintf("a panic with %T", p)
}
