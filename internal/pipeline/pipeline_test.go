package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"vigil.example/internal/ad"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var quiet = slog.New(slog.DiscardHandler)

// queue is a source that behaves as a durable consumer does: what is not
// acknowledged comes again.
type queue struct {
	mu      sync.Mutex
	ready   []ad.Message
	out     map[uint64]ad.Message
	acked   []uint64
	naked   []uint64
	delays  []time.Duration
	fetched int   // calls that gave something
	cut     error // why the source cannot be reached
	arrived chan struct{}
}

func newQueue(n int) *queue {
	q := &queue{out: map[uint64]ad.Message{}, arrived: make(chan struct{}, 1)}
	for i := range n {
		q.ready = append(q.ready, ad.Message{Subject: "in", Seq: uint64(i + 1), Data: []byte(fmt.Sprint(i + 1))})
	}
	q.arrived <- struct{}{}
	return q
}

func (q *queue) Fetch(ctx context.Context, n int) ([]ad.Message, error) {
	for {
		q.mu.Lock()
		if k := min(n, len(q.ready)); k > 0 {
			got := slices.Clone(q.ready[:k])
			q.ready = q.ready[k:]
			q.fetched += k
			for i := range got {
				got[i].Attempt++
				q.out[got[i].Seq] = got[i]
			}
			q.mu.Unlock()
			return got, nil
		}
		q.mu.Unlock()
		select {
		case <-q.arrived:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (q *queue) Ack(seqs ...uint64) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.acked = append(q.acked, seqs...)
	return nil
}

func (q *queue) Nak(seq uint64, d time.Duration) error {
	time.AfterFunc(d, func() {
		q.mu.Lock()
		q.ready = append(q.ready, q.out[seq])
		q.mu.Unlock()
		select {
		case q.arrived <- struct{}{}:
		default:
		}
	})
	q.mu.Lock()
	q.naked = append(q.naked, seq)
	q.delays = append(q.delays, d)
	q.mu.Unlock()
	return nil
}

func (q *queue) Extend(...uint64) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.cut
}

type store struct {
	mu   sync.Mutex
	msgs []ad.Message
	fail int   // publishes to refuse first
	err  error // with which; nil for a full disk
}

func (s *store) Publish(_ context.Context, m []ad.Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail > 0 {
		s.fail--
		if s.err != nil {
			return s.err
		}
		return errors.New("disk is full")
	}
	s.msgs = append(s.msgs, m...)
	return nil
}

func run(t *testing.T, s *Stage, for_ time.Duration) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.Run(ctx) }()
	time.Sleep(for_)
	synctest.Wait()
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// forgetful loses the first acknowledgements: what they were for comes again.
type forgetful struct {
	*queue
	lost int
}

func (f *forgetful) Ack(seqs ...uint64) error {
	if f.lost > 0 {
		f.lost--
		for _, s := range seqs {
			if err := f.Nak(s, 10*time.Minute); err != nil { // longer than any store remembers ids
				return err
			}
		}
		return errors.New("the connection is lost")
	}
	return f.queue.Ack(seqs...)
}

func TestOutputsWhoseAcknowledgementWasLostAreNotMadeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, out := &forgetful{newQueue(100), 3}, &store{}
		asked, unknown := 0, 2
		s := &Stage{Name: "test", Step: echo, From: q, To: out, Dead: &store{}, Config: Config{Batch: 16, Lanes: 1}, Log: quiet,
			Written: func(context.Context) (Outputs, error) {
				if asked++; asked > 1 && unknown > 0 {
					unknown--
					return Outputs{}, errors.New("the store is away")
				}
				out.mu.Lock()
				defer out.mu.Unlock()
				made := map[string]bool{}
				for _, m := range out.msgs {
					made[m.Header[SourceHeader]] = true
				}
				return Outputs{Done: func(seq uint64) bool { return made[fmt.Sprint(seq)] }}, nil
			}}
		run(t, s, time.Hour)
		if len(out.msgs) != 100 {
			t.Errorf("%d outputs of 100 messages", len(out.msgs))
		}
		slices.Sort(q.acked)
		if len(slices.Compact(q.acked)) != 100 {
			t.Errorf("%d messages acknowledged, want 100", len(q.acked))
		}
		if asked > 10 {
			t.Errorf("looked %d times at what is stored", asked)
		}
	})
}

func TestAStepThatFailedHereStoredNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, out, asked := newQueue(100), &store{}, 0
		s := &Stage{Name: "test", From: q, To: out, Dead: &store{}, Config: Config{Batch: 16}, Log: quiet,
			Step: func(ctx context.Context, m ad.Message) ([]ad.Message, error) {
				if m.Attempt < 3 {
					return nil, errors.New("try later")
				}
				return echo(ctx, m)
			},
			Written: func(context.Context) (Outputs, error) { asked++; return Outputs{}, nil },
		}
		run(t, s, time.Hour)
		if len(out.msgs) != 100 || asked != 1 {
			t.Errorf("%d outputs; looked %d times at what is stored, want once at the start", len(out.msgs), asked)
		}
	})
}

func TestStage(t *testing.T) {
	temporary := errors.New("try later")
	tests := []struct {
		name            string
		step            Step
		publishFailures int
		done            func(uint64) bool
		out, dead       int
		attempts        string // of the dead letters
		retried         uint64
	}{
		{name: "every message goes through", step: echo, out: 100},
		{name: "a failing store holds back and loses nothing", step: echo, publishFailures: 7, out: 100},
		{name: "a permanent error goes to the dead letters at once", out: 99, dead: 1, attempts: "1",
			step: func(ctx context.Context, m ad.Message) ([]ad.Message, error) {
				if m.Seq == 7 {
					return nil, Permanent(errors.New("no title"))
				}
				return echo(ctx, m)
			}},
		{name: "a temporary error is tried again", out: 100, retried: 2,
			step: func(ctx context.Context, m ad.Message) ([]ad.Message, error) {
				if m.Seq == 7 && m.Attempt < 3 {
					return nil, temporary
				}
				return echo(ctx, m)
			}},
		{name: "an error that does not go away ends in the dead letters", out: 99, dead: 1, attempts: "5", retried: 4,
			step: func(ctx context.Context, m ad.Message) ([]ad.Message, error) {
				if m.Seq == 7 {
					return nil, temporary
				}
				return echo(ctx, m)
			}},
		{name: "a panic is a dead letter and stops nothing else", out: 99, dead: 1, attempts: "1",
			step: func(ctx context.Context, m ad.Message) ([]ad.Message, error) {
				if m.Seq == 7 {
					panic("index out of range")
				}
				return echo(ctx, m)
			}},
		{name: "what is no item leaves nothing behind", out: 99,
			step: func(ctx context.Context, m ad.Message) ([]ad.Message, error) {
				if m.Seq == 7 {
					return []ad.Message{{Subject: "out"}}, Skip
				}
				return echo(ctx, m)
			}},
		{name: "a step that does not end in time is tried again", out: 100, retried: 1,
			step: func(ctx context.Context, m ad.Message) ([]ad.Message, error) {
				if m.Seq == 7 && m.Attempt == 1 {
					<-ctx.Done()
					return nil, ctx.Err()
				}
				return echo(ctx, m)
			}},
		{name: "what was already written is left out", step: echo, out: 60, done: func(s uint64) bool { return s <= 40 }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q, out, dead := newQueue(100), &store{fail: tt.publishFailures}, &store{}
				s := &Stage{Name: "test", Step: tt.step, From: q, To: out, Dead: dead, Config: Config{Batch: 16}, Log: quiet}
				if tt.done != nil {
					s.Written = func(context.Context) (Outputs, error) { return Outputs{Done: tt.done}, nil }
				}
				run(t, s, 10*time.Minute)
				if len(out.msgs) != tt.out || len(dead.msgs) != tt.dead {
					t.Errorf("%d out and %d dead, want %d and %d", len(out.msgs), len(dead.msgs), tt.out, tt.dead)
				}
				slices.Sort(q.acked)
				if len(slices.Compact(q.acked)) != 100 {
					t.Errorf("%d messages acknowledged, want 100", len(q.acked))
				}
				for _, l := range dead.msgs {
					if l.Header[AttemptsHeader] != tt.attempts || l.Header[ReasonHeader] == "" || string(l.Data) != "7" || l.Subject != "dead.test" || l.Header[SubjectHeader] != "in" {
						t.Errorf("dead letter %+v", l)
					}
				}
				if c := s.Counts(); c.Retried != tt.retried {
					t.Errorf("retried %d, want %d", c.Retried, tt.retried)
				}
				for _, m := range out.msgs {
					if m.Header[SourceHeader] != string(m.Data) {
						t.Errorf("output of %s names source %s", m.Data, m.Header[SourceHeader])
					}
				}
			})
		})
	}
}

func TestDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, out := newQueue(6), &store{}
		ctx, cancel := context.WithCancel(t.Context())
		var begun atomic.Int32
		all := make(chan struct{})
		s := &Stage{Name: "slow", From: q, To: out, Dead: &store{}, Config: Config{Batch: 6, Workers: 4, Lanes: 1}, Log: quiet,
			Step: func(ctx context.Context, m ad.Message) ([]ad.Message, error) {
				if begun.Add(1) == 4 {
					close(all)
				}
				<-all
				cancel() // told to stop in the middle of a batch
				if m.Seq == 2 {
					<-ctx.Done() // longer than the drain time
					return nil, ctx.Err()
				}
				time.Sleep(3 * time.Second)
				return []ad.Message{{Subject: "out"}}, nil
			}}
		if err := s.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if len(out.msgs) != 3 || len(q.acked) != 3 {
			t.Errorf("%d stored and %d acknowledged, want 3 and 3: what is under way is finished", len(out.msgs), len(q.acked))
		}
		if c := s.Counts(); begun.Load() != 4 || c.Back != 3 || !slices.Equal(q.delays, []time.Duration{0, 0, 0}) {
			t.Errorf("%d begun, %+v, given back after %v; want 4, and the slow one and the two not begun at once", begun.Load(), c, q.delays)
		}
	})
}

func echo(_ context.Context, m ad.Message) ([]ad.Message, error) {
	return []ad.Message{{Subject: "out", ID: "o" + string(m.Data), Data: m.Data}}, nil
}

// A step that never ends, whatever it is told, takes neither the others of its
// batch with it nor the stage's end.
func TestHangingStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, out, dead := newQueue(20), &store{}, &store{}
		release := make(chan struct{})
		var hung sync.WaitGroup
		s := &Stage{Name: "test", Stream: "IN", From: q, To: out, Dead: dead, Config: Config{Batch: 20, Lanes: 1, Workers: 1, Attempts: 2}, Log: quiet,
			Step: func(ctx context.Context, m ad.Message) ([]ad.Message, error) {
				if m.Seq == 7 || m.Seq == 11 {
					hung.Add(1)
					defer hung.Done()
					<-release
					return echo(ctx, m)
				}
				return echo(ctx, m)
			}}
		run(t, s, time.Hour)
		if len(out.msgs) != 18 || len(dead.msgs) != 2 || len(q.acked) != 20 {
			t.Errorf("%d out, %d dead, %d acknowledged; want 18, 2 and 20", len(out.msgs), len(dead.msgs), len(q.acked))
		}
		for _, l := range dead.msgs {
			if l.Header[ReasonHeader] != "the step did not end within 30s, nor when told to" || l.Header[AttemptsHeader] != "2" {
				t.Errorf("dead letter %v", l.Header)
			}
		}
		if c := s.Counts(); c.In != 22 || c.Done != 18 || c.Retried != 2 || c.Dead != 2 || c.Out != 18 {
			t.Errorf("%+v", c)
		}
		close(release)
		hung.Wait() // what they still say is not heard
		synctest.Wait()
		if len(out.msgs) != 18 {
			t.Errorf("%d out after the hanging steps ended", len(out.msgs))
		}
	})
}

func TestStopWhileAStepHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, out := newQueue(8), &store{}
		release, hangs := make(chan struct{}), make(chan struct{}, 1)
		defer close(release)
		s := &Stage{Name: "test", From: q, To: out, Dead: &store{}, Config: Config{Batch: 8, Lanes: 1, Workers: 2}, Log: quiet,
			Step: func(ctx context.Context, m ad.Message) ([]ad.Message, error) {
				if m.Seq == 1 {
					hangs <- struct{}{}
					<-release
				}
				return echo(ctx, m)
			}}
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-hangs; synctest.Wait(); cancel() }()
		began := time.Now()
		if err := s.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(began); d > 10*time.Second {
			t.Errorf("stopping took %v, want the drain time and little more", d)
		}
		if !slices.Equal(q.naked, []uint64{1}) || q.delays[0] != 0 {
			t.Errorf("given back %v after %v, want the hanging one at once", q.naked, q.delays)
		}
		if len(out.msgs) != 7 || len(q.acked) != 7 {
			t.Errorf("%d out, %d acknowledged, want 7 and 7: what the others did is stored", len(out.msgs), len(q.acked))
		}
	})
}

// Steps share contexts, but not the time that those before them took.
func TestEachStepHasItsOwnLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, out := newQueue(10), &store{}
		s := &Stage{Name: "test", From: q, To: out, Dead: out, Config: Config{Workers: 1, Lanes: 1, Limit: 30 * time.Second}, Log: quiet,
			Step: func(ctx context.Context, m ad.Message) ([]ad.Message, error) {
				if d, ok := ctx.Deadline(); !ok || time.Until(d) < 26*time.Second || time.Until(d) > 30*time.Second {
					t.Errorf("message %d has %v left of 30s", m.Seq, time.Until(d))
				}
				time.Sleep(time.Duration(m.Seq) * 3 * time.Second)
				return echo(ctx, m)
			}}
		run(t, s, 5*time.Minute)
		if len(out.msgs) != 10 || len(q.naked) != 0 {
			t.Errorf("%d out, %d given back", len(out.msgs), len(q.naked))
		}
	})
}

// A paused process, or one cut off from the source, holds messages that others
// have by then. Whatever comes of its own work on them is dropped.
func TestLateBatchesAreDropped(t *testing.T) {
	for name, tt := range map[string]struct {
		work time.Duration // a step takes
		cut  bool          // the source cannot be told that they are still worked on
		late bool
	}{
		"quick":                             {work: time.Millisecond},
		"slow but extended":                 {work: 25 * time.Second},
		"quick enough while cut off":        {work: 9 * time.Second, cut: true},
		"cut off for longer than they hold": {work: 10 * time.Second, cut: true, late: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q, out, dead := newQueue(4), &store{}, &store{}
				if tt.cut {
					q.cut = errors.New("no connection")
				}
				s := &Stage{Name: "test", From: q, To: out, Dead: dead, Hold: 10 * time.Second, Config: Config{Batch: 4, Lanes: 1, Workers: 4}, Log: quiet,
					Step: func(ctx context.Context, m ad.Message) ([]ad.Message, error) {
						time.Sleep(tt.work)
						switch {
						case m.Seq == 2:
							return nil, Permanent(errors.New("no title"))
						case m.Seq == 3 && m.Attempt == 1:
							return nil, errors.New("try later")
						}
						return echo(ctx, m)
					}}
				run(t, s, time.Minute)
				c := s.Counts()
				if tt.late && (len(out.msgs)+len(dead.msgs)+len(q.acked)+len(q.naked) != 0 || c.Late != 4) {
					t.Errorf("%d out, %d dead, %d acknowledged, %d given back, %+v; want nothing: others have them", len(out.msgs), len(dead.msgs), len(q.acked), len(q.naked), c)
				}
				if !tt.late && (len(out.msgs) != 3 || len(dead.msgs) != 1 || len(q.acked) != 4 || c.Late != 0) {
					t.Errorf("%d out, %d dead, %d acknowledged, %+v; want 3, 1 and 4", len(out.msgs), len(dead.msgs), len(q.acked), c)
				}
			})
		})
	}
}

// The hold is asked for again before each attempt to publish, and an extension
// that comes too late does not bring it back.
func TestLateWhileTheStoreRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, out := newQueue(4), &store{fail: 6} // for about a minute
		q.cut = errors.New("no connection")
		time.AfterFunc(11*time.Second, func() { q.mu.Lock(); q.cut = nil; q.mu.Unlock() })
		s := &Stage{Name: "test", From: q, To: out, Dead: &store{}, Hold: 10 * time.Second, Config: Config{Batch: 4, Lanes: 1}, Step: echo, Log: quiet}
		run(t, s, 10*time.Minute)
		if len(out.msgs) != 0 || len(q.acked) != 0 || s.Counts().Late != 4 {
			t.Errorf("%d out, %d acknowledged, %+v", len(out.msgs), len(q.acked), s.Counts())
		}
	})
}

