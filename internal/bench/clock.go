package bench

import (
	"syscall"
	"time"
)

// A span is what a piece of work took: time by the clock, and time that the
// whole process spent on processors.
type span struct {
	wall, cpu time.Duration
	solved    int // ads of all rounds of linking
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
