package app

import (
	"context"
	"log/slog"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"vigil.example/internal/link/weigh"
	"vigil.example/internal/link/weigh/invent"
	"vigil.example/internal/stream"
)

// A bench is one who holds rounds and others who stand by, each with a connection of its
// own to one server.
type bench struct {
	t      *testing.T
	holder *App
	seats  []*shardSeat
	procs  []*exec.Cmd
	gold   []weigh.Labelled
	alone  []int // who is behind the ads, as one process finds it
	logs   logbook
}

type logbook struct {
	mu  sync.Mutex
	all strings.Builder
}

func (l *logbook) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(b)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

func newBench(t *testing.T, shards int, set ...func(*App)) *bench {
	t.Helper()
	b := &bench{t: t}
	log := slog.New(slog.NewTextHandler(&b.logs, nil))
	open := func(c stream.Config) *App {
		bus, err := stream.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(bus.Close)
		a := &App{bus: bus, log: log, counted: newMeter(), shardTimes: shardTimes{10 * time.Second, forLong, 10 * forLong}}
		a.cfg.Streams, a.cfg.Link.ShareFrom = c, 1
		return a
	}
	b.holder = open(stream.Config{Dir: t.TempDir(), Listen: "127.0.0.1:0", Token: "sibling"})
	for range shards {
		a := open(stream.Config{URL: b.holder.bus.Address(), Token: "sibling"})
		for _, f := range set {
			f(a)
		}
		b.seats = append(b.seats, b.sit(a))
	}
	b.gold = invent.Ads(invent.Config{Seed: 311, Ads: 600})
	b.alone = b.solve(nil)
	return b
}

// sit has a process stand by until the test ends.
func (b *bench) sit(a *App) *shardSeat {
	s := a.newShardSeat()
	ctx, stop := context.WithCancel(b.t.Context())
	sits := make(chan error, 1)
	go func() { sits <- s.sit(ctx, 1) }()
	b.t.Cleanup(func() {
		stop()
		if err := <-sits; err != nil {
			b.t.Error(err)
		}
	})
	for deadline := time.Now().Add(forLong); !s.hears.Load(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.t.Fatal("who stands by hears nothing")
		}
	}
	return s
}

func (b *bench) solve(share func(int) weigh.Shards) []int {
	l := weigh.New()
	for i := range b.gold {
		l.Add(b.gold[i].Ad)
	}
	l.Share = share
	return l.Solve().Clusters
}

// round holds a round by shards. Before each question at is called with its number.
func (b *bench) round(epoch uint64, at func(question int)) (end string) {
	b.t.Helper()
	h, err := b.holder.newSharer(1, epoch)
	if err != nil {
		b.t.Fatal(err)
	}
	defer h.close()
	h.knew = len(b.seats) + len(b.procs)
	share := h.share(b.t.Context())
	var told []string
	question := 0
	got := b.solve(func(n int) weigh.Shards {
		s := share(n)
		if s == nil {
			told = append(told, "alone")
			return nil
		}
		return overheard{s, func() { question++; at(question) }, func() { b.holder.shardTimes.answer = forLong }, &told}
	})
	if !slices.Equal(got, b.alone) {
		b.t.Error("another partition than one process finds")
	}
	return strings.Join(told, ", ")
}

// overheard shards tell the test what they are asked.
type overheard struct {
	weigh.Shards
	asked func()
	ended func()
	told  *[]string
}

func (w overheard) Ask(msg []byte) ([][]byte, error) { w.asked(); return w.Shards.Ask(msg) }

func (w overheard) End(err error) {
	said := "done"
	if err != nil {
		said = "failed"
	}
	*w.told = append(*w.told, said+" by "+string(rune('0'+w.Len())))
	w.ended()
	w.Shards.End(err)
}

func nothing(int) {}

const forLong = time.Minute

// What shards in other processes find is what one process finds.
func TestShardsOverStreams(t *testing.T) {
	for _, n := range []int{1, 2, 4} {
		b := newBench(t, n)
		if got, want := b.round(5, nothing), "done by "+string(rune('0'+n)); got != want {
			t.Errorf("%d shards: %s, want %s; %s", n, got, want, b.logs.String())
		}
		keys := 0
		for _, s := range b.seats {
			did := s.a.sharded.Load()
			if did == nil || did.Of != n || did.Keys == 0 {
				t.Fatalf("%d shards: one did %+v", n, did)
			}
			keys += did.Keys
			s.mu.Lock()
			if s.s != nil && s.round != 0 && s.group == nil {
				t.Error("a shard has a round and no group")
			}
			s.mu.Unlock()
		}
		if keys < 1000 {
			t.Errorf("%d shards hold %d keys", n, keys)
		}
	}
}

