package stream

import (
	"fmt"
	"sync"
	"syscall"
	"time"
)

// space watches the room left on the disk of the embedded server, so that a
// publish is refused before the server meets a full disk.
type space struct {
	dir     string
	reserve uint64

	mu   sync.Mutex
	at   time.Time // when the disk was last asked
	free uint64
	err  error
}

// askEvery bounds how often the disk is asked.
const askEvery = 100 * time.Millisecond

func newSpace(dir string, reserve uint64) *space { return &space{dir: dir, reserve: reserve} }

func (s *space) look() (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := time.Now(); now.Sub(s.at) >= askEvery {
		var fs syscall.Statfs_t
		s.err = syscall.Statfs(s.dir, &fs)
		s.free, s.at = fs.Bavail*uint64(fs.Bsize), now
	}
	return s.free, s.err
}

// room returns ErrFull when storing size bytes would touch the reserve.
func (s *space) room(size int) error {
	if s == nil || s.reserve == 0 {
		return nil
	}
	free, err := s.look()
	if err != nil {
		return fmt.Errorf("ask for the free space of %s: %w", s.dir, err)
	}
	if free < s.reserve+uint64(size) {
		return fmt.Errorf("%w: %d MiB are free at %s and %d MiB are kept in reserve; make room there", ErrFull, free>>20, s.dir, s.reserve>>20)
	}
	return nil
}

// Free returns how many bytes the disk of the embedded server has left and how
// many of them are its reserve; zeros with an external server, whose disk cannot
// be seen from here.
func (b *Bus) Free() (free, reserve uint64) {
	if b.space == nil {
		return 0, 0
	}
	free, err := b.space.look()
	if err != nil {
		return 0, b.space.reserve
	}
	return free, b.space.reserve
}
