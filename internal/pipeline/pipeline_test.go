package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
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
	delays  []time.Duration
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
	q.delays = append(q.delays, d)
	q.mu.Unlock()
	return nil
}

func (q *queue) Extend(...uint64) error { return nil }

type store struct {
	mu   sync.Mutex
	msgs []ad.Message
	fail int // publishes to refuse first
}

func (s *store) Publish(_ context.Context, m []ad.Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail > 0 {
		s.fail--
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

func TestStage(t *testing.T) {
	echo := func(_ context.Context, m ad.Message) ([]ad.Message, error) {
		return []ad.Message{{Subject: "out", ID: "o" + string(m.Data), Data: m.Data}}, nil
	}
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
		{name: "what was already written is left out", step: echo, out: 60, done: func(s uint64) bool { return s <= 40 }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q, out, dead := newQueue(100), &store{fail: tt.publishFailures}, &store{}
				s := &Stage{Name: "test", Step: tt.step, From: q, To: out, Dead: dead, Done: tt.done, Config: Config{Batch: 16}, Log: quiet}
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
		var begun sync.WaitGroup
		begun.Add(4)
		s := &Stage{Name: "slow", From: q, To: out, Dead: &store{}, Config: Config{Batch: 6, Workers: 4, Lanes: 1}, Log: quiet,
			Step: func(ctx context.Context, m ad.Message) ([]ad.Message, error) {
				begun.Done()
				begun.Wait()
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
		if c := s.Counts(); c.Back != 3 || !slices.Equal(q.delays, []time.Duration{0, 0, 0}) {
			t.Errorf("%+v, given back after %v; want the slow one and the two not begun at once", c, q.delays)
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

func TestFollower(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []int
		var pos uint64
		fails := 2
		dead := &store{}
		ctx, cancel := context.WithCancel(t.Context())
		f := &Follower[int]{Name: "index", Dead: dead, Batch: 10, Log: quiet,
			Position: func(context.Context) (uint64, error) { return pos, nil },
			Tail: func(ctx context.Context, from uint64, n int, f func([]ad.Message) error) error {
				for ; from <= 50; from += uint64(n) {
					var ms []ad.Message
					for s := from; s < from+uint64(n) && s <= 50; s++ {
						ms = append(ms, ad.Message{Seq: s, Subject: "ad.town"})
					}
					if err := f(ms); err != nil {
						return err
					}
				}
				cancel()
				return ctx.Err()
			},
			Decode: func(m ad.Message) (int, error) {
				if m.Seq == 13 {
					return 0, errors.New("not JSON")
				}
				return int(m.Seq), nil
			},
			Apply: func(_ context.Context, upTo uint64, items []int) error {
				if upTo == 30 && fails > 0 {
					fails--
					return errors.New("database is locked")
				}
				got, pos = append(got, items...), upTo
				return nil
			}}
		if err := f.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if len(got) != 49 || !slices.IsSorted(got) || pos != 50 {
			t.Errorf("applied %v up to %d", got, pos)
		}
		if len(dead.msgs) != 1 || dead.msgs[0].ID != "index:13" {
			t.Errorf("dead letters %+v", dead.msgs)
		}
	})
}
