package app

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"vigil.example/internal/ad"
	"vigil.example/internal/capture"
	"vigil.example/internal/link"
	"vigil.example/internal/link/weigh"
)

// This file keeps the linker's state on disk, so that a start reads from the streams
// only what came after it. The state is derived: whatever is wrong with the file, it is
// made anew from the streams.
//
// A file is a head and transactions behind it, each with its length and a checksum that
// goes on from the one before. A transaction says what has changed and up to where the
// streams were read with it; it is written when all that follows from it is stored. So
// every beginning of the file that ends between two transactions is a state that the
// linker was in, and one that is older only means reading more. That is why a file
// that was cut off, or that a paused process wrote to last, can do no harm.
//
// Who has it locked writes it. Who finds it locked by another, which has lost its
// lease and does not know it yet, reads it and puts a file of its own in its place.

// stateFormat is the layout of the file.
const stateFormat = 1

// A linkHead says what a state belongs to: it is of use only where all of it is the same.
type linkHead struct {
	Format     int     `json:"format"`
	Instance   string  `json:"instance"`
	Restored   string  `json:"restored,omitempty"`
	Ads        string  `json:"ads"`     // streams
	Links      string  `json:"links"`   //
	Rules      string  `json:"rules"`   // of linking
	Reading    string  `json:"reading"` // how ads are read into words
	Confidence float64 `json:"confidence"`
	Round      int     `json:"round"`   // erasures that the ads were free of
	Retried    uint64  `json:"retried"` // the last dead letter whose ad was to be linked
}

// differs says for people why a state with another head is of no use.
func (h linkHead) differs(was linkHead) string {
	switch {
	case was.Format != h.Format:
		return "it was written by another version of vigil"
	case was.Instance != h.Instance:
		return "it is another instance's"
	case was.Restored != h.Restored:
		return "the instance was restored from a backup since"
	case was.Ads != h.Ads || was.Links != h.Links:
		return "it is of another generation"
	case was.Rules != h.Rules || was.Reading != h.Reading || was.Confidence != h.Confidence:
		return "the rules of linking have changed"
	case was.Round != h.Round:
		return "ads were erased since"
	case was.Retried != h.Retried:
		return "an ad that could not be linked was to be tried again"
	}
	return ""
}

// A linkAt is up to where a state knows the streams.
type linkAt struct {
	linked
	Ad    landmark `json:"ad"`              // the last ad that was taken in
	Links uint64   `json:"links"`           // what was told, up to here
	Told  landmark `json:"told"`            // of that one that was seen last
	As    string   `json:"as,omitempty"`    // the version of the linker by which all of it was told; "" while not all is
	By    string   `json:"by,omitempty"`    // version of the program
	Lacks bool     `json:"lacks,omitempty"` // parts of this state follow
}

// A landmark is a message by which a stream is known again.
type landmark struct {
	Seq  uint64 `json:"seq,omitempty"`
	ID   string `json:"id,omitempty"`
	Time int64  `json:"time,omitempty"` // of storing it, Unix nanoseconds; 0 when not known
}

func landmarkOf(m ad.Message) landmark { return landmark{m.Seq, m.ID, m.Time.UnixNano()} }

// errStale says that a state is whole and of no use any more.
type errStale string

func (e errStale) Error() string { return string(e) }

// errTorn says that a file ends, or is wrong from somewhere on.
var errTorn = errors.New("it is not as it was written")

// A linkState is the file of one linker's state, open for writing.
type linkState struct {
	f    *os.File
	sum  uint32 // of the last transaction
	size int64
	buf  []byte

	last  linkAt // of the last transaction
	parts int64  // bytes of what has changed; the others say up to where the streams were read
	tried int64  // size at which it could not be written anew
}

