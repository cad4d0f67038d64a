// Package pipeline is the pump. A stage takes messages from a stream, calls a
// step, publishes what comes out, and only then acknowledges. Retries with
// backoff, dead letters with the reason, back-pressure, draining and counters
// live here and nowhere else, so that a step is a plain function of a message.
//
// Every step must be idempotent: after a crash the same message comes again. A
// stage leaves out messages whose outputs are already stored.
package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"vigil.example/internal/ad"
)

// A Source hands out messages that are not yet acknowledged.
type Source interface {
	// Fetch waits for a message and returns it with what else is there, at most max.
	Fetch(ctx context.Context, max int) ([]ad.Message, error)
	// Ack says that the effects of the messages are durable.
	Ack(seqs ...uint64) error
	// Nak asks for a message again after the delay.
	Nak(seq uint64, delay time.Duration) error
	// Extend says that the messages are still being worked on.
	Extend(seqs ...uint64) error
}

// A Sink stores messages durably, in order, leaving out those whose id it knows.
type Sink interface {
	Publish(ctx context.Context, msgs []ad.Message) error
}

// A Step turns one message into the messages that follow from it. An error is
// tried again later unless it is Permanent.
type Step func(ctx context.Context, m ad.Message) ([]ad.Message, error)

// SourceHeader names the header in which an output carries the sequence of the
// message it was made from.
const SourceHeader = "Vigil-Source"

// Headers of a dead letter.
const (
	ReasonHeader   = "Vigil-Reason"
	AttemptsHeader = "Vigil-Attempts"
	SubjectHeader  = "Vigil-Subject"
)

type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// Permanent marks an error that trying again cannot cure: the message goes to
// the dead letters at once.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return permanent{err}
}

// IsPermanent reports whether an error was marked with Permanent.
func IsPermanent(err error) bool {
	var p permanent
	return errors.As(err, &p)
}

// Config says how a stage works. The zero value means the defaults.
type Config struct {
	Batch    int           `yaml:"batch"`    // messages taken at once; 256
	Workers  int           `yaml:"workers"`  // steps run side by side within a batch; 2
	Lanes    int           `yaml:"lanes"`    // batches under way at once; 2. 1 keeps the order
	Attempts int           `yaml:"attempts"` // deliveries before a message is given up; 5
	Backoff  time.Duration `yaml:"backoff"`  // before the second attempt, doubled for each further; 1s
	Drain    time.Duration `yaml:"drain"`    // for what is under way when the stage is told to stop; 10s
}

func (c Config) withDefaults() Config {
	def := func(p *int, v int) {
		if *p == 0 {
			*p = v
		}
	}
	def(&c.Batch, 256)
	def(&c.Workers, 2)
	def(&c.Lanes, 2)
	def(&c.Attempts, 5)
	if c.Backoff == 0 {
		c.Backoff = time.Second
	}
	if c.Drain == 0 {
		c.Drain = 10 * time.Second
	}
	return c
}

// Inflight is the number of messages that a stage may hold unacknowledged.
func (c Config) Inflight() int {
	c = c.withDefaults()
	return c.Batch * c.Lanes * 2
}

// Counts says what a stage has done since it was started.
type Counts struct {
	In      uint64 `json:"in"`
	Out     uint64 `json:"out"`
	Retried uint64 `json:"retried"`
	Dead    uint64 `json:"dead"`
	Skipped uint64 `json:"skipped"` // outputs were already stored
}

// A Stage is one step of the walk, ready to run.
type Stage struct {
	Name   string
	Step   Step
	From   Source
	To     Sink
	Dead   Sink
	Done   func(seq uint64) bool // whether all outputs of a message are already stored; may be nil
	Known  func(id string) bool  // whether an output is already stored; may be nil
	Config Config
	Log    *slog.Logger

	in, out, retried, dead, skipped atomic.Uint64
	fetching                        chan struct{} // holds one token: the source has one reader
}

// Counts returns what the stage has done so far.
func (s *Stage) Counts() Counts {
	return Counts{s.in.Load(), s.out.Load(), s.retried.Load(), s.dead.Load(), s.skipped.Load()}
}

// Run works until ctx ends, then finishes what is under way. It returns nil
// after a clean stop, otherwise why its source failed.
func (s *Stage) Run(ctx context.Context) error {
	s.Config = s.Config.withDefaults()
	s.fetching = make(chan struct{}, 1)
	var wg sync.WaitGroup
	errs := make(chan error, s.Config.Lanes)
	for range s.Config.Lanes {
		wg.Go(func() { errs <- s.lane(ctx) })
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("stage %s: %w", s.Name, err)
		}
	}
	return nil
}

func (s *Stage) lane(ctx context.Context) error {
	for {
		s.fetching <- struct{}{}
		msgs, err := s.From.Fetch(ctx, s.Config.Batch)
		<-s.fetching
		if len(msgs) > 0 {
			work, cancel := drainable(ctx, s.Config.Drain)
			s.batch(work, msgs)
			cancel()
		}
		if err != nil {
			return err
		}
	}
}

// drainable returns a context that outlives ctx by the given time.
func drainable(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(d, cancel) })
	return work, func() { stop(); cancel() }
}

