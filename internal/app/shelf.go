package app

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/generation"
	"vigil.example/internal/query"
	"vigil.example/internal/search"
	"vigil.example/internal/stream"
)

// A shelf is the index that people search: that of the generation that serves. It can be exchanged while it is used, at a switch of generations or
// when the file was damaged; who is reading finishes on the old one.
type shelf struct {
	mu  sync.RWMutex
	now *volume
}

// A volume is one open index.
type volume struct {
	index
	gen   int
	users sync.WaitGroup
	bad   atomic.Bool // somebody met damage in it
}

// put exchanges the index and closes the one before when nobody reads it any more.
func (s *shelf) put(v *volume) {
	s.mu.Lock()
	old := s.now
	s.now = v
	s.mu.Unlock()
	if old != nil {
		old.users.Wait()
		_ = old.Close()
	}
}

// gen is the generation of the index that is there; 0 for none.
func (s *shelf) gen() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.now == nil {
		return 0
	}
	return s.now.gen
}

// take returns the index for a moment's use.
func (s *shelf) take() (*volume, func(), error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.now == nil {
		return nil, nil, search.ErrBuilding
	}
	v := s.now
	v.users.Add(1)
	return v, v.users.Done, nil
}

// with runs f on the index.
func with[T any](s *shelf, f func(*volume) (T, error)) (out T, err error) {
	v, done, err := s.take()
	if err != nil {
		return out, err
	}
	defer done()
	if out, err = f(v); errors.Is(err, search.ErrDamaged) {
		v.bad.Store(true)
	}
	return out, err
}

// The shelf is a search.Index that reads; what is written goes to the file itself.
var _ search.Index = (*shelf)(nil)

func (s *shelf) Apply(context.Context, string, uint64, []search.Change) error {
	return errors.New("the shelf only reads")
}

func (s *shelf) Position(ctx context.Context, source string) (uint64, error) {
	return with(s, func(v *volume) (uint64, error) { return v.Position(ctx, source) })
}

func (s *shelf) Search(ctx context.Context, q query.Node, p search.Page) (search.Results, error) {
	return with(s, func(v *volume) (search.Results, error) { return v.Search(ctx, q, p) })
}

func (s *shelf) Versions(ctx context.Context, id string) (docs []ad.Document, seen []search.Sighting, err error) {
	_, err = with(s, func(v *volume) (struct{}, error) {
		docs, seen, err = v.Versions(ctx, id)
		return struct{}{}, err
	})
	return docs, seen, err
}

func (s *shelf) Cluster(ctx context.Context, id string, limit int) (search.Cluster, error) {
	return with(s, func(v *volume) (search.Cluster, error) { return v.Cluster(ctx, id, limit) })
}

func (s *shelf) ClusterOf(ctx context.Context, id string) (string, error) {
	return with(s, func(v *volume) (string, error) { return v.ClusterOf(ctx, id) })
}

func (s *shelf) TopClusters(ctx context.Context, n int) ([]search.Cluster, error) {
	return with(s, func(v *volume) ([]search.Cluster, error) { return v.TopClusters(ctx, n) })
}

func (s *shelf) ByValue(ctx context.Context, val ad.Value, limit int) ([]string, error) {
	return with(s, func(v *volume) ([]string, error) { return v.ByValue(ctx, val, limit) })
}

func (s *shelf) Holdings(ctx context.Context, values []ad.Value) ([]search.Holding, error) {
	return with(s, func(v *volume) ([]search.Holding, error) { return search.Holdings(ctx, v.index, values) })
}

func (s *shelf) Hub(ctx context.Context, val ad.Value) (ad.Hub, error) {
	return with(s, func(v *volume) (ad.Hub, error) { return v.Hub(ctx, val) })
}

func (s *shelf) Hubs(ctx context.Context) ([]ad.Hub, error) {
	return with(s, func(v *volume) ([]ad.Hub, error) { return v.Hubs(ctx) })
}

func (s *shelf) Stats(ctx context.Context) (search.Stats, error) {
	return with(s, func(v *volume) (search.Stats, error) { return v.Stats(ctx) })
}

func (s *shelf) Erase(context.Context, []string, []ad.Value) (int, error) {
	return 0, errors.New("the shelf only reads")
}

func (s *shelf) Dump(ctx context.Context) iter.Seq2[ad.Document, error] {
	return through(s, func(v *volume) iter.Seq2[ad.Document, error] { return v.Dump(ctx) })
}

// through gives what the index gives, and holds on to it until all is given.
func through[T any](s *shelf, f func(*volume) iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		v, done, err := s.take()
		if err != nil {
			var none T
			yield(none, err)
			return
		}
		defer done()
		for d, err := range f(v) {
			if errors.Is(err, search.ErrDamaged) {
				v.bad.Store(true)
			}
			if !yield(d, err) {
				return
			}
		}
	}
}

func (s *shelf) Survey(ctx context.Context, q query.Node, a search.Ask) (search.Survey, error) {
	return with(s, func(v *volume) (search.Survey, error) { return v.Survey(ctx, q, a) })
}

func (s *shelf) Walk(ctx context.Context, q query.Node, after string) iter.Seq2[ad.Document, error] {
	return through(s, func(v *volume) iter.Seq2[ad.Document, error] { return v.Walk(ctx, q, after) })
}

func (s *shelf) Leaf(ctx context.Context, q query.Node, after string, n int) ([]ad.Document, error) {
	return with(s, func(v *volume) ([]ad.Document, error) { return search.Leaf(ctx, v.index, q, after, n) })
}

func (s *shelf) Grouped(ctx context.Context, q query.Node, p search.Page) (search.Groups, error) {
	return with(s, func(v *volume) (search.Groups, error) { return v.Grouped(ctx, q, p) })
}

