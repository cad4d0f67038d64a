package capture

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"vigil.example/internal/ad"
)

// List returns the sealed ranges in order.
func (a *Archive) List(ctx context.Context) ([]Sealed, error) {
	var out []Sealed
	it := a.bucket.List(&blob.ListOptions{Prefix: a.o.Prefix + "captures-"})
	for {
		o, err := it.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("list the archive: %w", err)
		}
		from, to, ok := rangeOf(strings.TrimPrefix(o.Key, a.o.Prefix))
		if ok {
			out = append(out, a.named(from, to))
		}
	}
	slices.SortFunc(out, func(x, y Sealed) int { return cmp.Compare(x.From, y.From) })
	a.mu.Lock()
	defer a.mu.Unlock()
	a.known = slices.Clone(out)
	return out, nil
}

// rangeOf reads the range out of the name of an index.
func rangeOf(name string) (from, to uint64, ok bool) {
	name, ok = strings.CutSuffix(name, ".cdxj")
	first, last, found := strings.Cut(strings.TrimPrefix(name, "captures-"), "-")
	if !ok || !found {
		return 0, 0, false
	}
	from, err1 := strconv.ParseUint(first, 10, 64)
	to, err2 := strconv.ParseUint(last, 10, 64)
	return from, to, err1 == nil && err2 == nil && from <= to
}

// Read returns the records of one capture, given its id and its sequence in the
// stream, after comparing them with their digests. A sequence that no file holds
// is ad.ErrNotFound; so is a capture that was erased from its file.
func (a *Archive) Read(ctx context.Context, id string, seq uint64) ([]byte, error) {
	s, err := a.holding(ctx, seq)
	if err != nil {
		return nil, fmt.Errorf("read capture %s: %w", id, err)
	}
	index, err := a.readIndex(ctx, s)
	if err != nil {
		return nil, fmt.Errorf("read capture %s: %w", id, err)
	}
	e, ok, err := find(index, id)
	if err != nil {
		return nil, fmt.Errorf("read capture %s: %s: %w", id, s.Index, err)
	}
	if !ok {
		return nil, fmt.Errorf("read capture %s: not in %s: %w", id, s.File, ad.ErrNotFound)
	}
	r, err := a.bucket.NewRangeReader(ctx, s.File, e.From, e.Bytes, nil)
	if err != nil {
		return nil, fmt.Errorf("read capture %s: %w", id, a.gone(s.File, err))
	}
	defer func() { _ = r.Close() }() // nothing was written
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("read capture %s: read %s: %w", id, s.File, err)
	}
	if _, err := sound(b, e); err != nil {
		return nil, fmt.Errorf("read capture %s: %w", id, a.torn(s.File, err))
	}
	return b, nil
}

// holding finds the range of a sequence, looking at the bucket only when the
// ranges known so far do not have it.
func (a *Archive) holding(ctx context.Context, seq uint64) (Sealed, error) {
	in := func(all []Sealed) (Sealed, bool) {
		i := slices.IndexFunc(all, func(s Sealed) bool { return s.From <= seq && seq <= s.To })
		if i < 0 {
			return Sealed{}, false
		}
		return all[i], true
	}
	a.mu.Lock()
	s, ok := in(a.known)
	a.mu.Unlock()
	if ok {
		return s, nil
	}
	all, err := a.List(ctx)
	if err != nil {
		return Sealed{}, err
	}
	if s, ok = in(all); !ok {
		return Sealed{}, fmt.Errorf("no archived file holds sequence %d: %w", seq, ad.ErrNotFound)
	}
	return s, nil
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
// replayed that have left the stream.
func (a *Archive) Each(ctx context.Context, s Sealed) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		index, err := a.readIndex(ctx, s)
		if err != nil {
			yield(Item{}, err)
			return
		}
		more := true
		if _, err := a.walk(ctx, s, index, func(it Item) bool { more = yield(it, nil); return more }); err != nil && more {
			yield(Item{}, err)
		}
	}
}

// Verify reads a sealed file as Each does and returns its counts and digest.
func (a *Archive) Verify(ctx context.Context, s Sealed) (Sealed, error) {
	index, err := a.readIndex(ctx, s)
	if err != nil {
		return Sealed{}, err
	}
	return a.walk(ctx, s, index, func(Item) bool { return true })
}

// walk hands over the captures of a file one by one until visit says no.
func (a *Archive) walk(ctx context.Context, s Sealed, index []byte, visit func(Item) bool) (Sealed, error) {
	var entries []cdx
	for l := range bytes.Lines(index) {
		e, err := parseLine(bytes.TrimSuffix(l, []byte("\n")))
		if err != nil {
			return Sealed{}, a.torn(s.Index, err)
		}
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(x, y cdx) int { return cmp.Compare(x.From, y.From) })
	r, err := a.bucket.NewReader(ctx, s.File, nil)
	if err != nil {
		return Sealed{}, a.gone(s.File, err)
	}
	defer func() { _ = r.Close() }() // nothing was written
	digest := sha256.New()
	n := newCounting(io.TeeReader(r, digest))
	if m, err := readMember(n); err != nil || m.Type() != "warcinfo" || m.Check() != nil {
		return Sealed{}, a.torn(s.File, errors.Join(errors.New("no sound warcinfo record at its beginning"), err))
	}
	for _, e := range entries {
		if e.From != n.n || e.Bytes < 0 || e.Bytes > 4*MaxBlock {
			return Sealed{}, a.torn(s.File, fmt.Errorf("capture %s should begin at byte %d, the one before ends at %d", e.Capture, e.From, n.n))
		}
		b := make([]byte, e.Bytes)
		if _, err := io.ReadFull(n, b); err != nil {
			return Sealed{}, a.torn(s.File, fmt.Errorf("capture %s: %w", e.Capture, noEOF(err)))
		}
		c, err := sound(b, e)
		if err != nil {
			return Sealed{}, a.torn(s.File, err)
		}
		if !visit(Item{Capture: c, Seq: e.Seq, Records: b}) {
			return Sealed{}, nil
		}
	}
	if _, err := n.ReadByte(); !errors.Is(err, io.EOF) {
		return Sealed{}, a.torn(s.File, errors.New("more in it than its index says"))
	}
	s.Captures, s.Size, s.SHA256 = len(entries), n.n, hex.EncodeToString(digest.Sum(nil))
	return s, nil
}

// gone and torn name the file and what to do next.
func (a *Archive) gone(key string, err error) error {
	if gcerrors.Code(err) == gcerrors.NotFound {
		return fmt.Errorf("file %s is missing from the archive; restore it from a backup, then run vigil doctor: %w", key, err)
	}
	return fmt.Errorf("read %s: %w", key, err)
}

func (a *Archive) torn(key string, err error) error {
	return fmt.Errorf("file %s is damaged; put it aside, restore it from a backup, then run vigil doctor: %w", key, err)
}
