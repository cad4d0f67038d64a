package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"vigil.example/internal/ad"
	"vigil.example/internal/search"
	"vigil.example/internal/search/elastic"
	"vigil.example/internal/search/sqlite"
	"vigil.example/internal/stream"
)

// This file is the choice of an engine: every generation has an index of its own,
// in a file of the data folder or in Elasticsearch.

// An index is that of one generation, as this program looks after it.
type index interface {
	search.Index
	search.Counter
	search.Holder

	// ID is a random name that the index got when it was made.
	ID() string
	// Intact reports search.ErrDamaged when it is no longer the one that was opened.
	Intact() error
	// Check looks at all of it.
	Check(ctx context.Context) error
}

// An opening says how an index is opened, as in the engines' own options.
type opening struct {
	readOnly bool
	live     bool // what was written just now too, before readers see it
	epoch    uint64
	beside   bool
}

// An engine keeps the indexes of an instance.
type engine interface {
	open(ctx context.Context, gen int, o opening) (index, error)
	remove(ctx context.Context, gen int) error
	// there reports whether a generation has an index.
	there(ctx context.Context, gen int) (bool, error)
	// name says for people where the index of a generation is.
	name(gen int) string
	// look says how the index of a generation is, "" when there is nothing to say, and
	// what is wrong with it.
	look(ctx context.Context, gen int) (state string, wrong error)
	// batch is how many changes go into an index at once, about, when many wait.
	batch() int
	// serve tells others which generation serves.
	serve(ctx context.Context, gen int) error
}

// files are indexes in SQLite, in the data folder.
type files struct{ folder string }

func (f files) name(gen int) string {
	if gen <= 1 {
		return filepath.Join(f.folder, "index.db")
	}
	return filepath.Join(f.folder, fmt.Sprintf("index-%d.db", gen))
}

// indexFile is the name of an index file.
var indexFile = regexp.MustCompile(`^index(-[0-9]+)?\.db$`)

// all lists the index files that are there, of whatever generation.
func (f files) all() (names []string, err error) {
	entries, err := os.ReadDir(f.folder)
	if err != nil {
		return nil, fmt.Errorf("look for index files: %w", err)
	}
	for _, e := range entries {
		if indexFile.MatchString(e.Name()) {
			names = append(names, filepath.Join(f.folder, e.Name()))
		}
	}
	return names, nil
}

func (f files) open(ctx context.Context, gen int, o opening) (index, error) {
	name := f.name(gen)
	// What is empty is no index, but readers may still hold locks on it.
	if i, err := os.Stat(name); err == nil && i.Size() == 0 && !o.readOnly && !o.beside {
		if err := sqlite.Remove(name); err != nil {
			return nil, err
		}
	}
	x, err := sqlite.Open(ctx, name, sqlite.Options{ReadOnly: o.readOnly, Epoch: o.epoch, Beside: o.beside})
	if err != nil {
		return nil, err
	}
	return x, nil
}

func (f files) remove(_ context.Context, gen int) error { return sqlite.Remove(f.name(gen)) }

func (f files) there(_ context.Context, gen int) (bool, error) {
	_, err := os.Stat(f.name(gen))
	return err == nil, nil
}

func (files) look(context.Context, int) (string, error) { return "", nil }

func (files) batch() int { return 1000 } // who else writes the file waits meanwhile

func (files) serve(context.Context, int) error { return nil }

// names are indexes in Elasticsearch. Their names begin with that of the instance,
// so that several instances may share a cluster.
type names struct {
	elastic.Server
	instance func(context.Context) (string, error)
}

func (n names) alias(ctx context.Context, gen int) (string, error) {
	id, err := n.instance(ctx)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("vigil-%s-%d", id, max(gen, 1)), nil
}

