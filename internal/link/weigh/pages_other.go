//go:build !linux

package weigh

// largePages does nothing where the system is not known to take such advice.
func largePages[T any]([]T) {}
