package cli

import (
	"context"
	"io/fs"
	"math"
	"path"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
	"time"
)

// This file sets the soft limit of memory where GOMEMLIMIT gives none. A limit makes
// the collector work harder before the program takes more of a small machine. But a
// limit that stands close above what is live saves nothing: every collection then
// marks all that is live to free next to nothing, and most of the processor time goes
// there (measured: 280 MB live below a limit of 360 MB took a third more time for
// each ad). So the limit is not a number but a floor: it gives way to what is live and
// half as much again, as far as the machine goes.

// Floors of the limit.
const (
	memory       = 360 << 20
	servedMemory = 704 << 20 // of an instance that may have grown for years
)

// limitEvery is how often the limit is held against what is live.
const limitEvery = 250 * time.Millisecond

// limitMemory keeps the soft limit at a floor or above until ctx ends.
func limitMemory(ctx context.Context, floor, bound int64) {
	l := memoryLimit{floor: floor, bound: bound}
	debug.SetMemoryLimit(l.next(0, 0))
	samples := []metrics.Sample{
		{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"},
		{Name: "/memory/classes/heap/free:bytes"}, {Name: "/memory/classes/heap/objects:bytes"},
	}
	go func() {
		t := time.NewTicker(limitEvery)
		defer t.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-t.C:
			}
			metrics.Read(samples)
			var v [5]int64
			for i, s := range samples {
				v[i] = int64(s.Value.Uint64())
			}
			before := l.now
			if now := l.next(v[0], v[1]-v[2]-v[3]-v[4]); now != before {
				debug.SetMemoryLimit(now)
			}
		}
	}()
}

// A memoryLimit is a soft limit that follows what is live. All are bytes.
type memoryLimit struct {
	floor int64 // it never stands below, but for the bound
	bound int64 // it never stands above
	now   int64
}

// next is the limit for what the last collection found alive, and what the program has
// beside the heap's objects: stacks, the collector's own and holes between objects. It
// moves by a sixteenth at least, because each move has the collector plan anew.
func (l *memoryLimit) next(live, beside int64) int64 {
	want := min(max(l.floor, live+live/2+beside), l.bound)
	if diff := want - l.now; max(diff, -diff) >= l.now/16 || want == l.floor || want == l.bound {
		l.now = want
	}
	return l.now
}

// machineMemory is how much memory this process may take, in bytes: nine tenths of
// what the machine has, or its control group and those above it, whichever is least.
// What cannot be read bounds nothing. root is the root of the file system.
func machineMemory(root fs.FS) int64 {
	least := int64(math.MaxInt64)
	take := func(text string, unit int64) {
		if n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64); err == nil && n > 0 && n < math.MaxInt64/unit {
			least = min(least, n*unit/10*9)
		}
	}
	info, _ := fs.ReadFile(root, "proc/meminfo")
	for line := range strings.Lines(string(info)) {
		if rest, ok := strings.CutPrefix(line, "MemTotal:"); ok {
			take(strings.TrimSuffix(strings.TrimSpace(rest), "kB"), 1<<10)
		}
	}
	groups, _ := fs.ReadFile(root, "proc/self/cgroup")
	for line := range strings.Lines(string(groups)) {
		_, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		controllers, group, _ := strings.Cut(rest, ":")
		top, file := "sys/fs/cgroup", "memory.max"
		switch controllers {
		case "":
		case "memory":
			top, file = "sys/fs/cgroup/memory", "memory.limit_in_bytes"
		default:
			continue
		}
		for group = path.Clean("/" + group); ; group = path.Dir(group) {
			bound, _ := fs.ReadFile(root, path.Join(top, group, file))
			take(string(bound), 1)
			if group == "/" {
				break
			}
		}
	}
	return least
}
