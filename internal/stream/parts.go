package stream

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"vigil.example/internal/ad"
)

// partsHeader says of a message how many messages before it, without a gap,
// carry the first parts of its data.
const partsHeader = "Nats-Vigil-Parts"

// headerRoom is kept free of the server's limit for subject and headers.
const headerRoom = 8 << 10

// largest is how much data one message may carry to the server.
func (b *Bus) largest() int { return int(b.nc.MaxPayload()) - headerRoom }

// split cuts a message that is too big for the server into parts, the last of
// which carries its subject, id and headers.
func split(m ad.Message, size int) []ad.Message {
	var out []ad.Message
	data := m.Data
	for i := 1; len(data) > size; i++ {
		out = append(out, ad.Message{Subject: partSubject, Data: data[:size]})
		data = data[size:]
	}
	m.Data = data
	m.Header = maps.Clone(m.Header)
	if m.Header == nil {
		m.Header = make(map[string]string, 1)
	}
	m.Header[partsHeader] = strconv.Itoa(len(out))
	return append(out, m)
}

// partsOf returns the sequences of the parts that belong to a message.
func partsOf(h nats.Header, seq uint64) []uint64 {
	v := h[partsHeader]
	if len(v) == 0 {
		return nil
	}
	n, err := strconv.ParseUint(v[0], 10, 16)
	if err != nil || n >= seq {
		return nil
	}
	out := make([]uint64, n)
	for i := range out {
		out[i] = seq - n + uint64(i)
	}
	return out
}

// join puts the parts of a message before its data.
func (b *Bus) join(ctx context.Context, stream string, parts []uint64, data []byte) ([]byte, error) {
	if len(parts) == 0 {
		return data, nil
	}
	s, err := b.js.Stream(ctx, stream)
	if err != nil {
		return nil, err
	}
	var whole []byte
	for _, seq := range parts {
		p, err := s.GetMsg(ctx, seq)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return nil, fmt.Errorf("read part %d: %w", seq, ad.ErrNotFound)
		}
		if err != nil {
			return nil, fmt.Errorf("read part %d: %w", seq, err)
		}
		whole = append(whole, p.Data...)
	}
	return append(whole, data...), nil
}
