package crawl

import (
	"math/bits"
	"sync"
)

// known is the set of entries that were queued: 64 bits of each entry's id in
// open tables, 9.4 to 14.2 bytes an entry. With a million entries the chance
// that any two share those bits, so that one is taken for the other, is below
// one in thirty million; with a hundred million it is below one in three
// thousand.
type known struct {
	shards [64]shard
}

type shard struct {
	mu    sync.Mutex
	slots []uint64 // 0 is empty
	count int
}

const (
	firstSlots = 64
	fullAt     = .85
)

// has reports whether the set holds the fingerprint.
func (k *known) has(f uint64) bool {
	s, f := k.shard(f)
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.slots) > 0 && s.slots[find(s.slots, f)] == f
}

// add puts the fingerprint into the set.
func (k *known) add(f uint64) {
	s, f := k.shard(f)
	s.mu.Lock()
	defer s.mu.Unlock()
	if float64(s.count+1) > fullAt*float64(len(s.slots)) {
		s.grow()
	}
	if i := find(s.slots, f); s.slots[i] == 0 {
		s.slots[i] = f
		s.count++
	}
}

// len is the number of fingerprints in the set.
func (k *known) len() int {
	n := 0
	for i := range k.shards {
		s := &k.shards[i]
		s.mu.Lock()
		n += s.count
		s.mu.Unlock()
	}
	return n
}

func (k *known) shard(f uint64) (*shard, uint64) {
	if f == 0 { // marks an empty slot
		f = 1
	}
	return &k.shards[f%uint64(len(k.shards))], f
}

// find gives the slot where f is, or where it belongs. The high bits choose, so
// that the low ones may choose the shard.
func find(slots []uint64, f uint64) int {
	at, _ := bits.Mul64(f, uint64(len(slots)))
	for i := int(at); ; i++ {
		if i == len(slots) {
			i = 0
		}
		if slots[i] == f || slots[i] == 0 {
			return i
		}
	}
}

func (s *shard) grow() {
	wider := make([]uint64, max(firstSlots, len(s.slots)*3/2))
	for _, f := range s.slots {
		if f != 0 {
			wider[find(wider, f)] = f
		}
	}
	s.slots = wider
}
