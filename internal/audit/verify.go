package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
)

// ErrBroken says that the log is not whole. The error around it names the first
// entry that is wrong.
var ErrBroken = errors.New("the audit log is not whole")

// A BrokenError says where and why the log is not whole. It is ErrBroken.
type BrokenError struct {
	Seq    uint64 // number the entry should have
	Event  uint64 // sequence of the event in the journal; 0 when there is none
	Reason string
}

func (e *BrokenError) Error() string {
	return fmt.Sprintf("%v: entry %d (event %d): %s", ErrBroken, e.Seq, e.Event, e.Reason)
}

// Is makes a BrokenError ErrBroken.
func (e *BrokenError) Is(target error) bool { return target == ErrBroken }

// Verify walks the whole chain and returns how many entries it has and its head.
// The error is a *BrokenError for the first entry that was changed, removed, put
// in or moved. Heads written down earlier must lie on the chain, and so must the
// head that this process knows: that finds newest entries that were cut off.
func (l *Log) Verify(ctx context.Context, anchors ...Head) (n uint64, head Head, err error) {
	must := make(map[uint64][]Head)
	for _, a := range append([]Head{l.Head()}, anchors...) {
		if a.Seq > 0 {
			must[a.Seq] = append(must[a.Seq], a)
		}
	}
	head = Head{SHA256: origin}
	err = l.lines(ctx, func(event uint64, line []byte) error {
		e, err := read(line, l.key)
		broken := func(reason string) error { return &BrokenError{head.Seq + 1, event, reason} }
		switch {
		case err != nil:
			return broken(err.Error())
		case e.Seq != head.Seq+1:
			return broken(fmt.Sprintf("stands here with number %d: entries were removed, put in or moved", e.Seq))
		case e.Prev != head.SHA256:
			return broken("does not name the line before it: that line was changed or replaced")
		}
		head = Head{e.Seq, sum(line)}
		for _, a := range must[e.Seq] {
			if a != head {
				return broken("is not the entry that was written down under this number")
			}
		}
		delete(must, e.Seq)
		return nil
	})
	if err != nil {
		return head.Seq, head, fmt.Errorf("verify: %w", err)
	}
	for seq := range must {
		return head.Seq, head, fmt.Errorf("verify: %w", &BrokenError{head.Seq + 1, 0, fmt.Sprintf("is missing, and so is everything up to entry %d, which was written", seq)})
	}
	return head.Seq, head, nil
}

// Walk calls f with every entry, oldest first, from a number on. It trusts what it
// reads; Verify is what checks it.
func (l *Log) Walk(ctx context.Context, from uint64, f func(Entry) error) error {
	err := l.lines(ctx, func(_ uint64, line []byte) error {
		e, err := read(line, l.key)
		if err != nil {
			return fmt.Errorf("entry %d %w", e.Seq, err)
		}
		if e.Seq < from {
			return nil
		}
		return f(e)
	})
	if err != nil {
		return fmt.Errorf("read audit log: %w", err)
	}
	return nil
}

// lines calls f with every stored line, in order.
func (l *Log) lines(ctx context.Context, f func(event uint64, line []byte) error) error {
	_, err := l.journal.Replay(ctx, 0, func(seq uint64, subject string, data []byte) error {
		if subject != Subject {
			return nil
		}
		for line := range bytes.SplitSeq(data, []byte{'\n'}) {
			if err := f(seq, line); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}
