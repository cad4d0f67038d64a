//go:build !unix

package weigh_test

import "time"

// userCPU is not known here.
func userCPU() time.Duration { return 0 }
