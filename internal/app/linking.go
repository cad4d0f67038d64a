package app

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/generation"
	"vigil.example/internal/link"
	"vigil.example/internal/link/weigh"
	"vigil.example/internal/pipeline"
	"vigil.example/internal/stream"
)

// linked is how far the linker has come; kept in the bucket PROGRESS for the
// ledger of other processes and for the linker's own next start.
type linked struct {
	Read uint64 `json:"read"`  // ads that have a place
	UpTo uint64 `json:"up_to"` // sequence of the last one

	// Solved is the last ad of which it is told who is behind it, found with all ads
	// up to there, Decided the newest decision of a person that was known then, and
	// Rules the version of the linker that found it.
	Solved  uint64 `json:"solved,omitempty"`
	Decided uint64 `json:"decided,omitempty"`
	Rules   string `json:"rules,omitempty"`

	// Round is how many erasures the ads were free of when they were read.
	Round int `json:"round,omitempty"`
	// Retried is the last dead letter whose ad was to be linked before that.
	Retried uint64 `json:"retried,omitempty"`
}

// unsolved is how many things at least are known that no round has solved yet.
func (a *App) unsolved(at linked) uint64 {
	if at.UpTo > 0 && (at.Solved < at.UpTo || at.Rules != link.Version || at.Decided < a.bonds.Position()) {
		return 1
	}
	return 0
}

const linkVersion = "Vigil-Linker"

// linkMore marks a change of which further parts follow: when a linker begins with
// it as the last one, everything is told anew.
const linkMore = "Vigil-More"

func (a *App) runLink(ctx context.Context) error {
	if err := a.sweepLinkStates(); err != nil {
		return err
	}
	part := func(g generation.Generation) int { return g.Links }
	return a.generations(ctx, part, func(ctx context.Context, g generation.Generation) error {
		seat := a.newShardSeat()
		var beside sync.WaitGroup
		defer beside.Wait()
		if !a.cfg.sole() {
			beside.Go(func() {
				_ = a.keep(ctx, "link-shard"+suffix(g.Links), func(ctx context.Context) error { return seat.sit(ctx, g.Links) })
			})
		}
		return a.leased(ctx, "link"+suffix(g.Links), func(ctx context.Context, l *stream.Lease) error {
			seat.hold(true)
			defer seat.hold(false)
			h, err := a.newSharer(g.Links, l.Epoch())
			if err != nil {
				return err
			}
			defer h.close()
			for {
				if err := a.linkAds(ctx, g, h); !errors.Is(err, errRelink) {
					return err
				}
			}
		})
	})
}

// A linker is the work of one holder of the lease. Ads get a place as they come;
// beside that rounds find who is behind all of them.
type linker struct {
	a       *App
	pen     *stream.Pen
	stage   string
	gen     int    // of the links
	version string // of the rules and of the set of erased ads
	began   uint64 // the last change that was stored before it
	head    linkHead
	sharer  *sharer // nil where nobody else can be there

	mu      sync.Mutex // guards what follows
	l       *link.Linker
	at      linked
	anew    bool          // everything is being told
	came    time.Time     // when the last ad came
	changes ad.LinkChange // that are not held yet
	held    []ad.Message  // that are not stored yet
	batches int
	state   *linkState // on disk; nil where none is kept
	ad      landmark   // the last ad that was taken in
	links   uint64     // what was told is known up to here
	told    landmark   // the last of that
	settled bool       // all was solved when it began, by this program

	shown atomic.Pointer[linked]
}

