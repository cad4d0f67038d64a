package weigh

import (
	"syscall"
	"unsafe"
)

// Tables of many megabytes are looked up at random. With pages of 4 KB most look-ups miss
// twice: the page's address and what is there. This file asks for larger pages.

const (
	pageBytes = 4 << 10
	largeFrom = 4 << 20 // bytes of a table that is worth it
)

// largePages asks the system to lay large pages under a table before it is written to. It is
// advice: where there are none nothing is other than it was.
func largePages[T any](table []T) {
	start := unsafe.Pointer(unsafe.SliceData(table))
	size := uintptr(cap(table)) * unsafe.Sizeof(*new(T))
	if size < largeFrom {
		return
	}
	skip := -uintptr(start) % pageBytes // to the first whole page
	whole := (size - skip) / pageBytes * pageBytes
	_ = syscall.Madvise(unsafe.Slice((*byte)(unsafe.Add(start, skip)), whole), syscall.MADV_HUGEPAGE)
}
