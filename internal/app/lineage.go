package app

import (
	"context"
	"errors"
	"slices"
	"sync"

	"vigil.example/internal/ad"
	"vigil.example/internal/stream"
)

// lineage is what became of clusters, as far as somebody asked for it.
type lineage struct {
	mu     sync.Mutex
	stream string
	at     uint64
	of     map[string][]ad.Descent
}

// Lineage returns what ads went into a cluster and out of it, oldest first.
func (a *App) Lineage(ctx context.Context, cluster string) ([]ad.Descent, error) {
	l := &a.lineage
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := serves(a.book.Serving(), stream.Links); now != l.stream || l.of == nil {
		l.stream, l.at, l.of = now, 0, map[string][]ad.Descent{}
	}
	last, err := a.bus.Replay(ctx, l.stream, l.at+1, []string{lineageSubject}, func(m ad.Message) error {
		c, err := decode[ad.LinkChange](m)
		if err != nil {
			return nil // the index's follower makes a dead letter of it
		}
		for _, d := range c.Lineage {
			l.of[d.From] = append(l.of[d.From], d)
			l.of[d.Into] = append(l.of[d.Into], d)
		}
		l.at = m.Seq
		return nil
	})
	if errors.Is(err, ad.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	l.at = max(l.at, last)
	return slices.Clone(l.of[cluster]), nil
}
