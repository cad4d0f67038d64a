package stream

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"vigil.example/internal/ad"
)

// page is about the size of an ad.
var page = func() []byte {
	b := make([]byte, 0, 1600)
	for i := 0; len(b) < 1590; i++ {
		b = fmt.Appendf(b, "word%d ", i*i)
	}
	return b
}()

const benchBatch = 1000

// BenchmarkWalk publishes, reads and acknowledges at once: through the bus, and
// by hand with the client library, without anything that Vigil adds.
func BenchmarkWalk(b *testing.B) {
	for _, way := range []struct {
		name    string
		publish func(*Bus, int, int) error
		read    func(*Bus, int) error
	}{
		{"bus", busPublish, busRead},
		{"by-hand", handPublish, handRead},
	} {
		b.Run(way.name, func(b *testing.B) {
			bus, err := Open(b.Context(), Config{Dir: b.TempDir()})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(bus.Close)
			b.ReportAllocs()
			b.ResetTimer()
			done := make(chan error, 1)
			go func() { done <- way.read(bus, b.N) }()
			for i := 0; i < b.N; i += benchBatch {
				if err := way.publish(bus, i, min(i+benchBatch, b.N)); err != nil {
					b.Fatal(err)
				}
			}
			if err := <-done; err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msgs/s")
		})
	}
}