func TestBackPressure(t *testing.T) {
	for name, sinks := range map[string]func() (to, dead *store){
		"the store refuses":            func() (*store, *store) { return &store{fail: 1 << 30}, &store{} },
		"the dead letters are refused": func() (*store, *store) { return &store{}, &store{fail: 1 << 30} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				to, dead := sinks()
				q := newQueue(1000)
				s := &Stage{Name: "test", From: q, To: to, Dead: dead, Hold: 10 * time.Second, Config: Config{Batch: 16, Lanes: 3}, Log: quiet,
					Step: func(ctx context.Context, m ad.Message) ([]ad.Message, error) {
						if m.Seq%10 == 0 {
							return nil, Permanent(errors.New("no title"))
						}
						return echo(ctx, m)
					}}
				run(t, s, time.Hour)
				if q.fetched != 48 || len(q.acked) != 0 {
					t.Errorf("%d taken and %d acknowledged in an hour, want 48 (three batches) and 0", q.fetched, len(q.acked))
				}
				if c := s.Counts(); c.Back != 48 || len(q.naked) != 48 {
					t.Errorf("%+v, %d given back; want all 48, so that another process gets them at once", c, len(q.naked))
				}
			})
		})
	}
}

type verdict struct{ permanent, final bool }

func (verdict) Error() string     { return "refused" }
func (v verdict) Permanent() bool { return v.permanent }
func (v verdict) Final() bool     { return v.final }

func TestRefusedForGood(t *testing.T) {
	refused := fmt.Errorf("write LINKS: %w", verdict{final: true})
	for name, make := range map[string]func(*Stage){
		"by the sink": func(s *Stage) { s.To = &store{fail: 1 << 30, err: refused} },
		"within the step": func(s *Stage) {
			s.Step = func(context.Context, ad.Message) ([]ad.Message, error) { return nil, Permanent(refused) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q, out := newQueue(100), &store{}
				s := &Stage{Name: "test", Step: echo, From: q, To: out, Dead: out, Config: Config{Batch: 10}, Log: quiet}
				make(s)
				if err := s.Run(t.Context()); !IsFinal(err) || err.Error() != "stage test: "+refused.Error() && name == "by the sink" {
					t.Errorf("got %v, want what refused it", err)
				}
				if len(out.msgs) != 0 || len(q.acked) != 0 || len(q.naked) != q.fetched {
					t.Errorf("%d out, %d acknowledged, %d of %d given back", len(out.msgs), len(q.acked), len(q.naked), q.fetched)
				}
			})
		})
	}
}

// picky refuses some messages for good.
type picky struct {
	store
	no func(ad.Message) bool
}

func (p *picky) Publish(ctx context.Context, msgs []ad.Message) error {
	if slices.ContainsFunc(msgs, p.no) {
		return fmt.Errorf("publish: %w", verdict{permanent: true})
	}
	return p.store.Publish(ctx, msgs)
}

func TestAnOutputThatCannotBeStoredHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, dead := newQueue(100), &picky{no: func(m ad.Message) bool { return string(m.Data) == "13" }} // too large even for a letter
		out := &picky{no: func(m ad.Message) bool { return string(m.Data) == "7" || string(m.Data) == "13" }}
		s := &Stage{Name: "test", Stream: "IN", Step: echo, From: q, To: out, Dead: dead, Config: Config{Batch: 16}, Log: quiet}
		run(t, s, time.Minute)
		if len(out.msgs) != 98 || len(q.acked) != 100 || len(dead.msgs) != 2 || s.Counts().Done != 98 {
			t.Fatalf("%d out, %d acknowledged, %d dead, %+v", len(out.msgs), len(q.acked), len(dead.msgs), s.Counts())
		}
		if l := dead.msgs[0]; string(l.Data) != "7" || l.Header[ReasonHeader] != "store what follows: publish: refused" {
			t.Errorf("dead letter %+v", l)
		}
		if _, _, err := Restore(dead.msgs[1]); err == nil || err.Error() != "restore dead letter 0: its 2 bytes were too many to be kept with it; they stand in stream IN at 13" {
			t.Errorf("restoring a letter without its data: %v", err)
		}
	})
}

