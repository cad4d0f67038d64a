package capture

import (
	"bytes"
	"cmp"
	"container/list"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"vigil.example/internal/ad"
)

// maxPlaces bounds what is remembered of indexes: 16 bytes a capture, 32 MB.
const maxPlaces = 2 << 20

// A place is where the line of a capture stands in the index of its file.
type place struct {
	seq   uint64
	at, n uint32
}

// places remembers the outline of the indexes that were read last. A sealed index
// never changes, so what is remembered stays true while its key is there.
type places struct {
	mu    sync.Mutex
	by    map[string]*list.Element // of *outline, by the key of the index
	order list.List                // last used first
	total int
}

type outline struct {
	key    string
	places []place // in order of the sequence
}

func (p *places) get(key string) ([]place, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e, ok := p.by[key]
	if !ok {
		return nil, false
	}
	p.order.MoveToFront(e)
	return e.Value.(*outline).places, true
}

func (p *places) put(key string, all []place) {
	p.drop(key)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.by == nil {
		p.by = map[string]*list.Element{}
	}
	p.by[key] = p.order.PushFront(&outline{key, all})
	for p.total += len(all); p.total > maxPlaces && p.order.Len() > 1; {
		p.forget(p.order.Back())
	}
}

func (p *places) drop(key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e, ok := p.by[key]; ok {
		p.forget(e)
	}
}

func (p *places) forget(e *list.Element) {
	o := p.order.Remove(e).(*outline)
	delete(p.by, o.key)
	p.total -= len(o.places)
}

// placesOf finds the lines of an index without reading what they say.
func placesOf(index []byte) ([]place, error) {
	out := make([]place, 0, len(index)/512)
	at := 0
	for l := range bytes.Lines(index) {
		seq, err := seqOf(l)
		if err != nil {
			return nil, err
		}
		out = append(out, place{seq, uint32(at), uint32(len(l))})
		at += len(l)
	}
	slices.SortFunc(out, func(x, y place) int { return cmp.Compare(x.seq, y.seq) })
	return out, nil
}

// seqOf finds the sequence in an index line. What it looks for cannot stand in a
// JSON string, where quotes are escaped, but in the key before.
func seqOf(l []byte) (uint64, error) {
	const name = `,"seq":`
	i := bytes.Index(l, []byte(" {"))
	j := bytes.LastIndex(l, []byte(name))
	if i < 0 || j < i {
		return 0, errors.New("a line of the index has no key, time and entry")
	}
	digits, _, _ := bytes.Cut(l[j+len(name):], []byte(","))
	seq, err := strconv.ParseUint(string(digits), 10, 64)
	if err != nil {
		return 0, errors.New("a line of the index has no sequence")
	}
	return seq, nil
}

// entry reads the index entry of a sequence. One that is not in the index was
// erased, unless the file has more in it than the index knows of.
func (a *Archive) entry(ctx context.Context, s Sealed, seq uint64) (cdx, error) {
	all, ok := a.places.get(s.Index)
	if !ok {
		index, err := a.readIndex(ctx, s)
		if err != nil {
			return cdx{}, err
		}
		if len(index) > 1<<32-1 {
			return cdx{}, a.torn(s.Index, fmt.Errorf("%d bytes are too many for an index", len(index)))
		}
		if all, err = placesOf(index); err != nil {
			return cdx{}, a.torn(s.Index, err)
		}
		a.places.put(s.Index, all)
	}
	i, ok := slices.BinarySearchFunc(all, seq, func(p place, seq uint64) int { return cmp.Compare(p.seq, seq) })
	if !ok {
		return cdx{}, a.absent(ctx, s, seq)
	}
	l, err := a.bytesOf(ctx, s.Index, int64(all[i].at), int64(all[i].n))
	if err != nil {
		return cdx{}, err
	}
	e, err := parseLine(bytes.TrimSuffix(l, []byte("\n")))
	if err == nil && (e.Seq != seq || e.From < 0 || e.Bytes <= 0 || e.Bytes > 4*MaxBlock) {
		err = errors.New("its lines were altered")
	}
	if err != nil {
		a.places.drop(s.Index)
		return cdx{}, a.torn(s.Index, err)
	}
	return e, nil
}

func (a *Archive) absent(ctx context.Context, s Sealed, seq uint64) error {
	index, err := a.readIndex(ctx, s)
	if err != nil {
		return err
	}
	if err := a.layout(ctx, s, index); err != nil {
		return err
	}
	return fmt.Errorf("sequence %d is not in %s: %w", seq, s.File, ad.ErrNotFound)
}
