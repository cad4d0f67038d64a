package elastic

import (
	"slices"
	"sync"

	"vigil.example/internal/search"
)

// rememberedAds is how many ads are remembered, and rememberedSightings of how many
// sightings at most: what is seen more often is asked for.
const (
	rememberedAds       = 8192
	rememberedSightings = 64
)

// A memory holds the states of ads that a writer has written or read last: what
// comes next is mostly about them, or about ads that nobody has seen. It may be out
// of date. That does no harm, because a state is only written over the very one that
// it was made from, and one that the changes leave as it is remembered is read.
type memory struct {
	mu    sync.Mutex
	byID  map[string]remembered
	order [rememberedAds]string
	next  int
	news  bool // ads that are not remembered have mostly been new
}

type remembered struct {
	state       adState
	seqNo, term int64
}

// recall gives an ad as it is remembered. With supposed, one that is not may be
// taken to be new.
func (m *memory) recall(id string, supposed bool) *adChange {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r, ok := m.byID[id]; ok {
		s := r.state // the slices are changed in place
		s.Seen, s.Gone, s.Readings = slices.Clone(s.Seen), slices.Clone(s.Gone), slices.Clone(s.Readings)
		return &adChange{id: id, state: s, said: map[string]said{}, unread: true, seqNo: r.seqNo, term: r.term, written: r.seqNo}
	}
	if supposed && m.news {
		return &adChange{id: id, said: map[string]said{}, unread: true, fresh: true}
	}
	return nil
}

// learn learns from ads of which versions came and which were not remembered how likely
// one is new. It is not asked of what is read again because it was lost.
func (m *memory) learn(versions map[string]bool, b, lost *batch) {
	m.mu.Lock()
	defer m.mu.Unlock()
	fresh, all := 0, 0
	for id := range versions {
		if c := b.ads[id]; c.fresh || !c.unread {
			if all++; c.fresh && lost.ads[id] == nil {
				fresh++
			}
		}
	}
	if all > 0 {
		m.news = fresh*10 >= all*9
	}
}

// note remembers a batch but what is lost, which it forgets.
func (m *memory) note(b, lost *batch) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.byID == nil {
		m.byID = make(map[string]remembered, rememberedAds)
	}
	for id, c := range b.ads {
		if lost.ads[id] != nil || len(c.state.Seen) > rememberedSightings || c.fresh && !c.moved {
			delete(m.byID, id)
			continue
		}
		if _, ok := m.byID[id]; !ok {
			delete(m.byID, m.order[m.next])
			m.order[m.next] = id
			m.next = (m.next + 1) % rememberedAds
		}
		m.byID[id] = remembered{c.state, c.written, c.term}
	}
}

// forget forgets a batch of which nobody knows how much was written: it is read.
func (m *memory) forget(b *batch) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id := range b.ads {
		delete(m.byID, id)
	}
	m.news = false
}

// clear forgets everything.
func (m *memory) clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.byID, m.order, m.next = nil, [rememberedAds]string{}, 0
}

// seen are the ads of which the changes hold a version.
func seen(changes []search.Change) map[string]bool {
	out := make(map[string]bool, len(changes))
	for _, c := range changes {
		if c.Version != nil {
			out[c.Version.AdID] = true
		}
	}
	return out
}
