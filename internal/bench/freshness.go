package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"vigil.example/internal/ad"
	"vigil.example/internal/app"
	"vigil.example/internal/casework"
	"vigil.example/internal/pipeline"
	"vigil.example/internal/stream"
)

// The load under which freshness is measured: captures come whether the program
// keeps up or not.
const (
	arriving = 500 // listings a second, unless another rate is asked for
	beat     = 50 * time.Millisecond
	watched  = 1000 // subscriptions, about
	watcher  = "bench"
)

// A mark says how far something had got at a moment.
type mark struct {
	at  time.Time
	seq uint64
}

// reached is when a sequence was first seen to be done.
func reached(marks []mark, seq uint64) (time.Time, bool) {
	i, _ := slices.BinarySearchFunc(marks, seq, func(m mark, seq uint64) int {
		if m.seq < seq {
			return -1
		}
		return 1
	})
	if i == len(marks) {
		return time.Time{}, false
	}
	return marks[i].at, true
}

// freshness publishes captures at a steady rate and tells how long it takes from
// the moment a listing is stored until the ad can be found, and until an alert
// about it lies in the inbox.
func (b *Bench) freshness(ctx context.Context) error {
	dir, err := b.fresh("freshness")
	if err != nil {
		return err
	}
	src, err := newSource(b.Ads, 7)
	if err != nil {
		return err
	}
	t, err := record(b.Data, src, b.Ads)
	if err != nil {
		return err
	}
	defer func() { _ = t.close() }()
	a, err := app.New(ctx, b.config(dir, src.sites))
	if err != nil {
		return err
	}
	defer a.Close()
	defer a.DropIndex(ctx)
	stages := watchStages(a)
	p := a.Parts()
	if err := subscribe(ctx, p, src.phones); err != nil {
		return err
	}
	src.leave()
	written, err := b.profile("freshness")
	if err != nil {
		return err
	}
	var late time.Duration
	var found, told []mark
	s := begin()
	err = running(ctx, a, func(ctx context.Context) error {
		watch, stop := context.WithCancel(ctx)
		var g errgroup.Group
		g.Go(func() (err error) { found, err = follow(watch, p, b.often(4*time.Millisecond)); return err })
		g.Go(func() error { told = inbox(watch, p); return nil })
		var err error
		if late, err = play(ctx, p.Bus, t, b.rate()); err == nil {
			err = arrived(ctx, p, b.Ads, b.often(5*time.Millisecond))
		}
		if err == nil {
			err = inboxed(ctx, p)
		}
		stop()
		return errors.Join(err, g.Wait())
	})
	s.end()
	written()
	if err != nil {
		return err
	}
	if err := b.tellFreshness(ctx, p, found, told, late, s); err != nil {
		return err
	}
	b.results["stages"] = stages.tell(b)
	return nil
}

// rate is how many listings come a second.
func (b *Bench) rate() int {
	if b.Rate > 0 {
		return b.Rate
	}
	return arriving
}

// often is how often an index is asked how far it has got, where a file could be asked
// so often: asking Elasticsearch costs a request, which would be measured too.
func (b *Bench) often(file time.Duration) time.Duration {
	if len(b.Index.URLs) > 0 {
		return 20 * time.Millisecond
	}
	return file
}

// subscribe makes a person watch some of the numbers.
func subscribe(ctx context.Context, p app.Parts, phones []string) error {
	slices.Sort(phones)
	phones = slices.Compact(phones)
	for i := 0; i < len(phones); i += max(1, len(phones)/watched) {
		o := casework.Order{User: watcher, Value: ad.Value{Kind: "phone", Value: phones[i]}, Purpose: "bench"}
		if _, err := p.Docket.Subscribe(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// play publishes the captures of a tape at a rate, in captures a second, and returns by how
// much it was late at worst.
func play(ctx context.Context, bus *stream.Bus, t *tape, rate int) (late time.Duration, err error) {
	began := time.Now()
	each := max(1, rate*int(beat)/int(time.Second))
	for i := 0; i < len(t.heads); i += each {
		due := began.Add(time.Duration(i/each) * beat)
		select {
		case <-time.After(time.Until(due)):
		case <-ctx.Done():
			return late, ctx.Err()
		}
		late = max(late, time.Since(due))
		msgs, err := t.read(i, min(i+each, len(t.heads)))
		if err != nil {
			return late, err
		}
		if err := bus.Publish(ctx, msgs); err != nil {
			return late, err
		}
	}
	return late, nil
}

// follow notes how far the index has got, as a search at that moment sees it.
func follow(ctx context.Context, p app.Parts, every time.Duration) (marks []mark, err error) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return marks, nil
		case <-tick.C:
		}
		seq, err := p.Index.Position(context.WithoutCancel(ctx), "ads")
		if err != nil {
			return marks, err
		}
		if n := len(marks); n == 0 || marks[n-1].seq != seq {
			marks = append(marks, mark{time.Now(), seq})
		}
	}
}

