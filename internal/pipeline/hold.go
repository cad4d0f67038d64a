package pipeline

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"vigil.example/internal/ad"
)

var errLate = errors.New("others may have these messages by now")

// A holding knows whether the messages of a batch are still this process's own,
// and keeps them so while it is at work. A process that was stopped, or cut off
// from its source, for longer than the source waits has lost them for good: what
// it extends after that may be somebody else's.
type holding struct {
	max  time.Duration // 0: they are never lost
	from time.Time     // when the batch was taken; the rest counts from here, monotonic
	kept atomic.Int64  // when they were last known to be ours
	gone atomic.Bool
	stop context.CancelFunc
	wg   sync.WaitGroup
}

// heartbeat is how often messages are extended when nothing says how long they
// are held; a source must not give them to others sooner.
const heartbeat = 3 * time.Second

// hold extends the messages until released.
func (s *Stage) hold(ctx context.Context, msgs []ad.Message, taken time.Time) *holding {
	h := &holding{max: s.Hold, from: taken}
	every := heartbeat
	if s.Hold > 0 {
		every = min(every, s.Hold/3)
	}
	ctx, h.stop = context.WithCancel(ctx)
	h.wg.Go(func() {
		t := time.NewTicker(every)
		defer t.Stop()
		seqs := make([]uint64, len(msgs))
		for i, m := range msgs {
			seqs[i] = m.Seq
		}
		for {
			select {
			case <-ctx.Done():
				return
			case <-t.C:
			}
			at := time.Since(h.from)
			if h.lost() {
				return
			}
			if err := s.From.Extend(seqs...); err != nil {
				s.Log.Warn("extending, will be tried again", "stage", s.Name, "err", err)
				continue
			}
			h.kept.Store(int64(at))
		}
	})
	return h
}

// lost reports whether others may have the messages. Once true it stays so.
func (h *holding) lost() bool {
	if h.max == 0 {
		return false
	}
	if time.Since(h.from)-time.Duration(h.kept.Load()) >= h.max {
		h.gone.Store(true)
	}
	return h.gone.Load()
}

func (h *holding) release() {
	h.stop()
	h.wg.Wait()
}
