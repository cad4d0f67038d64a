package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"vigil.example/internal/ad"
)

// A Follower is a stage whose effects live in a local database together with
// the position it has reached, so that each message takes effect exactly once
// without acknowledgements.
type Follower[T any] struct {
	Name string
	// Position is the sequence of the last message that took effect.
	Position func(ctx context.Context) (uint64, error)
	// Tail calls f with messages from a sequence on, in order, until ctx ends or f fails.
	Tail func(ctx context.Context, from uint64, max int, f func([]ad.Message) error) error
	// Decode reads a message; an error makes it a dead letter.
	Decode func(ad.Message) (T, error)
	// Apply makes the effects of the decoded messages and the new position durable
	// in one transaction. It may be called again with the same messages.
	Apply func(ctx context.Context, upTo uint64, items []T) error
	Dead  Sink
	Batch int
	Log   *slog.Logger
}

// Run follows until ctx ends, beginning again after a pause when something
// fails.
func (f *Follower[T]) Run(ctx context.Context) error {
	for attempt := 1; ; attempt++ {
		started := time.Now()
		err := f.follow(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if time.Since(started) > time.Minute {
			attempt = 1
		}
		f.Log.Warn("following, will be tried again", "stage", f.Name, "err", err)
		if !sleep(ctx, Backoff(200*time.Millisecond, attempt)) {
			return nil
		}
	}
}

func (f *Follower[T]) follow(ctx context.Context) error {
	pos, err := f.Position(ctx)
	if err != nil {
		return fmt.Errorf("read position: %w", err)
	}
	return f.Tail(ctx, pos+1, f.Batch, func(msgs []ad.Message) error {
		work, cancel := drainable(ctx, 10*time.Second)
		defer cancel()
		items := make([]T, 0, len(msgs))
		var letters []ad.Message
		for _, m := range msgs {
			item, err := f.decode(m)
			if err != nil {
				letters = append(letters, Letter(f.Name, m, err))
				continue
			}
			items = append(items, item)
		}
		if len(letters) > 0 {
			if err := f.Dead.Publish(work, letters); err != nil {
				return fmt.Errorf("store dead letters: %w", err)
			}
		}
		if err := f.Apply(work, msgs[len(msgs)-1].Seq, items); err != nil {
			return fmt.Errorf("apply up to %d: %w", msgs[len(msgs)-1].Seq, err)
		}
		return nil
	})
}

func (f *Follower[T]) decode(m ad.Message) (item T, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errors.Join(err, fmt.Errorf("the program failed on it: %v", p))
		}
	}()
	return f.Decode(m)
}
