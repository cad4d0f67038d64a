package erasure

import (
	"encoding/hex"
	"slices"
)

// Changed returns a channel that is closed when anything changes after the call.
func (l *Ledger) Changed() <-chan struct{} {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.changed
}

// Rounds counts the orders that are done: whoever holds state made of what was
// there makes it anew when the number rises.
func (l *Ledger) Rounds() (n int) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for _, o := range l.orders {
		if o.State == Done {
			n++
		}
	}
	return n
}

// AdIDs returns the ads that orders by ad or number covered, sorted.
func (l *Ledger) AdIDs() []string {
	l.mu.RLock()
	defer l.mu.RUnlock()
	out := make([]string, 0, len(l.covered))
	for k := range l.covered {
		out = append(out, hex.EncodeToString(k[:]))
	}
	slices.Sort(out)
	return out
}
