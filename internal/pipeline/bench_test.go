package pipeline

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"vigil.example/internal/ad"
)

// endless gives b.N messages without a cost of its own, then ends.
type endless struct {
	left  int
	acked atomic.Int64
	want  int64
	seq   uint64
	all   []ad.Message
	end   func()
}

func (e *endless) Fetch(ctx context.Context, n int) ([]ad.Message, error) {
	n = min(n, e.left)
	if e.left -= n; n == 0 {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if len(e.all) < n {
		e.all = make([]ad.Message, 1<<16)
	}
	got := e.all[:n:n]
	e.all = e.all[n:]
	for i := range got {
		e.seq++
		got[i] = ad.Message{Subject: "listing.town", Seq: 1_000_000 + e.seq, Attempt: 1}
	}
	return got, nil
}

func (e *endless) Ack(seqs ...uint64) error {
	if e.acked.Add(int64(len(seqs))) == e.want {
		e.end()
	}
	return nil
}

func (*endless) Nak(uint64, time.Duration) error { return nil }
func (*endless) Extend(...uint64) error          { return nil }

type nowhere struct{}

func (nowhere) Publish(context.Context, []ad.Message) error { return nil }

// What the pump itself costs a message: the step makes one output and nothing else.
func BenchmarkStage(b *testing.B) {
	for _, batch := range []int{16, 256, 1000} {
		b.Run(fmt.Sprint(batch), func(b *testing.B) {
			ctx, cancel := context.WithCancel(b.Context())
			defer cancel()
			s := &Stage{Name: "bench", Stream: "IN", From: &endless{left: b.N, want: int64(b.N), end: cancel}, To: nowhere{}, Dead: nowhere{}, Hold: 10 * time.Second,
				Config: Config{Batch: batch}, Log: quiet,
				Step: func(context.Context, ad.Message) ([]ad.Message, error) {
					return []ad.Message{{Subject: "ad.town"}}, nil
				}}
			b.ReportAllocs()
			if err := s.Run(ctx); err != nil {
				b.Fatal(err)
			}
			if c := s.Counts(); c.Done != uint64(b.N) {
				b.Fatalf("%+v", c)
			}
		})
	}
}