const (
	statePrefix  = "linker"
	frameHead    = 8 // length and checksum
	mostFrame    = 1 << 30
	stateAtOnce  = 4096      // ads of a part
	mostAtOnce   = 100_000   // ads that are read at a start and written behind a state; with more it is written anew
	leastRenewed = 256 << 10 // bytes of a file that is written anew while it is in use
	mostUnnoted  = 1000      // sequences by which a position may move unwritten when nothing has changed
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (f *folder) linkState(gen int) string { return f.at(statePrefix + suffix(gen) + ".state") }

// wipeLinkStates overwrites and removes the states of linking in the folder. Who has
// one open goes on writing what nobody can open any more.
func (f *folder) wipeLinkStates() error { return f.wipeLike(statePrefix + "*.state*") }

// wipeLinkState does it to one, with what was left of it half written or half wiped.
func (f *folder) wipeLinkState(name string) error { return f.wipeLike(filepath.Base(name) + "*") }

func (f *folder) wipeLike(pattern string) error {
	names, err := f.like(pattern)
	for i := 0; i < len(names) && err == nil; i++ {
		err = capture.FolderWipe(f.path)(names[i])
	}
	if err != nil {
		return fmt.Errorf("the state of linking: %w", err)
	}
	return nil
}

// like lists what in the folder has such a name, whatever signs are in that of the
// folder itself.
func (f *folder) like(pattern string) ([]string, error) { return fs.Glob(os.DirFS(f.path), pattern) }

// readLinkState reads a state and gives its transactions to take, as far as they are
// whole. end is where that is and sum the checksum there; the error is errTorn when
// more follows.
func readLinkState(f io.Reader, want linkHead, take func(at linkAt, part []byte) error) (end int64, sum uint32, err error) {
	in := bufio.NewReaderSize(f, 1<<20)
	var head [frameHead]byte
	var payload bytes.Buffer
	for first := true; ; first = false {
		if _, err := io.ReadFull(in, head[:]); errors.Is(err, io.EOF) && !first {
			return end, sum, nil
		} else if err != nil {
			return end, sum, errTorn
		}
		n := int64(binary.LittleEndian.Uint32(head[:]))
		payload.Reset()
		if _, err := io.CopyN(&payload, in, n); err != nil { // takes the memory of what is there, whatever it says
			return end, sum, errTorn
		}
		buf := payload.Bytes()
		next := crc32.Update(sum, castagnoli, buf)
		if binary.LittleEndian.Uint32(head[4:]) != next {
			return end, sum, errTorn
		}
		if first {
			var was linkHead
			if err := json.Unmarshal(buf, &was); err != nil {
				return end, sum, errTorn
			}
			if why := want.differs(was); why != "" {
				return end, sum, errStale(why)
			}
		} else if err := takeFrame(buf, take); err != nil {
			return end, sum, err
		}
		end, sum = end+frameHead+n, next
	}
}

func takeFrame(b []byte, take func(linkAt, []byte) error) error {
	n, k := binary.Uvarint(b)
	if k <= 0 || n > uint64(len(b)-k) {
		return errTorn
	}
	var at linkAt
	if err := json.Unmarshal(b[k:k+int(n)], &at); err != nil {
		return errTorn
	}
	return take(at, b[k+int(n):])
}

// write appends one transaction. When it fails the file is as it was, or of no use.
func (s *linkState) write(payload ...[]byte) error {
	n := 0
	s.buf = append(s.buf[:0], make([]byte, frameHead)...)
	for _, p := range payload {
		n += len(p)
		s.buf = append(s.buf, p...)
	}
	next := crc32.Update(s.sum, castagnoli, s.buf[frameHead:])
	binary.LittleEndian.PutUint32(s.buf, uint32(n))
	binary.LittleEndian.PutUint32(s.buf[4:], next)
	if n > mostFrame {
		return fmt.Errorf("write the state of linking: %d bytes at once", n)
	}
	if _, err := s.f.WriteAt(s.buf, s.size); err != nil {
		return errors.Join(fmt.Errorf("write the state of linking: %w", err), s.f.Truncate(s.size))
	}
	s.size, s.sum = s.size+int64(len(s.buf)), next
	return nil
}

func (s *linkState) append(at linkAt, part []byte) error {
	s.last = at
	b := encode(at)
	err := s.write(binary.AppendUvarint(nil, uint64(len(b))), b, part)
	if err == nil {
		s.parts += int64(len(part))
	}
	return err
}

// outdated reports whether half of the file is what later bytes took the place of: what
// was told of l, and up to where the streams had been read, of which the last counts.
func (s *linkState) outdated(l *link.Linker) bool {
	return 2*(l.Outdated()+s.size-s.parts) >= s.size
}

// lockedState opens a state for writing that nobody else has open.
func lockedState(name string, flag int) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDWR|flag, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, errHeldState
	}
	return f, nil
}

