package stream

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"
)

// Trim gives up the messages of a stream up to and including a sequence.
func (b *Bus) Trim(ctx context.Context, stream string, upTo uint64) error {
	s, err := b.js.Stream(ctx, stream)
	if err != nil {
		return fmt.Errorf("trim %s: %w", stream, err)
	}
	if err := s.Purge(ctx, jetstream.WithPurgeSequence(upTo+1)); err != nil {
		return fmt.Errorf("trim %s up to %d: %w", stream, upTo, err)
	}
	return nil
}

// Cut returns the highest sequence, upTo at most, at which Trim leaves nothing of
// what it gave up on the disk; 0 when there is none. The server removes whole
// blocks; within the block where a trim ends it only forgets, and what it has
// forgotten can no longer be erased. Where the files of the server cannot be seen
// it is upTo.
func (b *Bus) Cut(stream string, upTo uint64) (uint64, error) {
	if b.conf.Dir == "" || b.nc.ConnectedServerName() != embeddedName {
		return upTo, nil
	}
	blocks, err := like(b.conf.Dir, server.JetStreamStoreDir, "*", "streams", stream, "msgs", "*.blk")
	if err != nil {
		return 0, fmt.Errorf("look at the blocks of %s: %w", stream, err)
	}
	var cut uint64
	for _, path := range blocks {
		first, err := firstIn(path)
		if err != nil && !errors.Is(err, os.ErrNotExist) { // it may just have been removed
			return 0, fmt.Errorf("look at a block of %s: %w", stream, err)
		}
		if first > 0 && first-1 <= upTo {
			cut = max(cut, first-1)
		}
	}
	return cut, nil
}

// The header of a record in a block: its length with a bit for headers, its
// sequence with bits for erased ones and tombstones, its time, and the length of
// its subject.
const (
	recordHeader = 4 + 8 + 8 + 2
	lengthMask   = 1<<31 - 1
	tombstone    = 1 << 62
	sequenceMask = 1<<62 - 1
)

// firstIn returns the first sequence in a block; 0 when it holds only tombstones.
func firstIn(path string) (uint64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }() // only read
	var head [recordHeader]byte
	for at := int64(0); ; {
		if _, err := f.ReadAt(head[:], at); errors.Is(err, io.EOF) {
			return 0, nil
		} else if err != nil {
			return 0, err
		}
		length, seq := binary.LittleEndian.Uint32(head[:])&lengthMask, binary.LittleEndian.Uint64(head[4:])
		if seq&tombstone == 0 {
			return seq & sequenceMask, nil
		}
		if length < recordHeader {
			return 0, fmt.Errorf("%s has a record of %d bytes", path, length)
		}
		at += int64(length)
	}
}
