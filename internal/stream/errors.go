package stream

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"vigil.example/internal/ad"
)

// ErrConflict says that another writer appended to the subject first. It is the
// noun's own error, so that the rooms that write decisions know it without
// knowing this one.
var ErrConflict = ad.ErrConflict

// ErrFull is the noun's own error too.
var ErrFull = ad.ErrFull

// codeNotClustered is the answer of a single server that is to keep several replicas.
const codeNotClustered = 10074

// ErrAway is the noun's own error too.
var ErrAway = ad.ErrAway

// absent marks an error that says that the server cannot be reached or does not
// answer; others stay as they are.
func absent(err error) error {
	if err == nil || errors.Is(err, ErrAway) {
		return err
	}
	if code(err) == codeNoLeader {
		return fmt.Errorf("%w: %w", ErrAway, err)
	}
	for _, e := range []error{
		nats.ErrDisconnected, nats.ErrTimeout, nats.ErrNoResponders, nats.ErrReconnectBufExceeded, nats.ErrConnectionReconnecting,
		jetstream.ErrNoStreamResponse, context.DeadlineExceeded,
	} {
		if errors.Is(err, e) {
			return fmt.Errorf("%w: %w", ErrAway, err)
		}
	}
	return err
}

// ErrConsumerGone says that somebody deleted the consumer. What it had not
// acknowledged comes again when it is opened anew.
var ErrConsumerGone = errors.New("the consumer was deleted")

// ErrFenced says that another owner of a lease has taken over: nothing was
// stored, and nothing will be by this one. It is final: trying again is in vain.
var ErrFenced error = fenced{}

type fenced struct{}

func (fenced) Error() string { return "another owner has taken over" }
func (fenced) Final() bool   { return true }

// tooBig says that a message will never fit.
type tooBig struct {
	id, subject string
	size, limit int
}

func (e tooBig) Error() string {
	return fmt.Sprintf("publish %s to %s: its %d bytes are more than the server takes at once (%d)", e.id, e.subject, e.size, e.limit)
}

// Permanent tells the pump that trying again is in vain.
func (tooBig) Permanent() bool { return true }
