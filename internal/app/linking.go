package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/generation"
	"vigil.example/internal/link"
	"vigil.example/internal/pipeline"
	"vigil.example/internal/stream"
)

// linked is how far the linker has come; kept in the bucket PROGRESS for the
// ledger of other processes and for the linker's own next start.
type linked struct {
	Read uint64 `json:"read"`  // ads linked
	UpTo uint64 `json:"up_to"` // sequence of the last one

	// Round is how many erasures the ads were free of when they were read.
	Round int `json:"round,omitempty"`
	// Retried is the last dead letter whose ad was to be linked before that.
	Retried uint64 `json:"retried,omitempty"`
}

const linkVersion = "Vigil-Linker"

// linkMore marks a change of which further parts follow.
const linkMore = "Vigil-More"

func (a *App) runLink(ctx context.Context) error {
	part := func(g generation.Generation) int { return g.Links }
	return a.generations(ctx, part, func(ctx context.Context, g generation.Generation) error {
		return a.leased(ctx, "link"+suffix(g.Links), func(ctx context.Context, _ *stream.Lease) error {
			for {
				if err := a.linkAds(ctx, g); !errors.Is(err, errRelink) {
					return err
				}
			}
		})
	})
}

// A linker is the work of one holder of the lease.
type linker struct {
	*link.Linker
	a       *App
	pen     *stream.Pen
	version string // of the rules and of the set of erased ads
	done    uint64 // changes up to this ad are stored
	at      linked
	left    map[uint64]bool // ads of which it has given up
	changes ad.LinkChange   // of the batch under way
	held    []ad.Message    // changes that are not stored yet
}

// linkAds keeps the clusters of a generation. The linker's state is a function of
// the ads alone, so they are read from the start; changes are published beyond
// the last ad whose changes are stored, or all anew when the rules of linking
// have changed or ads were erased.
func (a *App) linkAds(ctx context.Context, g generation.Generation) error {
	links, ads := stream.Named(stream.Links, g.Links), stream.Named(stream.Ads, g.Ads)
	pen, err := a.bus.Fenced(ctx, "link"+suffix(g.Links), g.Links, stream.Links)
	if err != nil {
		return err
	}
	round := a.erased.Rounds() // before anything is read
	l := &linker{Linker: link.New(a.cfg.Link), a: a, pen: pen, version: link.Version, at: linked{Round: round}}
	if round > 0 {
		l.version += "+" + strconv.Itoa(round)
	}
	var retried uint64 // the last dead letter whose ad was to be linked
	if err := a.recall(ctx, relinkKey(g.Links), &retried); err != nil {
		return err
	}
	if retried > 0 {
		l.version += "~" + strconv.FormatUint(retried, 10)
		l.at.Retried = retried
	}
	if l.left, err = a.lettered(ctx, "link"+suffix(g.Links)); err != nil {
		return err
	}
	stored := l.version
	m, err := a.bus.LastOf(ctx, links, "link.change")
	switch {
	case err == nil:
		l.done, _ = strconv.ParseUint(m.Header[pipeline.SourceHeader], 10, 64)
		stored = m.Header[linkVersion]
		if m.Header[linkMore] != "" { // its other parts are not stored
			stored = ""
		}
	case !errors.Is(err, ad.ErrNotFound):
		return err
	}
	var before linked
	if err := a.recall(ctx, "link"+suffix(g.Links), &before); err != nil {
		return err
	}
	anew := stored != l.version || before.Retried != retried
	if !anew { // what had no consequences left no change behind
		l.done = max(l.done, before.UpTo)
	}
	if err := l.reread(ctx, "link"+suffix(g.Links), ads, anew); err != nil {
		return err
	}
	// An erasure ends this linker, and a letter that is retried; the next one reads
	// what is left.
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go a.onRelink(ctx, g.Links, retried, func() { stop(errRelink) })
	go func() {
		for changed := a.erased.Changed(); ; changed = a.erased.Changed() {
			if a.erased.Rounds() != round {
				stop(errRelink)
			}
			select {
			case <-changed:
			case <-ctx.Done():
				return
			}
		}
	}()
	progress := make(chan struct{})
	var at atomic.Pointer[linked]
	go func() { defer close(progress); a.remember(ctx, "link"+suffix(g.Links), &at) }()
	now := l.at
	at.Store(&now)
	f := pipeline.Follower[seqAd]{
		Name: "link" + suffix(g.Links), Stream: ads, Dead: a.bus.Pen(1), Batch: 1000, Log: a.log, Meter: a.meter,
		Position: func(context.Context) (uint64, error) { return l.at.UpTo, nil },
		Tail: func(ctx context.Context, from uint64, n int, f func([]ad.Message) error) error {
			return a.bus.Tail(ctx, ads, from, nil, n, f)
		},
		Decode: func(m ad.Message) (seqAd, error) {
			x, err := a.fresh.ad(g.Ads, m)
			return seqAd{m.Seq, isCorrected(m), x}, err
		},
		Apply: func(ctx context.Context, upTo uint64, ads []seqAd) error {
			from := l.at.UpTo
			for _, x := range ads {
				l.add(x, true)
			}
			l.hold(fmt.Sprintf("%d-%d", from, upTo), upTo)
			if err := l.store(ctx); err != nil {
				return err
			}
			l.at.UpTo = upTo
			now := l.at
			at.Store(&now)
			return nil
		},
	}
	err = f.Run(ctx)
	stop(nil)
	<-progress
	if errors.Is(context.Cause(ctx), errRelink) {
		return errRelink
	}
	return err
}

