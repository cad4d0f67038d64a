package app

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"vigil.example/internal/link/weigh"
	"vigil.example/internal/link/weigh/invent"
	"vigil.example/internal/stream"
)

var sharedAds = flag.Int("shared-ads", 0, "measure rounds of linking that are shared with other processes, over this many invented ads")

// shardEnv tells a process of this test binary at which address it is to stand by.
const shardEnv = "VIGIL_TEST_SHARD"

// A shard in a process of its own stands by until its standard input ends.
func TestShardProcess(t *testing.T) {
	address := os.Getenv(shardEnv)
	if address == "" {
		t.Skip("another test starts this one in a process of its own")
	}
	bus, err := stream.Open(t.Context(), stream.Config{URL: address, Token: "sibling"})
	if err != nil {
		t.Fatal(err)
	}
	defer bus.Close()
	a := &App{bus: bus, log: slog.New(slog.DiscardHandler), counted: newMeter(), shardTimes: usualShardTimes}
	s := a.newShardSeat()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.sit(ctx, 1) }()
	for !s.hears.Load() {
		select {
		case err := <-ended:
			t.Fatal(err)
		case <-time.After(5 * time.Millisecond):
		}
	}
	fmt.Println("stands by")
	_, _ = io.Copy(io.Discard, os.Stdin)
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// process starts a shard in a process of its own.
func (b *bench) process() *exec.Cmd {
	b.t.Helper()
	name, err := os.Executable()
	if err != nil {
		b.t.Fatal(err)
	}
	c := exec.Command(name, "-test.run=^TestShardProcess$")
	c.Env = append(os.Environ(), shardEnv+"="+b.holder.bus.Address())
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	in, err := c.StdinPipe()
	if err != nil {
		b.t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		b.t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() {
		_ = c.Process.Signal(syscall.SIGCONT)
		_ = in.Close()
		_ = c.Wait() // it may have been killed
	})
	r := bufio.NewReader(out)
	for {
		line, err := r.ReadString('\n')
		if strings.Contains(line, "stands by") {
			go func() { _, _ = io.Copy(io.Discard, r) }()
			return c
		}
		if err != nil {
			b.t.Fatalf("a process does not stand by: %q, %v", line, err)
		}
	}
}

// A shard's process that is killed, or stopped, in the middle of a round.
func TestShardProcesses(t *testing.T) {
	for name, c := range map[string]struct {
		signal syscall.Signal
		want   string
	}{
		"all go on":      {0, "done by 2"},
		"one is killed":  {syscall.SIGKILL, "failed by 2, done by 1"},
		"one is stopped": {syscall.SIGSTOP, "failed by 2, done by 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, 0)
			b.procs = []*exec.Cmd{b.process(), b.process()}
			sent := false
			if got := b.round(5, func(question int) {
				if question == 60 && c.signal != 0 && !sent {
					sent = true
					b.holder.shardTimes = shardTimes{15 * time.Second, time.Second, 10 * forLong} // one will not answer
					if err := b.procs[0].Process.Signal(c.signal); err != nil {
						t.Fatal(err)
					}
				}
			}); got != c.want {
				t.Errorf("%s, want %s; %s", got, c.want, b.logs.String())
			}
		})
	}
}

// cpuOf is the processor time that a process has used.
func cpuOf(t *testing.T, pid int) time.Duration {
	_, err := os.Stat(fmt.Sprintf("/proc/%d/schedstat", pid))
	if err != nil {
		t.Skipf("the time of other processes cannot be read: %v", err)
	}
	var all time.Duration
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range tasks {
		if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/schedstat", pid, x.Name())); err == nil {
			var n int64
			_, _ = fmt.Sscan(string(b), &n)
			all += time.Duration(n)
		}
	}
	return all
}

// peakOf is the most memory that a process has had, in KiB.
func peakOf(t *testing.T, pid int) (kib int) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	if _, rest, ok := strings.Cut(string(b), "VmHWM:"); ok {
		_, _ = fmt.Sscan(rest, &kib)
	}
	return kib
}

// TestMeasureSharedRounds tells what sharing a round takes from its holder and what it
// costs, with shards in processes of their own and the server in the holder's: go test ./internal/app -run MeasureSharedRounds -shared-ads 20000 -v.
func TestMeasureSharedRounds(t *testing.T) {
	if *sharedAds == 0 {
		t.Skip("-shared-ads N measures")
	}
	gold := invent.Ads(invent.Config{Seed: 101, Ads: *sharedAds})
	var alone []int
	for _, n := range []int{0, 1, 2, 4} {
		b := newBench(t, 0)
		b.gold = gold
		for range n {
			b.procs = append(b.procs, b.process())
		}
		h, err := b.holder.newSharer(1, 5)
		if err != nil {
			t.Fatal(err)
		}
		h.knew = n
		var share func(int) weigh.Shards
		if n > 0 {
			share = h.share(t.Context())
		}
		shards := func() (all time.Duration) {
			for _, p := range b.procs {
				all += cpuOf(t, p.Process.Pid)
			}
			return all
		}
		memory := func() (most int) {
			for _, p := range b.procs {
				most = max(most, peakOf(t, p.Process.Pid))
			}
			return most
		}
		own, others, before := cpuOf(t, os.Getpid()), shards(), memory()
		got := b.solve(share)
		own, others = cpuOf(t, os.Getpid())-own, shards()-others
		if alone == nil {
			alone = got
		}
		if !slices.Equal(got, alone) {
			t.Errorf("%d shards find something else", n)
		}
		each := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(len(gold)) }
		fmt.Printf("%d ads, %d shards: %.1f µs CPU an ad of the holder and the NATS server in it, %.1f of the shards together; the largest of these took %d KiB more at its peak\n", len(gold), n, each(own), each(others), memory()-before)
		h.close()
	}
}
