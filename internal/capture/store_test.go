package capture

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/blob/driver"
	"gocloud.dev/gcerrors"
)

// A store is a bucket in memory whose power can be cut: after a number of writing
// and deleting operations nothing works any more. The last one may still have
// taken effect though its caller hears of an error, or not.
type store struct {
	mu      sync.Mutex
	blobs   map[string][]byte
	left    int  // operations until the cut; negative for never
	reads   bool // count reading operations too
	lastOne bool // whether the operation at the cut takes effect
	hook    func(op, key string)
}

var (
	errPower  = errors.New("the power is cut")
	errAbsent = errors.New("no such blob")
	errThere  = errors.New("there is such a blob")
)

func newStore() *store { return &store{blobs: map[string][]byte{}, left: -1} }

func (s *store) open() *blob.Bucket { return blob.NewBucket(s) }

// op counts one operation; do tells whether it takes effect.
func (s *store) op(name, key string) (do bool, err error) {
	if s.hook != nil {
		s.hook(name, key)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left < 0 || s.left > 0 && name == "read" && !s.reads {
		return true, nil
	}
	if s.left == 0 {
		return false, errPower
	}
	if s.left--; s.left == 0 {
		return s.lastOne, errPower
	}
	return true, nil
}

func (s *store) ErrorCode(err error) gcerrors.ErrorCode {
	switch {
	case errors.Is(err, errAbsent):
		return gcerrors.NotFound
	case errors.Is(err, errThere):
		return gcerrors.FailedPrecondition
	}
	return gcerrors.Unknown
}
func (s *store) As(any) bool             { return false }
func (s *store) ErrorAs(error, any) bool { return false }
func (s *store) Close() error            { return nil }
func (s *store) Copy(context.Context, string, string, *driver.CopyOptions) error {
	return errors.ErrUnsupported
}
func (s *store) SignedURL(context.Context, string, *driver.SignedURLOptions) (string, error) {
	return "", errors.ErrUnsupported
}

func (s *store) get(key string) ([]byte, error) {
	if _, err := s.op("read", key); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b, ok := s.blobs[key]
	if !ok {
		return nil, errAbsent
	}
	return b, nil
}

func (s *store) Attributes(_ context.Context, key string) (*driver.Attributes, error) {
	b, err := s.get(key)
	return &driver.Attributes{Size: int64(len(b))}, err
}

func (s *store) ListPaged(_ context.Context, o *driver.ListOptions) (*driver.ListPage, error) {
	if _, err := s.op("read", ""); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var p driver.ListPage
	for _, k := range slices.Sorted(maps.Keys(s.blobs)) {
		if strings.HasPrefix(k, o.Prefix) {
			p.Objects = append(p.Objects, &driver.ListObject{Key: k, Size: int64(len(s.blobs[k])), ModTime: time.Unix(0, 0)})
		}
	}
	return &p, nil
}

func (s *store) NewRangeReader(_ context.Context, key string, from, n int64, _ *driver.ReaderOptions) (driver.Reader, error) {
	b, err := s.get(key)
	if err != nil {
		return nil, err
	}
	size := int64(len(b))
	from = min(from, size)
	if n < 0 || n > size-from {
		n = size - from
	}
	return chunk{bytes.NewReader(b[from : from+n]), size}, nil
}

type chunk struct {
	io.Reader
	size int64
}

func (r chunk) Close() error                         { return nil }
func (r chunk) Attributes() *driver.ReaderAttributes { return &driver.ReaderAttributes{Size: r.size} }
func (r chunk) As(any) bool                          { return false }

func (s *store) NewTypedWriter(ctx context.Context, key, _ string, o *driver.WriterOptions) (driver.Writer, error) {
	if _, err := s.op("begin", key); err != nil {
		return nil, err
	}
	return &writing{ctx: ctx, s: s, key: key, alone: o.IfNotExist}, nil
}

type writing struct {
	bytes.Buffer
	ctx   context.Context
	s     *store
	key   string
	alone bool
}

func (w *writing) Close() error {
	if w.ctx.Err() != nil {
		return w.ctx.Err()
	}
	do, err := w.s.op("write", w.key)
	if !do {
		return err
	}
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	if _, there := w.s.blobs[w.key]; there && w.alone {
		return errThere
	}
	w.s.blobs[w.key] = w.Bytes()
	return err
}

func (s *store) Delete(_ context.Context, key string, _ *driver.DeleteOptions) error {
	do, err := s.op("delete", key)
	if !do {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.blobs[key]; !ok {
		return errAbsent
	}
	delete(s.blobs, key)
	return err
}
