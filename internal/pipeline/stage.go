package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"vigil.example/internal/ad"
)

// A Stage is one step of the walk, ready to run.
type Stage struct {
	Name   string
	Stream string // the name of the stream it reads, kept in dead letters
	Step   Step
	From   Source
	To     Sink
	Dead   Sink
	// Written looks up which outputs of messages that are not acknowledged are
	// already stored; may be nil. It is asked at the start, and again whenever a
	// message comes a second time, unless its step just failed here: its outputs may
	// have been stored by another process, or by this one whose acknowledgement was
	// lost, however long ago.
	Written func(context.Context) (Outputs, error)
	// Hold is how long the source leaves messages alone that are neither
	// acknowledged nor extended; 0 when it never gives them to others. A batch that
	// was not extended for as long, by the monotonic clock, is dropped: others may
	// be at work on it.
	Hold   time.Duration
	Trials Trials // find a message that ends the program; may be nil
	Config Config
	Meter  Meter // may be nil
	Log    *slog.Logger

	counts   tally
	outputs  Outputs       // as found at the start
	failed   sync.Map      // seq -> fault of messages whose step failed here: it stored nothing
	alone    chan struct{} // holds one token: a suspect is tried while no other is
	fetching chan struct{} // holds one token: the source has one reader
	broken   error         // why the source gives no more; the token's holder's
}

// A fault says how often the step failed for a message in this process, and at which
// attempt last. What other processes had of it, killed ones too, is not its fault.
type fault struct{ attempt, times int }

func (s *Stage) faults(m ad.Message) fault {
	f, _ := s.failed.Load(m.Seq)
	known, _ := f.(fault)
	return known
}

// manyfold is how many times the allowed attempts a message is delivered at most
// before its next fault is its last, in whatever processes the others were.
const manyfold = 4

// Outputs tell which outputs are stored already. The functions may be nil.
type Outputs struct {
	Done  func(seq uint64) bool // whether all outputs of a message are
	Known func(id string) bool  // whether an output is
}

// Run works until ctx ends, then finishes the steps that are under way, or gives
// their messages back when that takes longer than the drain time. What was not
// begun is given back at once. It returns nil after such a stop, otherwise why its
// source failed, so that its owner can open that again, or the Final error that
// ended it. A step that does not end when its context does is left behind. Run may
// be called again.
func (s *Stage) Run(ctx context.Context) error {
	s.Config = s.Config.withDefaults()
	s.fetching, s.broken = make(chan struct{}, 1), nil
	s.alone = make(chan struct{}, 1)
	if s.Written != nil {
		var err error
		if s.outputs, err = s.Written(ctx); err != nil {
			return fmt.Errorf("stage %s: look up what is stored: %w", s.Name, err)
		}
	}
	lanes, end := context.WithCancelCause(ctx)
	defer end(nil)
	var wg sync.WaitGroup
	for range s.Config.Lanes {
		wg.Go(func() {
			if err := s.lane(lanes); err != nil {
				end(err) // the others stop too
			}
		})
	}
	wg.Wait()
	if err := context.Cause(lanes); err != nil && ctx.Err() == nil {
		return fmt.Errorf("stage %s: %w", s.Name, err)
	}
	return nil
}

