package stream

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// Erase deletes messages of a stream so that nothing of them is left in its
// files, and returns how many were there. The parts of a message go with it. Each
// costs the rewriting of a block of up to 8 MiB. The servers of a cluster forget
// it in their logs too when they next condense them, within a few minutes.
func (b *Bus) Erase(ctx context.Context, stream string, seqs []uint64) (erased int, err error) {
	if len(seqs) == 0 {
		return 0, nil
	}
	d, _, ok := declared(stream)
	if !ok || !d.Erasable {
		return 0, fmt.Errorf("erase from %s: nothing may be erased from it", stream)
	}
	s, err := b.js.Stream(ctx, stream)
	if err != nil {
		return 0, fmt.Errorf("erase from %s: %w", stream, err)
	}
	done, err := b.wiping(stream)
	if err != nil {
		return 0, err
	}
	defer func() { err = done(err) }()
	for _, seq := range seqs {
		m, err := s.GetMsg(ctx, seq)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			continue
		}
		if err != nil {
			return erased, fmt.Errorf("erase %d from %s: %w", seq, stream, err)
		}
		for _, part := range append(partsOf(m.Header, seq), seq) { // the message last: a cut-off erasure finds its parts again
			if err := wipe(ctx, s, part); err != nil {
				return erased, fmt.Errorf("erase %d from %s: %w", part, stream, err)
			}
		}
		erased++
	}
	return erased, nil
}

// wipe deletes one message; that it is not there is no error.
func wipe(ctx context.Context, s jetstream.Stream, seq uint64) error {
	err := s.SecureDeleteMsg(ctx, seq)
	if err == nil {
		return nil
	}
	if _, gone := s.GetMsg(ctx, seq); errors.Is(gone, jetstream.ErrMsgNotFound) {
		return nil
	}
	return err
}