// linkAds keeps the clusters of a generation. The linker's state is a function of
// the ads, of people's decisions and of what was told, so all of them are read, from
// the start or from where the state on disk ends; then what differs is told, or
// everything anew when the rules of linking have changed or ads were erased.
func (a *App) linkAds(ctx context.Context, g generation.Generation, h *sharer) error {
	links, ads, stage := stream.Named(stream.Links, g.Links), stream.Named(stream.Ads, g.Ads), "link"+suffix(g.Links)
	pen, err := a.bus.Fenced(ctx, stage, g.Links, stream.Links)
	if err != nil {
		return err
	}
	round := a.erased.Rounds() // before anything is read
	l := &linker{a: a, pen: pen, stage: stage, sharer: h, gen: g.Links, l: link.New(a.cfg.Link), version: link.Version, at: linked{Round: round, Rules: link.Version}}
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
	var before linked
	if err := a.recall(ctx, stage, &before); err != nil {
		return err
	}
	serving := serves(a.book.Serving(), stream.Links)
	stored, err := l.readAll(ctx, ads, links, serving)
	if err != nil {
		return err
	}
	defer l.closeState()
	if l.anew = stored != l.version || before.Retried != retried || serving != links; l.anew {
		l.l.TellAnew()
	}
	l.resume()
	l.beginState()
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
	var beside sync.WaitGroup
	l.show()
	beside.Go(func() { a.remember(ctx, stage, &l.shown) })
	var failed error
	beside.Go(func() {
		if failed = l.solve(ctx); failed != nil {
			stop(failed)
		}
	})
	f := pipeline.Follower[seqAd]{
		Name: stage, Stream: ads, Dead: a.bus.Pen(1), Batch: 1000, Log: a.log, Meter: a.meter,
		Position: func(context.Context) (uint64, error) { return l.shown.Load().UpTo, nil },
		Tail: func(ctx context.Context, from uint64, n int, f func([]ad.Message) error) error {
			return a.bus.Tail(ctx, ads, from, nil, n, f)
		},
		Decode: func(m ad.Message) (seqAd, error) {
			x, err := a.fresh.ad(g.Ads, m)
			return seqAd{landmarkOf(m), isCorrected(m), x}, err
		},
		Apply: l.apply,
	}
	err = f.Run(ctx)
	stop(nil)
	beside.Wait()
	if errors.Is(context.Cause(ctx), errRelink) {
		return errRelink
	}
	return cmp.Or(err, failed)
}

// errRelink says that ads were erased, so that the clusters are made anew.
var errRelink = errors.New("ads were erased")

// A seqAd is an ad with its place in the stream.
type seqAd struct {
	at        landmark
	corrected bool // read again, so counted before
	*ad.Ad
}

// readAll takes in all ads and what was told of them: what is on disk, and what came
// after it. It returns by which version it was told.
func (l *linker) readAll(ctx context.Context, ads, links, serving string) (stored string, err error) {
	kept, as := false, l.version
	if f := l.a.folder; f != nil {
		l.head = linkHead{
			Format: stateFormat, Instance: f.Instance, Restored: f.Restored, Ads: ads, Links: links,
			Rules: link.Version, Reading: weigh.Reading(), Confidence: l.a.cfg.Link.Confidence, Round: l.at.Round, Retried: l.at.Retried,
		}
		if serving == links { // else names are those of the serving generation, each time
			if kept, as, err = l.loadState(ctx); err != nil {
				return "", err
			}
		}
	}
	defer func() {
		if err != nil {
			l.closeState()
		}
	}()
	solved := l.at.Solved == l.at.UpTo
	if err := l.reread(ctx, ads); err != nil {
		return "", err
	}
	if solved = solved && l.l.Changed() == 0; solved { // what came has nothing new
		l.at.Solved = l.at.UpTo
	}
	if serving != links { // clusters of a new generation go on with the names of the old
		if _, err := l.recall(ctx, serving, as); err != nil && !errors.Is(err, ad.ErrNotFound) {
			return "", err
		}
		l.links, l.told = 0, landmark{}
	}
	known := l.told
	stored, err = l.recall(ctx, links, as)
	l.settled = l.settled && kept && solved && known == l.told && stored == l.version
	return stored, err
}

// reread takes in all ads that are not on disk. What cannot be linked and is no dead
// letter becomes one: the follower that comes after does not see it.
func (l *linker) reread(ctx context.Context, ads string) error {
	left, err := l.a.lettered(ctx, l.stage) // ads of which it has given up
	if err != nil {
		return err
	}
	var letters []ad.Message
	last, err := l.a.bus.Replay(ctx, ads, l.at.UpTo+1, nil, func(m ad.Message) error {
		if !left[m.Seq] {
			if err := l.reAdd(m); err != nil && !errors.Is(err, pipeline.Skip) {
				letters = append(letters, pipeline.Letter(l.stage, ads, m, err))
			}
		}
		l.at.UpTo, l.ad = m.Seq, landmarkOf(m)
		return nil
	})
	if err != nil {
		return err
	}
	l.at.UpTo = max(l.at.UpTo, last) // what stood there may have been erased
	if err := l.a.bus.Pen(1).Publish(ctx, letters); err != nil {
		return fmt.Errorf("store dead letters: %w", err)
	}
	return nil
}

