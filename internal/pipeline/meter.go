package pipeline

import (
	"sync/atomic"
	"time"

	"vigil.example/internal/ad"
)

// A Meter is told what stages do. It is called from several goroutines, for
// every message, so it must be quick.
type Meter interface {
	// Waited is called per message: how long it lay in the stream before it was taken.
	Waited(stage string, d time.Duration)
	// Step is called per message: how long its step ran.
	Step(stage string, d time.Duration)
	// Batch is called when the effects of a batch are durable and acknowledged.
	Batch(stage string, messages int, d time.Duration)
	// Count is called when n messages came to the given end.
	Count(stage string, e End, n int)
}

// An End says what became of messages.
type End string

// The ends. Every message taken comes to one of the first six; Out counts what
// the steps made of them.
const (
	Done    End = "done"    // its outputs are stored
	Skipped End = "skipped" // its outputs were stored before, or it is no item
	Retried End = "retried" // given back, to be tried again later
	Dead    End = "dead"    // a dead letter
	Back    End = "back"    // given back untried or unfinished, because the stage stopped
	Late    End = "late"    // dropped: others may have it
	Out     End = "out"     // an output
)

// Counts says what a stage has done since it was made.
type Counts struct {
	In      uint64 `json:"in"`
	Done    uint64 `json:"done"`
	Skipped uint64 `json:"skipped"`
	Retried uint64 `json:"retried"`
	Dead    uint64 `json:"dead"`
	Back    uint64 `json:"back"`
	Late    uint64 `json:"late"`
	Out     uint64 `json:"out"`
}

// A tally counts for one stage and tells its meter, if there is one.
type tally struct{ in, done, skipped, retried, dead, back, late, out atomic.Uint64 }

func (t *tally) read() Counts {
	return Counts{t.in.Load(), t.done.Load(), t.skipped.Load(), t.retried.Load(), t.dead.Load(), t.back.Load(), t.late.Load(), t.out.Load()}
}

func (t *tally) of(e End) *atomic.Uint64 {
	switch e {
	case Done:
		return &t.done
	case Skipped:
		return &t.skipped
	case Retried:
		return &t.retried
	case Dead:
		return &t.dead
	case Back:
		return &t.back
	case Late:
		return &t.late
	default:
		return &t.out
	}
}

func (t *tally) count(to Meter, stage string, e End, n int) {
	if n == 0 {
		return
	}
	t.of(e).Add(uint64(n))
	if to != nil {
		to.Count(stage, e, n)
	}
}

func (t *tally) arrived(to Meter, stage string, msgs []ad.Message, taken time.Time) {
	t.in.Add(uint64(len(msgs)))
	if to == nil {
		return
	}
	for i := range msgs {
		if at := msgs[i].Time; !at.IsZero() {
			to.Waited(stage, max(0, taken.Sub(at))) // two clocks: the writer's may be ahead
		}
	}
}
