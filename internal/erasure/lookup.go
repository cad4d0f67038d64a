package erasure

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"maps"
	"slices"
)

// Changed returns a channel that is closed when anything changes after the call:
// take it before reading the state, and no change is missed.
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

// AdIDs returns every ad that Covers reports, in order.
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

// Any reports whether there is an ad that Covers reports.
func (l *Ledger) Any() bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return len(l.covered) > 0
}

// Covers reports whether an ad was erased by an order that names it or its
// number: listings of it are not to be stored again. Ads that were erased for
// their age are not covered.
func (l *Ledger) Covers(adID string) bool {
	var k id16
	if len(adID) != 2*len(k) {
		return false
	}
	if _, err := hex.Decode(k[:], []byte(adID)); err != nil {
		return false
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	return has(l.covered, k)
}

// Bars reports whether a frontier entry was erased by an order that is not by
// age: its page is not to be fetched again.
func (l *Ledger) Bars(fingerprint uint64) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return has(l.barred, fingerprint)
}

// Fingerprints returns every frontier entry that Bars reports, in order.
func (l *Ledger) Fingerprints() []uint64 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return slices.Sorted(maps.Keys(l.barred))
}

// Digest returns what the ledger keeps of a number in E.164. It needs the key.
func (l *Ledger) Digest(value string) string {
	sum := l.sum("erasure number", value)
	return hex.EncodeToString(sum[:])
}

// Matches reports whether an order asked for everything about a number in E.164
// to be erased. It takes the same time however many orders there are. It needs
// the key.
func (l *Ledger) Matches(value string) bool {
	l.mu.RLock()
	none := len(l.numbers) == 0
	l.mu.RUnlock()
	if none && l.key != nil {
		return false
	}
	sum := l.sum("erasure number", value)
	l.mu.RLock()
	defer l.mu.RUnlock()
	return has(l.numbers, sum)
}

// sum is a digest that only this instance can make; what says of which kind s is.
// Without the key it panics: an answer would be wrong, and stay unnoticed.
func (l *Ledger) sum(what, s string) (sum [sha256.Size]byte) {
	if l.key == nil {
		panic(ErrNoKey)
	}
	h := l.macs.Get().(hash.Hash)
	defer l.macs.Put(h)
	h.Reset()
	h.Write([]byte(what + "\x00" + s))
	h.Sum(sum[:0])
	return sum
}

// Counts returns how much was deleted by all orders that are done here, by stream
// and prefix of subject: what has to be added to what the streams hold to come to
// what they were given.
func (l *Ledger) Counts() map[string]uint64 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return maps.Clone(l.counts)
}
