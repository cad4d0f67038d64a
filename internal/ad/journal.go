package ad

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
)

// A Journal is an append-only stream of events, each under a subject. What people
// decide is kept in journals: users, decisions, the audit log, erasures, replays.
type Journal interface {
	// Append returns once data is stored durably; expect is the sequence of the last
	// event under that subject, 0 for none, and an error that is ErrConflict says
	// that another writer was first. Appending the same id twice may store it once.
	Append(ctx context.Context, subject, id string, data []byte, expect uint64) (seq uint64, err error)
	// Replay calls f for every stored event from sequence from on (0 and 1 are the
	// beginning), in order, up to the newest event at the time of the call, and
	// returns the sequence of the last one.
	Replay(ctx context.Context, from uint64, f func(seq uint64, subject string, data []byte) error) (last uint64, err error)
	// Last returns the newest event under a subject, or ErrNotFound, in a time that
	// does not grow with the journal.
	Last(ctx context.Context, subject string) (seq uint64, data []byte, err error)
}

// An Event is one of several that are stored together; its fields are as in
// Journal.Append.
type Event struct {
	Subject, ID string
	Data        []byte
	Expect      uint64
}

// EventID names an event that is to follow the one of sequence expect under its
// subject. The same event retried has the same id; a different one at the same place,
// or the same one said again later, has not.
func EventID(subject string, expect uint64, data []byte) string {
	h := sha256.New()
	h.Write([]byte(subject + "\x00" + strconv.FormatUint(expect, 10) + "\x00"))
	h.Write(data)
	return hex.EncodeToString(h.Sum(nil)[:16])
}
