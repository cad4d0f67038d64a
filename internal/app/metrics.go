package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"vigil.example/internal/ad"
	"vigil.example/internal/pipeline"
	"vigil.example/internal/stream"
)

// Metrics carry names of stages, streams and parts, and numbers; never an ad, a
// site's address or anything that somebody typed.

// A meter counts what stages do.
type meter struct {
	registry *prometheus.Registry
	ends     *prometheus.CounterVec
	steps    *prometheus.HistogramVec
	waits    *prometheus.HistogramVec
	batches  *prometheus.HistogramVec
	shared   *prometheus.CounterVec
	rounds   prometheus.Histogram
	solved   atomic.Int64 // ads of all rounds
	reread   atomic.Int64 // ads that linkers read when they began
	traces   *traces      // nil when off

	mu     sync.Mutex
	stages map[string]*stageMeter
}

// A stageMeter is the instruments of one stage, looked up once.
type stageMeter struct {
	step, wait, batch prometheus.Observer
	ends              map[pipeline.End]prometheus.Counter
}

var _ pipeline.Meter = (*meter)(nil)

func newMeter() *meter {
	seconds := prometheus.ExponentialBuckets(0.00001, 4, 12) // 10 µs to 42 s
	m := &meter{
		registry: prometheus.NewRegistry(),
		stages:   map[string]*stageMeter{},
		ends:     prometheus.NewCounterVec(prometheus.CounterOpts{Name: "vigil_stage_messages_total", Help: "Messages by stage and what became of them: done, skipped, retried, dead, back, late; out counts outputs."}, []string{"stage", "end"}),
		steps:    prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "vigil_stage_step_seconds", Help: "How long the step of a stage ran for one message.", Buckets: seconds}, []string{"stage"}),
		waits:    prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "vigil_stage_wait_seconds", Help: "How long a message lay in its stream before a stage took it.", Buckets: prometheus.ExponentialBuckets(0.001, 4, 12)}, []string{"stage"}),
		shared:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "vigil_link_shared_rounds_total", Help: "Rounds of linking whose texts were compared by shards: done, or failed and begun anew."}, []string{"end"}),
		batches:  prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "vigil_stage_batch_seconds", Help: "How long a batch took until its effects were durable.", Buckets: prometheus.ExponentialBuckets(0.001, 4, 12)}, []string{"stage"}),
	}
	m.rounds = prometheus.NewHistogram(prometheus.HistogramOpts{Name: "vigil_link_round_seconds", Help: "How long a round of linking took to find who is behind all ads.", Buckets: prometheus.ExponentialBuckets(0.01, 4, 10)})
	solved := prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "vigil_link_round_ads_total", Help: "Ads of all rounds of linking; each round has all ads there are."}, func() float64 { return float64(m.solved.Load()) })
	reread := prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "vigil_link_reread_ads_total", Help: "Ads that linkers read from the stream when they began, since the state on disk lacked them."}, func() float64 { return float64(m.reread.Load()) })
	m.registry.MustRegister(m.shared, m.rounds, solved, reread, m.ends, m.steps, m.waits, m.batches, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// share counts a round of linking that was shared.
func (m *meter) share(end string) { m.shared.WithLabelValues(end).Inc() }

// round counts a round of linking over so many ads.
func (m *meter) round(ads int, took time.Duration) {
	m.rounds.Observe(took.Seconds())
	m.solved.Add(int64(ads))
}

func (m *meter) stage(name string) *stageMeter {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.stages[name]
	if s == nil {
		s = &stageMeter{step: m.steps.WithLabelValues(name), wait: m.waits.WithLabelValues(name), batch: m.batches.WithLabelValues(name), ends: map[pipeline.End]prometheus.Counter{}}
		for _, e := range []pipeline.End{pipeline.Done, pipeline.Skipped, pipeline.Retried, pipeline.Dead, pipeline.Back, pipeline.Late, pipeline.Out} {
			s.ends[e] = m.ends.WithLabelValues(name, string(e))
		}
		m.stages[name] = s
	}
	return s
}

func (m *meter) Waited(stage string, d time.Duration) { m.stage(stage).wait.Observe(d.Seconds()) }
func (m *meter) Step(stage string, d time.Duration)   { m.stage(stage).step.Observe(d.Seconds()) }

func (m *meter) Batch(stage string, n int, d time.Duration) {
	m.stage(stage).batch.Observe(d.Seconds())
	m.traces.batch(stage, n, d)
}

func (m *meter) Count(stage string, e pipeline.End, n int) {
	m.stage(stage).ends[e].Add(float64(n))
}

// A census reads, when it is asked, how much there is and how far behind who is.
type census struct{ a *App }

var (
	descWaiting = prometheus.NewDesc("vigil_stage_waiting", "Messages that a stage has not acknowledged.", []string{"stage"}, nil)
	descOldest  = prometheus.NewDesc("vigil_stage_oldest_unacked_seconds", "Age of the oldest message that a stage has not acknowledged; 0 when there is none.", []string{"stage"}, nil)
	descStream  = prometheus.NewDesc("vigil_stream_messages", "Messages in a stream.", []string{"stream"}, nil)
	descBytes   = prometheus.NewDesc("vigil_stream_bytes", "Bytes of a stream.", []string{"stream"}, nil)
	descDead    = prometheus.NewDesc("vigil_dead_letters", "Dead letters by stage.", []string{"stage"}, nil)
	descAds     = prometheus.NewDesc("vigil_index_ads", "Ads in the index that serves.", nil, nil)
	descFree    = prometheus.NewDesc("vigil_disk_free_bytes", "Free space where the streams are kept; embedded streams only.", nil, nil)
	descPart    = prometheus.NewDesc("vigil_part_state", "1 for the state that a part of a role of this process is in.", []string{"part", "state"}, nil)
	descStreams = prometheus.NewDesc("vigil_streams_up", "1 while the streams answer this process, 0 while they are away.", nil, nil)
	descRole    = prometheus.NewDesc("vigil_role_processes", "Living processes of the instance that run a role.", []string{"role"}, nil)
	descShard   = prometheus.NewDesc("vigil_link_shard_keys", "Keys of the table that this process held last as a shard of another's round of linking.", []string{"shard"}, nil)
	descSize    = prometheus.NewDesc("vigil_index_bytes", "Bytes of the index that serves.", nil, nil)
)

func (c census) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descWaiting, descOldest, descStream, descBytes, descDead, descAds, descFree, descPart, descStreams, descRole, descShard, descSize} {
		ch <- d
	}
}

