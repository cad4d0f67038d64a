package link

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"runtime/pprof"
	"testing"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/link/weigh"
	"vigil.example/internal/link/weigh/invent"
)

var (
	memoryAds     = flag.Int("memory-ads", 0, "ads with which TestMeasureMemory measures")
	memoryRounds  = flag.Int("memory-rounds", 2, "rounds that it holds")
	memoryProfile = flag.String("memory-profile", "", "where it writes profiles of the heap: this name with .rest and .peak")
)

// asCrawled is an invented ad as a linker gets it, with an id as long as those of pages.
func asCrawled(g weigh.Ad) *ad.Ad {
	x := invent.Read(g)
	x.AdID = ad.ID("town", g.ID, "")
	return x
}

// live is what the last collection of garbage has left, in bytes.
func live() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

func writeHeap(t *testing.T, what string) {
	if *memoryProfile == "" {
		return
	}
	f, err := os.Create(*memoryProfile + what)
	if err != nil {
		t.Error(err)
		return
	}
	if err := cmp.Or(pprof.WriteHeapProfile(f), f.Close()); err != nil {
		t.Error(err)
	}
}

// peakBeside is the most that was live while f ran.
func peakBeside(t *testing.T, f func()) (most uint64) {
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for tick := time.NewTicker(20 * time.Millisecond); ; {
			if now := live(); now > most+most/50 {
				most = now
				writeHeap(t, ".peak")
			}
			select {
			case <-stop:
				return
			case <-tick.C:
			}
		}
	}()
	f()
	close(stop)
	<-ended
	return most
}

// TestMeasureMemory measures what a linker holds: go test ./internal/link -run MeasureMemory -v -memory-ads 100000.
func TestMeasureMemory(t *testing.T) {
	if *memoryAds == 0 {
		t.Skip("-memory-ads N measures")
	}
	defer debug.SetGCPercent(debug.SetGCPercent(50))
	gold := invent.Ads(invent.Config{Seed: 71, Ads: *memoryAds})
	runtime.GC()
	without := live()
	each := func(b uint64) string {
		return fmt.Sprintf("%.0f MiB, %.0f bytes an ad", float64(b-min(b, without))/(1<<20), (float64(b)-float64(without))/float64(len(gold)))
	}
	l := New(Config{})
	l.Keep()
	var b []byte
	for i := range gold {
		l.Add(asCrawled(gold[i].Ad))
		if i%1000 == 999 {
			b = l.Changes(b[:0])
		}
	}
	b = nil
	runtime.GC()
	t.Log("before a round:", each(live()))
	for k := range *memoryRounds {
		t.Logf("during round %d: %s", k+1, each(peakBeside(t, func() {
			l.Solve(noon)
			b = l.Changes(b[:0])
		})))
		b = nil
		runtime.GC()
		t.Log("after it:", each(live()))
	}
	writeHeap(t, ".rest")
	runtime.KeepAlive(gold)
	runtime.KeepAlive(l)
}