type result struct {
	out []ad.Message
	err error
}

func (s *Stage) batch(ctx context.Context, msgs []ad.Message) {
	s.in.Add(uint64(len(msgs)))
	stop := s.alive(ctx, msgs)
	defer stop()
	results := s.steps(ctx, msgs)
	var outs, letters []ad.Message
	var done []uint64
	for i, m := range msgs {
		switch r := results[i]; {
		case r.err == nil:
			outs = append(outs, r.out...)
			done = append(done, m.Seq)
		case IsPermanent(r.err) || m.Attempt >= s.Config.Attempts:
			letters = append(letters, Letter(s.Name, m, r.err))
			done = append(done, m.Seq)
		default:
			s.retried.Add(1)
			s.Log.Warn("step failed, will be tried again", "stage", s.Name, "seq", m.Seq, "attempt", m.Attempt, "err", r.err)
			if err := s.From.Nak(m.Seq, Backoff(s.Config.Backoff, m.Attempt)); err != nil {
				s.Log.Warn("giving back", "stage", s.Name, "err", err)
			}
		}
	}
	if !s.store(ctx, s.To, outs) || !s.store(ctx, s.Dead, letters) {
		return // not acknowledged: comes again
	}
	s.out.Add(uint64(len(outs)))
	s.dead.Add(uint64(len(letters)))
	for _, l := range letters {
		s.Log.Error("dead letter", "stage", s.Name, "id", l.ID, "reason", l.Header[ReasonHeader])
	}
	if err := s.From.Ack(done...); err != nil {
		s.Log.Warn("acknowledging", "stage", s.Name, "err", err)
	}
}

// heartbeat is how often a stage says that it is still working on its messages;
// a source must not give them to others sooner.
const heartbeat = 3 * time.Second

// alive extends the messages until stopped.
func (s *Stage) alive(ctx context.Context, msgs []ad.Message) (stop func()) {
	seqs := make([]uint64, len(msgs))
	for i, m := range msgs {
		seqs[i] = m.Seq
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		t := time.NewTicker(heartbeat)
		defer t.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-t.C:
				if err := s.From.Extend(seqs...); err != nil {
					s.Log.Warn("extending", "stage", s.Name, "err", err)
				}
			}
		}
	})
	return func() { cancel(); wg.Wait() }
}

func (s *Stage) steps(ctx context.Context, msgs []ad.Message) []result {
	results := make([]result, len(msgs))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(s.Config.Workers, len(msgs)) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(msgs); i = int(next.Add(1)) - 1 {
				results[i] = s.step(ctx, msgs[i])
			}
		})
	}
	wg.Wait()
	return results
}

func (s *Stage) step(ctx context.Context, m ad.Message) (r result) {
	if s.Done != nil && s.Done(m.Seq) {
		s.skipped.Add(1)
		return result{}
	}
	defer func() {
		if p := recover(); p != nil {
			s.Log.Error("step panicked", "stage", s.Name, "seq", m.Seq, "panic", p, "stack", string(debug.Stack()))
			r = result{err: Permanent(fmt.Errorf("the program failed on it: %v", p))}
		}
	}()
	r.out, r.err = s.Step(ctx, m)
	if s.Known != nil {
		r.out = slices.DeleteFunc(r.out, func(o ad.Message) bool { return o.ID != "" && s.Known(o.ID) })
	}
	for i := range r.out {
		if r.out[i].Header == nil {
			r.out[i].Header = make(map[string]string, 1)
		}
		r.out[i].Header[SourceHeader] = strconv.FormatUint(m.Seq, 10)
	}
	return r
}

// store publishes, trying again until it succeeds or the stage is stopped: while
// the store is down, nothing more is taken.
func (s *Stage) store(ctx context.Context, to Sink, msgs []ad.Message) bool {
	for attempt := 1; len(msgs) > 0; attempt++ {
		err := to.Publish(ctx, msgs)
		if err == nil {
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		s.Log.Warn("publishing, will be tried again", "stage", s.Name, "messages", len(msgs), "err", err)
		if !sleep(ctx, Backoff(s.Config.Backoff, attempt)) {
			return false
		}
	}
	return true
}

// Letter is the dead letter of a message: the original with the reason.
func Letter(stage string, m ad.Message, err error) ad.Message {
	h := make(map[string]string, len(m.Header)+4)
	maps.Copy(h, m.Header)
	h[ReasonHeader] = err.Error()
	h[AttemptsHeader] = strconv.Itoa(max(m.Attempt, 1))
	h[SubjectHeader] = m.Subject
	h[SourceHeader] = strconv.FormatUint(m.Seq, 10)
	return ad.Message{Subject: "dead." + stage, ID: stage + ":" + strconv.FormatUint(m.Seq, 10), Header: h, Data: m.Data}
}

// Backoff is the delay before the attempt after the given one: doubled each time,
// at most five minutes, with a quarter of jitter.
func Backoff(first time.Duration, attempt int) time.Duration {
	d := first << min(attempt-1, 20)
	if d <= 0 || d > 5*time.Minute {
		d = 5 * time.Minute
	}
	return d - d/8 + rand.N(d/4+1)
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
