package app

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
)

// This file writes the linker's state anew while it is in use, once more than half of
// the file is outdated. The new file is written beside the old one and takes its name;
// the old one, which may give what people will want erased, keeps another name until it
// is overwritten. So at every moment the name of the state is that of a whole one.

const (
	formerState = ".old"
	unnamedNew  = ".new"
)

// renewState writes the state anew where that is due, all of it being stored. When that
// fails the file that is there is gone on with. The caller holds l.mu or is alone.
func (l *linker) renewState() {
	s := l.state
	if s == nil || s.size < max(leastRenewed, 2*s.tried) || !s.outdated(l.l) {
		return
	}
	if l.erasing() {
		return
	}
	next, err := l.a.folder.replaceState(s, l)
	if err != nil {
		s.tried = s.size
		l.a.log.Warn("the state of linking on disk is not written anew; it will be tried again when it has doubled", "err", err)
		return
	}
	_ = s.f.Close()
	l.state = next
	err = l.a.folder.wipeFormer(l.gen)
	if l.erasing() { // it may have come behind who wiped
		l.closeState()
		l.l.Lose()
		err = errors.Join(err, l.a.folder.wipeLinkState(l.a.folder.linkState(l.gen)))
	}
	if err != nil {
		l.a.log.Warn("wiping an old state of linking; the next start does it", "err", err)
	}
}

// erasing reports whether ads are being erased, or were, that the linker may have.
func (l *linker) erasing() bool {
	return l.a.erased.Rounds() != l.at.Round || len(l.a.erased.Pending()) > 0
}

// replaceState puts the whole state of a linker in the place of the file that it has
// open, which keeps a name to be wiped by.
func (f *folder) replaceState(s *linkState, l *linker) (*linkState, error) {
	name := f.linkState(l.gen)
	mine, err := s.f.Stat()
	if err != nil {
		return nil, err
	}
	if is, err := os.Stat(name); err != nil || !os.SameFile(is, mine) {
		return nil, errors.Join(errors.New("another process has put its own in its place"), err)
	}
	former := name + "." + strconv.FormatUint(rand.Uint64(), 36) + formerState
	if err := os.Link(name, former); err != nil {
		return nil, fmt.Errorf("name the old state: %w", err)
	}
	next, err := newState(name, l.head, l.l, l.where())
	if err != nil {
		return nil, errors.Join(err, f.wipeBeside(name, filepath.Base(former)))
	}
	return next, nil
}

// wipeFormer overwrites and removes what renewing the state of a generation left behind,
// also when it was cut off. It is for who holds the lease of linking.
func (f *folder) wipeFormer(gen int) error {
	name := f.linkState(gen)
	var names []string
	for _, end := range []string{formerState, unnamedNew} {
		some, err := f.like(filepath.Base(name) + ".*" + end + "*")
		if err != nil {
			return err
		}
		names = append(names, some...)
	}
	for _, x := range names {
		if err := f.wipeBeside(name, x); err != nil {
			return err
		}
	}
	return nil
}

// wipeBeside overwrites and removes a file of the folder. Where it is a state under a
// second name, since the new one did not come to have the first, it loses that name alone.
func (f *folder) wipeBeside(state, x string) error {
	is, err := os.Stat(state)
	if old, failed := os.Stat(f.at(x)); failed == nil && err == nil && os.SameFile(is, old) {
		return os.Remove(f.at(x))
	}
	return f.wipeLike(x)
}
