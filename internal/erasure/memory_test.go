package erasure

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"

	"vigil.example/internal/ad"
)

// errOutage is what a memory journal answers while it is out of order.
var errOutage = errors.New("journal is out of order")

// A stored event of a memory journal.
type stored struct {
	subject string
	data    []byte
}

// A memory is a Journal without a disk. lose, when set, makes Append store the
// event and then say that it could not.
type memory struct {
	lose func() bool

	mu     sync.Mutex
	events []stored // sequence i+1
	ids    map[string]bool
	out    bool
}

func (m *memory) Append(_ context.Context, subject, id string, data []byte, expect uint64) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.out {
		return 0, errOutage
	}
	var last uint64
	for i, e := range m.events {
		if e.subject == subject {
			last = uint64(i) + 1
		}
	}
	if last != expect || m.ids[id] {
		return 0, fmt.Errorf("append to %s: %w", subject, ad.ErrConflict)
	}
	if m.ids == nil {
		m.ids = make(map[string]bool)
	}
	m.ids[id] = true
	m.events = append(m.events, stored{subject, bytes.Clone(data)})
	if m.lose != nil && m.lose() {
		return 0, errOutage
	}
	return uint64(len(m.events)), nil
}

func (m *memory) Replay(_ context.Context, from uint64, f func(uint64, string, []byte) error) (uint64, error) {
	m.mu.Lock()
	events, out := m.events, m.out
	m.mu.Unlock()
	if out {
		return 0, errOutage
	}
	for i, e := range events {
		if seq := uint64(i) + 1; seq >= from {
			if err := f(seq, e.subject, bytes.Clone(e.data)); err != nil {
				return seq, err
			}
		}
	}
	return uint64(len(events)), nil
}

func (m *memory) outage(on bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.out = on
}
