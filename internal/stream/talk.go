package stream

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nuid"
)

// Processes of an instance can tell each other what is of use at that moment alone: it is
// stored nowhere, reaches who listens then, and may be lost. Who needs to know that it
// arrived has to be told so.

// A Talk hears what is told under one name.
type Talk struct {
	sub  *nats.Subscription
	hear func(data []byte)

	partial []*partial // of messages that came in parts, oldest first; the callback's alone
}

// A partial message has not come whole yet.
type partial struct {
	id   string
	next int
	data []byte
	came time.Time // when its last part did
}

const (
	talkPrefix   = "talk."
	talkPart     = "Vigil-Part" // id, number and count
	mostPartials = 64           // messages that are on their way in parts
	partsWithin  = time.Minute  // in which the next one comes; else its teller is gone
	mostUnheard  = 256 << 20    // bytes
)

// Listen has hear called with what is told under a name, one after another, until the
// talk is closed. What comes faster than it is heard is lost beyond 256 MiB. Names have no
// dots or spaces.
func (b *Bus) Listen(name string, hear func(data []byte)) (*Talk, error) {
	t := &Talk{hear: hear}
	sub, err := b.nc.Subscribe(talkPrefix+name, t.take)
	if err == nil {
		err = sub.SetPendingLimits(-1, mostUnheard)
	}
	if err == nil {
		err = b.nc.Flush() // the server knows of it
	}
	if err != nil {
		if sub != nil {
			_ = sub.Unsubscribe()
		}
		return nil, fmt.Errorf("listen to %s: %w", name, err)
	}
	t.sub = sub
	return t, nil
}

// Close ends the talk. What was heard by then may still be under way.
func (t *Talk) Close() { _ = t.sub.Unsubscribe() }

// Tell tells all who listen to a name. That nobody does is no error.
func (b *Bus) Tell(name string, data []byte) error {
	if err := b.connected(); err != nil {
		return err
	}
	m := &nats.Msg{Subject: talkPrefix + name, Data: data}
	size := b.largest()
	n := (len(data) + size - 1) / size
	if n <= 1 {
		return b.tell(name, m)
	}
	id := nuid.Next()
	for i := range n {
		m.Data = data[i*size : min(len(data), (i+1)*size)]
		m.Header = nats.Header{talkPart: {id + " " + strconv.Itoa(i) + " " + strconv.Itoa(n)}}
		if err := b.tell(name, m); err != nil {
			return err
		}
	}
	return nil
}

func (b *Bus) tell(name string, m *nats.Msg) error {
	if err := b.nc.PublishMsg(m); err != nil {
		return fmt.Errorf("tell %s: %w", name, absent(err))
	}
	return nil
}

func (t *Talk) take(m *nats.Msg) {
	part := m.Header.Get(talkPart)
	if part == "" {
		t.hear(m.Data)
		return
	}
	if data := t.join(part, m.Data); data != nil {
		t.hear(data)
	}
}

// join puts a part behind those that came before it, and gives the message once it is
// whole. One of which a part is missing never is.
func (t *Talk) join(part string, data []byte) []byte {
	f := strings.Fields(part)
	if len(f) != 3 {
		return nil
	}
	i, err := strconv.Atoi(f[1])
	n, err2 := strconv.Atoi(f[2])
	if err != nil || err2 != nil {
		return nil
	}
	for k, p := range t.partial {
		if p.id != f[0] {
			continue
		}
		if i != p.next {
			t.partial = append(t.partial[:k], t.partial[k+1:]...)
			return nil
		}
		p.data, p.next, p.came = append(p.data, data...), i+1, time.Now()
		if p.next == n {
			t.partial = append(t.partial[:k], t.partial[k+1:]...)
			return p.data
		}
		return nil
	}
	if i == 0 {
		t.partial = slices.DeleteFunc(t.partial, func(p *partial) bool { return time.Since(p.came) > partsWithin })
		if len(t.partial) == mostPartials {
			t.partial = t.partial[1:]
		}
		t.partial = append(t.partial, &partial{f[0], 1, append([]byte(nil), data...), time.Now()})
	}
	return nil
}