func (n names) open(ctx context.Context, gen int, o opening) (index, error) {
	name, err := n.alias(ctx, gen)
	if err != nil {
		return nil, err
	}
	x, err := elastic.Open(ctx, elastic.Options{Server: n.Server, Name: name, ReadOnly: o.readOnly && !o.live, Epoch: o.epoch, Beside: o.beside || o.live})
	if err != nil {
		return nil, err
	}
	return x, nil
}

func (n names) remove(ctx context.Context, gen int) error {
	name, err := n.alias(ctx, gen)
	if err != nil {
		return err
	}
	return elastic.Remove(ctx, n.Server, name)
}

func (n names) there(ctx context.Context, gen int) (bool, error) {
	x, err := n.open(ctx, gen, opening{readOnly: true})
	switch {
	case errors.Is(err, ad.ErrNotFound):
		return false, nil
	case errors.Is(err, search.ErrVersion), errors.Is(err, search.ErrDamaged):
		return true, nil
	case err != nil:
		return false, err
	}
	return true, x.Close()
}

func (n names) name(gen int) string {
	return fmt.Sprintf("index %d in Elasticsearch at %s", max(gen, 1), n.Server)
}

func (n names) look(ctx context.Context, gen int) (string, error) {
	x, err := n.open(ctx, gen, opening{readOnly: true})
	if err != nil {
		return "", err
	}
	defer func() { _ = x.Close() }()
	h, err := x.(*elastic.Index).Health(ctx)
	if err != nil {
		return "", err
	}
	state := fmt.Sprintf("Elasticsearch, %d nodes, %s", h.Nodes, h.Status)
	switch {
	case h.ReadOnly:
		return state, fmt.Errorf("%w: it takes no writing: a disk of Elasticsearch is nearly full, or somebody has set it to read only; make room there, and it goes on by itself", search.ErrAway)
	case h.Status == "red":
		return state, fmt.Errorf("%w: a part of it is on no node; bring the nodes of Elasticsearch back, or delete the index there and it is rebuilt", search.ErrAway)
	}
	return state, nil
}

func (names) batch() int { return 5000 } // which are written, and shown, in fewer steps

func (n names) serve(ctx context.Context, gen int) error {
	id, err := n.instance(ctx)
	if err != nil {
		return err
	}
	name, err := n.alias(ctx, gen)
	if err != nil {
		return err
	}
	return elastic.Point(ctx, n.Server, "vigil-"+id, name)
}

// newEngine is the engine of the folder and the configuration.
func (a *App) newEngine() (engine, error) {
	if err := a.seated(); err != nil {
		return nil, err
	}
	return a.engineAt(a.cfg.Index), nil
}

func (a *App) engineAt(s elastic.Server) engine {
	if len(s.URLs) == 0 {
		return files{a.cfg.Data}
	}
	return names{s, a.instance}
}

// instance names the instance: its folder does, and to processes without the
// folder the streams do, once a process with it was there.
func (a *App) instance(ctx context.Context) (string, error) {
	if a.folder != nil {
		return a.folder.Instance, nil
	}
	e, err := a.bus.Value(ctx, stream.Progress, homeKey)
	if errors.Is(err, ad.ErrNotFound) {
		return "", errors.New("which instance this is, is known once a process with its data folder has started (role web, alert or archive)")
	}
	if err != nil {
		return "", fmt.Errorf("read which instance this is: %w", err)
	}
	h, err := decodeValue[home](e.Value)
	if err == nil && h.Instance == "" {
		err = errors.New("it names none")
	}
	if err == nil && h.Index != "" && !shared(strings.Split(h.Index, ","), a.cfg.Index.URLs) {
		err = fmt.Errorf("its home keeps the index elsewhere (%s); start this process with the same --index", h.Index)
	}
	if err != nil {
		return "", fmt.Errorf("read which instance this is: %w", err)
	}
	return h.Instance, nil
}

// waiting reports whether an error of the index says that it is not there just now
// and will be.
func waiting(err error) bool {
	return errors.Is(err, search.ErrBuilding) || errors.Is(err, search.ErrAway)
}
