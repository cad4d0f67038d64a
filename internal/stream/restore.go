package stream

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/klauspost/compress/s2"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// This file makes streams of snapshots: they go back to the server in pieces, and what it
// made of them is compared with what was taken.

const (
	pieceSize   = 8 << 10 // of a restore, unpacked
	piecesAhead = 32      // pieces of a restore that are under way at once
)

// Restore makes a stream out of a snapshot: sequences, times, headers and ids are
// those of the original; it has no consumers, and ids are refused a second time
// only from the next start of the server on. The stream must not be there, or
// never have held a message. When it fails, nothing of the snapshot is left, and
// an empty stream is as before; a process that dies meanwhile leaves a part. A
// server that flushes every message takes its time, see Config.Restoring.
func (b *Bus) Restore(ctx context.Context, stream string, r io.Reader, info SnapshotInfo) error {
	fail := func(err error) error { return fmt.Errorf("restore stream %s: %w", stream, err) }
	if info.Stream != stream {
		return fail(fmt.Errorf("the snapshot is of stream %s", info.Stream))
	}
	if s, ok := r.(io.ReadSeeker); ok { // look before anything is touched
		if err := info.verify(s); err != nil {
			return fail(err)
		}
	}
	config, err := b.restored(info)
	if err != nil {
		return fail(err)
	}
	was, err := b.clear(ctx, stream)
	if err != nil {
		return fail(err)
	}
	if err := b.restore(ctx, stream, r, info, config); err != nil {
		return fail(errors.Join(err, b.undo(context.WithoutCancel(ctx), stream, was)))
	}
	if err := b.settle(ctx, stream); err != nil {
		return fail(fmt.Errorf("it is there, but %w", err))
	}
	return nil
}

// settle waits until every server that keeps a restored stream has it, and sets it
// up as the table says, which may be otherwise than when the snapshot was made.
func (b *Bus) settle(ctx context.Context, stream string) error {
	for until := time.Now().Add(10 * snapshotIdle); ; {
		s, err := b.js.Stream(ctx, stream)
		if err != nil {
			return err
		}
		i := s.CachedInfo()
		if c := i.Cluster; c != nil && slices.ContainsFunc(c.Replicas, func(p *jetstream.PeerInfo) bool { return !p.Current || p.Lag > 0 }) {
			if !again(ctx, until) {
				return fmt.Errorf("not every server of the cluster has it yet: %w", cmp.Or(ctx.Err(), context.DeadlineExceeded))
			}
			continue
		}
		if d, gen, ok := declared(stream); ok {
			return b.declare(ctx, d, gen, map[string]jetstream.StreamConfig{stream: i.Config})
		}
		return nil
	}
}

// CloseFlushed closes a Bus that was opened for restoring. All of its folder is
// flushed to disk when it returns nil.
func (b *Bus) CloseFlushed() error {
	b.Close()
	return filepath.WalkDir(b.conf.Dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("flush restored streams: %w", err)
		}
		f, err := os.Open(path)
		if err != nil {
			return fmt.Errorf("flush restored streams: %w", err)
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return fmt.Errorf("flush restored streams: %w", err)
		}
		return nil
	})
}

// verify reads a snapshot and goes back to where it began.
func (i SnapshotInfo) verify(r io.ReadSeeker) error {
	at, err := r.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	sum := sha256.New()
	n, err := io.Copy(sum, r)
	if err != nil {
		return err
	}
	if err := i.same(n, sum); err != nil {
		return err
	}
	_, err = r.Seek(at, io.SeekStart)
	return err
}

func (i SnapshotInfo) same(n int64, sum hash.Hash) error {
	if n != i.Bytes {
		return fmt.Errorf("the snapshot has %d bytes, not %d: it is cut off or another's", n, i.Bytes)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != i.SHA256 {
		return fmt.Errorf("the snapshot hashes to %s, not %s: it was changed after it was made", got, i.SHA256)
	}
	return nil
}

// restored is the configuration of the restored stream: as it was, but with the
// replicas that are wanted here.
func (b *Bus) restored(info SnapshotInfo) (json.RawMessage, error) {
	var config map[string]json.RawMessage
	if err := json.Unmarshal(info.Config, &config); err != nil {
		return nil, fmt.Errorf("read the configuration in the snapshot: %w", err)
	}
	config["num_replicas"] = json.RawMessage(strconv.Itoa(max(1, b.conf.Replicas)))
	delete(config, "placement")
	return json.Marshal(config)
}

// clear takes an empty stream away and returns its configuration; nil when there
// was none.
func (b *Bus) clear(ctx context.Context, stream string) (*jetstream.StreamConfig, error) {
	s, err := b.js.Stream(ctx, stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	i := s.CachedInfo()
	if i.State.LastSeq > 0 {
		return nil, fmt.Errorf("it already holds %d messages up to sequence %d: restore to an empty server or folder", i.State.Msgs, i.State.LastSeq)
	}
	return &i.Config, b.js.DeleteStream(ctx, stream)
}

// undo takes away what a failed restore left.
func (b *Bus) undo(ctx context.Context, stream string, was *jetstream.StreamConfig) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	if err := b.js.DeleteStream(ctx, stream); err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
		return fmt.Errorf("delete the unfinished stream: %w; delete it by hand", err)
	}
	if was == nil {
		return nil
	}
	_, err := b.js.CreateStream(ctx, *was)
	return err
}

