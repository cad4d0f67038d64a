package main

import (
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"testing"
	"time"
)

// Everything that can happen to an instance of one NATS server, one thing after
// the other, in the order of VIGIL_FAULT_SEED, at VIGIL_FAULT_ROUNDS: from 20 on
// whole. At the end it holds what one that nothing happened to does.
func TestFaults(t *testing.T) {
	rounds, seed := number(t, "VIGIL_FAULT_ROUNDS", 6), uint64(number(t, "VIGIL_FAULT_SEED", int(time.Now().UnixNano()%1e6)))
	t.Logf("VIGIL_FAULT_SEED=%d VIGIL_FAULT_ROUNDS=%d", seed, rounds)
	r := rand.New(rand.NewPCG(seed, 2))
	p := build(t, layout{servers: 1, ads: 300, delay: "40ms", procs: apart()})
	rest := slices.Clone(faults[2:]) // the first two want a crawl under way
	r.Shuffle(len(rest), func(i, j int) { rest[i], rest[j] = rest[j], rest[i] })
	for _, f := range append(slices.Clone(faults[:2]), rest...) {
		if only := os.Getenv("VIGIL_FAULT_ONLY"); only != "" && !regexp.MustCompile(only).MatchString(f.name) {
			continue
		}
		began := time.Now()
		f.do(p, r, rounds)
		p.settle()
		p.whole()
		t.Logf("%s: %v", f.name, time.Since(began).Round(100*time.Millisecond))
	}
	if got, want := p.state(), undisturbed(p); got != want {
		t.Errorf("after all faults:\n got %+v\nwant %+v", got, want)
	}
}