// recall takes in what was told on a stream since what is known of it, and returns by
// which version; "" when not all of it is there.
func (l *linker) recall(ctx context.Context, links, as string) (version string, err error) {
	version = as
	l.began, err = l.a.bus.Replay(ctx, links, l.links+1, nil, func(m ad.Message) error {
		l.told = landmarkOf(m)
		if c, err := decode[ad.LinkChange](m); err == nil {
			l.l.Recall(c)
		}
		if m.Subject == linkSubject {
			if version = m.Header[linkVersion]; m.Header[linkMore] != "" {
				version = ""
			}
		}
		return nil
	})
	l.links = l.began
	return version, err
}

// reAdd takes in an ad without telling of it.
func (l *linker) reAdd(m ad.Message) (err error) {
	defer func() {
		if p := recover(); p != nil {
			l.a.log.Error("an ad cannot be linked and is left out", "seq", m.Seq, "panic", pipeline.Fell(p))
			err = fmt.Errorf("the program failed on it: %s", pipeline.Fell(p))
		}
	}()
	l.a.counted.reread.Add(1)
	x, err := l.a.fresh.read(m)
	if err != nil {
		return err
	}
	l.l.Read(&x)
	if !isCorrected(m) {
		l.at.Read++
	}
	return nil
}

// apply gives arriving ads a place.
func (l *linker) apply(ctx context.Context, upTo uint64, ads []seqAd) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	from := l.at.UpTo
	for _, x := range ads {
		if x.at.Seq <= l.at.UpTo {
			continue
		}
		ch := l.l.Add(x.Ad)
		l.changes.Moves = append(l.changes.Moves, ch.Moves...)
		if !x.corrected {
			l.at.Read++
		}
		l.at.UpTo, l.ad = x.at.Seq, x.at
	}
	l.came = time.Now()
	l.hold(upTo)
	if err := l.store(ctx); err != nil {
		return err
	}
	if l.l.Changed() == 0 && l.at.Solved == from { // nothing in them was new
		l.at.Solved = upTo
	}
	l.at.UpTo = upTo
	l.show()
	l.keepState()
	return nil
}

// show lets others see how far the linker has come. The caller holds l.mu or is
// alone.
func (l *linker) show() {
	now := l.at
	l.shown.Store(&now)
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

// hold makes messages of what has changed: where each ad stands at the end.
func (l *linker) hold(seq uint64) {
	moves := newest(l.changes.Moves, func(m ad.Move) string { return m.AdID })
	hubs := newest(l.changes.Hubs, func(h ad.Hub) ad.Value { return h.Value })
	l.held = append(l.held, l.messages(moves, hubs, l.changes.Lineage, seq)...)
	l.changes = ad.LinkChange{}
}

// store publishes the changes that are held: the state has gone ahead, so what
// follows from it must be stored now.
func (l *linker) store(ctx context.Context) error {
	for attempt := 1; ; attempt++ {
		last, err := l.pen.Store(ctx, l.held)
		if err == nil {
			if last > 0 { // else they were known: a start reads them again
				l.links, l.told = last, landmark{Seq: last, ID: l.held[len(l.held)-1].ID}
			}
			l.held = nil
			return nil
		}
		if ctx.Err() != nil || stopped(err) || errors.Is(err, context.Canceled) { // its lease has ended with the program
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
const perMessage = 2000

// The subjects of what the linker tells.
const (
	linkSubject    = "link.change"
	lineageSubject = "link.lineage"
)

// messages are the parts of a change. Hubs stand apart from moves, so that a
// number can be erased without them.
func (l *linker) messages(moves []ad.Move, hubs []ad.Hub, lineage []ad.Descent, seq uint64) (out []ad.Message) {
	l.batches++
	add := func(subject string, part ad.LinkChange) { out = append(out, l.message(subject, part, seq, len(out))) }
	for part := range slices.Chunk(lineage, perMessage) {
		add(lineageSubject, ad.LinkChange{Lineage: part})
	}
	for part := range slices.Chunk(moves, perMessage) {
		add(linkSubject, ad.LinkChange{Moves: part})
	}
	for part := range slices.Chunk(hubs, perMessage) {
		add(linkSubject, ad.LinkChange{Hubs: part})
	}
	return out
}

func (l *linker) message(subject string, part ad.LinkChange, seq uint64, number int) ad.Message {
	part.V = ad.Schema
	more := ""
	if l.anew {
		more = "1"
	}
	return ad.Message{
		Subject: subject, ID: fmt.Sprintf("link:%s:%d:%d:%d", l.version, l.began, l.batches, number), Data: encode(part),
		Header: map[string]string{pipeline.SourceHeader: strconv.FormatUint(seq, 10), linkVersion: l.version, linkMore: more},
	}
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
