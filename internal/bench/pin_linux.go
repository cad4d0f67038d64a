package bench

import (
	"fmt"
	"runtime"
	"syscall"
	"unsafe"
)

// onCore calls f on a thread that runs on one processor only: what f starts
// inherits that.
func onCore(core int, f func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := [16]uint64{}
	n, err := affinity(syscall.SYS_SCHED_GETAFFINITY, &before)
	if err != nil {
		return fmt.Errorf("read on which processors a thread runs: %w", err)
	}
	one := [16]uint64{}
	one[core/64] = 1 << (core % 64)
	if _, err := affinity(syscall.SYS_SCHED_SETAFFINITY, &one); err != nil {
		return fmt.Errorf("bind a thread to processor %d: %w", core, err)
	}
	defer func() { _, _ = affinity(syscall.SYS_SCHED_SETAFFINITY, &before) }()
	if n == 0 {
		return fmt.Errorf("bind a thread to processor %d: this system tells of none", core)
	}
	return f()
}

func affinity(call uintptr, set *[16]uint64) (uintptr, error) {
	n, _, errno := syscall.RawSyscall(call, 0, unsafe.Sizeof(*set), uintptr(unsafe.Pointer(set)))
	if errno != 0 {
		return 0, errno
	}
	return n, nil
}
