package cli

import (
	"vigil.example/internal/bench"
)

type benchCmd struct {
	What    []string `arg:"" optional:"" enum:"throughput,streams,steps,freshness,scale,enrichers,search" help:"What to measure: throughput, streams, steps, freshness, scale, enrichers, search; all when left out."`
	Ads     int      `help:"Ads to measure with; what suits each measurement when left out." placeholder:"N"`
	Rounds  int      `help:"Rounds of each contender, in turn; ${default} when left out." default:"5" placeholder:"N"`
	Rate    int      `help:"Listings a second at which freshness is measured; 500 when left out." placeholder:"N"`
	Data    string   `help:"Folder for what the measurements write; ${default} when left out." default:"vigil-bench" type:"path" placeholder:"DIR"`
	Profile string   `help:"Folder for profiles of CPU and memory (pprof), one a contender and round." type:"path" placeholder:"DIR"`
	Verbose bool     `help:"Print what the parts of the program have to say." short:"v"`
	indexing
}

// Help explains the command in short.
func (*benchCmd) Help() string {
	return "Measures this program on this machine, in turn with loops written by hand that do the same work with nothing around it, on the pages of a made-up town. The last line is JSON. Needs some gigabytes of disk and, for figures that mean something, a machine that does nothing else."
}

// Example is shown in the help.
func (*benchCmd) Example() string { return "vigil bench throughput --ads 20000 --rounds 5" }

// Run measures.
func (b *benchCmd) Run(c *Context) error {
	cfg := storage{Data: b.Data, Verbose: b.Verbose}.within(c, servedMemory) // as vigil run
	return bench.Run(c.Ctx, bench.Config{Version: c.Version, Data: b.Data, Ads: b.Ads, Rounds: b.Rounds, Rate: b.Rate, Profile: b.Profile, Index: b.server(), Out: c.Stdout, Log: cfg.Log}, b.What...)
}