// inbox notes when alerts came into the inbox.
func inbox(ctx context.Context, p app.Parts) (marks []mark) {
	var at uint64
	for {
		var err error
		if at, err = p.Inbox.Wait(ctx, watcher, at); err != nil {
			return marks
		}
		marks = append(marks, mark{time.Now(), at})
	}
}

// inboxed waits until every alert that was raised is in the inbox.
func inboxed(ctx context.Context, p app.Parts) error {
	info, err := p.Bus.Info(ctx, stream.Alerts)
	if err != nil || info.Messages == 0 {
		return err
	}
	_, err = p.Inbox.Wait(ctx, watcher, info.Last-1)
	return err
}

// latencies are delays of one kind.
type latencies struct {
	Count int     `json:"count"`
	P50   float64 `json:"p50_ms"`
	P99   float64 `json:"p99_ms"`
	Max   float64 `json:"max_ms"`
}

func latenciesOf(ds []time.Duration) latencies {
	if len(ds) == 0 {
		return latencies{}
	}
	slices.Sort(ds)
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	return latencies{len(ds), ms(ds[len(ds)/2]), ms(ds[min(len(ds)-1, len(ds)*99/100)]), ms(ds[len(ds)-1])}
}

func (l latencies) row(name, bar string) []string {
	return []string{name, strconv.Itoa(l.Count), fmt.Sprintf("%.0f", l.P50), fmt.Sprintf("%.0f", l.P99), fmt.Sprintf("%.0f", l.Max), bar}
}

func (b *Bench) tellFreshness(ctx context.Context, p app.Parts, found, told []mark, late time.Duration, s *span) error {
	captured, listed := map[uint64]time.Time{}, map[uint64]time.Time{}
	of := map[uint64]uint64{} // the capture of a listing
	byVersion := map[string]uint64{}
	_, err := p.Bus.Replay(ctx, stream.Captures, 0, nil, func(m ad.Message) error { captured[m.Seq] = m.Time; return nil })
	if err == nil {
		_, err = p.Bus.Replay(ctx, stream.Listings, 0, []string{"listing.*"}, func(m ad.Message) error {
			listed[m.Seq], of[m.Seq], byVersion[m.ID] = m.Time, madeFrom(m), m.Seq
			return nil
		})
	}
	var search, whole, alerted []time.Duration
	if err == nil {
		_, err = p.Bus.Replay(ctx, stream.Ads, 0, nil, func(m ad.Message) error {
			l := madeFrom(m)
			at, ok := reached(found, m.Seq)
			if !ok {
				return fmt.Errorf("ad %d was never seen in the index", m.Seq)
			}
			search, whole = append(search, at.Sub(listed[l])), append(whole, at.Sub(captured[of[l]]))
			return nil
		})
	}
	if err == nil {
		_, err = p.Bus.Replay(ctx, stream.Alerts, 0, nil, func(m ad.Message) error {
			x, err := ad.Decode[ad.Alert](m.Data)
			if err != nil {
				return err
			}
			at, ok := reached(told, m.Seq)
			if !ok {
				return fmt.Errorf("alert %d never came into the inbox", m.Seq)
			}
			alerted = append(alerted, at.Sub(listed[byVersion[x.VersionID]]))
			return nil
		})
	}
	if err != nil {
		return err
	}
	bars := [2]string{"400", "250"}
	if len(b.Index.URLs) > 0 {
		bars = [2]string{"1500", ""} // it is refreshed once a second
	}
	ls, la, lw := latenciesOf(search), latenciesOf(alerted), latenciesOf(whole)
	b.table(fmt.Sprintf("freshness at %d listings a second for %.0f s (%.2f processors busy, captures at most %.0f ms late)",
		b.rate(), s.wall.Seconds(), s.cpu.Seconds()/s.wall.Seconds(), float64(late)/float64(time.Millisecond)),
		[]string{"", "of", "p50 ms", "p99 ms", "max ms", "bar p99"}, [][]string{
			ls.row("listing stored -> searchable", bars[0]), la.row("listing stored -> inbox", bars[1]), lw.row("capture stored -> searchable", ""),
		})
	b.results["freshness"] = map[string]any{"searchable": ls, "inbox": la, "capture_to_searchable": lw, "seconds": s.wall.Seconds(), "late_ms": late.Milliseconds(), "rate": b.rate()}
	return nil
}

// madeFrom is the sequence of the message that a message was made from.
func madeFrom(m ad.Message) uint64 {
	n, err := strconv.ParseUint(m.Header[pipeline.SourceHeader], 10, 64)
	if err != nil {
		return 0
	}
	return n
}
