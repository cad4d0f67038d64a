package stream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"

	"vigil.example/internal/ad"
)

// cluster starts three servers on this host and returns their URLs.
func cluster(t testing.TB) (string, []*server.Server) {
	t.Helper()
	var routes []*url.URL
	ports := freePorts(t, 3)
	for _, p := range ports {
		routes = append(routes, &url.URL{Scheme: "nats", Host: fmt.Sprintf("127.0.0.1:%d", p)})
	}
	var all []*server.Server
	var urls []string
	for i, port := range ports {
		s, err := server.NewServer(&server.Options{
			ServerName: fmt.Sprint("node", i), Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), SyncAlways: true,
			JetStreamMaxMemory: 64 << 20, JetStreamMaxStore: 10 << 30, MaxPayload: maxPayload, MaxPending: 256 << 20, NoLog: true, NoSigs: true,
			Cluster: server.ClusterOpts{Name: "town", Host: "127.0.0.1", Port: port}, Routes: routes,
		})
		if err != nil {
			t.Fatal(err)
		}
		s.Start()
		t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
		all = append(all, s)
	}
	for _, s := range all {
		if !s.ReadyForConnections(patience) {
			t.Fatal("a server of the cluster did not start")
		}
		urls = append(urls, s.ClientURL())
	}
	return strings.Join(urls, ","), all
}

// buses opens n connections, each like that of a process of its own: to one
// server, or to a cluster that keeps everything three times.
var places = []struct {
	name  string
	buses func(t *testing.T, n int) []*Bus
}{
	{"one server", func(t *testing.T, n int) []*Bus {
		out := []*Bus{serving(t)}
		for len(out) < n {
			out = append(out, sibling(t, out[0]))
		}
		return out
	}},
	{"three servers", func(t *testing.T, n int) []*Bus {
		if testing.Short() {
			t.Skip("starts a cluster")
		}
		at, _ := cluster(t)
		var out []*Bus
		for len(out) < n {
			b, err := Open(t.Context(), Config{URL: at, Replicas: 3})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(b.Close)
			out = append(out, b)
		}
		return out
	}},
}

func changes(owner string, from, to int) []ad.Message {
	var out []ad.Message
	for i := from; i < to; i++ {
		out = append(out, ad.Message{Subject: "link.change", ID: fmt.Sprint(owner, i), Data: []byte(`{}`), Header: map[string]string{"Owner": owner}})
	}
	return out
}

