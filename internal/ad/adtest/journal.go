// Package adtest has stand-ins that tests of several rooms share: a journal of events
// without a disk, that can be out of order, be late, and forget to answer.
package adtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"vigil.example/internal/ad"
)

// ErrOutage is what a journal answers while it is out of order.
var ErrOutage = errors.New("journal is out of order")

// An Event is one event of a journal.
type Event struct {
	Subject string
	Data    []byte
}

// A Journal keeps what the rooms of decisions, access, audit, erasures and
// generations write, in memory. Its zero value is empty and ready. Hold its lock to
// look into it while others write.
type Journal struct {
	sync.Mutex
	Before func()      // runs ahead of every Append and AppendAll, outside the lock
	Lose   func() bool // makes them store what they are given and then say that they could not
	Events []Event     // of sequence i+1; without a subject once erased

	ids map[string]bool
	out bool
}

// Append stores an event if the newest of its subject has the sequence expect and
// its id is new; otherwise ad.ErrConflict.
func (j *Journal) Append(_ context.Context, subject, id string, data []byte, expect uint64) (uint64, error) {
	return j.append(ad.Event{Subject: subject, ID: id, Data: data, Expect: expect})
}

// AppendAll stores events of different subjects when Append would store each of them,
// or none.
func (j *Journal) AppendAll(_ context.Context, events []ad.Event) (uint64, error) {
	return j.append(events...)
}

func (j *Journal) append(events ...ad.Event) (uint64, error) {
	if j.Before != nil {
		j.Before()
	}
	j.Lock()
	defer j.Unlock()
	if j.out {
		return 0, ErrOutage
	}
	twice := make(map[string]bool)
	for _, e := range events {
		if last, _ := j.last(e.Subject); last != e.Expect || j.ids[e.ID] || twice[e.Subject] {
			return 0, fmt.Errorf("append to %s: %w", e.Subject, ad.ErrConflict)
		}
		twice[e.Subject] = true
	}
	if j.ids == nil {
		j.ids = make(map[string]bool)
	}
	for _, e := range events {
		j.ids[e.ID] = true
		j.Events = append(j.Events, Event{e.Subject, bytes.Clone(e.Data)})
	}
	if j.Lose != nil && j.Lose() {
		return 0, ErrOutage
	}
	return uint64(len(j.Events)), nil
}

func (j *Journal) last(subject string) (uint64, []byte) {
	for i, e := range slices.Backward(j.Events) {
		if e.Subject == subject {
			return uint64(i) + 1, e.Data
		}
	}
	return 0, nil
}

// Replay calls f with the events from a sequence on that were there when it was
// called.
func (j *Journal) Replay(_ context.Context, from uint64, f func(uint64, string, []byte) error) (uint64, error) {
	j.Lock()
	events, out := j.Events, j.out
	j.Unlock()
	if out {
		return 0, ErrOutage
	}
	for i, e := range events {
		if seq := uint64(i) + 1; seq >= from && e.Subject != "" {
			if err := f(seq, e.Subject, bytes.Clone(e.Data)); err != nil {
				return seq, err
			}
		}
	}
	return uint64(len(events)), nil
}

// Last returns the newest event of a subject, or ad.ErrNotFound.
func (j *Journal) Last(_ context.Context, subject string) (uint64, []byte, error) {
	j.Lock()
	defer j.Unlock()
	if j.out {
		return 0, nil, ErrOutage
	}
	seq, data := j.last(subject)
	if seq == 0 {
		return 0, nil, fmt.Errorf("last of %s: %w", subject, ad.ErrNotFound)
	}
	return seq, bytes.Clone(data), nil
}

// Erase deletes events, as an eraser does.
func (j *Journal) Erase(seqs []uint64) {
	j.Lock()
	defer j.Unlock()
	j.Events = slices.Clone(j.Events) // a replay under way has read them
	for _, seq := range seqs {
		j.Events[seq-1] = Event{}
	}
}

// Outage puts the journal out of order, or in order again.
func (j *Journal) Outage(on bool) {
	j.Lock()
	defer j.Unlock()
	j.out = on
}

// Text is everything that stands in it, a line an event.
func (j *Journal) Text() string {
	j.Lock()
	defer j.Unlock()
	var b bytes.Buffer
	for _, e := range j.Events {
		b.Write(append(bytes.Clone(e.Data), '\n'))
	}
	return b.String()
}