var errHeldState = errors.New("another process has it open")

// A keptState is what a file gave.
type keptState struct {
	l     *link.Linker
	at    linkAt
	state *linkState // nil when the file is another's to write
	cut   bool       // behind it stood what cannot be read
}

// loadState reads a file as far as it is whole.
func loadState(name string, want linkHead, cfg link.Config) (k keptState, err error) {
	f, err := lockedState(name, 0)
	locked := err == nil
	if errors.Is(err, errHeldState) {
		f, err = os.Open(name)
	}
	if err != nil {
		return k, err
	}
	defer func() {
		if k.state == nil {
			_ = f.Close()
		}
	}()
	k.l = link.New(cfg)
	whole, parts := false, int64(0)
	end, sum, err := readLinkState(f, want, func(at linkAt, part []byte) error {
		k.at, whole, parts = at, !at.Lacks, parts+int64(len(part))
		return k.l.Restore(part)
	})
	if k.cut = whole && errors.Is(err, errTorn); k.cut {
		err = nil
	}
	switch {
	case err != nil:
		return k, err
	case !whole:
		return k, errTorn
	case !locked:
		return k, nil
	case k.cut:
		if err := f.Truncate(end); err != nil {
			return k, err
		}
	}
	k.l.Keep()
	k.state = &linkState{f: f, sum: sum, size: end, last: k.at, parts: parts}
	return k, nil
}

// newState writes a linker's whole state into a file.
func newState(name string, head linkHead, l *link.Linker, at linkAt) (_ *linkState, err error) {
	tmp := name + "." + strconv.FormatUint(rand.Uint64(), 36) + ".new"
	f, err := lockedState(tmp, os.O_CREATE|os.O_EXCL)
	if err != nil {
		return nil, fmt.Errorf("make the state of linking: %w", err)
	}
	s := &linkState{f: f}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = capture.FolderWipe(filepath.Dir(tmp))(filepath.Base(tmp)) // it gives what ads do; it may have its name already
		}
	}()
	if err := s.write(encode(head)); err != nil {
		return nil, err
	}
	err = l.Whole(stateAtOnce, func(part []byte, more bool) error {
		at.Lacks = more
		return s.append(at, part)
	})
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = os.Rename(tmp, name)
	}
	if err == nil {
		err = syncPath(filepath.Dir(name))
	}
	if err != nil {
		return nil, fmt.Errorf("make the state of linking: %w", err)
	}
	l.Keep()
	s.buf = nil
	return s, nil
}

// known reports whether a stream still has what a state was made from.
func (a *App) known(ctx context.Context, name string, upTo uint64, m landmark) error {
	info, err := a.bus.Info(ctx, name)
	if err != nil {
		return err
	}
	if info.Last < upTo {
		return errStale(fmt.Sprintf("stream %s ends at %d, before it", name, info.Last))
	}
	if m.Seq == 0 {
		return nil
	}
	is, err := a.bus.Get(ctx, name, m.Seq)
	if errors.Is(err, ad.ErrNotFound) || err == nil && (is.ID != m.ID || m.Time != 0 && is.Time.UnixNano() != m.Time) {
		return errStale(fmt.Sprintf("stream %s holds something else at %d", name, m.Seq))
	}
	return err
}

// loadState takes in the state on disk, if there is one that fits. as is the version by which what was told of it was told.
func (l *linker) loadState(ctx context.Context) (kept bool, as string, err error) {
	name := l.a.folder.linkState(l.gen)
	k, err := loadState(name, l.head, l.a.cfg.Link)
	why, stale := errors.AsType[errStale](err)
	if err == nil {
		if err = l.a.known(ctx, l.head.Ads, k.at.UpTo, k.at.Ad); err == nil {
			err = l.a.known(ctx, l.head.Links, k.at.Links, k.at.Told)
		}
		if why, stale = errors.AsType[errStale](err); err != nil && k.state != nil {
			_ = k.state.f.Close()
		}
		if err != nil && !stale {
			return false, "", err
		}
	}
	const instead = "; it is made anew from the streams, which takes longer"
	switch {
	case err == nil:
		if k.cut {
			l.a.log.Info("the state of linking on disk was cut off; what came after is read from the streams")
		}
		l.state, l.l, l.at, l.ad, l.links, l.told = k.state, k.l, k.at.linked, k.at.Ad, k.at.Links, k.at.Told
		l.settled = k.at.By == l.a.cfg.Version
		return true, k.at.As, nil
	case errors.Is(err, fs.ErrNotExist):
	case stale:
		l.a.log.Info("the state of linking on disk is not used"+instead, "why", string(why))
	case errors.Is(err, errTorn), errors.Is(err, weigh.ErrPacked):
		l.a.log.Warn("the state of linking on disk is damaged" + instead)
	default:
		l.a.log.Warn("the state of linking on disk cannot be read"+instead, "err", err)
	}
	return false, l.version, nil
}

