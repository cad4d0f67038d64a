package stream

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"vigil.example/internal/ad"
)

// nodes are three servers on the loopback that can be stopped and started again.
type nodes struct {
	t       *testing.T
	options []server.Options
	servers []*server.Server
}

func startNodes(t *testing.T) *nodes {
	t.Helper()
	c := &nodes{t: t}
	var routes []*url.URL
	ports := freePorts(t, 6)
	for _, p := range ports[3:] {
		routes = append(routes, &url.URL{Scheme: "nats", Host: fmt.Sprintf("127.0.0.1:%d", p)})
	}
	for i := range 3 {
		c.options = append(c.options, server.Options{
			ServerName: fmt.Sprint("one-", i), Host: "127.0.0.1", Port: ports[i], Routes: routes, NoLog: true, NoSigs: true,
			Cluster:   server.ClusterOpts{Name: "town", Host: "127.0.0.1", Port: ports[3+i]},
			JetStream: true, StoreDir: t.TempDir(), SyncAlways: true,
		})
	}
	c.servers = make([]*server.Server, 3)
	t.Cleanup(func() {
		for i := range c.servers {
			c.stop(i)
		}
	})
	return c
}

func (c *nodes) start(i int) {
	c.t.Helper()
	o := c.options[i]
	srv, err := server.NewServer(&o)
	if err != nil {
		c.t.Fatal(err)
	}
	srv.Start()
	c.servers[i] = srv
}

func (c *nodes) stop(i int) {
	if srv := c.servers[i]; srv != nil {
		srv.Shutdown()
		srv.WaitForShutdown()
		c.servers[i] = nil
	}
}

func (c *nodes) urls() string {
	var out []string
	for _, o := range c.options {
		out = append(out, fmt.Sprintf("nats://127.0.0.1:%d", o.Port))
	}
	return strings.Join(out, ",")
}

// TestCluster publishes and reads while the leader of the stream is lost, and
// while there is no quorum. What was acknowledged is there, once.
func TestCluster(t *testing.T) {
	if testing.Short() {
		t.Skip("elections take their time")
	}
	c := startNodes(t)
	for i := range c.servers {
		c.start(i)
	}
	ctx := t.Context()
	b := connectTo(t, Config{URL: c.urls(), Replicas: 3})
	if d, err := b.Drift(ctx); err != nil || len(d) > 0 {
		t.Errorf("drift of a new cluster: %v, %v", d, err)
	}
	leader := func() int {
		s, err := b.js.Stream(ctx, Ads)
		if err != nil {
			return -1
		}
		for i, o := range c.options {
			if cl := s.CachedInfo().Cluster; cl != nil && cl.Leader == o.ServerName && c.servers[i] != nil {
				return i
			}
		}
		return -1
	}
	seen := make(chan string, 10_000)
	reader, err := b.Consumer(ctx, Ads, "reader", ConsumerOptions{Inflight: 200, Wait: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	reading, stopReading := context.WithCancel(ctx)
	read := make(chan error, 1)
	go func() {
		for {
			ms, err := reader.Fetch(reading, 100)
			for _, m := range ms {
				seen <- m.ID
				_ = reader.Ack(m.Seq) // one that is lost comes again
			}
			if err != nil {
				read <- err
				return
			}
		}
	}()
	var tailed []ad.Message
	tail, stopTail := context.WithCancel(ctx)
	followed := make(chan error, 1)
	published := 0
	publish := func(n int) {
		t.Helper()
		for ; n > 0; n-- {
			until(t, "a publish that is tried again gets through", func() bool {
				try, cancel := context.WithTimeout(ctx, 3*time.Second)
				defer cancel()
				started := time.Now()
				err := b.Publish(try, batch(published, published+20))
				if took := time.Since(started); took > 3*time.Second+late {
					t.Errorf("a publish with 3 s to spare took %v", took)
				}
				return err == nil
			})
			published += 20
		}
	}
	publish(5)
	lost := -1
	until(t, "the stream has a leader", func() bool { lost = leader(); return lost >= 0 })
	c.stop(lost)
	publish(5)
	// A second server: no quorum.
	other := (lost + 1) % 3
	c.stop(other)
	try, cancel := context.WithTimeout(ctx, 2*time.Second)
	if err := b.Publish(try, batch(published, published+20)); err == nil {
		t.Error("a publish without a quorum succeeded")
	}
	cancel()
	c.start(lost)
	c.start(other)
	publish(5)
	for got := map[string]bool{}; len(got) < published; {
		select {
		case id := <-seen:
			got[id] = true
		case err := <-read:
			t.Fatalf("the reader ended after %d of %d: %v", len(got), published, err)
		case <-time.After(patience):
			t.Fatalf("the reader saw %d of %d messages", len(got), published)
		}
	}
	stopReading()
	<-read
	reader.Close()
	go func() {
		followed <- b.Tail(tail, Ads, 1, nil, 100, func(ms []ad.Message) error {
			tailed = append(tailed, ms...)
			if len(tailed) >= published {
				stopTail()
			}
			return nil
		})
	}()
	if err := <-followed; !errors.Is(err, context.Canceled) {
		t.Errorf("following the stream ended with %v", err)
	}
	ids := map[string]int{}
	for _, m := range tailed {
		ids[m.ID]++
	}
	if len(ids) != published || len(tailed) != published {
		t.Errorf("%d messages with %d ids are stored, want %d", len(tailed), len(ids), published)
	}
}
