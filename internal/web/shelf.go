package web

import (
	"slices"
	"sync"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/packet"
)

// Bounds of what is kept in memory for one user or session.
const (
	keptSearches = 200
	keptPackets  = 10
	keptFor      = 12 * time.Hour // as long as a session can last
)

// A shelf keeps in memory what must not stand in an address: what people searched
// for, under made-up names, and what a page has to say about the last action. It
// is lost when the program ends.
type shelf struct {
	now      func() time.Time
	mu       sync.Mutex
	searches map[string]map[string]*asked // by user, by id
	sessions map[string]*table            // by the session's name for logs
}

// asked is one search of one user.
type asked struct {
	id   string
	text string
	at   time.Time
	bad  bool // it cannot be read, so it is no use to come back to
}

// A table is what lies ready for one session.
type table struct {
	at      time.Time
	note    *note
	packets []made
}

// A note tells on the next page what the last action did.
type note struct {
	Kind  string // watching, ended, purpose, password, not-a-value, read, corrected, withdrawn
	Value ad.Value
	Text  string
	ID    string // of a correction, a saved search or a list, to take it back
	Ad    string // that it is of
}

// made is a packet that was made in this session.
type made struct {
	Cluster string
	At      time.Time
	packet.Summary
}

func newShelf(now func() time.Time) *shelf {
	return &shelf{now: now, searches: make(map[string]map[string]*asked), sessions: make(map[string]*table)}
}

// putSearch keeps a search and returns its id: the one it has when the user asked
// the same before.
func (s *shelf) putSearch(user, text string) string {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	mine := s.searches[user]
	if mine == nil {
		mine = make(map[string]*asked)
		s.searches[user] = mine
	}
	var oldest *asked
	for id, a := range mine {
		switch {
		case now.Sub(a.at) >= keptFor:
			delete(mine, id)
		case a.text == text:
			a.at = now
			return id
		case oldest == nil || a.at.Before(oldest.at):
			oldest = a
		}
	}
	if len(mine) >= keptSearches {
		delete(mine, oldest.id)
	}
	a := &asked{id: letters(22), text: text, at: now}
	mine[a.id] = a
	return a.id
}

// findSearch returns what a user searched for under an id.
func (s *shelf) findSearch(user, id string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.searches[user][id]
	if !ok || s.now().Sub(a.at) >= keptFor {
		return "", false
	}
	return a.text, true
}

// forget leaves a search out of the recent ones.
func (s *shelf) forget(user, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a, ok := s.searches[user][id]; ok {
		a.bad = true
	}
}

// A Recent is a search that a user made not long ago.
type Recent struct{ ID, Text string }

// recent lists the newest searches of a user.
func (s *shelf) recent(user string, n int) []Recent {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []asked
	for _, a := range s.searches[user] {
		if s.now().Sub(a.at) < keptFor && !a.bad {
			all = append(all, *a)
		}
	}
	slices.SortFunc(all, func(a, b asked) int { return b.at.Compare(a.at) })
	var out []Recent
	for _, a := range all[:min(n, len(all))] {
		out = append(out, Recent{a.id, a.text})
	}
	return out
}

// tableOf returns the table of a session, laid when missing. The caller holds s.mu.
func (s *shelf) tableOf(session string) *table {
	t := s.sessions[session]
	if t == nil {
		for k, old := range s.sessions {
			if s.now().Sub(old.at) >= keptFor {
				delete(s.sessions, k)
			}
		}
		t = &table{}
		s.sessions[session] = t
	}
	t.at = s.now()
	return t
}

func (s *shelf) putNote(session string, n note) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tableOf(session).note = &n
}

// takeNote returns the note of a session once.
func (s *shelf) takeNote(session string) *note {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.sessions[session]
	if t == nil {
		return nil
	}
	n := t.note
	t.note = nil
	return n
}

func (s *shelf) putPacket(session string, m made) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tableOf(session)
	t.packets = append(t.packets, m)
	if len(t.packets) > keptPackets {
		t.packets = slices.Delete(t.packets, 0, 1)
	}
}

// packets lists the packets of a cluster that were made in a session, newest first.
func (s *shelf) packets(session, cluster string) []made {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.sessions[session]
	if t == nil {
		return nil
	}
	var out []made
	for _, m := range slices.Backward(t.packets) {
		if m.Cluster == cluster {
			out = append(out, m)
		}
	}
	return out
}
