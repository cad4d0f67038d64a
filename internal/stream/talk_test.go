package stream

import (
	"bytes"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// What is told is heard in order and whole, also where it does not fit into one message
// of the server.
func TestTalk(t *testing.T) {
	srv := serve(t, server.Options{JetStream: true, StoreDir: t.TempDir(), MaxPayload: 64 << 10})
	open := func() *Bus {
		b, err := Open(t.Context(), Config{URL: srv.ClientURL()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(b.Close)
		return b
	}
	here, there := open(), open()
	heard := make(chan []byte, 8)
	talk, err := here.Listen("desk", func(b []byte) { heard <- b })
	if err != nil {
		t.Fatal(err)
	}
	var told [][]byte
	for i, n := range []int{0, 10, 500_000, 64 << 10, 3} {
		told = append(told, bytes.Repeat([]byte{byte(i + 1)}, n))
		if err := there.Tell("desk", told[i]); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range told {
		select {
		case got := <-heard:
			if !bytes.Equal(got, want) {
				t.Errorf("message %d: %d bytes, want %d", i, len(got), len(want))
			}
		case <-time.After(patience):
			t.Fatalf("message %d was not heard", i)
		}
	}
	if err := there.Tell("nobody", []byte("hello")); err != nil {
		t.Errorf("nobody listens: %v", err)
	}
	talk.Close()
}

// Parts that come alone, twice or without end are nobody's message.
func TestTalkInParts(t *testing.T) {
	k := &Talk{}
	for _, part := range []string{"", "a", "a 1 2", "a x 2", "a 0 2", "a 0 2", "b 0 3", "b 2 3", "b 1 3"} {
		if got := k.join(part, []byte("x")); got != nil {
			t.Errorf("part %q made a message: %q", part, got)
		}
	}
	for range 3 * mostPartials {
		k.join(time.Now().Format("150405.000000000")+" 0 9", []byte("x"))
	}
	if len(k.partial) > mostPartials {
		t.Errorf("%d messages are kept in parts", len(k.partial))
	}
	k.partial = k.partial[:4]
	for _, p := range k.partial[1:] {
		p.came = time.Now().Add(-2 * partsWithin)
	}
	if k.join("d 0 2", []byte("x")); len(k.partial) != 2 {
		t.Errorf("%d messages are kept in parts, three of them of tellers who are gone", len(k.partial))
	}
	if k.join("c 0 2", []byte("he")); string(k.join("c 1 2", []byte("llo"))) != "hello" {
		t.Error("two parts are no message")
	}
}
