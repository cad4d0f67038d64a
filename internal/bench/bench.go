// Package bench measures Vigil against what can be done by hand on the same
// machine in the same minute, because absolute figures say more about the
// machine than about the program. In go captures of made-up pages; out come
// tables for people and one line of JSON. The peers here are written on the
// client library and the steps directly and are as fast as we can make them. It
// is the only room besides stream that speaks NATS, for the peers alone.
package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"vigil.example/internal/search/elastic"
)

// Config says what to measure and how much of it.
type Config struct {
	Version string
	Data    string         // folder for what the measurements write; made, and emptied at the end
	Ads     int            // 0 for what suits the measurement
	Rounds  int            // of each contender, in turn
	Rate    int            // listings a second of freshness; 0 for 500
	Index   elastic.Server // where throughput and freshness keep the index; a file when it names no URL
	Profile string         // folder for profiles of processor time and memory, one a contender and round; "" writes none
	Out     io.Writer
	Log     *slog.Logger
}

// A Bench runs measurements.
type Bench struct {
	Config
	results map[string]any
}

// A measurement is one of the things that can be measured.
type measurement struct {
	name string
	ads  int // when none are asked for
	run  func(*Bench, context.Context) error
}

func measurements() []measurement {
	return []measurement{
		{"throughput", 20_000, (*Bench).throughput},
		{"streams", 200_000, (*Bench).streams},
		{"steps", 5_000, (*Bench).steps},
		{"freshness", 60_000, (*Bench).freshness},
		{"scale", 500_000, (*Bench).scale},
		{"enrichers", 10_000, (*Bench).enrichers},
		{"search", 100_000, (*Bench).search},
	}
}

// Names lists the measurements in the order in which all of them run.
func Names() (out []string) {
	for _, m := range measurements() {
		out = append(out, m.name)
	}
	return out
}

// Run takes the named measurements, or all, and prints them.
func Run(ctx context.Context, c Config, names ...string) error {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return fmt.Errorf("open the folder for measurements: %w", err)
	}
	b := &Bench{Config: c, results: map[string]any{}}
	for _, m := range measurements() {
		if len(names) > 0 && !slices.Contains(names, m.name) {
			continue
		}
		b.Ads = c.Ads
		if b.Ads == 0 {
			b.Ads = m.ads
		}
		if err := m.run(b, ctx); err != nil {
			return fmt.Errorf("measure %s: %w", m.name, err)
		}
	}
	return json.NewEncoder(c.Out).Encode(b.results)
}

// A contender does a fixed amount of work in an empty folder.
type contender func(ctx context.Context, dir string) (*span, error)

// A spread is several figures of one thing.
type spread struct {
	Min    float64 `json:"min"`
	Median float64 `json:"median"`
	Max    float64 `json:"max"`
}

func spreadOf(xs []float64) spread {
	xs = slices.Sorted(slices.Values(xs))
	n := len(xs)
	return spread{xs[0], (xs[(n-1)/2] + xs[n/2]) / 2, xs[n-1]}
}

func (s spread) String() string { return fmt.Sprintf("%.3g (%.3g to %.3g)", s.Median, s.Min, s.Max) }

// A comparison is what two contenders came to, in things a second and processor
// time a thing. The ratio is that of rounds side by side.
type comparison struct {
	Peer    spread `json:"peer_per_s"`
	Ours    spread `json:"ours_per_s"`
	PeerCPU spread `json:"peer_cpu_us"`
	OursCPU spread `json:"ours_cpu_us"`
	Ratio   spread `json:"ratio"`
}

// compare runs peer and ours in turn and reports both.
func (b *Bench) compare(ctx context.Context, name string, things int, peer, ours contender) error {
	var rate, cpu [2][]float64
	var ratio []float64
	for round := range b.Rounds {
		var solved [2]int
		for i, run := range []contender{peer, ours} {
			dir, err := b.fresh(name)
			if err != nil {
				return err
			}
			stop, err := b.profile(fmt.Sprintf("%s-%s-%d", name, []string{"peer", "vigil"}[i], round+1))
			if err != nil {
				return err
			}
			s, err := run(ctx, dir)
			stop()
			if err != nil {
				return fmt.Errorf("round %d of %s: %w", round+1, []string{"the peer", "Vigil"}[i], err)
			}
			rate[i] = append(rate[i], float64(things)/s.wall.Seconds())
			solved[i] = s.solved
			cpu[i] = append(cpu[i], float64(s.cpu)/float64(time.Microsecond)/float64(things))
		}
		ratio = append(ratio, rate[1][round]/rate[0][round])
		fmt.Fprintf(b.Out, "  round %d: peer %.0f/s, %.0f µs CPU; Vigil %.0f/s, %.0f µs CPU; ratio %.3f%s\n",
			round+1, rate[0][round], cpu[0][round], rate[1][round], cpu[1][round], ratio[round], linked(solved))
	}
	c := comparison{spreadOf(rate[0]), spreadOf(rate[1]), spreadOf(cpu[0]), spreadOf(cpu[1]), spreadOf(ratio)}
	b.results[name] = c
	b.table(name, []string{"", "per s", "CPU µs each"}, [][]string{
		{"peer, by hand", c.Peer.String(), c.PeerCPU.String()}, {"Vigil", c.Ours.String(), c.OursCPU.String()}, {"ratio", c.Ratio.String(), ""},
	})
	return errors.Join(os.RemoveAll(b.at(name)))
}

// linked says how many ads the peer's and Vigil's rounds of linking had: when they are
// due depends on how long they take, and they weigh.
func linked(solved [2]int) string {
	if solved == [2]int{} {
		return ""
	}
	return fmt.Sprintf("; rounds of linking over %d and %d ads", solved[0], solved[1])
}

// table prints rows under a heading.
func (b *Bench) table(title string, heads []string, rows [][]string) {
	fmt.Fprintf(b.Out, "\n%s\n", title)
	t := tabwriter.NewWriter(b.Out, 2, 0, 2, ' ', 0)
	for _, r := range append([][]string{heads}, rows...) {
		fmt.Fprintln(t, "  "+strings.Join(r, "\t"))
	}
	_ = t.Flush()
	fmt.Fprintln(b.Out)
}

func (b *Bench) at(name string) string { return filepath.Join(b.Data, name) }

// profile begins to write where processor time and memory go, when that is wanted.
func (b *Bench) profile(name string) (stop func(), err error) {
	if b.Profile == "" {
		return func() {}, nil
	}
	if err := os.MkdirAll(b.Profile, 0o700); err != nil {
		return nil, fmt.Errorf("write profiles: %w", err)
	}
	f, err := os.Create(filepath.Join(b.Profile, name+".pprof"))
	if err != nil {
		return nil, fmt.Errorf("write profiles: %w", err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(fmt.Errorf("write profiles: %w", err), f.Close())
	}
	return func() {
		pprof.StopCPUProfile()
		_ = f.Close()
		if m, err := os.Create(filepath.Join(b.Profile, name+"-memory.pprof")); err == nil {
			_ = pprof.Lookup("allocs").WriteTo(m, 0) // since the program began; pprof -base takes off the one before
			_ = m.Close()
		}
	}, nil
}