// BenchmarkHop is the way from a publish to its reader at 500 messages a second,
// one by one.
func BenchmarkHop(b *testing.B) {
	bus, err := Open(b.Context(), Config{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(bus.Close)
	c, err := bus.Consumer(b.Context(), Ads, "bench", ConsumerOptions{Inflight: 1000, Wait: time.Minute})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(c.Close)
	began := make([]time.Time, b.N)
	took := make([]time.Duration, 0, b.N)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	go func() {
		for i := range b.N {
			<-tick.C
			began[i] = time.Now()
			if err := busPublish(bus, i, i+1); err != nil {
				b.Error(err)
			}
		}
	}()
	batches := 0
	for len(took) < b.N {
		msgs, err := c.Fetch(b.Context(), 256)
		if err != nil {
			b.Fatal(err)
		}
		batches++
		for _, m := range msgs {
			took = append(took, time.Since(began[m.Seq-1]))
			if err := c.Ack(m.Seq); err != nil {
				b.Fatal(err)
			}
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms/p50")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "ms/p99")
	b.ReportMetric(float64(b.N)/float64(batches), "msgs/batch")
}

func busPublish(b *Bus, from, to int) error {
	msgs := make([]ad.Message, 0, to-from)
	for i := from; i < to; i++ {
		msgs = append(msgs, ad.Message{Subject: "ad.town", ID: "v" + strconv.Itoa(i), Data: page, Header: map[string]string{"Vigil-Source": strconv.Itoa(i)}})
	}
	return b.Publish(context.Background(), msgs)
}

func busRead(b *Bus, n int) error {
	c, err := b.Consumer(context.Background(), Ads, "bench", ConsumerOptions{Inflight: 4 * benchBatch, Wait: time.Minute})
	if err != nil {
		return err
	}
	defer c.Close()
	seqs := make([]uint64, 0, benchBatch)
	for got := 0; got < n; {
		msgs, err := c.Fetch(context.Background(), benchBatch)
		if err != nil {
			return err
		}
		seqs = seqs[:0]
		for _, m := range msgs {
			seqs = append(seqs, m.Seq)
		}
		if err := c.Ack(seqs...); err != nil {
			return err
		}
		got += len(msgs)
	}
	return nil
}

func handPublish(b *Bus, from, to int) error {
	id := nats.NewInbox()[7:]
	for i := from; i < to; i++ {
		m := &nats.Msg{Subject: "ad.town", Data: page, Header: nats.Header{
			"Nats-Msg-Id": {"v" + strconv.Itoa(i)}, "Vigil-Source": {strconv.Itoa(i)},
			"Nats-Batch-Id": {id}, "Nats-Batch-Sequence": {strconv.Itoa(i - from + 1)},
		}}
		if i < to-1 {
			if err := b.nc.PublishMsg(m); err != nil {
				return err
			}
			continue
		}
		m.Header["Nats-Batch-Commit"] = []string{"1"}
		answer, err := b.nc.RequestMsg(m, time.Minute)
		if err != nil {
			return err
		}
		var got struct{ Count int }
		if err := json.Unmarshal(answer.Data, &got); err != nil || got.Count != to-from {
			return fmt.Errorf("batch of %d: %s", to-from, answer.Data)
		}
	}
	return nil
}

func handRead(b *Bus, n int) error {
	ctx := context.Background()
	c, err := b.js.CreateOrUpdateConsumer(ctx, Ads, jetstream.ConsumerConfig{
		Durable: "bench", AckPolicy: jetstream.AckExplicitPolicy, AckWait: time.Minute, MaxAckPending: 4 * benchBatch,
	})
	if err != nil {
		return err
	}
	for got := 0; got < n; {
		batch, err := c.Fetch(min(benchBatch, n-got), jetstream.FetchMaxWait(time.Second))
		if err != nil {
			return err
		}
		for m := range batch.Messages() {
			if _, err := m.Metadata(); err != nil {
				return err
			}
			if err := m.Ack(); err != nil {
				return err
			}
			got++
		}
		if err := batch.Error(); err != nil {
			return err
		}
	}
	return nil
}

// fillVariable names the folder that a child process fills until it is killed.
const fillVariable = "VIGIL_BENCH_FILL"

// BenchmarkRecovery opens a million messages after kill -9. With VIGIL_BENCH_DIR
// they stay for the next run, whose message ids are old then.
func BenchmarkRecovery(b *testing.B) {
	const messages = 1_000_000
	if dir := os.Getenv(fillVariable); dir != "" {
		fill(b, dir, messages)
	}
	dir := cmp.Or(os.Getenv("VIGIL_BENCH_DIR"), b.TempDir())
	var server, own time.Duration
	for b.Loop() {
		b.StopTimer()
		kill(b, dir)
		b.StartTimer()
		started := time.Now()
		srv, err := embedded(Config{Dir: dir})
		if err != nil {
			b.Fatal(err)
		}
		server += time.Since(started)
		b.StopTimer()
		srv.Shutdown()
		srv.WaitForShutdown()
		kill(b, dir)
		b.StartTimer()
		started = time.Now()
		bus, err := Open(b.Context(), Config{Dir: dir})
		if err != nil {
			b.Fatal(err)
		}
		own += time.Since(started)
		b.StopTimer()
		if i, err := bus.Info(b.Context(), Ads); err != nil || i.Messages < messages {
			b.Fatalf("%d messages, %v", i.Messages, err)
		}
		bus.Close()
		b.StartTimer()
	}
	b.ReportMetric(server.Seconds()/float64(b.N), "s/server")
	b.ReportMetric(own.Seconds()/float64(b.N), "s/open")
}

// fill stores until there are so many, says so, and waits to be killed.
func fill(b *testing.B, dir string, messages int) {
	bus, err := Open(b.Context(), Config{Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	i, err := bus.Info(b.Context(), Ads)
	if err != nil {
		b.Fatal(err)
	}
	for n := int(i.Messages); n == int(i.Messages) || n < messages; n += benchBatch {
		if err := busPublish(bus, n, n+benchBatch); err != nil {
			b.Fatal(err)
		}
	}
	fmt.Println("filled")
	select {}
}

// kill runs a process that fills the folder and kills it.
func kill(b *testing.B, dir string) {
	child := exec.CommandContext(b.Context(), os.Args[0], "-test.run=^$", "-test.bench=^BenchmarkRecovery$")
	child.Env = append(os.Environ(), fillVariable+"="+dir)
	out, err := child.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := child.Start(); err != nil {
		b.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if strings.Contains(lines.Text(), "filled") {
			if err := child.Process.Kill(); err != nil {
				b.Fatal(err)
			}
		}
	}
	_ = child.Wait() // it was killed
}
