package capture

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"
	"slices"

	"gocloud.dev/gcerrors"

	"vigil.example/internal/ad"
)

// What can be wrong with a sealed file. Both come with the key of the blob to be
// restored from a backup.
var (
	ErrMissing = errors.New("missing from the archive")
	ErrAltered = errors.New("damaged or was altered")
)

// Read returns the records of one capture, given its id and its sequence in the
// stream, after comparing them with their digests. It needs only these of the file:
// damage elsewhere in it does not matter. A sequence that no file holds is
// ad.ErrNotFound; so is a capture that was erased from its file.
func (a *Archive) Read(ctx context.Context, id string, seq uint64) ([]byte, error) {
	s, err := a.holding(ctx, seq)
	if err != nil {
		return nil, fmt.Errorf("read capture %s: %w", id, err)
	}
	b, err := a.read(ctx, s, id, seq)
	if errors.Is(err, ErrMissing) || errors.Is(err, ErrAltered) { // or there is a new revision
		if t, ok := a.newer(ctx, s); ok {
			b, err = a.read(ctx, t, id, seq)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read capture %s: %w", id, err)
	}
	return b, nil
}

func (a *Archive) read(ctx context.Context, s Sealed, id string, seq uint64) ([]byte, error) {
	e, err := a.entry(ctx, s, seq)
	if err != nil {
		return nil, err
	}
	if e.Capture != id {
		return nil, fmt.Errorf("not in %s: %w", s.File, ad.ErrNotFound)
	}
	b, err := a.bytesOf(ctx, s.File, e.From, e.Bytes)
	if err != nil {
		return nil, err
	}
	if _, err := sound(b, e); err != nil {
		return nil, a.blame(ctx, s, e, b, err)
	}
	return b, nil
}

// bytesOf reads a stretch of a blob, less where the blob ends before.
func (a *Archive) bytesOf(ctx context.Context, key string, from, n int64) ([]byte, error) {
	r, err := a.bucket.NewRangeReader(ctx, key, from, n, nil)
	if err != nil {
		return nil, a.gone(key, err)
	}
	defer func() { _ = r.Close() }() // nothing was written
	b := make([]byte, min(n, max(r.Size()-from, 0)))
	m, err := io.ReadFull(r, b)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	return b[:m], nil
}

// blame finds out whether the file or its index is wrong.
func (a *Archive) blame(ctx context.Context, s Sealed, e cdx, b []byte, err error) error {
	if c, perr := parse(b); perr == nil && c.c.ID == e.Capture {
		return a.torn(s.Index, fmt.Errorf("its digest of capture %s is not that of the records in %s, which open and are right by their own: %w", e.Capture, s.File, ErrDigest))
	}
	index, rerr := a.readIndex(ctx, s)
	if rerr != nil {
		return rerr
	}
	if lerr := a.layout(ctx, s, index); lerr != nil {
		return lerr
	}
	return a.torn(s.File, err)
}

// layout compares the index with the outline of its file: the captures follow one
// another without a gap, from the end of the first record to the end of the file.
func (a *Archive) layout(ctx context.Context, s Sealed, index []byte) error {
	entries, err := entriesOf(index)
	if err != nil {
		return a.torn(s.Index, err)
	}
	info, err := a.bucket.Attributes(ctx, s.File)
	if err != nil {
		return a.gone(s.File, err)
	}
	first, err := a.bytesOf(ctx, s.File, 0, min(info.Size, 64<<10))
	if err != nil {
		return err
	}
	c := newCounting(bytes.NewReader(first))
	if m, err := readMember(c); err != nil || m.Type() != "warcinfo" {
		return a.torn(s.File, errors.Join(errors.New("no warcinfo record at its beginning"), err))
	}
	at := c.n
	for _, e := range entries {
		if err := follows(e, at); err != nil {
			return a.torn(s.Index, err)
		}
		at = e.From + e.Bytes
	}
	switch {
	case at > info.Size:
		return a.torn(s.File, fmt.Errorf("it has %d bytes of %d: it was cut", info.Size, at))
	case at < info.Size:
		return a.torn(s.Index, fmt.Errorf("it says nothing of bytes %d to %d: lines are missing", at, info.Size))
	}
	return nil
}

// follows says whether an entry begins where the one before ended.
func follows(e cdx, at int64) error {
	if e.From != at || e.Bytes <= 0 || e.Bytes > 4*MaxBlock {
		return fmt.Errorf("capture %s should begin at byte %d with %d bytes, but the one before ends at %d: lines are missing or were altered",
			e.Capture, e.From, e.Bytes, at)
	}
	return nil
}

// newer returns the file that took the place of s.
func (a *Archive) newer(ctx context.Context, s Sealed) (Sealed, bool) {
	all, err := a.List(ctx)
	if err != nil {
		return Sealed{}, false
	}
	i := slices.IndexFunc(all, func(o Sealed) bool { return o.From <= s.From && s.To <= o.To })
	return at(all, i), i >= 0 && all[i].File != s.File
}

func at(all []Sealed, i int) Sealed {
	if i < 0 {
		return Sealed{}
	}
	return all[i]
}

// holding finds the file of a sequence, looking at the bucket only when the
// files known so far do not have it.
func (a *Archive) holding(ctx context.Context, seq uint64) (Sealed, error) {
	in := func(all []Sealed) int {
		return slices.IndexFunc(all, func(s Sealed) bool { return s.From <= seq && seq <= s.To })
	}
	a.mu.Lock()
	i := in(a.known)
	s := at(a.known, i)
	a.mu.Unlock()
	if i >= 0 {
		return s, nil
	}
	all, err := a.List(ctx)
	if err != nil {
		return Sealed{}, err
	}
	if i = in(all); i < 0 {
		return Sealed{}, fmt.Errorf("no archived file holds sequence %d: %w", seq, ad.ErrNotFound)
	}
	return all[i], nil
}

func (a *Archive) readIndex(ctx context.Context, s Sealed) ([]byte, error) {
	b, err := a.bucket.ReadAll(ctx, s.Index)
	if err != nil {
		return nil, a.gone(s.Index, err)
	}
	if len(b) > 0 && b[len(b)-1] != '\n' {
		return nil, a.torn(s.Index, errors.New("its last line is cut"))
	}
	return b, nil
}

// sound compares the records of one capture with its index entry and returns what
// they say.
func sound(b []byte, e cdx) (ad.Capture, error) {
	if got := hexSHA256(b); got != e.SHA256 {
		return ad.Capture{}, fmt.Errorf("capture %s: stored bytes hash to %.6s…, not %.6s…: %w", e.Capture, got, e.SHA256, ErrDigest)
	}
	r, err := parse(b)
	if err == nil && (r.c.ID != e.Capture || r.c.RecordID != e.RecordID || r.c.URL != e.URL) {
		err = fmt.Errorf("the records are those of capture %s: %w", r.c.ID, ErrDigest)
	}
	if err != nil {
		return ad.Capture{}, fmt.Errorf("capture %s: %w", e.Capture, err)
	}
	return r.c, nil
}

// Each reads a sealed file from end to end, in the order of the stream, comparing
// every capture with its digests and with the index. It is how captures are
// replayed that have left the stream. When captures are erased from the file
// meanwhile it goes on in the new revision.
func (a *Archive) Each(ctx context.Context, s Sealed) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		for last := uint64(0); ; {
			more := true
			_, err := a.through(ctx, s, last, func(it Item) bool {
				last, more = it.Seq, yield(it, nil)
				return more
			})
			if err == nil || !more {
				return
			}
			t, ok := a.newer(ctx, s)
			if !ok {
				yield(Item{}, err)
				return
			}
			s = t
		}
	}
}

