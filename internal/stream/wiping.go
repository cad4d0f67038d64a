package stream

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/minio/highwayhash"
	"github.com/nats-io/nats-server/v2/server"
)

// The server marks a message as deleted first and overwrites it after that. When
// the process is killed in between, the message is gone for every reader, can no
// longer be deleted, and its bytes stay for ever. A mark beside the streams
// says that one was being erased: at the next start, before the server opens the
// blocks, what is marked as deleted and still there is overwritten, in the way in
// which the server does it.

const wipingPrefix = "erasing-"

func wipingMark(dir, stream string) string { return filepath.Join(dir, wipingPrefix+stream) }

// wiping leaves the mark, if the server runs in this process, and returns what
// takes it away, unless there was an error.
func (b *Bus) wiping(stream string) (done func(error) error, err error) {
	if b.conf.Dir == "" || b.srv == nil {
		return func(err error) error { return err }, nil
	}
	b.wipe.Lock()
	if err := durably(b.conf.Dir, func() error { return os.WriteFile(wipingMark(b.conf.Dir, stream), nil, 0o600) }); err != nil {
		b.wipe.Unlock()
		return nil, fmt.Errorf("note that something is being erased from %s: %w", stream, err)
	}
	return func(err error) error {
		defer b.wipe.Unlock()
		if err != nil { // the server may not have come to overwrite the last one
			return err
		}
		return durably(b.conf.Dir, func() error { return os.Remove(wipingMark(b.conf.Dir, stream)) })
	}, nil
}

// durably changes a folder and flushes it.
func durably(dir string, change func() error) error {
	err := change()
	d, oerr := os.Open(dir)
	if err = errors.Join(err, oerr); err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// finishWiping overwrites what erasures that were cut off have left.
func finishWiping(dir string) error {
	marks, err := like(dir, wipingPrefix+"*")
	if err != nil {
		return fmt.Errorf("look for erasures that were cut off in %s: %w", dir, err)
	}
	for _, mark := range marks {
		stream := strings.TrimPrefix(filepath.Base(mark), wipingPrefix)
		err := finishIn(dir, stream)
		if err == nil {
			err = durably(dir, func() error { return os.Remove(mark) })
		}
		if err != nil {
			return fmt.Errorf("finish erasing from %s: %w", stream, err)
		}
	}
	return nil
}

func finishIn(dir, stream string) error {
	paths, err := like(dir, server.JetStreamStoreDir, "*", "streams", stream, "msgs", "*.blk")
	if err != nil {
		return err
	}
	deleted := map[uint64]bool{}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for r := range records(b) {
			if seq := binary.LittleEndian.Uint64(r[4:]); seq&tombstone != 0 {
				deleted[seq&sequenceMask] = true
			}
		}
	}
	for _, path := range paths {
		if err := overwrite(path, stream, deleted); err != nil {
			return err
		}
	}
	return nil
}

// records yields the records of a block as far as it is whole. They share its
// memory.
func records(b []byte) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for len(b) >= recordHeader+sumSize {
			n := int(binary.LittleEndian.Uint32(b) & lengthMask)
			if n < recordHeader+sumSize || n > len(b) || !yield(b[:n]) {
				return
			}
			b = b[n:]
		}
	}
}

// sumSize is the length of the checksum at the end of a record.
const sumSize = 8

// overwrite makes records of a block that are deleted unreadable, in a new file
// that takes its place.
func overwrite(path, stream string, deleted map[uint64]bool) error {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	key := sha256.Sum256([]byte(stream + "-" + strings.TrimSuffix(filepath.Base(path), ".blk")))
	changed := false
	for r := range records(b) {
		seq := binary.LittleEndian.Uint64(r[4:])
		if seq&^sequenceMask != 0 || !deleted[seq] {
			continue // a mark of deletion, one that was overwritten, or one that is there
		}
		if want := checksum(key[:], r); !bytes.Equal(want, r[len(r)-sumSize:]) {
			return fmt.Errorf("record %d of %s is not as the server wrote it", seq, path)
		}
		clear(r[:recordHeader])
		binary.LittleEndian.PutUint32(r, uint32(len(r)))
		binary.LittleEndian.PutUint64(r[4:], seq|erasedBit)
		rand.Read(r[recordHeader : len(r)-sumSize])
		copy(r[len(r)-sumSize:], checksum(key[:], r))
		changed = true
	}
	if !changed {
		return nil
	}
	tmp := path + ".tmp" // a leftover is swept away
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return durably(filepath.Dir(path), func() error { return os.Rename(tmp, path) })
}

const (
	erasedBit = 1 << 63
	headerBit = 1 << 31
)

// checksum is that of a record: of sequence, time and length of the subject, the
// subject, the headers without their length, and the data.
func checksum(key, r []byte) []byte {
	h, err := highwayhash.NewDigest64(key)
	if err != nil {
		panic(err) // the key has 32 bytes
	}
	_, _ = h.Write(r[4:20])
	data := r[recordHeader : len(r)-sumSize]
	if n := int(binary.LittleEndian.Uint16(r[20:])); binary.LittleEndian.Uint32(r)&headerBit != 0 && n+4 <= len(data) {
		_, _ = h.Write(data[:n])
		data = data[n+4:]
	}
	_, _ = h.Write(data)
	return h.Sum(nil)
}
