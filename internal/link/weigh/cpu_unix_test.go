//go:build unix

package weigh_test

import (
	"syscall"
	"time"
)

// userCPU is the processor time that this process has used.
func userCPU() time.Duration {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
