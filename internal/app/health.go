package app

import (
	"maps"
	"slices"
	"sync"
	"time"
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
