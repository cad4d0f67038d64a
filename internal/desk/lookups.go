package desk

import (
	"fmt"
	"sync"
	"time"

	"vigil.example/internal/ad"
)

// Bounds of the lookups that are kept in memory.
const (
	keptLookups = 5 // of one user
	keptLookup  = 2 * time.Hour
)

// lookups are what people have looked up, for as long as they work with it. They
// hold numbers, and are gone with the process.
type lookups struct {
	mu   sync.Mutex
	mine map[string][]*Lookup // by user, oldest first
}

func (k *lookups) put(user string, l *Lookup, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.expire(now)
	if k.mine == nil {
		k.mine = map[string][]*Lookup{}
	}
	all := append(k.mine[user], l)
	k.mine[user] = all[max(0, len(all)-keptLookups):]
}

func (k *lookups) get(user, id string, now time.Time) (*Lookup, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.expire(now)
	for _, l := range k.mine[user] {
		if l.ID == id {
			return l, nil
		}
	}
	return nil, fmt.Errorf("lookup: %w", ad.ErrNotFound)
}

// expire drops what is too old. The caller holds k.mu.
func (k *lookups) expire(now time.Time) {
	for user, all := range k.mine {
		for len(all) > 0 && now.Sub(all[0].At) > keptLookup {
			all = all[1:]
		}
		if k.mine[user] = all; len(all) == 0 {
			delete(k.mine, user)
		}
	}
}

func (k *lookups) clear() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.mine = nil
}
