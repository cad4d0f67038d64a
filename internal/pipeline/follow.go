package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"vigil.example/internal/ad"
)

// A Follower is a stage whose effects live in a local database together with
// the position it has reached, so that each message takes effect exactly once
// without acknowledgements.
type Follower[T any] struct {
	Name   string
	Stream string // the name of the stream it reads, kept in dead letters
	// Position is the sequence of the last message that took effect.
	Position func(ctx context.Context) (uint64, error)
	// Tail calls f with messages from a sequence on, in order, until ctx ends or f fails.
	Tail func(ctx context.Context, from uint64, max int, f func([]ad.Message) error) error
	// Decode reads a message; Skip passes over it, another error makes it a dead letter.
	Decode func(ad.Message) (T, error)
	// Apply makes the effects of the decoded messages and the new position durable
	// in one transaction. It may be called again with the same messages. When it
	// fails for good (Permanent) or panics, it is called with fewer and fewer messages,
	// and one with which alone it still does is a dead letter.
	Apply func(ctx context.Context, upTo uint64, items []T) error
	Dead  Sink
	Batch int
	Meter Meter // may be nil
	Log   *slog.Logger

	counts tally
}

// Counts returns what the follower has done so far.
func (f *Follower[T]) Counts() Counts { return f.counts.read() }

// Run follows until ctx ends, beginning again after a pause when something
// fails. It returns nil then, otherwise the Final error that ended it.
func (f *Follower[T]) Run(ctx context.Context) error {
	for attempt := 1; ; attempt++ {
		started := time.Now()
		err := f.follow(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if IsFinal(err) {
			return fmt.Errorf("stage %s: %w", f.Name, err)
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
		if len(msgs) == 0 {
			return nil
		}
		return f.batch(ctx, msgs)
	})
}

// A read message is one that was decoded.
type read[T any] struct {
	m    ad.Message
	item T
}

func (f *Follower[T]) batch(ctx context.Context, msgs []ad.Message) error {
	work, cancel := drainable(ctx, 10*time.Second)
	defer cancel()
	taken := time.Now()
	f.counts.arrived(f.Meter, f.Name, msgs, taken)
	items := make([]read[T], 0, len(msgs))
	var letters []ad.Message
	skipped := 0
	for _, m := range msgs {
		item, err := f.decode(m)
		switch {
		case errors.Is(err, Skip):
			skipped++
		case IsFinal(err):
			return err
		case err != nil:
			letters = append(letters, Letter(f.Name, f.Stream, m, err))
		default:
			items = append(items, read[T]{m, item})
		}
	}
	if err := f.bury(work, letters); err != nil {
		return err
	}
	upTo := msgs[len(msgs)-1].Seq
	err := f.apply(work, upTo, items)
	if IsPermanent(err) {
		if err = f.inHalves(work, items); err == nil {
			err = f.apply(work, upTo, nil)
		}
	} else if err == nil {
		f.count(Done, len(items))
	}
	if err != nil {
		return fmt.Errorf("apply up to %d: %w", upTo, err)
	}
	f.count(Skipped, skipped)
	if f.Meter != nil {
		f.Meter.Batch(f.Name, len(msgs), time.Since(taken))
	}
	return nil
}

// inHalves applies messages that could not be applied together in smaller and smaller
// halves, in order, and those with which that is impossible alone are dead letters, so
// that one bad message holds up no other, and the good ones are hardly slower for it.
func (f *Follower[T]) inHalves(ctx context.Context, items []read[T]) error {
	for _, half := range [][]read[T]{items[:len(items)/2], items[len(items)/2:]} {
		if len(half) == 0 {
			continue
		}
		err := f.apply(ctx, half[len(half)-1].m.Seq, half)
		switch {
		case err == nil:
			f.count(Done, len(half))
		case !IsPermanent(err):
			return err
		case len(half) > 1:
			if err := f.inHalves(ctx, half); err != nil {
				return err
			}
		default:
			if err := f.bury(ctx, []ad.Message{Letter(f.Name, f.Stream, half[0].m, err)}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *Follower[T]) apply(ctx context.Context, upTo uint64, read []read[T]) (err error) {
	items := make([]T, len(read))
	for i := range read {
		items[i] = read[i].item
	}
	defer func() {
		if p := recover(); p != nil {
			f.Log.Error("applying panicked", "stage", f.Name, "upTo", upTo, "messages", len(items), "panic", Fell(p), "stack", string(debug.Stack()))
			err = Permanent(fmt.Errorf("the program failed on it: %s", Fell(p)))
			if len(items) == 0 {
				err = fmt.Errorf("the program failed on the position alone: %s", Fell(p))
			}
		}
	}()
	return f.Apply(ctx, upTo, items)
}

func (f *Follower[T]) bury(ctx context.Context, letters []ad.Message) error {
	if len(letters) == 0 {
		return nil
	}
	if err := f.Dead.Publish(ctx, letters); err != nil {
		return fmt.Errorf("store dead letters: %w", err)
	}
	for _, l := range letters {
		f.Log.Error("dead letter", "stage", f.Name, "id", l.ID, "reason", l.Header[ReasonHeader])
	}
	f.count(Dead, len(letters))
	return nil
}

func (f *Follower[T]) decode(m ad.Message) (item T, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errors.Join(err, fmt.Errorf("the program failed on it: %s", Fell(p)))
		}
	}()
	return f.Decode(m)
}

func (f *Follower[T]) count(e End, n int) { f.counts.count(f.Meter, f.Name, e, n) }
