package stream

import (
	"context"
	"encoding/json"
	"errors"
	"io"
)

// SnapshotInfo says what a snapshot holds.
type SnapshotInfo struct {
	Stream   string          `json:"stream"`
	Config   json.RawMessage `json:"config"`   // of the stream, as the server said
	State    json.RawMessage `json:"state"`    // likewise
	Messages uint64          `json:"messages"` // in the snapshot
	Last     uint64          `json:"last"`     // sequence of the stream when it was made
	Bytes    int64           `json:"bytes"`    // length of the snapshot
	SHA256   string          `json:"sha256"`   // of the snapshot, in hex
}

// Snapshot writes all messages of a stream, as the server packs them, while the
// stream may be written to.
func (b *Bus) Snapshot(ctx context.Context, stream string, w io.Writer) (SnapshotInfo, error) {
	return SnapshotInfo{}, errors.ErrUnsupported
}

// Restore puts a snapshot back.
func (b *Bus) Restore(ctx context.Context, stream string, r io.Reader, info SnapshotInfo) error {
	return errors.ErrUnsupported
}