// errRelink says that ads were erased, so that the clusters are made anew.
var errRelink = errors.New("ads were erased")

// A seqAd is an ad with its place in the stream.
type seqAd struct {
	seq       uint64
	corrected bool // read again, so counted before
	*ad.Ad
}

// reread brings the linker to the end of the ads. Changes beyond what is stored
// are published, or all clusters anew. What cannot be linked and is no dead letter
// becomes one: the follower that comes after does not see it.
func (l *linker) reread(ctx context.Context, stage, ads string, anew bool) error {
	var letters []ad.Message
	last, err := l.a.bus.Replay(ctx, ads, 0, nil, func(m ad.Message) error {
		if !anew && m.Seq > l.done {
			return errEnough // from here on the follower tells of changes
		}
		if !l.left[m.Seq] {
			if err := l.reAdd(m); err != nil && !errors.Is(err, pipeline.Skip) {
				letters = append(letters, pipeline.Letter(stage, ads, m, err))
			}
		}
		l.at.UpTo = m.Seq
		return nil
	})
	if err != nil && !isEnough(err) {
		return err
	}
	if err == nil {
		l.at.UpTo = max(l.at.UpTo, last) // what stood there may have been erased
	}
	if err := l.a.bus.Pen(1).Publish(ctx, letters); err != nil {
		return fmt.Errorf("store dead letters: %w", err)
	}
	if anew && l.at.UpTo > 0 {
		l.changes = l.Snapshot()
		l.hold(fmt.Sprintf("all-%d", l.at.UpTo), l.at.UpTo)
		return l.store(ctx)
	}
	return nil
}

// reAdd links an ad without telling of it.
func (l *linker) reAdd(m ad.Message) (err error) {
	defer func() {
		if p := recover(); p != nil {
			l.a.log.Error("an ad cannot be linked and is left out", "seq", m.Seq, "panic", pipeline.Fell(p))
			err = fmt.Errorf("the program failed on it: %s", pipeline.Fell(p))
		}
	}()
	x, err := l.a.fresh.read(m)
	if err != nil {
		return err
	}
	l.add(seqAd{m.Seq, isCorrected(m), &x}, false)
	return nil
}

