package stream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go/jetstream"

	"vigil.example/internal/ad"
)

// keptMessage is everything of a message that a snapshot must bring back.
type keptMessage struct {
	Seq           uint64
	Subject, Data string
	Time          time.Time
	Header        string
}

// kept reads a stream as it is stored, fences and parts too, up to a sequence,
// which it must reach or go beyond.
func kept(t *testing.T, b *Bus, stream string, upTo uint64) []keptMessage {
	t.Helper()
	c, err := b.js.OrderedConsumer(t.Context(), stream, jetstream.OrderedConsumerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := b.js.Stream(t.Context(), stream)
	if err != nil {
		t.Fatal(err)
	}
	it, err := c.Messages()
	if err != nil {
		t.Fatal(err)
	}
	defer it.Stop()
	var out []keptMessage
	for {
		m, err := it.Next()
		if err != nil {
			t.Fatal(err)
		}
		md, err := m.Metadata()
		if err != nil {
			t.Fatal(err)
		}
		if md.Sequence.Stream <= upTo {
			h := m.Headers()
			out = append(out, keptMessage{md.Sequence.Stream, m.Subject(), string(m.Data()), md.Timestamp, h.Get("Nats-Msg-Id") + " " + h.Get("Vigil-Source")})
		}
		if md.Sequence.Stream >= upTo || md.NumPending == 0 && len(out) >= int(s.CachedInfo().State.Msgs) {
			return out
		}
	}
}

func TestSnapshot(t *testing.T) {
	const n = 10_000
	ctx := t.Context()
	b := open(t, t.TempDir())
	if err := b.Publish(ctx, batch(0, n)); err != nil {
		t.Fatal(err)
	}
	holes := []uint64{1, 2, 17, n / 2, n - 1, n}
	for i := uint64(1000); i < 2000; i++ {
		holes = append(holes, i)
	}
	if _, err := b.Erase(ctx, Ads, holes); err != nil {
		t.Fatal(err)
	}
	// The stream is written to, and erased from, until the snapshot is there.
	writing, stop := context.WithCancel(ctx)
	var all sync.WaitGroup
	all.Go(func() {
		for i := n; writing.Err() == nil; i += 50 {
			if err := b.Publish(ctx, batch(i, i+50)); err != nil {
				t.Error(err)
			}
			if _, err := b.Erase(ctx, Ads, []uint64{uint64(i + 1)}); err != nil {
				t.Error(err)
			}
		}
	})
	var snapshot bytes.Buffer
	began := time.Now()
	info, err := b.Snapshot(ctx, Ads, &snapshot)
	took := time.Since(began)
	stop()
	all.Wait()
	if err != nil {
		t.Fatal(err)
	}
	if info.Last < n || info.Messages > info.Last || info.Bytes != int64(snapshot.Len()) || len(info.SHA256) != 64 {
		t.Fatalf("snapshot %+v", info)
	}
	want := kept(t, b, Ads, info.Last)
	if len(want) < n-len(holes) {
		t.Fatalf("read %d messages back", len(want))
	}

	dir := t.TempDir()
	other, err := Open(ctx, Config{Dir: dir, Restoring: true})
	if err != nil {
		t.Fatal(err)
	}
	began = time.Now()
	if err := other.Restore(ctx, Ads, &snapshot, info); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d messages, %d KiB: snapshot %s, restore %s", info.Messages, info.Bytes>>10, took.Round(time.Millisecond), time.Since(began).Round(time.Millisecond))
	got := kept(t, other, Ads, info.Last)
	// What was erased while the snapshot was made may still be in it.
	gone := map[uint64]bool{}
	for _, m := range want {
		gone[m.Seq] = true
	}
	var same []keptMessage
	for _, m := range got {
		if gone[m.Seq] {
			same = append(same, m)
		} else if m.Seq <= n {
			t.Errorf("message %d came back, which was erased before", m.Seq)
		}
	}
	if d := cmp.Diff(want, same); d != "" {
		t.Errorf("restored otherwise (-original +restored):\n%.2000s", d)
	}
	i, err := other.Info(ctx, Ads)
	if err != nil || i.Last != info.Last || i.Messages != info.Messages {
		t.Errorf("restored stream %+v, %v", i, err)
	}
	if drift, err := other.Drift(ctx); err != nil || len(drift) != 0 {
		t.Errorf("the restored streams differ: %q, %v", drift, err)
	}
	// From the next start of the server on, ids within the window are known too.
	if err := other.CloseFlushed(); err != nil {
		t.Fatal(err)
	}
	other = open(t, dir)
	if err := other.Publish(ctx, batch(n-500, n-400)); err != nil {
		t.Fatal(err)
	}
	if err := other.Publish(ctx, []ad.Message{{Subject: "ad.town", ID: "new"}}); err != nil {
		t.Fatal(err)
	}
	if after, err := other.Info(ctx, Ads); err != nil || after.Last != i.Last+1 {
		t.Errorf("known ids were stored again: last is %d after %d, %v", after.Last, i.Last, err)
	}
	// It is not overwritten.
	if err := other.Restore(ctx, Ads, bytes.NewReader(nil), info); err == nil {
		t.Error("restored over a stream that holds messages")
	}
}

// Every stream and bucket goes through a snapshot, one of them sealed, one empty,
// one with parts and a fence, also from and to a server of its own.
func TestSnapshotOfEach(t *testing.T) {
	ctx := t.Context()
	fill := func(t *testing.T, b *Bus) {
		t.Helper()
		for i := range 20 {
			if _, err := b.Append(ctx, fmt.Sprint("audit.", i), "", []byte("entry"), 0); err != nil {
				t.Fatal(err)
			}
		}
		take(t, b, "crawl-townboard", LeaseOptions{TTL: time.Minute})
		p := penOf(t, b, "crawl-townboard", 1, Captures)
		big := bytes.Repeat([]byte("0123456789abcdef"), (maxPayload+1000)/16)
		if err := p.Publish(ctx, []ad.Message{{Subject: "capture.townboard.page", ID: "c1", Data: big}}); err != nil {
			t.Fatal(err)
		}
		if err := b.EnsureGeneration(ctx, Links, 2); err != nil {
			t.Fatal(err)
		}
		if err := b.Pen(2).Publish(ctx, changes("a", 0, 100)); err != nil {
			t.Fatal(err)
		}
		if err := b.Trim(ctx, "LINKS_2", 100); err != nil { // empty, but not new
			t.Fatal(err)
		}
		if err := b.Put(ctx, Progress, "alert", []byte("17")); err != nil {
			t.Fatal(err)
		}
	}
	names := []string{Audit, Captures, "LINKS_2", Frontier, "KV_" + Progress}
	for _, place := range places {
		t.Run(place.name, func(t *testing.T) {
			b := place.buses(t, 1)[0]
			fill(t, b)
			into := open(t, t.TempDir())
			outside := place.buses(t, 2)[1] // reaches its server from outside
			for _, name := range names {
				var snapshot bytes.Buffer
				info, err := b.Snapshot(ctx, name, &snapshot)
				if err != nil {
					t.Fatal(err)
				}
				for _, to := range []*Bus{into, outside} {
					if err := to.Restore(ctx, name, bytes.NewReader(snapshot.Bytes()), info); err != nil {
						t.Fatal(err)
					}
					if name == "KV_"+Progress {
						if e, err := to.Value(ctx, Progress, "alert"); err != nil || string(e.Value) != "17" {
							t.Errorf("the bucket holds %q, %v", e.Value, err)
						}
						continue
					}
					was, err := b.js.Stream(ctx, name)
					if err != nil {
						t.Fatal(err)
					}
					is, err := to.js.Stream(ctx, name)
					if err != nil {
						t.Fatal(err)
					}
					a, c := was.CachedInfo().State, is.CachedInfo().State
					if a.Msgs != c.Msgs || max(a.FirstSeq, 1) != max(c.FirstSeq, 1) || a.LastSeq != c.LastSeq || c.Consumers != 0 {
						t.Errorf("%s: restored %+v, want %+v", name, c, a)
					}
					if is.CachedInfo().Config.Replicas != max(1, to.conf.Replicas) {
						t.Errorf("%s: restored with %d replicas", name, is.CachedInfo().Config.Replicas)
					}
					if a.LastSeq > 0 && a.Msgs > 0 {
						if d := cmp.Diff(kept(t, b, name, a.LastSeq), kept(t, to, name, a.LastSeq)); d != "" {
							t.Errorf("%s (-original +restored):\n%.2000s", name, d)
						}
					}
				}
			}
			s, err := into.js.Stream(ctx, Audit)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.DeleteMsg(ctx, 3); err == nil {
				t.Error("the restored audit stream lets messages be deleted")
			}
			if drift, err := into.Drift(ctx); err != nil || len(drift) != 0 {
				t.Errorf("the restored streams differ: %q, %v", drift, err)
			}
		})
	}
}

// plain hides that a reader can go back, so that nothing is looked at beforehand.
type plain struct{ io.Reader }

func TestSnapshotRefused(t *testing.T) {
	ctx := t.Context()
	b := open(t, t.TempDir())
	if err := b.Publish(ctx, batch(0, 3000)); err != nil {
		t.Fatal(err)
	}
	var snapshot bytes.Buffer
	info, err := b.Snapshot(ctx, Ads, &snapshot)
	if err != nil {
		t.Fatal(err)
	}
	whole := snapshot.Bytes()
	flipped := bytes.Clone(whole)
	flipped[len(flipped)/2] ^= 1
	wrong := info
	wrong.SHA256 = strings.Repeat("0", 64)
	more := info
	more.Messages++
	cases := []struct {
		name string
		r    io.Reader
		info SnapshotInfo
		want string
	}{
		{"cut off", bytes.NewReader(whole[:len(whole)-100]), info, "it is cut off"},
		{"cut off, seen late", plain{bytes.NewReader(whole[:len(whole)-100])}, info, "it is cut off"},
		{"cut off early", plain{bytes.NewReader(whole[:1000])}, info, "it is cut off"},
		{"empty", plain{bytes.NewReader(nil)}, info, "it is cut off"},
		{"one bit changed", bytes.NewReader(flipped), info, "it was changed after it was made"},
		{"one bit changed, seen late", plain{bytes.NewReader(flipped)}, info, ""},
		{"another digest, seen late", plain{bytes.NewReader(whole)}, wrong, "it was changed after it was made"},
		{"with something behind it", plain{io.MultiReader(bytes.NewReader(whole), strings.NewReader("x"))}, info, "it is cut off or another's"},
		{"a reader that fails", io.MultiReader(bytes.NewReader(whole[:len(whole)/2]), failing{}), info, "disk on fire"},
		{"fewer messages than said", bytes.NewReader(whole), more, "3000 messages"},
	}
	into := open(t, t.TempDir())
	for _, c := range cases {
		err := into.Restore(ctx, Ads, c.r, c.info)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "restore stream ADS") {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		i, err := into.Info(ctx, Ads)
		if err != nil || i.Last != 0 || i.Messages != 0 {
			t.Errorf("%s: left behind %+v, %v", c.name, i, err)
		}
	}
	if err := into.Restore(ctx, Captures, bytes.NewReader(whole), info); err == nil || !strings.Contains(err.Error(), "is of stream ADS") {
		t.Errorf("restored into another stream: %v", err)
	}
	if err := into.Restore(ctx, Ads, bytes.NewReader(whole), info); err != nil {
		t.Errorf("after all that: %v", err)
	}
	if _, err := into.Snapshot(ctx, "NOWHERE", io.Discard); !errors.Is(err, ad.ErrNotFound) {
		t.Errorf("a snapshot of no stream: %v", err)
	}
	if _, err := into.Snapshot(ctx, Ads, failing{}); err == nil || !strings.Contains(err.Error(), "disk on fire") {
		t.Errorf("a snapshot to where nothing can be written: %v", err)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error)  { return 0, errors.New("disk on fire") }
func (failing) Write([]byte) (int, error) { return 0, errors.New("disk on fire") }

func BenchmarkSnapshot(b *testing.B) {
	bus, err := Open(b.Context(), Config{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer bus.Close()
	body := make([]byte, 1590)
	for i := range body {
		body[i] = "abcdefghijklmnopqrstuvwxyz 0123456789"[(i*i*7+i*13)%37]
	}
	const n = 50_000
	for i := 0; i < n; i += 1000 {
		msgs := batch(i, i+1000)
		for k := range msgs {
			msgs[k].Data = append([]byte(msgs[k].ID), body...)
		}
		if err := bus.Publish(b.Context(), msgs); err != nil {
			b.Fatal(err)
		}
	}
	size := int64(n * len(body))
	file := filepath.Join(b.TempDir(), "snapshot")
	var info SnapshotInfo
	b.Run("snapshot", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			f, err := os.Create(file)
			if err != nil {
				b.Fatal(err)
			}
			if info, err = bus.Snapshot(b.Context(), Ads, f); err != nil {
				b.Fatal(err)
			}
			f.Close()
		}
	})
	b.Run("restore", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			to, err := Open(b.Context(), Config{Dir: b.TempDir(), Restoring: true})
			if err != nil {
				b.Fatal(err)
			}
			f, err := os.Open(file)
			if err != nil {
				b.Fatal(err)
			}
			if err := to.Restore(b.Context(), Ads, f, info); err != nil {
				b.Fatal(err)
			}
			f.Close()
			if err := to.CloseFlushed(); err != nil {
				b.Fatal(err)
			}
		}
	})
}