// where is up to where the linker knows the streams. The caller holds l.mu or is alone,
// and all that followed is stored.
func (l *linker) where() linkAt {
	at := linkAt{linked: l.at, Ad: l.ad, Links: l.links, Told: l.told, As: l.version, By: l.a.cfg.Version}
	if l.anew {
		at.As = ""
	}
	return at
}

// beginState has the state on disk be that of the linker, which has read everything and
// is alone. What was there goes first, if it is not gone on with: it may hold what was
// erased since.
func (l *linker) beginState() {
	if l.a.folder == nil {
		return
	}
	if err := l.a.folder.wipeFormer(l.gen); err != nil {
		l.a.log.Warn("wiping old states of linking; the next start does it", "err", err)
	}
	if l.state != nil && l.l.Unwritten() <= mostAtOnce && !l.state.outdated(l.l) {
		l.noteState(1)
		return
	}
	l.closeState()
	name := l.a.folder.linkState(l.gen)
	err := l.a.folder.wipeLinkState(name)
	if err == nil && l.erasing() {
		l.l.Lose() // it may hold what is being erased, and come behind who wipes; the linker after that writes its own
		return
	}
	if err == nil {
		l.state, err = newState(name, l.head, l.l, l.where())
	}
	if err != nil {
		l.stopState(err)
	}
}

// keepState writes what has changed, once all that followed from it is stored. The
// caller holds l.mu or is alone.
func (l *linker) keepState() { l.noteState(mostUnnoted) }

// noteState is keepState for who wants the position known when it has moved by so many
// sequences, whatever has changed.
func (l *linker) noteState(moved uint64) {
	s := l.state
	if s == nil {
		return
	}
	at := l.where()
	if l.l.Unwritten() > 0 || at.tellsMore(s.last) || at.UpTo >= s.last.UpTo+moved {
		if err := s.append(at, l.l.Changes(nil)); err != nil {
			l.stopState(err)
		}
	}
	l.renewState()
}

// tellsMore reports whether it would be missed at a start that a position is not
// written, when nothing else has changed.
func (at linkAt) tellsMore(was linkAt) bool {
	return (at.Solved == at.UpTo) != (was.Solved == was.UpTo) || at.Decided != was.Decided || at.As != was.As || at.By != was.By
}

// stopState ends keeping state when the file cannot be written. What is there stays
// right, and the next start reads more.
func (l *linker) stopState(err error) {
	l.a.log.Warn("the state of linking is not kept on disk until the next start, which takes longer then", "err", err)
	l.closeState()
	l.l.Lose()
}

func (l *linker) closeState() {
	if l.state != nil {
		_ = errors.Join(l.state.f.Sync(), l.state.f.Close()) // what is lost is read again
		l.state = nil
	}
}

// sweepLinkStates removes the states of generations that are gone.
func (a *App) sweepLinkStates() error {
	if a.folder == nil {
		return nil
	}
	live := map[string]bool{}
	for _, g := range a.book.Live() {
		live[a.folder.linkState(g.Links)] = true
	}
	names, err := a.folder.like(statePrefix + "*.state*") // also what was left half written, or half wiped
	if err != nil {
		return fmt.Errorf("look for the state of linking: %w", err)
	}
	for _, name := range names {
		base, _, _ := strings.Cut(name, ".state")
		if name = a.folder.at(base + ".state"); !live[name] {
			if err := a.folder.wipeLinkState(name); err != nil {
				return err
			}
		}
	}
	return nil
}