// add links one ad.
func (l *linker) add(x seqAd, tell bool) {
	if x.seq <= l.at.UpTo && tell {
		return
	}
	ch := l.Add(x.Ad)
	if !x.corrected {
		l.at.Read++
	}
	l.at.UpTo = max(l.at.UpTo, x.seq)
	if tell {
		l.changes.Moves = append(l.changes.Moves, ch.Moves...)
		l.changes.Hubs = append(l.changes.Hubs, ch.Hubs...)
	}
}

// hold makes messages of what the batch under way, which ends at the ad seq, has
// changed: where each ad stands at its end.
func (l *linker) hold(batch string, seq uint64) {
	moves := newest(l.changes.Moves, func(m ad.Move) string { return m.AdID })
	hubs := newest(l.changes.Hubs, func(h ad.Hub) ad.Value { return h.Value })
	l.held = append(l.held, l.messages(moves, hubs, batch, seq)...)
	l.changes = ad.LinkChange{}
}

// newest leaves of several items with one key the last.
func newest[K comparable, T any](all []T, key func(T) K) []T {
	place := make(map[K]int, len(all))
	out := all[:0]
	for _, x := range all {
		if i, ok := place[key(x)]; ok {
			out[i] = x
			continue
		}
		place[key(x)] = len(out)
		out = append(out, x)
	}
	return out
}

// store publishes the changes that are held: the state has gone ahead, so what
// follows from it must be stored now.
func (l *linker) store(ctx context.Context) error {
	for attempt := 1; ; attempt++ {
		err := l.pen.Publish(ctx, l.held)
		if err == nil {
			l.held = nil
			return nil
		}
		if ctx.Err() != nil || stopped(err) {
			return err
		}
		l.a.log.Warn("publishing links, will be tried again", "err", err)
		select {
		case <-ctx.Done():
		case <-time.After(pipeline.Backoff(200*time.Millisecond, attempt)):
		}
	}
}

// perMessage keeps one change far below the size of a message.
const perMessage = 5000

// messages are the parts of a change. Hubs stand apart from moves, so that a
// number can be erased without them.
func (l *linker) messages(moves []ad.Move, hubs []ad.Hub, batch string, seq uint64) (out []ad.Message) {
	var parts []ad.LinkChange
	for part := range slices.Chunk(moves, perMessage) {
		parts = append(parts, ad.LinkChange{V: ad.Schema, Moves: part})
	}
	for part := range slices.Chunk(hubs, perMessage) {
		parts = append(parts, ad.LinkChange{V: ad.Schema, Hubs: part})
	}
	for i, part := range parts {
		more := ""
		if i < len(parts)-1 {
			more = "1"
		}
		out = append(out, ad.Message{
			Subject: "link.change", ID: fmt.Sprintf("link:%s:%s:%d", l.version, batch, i), Data: encode(part),
			Header: map[string]string{pipeline.SourceHeader: strconv.FormatUint(seq, 10), linkVersion: l.version, linkMore: more},
		})
	}
	return out
}

// rememberEvery is how often a position is kept when it moves.
const rememberEvery = 250 * time.Millisecond

// remember keeps a position in the bucket PROGRESS while it moves.
func (a *App) remember(ctx context.Context, key string, at *atomic.Pointer[linked]) {
	t := time.NewTicker(rememberEvery)
	defer t.Stop()
	var kept linked
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		now := at.Load()
		if now == nil || *now == kept {
			continue
		}
		if err := a.bus.Put(ctx, stream.Progress, key, encode(*now)); err != nil {
			if ctx.Err() == nil {
				a.log.Warn("keeping a position", "key", key, "err", err)
			}
			continue
		}
		kept = *now
	}
}

// recall reads what is kept under a key of the bucket PROGRESS; nothing is fine.
func (a *App) recall(ctx context.Context, key string, v any) error {
	e, err := a.bus.Value(ctx, stream.Progress, key)
	if errors.Is(err, ad.ErrNotFound) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(e.Value, v)
	}
	if err != nil {
		return fmt.Errorf("read the position of %s: %w", key, err)
	}
	return nil
}
