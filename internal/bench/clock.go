package bench

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A span is what a piece of work took: time by the clock, and time that the
// whole process spent on processors.
type span struct {
	wall, cpu time.Duration
	started   time.Time
	before    time.Duration
}

func begin() *span { return &span{started: time.Now(), before: processor()} }

func (s *span) end() {
	s.wall, s.cpu = time.Since(s.started), processor()-s.before
}

// processor is the time that this process has spent on processors, in the
// program and in the kernel for it, on all its threads.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// resident is the memory of a process that is in use now, in bytes.
func resident(pid int) (uint64, error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0, fmt.Errorf("read the memory of process %d: %w", pid, err)
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.ParseUint(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			return kb << 10, err
		}
	}
	return 0, fmt.Errorf("read the memory of process %d: /proc does not say", pid)
}