// A shard that is gone, stands still, or is empty in the middle of a round costs time and
// nothing else: the comparing is begun anew with those who answer, or alone.
func TestShardsFail(t *testing.T) {
	const at = 60
	for name, c := range map[string]struct {
		shards int
		fail   func(b *bench, s *shardSeat)
		want   string
	}{
		"one is gone":          {2, func(_ *bench, s *shardSeat) { s.hold(true) }, "failed by 2, done by 1"},
		"the only one is gone": {1, func(_ *bench, s *shardSeat) { s.hold(true) }, "failed by 1, alone"},
		"one is empty":         {2, func(_ *bench, s *shardSeat) { s.mu.Lock(); s.leave(); s.mu.Unlock() }, "failed by 2, done by 2"},
		"one has missed something": {2, func(_ *bench, s *shardSeat) {
			s.mu.Lock()
			s.step++
			s.mu.Unlock()
		}, "failed by 2, done by 2"},
		"one stands still": {2, func(b *bench, s *shardSeat) {
			s.mu.Lock()
			b.t.Cleanup(s.mu.Unlock)
		}, "failed by 2, done by 1"},
		"all are slow": {2, func(b *bench, _ *shardSeat) { b.holder.shardTimes.whole = -time.Hour }, "failed by 2, failed by 2, alone"},
		"another holder has come": {2, func(b *bench, s *shardSeat) {
			s.hear(shardWord{Kind: wordCall, Epoch: 6, Data: []byte(`{"holder":"nobody","version":"` + s.a.sharedBy() + `"}`)}.bytes())
		}, "failed by 2, done by 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, c.shards)
			failed := false
			got := b.round(5, func(question int) {
				if question == at && !failed {
					failed = true
					b.holder.shardTimes = shardTimes{15 * time.Second, time.Second, 10 * forLong} // some will not answer
					c.fail(b, b.seats[len(b.seats)-1])
				}
			})
			if got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// A holder who was stopped and goes on does no harm to the round of who followed it: no
// shard that has heard of the later one hears it.
func TestFormerHolderIsNotHeard(t *testing.T) {
	b := newBench(t, 2)
	former, err := b.holder.newSharer(1, 5)
	if err != nil {
		t.Fatal(err)
	}
	defer former.close()
	c, err := former.hire(t.Context(), 1)
	if err != nil || c == nil || c.Len() != 2 {
		t.Fatalf("it had %v, %v", c, err)
	}
	if got := b.round(6, func(question int) {
		if question%20 != 0 {
			return
		}
		for _, kind := range []byte{wordBegin, wordAsk, wordLists, wordEnd} {
			for _, to := range []string{c.part.Group, c.part.Shards[0], c.part.Shards[1]} {
				if err := former.tell(to, shardWord{Kind: kind, Round: c.round, Step: 1, Data: []byte("{}")}); err != nil {
					t.Fatal(err)
				}
			}
		}
	}); got != "done by 2" {
		t.Errorf("the round of who followed: %s; %s", got, b.logs.String())
	}
	b.holder.shardTimes.called = 300 * time.Millisecond
	if again, err := former.hire(t.Context(), 1); err != nil || again != nil {
		t.Errorf("the former holder has %v, %v", again, err)
	}
}

// Who is of another version does no part of a round, and says why once.
func TestShardOfAnotherVersion(t *testing.T) {
	b := newBench(t, 1, func(a *App) { a.cfg.Version = "another" })
	b.holder.shardTimes.called = time.Second
	for range 2 {
		if got := b.round(5, nothing); got != "alone" {
			t.Errorf("%s, want alone", got)
		}
	}
	const says = "does no part of rounds" // when it hears of them
	for deadline := time.Now().Add(forLong); !strings.Contains(b.logs.String(), says) && time.Now().Before(deadline); {
		time.Sleep(5 * time.Millisecond)
	}
	if n := strings.Count(b.logs.String(), says); n != 1 {
		t.Errorf("it is said %d times:\n%s", n, b.logs.String())
	}
}

// A word that was cut off, altered or made up is none.
func TestShardWords(t *testing.T) {
	w := shardWord{wordAnswer, 7, 8, 9, 10, []byte("eleven")}
	b := w.bytes()
	if got, ok := readShardWord(b); !ok || got.Kind != w.Kind || got.Epoch != 7 || got.Round != 8 || got.Step != 9 || got.From != 10 || string(got.Data) != "eleven" {
		t.Errorf("read back as %+v, %t", got, ok)
	}
	for n := range b {
		if _, ok := readShardWord(b[:n]); ok && n != len(b) {
			t.Errorf("%d bytes of it are a word", n)
		}
	}
	b[len(b)-1] ^= 1
	if _, ok := readShardWord(b); ok {
		t.Error("an altered one is a word")
	}
}
