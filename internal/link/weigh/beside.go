package weigh

import (
	"runtime"
	"sync"
	"sync/atomic"
)

func workers() int { return runtime.GOMAXPROCS(0) }

// beside does n things, several at a time. start readies one of those who do them:
// it gives what does one, and what is to be done in the end, if anything.
func beside(n int, start func() (do func(int), end func())) {
	var next atomic.Int64
	work := func() {
		do, end := start()
		for k := int(next.Add(1)) - 1; k < n; k = int(next.Add(1)) - 1 {
			do(k)
			runtime.Gosched() // ads that come meanwhile go first
		}
		if end != nil {
			end()
		}
	}
	if n <= 1 || workers() == 1 {
		work()
		return
	}
	var wg sync.WaitGroup
	for range min(n, workers()) {
		wg.Go(work)
	}
	wg.Wait()
}