func penOf(t *testing.T, b *Bus, role string, gen int, streams ...string) *Pen {
	t.Helper()
	p, err := b.Fenced(t.Context(), role, gen, streams...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// messages counts as the leader does; a consumer may sit on a server that is behind.
func messages(t *testing.T, b *Bus, stream string) (n uint64) {
	t.Helper()
	i, err := b.Info(t.Context(), stream)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range i.Subjects {
		n += k
	}
	return n
}

// Whatever a stopped owner sends when it goes on, nothing of it is stored.
func TestPenOfStoppedOwner(t *testing.T) {
	for _, place := range places {
		t.Run(place.name, func(t *testing.T) {
			ctx := t.Context()
			bs := place.buses(t, 2)
			old := take(t, bs[0], "link", LeaseOptions{TTL: short, Owner: "first"})
			one := penOf(t, bs[0], "link", 1, Links)
			if err := one.Publish(ctx, changes("a", 0, 20)); err != nil {
				t.Fatal(err)
			}
			seq, err := one.Append(ctx, "link.change", "e1", []byte("1"), 20+1)
			if err != nil {
				t.Fatal(err)
			}
			wake := stopped(old)
			defer wake()
			take(t, bs[1], "link", LeaseOptions{TTL: short, Owner: "second"})

			// Nobody has fenced yet: the owner of the fence may still write, and what it
			// writes is before the other's fence, who reads it before going on.
			if err := one.Publish(ctx, changes("a", 20, 21)); err != nil {
				t.Fatalf("before the next fence: %v", err)
			}
			two := penOf(t, bs[1], "link", 1, Links)
			if err := two.Publish(ctx, changes("b", 0, 3)); err != nil {
				t.Fatal(err)
			}
			before := messages(t, bs[1], Links)
			tries := []struct {
				name string
				try  func() error
			}{
				{"a single message", func() error { return one.Publish(ctx, changes("a", 30, 31)) }},
				{"a small batch", func() error { return one.Publish(ctx, changes("a", 40, 45)) }},
				{"an atomic batch", func() error { return one.Publish(ctx, changes("a", 50, 150)) }},
				{"more than an atomic batch", func() error { return one.Publish(ctx, changes("a", 1000, 3500)) }},
				{"known and new ids", func() error { return one.Publish(ctx, changes("a", 0, 30)) }},
				{"an event", func() error { _, err := one.Append(ctx, "link.change", "e2", []byte("2"), seq); return err }},
				{"another fence", func() error {
					old.renewing.Unlock()
					_, err := bs[0].Fenced(ctx, "link", 1, Links)
					old.renewing.Lock()
					return err
				}},
				{"after all that", func() error { return one.Publish(ctx, changes("a", 60, 61)) }},
			}
			for _, x := range tries {
				if err := x.try(); !errors.Is(err, ErrFenced) {
					t.Errorf("%s: %v, want ErrFenced", x.name, err)
				}
			}
			if after := messages(t, bs[1], Links); after != before {
				t.Errorf("%d messages were stored", after-before)
			}
			if err := two.Publish(ctx, changes("b", 3, 30)); err != nil {
				t.Errorf("the new owner: %v", err)
			}
		})
	}
}

func TestPen(t *testing.T) {
	for _, place := range places {
		t.Run(place.name, func(t *testing.T) {
			ctx := t.Context()
			b := place.buses(t, 1)[0]
			if _, err := b.Fenced(ctx, "link", 1, Links); err == nil {
				t.Fatal("fenced without a lease")
			}
			take(t, b, "link", LeaseOptions{TTL: time.Minute})
			if _, err := b.Fenced(ctx, "link", 1, Ads); err == nil || !strings.Contains(err.Error(), "ADS takes no fences") {
				t.Fatalf("fenced a stream without fences: %v", err)
			}
			p := penOf(t, b, "link", 1, Links)
			steps := []struct {
				name     string
				from, to int
				want     uint64
			}{
				{"nothing", 0, 0, 0},
				{"one message", 0, 1, 1},
				{"a few", 1, 5, 5},
				{"an atomic batch", 5, 500, 500},
				{"known ids", 100, 400, 500},
				{"known ids at both ends", 400, 700, 700},
				{"more than one batch", 700, 3300, 3300},
			}
			for _, s := range steps {
				if err := p.Publish(ctx, changes("a", s.from, s.to)); err != nil {
					t.Fatalf("%s: %v", s.name, err)
				}
				if got := messages(t, b, Links); got != s.want {
					t.Errorf("%s: %d messages, want %d", s.name, got, s.want)
				}
			}
			if err := p.Publish(ctx, []ad.Message{{Subject: "capture.a.b"}}); err == nil {
				t.Error("published to a stream without its fence")
			}

			// What was trimmed away may have held the fence.
			i, err := b.Info(ctx, Links)
			if err != nil {
				t.Fatal(err)
			}
			if err := b.Trim(ctx, Links, i.Last); err != nil {
				t.Fatal(err)
			}
			if err := p.Publish(ctx, changes("t", 0, 20)); err != nil {
				t.Errorf("after trimming: %v", err)
			}

			// Several goroutines share a pen.
			var all sync.WaitGroup
			for w := range 4 {
				all.Go(func() {
					for n := range 5 {
						if err := p.Publish(ctx, changes(fmt.Sprint("w", w), 10*n, 10*n+1+w*4)); err != nil {
							t.Error(err)
						}
					}
				})
			}
			all.Wait()
			if got := messages(t, b, Links); got != 20+5*(1+5+9)+4*10+13 {
				t.Errorf("%d messages after four goroutines", got)
			}
		})
	}
}

func TestPenAppend(t *testing.T) {
	for _, place := range places {
		t.Run(place.name, func(t *testing.T) {
			ctx := t.Context()
			b := place.buses(t, 1)[0]
			take(t, b, "web", LeaseOptions{TTL: time.Minute})
			p := penOf(t, b, "web", 1, Generations)
			one, err := p.Append(ctx, "generation.plan", "1", []byte("1"), 0)
			if err != nil {
				t.Fatal(err)
			}
			if m, err := b.Get(ctx, Generations, one); err != nil || string(m.Data) != "1" || m.ID != "1" {
				t.Errorf("at the sequence returned is %+v, %v", m, err)
			}
			for name, try := range map[string]func() error{
				"a stale expectation":         func() error { _, err := p.Append(ctx, "generation.plan", "2", nil, 0); return err },
				"an expectation out of reach": func() error { _, err := p.Append(ctx, "generation.plan", "2", nil, one+50); return err },
				"a known id":                  func() error { _, err := p.Append(ctx, "generation.plan", "1", nil, one); return err },
			} {
				if err := try(); !errors.Is(err, ErrConflict) || errors.Is(err, ErrFenced) {
					t.Errorf("%s: %v, want ErrConflict", name, err)
				}
			}
			// An answer that got lost: the fence has moved without our knowing.
			f := p.fences[Generations]
			f.seq -= 1
			two, err := p.Append(ctx, "generation.plan", "2", []byte("2"), one)
			if err != nil || two <= one {
				t.Fatalf("appended %d after %d, %v", two, one, err)
			}
			if err := p.Publish(ctx, []ad.Message{{Subject: "generation.switch", ID: "3"}}); err != nil {
				t.Fatal(err)
			}
			var got []string
			if _, err := b.Replay(ctx, Generations, 0, nil, func(m ad.Message) error { got = append(got, m.Subject+" "+m.ID); return nil }); err != nil {
				t.Fatal(err)
			}
			if fmt.Sprint(got) != "[generation.plan 1 generation.plan 2 generation.switch 3]" {
				t.Errorf("the stream holds %q", got)
			}
		})
	}
}

func TestPenOfGeneration(t *testing.T) {
	ctx := t.Context()
	b := open(t, t.TempDir())
	for _, s := range []string{Ads, Links} {
		if err := b.EnsureGeneration(ctx, s, 2); err != nil {
			t.Fatal(err)
		}
	}
	take(t, b, "link-2", LeaseOptions{TTL: time.Minute})
	f := penOf(t, b, "link-2", 2, Links, Archive)
	if err := f.Publish(ctx, changes("a", 0, 30)); err != nil {
		t.Fatal(err)
	}
	if err := f.Publish(ctx, []ad.Message{{Subject: "archive.sealed", ID: "f"}}); err != nil {
		t.Fatal(err)
	}
	if err := b.Pen(2).Publish(ctx, []ad.Message{{Subject: "ad.town", ID: "1"}, {Subject: "ad.town", ID: "2"}}); err != nil {
		t.Fatal(err)
	}
	if err := b.Pen(1).Publish(ctx, []ad.Message{{Subject: "ad.town", ID: "1"}}); err != nil {
		t.Fatal(err)
	}
	for stream, want := range map[string]uint64{"LINKS_2": 30, Links: 0, Archive: 1, "ADS_2": 2, Ads: 1} {
		if got := messages(t, b, stream); got != want {
			t.Errorf("%s holds %d messages, want %d", stream, got, want)
		}
	}
	if i, err := b.Info(ctx, "ADS_2"); err != nil || i.Subjects["ad.town"] != 2 {
		t.Errorf("readers see %v, %v; want plain subjects", i.Subjects, err)
	}
}

// Several contenders hand a lease over many times: by releasing it, by going on
// after another has taken over, and by being stopped. In the stream, whatever
// stands between two fences is of the owner of the first.
func TestHandOvers(t *testing.T) {
	for _, place := range places {
		t.Run(place.name, func(t *testing.T) {
			bs := place.buses(t, 3)
			ctx, stop := context.WithTimeout(t.Context(), 2*patience)
			defer stop()
			const turns = 5
			var all sync.WaitGroup
			var others atomic.Int32 // still to come
			others.Store(int32(len(bs)) - 1)
			for i, b := range bs {
				all.Go(func() {
					defer others.Add(-1)
					for turn := range turns {
						for wrote := false; !wrote; {
							var err error
							if wrote, err = holdOnce(ctx, b, i, turn, &others); err != nil {
								t.Errorf("contender %d, turn %d: %v", i, turn, err)
								return
							}
						}
					}
				})
			}
			all.Wait()
			fences, stored := whole(t, bs[0], Links)
			if fences < len(bs)*turns || stored == 0 {
				t.Errorf("%d fences and %d messages", fences, stored)
			}
			t.Logf("%d fences, %d messages", fences, stored)
		})
	}
}

// holdOnce takes the lease, writes, and ends in one of three ways. It reports whether
// it came to write: a loaded machine loses some leases before.
func holdOnce(ctx context.Context, b *Bus, i, turn int, others *atomic.Int32) (wrote bool, err error) {
	l, err := b.Lease(ctx, "link", LeaseOptions{TTL: short, Owner: fmt.Sprint("contender ", i)})
	if err != nil {
		return false, err
	}
	defer l.Release(context.WithoutCancel(ctx)) // if not, the next one waits longer
	// One that the server does not answer in time, or that was overtaken, begins again.
	ends := func(err error) error {
		if errors.Is(err, ErrFenced) || errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			return nil
		}
		return err
	}
	p, err := b.Fenced(ctx, "link", 1, Links)
	if err != nil {
		return false, ends(err)
	}
	ending := (i + turn) % 3
	if ending != 0 {
		defer stopped(l)() // it wakes up at the end
	}
	for n := 0; ; n++ {
		msgs := changes(p.self.Pen, 100*n, 100*n+1+(n*7)%40)
		if err := p.Publish(ctx, msgs); err != nil {
			return wrote, ends(err)
		}
		wrote = true
		if n >= 3 && (ending == 0 || others.Load() == 0) {
			return true, nil // it releases the lease
		}
		select {
		case <-ctx.Done():
			return true, ctx.Err()
		case <-time.After(short / 40):
		}
	}
}

// whole walks over a stream as it is stored and checks what lies between fences.
func whole(t *testing.T, b *Bus, stream string) (fences, stored int) {
	t.Helper()
	s, err := b.js.Stream(t.Context(), stream)
	if err != nil {
		t.Fatal(err)
	}
	var owner string
	for seq := uint64(1); seq <= s.CachedInfo().State.LastSeq; seq++ {
		m, err := s.GetMsg(t.Context(), seq)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(m.Subject, fencePrefix) {
			var by mark
			if err := json.Unmarshal(m.Data, &by); err != nil {
				t.Fatal(err)
			}
			owner = by.Pen
			fences++
			continue
		}
		stored++
		if got := m.Header.Get("Owner"); got != owner {
			t.Fatalf("message %d is of %s, but the fence before it of %s", seq, got, owner)
		}
	}
	return fences, stored
}

func BenchmarkPen(b *testing.B) {
	for _, place := range []string{"one server", "three servers"} {
		for _, size := range []int{1, 4, 20, 1000} {
			for _, with := range []string{"unfenced", "fenced"} {
				b.Run(fmt.Sprintf("%s/%d/%s", place, size, with), func(b *testing.B) {
					c := Config{Dir: b.TempDir()}
					if place != "one server" {
						at, _ := cluster(b)
						c = Config{URL: at, Replicas: 3}
					}
					bus, err := Open(b.Context(), c)
					if err != nil {
						b.Fatal(err)
					}
					defer bus.Close()
					l, err := bus.Lease(b.Context(), "link", LeaseOptions{Sole: true})
					if err != nil {
						b.Fatal(err)
					}
					defer l.Release(context.Background())
					p := bus.Pen(1)
					if with == "fenced" {
						if p, err = bus.Fenced(b.Context(), "link", 1, Links); err != nil {
							b.Fatal(err)
						}
					}
					msgs := changes("a", 0, size)
					body := []byte(strings.Repeat("x", 1590))
					n := 0
					for b.Loop() {
						for i := range msgs {
							msgs[i].ID, msgs[i].Data = fmt.Sprint(n), body
							n++
						}
						if err := p.Publish(b.Context(), msgs); err != nil {
							b.Fatal(err)
						}
					}
					b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "msgs/s")
				})
			}
		}
	}
}