func (s *shelf) Alike(ctx context.Context, id string, n int) ([]search.Likeness, error) {
	return with(s, func(v *volume) ([]search.Likeness, error) { return v.Alike(ctx, id, n) })
}

func (s *shelf) Terms(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return through(s, func(v *volume) iter.Seq2[string, error] { return v.Terms(ctx, prefix) })
}

func (s *shelf) Close() error { s.put(nil); return nil }

// openShelf opens the index of the generation that serves for reading, and makes
// an empty one where this process may.
func (a *App) openShelf(ctx context.Context) error {
	serving := a.book.Serving()
	mine := a.cfg.sole() && a.cfg.has("index")
	v, err := a.volume(ctx, serving.Index)
	if err != nil && mine && !errors.Is(err, search.ErrAway) {
		if errors.Is(err, search.ErrDamaged) || errors.Is(err, search.ErrVersion) {
			a.log.Warn("the index is rebuilt from the streams", "why", err)
			if err := a.engine.remove(ctx, serving.Index); err != nil {
				return err
			}
		} else if !errors.Is(err, ad.ErrNotFound) && !errors.Is(err, search.ErrBuilding) {
			return err
		}
		x, err := a.openWriter(ctx, serving, 0)
		if errors.Is(err, search.ErrFenced) { // a process that was stopped over it had begun to fill it: role index goes on
			a.log.Info("the index is filled further", "why", err)
			return nil
		}
		if err != nil {
			return err
		}
		ends, err := a.ends(ctx, serving)
		if err == nil {
			_, err = complete(ctx, x, ends)
		}
		if err := errors.Join(err, x.Close()); err != nil {
			return fmt.Errorf("open index: %w", err)
		}
		if v, err = a.volume(ctx, serving.Index); err != nil && !errors.Is(err, search.ErrBuilding) {
			return err
		}
	}
	if err != nil { // the role that writes it has work to do first; tend opens it then
		a.log.Info("the index cannot be read yet", "why", err)
		return nil
	}
	a.shelf.put(v)
	return nil
}

// volume opens the index of a generation for reading; search.ErrBuilding when it does not
// hold everything yet.
func (a *App) volume(ctx context.Context, gen int) (*volume, error) {
	x, err := a.engine.open(ctx, gen, opening{readOnly: true})
	if err != nil {
		return nil, fmt.Errorf("open index: %w", err)
	}
	built, err := x.Position(ctx, builtSource)
	if err == nil && built == 0 {
		err = search.ErrBuilding
	}
	if err != nil {
		return nil, errors.Join(err, x.Close())
	}
	return &volume{index: x, gen: gen}, nil
}

// openWriter opens the index of a generation for writing. It is derived: one that
// is damaged, of another version, or ahead of its stream is removed and built anew
// from the streams.
func (a *App) openWriter(ctx context.Context, g generation.Generation, epoch uint64) (index, error) {
	x, err := a.engine.open(ctx, g.Index, opening{epoch: epoch})
	if err == nil {
		if err = a.fits(ctx, g, x); err == nil {
			return x, nil
		}
		_ = x.Close()
	}
	if errors.Is(err, search.ErrDamaged) || errors.Is(err, search.ErrVersion) {
		a.log.Warn("the index is rebuilt from the streams", "why", err)
		if err := a.engine.remove(ctx, g.Index); err != nil {
			return nil, err
		}
		x, err = a.engine.open(ctx, g.Index, opening{epoch: epoch})
	}
	if err != nil {
		return nil, fmt.Errorf("open index: %w", err)
	}
	return x, nil
}

// fits reports whether an index can have been made from the streams that are
// there.
func (a *App) fits(ctx context.Context, g generation.Generation, x index) error {
	at, err := x.Position(ctx, "ads")
	if err != nil {
		return err
	}
	info, err := a.bus.Info(ctx, stream.Named(stream.Ads, g.Ads))
	if err != nil {
		return err
	}
	if at > info.Last {
		return fmt.Errorf("%w: it has read %d ad versions of a stream that ends at %d; it belongs to other streams", search.ErrDamaged, at, info.Last)
	}
	return nil
}

// tendEvery is how often the index that people search is looked after.
const tendEvery = time.Second

// tend keeps the shelf right: the index of the generation that serves, whole.
func (a *App) tend(ctx context.Context) error {
	t := time.NewTicker(tendEvery)
	defer t.Stop()
	var was error
	for {
		changed := a.book.Changed()
		gen := a.book.Serving().Index
		good := a.shelf.gen() == gen
		if good {
			_, err := with(&a.shelf, func(v *volume) (struct{}, error) {
				if v.bad.Load() { // who writes it reads it from end to end then
					return struct{}{}, errors.Join(search.ErrDamaged, a.bus.Put(ctx, stream.Progress, damageKey(gen), []byte(v.ID())))
				}
				return struct{}{}, v.Intact()
			})
			good = err == nil
			if err != nil && (was == nil || was.Error() != err.Error()) {
				a.log.Warn("the index is opened anew", "why", err)
			}
			if good && was != nil {
				a.health.set("search", stateRunning, nil)
			}
			was = err
		}
		if !good {
			v, err := a.volume(ctx, gen)
			if err == nil {
				a.shelf.put(v)
				a.health.set("search", stateRunning, nil)
				if err := a.engine.serve(ctx, gen); err != nil && ctx.Err() == nil {
					a.log.Warn("naming the index that serves", "err", err)
				}
			} else if ctx.Err() == nil {
				a.health.set("search", stateFailing, err)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		case <-t.C:
		}
	}
}