// A source that fails ends the stage with the reason, also when only one of its
// lanes hears of it, so that it can be opened again.
func TestSourceFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, out := newQueue(30), &store{}
		gone := errors.New("consumer is gone")
		s := &Stage{Name: "test", Step: echo, From: &failing{queue: q, after: 2, err: gone}, To: out, Dead: out, Config: Config{Batch: 10, Lanes: 3}, Log: quiet}
		if err := s.Run(t.Context()); !errors.Is(err, gone) || err.Error() != "stage test: consumer is gone" {
			t.Fatalf("got %v", err)
		}
		before := len(q.acked) + len(q.naked)
		if before != 20 || len(out.msgs) != len(q.acked) {
			t.Errorf("%d acknowledged, %d given back, %d out; want each of 20 at one of the first two", len(q.acked), len(q.naked), len(out.msgs))
		}
		s.From = q
		run(t, s, time.Minute)
		if len(q.acked) != 30 || len(out.msgs) != 30 {
			t.Errorf("opened again: %d acknowledged, %d out; want 30 each", len(q.acked), len(out.msgs))
		}
	})
}

// failing gives some batches, says that it is broken, and must not be asked again.
type failing struct {
	*queue
	after int
	err   error
	calls int
}

func (f *failing) Fetch(ctx context.Context, n int) ([]ad.Message, error) {
	switch f.calls++; {
	case f.calls <= f.after:
		return f.queue.Fetch(ctx, n)
	case f.calls == f.after+1:
		time.Sleep(time.Second) // the other lanes wait for their turn by now
		return nil, f.err
	}
	panic("asked again after it failed")
}

// notes are Trials in memory.
type notes struct {
	mu    sync.Mutex
	times map[uint64]int
	open  int // begun and not ended
	most  int
}

func (n *notes) Begin(_ context.Context, seq uint64) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.open++
	n.most = max(n.most, n.open)
	n.times[seq]++
	return n.times[seq] - 1, nil
}

func (n *notes) End(_ context.Context, seq uint64) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.open--
	delete(n.times, seq)
	return nil
}

// A message over which one process after the other ended is taken no more. Others
// that they had in hand are worked on one at a time, and their effects stored soon.
func TestDeadlyMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, to, dead, n := newQueue(100), &store{}, &store{}, &notes{times: map[uint64]int{42: 5, 43: 4}}
		for i := range q.ready {
			q.ready[i].Attempt = 30
		}
		s := &Stage{Name: "test", From: q, To: to, Dead: dead, Trials: n, Log: quiet,
			Step: func(ctx context.Context, m ad.Message) ([]ad.Message, error) {
				if m.Seq == 42 {
					t.Error("the step sees it again")
				}
				if m.Seq == 90 && len(to.msgs) < 60 {
					t.Errorf("%d of the messages before it are stored", len(to.msgs))
				}
				time.Sleep(time.Millisecond)
				return echo(ctx, m)
			}}
		run(t, s, time.Minute)
		if len(q.acked) != 100 || len(dead.msgs) != 1 || dead.msgs[0].Header[ReasonHeader] != "begun 5 times by itself and never finished: it may be what ends the program" {
			t.Errorf("%d acknowledged, dead letters %+v", len(q.acked), dead.msgs)
		}
		if n.most != 1 || len(n.times) != 0 {
			t.Errorf("%d were tried at once; notes that stay: %v", n.most, n.times)
		}
	})
}

// What other processes had of a message and did not finish is no failure of its step.
func TestDeliveriesAreNoFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for attempt, calls := range map[int]int{0: 5, 7: 5, 18: 2, 300: 1} {
			q, dead, n := newQueue(1), &store{}, 0
			q.ready[0].Attempt = attempt
			s := &Stage{Name: "test", From: q, To: &store{}, Dead: dead, Trials: &notes{times: map[uint64]int{}}, Log: quiet,
				Step: func(context.Context, ad.Message) ([]ad.Message, error) { n++; return nil, errors.New("busy") }}
			run(t, s, time.Hour)
			if n != calls || len(dead.msgs) != 1 {
				t.Errorf("delivered %d times before: the step was called %d times, want %d; %d dead letters", attempt, n, calls, len(dead.msgs))
			}
		}
	})
}

