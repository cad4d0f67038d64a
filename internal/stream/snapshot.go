package stream

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/s2"
	"github.com/nats-io/nats-server/v2/server/archive"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"vigil.example/internal/ad"
)

// A snapshot is the server's own: every message with its subject, headers,
// sequence and time, packed and compressed (STREAM.SNAPSHOT and STREAM.RESTORE of
// the JetStream API, which the client library has no calls for). The server sends
// it in chunks, each of which asks to be answered so that it keeps to our pace, and
// ends with an empty one; back it goes the same way.

const (
	chunkSize    = 256 << 10        // of a snapshot
	snapshotIdle = 20 * time.Second // the longest silence of a server at work
)

// SnapshotInfo says what a snapshot holds. It is needed to put it back.
type SnapshotInfo struct {
	Stream   string          `json:"stream"`
	Config   json.RawMessage `json:"config"`   // of the stream, as the server said
	State    json.RawMessage `json:"state"`    // likewise, when the snapshot began
	Messages uint64          `json:"messages"` // counted in the snapshot
	Last     uint64          `json:"last"`     // the stream's last sequence when it began
	Bytes    int64           `json:"bytes"`    // length of the snapshot
	SHA256   string          `json:"sha256"`   // of the snapshot, in hex
}

// Snapshot writes the messages that a stream holds at this moment, while it may be
// written to, and without its consumers. The stream of a bucket is named KV_ and
// its name. What was written is read along: it is a whole snapshot when the error
// is nil. w must not block for more than 5 s.
func (b *Bus) Snapshot(ctx context.Context, stream string, w io.Writer) (SnapshotInfo, error) {
	info := SnapshotInfo{Stream: stream}
	fail := func(err error) (SnapshotInfo, error) { return info, fmt.Errorf("snapshot stream %s: %w", stream, err) }
	inbox := b.nc.NewInbox()
	sub, err := b.nc.SubscribeSync(inbox)
	if err != nil {
		return fail(err)
	}
	defer func() { _ = sub.Unsubscribe() }()             // it ends with the connection if not here
	if err := sub.SetPendingLimits(-1, -1); err != nil { // the server keeps to 8 MiB
		return fail(err)
	}
	ask, err := json.Marshal(map[string]any{"deliver_subject": inbox, "no_consumers": true, "chunk_size": chunkSize})
	if err != nil {
		return fail(err)
	}
	var answer struct {
		Error  *jetstream.APIError `json:"error"`
		Config json.RawMessage     `json:"config"`
		State  json.RawMessage     `json:"state"`
	}
	if err := b.request(ctx, "$JS.API.STREAM.SNAPSHOT."+stream, ask, &answer); err != nil {
		return fail(err)
	}
	if answer.Error != nil {
		if answer.Error.ErrorCode == jetstream.JSErrCodeStreamNotFound {
			return fail(ad.ErrNotFound)
		}
		return fail(answer.Error)
	}
	info.Config, info.State = answer.Config, answer.State
	state, err := info.state()
	if err != nil {
		return fail(err)
	}
	info.Last = state.Last

	sum := sha256.New()
	check := newInspection()
	info.Bytes, err = receive(ctx, sub, io.MultiWriter(w, sum, check))
	info.Messages, err = check.end(err)
	if err != nil {
		return fail(err)
	}
	info.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return info, nil
}

// Lacks is how many messages the stream says it holds that the server could not
// read, so that they are not in the snapshot.
func (i SnapshotInfo) Lacks() uint64 {
	s, err := i.state()
	if err != nil || i.Messages >= s.Messages {
		return 0
	}
	return s.Messages - i.Messages
}

type snapshotState struct {
	Messages uint64 `json:"messages"`
	Last     uint64 `json:"last_seq"`
}

func (i SnapshotInfo) state() (s snapshotState, err error) {
	if err := json.Unmarshal(i.State, &s); err != nil {
		return s, fmt.Errorf("read the state of the stream: %w", err)
	}
	return s, nil
}

// receive writes the chunks that arrive, in order and without a gap.
func receive(ctx context.Context, sub *nats.Subscription, w io.Writer) (n int64, err error) {
	for chunk := 1; ; chunk++ {
		wait, cancel := context.WithTimeout(ctx, snapshotIdle)
		m, err := sub.NextMsgWithContext(wait)
		cancel()
		if err != nil {
			return n, fmt.Errorf("wait for chunk %d: %w", chunk, errors.Join(err, context.Cause(ctx)))
		}
		if len(m.Data) == 0 {
			if status := m.Header.Get("Status"); status != "" && status != "204" {
				return n, fmt.Errorf("the server gave up after %d bytes: %s %s", n, status, m.Header.Get("Description"))
			}
			return n, nil
		}
		if m.Reply != "" { // the last has none
			if at := m.Reply[strings.LastIndexByte(m.Reply, '.')+1:]; at != strconv.Itoa(chunk) {
				return n, fmt.Errorf("chunk %d came after chunk %d: the connection was interrupted", chunk, chunk-1)
			}
		}
		if _, err := w.Write(m.Data); err != nil {
			return n, err
		}
		n += int64(len(m.Data))
		if m.Reply != "" {
			if err := m.Respond(nil); err != nil {
				return n, fmt.Errorf("answer chunk %d: %w", chunk, err)
			}
		}
	}
}

// An inspection reads a snapshot while it is written and counts its messages.
type inspection struct {
	*io.PipeWriter
	done     chan struct{}
	messages uint64
	err      error
}

func newInspection() *inspection {
	r, w := io.Pipe()
	i := &inspection{PipeWriter: w, done: make(chan struct{})}
	go func() {
		defer close(i.done)
		i.messages, i.err = inspect(r)
		r.CloseWithError(i.err)
	}()
	return i
}

// end waits for the inspection of what was written; err is why no more is.
func (i *inspection) end(err error) (uint64, error) {
	i.CloseWithError(err)
	<-i.done
	if err == nil {
		err = i.err
	}
	return i.messages, err
}

func inspect(r io.Reader) (messages uint64, err error) {
	a := archive.NewReader(s2.NewReader(r))
	for {
		h, err := a.Next()
		if errors.Is(err, archive.ErrInvalidArchive) && messages == 0 {
			return 0, fmt.Errorf("%w; the server must be NATS 2.15 or newer", err)
		}
		if err != nil {
			return messages, fmt.Errorf("the snapshot breaks off after message %d: %w", messages, err)
		}
		switch {
		case h.Sequence > 0:
			messages++
		case h.Name == "":
			_, err := io.Copy(io.Discard, r) // what closes the compression
			return messages, err
		}
	}
}
