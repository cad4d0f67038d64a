package app

import (
	"os"
	"strings"
	"sync"
	"time"
)

// ShiftedClock is the clock of this machine, shifted by the duration that a file
// says, such as "-1h": for tests, which let a running process's clock jump. The
// file is looked at once a second at most; without one the clock is right.
func ShiftedClock(name string) func() time.Time {
	var mu sync.Mutex
	var shift time.Duration
	var read time.Time
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		if time.Since(read) >= time.Second {
			shift, read = 0, time.Now()
			if b, err := os.ReadFile(name); err == nil {
				shift, _ = time.ParseDuration(strings.TrimSpace(string(b))) // nonsense is no shift
			}
		}
		return time.Now().Round(0).Add(shift) // without the monotonic clock, which does not jump
	}
}
