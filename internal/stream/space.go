package stream

import (
	"fmt"
	"sync"
	"syscall"
	"time"
)

// space watches the room left on the disk of the embedded server, so that a
// publish is refused before the server meets a full disk. What it does then
// (measured, 2.15.2) is to take nothing more into that stream until it is started
// again, whatever room there is; and it may have stored half of an atomic batch.
type space struct {
	dir     string
	reserve uint64

	mu   sync.Mutex
	at   time.Time // when the disk was last asked
	free uint64    // then, less what was let through since
	err  error
}

// askEvery bounds how often the disk is asked.
const askEvery = 100 * time.Millisecond

func newSpace(dir string, reserve uint64) *space { return &space{dir: dir, reserve: reserve} }

// look returns the free space. The lock is held.
func (s *space) look() (uint64, error) {
	if now := time.Now(); now.Sub(s.at) >= askEvery {
		var fs syscall.Statfs_t
		s.err = syscall.Statfs(s.dir, &fs)
		s.free, s.at = fs.Bavail*uint64(fs.Bsize), now
	}
	return s.free, s.err
}

// room returns ErrFull when storing size bytes would touch the reserve. A batch
// is on the disk twice for a moment, staged and stored.
func (s *space) room(size int) error {
	if s == nil || s.reserve == 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	free, err := s.look()
	if err != nil {
		return fmt.Errorf("ask for the free space of %s: %w", s.dir, err)
	}
	need := 2 * uint64(size)
	if free < s.reserve+need {
		return fmt.Errorf("%w: %d MiB are free at %s and %d MiB are kept in reserve; make room there and it goes on by itself", ErrFull, free>>20, s.dir, s.reserve>>20)
	}
	s.free -= need
	return nil
}

const (
	watchEvery = 200 * time.Millisecond
	starved    = 16 << 20 // with less, what is not refused beforehand may have met a full disk
)

// watchSpace starts the embedded server again once there is room on a disk that
// others had filled beyond the reserve: positions and leases, which are not
// refused beforehand, may have met the end of it, and a stream that has takes
// nothing more.
func (b *Bus) watchSpace() {
	if b.space.reserve == 0 {
		return
	}
	done, ended := make(chan struct{}), make(chan struct{})
	b.unwatch = func() { close(done); <-ended }
	go func() {
		defer close(ended)
		t := time.NewTicker(watchEvery)
		defer t.Stop()
		short := false
		for {
			select {
			case <-done:
				return
			case <-t.C:
			}
			free, reserve := b.Free()
			short = short || free < min(starved, reserve)
			if short && free >= reserve {
				short = b.srv.restart() != nil // tried again
			}
		}
	}()
}

// Free returns how many bytes the disk of the embedded server has left and how
// many of them are its reserve; zeros with an external server, whose disk cannot
// be seen from here.
func (b *Bus) Free() (free, reserve uint64) {
	if b.space == nil {
		return 0, 0
	}
	b.space.mu.Lock()
	defer b.space.mu.Unlock()
	free, err := b.space.look()
	if err != nil {
		return 0, b.space.reserve
	}
	return free, b.space.reserve
}
