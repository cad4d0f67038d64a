package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/stream"
)

// ErrApart says that roles were started that cannot work apart.
var ErrApart = errors.New("these roles cannot work apart")

// A home is where the index and the sealed files of an instance lie: SQLite and a
// folder serve the processes of one host only.
type home struct {
	Instance string `json:"instance"`
	Host     string `json:"host"`
	Folder   string `json:"folder"`
	Index    string `json:"index,omitempty"` // engine, or the nodes that keep it with commas between
}

const homeKey = "home"

// settleIn checks that this process's folder belongs to the streams, and that
// nobody keeps the index elsewhere.
func (a *App) settleIn(ctx context.Context) error {
	mine, err := a.here()
	if err != nil {
		return err
	}
	for {
		var theirs home
		e, err := a.bus.Value(ctx, stream.Progress, homeKey)
		switch {
		case errors.Is(err, ad.ErrNotFound):
		case err != nil:
			return fmt.Errorf("read where the index lies: %w", err)
		default:
			if theirs, err = decodeValue[home](e.Value); err != nil {
				return fmt.Errorf("read where the index lies: %w", err)
			}
		}
		switch {
		case theirs == mine:
			return a.move(ctx)
		case theirs.Instance != "" && theirs.Instance != mine.Instance:
			return fmt.Errorf("%w: the streams at %s belong to instance %s, the folder %s to instance %s; give the folder of that instance with --data, or other streams with --nats",
				ErrFolder, a.where(), theirs.Instance, a.folder.path, mine.Instance)
		case theirs.Host == mine.Host && theirs.Folder == mine.Folder: // it is the index that is elsewhere, as the folder says
		case theirs.Instance != "" && !a.cfg.sole():
			who, err := a.awake(ctx, a.cfg.homeRoles())
			if err != nil {
				return err
			}
			if who != "" {
				return fmt.Errorf("%w: the sealed files, and the index where it is SQLite, lie on host %s in %s, where %s is at work; roles %s must run there with --data %s. Stop that process first if they are to move here",
					ErrApart, theirs.Host, theirs.Folder, who, strings.Join(a.cfg.homeRoles(), ", "), theirs.Folder)
			}
		}
		if err := a.move(ctx); err != nil {
			return err
		}
		_, err = a.bus.Swap(ctx, stream.Progress, homeKey, encode(mine), e.Revision)
		if !errors.Is(err, ad.ErrConflict) {
			return err
		}
	}
}

// here is this process's home. A host is known by the id of its installation,
// since names of hosts may be equal.
func (a *App) here() (home, error) {
	path, err := filepath.Abs(a.folder.path)
	if err != nil {
		return home{}, fmt.Errorf("open data folder: %w", err)
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	host, err := os.Hostname()
	if err != nil {
		return home{}, fmt.Errorf("name this host: %w", err)
	}
	if id, err := os.ReadFile("/etc/machine-id"); err == nil && len(id) >= 8 {
		host += "/" + strings.TrimSpace(string(id))[:8]
	}
	index := inFile
	if urls := a.cfg.Index.URLs; len(urls) > 0 {
		index = strings.Join(urls, ",")
	}
	return home{Instance: a.folder.Instance, Host: host, Folder: path, Index: index}, nil
}

func (a *App) where() string {
	if a.cfg.Streams.URL != "" {
		return a.cfg.Streams.URL
	}
	return a.folder.at("streams")
}

// awake names a process that holds a lease of one of some roles, and renews it: ""
// when there is none.
func (a *App) awake(ctx context.Context, roles []string) (string, error) {
	before, err := a.leasesOf(ctx, roles)
	if err != nil || len(before) == 0 {
		return "", err
	}
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case <-time.After(before[0].TTL * 2 / 3): // it is renewed more often than that
	}
	after, err := a.leasesOf(ctx, roles)
	for _, x := range after {
		for _, y := range before {
			if x.Name == y.Name && !x.Renewed.Equal(y.Renewed) {
				return x.Owner, nil
			}
		}
	}
	return "", err
}

func (a *App) leasesOf(ctx context.Context, roles []string) ([]stream.LeaseInfo, error) {
	all, err := a.bus.Leases(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(l stream.LeaseInfo) bool {
		role, _, _ := strings.Cut(l.Name, "-")
		return !slices.Contains(roles, role)
	}), nil
}
