package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"
)

// How many ads, or bytes of their text, are answered by one processor at a time.
const (
	maxBatchAds  = 256
	maxBatchText = 64 << 10
)

// inOrder answers ads on every processor and writes the answers in the order in
// which the ads came. The memory that it takes does not grow with their number.
type inOrder struct {
	ctx   context.Context // done when writing has failed
	batch *batch          // begun
	work  chan *batch
	queue chan *batch // the same, in order
	group *errgroup.Group
	free  sync.Pool
}

type batch struct {
	ads  []adLine
	text int // bytes
	out  bytes.Buffer
	err  error
	done chan struct{} // gets a token when out and err stand
}

// answersInOrder begins to write what answer makes of ads: a string as it is,
// another value as a line of JSON. answer is called by many goroutines at once.
func answersInOrder(w io.Writer, answer func(adLine) any) *inOrder {
	procs := runtime.GOMAXPROCS(0)
	o := &inOrder{work: make(chan *batch, 2*procs), queue: make(chan *batch, 2*procs)}
	o.free.New = func() any { return &batch{done: make(chan struct{}, 1)} }
	o.group, o.ctx = errgroup.WithContext(context.Background())
	for range procs {
		o.group.Go(func() error {
			for b := range o.work {
				b.answer(answer)
				b.done <- struct{}{}
			}
			return nil
		})
	}
	o.group.Go(func() error { return o.write(w) })
	return o
}

func (b *batch) answer(answer func(adLine) any) {
	e := json.NewEncoder(&b.out)
	e.SetEscapeHTML(false)
	for _, a := range b.ads {
		switch v := answer(a).(type) {
		case string:
			b.out.WriteString(v)
		default:
			b.err = errors.Join(b.err, e.Encode(v))
		}
	}
}

// write writes batch by batch, and at once what nothing stands behind.
func (o *inOrder) write(w io.Writer) error {
	out := bufio.NewWriterSize(w, maxBatchText)
	for b := range o.queue {
		<-b.done
		_, err := out.Write(b.out.Bytes())
		if err == nil && len(o.queue) == 0 {
			err = out.Flush()
		}
		if err = errors.Join(err, b.err); err != nil {
			return written(err)
		}
		b.ads, b.text = b.ads[:0], 0
		b.out.Reset()
		o.free.Put(b)
	}
	return written(out.Flush())
}

// add has an ad answered, soon.
func (o *inOrder) add(a adLine) error {
	if o.batch == nil {
		o.batch = o.free.Get().(*batch)
	}
	o.batch.ads = append(o.batch.ads, a)
	if o.batch.text += len(a.text); len(o.batch.ads) < maxBatchAds && o.batch.text < maxBatchText {
		return nil
	}
	return o.flush()
}

// flush has all that was added answered now.
func (o *inOrder) flush() error {
	b := o.batch
	if b == nil {
		return nil
	}
	o.batch = nil
	for _, c := range []chan *batch{o.work, o.queue} {
		select {
		case c <- b:
		case <-o.ctx.Done():
			return o.ctx.Err()
		}
	}
	return nil
}

// end waits until all is written. err is how the reading of ads ended; what went
// wrong in writing counts for more, as the one may follow from the other.
func (o *inOrder) end(err error) error {
	failed := o.flush()
	close(o.work)
	close(o.queue)
	if wrong := o.group.Wait(); wrong != nil {
		return wrong
	}
	return errors.Join(failed, err)
}
