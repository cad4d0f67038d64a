// Package pipeline is the pump. A stage takes messages from a stream, calls a
// step, publishes what comes out, and only then acknowledges. Retries with
// backoff, dead letters with the reason, back-pressure, draining and figures
// live here and nowhere else, so that a step is a plain function of a message.
//
// Every step must be idempotent: after a crash the same message comes again. A
// stage leaves out messages whose outputs are already stored, and it publishes
// nothing for messages that it may no longer hold, because others have them then.
//
// Errors decide what happens to a message. Skip: nothing, it is no item.
// Permanent: the dead letters, at once. Final: nobody's message is at fault, but
// this process may no longer write; the stage ends. Anything else is tried again,
// later and not for ever.
package pipeline

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"vigil.example/internal/ad"
)

// A Source hands out messages that are not yet acknowledged.
type Source interface {
	// Fetch waits for a message and returns it with what else is there, at most max.
	Fetch(ctx context.Context, max int) ([]ad.Message, error)
	// Ack says that the effects of the messages are durable.
	Ack(seqs ...uint64) error
	// Nak asks for a message again after the delay; others may get it.
	Nak(seq uint64, delay time.Duration) error
	// Extend says that the messages are still being worked on. Without an error
	// they are held for the source's full time from the moment of the call.
	Extend(seqs ...uint64) error
}

// A Sink stores messages durably, in order, leaving out those whose id it knows.
// An error that is Permanent says that a message can never be stored, one that
// is Final that this process may no longer write.
type Sink interface {
	Publish(ctx context.Context, msgs []ad.Message) error
}

// A Step turns one message into the messages that follow from it. It must end
// soon after ctx does, and several may run side by side.
type Step func(ctx context.Context, m ad.Message) ([]ad.Message, error)

type skip struct{}

func (skip) Error() string { return "not an item" }

// Skip is the error of a step, or of decoding, for a message that is no item of
// its stage: it is acknowledged and leaves nothing behind.
var Skip error = skip{}

type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }
func (permanent) Permanent() bool { return true }

// Permanent marks an error that trying again cannot cure: the message goes to
// the dead letters at once.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return permanent{err}
}

// IsPermanent reports whether an error, or one that it wraps, says so of itself
// by a method Permanent() bool, and none is Final. Rooms below need not know this
// one to say it.
func IsPermanent(err error) bool {
	p, ok := errors.AsType[interface {
		error
		Permanent() bool
	}](err)
	return ok && p.Permanent() && !IsFinal(err)
}

// IsFinal reports whether an error, or one that it wraps, says by a method
// Final() bool that this process may not write any more, however often it tries:
// another one has taken its place. Such an error ends the stage that meets it.
func IsFinal(err error) bool {
	f, ok := errors.AsType[interface {
		error
		Final() bool
	}](err)
	return ok && f.Final()
}

// Config says how a stage works. The zero value means the defaults.
type Config struct {
	Batch    int           `yaml:"batch"`    // messages taken at once; 256
	Workers  int           `yaml:"workers"`  // steps run side by side within a batch; 2
	Lanes    int           `yaml:"lanes"`    // batches under way at once; 2. 1 keeps the order
	Attempts int           `yaml:"attempts"` // failures of a step before its message is given up; 5
	Backoff  time.Duration `yaml:"backoff"`  // before the second attempt, doubled for each further; 1s
	Limit    time.Duration `yaml:"limit"`    // for one step, then it is stopped and tried again; 30s
	Drain    time.Duration `yaml:"drain"`    // for what is under way when the stage is told to stop; 10s
}

// Validate reports what is wrong with the configuration.
func (c Config) Validate() error {
	if min(c.Batch, c.Workers, c.Lanes, c.Attempts) < 0 || min(c.Backoff, c.Limit, c.Drain) < 0 {
		return errors.New("a setting is below zero; leave it out for the default")
	}
	return nil
}

func (c Config) withDefaults() Config {
	def := func(p *int, v int) {
		if *p == 0 {
			*p = v
		}
	}
	wait := func(p *time.Duration, v time.Duration) {
		if *p == 0 {
			*p = v
		}
	}
	def(&c.Batch, 256)
	def(&c.Workers, 2)
	def(&c.Lanes, 2)
	def(&c.Attempts, 5)
	wait(&c.Backoff, time.Second)
	wait(&c.Limit, 30*time.Second)
	wait(&c.Drain, 10*time.Second)
	return c
}

// Inflight is the number of messages that a stage may hold unacknowledged.
func (c Config) Inflight() int {
	c = c.withDefaults()
	return c.Batch * c.Lanes * 2
}

// Backoff is the delay before the attempt after the given one: doubled each time,
// at most five minutes, with a quarter of jitter.
func Backoff(first time.Duration, attempt int) time.Duration {
	d := first << min(max(attempt-1, 0), 20)
	if d <= 0 || d > 5*time.Minute {
		d = 5 * time.Minute
	}
	return d - d/8 + rand.N(d/4+1)
}

// drainable returns a context that outlives ctx by the given time.
func drainable(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(d, cancel) })
	return work, func() { stop(); cancel() }
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
