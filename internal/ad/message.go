package ad

import "time"

// A Message is a record as it travels on a stream.
type Message struct {
	Subject string            // where it is stored
	ID      string            // idempotency key: a second message with it is not stored
	Header  map[string]string // small facts about Data, readable without parsing it
	Data    []byte

	// The rest is set on reading.
	Seq     uint64    // sequence in its stream
	Time    time.Time // when it was stored
	Attempt int       // deliveries so far, this one included; 1 at first
}