// Verify reads a sealed file as Each does and returns its counts and digest. What
// is wrong with it is ErrMissing or ErrAltered.
func (a *Archive) Verify(ctx context.Context, s Sealed) (Sealed, error) {
	return a.through(ctx, s, 0, func(Item) bool { return true })
}

// Check verifies all that is sealed, file by file, and that there is no hole
// between the files; errors come with the range that they concern.
func (a *Archive) Check(ctx context.Context) iter.Seq2[Sealed, error] {
	return func(yield func(Sealed, error) bool) {
		all, err := a.List(ctx)
		if err != nil {
			yield(Sealed{}, err)
			return
		}
		next := uint64(0)
		for _, s := range all {
			if next > 0 && s.From > next {
				hole := a.named(next, s.From-1, 1)
				err := fmt.Errorf("no file holds captures %d to %d: %s or what was sealed in its place is %w; restore it and its index from a backup, then run vigil doctor",
					hole.From, hole.To, hole.File, ErrMissing)
				if !yield(hole, err) {
					return
				}
			}
			next = max(next, s.To+1)
			done, err := a.Verify(ctx, s)
			if err != nil {
				done = s
				if _, ok := a.newer(ctx, s); ok {
					continue // erased from meanwhile, and verified then
				}
			}
			if !yield(done, err) {
				return
			}
		}
	}
}

