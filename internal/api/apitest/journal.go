package apitest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"vigil.example/internal/ad"
)

// A Journal is a journal of access, audit and casework in memory.
type Journal struct {
	mu     sync.Mutex
	events []event // sequence i+1
	last   map[string]uint64
	broken bool
}

type event struct {
	subject string
	data    []byte
}

// Break makes the journal take no more events, or take them again.
func (j *Journal) Break(on bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.broken = on
}

// Spoil changes a byte of the first event.
func (j *Journal) Spoil() {
	j.mu.Lock()
	defer j.mu.Unlock()
	b := bytes.Clone(j.events[0].data)
	b[len(b)/2] ^= 1
	j.events[0].data = b
}

// Text is everything that was written.
func (j *Journal) Text() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var b bytes.Buffer
	for _, e := range j.events {
		b.Write(append(e.data, '\n'))
	}
	return b.String()
}

// Append stores an event.
func (j *Journal) Append(_ context.Context, subject, _ string, data []byte, expect uint64) (uint64, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case j.broken:
		return 0, errors.New("the journal takes nothing")
	case j.last[subject] != expect:
		return 0, fmt.Errorf("append: %w", ad.ErrConflict)
	}
	if j.last == nil {
		j.last = map[string]uint64{}
	}
	j.events = append(j.events, event{subject, bytes.Clone(data)})
	j.last[subject] = uint64(len(j.events))
	return j.last[subject], nil
}

// Replay gives back every event from a sequence on.
func (j *Journal) Replay(_ context.Context, from uint64, f func(seq uint64, subject string, data []byte) error) (uint64, error) {
	j.mu.Lock()
	events := slices.Clip(j.events)
	j.mu.Unlock()
	for i, e := range events {
		if seq := uint64(i) + 1; seq >= from {
			if err := f(seq, e.subject, bytes.Clone(e.data)); err != nil {
				return seq, err
			}
		}
	}
	return uint64(len(events)), nil
}

// Last gives back the newest event under a subject.
func (j *Journal) Last(_ context.Context, subject string) (uint64, []byte, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	seq := j.last[subject]
	if seq == 0 {
		return 0, nil, fmt.Errorf("last of %s: %w", subject, ad.ErrNotFound)
	}
	return seq, bytes.Clone(j.events[seq-1].data), nil
}
