package capture

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
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
	if err := sound(b, e); err != nil {
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

// sound compares the records of one capture with its index entry.
func sound(b []byte, e cdx) error {
	if got := hexSHA256(b); got != e.SHA256 {
		return fmt.Errorf("capture %s: stored bytes hash to %.6s…, not %.6s…: %w", e.Capture, got, e.SHA256, ErrDigest)
	}
	for m, err := range Members(bytes.NewReader(b)) {
		if err == nil {
			err = m.Check()
		}
		if err == nil && (m.Type() == "response" || m.Type() == "resource") {
			c, derr := described(m)
			if err = derr; err == nil && (c.ID != e.Capture || c.RecordID != e.RecordID || c.URL != e.URL) {
				err = fmt.Errorf("the records are those of capture %s: %w", c.ID, ErrDigest)
			}
		}
		if err != nil {
			return fmt.Errorf("capture %s: %w", e.Capture, err)
		}
	}
	return nil
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

func newReader(r io.Reader) *bufio.Reader { return bufio.NewReaderSize(r, 64<<10) }
