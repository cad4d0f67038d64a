package bench

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"vigil.example/internal/app"
	"vigil.example/internal/pipeline"
)

// A stopwatch keeps how long messages lay before stages took them, and how long
// stages were at work on a batch. It says in which stage time is lost.
type stopwatch struct {
	mu sync.Mutex
	by map[string]*lap
}

// A lap is what one stage took.
type lap struct {
	waited, worked []time.Duration // of messages, of batches
	messages       int
}

var _ pipeline.Meter = (*stopwatch)(nil)

func watchStages(a *app.App) *stopwatch {
	w := &stopwatch{by: map[string]*lap{}}
	a.Watch(w)
	return w
}

// of returns the lap of a stage. The caller holds the lock.
func (w *stopwatch) of(stage string) *lap {
	l := w.by[stage]
	if l == nil {
		l = &lap{}
		w.by[stage] = l
	}
	return l
}

// Waited notes how long a message lay.
func (w *stopwatch) Waited(stage string, d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := w.of(stage)
	l.waited = append(l.waited, d)
}

// Batch notes how long a batch took until its effects were durable.
func (w *stopwatch) Batch(stage string, messages int, d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := w.of(stage)
	l.worked = append(l.worked, d)
	l.messages += messages
}

// Step notes nothing: vigil bench steps measures those.
func (*stopwatch) Step(string, time.Duration) {}

// Count notes nothing.
func (*stopwatch) Count(string, pipeline.End, int) {}

// A stageTime is what a stage took, in milliseconds.
type stageTime struct {
	Waited latencies `json:"waited"` // of messages, until they were taken
	Worked latencies `json:"worked"` // of batches
	Batch  float64   `json:"batch"`  // messages in one
}

// tell prints what every stage took, in the order of the walk.
func (w *stopwatch) tell(b *Bench) map[string]stageTime {
	w.mu.Lock()
	defer w.mu.Unlock()
	walk := []string{"extract", "enrich", "link", "index-ads", "index-links", "alert"}
	place := func(s string) int {
		if i := slices.Index(walk, s); i >= 0 {
			return i
		}
		return len(walk)
	}
	out := map[string]stageTime{}
	var rows [][]string
	names := slices.Sorted(maps.Keys(w.by))
	slices.SortStableFunc(names, func(x, y string) int { return place(x) - place(y) })
	for _, name := range names {
		l := w.by[name]
		if len(l.waited) == 0 || len(l.worked) == 0 {
			continue
		}
		s := stageTime{latenciesOf(l.waited), latenciesOf(l.worked), float64(l.messages) / float64(len(l.worked))}
		out[name] = s
		ms := func(x float64) string { return fmt.Sprintf("%.0f", x) }
		rows = append(rows, []string{name, ms(s.Waited.P50), ms(s.Waited.P99), ms(s.Waited.Max), ms(s.Worked.P50), ms(s.Worked.P99), ms(s.Worked.Max), ms(s.Batch)})
	}
	b.table("time in each stage: a message before it is taken, a batch until it is stored, ms", []string{"", "p50", "p99", "max", "batch p50", "p99", "max", "messages in one"}, rows)
	return out
}