// restore sends the snapshot and compares what the server made of it.
func (b *Bus) restore(ctx context.Context, stream string, r io.Reader, info SnapshotInfo, config json.RawMessage) error {
	ask, err := json.Marshal(map[string]any{"config": config, "state": info.State})
	if err != nil {
		return err
	}
	var answer struct {
		Error   *jetstream.APIError `json:"error"`
		Deliver string              `json:"deliver_subject"`
	}
	if err := b.request(ctx, "$JS.API.STREAM.RESTORE."+stream, ask, &answer); err != nil {
		return err
	}
	if answer.Error != nil {
		return answer.Error
	}
	s, err := b.sender(answer.Deliver)
	if err != nil {
		return err
	}
	defer func() { _ = s.sub.Unsubscribe() }() // it ends with the connection if not here
	bad := s.chunks(ctx, r, info)
	// In any case the server must hear the end, and we its answer: it has let go of
	// the stream then.
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*snapshotIdle)
	defer cancel()
	made, err := s.finish(end)
	if bad != nil {
		return bad
	}
	if err != nil {
		return err
	}
	state, err := info.state()
	if err != nil {
		return err
	}
	if made.Messages != info.Messages || made.Last != state.Last {
		return fmt.Errorf("the server made a stream of %d messages up to sequence %d, not %d up to %d", made.Messages, made.Last, info.Messages, state.Last)
	}
	return nil
}

// A sender gives the chunks of a snapshot to the server.
type sender struct {
	bus     *Bus
	to      string
	inbox   string
	sub     *nats.Subscription
	pending int
}

func (b *Bus) sender(to string) (*sender, error) {
	s := &sender{bus: b, to: to, inbox: b.nc.NewInbox()}
	var err error
	s.sub, err = b.nc.SubscribeSync(s.inbox)
	return s, err
}

// chunks sends the snapshot, packed anew in small pieces: a server that flushes
// every message to disk takes longer for one of the pieces that it packs itself
// (1 MiB) than it waits for the next. The last piece is held back until the digest
// of the whole is right: without it the server does not take the snapshot for
// whole.
func (s *sender) chunks(ctx context.Context, r io.Reader, info SnapshotInfo) error {
	sum := sha256.New()
	var n counter
	r = io.TeeReader(r, io.MultiWriter(sum, &n))
	unpacked := s2.NewReader(r)
	var packed bytes.Buffer
	pack := s2.NewWriter(&packed, s2.WriterBlockSize(pieceSize), s2.WriterConcurrency(1))
	held, piece := make([]byte, 0, pieceSize), make([]byte, pieceSize)
	give := func() error {
		if len(held) == 0 {
			return nil
		}
		if _, err := pack.Write(held); err != nil {
			return err
		}
		if err := pack.Flush(); err != nil {
			return err
		}
		defer packed.Reset()
		return s.send(ctx, packed.Bytes())
	}
	var damage error
	for damage == nil {
		var k int
		k, damage = io.ReadFull(unpacked, piece)
		if k > 0 {
			if err := give(); err != nil {
				return err
			}
			held = append(held[:0], piece[:k]...)
		}
	}
	if _, err := io.Copy(io.Discard, r); err != nil {
		return err
	}
	if err := info.same(int64(n), sum); err != nil {
		return err
	}
	if !errors.Is(damage, io.EOF) && !errors.Is(damage, io.ErrUnexpectedEOF) {
		return fmt.Errorf("unpack the snapshot: %w", damage)
	}
	return give()
}

type counter int64

func (n *counter) Write(p []byte) (int, error) {
	*n += counter(len(p))
	return len(p), nil
}

func (s *sender) send(ctx context.Context, chunk []byte) error {
	for s.pending >= piecesAhead {
		if err := s.answer(ctx, nil); err != nil {
			return err
		}
	}
	s.pending++
	return s.bus.nc.PublishRequest(s.to, s.inbox, chunk)
}

// answer reads one answer of the server: empty for a chunk, and at the end, or when
// something is wrong, an object.
func (s *sender) answer(ctx context.Context, made *snapshotState) error {
	wait, cancel := context.WithTimeout(ctx, snapshotIdle)
	defer cancel()
	m, err := s.sub.NextMsgWithContext(wait)
	if err != nil {
		return fmt.Errorf("wait for the server: %w", errors.Join(err, context.Cause(ctx)))
	}
	s.pending--
	if m.Header.Get("Status") == "503" {
		return errors.New("the server no longer listens: it was restarted, or found an error before")
	}
	if len(m.Data) == 0 {
		return nil
	}
	var answer struct {
		Error *jetstream.APIError `json:"error"`
		State *snapshotState      `json:"state"`
	}
	if err := json.NewDecoder(bytes.NewReader(m.Data)).Decode(&answer); err != nil {
		return fmt.Errorf("read the answer of the server: %w", err)
	}
	if answer.Error != nil {
		return fmt.Errorf("the server refused the snapshot: %w", answer.Error)
	}
	if made != nil && answer.State != nil {
		*made = *answer.State
	}
	return nil
}

func (s *sender) finish(ctx context.Context) (made snapshotState, err error) {
	s.pending++
	if err := s.bus.nc.PublishRequest(s.to, s.inbox, nil); err != nil {
		return made, err
	}
	for s.pending > 0 {
		if err := s.answer(ctx, &made); err != nil {
			return made, err
		}
	}
	return made, nil
}
