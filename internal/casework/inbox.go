package casework

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
)

// marksPerEvent bounds one event of read marks.
const marksPerEvent = 5000

// An alertKey is an alert id in its 16 bytes: marks are kept for every alert a
// user ever read.
type alertKey [16]byte

func keyOf(id string) (alertKey, bool) {
	var k alertKey
	if len(id) != 2*len(k) {
		return k, false
	}
	_, err := hex.Decode(k[:], []byte(id))
	return k, err == nil
}

// Mark stores that a user has read alerts, or wants them back as unread. Alerts
// that are so marked already are left alone.
func (d *Docket) Mark(ctx context.Context, user string, alerts []string, read bool) error {
	if !token(user) {
		return fmt.Errorf("mark alerts: user id %w", ErrInvalid)
	}
	for _, id := range alerts {
		if _, ok := keyOf(id); !ok {
			return fmt.Errorf("mark alerts: alert id %w", ErrInvalid)
		}
	}
	kind := kindRead
	if !read {
		kind = kindUnread
	}
	d.writing.Lock()
	defer d.writing.Unlock()
	for chunk := range slices.Chunk(alerts, marksPerEvent) {
		err := d.decide(ctx, func() (string, event, error) {
			change := slices.DeleteFunc(slices.Clone(chunk), func(id string) bool { return d.IsRead(user, id) == read })
			if len(change) == 0 {
				return "", event{}, nil
			}
			return subjectInbox + user, event{Kind: kind, By: user, Alerts: change}, nil
		})
		if err != nil {
			return fmt.Errorf("mark alerts: %w", err)
		}
	}
	return nil
}

// IsRead reports whether the user has read the alert.
func (d *Docket) IsRead(user, alert string) bool {
	k, ok := keyOf(alert)
	d.mu.RLock()
	defer d.mu.RUnlock()
	_, read := d.read[user][k]
	return ok && read
}

func (d *Docket) applyMarks(user string, e event) error {
	if e.Kind != kindRead && e.Kind != kindUnread {
		return fmt.Errorf("inbox: unknown event %q", e.Kind)
	}
	keys := make([]alertKey, len(e.Alerts))
	for i, id := range e.Alerts {
		var ok bool
		if keys[i], ok = keyOf(id); !ok {
			return fmt.Errorf("inbox: alert id %w", ErrInvalid)
		}
	}
	if d.read[user] == nil {
		d.read[user] = make(map[alertKey]struct{})
	}
	for _, k := range keys {
		if e.Kind == kindRead {
			d.read[user][k] = struct{}{}
		} else {
			delete(d.read[user], k)
		}
	}
	return nil
}
