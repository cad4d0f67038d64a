package app

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"syscall"

	"vigil.example/internal/search/elastic"
	"vigil.example/internal/search/sqlite"
)

// This file is what a data folder remembers of where its index is kept, so that no
// command takes another index for the one that people search.

// A seat is where the index of an instance is kept. It names files with secrets and
// holds none.
type seat struct {
	Engine string `json:"engine"` // inFile or inElastic
	elastic.Server
}

const (
	inFile    = "sqlite"
	inElastic = "elasticsearch"
)

func seatOf(s elastic.Server) *seat {
	if len(s.URLs) == 0 {
		return &seat{Engine: inFile}
	}
	return &seat{inElastic, s}
}

func (s *seat) String() string {
	if s.Engine == inFile {
		return "a file of the data folder"
	}
	return "Elasticsearch at " + s.Server.String()
}

// is reports whether two seats are the same: the same engine and, of a cluster, one
// of its nodes.
func (s *seat) is(o *seat) bool {
	return s.Engine == o.Engine && (s.Engine == inFile || shared(s.URLs, o.URLs))
}

func shared(a, b []string) bool {
	return slices.ContainsFunc(a, func(u string) bool {
		return slices.ContainsFunc(b, func(v string) bool { return strings.TrimRight(u, "/") == strings.TrimRight(v, "/") })
	})
}

// chosen says where the index is to be kept, by what the folder remembers and what
// the configuration says: nil where neither says anything. Moving it must be asked for.
func chosen(kept *seat, c Config) (*seat, error) {
	said := len(c.Index.URLs) > 0 || c.IndexFile
	switch {
	case !said && kept == nil:
		return nil, nil
	case !said:
		return kept.letIn(c.Index), nil
	case kept == nil, c.MoveIndex, kept.is(seatOf(c.Index)):
		return seatOf(c.Index), nil
	}
	return nil, fmt.Errorf("%w: the index of %s is kept in %s, and this was told to keep it in %s; leave --index out to go on as it is, or move it with vigil run --move-index, which makes it there anew from the streams",
		ErrFolder, c.Data, kept, seatOf(c.Index))
}

// letIn takes what a configuration without a URL says of how to be let in.
func (s *seat) letIn(c elastic.Server) *seat {
	out := *s
	if c.CA != "" {
		out.CA = c.CA
	}
	if c.User != "" || c.PasswordFile != "" || c.APIKeyFile != "" {
		out.User, out.PasswordFile, out.APIKeyFile = c.User, c.PasswordFile, c.APIKeyFile
	}
	return &out
}

// seated finds where the index is kept, and lets the folder remember what the
// configuration says of it, but for a move, which comes later.
func (a *App) seated() error {
	if a.folder == nil {
		return nil
	}
	s, err := chosen(a.folder.seat(), a.cfg)
	if err != nil || s == nil {
		return err
	}
	a.cfg.Index = s.Server
	if err := a.cfg.Validate(); err != nil {
		return err
	}
	if a.folder.seat() != nil && !a.folder.seat().is(s) {
		return nil
	}
	return a.noteSeat(s)
}

// noteSeat lets the folder remember where the index is kept. Of several processes
// that begin in a new folder at once the first decides.
func (a *App) noteSeat(s *seat) error {
	if a.cfg.examining || a.folder == nil || reflect.DeepEqual(a.folder.seat(), s) {
		return nil
	}
	return a.folder.amend(func(m *marker) error {
		if m.Index != nil && !m.Index.is(s) && !a.cfg.MoveIndex {
			return fmt.Errorf("%w: another process keeps the index of %s in %s; start this one with the same --index", ErrFolder, a.folder.path, m.Index)
		}
		m.Index = s
		return nil
	})
}

// move lets the index be kept where the configuration says from now on. What lies
// there of an earlier time is deleted, since nobody erased from it, and so is what is
// left behind, where that can be reached. Nobody else may be at work.
func (a *App) move(ctx context.Context) error {
	to := seatOf(a.cfg.Index)
	if !a.cfg.MoveIndex || a.folder.seat() == nil || a.folder.seat().is(to) {
		return nil
	}
	var err error
	if !a.cfg.sole() {
		var who string
		if who, err = a.awake(ctx, append(a.cfg.homeRoles(), "index")); err == nil && who != "" {
			err = fmt.Errorf("%w: %s is at work with it; stop all processes of the instance first", ErrApart, who)
		}
	}
	left := a.engineAt(a.folder.seat().Server)
	for _, g := range a.book.Live() {
		if err == nil {
			err = a.engine.remove(ctx, g.Index)
		}
	}
	if err != nil {
		return fmt.Errorf("move the index to %s: %w", to, err)
	}
	a.log.Warn("the index moves; it is made anew from the streams", "from", a.folder.seat().String(), "to", to.String())
	for _, g := range a.book.Live() {
		if err := left.remove(ctx, g.Index); err != nil {
			a.log.Warn("the index that was left could not be deleted; delete it there, since nobody erases from it", "index", left.name(g.Index), "err", err)
		}
	}
	return a.noteSeat(to)
}

// leftBehind lists the index files that lie in the folder of an instance whose index is
// in Elasticsearch: of the time before the folder remembered that, or of a move that was
// cut off. Nobody erases from them.
func (a *App) leftBehind() ([]string, error) {
	if a.folder == nil || a.folder.seat() == nil || a.folder.seat().Engine == inFile {
		return nil, nil
	}
	return files{a.folder.path}.all()
}

// clearLeft deletes what leftBehind lists. It is derived: nothing is lost. It refuses
// where another process has moved the index since this one opened the folder, which may
// be long ago: the streams were waited for.
func (a *App) clearLeft() error {
	if a.folder == nil || a.cfg.examining {
		return nil
	}
	now, _, err := a.folder.read()
	if err != nil {
		return err
	}
	if mine := a.folder.seat(); mine != nil && now.Index != nil && !now.Index.is(mine) {
		return fmt.Errorf("%w: another process has moved the index of %s to %s meanwhile; start this one again", ErrFolder, a.folder.path, now.Index)
	}
	left, err := a.leftBehind()
	if err != nil {
		return err
	}
	for _, name := range left {
		a.log.Warn("an index file that nobody erases from was left here and is deleted: the index is elsewhere", "file", name, "index", a.folder.seat().String())
		if err := sqlite.Remove(name); err != nil {
			return fmt.Errorf("delete what is left of an index: %w", err)
		}
	}
	return nil
}

// amend changes where the folder says that the index is kept, in the file first; others
// may have it open too.
func (f *folder) amend(change func(*marker) error) error {
	lock, err := os.OpenFile(f.at("founding.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("note where the index is kept: %w", err)
	}
	defer func() { _ = lock.Close() }()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("note where the index is kept: %w", err)
	}
	now, b, err := f.read()
	if err == nil {
		err = change(&now)
	}
	if err == nil {
		b, err = json.MarshalIndent(now, "", "  ")
	}
	if err != nil {
		return fmt.Errorf("note where the index is kept: %w", err)
	}
	if err := writeDurably(f.at("vigil.json"), append(b, '\n')); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Index = now.Index
	return nil
}