// censusTime bounds a census: a scrape is not to hang on a server that is gone.
const censusTime = 5 * time.Second

func (c census) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), censusTime)
	defer cancel()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for _, p := range c.a.health.all() {
		gauge(descPart, 1, p.Part, p.State)
	}
	if s := c.a.sharded.Load(); s != nil {
		gauge(descShard, float64(s.Keys), fmt.Sprintf("%d/%d", s.Number, s.Of))
	}
	if free, _ := c.a.bus.Free(); free > 0 {
		gauge(descFree, float64(free))
	}
	if st, err := c.a.shelf.Stats(ctx); err == nil {
		gauge(descAds, float64(st.Ads))
		gauge(descSize, float64(st.Bytes))
	}
	if c.a.bus.Answers(ctx, lookWithin) != nil {
		gauge(descStreams, 0)
		return
	}
	gauge(descStreams, 1)
	if processes, err := c.a.roll(ctx); err == nil {
		run := map[string]int{}
		for _, p := range processes {
			for _, r := range p.Roles {
				if p.Silent == 0 {
					run[r]++
				}
			}
		}
		for _, r := range RoleNames() {
			gauge(descRole, float64(run[r]), r)
		}
	}
	g := c.a.book.Serving()
	for _, d := range stream.Table() {
		name := serves(g, d.Name)
		i, err := c.a.bus.Info(ctx, name)
		if err != nil {
			continue // the server is gone: what is missing tells
		}
		gauge(descStream, float64(i.Messages), name)
		gauge(descBytes, float64(i.Bytes), name)
		if d.Name == stream.Dead {
			for s, n := range i.Subjects {
				if stage, ok := strings.CutPrefix(s, "dead."); ok { // what was dropped stands there too
					gauge(descDead, float64(n), stage)
				}
			}
		}
	}
	for _, s := range []struct {
		stream, stage string
		filter        []string
	}{
		{stream.Captures, "extract" + suffix(g.Listings), captured()}, {serves(g, stream.Listings), "enrich" + suffix(g.Ads), []string{"listing.*"}},
		{serves(g, stream.Ads), "alert" + suffix(g.Ads), nil}, {serves(g, stream.Listings), "frontier", []string{"outcome.*.*"}},
	} {
		n, err := c.a.bus.Waiting(ctx, s.stream, s.stage)
		if err != nil {
			continue
		}
		gauge(descWaiting, float64(n), s.stage)
		gauge(descOldest, c.a.oldest(ctx, s.stream, s.stage, s.filter).Seconds(), s.stage)
	}
	var at linked
	if err := c.a.recall(ctx, "link"+suffix(g.Links), &at); err == nil {
		c.follower(ctx, gauge, g.Ads, "link"+suffix(g.Links), at.UpTo)
	}
	if pos, err := c.a.shelf.Position(ctx, "ads"); err == nil {
		c.follower(ctx, gauge, g.Ads, "index-ads"+suffix(g.Index), pos)
	}
}

// follower tells how far a reader of the ads with a position of its own is behind.
func (c census) follower(ctx context.Context, gauge func(*prometheus.Desc, float64, ...string), gen int, name string, at uint64) {
	ads := stream.Named(stream.Ads, gen)
	i, err := c.a.bus.Info(ctx, ads)
	if err != nil {
		return
	}
	gauge(descWaiting, float64(behind(i.Last, at)), name)
	gauge(descOldest, c.a.age(ctx, ads, at+1, []string{"ad.*"}).Seconds(), name)
}

// oldest is the age of the oldest message of some subjects that a consumer has not
// acknowledged.
func (a *App) oldest(ctx context.Context, name, durable string, filter []string) time.Duration {
	floor, err := a.bus.AckFloor(ctx, name, durable)
	if err != nil && !errors.Is(err, ad.ErrNotFound) {
		return 0
	}
	return a.age(ctx, name, floor+1, filter)
}

// age is how long the first message of some subjects at or after a sequence has
// been in a stream, by the clock that its times go by.
func (a *App) age(ctx context.Context, name string, from uint64, filter []string) (d time.Duration) {
	i, err := a.bus.Info(ctx, name)
	if err != nil || from > i.Last {
		return 0
	}
	_, err = a.bus.Replay(ctx, name, from, filter, func(m ad.Message) error {
		d = max(0, i.Now.Sub(m.Time))
		return errEnough
	})
	if err != nil && !errors.Is(err, errEnough) {
		return 0
	}
	return d
}

// metrics serves what was counted in the text format of Prometheus.
func (a *App) metrics() http.Handler {
	return promhttp.HandlerFor(a.counted.registry, promhttp.HandlerOpts{Registry: a.counted.registry, Timeout: 2 * censusTime})
}
