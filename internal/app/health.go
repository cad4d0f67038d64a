package app

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"vigil.example/internal/stream"
)

// The states of a part of a role.
const (
	stateRunning = "running"
	stateStandby = "standby" // another process holds the lease
	stateFailing = "failing" // is begun again and again
)

// A PartHealth says how a part of a role is.
type PartHealth struct {
	Part  string    `json:"part"`
	State string    `json:"state"`
	Since time.Time `json:"since"`
	Error string    `json:"error,omitempty"`
	err   error
}

// health is the state of every part that this process runs.
type health struct {
	mu    sync.Mutex
	parts map[string]PartHealth
}

func (h *health) set(part, state string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.parts == nil {
		h.parts = map[string]PartHealth{}
	}
	p, ok := h.parts[part]
	if !ok || p.State != state {
		p = PartHealth{Part: part, State: state, Since: time.Now().UTC()}
	}
	p.err, p.Error = err, ""
	if err != nil {
		p.Error = err.Error()
	}
	h.parts[part] = p
}

// drop forgets a part that runs no more.
func (h *health) drop(part string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.parts, part)
}

// all are the parts by name.
func (h *health) all() []PartHealth {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := slices.Collect(maps.Values(h.parts))
	slices.SortFunc(out, func(a, b PartHealth) int {
		switch {
		case a.Part < b.Part:
			return -1
		case a.Part > b.Part:
			return 1
		}
		return 0
	})
	return out
}

// watchDisk says when the disk of the streams is full, and when it is not any
// more: meanwhile nothing is stored, and every role waits for room.
func (a *App) watchDisk(ctx context.Context) error {
	t := time.NewTicker(tendEvery)
	defer t.Stop()
	full := false
	for {
		free, reserve := a.bus.Free()
		was := full
		if full = free < reserve; full {
			err := fmt.Errorf("%w: %d MiB are free under %s and %d MiB are kept in reserve; make room there and it goes on by itself",
				stream.ErrFull, free>>20, a.cfg.Data, reserve>>20)
			a.health.set("disk", stateFailing, err)
			if !was {
				a.log.Error("nothing is stored for now", "err", err)
			}
		} else if was {
			a.health.drop("disk")
			a.log.Warn("there is room on the disk again")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}
