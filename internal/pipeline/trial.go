package pipeline

import (
	"context"
	"fmt"

	"vigil.example/internal/ad"
)

// This file finds the message that ends the program. How often a message was
// delivered does not tell: whatever ends a process, a power cut too, counts for all
// it had in hand. So what comes more often than a step may fail is a suspect, and is
// worked on alone, a note beside it that outlives the process. A message whose notes
// say that several processes ended over it is taken no more.

// Trials are the notes, kept where a crash does not reach them. Processes that share
// a source share them.
type Trials interface {
	// Begin notes that a message is begun, and tells how often it was before without
	// an end.
	Begin(ctx context.Context, seq uint64) (before int, err error)
	// End removes the note.
	End(ctx context.Context, seq uint64) error
}

const (
	// deadly is how many processes a message may have ended while it was alone.
	deadly = 5
	// portion is how many messages are taken at once, of a batch with a suspect: what
	// is done must be stored before the process ends again.
	portion = 16
)

func (s *Stage) suspect(m ad.Message) bool { return s.Trials != nil && m.Attempt > s.Config.Attempts }

// try runs the step for a suspect while no other one is under way.
func (c *crew) try(ctx context.Context, m ad.Message) result {
	select {
	case c.alone <- struct{}{}:
		defer func() { <-c.alone }()
	case <-ctx.Done():
		return result{err: errBack}
	}
	before, err := c.Trials.Begin(ctx, m.Seq)
	if err != nil {
		c.Log.Warn("noting that a message is tried alone, it will be tried again", "stage", c.Name, "seq", m.Seq, "err", err)
		return result{err: errBack}
	}
	defer func() {
		if err := c.Trials.End(context.WithoutCancel(ctx), m.Seq); err != nil {
			c.Log.Warn("removing the note of a message that was tried alone", "stage", c.Name, "seq", m.Seq, "err", err)
		}
	}()
	if before >= deadly {
		return result{err: Permanent(fmt.Errorf("begun %d times by itself and never finished: it may be what ends the program", before))}
	}
	out, err := c.Step(ctx, m)
	return result{out, err}
}