type meter struct {
	mu      sync.Mutex
	waited  []time.Duration
	steps   []time.Duration
	batches int
	ends    map[End]int
}

func (m *meter) Waited(_ string, d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.waited = append(m.waited, d)
}

func (m *meter) Step(_ string, d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.steps = append(m.steps, d)
}

func (m *meter) Batch(_ string, n int, _ time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.batches += n
}

func (m *meter) Count(_ string, e End, n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ends[e] += n
}

func TestMeter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, m := newQueue(3), &meter{ends: map[End]int{}}
		for i := range q.ready {
			q.ready[i].Time = time.Now().Add(-time.Minute)
		}
		q.ready[2].Time = time.Now().Add(time.Hour) // by the writer's clock
		s := &Stage{Name: "test", From: q, To: &store{}, Dead: &store{}, Meter: m, Config: Config{Workers: 1}, Log: quiet,
			Step: func(ctx context.Context, m ad.Message) ([]ad.Message, error) {
				if m.Seq == 1 {
					return nil, Skip
				}
				time.Sleep(2 * time.Second)
				return echo(ctx, m)
			}}
		run(t, s, time.Minute)
		if want := []time.Duration{time.Minute, time.Minute, 0}; !slices.Equal(m.waited, want) {
			t.Errorf("waited %v, want %v", m.waited, want)
		}
		if want := []time.Duration{0, 2 * time.Second, 2 * time.Second}; !slices.Equal(m.steps, want) {
			t.Errorf("steps %v, want %v", m.steps, want)
		}
		if want := map[End]int{Done: 2, Skipped: 1, Out: 2}; !maps.Equal(m.ends, want) || m.batches != 3 {
			t.Errorf("%v and %d in batches, want %v and 3", m.ends, m.batches, want)
		}
	})
}

func TestBackoff(t *testing.T) {
	for attempt, want := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second, 60: 5 * time.Minute} {
		for range 50 {
			if d := Backoff(time.Second, attempt); d < want*7/8 || d > want*9/8+1 {
				t.Fatalf("backoff after attempt %d is %v, want about %v", attempt, d, want)
			}
		}
	}
}

// tail gives messages 1 to n to a follower, which stops when it has them all.
func tail(n uint64, stop func()) func(context.Context, uint64, int, func([]ad.Message) error) error {
	return func(ctx context.Context, from uint64, most int, f func([]ad.Message) error) error {
		for ; from <= n; from += uint64(most) {
			var ms []ad.Message
			for s := from; s < from+uint64(most) && s <= n; s++ {
				ms = append(ms, ad.Message{Seq: s, Subject: "ad.town", Data: []byte{byte(s)}})
			}
			if err := f(ms); err != nil {
				return err
			}
		}
		if err := f(nil); err != nil { // the end of the stream
			return err
		}
		stop()
		return ctx.Err()
	}
}

