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
// half as much again, of a large heap less, as far as the machine goes. What is free
// below it goes back to the machine when the program has nothing to do: the collector
// by itself keeps it for the next time.

// Floors of the limit.
const (
	memory       = 360 << 20
	servedMemory = 704 << 20 // of an instance that may have grown for years
)

// room is how much a heap may take beyond what is live where half as much again would be
// more. Of one so large that this is less than a quarter, it may take the quarter.
const room = 256 << 20

// limitEvery is how often the limit is held against what is live.
const limitEvery = 250 * time.Millisecond

// limitMemory keeps the soft limit at a floor or above until ctx ends.
func limitMemory(ctx context.Context, floor, bound int64) {
	l := memoryLimit{floor: floor, bound: bound}
	debug.SetMemoryLimit(l.next(0, 0))
	samples := []metrics.Sample{
		{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"},
		{Name: "/memory/classes/heap/free:bytes"}, {Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/gc/heap/allocs:bytes"},
	}
	var r repose
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
			var v [6]int64
			for i, s := range samples {
				v[i] = int64(s.Value.Uint64())
			}
			before := l.now
			if now := l.next(v[0], v[1]-v[2]-v[3]-v[4]); now != before {
				debug.SetMemoryLimit(now)
			}
			if r.next(v[5]) {
				debug.FreeOSMemory()
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
	more := min(live/2, max(room, live/4))
	want := min(max(l.floor, live+more+beside), l.bound)
	if diff := want - l.now; max(diff, -diff) >= l.now/16 || want == l.floor || want == l.bound {
		l.now = want
	}
	return l.now
}

// A repose finds the moments at which memory goes back to the machine.
type repose struct {
	taken int64 // bytes that were ever taken from the heap, when it was last looked at
	given int64 // the same, when memory was last given back
	still int   // looks in a row at which next to nothing had been taken
}

const (
	stillBytes = 1 << 20  // between two looks, at most
	stillLooks = 12       // 3 s
	wornBytes  = 64 << 20 // taken since memory was last given back, at least: else it is not worth a collection
)

// next is told how many bytes were ever taken from the heap, and reports whether memory
// is to be given back now.
func (r *repose) next(taken int64) bool {
	if r.still++; taken-r.taken > stillBytes {
		r.still = 0
	}
	if r.taken = taken; r.still < stillLooks || taken-r.given < wornBytes {
		return false
	}
	r.given = taken
	return true
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