func (a *Archive) through(ctx context.Context, s Sealed, after uint64, visit func(Item) bool) (Sealed, error) {
	index, err := a.readIndex(ctx, s)
	if err != nil {
		return Sealed{}, err
	}
	return a.walk(ctx, s, index, after, visit)
}

// walk hands over the captures of a file that come after a sequence, one by one
// until visit says no.
func (a *Archive) walk(ctx context.Context, s Sealed, index []byte, after uint64, visit func(Item) bool) (Sealed, error) {
	entries, err := entriesOf(index)
	if err != nil {
		return Sealed{}, a.torn(s.Index, err)
	}
	f, err := a.openFile(ctx, s)
	if err != nil {
		return Sealed{}, err
	}
	defer f.close()
	last := uint64(0)
	for _, e := range entries {
		b, err := f.next(e)
		if err != nil {
			return Sealed{}, err
		}
		if e.Seq <= last || e.Seq < s.From || e.Seq > s.To {
			return Sealed{}, a.torn(s.Index, fmt.Errorf("sequence %d of capture %s is out of range or out of order", e.Seq, e.Capture))
		}
		if last = e.Seq; e.Seq <= after {
			continue
		}
		c, err := sound(b, e)
		if err != nil {
			return Sealed{}, a.blame(ctx, s, e, b, err)
		}
		if !visit(Item{Capture: c, Seq: e.Seq, Records: b}) {
			return Sealed{}, nil
		}
	}
	s.Captures = len(entries)
	s.Size, s.SHA256, err = f.end()
	return s, err
}

// entriesOf reads an index into the order of its file.
func entriesOf(index []byte) ([]cdx, error) {
	var out []cdx
	for l := range bytes.Lines(index) {
		e, err := parseLine(bytes.TrimSuffix(l, []byte("\n")))
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	slices.SortFunc(out, func(x, y cdx) int { return cmp.Compare(x.From, y.From) })
	return out, nil
}

// A file is a WARC file of the archive that is read from end to end.
type file struct {
	a      *Archive
	s      Sealed
	info   Member // its first record
	n      *counting
	digest hash.Hash
	close  func()
}

func (a *Archive) openFile(ctx context.Context, s Sealed) (*file, error) {
	r, err := a.bucket.NewReader(ctx, s.File, nil)
	if err != nil {
		return nil, a.gone(s.File, err)
	}
	f := &file{a: a, s: s, digest: sha256.New(), close: func() { _ = r.Close() }} // nothing was written
	f.n = newCounting(io.TeeReader(r, f.digest))
	if f.info, err = readMember(f.n); err != nil || f.info.Type() != "warcinfo" || f.info.Check() != nil {
		f.close()
		return nil, a.torn(s.File, errors.Join(errors.New("no sound warcinfo record at its beginning"), err))
	}
	return f, nil
}

// next reads the records of the next capture, unchecked.
func (f *file) next(e cdx) ([]byte, error) {
	if err := follows(e, f.n.n); err != nil {
		return nil, f.a.torn(f.s.Index, err)
	}
	b := make([]byte, e.Bytes)
	if _, err := io.ReadFull(f.n, b); err != nil {
		if err = noEOF(err); errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, f.a.torn(f.s.File, fmt.Errorf("it ends within capture %s, after %d bytes: it was cut: %w", e.Capture, f.n.n, err))
		}
		return nil, fmt.Errorf("read %s: %w", f.s.File, err)
	}
	return b, nil
}

// end returns size and digest after the last capture.
func (f *file) end() (int64, string, error) {
	switch _, err := f.n.ReadByte(); {
	case err == nil:
		return 0, "", f.a.torn(f.s.File, fmt.Errorf("it goes on after byte %d, where the last capture of %s ends: bytes were added, or lines of the index are missing", f.n.n-1, f.s.Index))
	case !errors.Is(err, io.EOF):
		return 0, "", fmt.Errorf("read %s: %w", f.s.File, err)
	}
	return f.n.n, hex.EncodeToString(f.digest.Sum(nil)), nil
}

// gone and torn name the blob, what is wrong with it and what to do next.
func (a *Archive) gone(key string, err error) error {
	if gcerrors.Code(err) == gcerrors.NotFound {
		return fmt.Errorf("file %s is %w; restore it from a backup under this key, then run vigil doctor", key, ErrMissing)
	}
	return fmt.Errorf("read %s: %w", key, err)
}

func (a *Archive) torn(key string, err error) error {
	return fmt.Errorf("file %s is %w: %w; put it aside, restore it from a backup under this key, then run vigil doctor", key, ErrAltered, err)
}