func TestFollower(t *testing.T) {
	tests := map[string]struct {
		decode  func(seq uint64) error
		apply   func(items []int, upTo uint64, call int) error
		applied int
		dead    []string // reasons
		final   bool
	}{
		"every message takes effect": {applied: 50},
		"a failing database loses nothing": {applied: 50, apply: func(_ []int, upTo uint64, call int) error {
			if upTo == 30 && call < 6 {
				return errors.New("database is locked")
			}
			return nil
		}},
		"what cannot be read is a dead letter": {applied: 49, dead: []string{"not JSON"}, decode: func(seq uint64) error {
			if seq == 13 {
				return errors.New("not JSON")
			}
			return nil
		}},
		"what is no item is passed over": {applied: 40, decode: func(seq uint64) error {
			if seq <= 10 {
				return Skip
			}
			return nil
		}},
		"one that can never be applied holds up no other": {applied: 48, dead: []string{"too long", "the program failed on it: a panic with string"},
			apply: func(items []int, _ uint64, _ int) error {
				if slices.Contains(items, 13) {
					return Permanent(errors.New("too long"))
				}
				if slices.Contains(items, 17) {
					panic("no such cluster")
				}
				return nil
			}},
		"one who may no longer write stops": {applied: 20, final: true, apply: func(_ []int, upTo uint64, _ int) error {
			if upTo > 20 {
				return Permanent(fmt.Errorf("index: %w", verdict{final: true}))
			}
			return nil
		}},
		"a record for a newer program stops": {applied: 40, final: true, decode: func(seq uint64) error {
			if seq == 42 {
				return fmt.Errorf("read record: %w", verdict{final: true})
			}
			return nil
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var got []int
				var pos uint64
				calls := 0
				dead := &store{}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				f := &Follower[int]{Name: "index", Stream: "ADS", Dead: dead, Batch: 10, Log: quiet,
					Position: func(context.Context) (uint64, error) { return pos, nil },
					Tail:     tail(50, cancel),
					Decode: func(m ad.Message) (int, error) {
						if tt.decode != nil {
							return int(m.Seq), tt.decode(m.Seq)
						}
						return int(m.Seq), nil
					},
					Apply: func(_ context.Context, upTo uint64, items []int) error {
						if calls++; tt.apply != nil {
							if err := tt.apply(items, upTo, calls); err != nil {
								return err
							}
						}
						got, pos = append(got, items...), upTo
						return nil
					}}
				if err := f.Run(ctx); IsFinal(err) != tt.final || !tt.final && err != nil {
					t.Fatal(err)
				}
				if len(got) != tt.applied || !slices.IsSorted(got) || !tt.final && pos != 50 {
					t.Errorf("applied %v up to %d, want %d", got, pos, tt.applied)
				}
				var reasons []string
				for _, l := range dead.msgs {
					reasons = append(reasons, l.Header[ReasonHeader])
					if m, stream, err := Restore(l); err != nil || stream != "ADS" || m.Subject != "ad.town" || m.Data[0] != byte(m.Seq) {
						t.Errorf("dead letter %+v: %v", l, err)
					}
				}
				if !slices.Equal(reasons, tt.dead) {
					t.Errorf("dead letters %q, want %q", reasons, tt.dead)
				}
				if c := f.Counts(); c.Done != uint64(tt.applied) || c.Dead != uint64(len(tt.dead)) {
					t.Errorf("%+v", c)
				}
			})
		})
	}
}

func TestAStepsOwnSourceStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &store{}
		s := &Stage{Name: "test", From: newQueue(1), To: out, Dead: out, Log: quiet,
			Step: func(context.Context, ad.Message) ([]ad.Message, error) {
				return []ad.Message{{Header: map[string]string{SourceHeader: "77"}}, {}}, nil
			}}
		run(t, s, time.Second)
		if a, b := out.msgs[0].Header[SourceHeader], out.msgs[1].Header[SourceHeader]; a != "77" || b != "1" {
			t.Errorf("sources %s and %s, want 77 and 1", a, b)
		}
	})
}

// One bad message among thousands costs some more calls, not thousands.
func TestOneBadMessageIsFoundInHalves(t *testing.T) {
	const n, bad = 4096, 1234
	dead, calls, applied := &store{}, 0, 0
	f := &Follower[int]{Name: "index", Stream: "ADS", Dead: dead, Log: quiet,
		Decode: func(m ad.Message) (int, error) { return int(m.Seq), nil },
		Apply: func(_ context.Context, _ uint64, items []int) error {
			if calls++; slices.Contains(items, bad) {
				return Permanent(errors.New("too long"))
			}
			applied += len(items)
			return nil
		}}
	msgs := make([]ad.Message, n)
	for i := range msgs {
		msgs[i] = ad.Message{Subject: "ad.town", Seq: uint64(i + 1), Data: []byte{byte(i + 1)}}
	}
	if err := f.batch(t.Context(), msgs); err != nil {
		t.Fatal(err)
	}
	if applied != n-1 || len(dead.msgs) != 1 || calls > 30 {
		t.Errorf("%d applied and %d dead in %d calls", applied, len(dead.msgs), calls)
	}
}
