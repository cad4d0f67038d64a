package capture

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
)

// A Blob is one blob that belongs to the archive, as a backup keeps it.
type Blob struct {
	Key    string
	Size   int64
	SHA256 string
}

// All gives every blob that belongs to the archive, in order of the ranges, each
// file before its index. What is sealed while it runs is left for the next time; a
// blob that was given never changes, but goes when captures are erased from it, and
// All then goes on with the new revision. Whoever finds a blob gone that was given
// asks again. Files that are missing are errors, and the others still come.
func (a *Archive) All(ctx context.Context) iter.Seq2[Blob, error] {
	return func(yield func(Blob, error) bool) {
		all, err := a.List(ctx)
		if err != nil {
			yield(Blob{}, err)
			return
		}
		for _, s := range all {
			file, index, err := a.both(ctx, s)
			for errors.Is(err, ErrMissing) {
				t, ok := a.newer(ctx, s)
				if !ok {
					break
				}
				s = t
				file, index, err = a.both(ctx, s)
			}
			if err != nil {
				if !yield(Blob{Key: s.File}, err) {
					return
				}
				continue
			}
			if !yield(file, nil) || !yield(index, nil) {
				return
			}
		}
	}
}

func (a *Archive) both(ctx context.Context, s Sealed) (file, index Blob, err error) {
	if file, err = a.blob(ctx, s.File); err == nil {
		index, err = a.blob(ctx, s.Index)
	}
	return file, index, err
}

func (a *Archive) blob(ctx context.Context, key string) (Blob, error) {
	r, err := a.bucket.NewReader(ctx, key, nil)
	if err != nil {
		return Blob{}, a.gone(key, err)
	}
	defer func() { _ = r.Close() }() // nothing was written
	h := sha256.New()
	n, err := io.Copy(h, r)
	if err != nil {
		return Blob{}, fmt.Errorf("read %s: %w", key, err)
	}
	// A blob that is overwritten before it goes has lost its name by then.
	switch ok, err := a.bucket.Exists(ctx, key); {
	case err != nil:
		return Blob{}, fmt.Errorf("read %s: %w", key, err)
	case !ok:
		return Blob{}, fmt.Errorf("file %s went while it was read: it is %w", key, ErrMissing)
	}
	return Blob{Key: key, Size: n, SHA256: hex.EncodeToString(h.Sum(nil))}, nil
}