func (s *Stage) lane(ctx context.Context) error {
	for {
		msgs, err := s.fetch(ctx)
		if len(msgs) > 0 {
			if err := s.batch(ctx, msgs, time.Now()); err != nil {
				return err
			}
		}
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// fetch is the one reader of the source, which is asked no more once it has failed.
func (s *Stage) fetch(ctx context.Context) (msgs []ad.Message, err error) {
	s.fetching <- struct{}{}
	defer func() { <-s.fetching }()
	if s.broken == nil {
		msgs, s.broken = s.From.Fetch(ctx, s.Config.Batch)
	}
	return msgs, s.broken
}

// batch takes messages through the stage. Each is acknowledged, given back or, if
// others may have it, dropped. The error is Final.
func (s *Stage) batch(stop context.Context, msgs []ad.Message, taken time.Time) error {
	work, cancel := drainable(stop, s.Config.Drain)
	defer cancel()
	steps, cancel := drainable(stop, s.Config.Drain*3/4) // what they have done must still be stored
	defer cancel()
	s.counts.arrived(s.Meter, s.Name, msgs, taken)
	h := s.hold(work, msgs, taken)
	defer h.release()
	outputs, err := s.stored(work, msgs)
	if err != nil {
		s.giveBack(msgs)
		return nil // stopped: others take it up
	}
	all := len(msgs)
	size := all
	if slices.ContainsFunc(msgs, s.suspect) {
		size = portion
	}
	for len(msgs) > 0 {
		part := msgs[:min(size, len(msgs))]
		rest := msgs[len(part):]
		results := s.steps(stop, steps, part, outputs)
		if h.lost() {
			return s.drop(msgs)
		}
		b := s.sort(steps, part, results)
		err := b.final
		if err == nil {
			err = s.settle(work, h, b)
		}
		switch {
		case errors.Is(err, errLate):
			return s.drop(msgs)
		case err != nil:
			s.giveBack(b.keep)
			s.giveBack(rest)
			if IsFinal(err) {
				return err
			}
			return nil // stopped: others take it up
		}
		msgs = rest
	}
	if s.Meter != nil {
		s.Meter.Batch(s.Name, all, time.Since(taken))
	}
	return nil
}

// stored tells which outputs of a batch are stored, trying until it knows. The
// error is that of the context.
func (s *Stage) stored(work context.Context, msgs []ad.Message) (Outputs, error) {
	if s.Written == nil {
		return s.outputs, nil
	}
	again := false
	for _, m := range msgs {
		if m.Attempt > 1 {
			// Somebody else had it since, or it was given back later?
			again = again || s.faults(m).attempt != m.Attempt-1
		}
	}
	if !again {
		return s.outputs, nil
	}
	for attempt := 1; ; attempt++ {
		o, err := s.Written(work)
		if err == nil {
			return o, nil
		}
		s.Log.Warn("looking up what is stored, will be tried again", "stage", s.Name, "err", err)
		if !sleep(work, Backoff(s.Config.Backoff, attempt)) {
			return Outputs{}, work.Err()
		}
	}
}

// A sorted batch says what becomes of each message.
type sorted struct {
	keep    []ad.Message   // to be acknowledged once the rest is stored
	outs    [][]ad.Message // of each of them
	letters []ad.Message
	done    int // of keep, those with outputs or nothing to say
	skipped int
	final   error // ends the stage; all is given back
}

// sort decides by the results, and gives back what is to be tried again.
func (s *Stage) sort(steps context.Context, msgs []ad.Message, results []result) (b sorted) {
	for _, r := range results {
		if IsFinal(r.err) {
			return sorted{keep: msgs, final: r.err}
		}
	}
	b.keep, b.outs = make([]ad.Message, 0, len(msgs)), make([][]ad.Message, 0, len(msgs))
	var back []ad.Message
	for i, m := range msgs {
		switch r := results[i]; {
		case r.err == nil:
			b.keep, b.outs = append(b.keep, m), append(b.outs, r.out)
			b.done++
		case errors.Is(r.err, Skip):
			b.keep, b.outs = append(b.keep, m), append(b.outs, nil)
			b.skipped++
		case errors.Is(r.err, errBack) || steps.Err() != nil:
			back = append(back, m)
		case IsPermanent(r.err) || s.faults(m).times+1 >= s.Config.Attempts || m.Attempt >= s.Config.Attempts*manyfold:
			b.keep, b.outs = append(b.keep, m), append(b.outs, nil)
			b.letters = append(b.letters, Letter(s.Name, s.Stream, m, r.err))
		default:
			s.Log.Warn("step failed, will be tried again", "stage", s.Name, "seq", m.Seq, "attempt", m.Attempt, "err", r.err)
			s.count(Retried, 1)
			times := s.faults(m).times + 1
			s.failed.Store(m.Seq, fault{m.Attempt, times})
			s.nak(m, Backoff(s.Config.Backoff, times))
		}
	}
	s.giveBack(back)
	return b
}

// settle makes the effects of a batch durable, then acknowledges.
func (s *Stage) settle(work context.Context, h *holding, b sorted) error {
	outs := flat(b.outs)
	err := s.store(work, h, s.To, outs)
	if IsPermanent(err) {
		outs, err = s.oneByOne(work, h, &b)
	}
	if err != nil {
		return err
	}
	if err := s.bury(work, h, b.letters); err != nil {
		return err
	}
	seqs := make([]uint64, len(b.keep))
	for i, m := range b.keep {
		seqs[i] = m.Seq
		if m.Attempt > 1 {
			s.failed.Delete(m.Seq)
		}
	}
	if err := s.From.Ack(seqs...); err != nil {
		s.Log.Warn("acknowledging, will come again", "stage", s.Name, "err", err)
	}
	s.count(Done, b.done)
	s.count(Skipped, b.skipped)
	s.count(Dead, len(b.letters))
	s.count(Out, len(outs))
	return nil
}

func flat(outs [][]ad.Message) []ad.Message {
	n := 0
	for _, o := range outs {
		n += len(o)
	}
	all := make([]ad.Message, 0, n)
	for _, o := range outs {
		all = append(all, o...)
	}
	return all
}

// oneByOne stores the outputs of each message by themselves, after the sink said
// that some of a batch can never be stored: their messages become letters.
func (s *Stage) oneByOne(work context.Context, h *holding, b *sorted) (stored []ad.Message, err error) {
	for i, out := range b.outs {
		err := s.store(work, h, s.To, out)
		switch {
		case IsPermanent(err):
			b.letters = append(b.letters, Letter(s.Name, s.Stream, b.keep[i], fmt.Errorf("store what follows: %w", err)))
			b.done--
		case err != nil:
			return stored, err
		default:
			stored = append(stored, out...)
		}
	}
	return stored, nil
}

// bury stores dead letters. One that is too large for its stream is stored without
// the data: those still stand where the letter says.
func (s *Stage) bury(work context.Context, h *holding, letters []ad.Message) error {
	err := s.store(work, h, s.Dead, letters)
	if IsPermanent(err) {
		for i := range letters {
			if err = s.store(work, h, s.Dead, letters[i:i+1]); IsPermanent(err) {
				letters[i].Header[BareHeader], letters[i].Data = fmt.Sprint(len(letters[i].Data)), nil
				err = s.store(work, h, s.Dead, letters[i:i+1])
			}
			if err != nil {
				return err
			}
		}
	}
	if err != nil {
		return err
	}
	for _, l := range letters {
		s.Log.Error("dead letter", "stage", s.Name, "id", l.ID, "reason", l.Header[ReasonHeader])
	}
	return nil
}

// store publishes, trying again until it succeeds or never can: while the store is
// down, nothing more is taken. The error is errLate, Permanent, Final or that of
// the context.
func (s *Stage) store(ctx context.Context, h *holding, to Sink, msgs []ad.Message) error {
	for attempt := 1; len(msgs) > 0; attempt++ {
		if h.lost() {
			return errLate
		}
		err := to.Publish(ctx, msgs)
		switch {
		case err == nil:
			return nil
		case IsFinal(err) || IsPermanent(err):
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		}
		s.Log.Warn("publishing, will be tried again", "stage", s.Name, "messages", len(msgs), "err", err)
		if !sleep(ctx, Backoff(s.Config.Backoff, attempt)) {
			return ctx.Err()
		}
	}
	return nil
}

func (s *Stage) drop(msgs []ad.Message) error {
	s.Log.Warn("dropping messages that others may have by now", "stage", s.Name, "messages", len(msgs), "hold", s.Hold)
	s.count(Late, len(msgs))
	return nil
}

func (s *Stage) giveBack(msgs []ad.Message) {
	for _, m := range msgs {
		s.nak(m, 0)
	}
	s.count(Back, len(msgs))
}

func (s *Stage) nak(m ad.Message, delay time.Duration) {
	if err := s.From.Nak(m.Seq, delay); err != nil {
		s.Log.Warn("giving back", "stage", s.Name, "seq", m.Seq, "err", err)
	}
}

// Counts returns what the stage has done so far.
func (s *Stage) Counts() Counts { return s.counts.read() }

func (s *Stage) count(e End, n int) { s.counts.count(s.Meter, s.Name, e, n) }
