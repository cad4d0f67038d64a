package stream

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"vigil.example/internal/ad"
)

const (
	pullExpires = 30 * time.Second // of one request for messages
	pullBeat    = 2 * time.Second  // the server says at least this often that a request is alive
	pullBytes   = 32 << 20         // of messages asked for, or handed out, at once

	// A batch is closed when nothing has come for lull, and after linger at most:
	// a lone message waits a few milliseconds, a flood fills the batch.
	lull   = 4 * time.Millisecond
	linger = 20 * time.Millisecond
)

// A reader without acknowledgements begins again after the last message it has
// seen when one of these happens; nothing is lost by it.
var (
	errGap = errors.New("messages did not come in their order; reading begins again behind the last one seen")
	errCut = errors.New("the connection was lost; reading begins again behind the last message seen")
)

// errStopped says that this process did not run for so long that others have what
// it was given. It is opened anew; what lies on the way to it is nobody's business
// any more.
var errStopped = errors.New("the process was stopped and others have its messages by now; it begins anew")

// A delivery is one message as it came, not yet taken by the reader.
type delivery struct {
	msg      *nats.Msg
	seq      uint64 // in the stream
	n        uint64 // in the consumer, without gaps
	left     uint64 // messages that the consumer has after this one
	attempt  int
	received int64 // nanoseconds since 1970, as stored
}

// A puller keeps requests for messages open at a consumer and queues what comes,
// as far ahead of its reader as it is told.
type puller struct {
	bus     *Bus
	stream  string
	name    string
	base    string // the stream's name without its generation
	gen     int
	ahead   int
	ordered bool
	heads   bool          // messages come without their data
	hold    time.Duration // how long what was given to a process that does not run stays its own; 0 is for ever
	inbox   string
	sub     *nats.Subscription
	status  chan nats.Status
	wake    chan struct{} // holds a token when there is something new for the reader
	done    chan struct{}
	wg      sync.WaitGroup

	mu      sync.Mutex
	queue   []delivery
	bytes   int       // of data in the queue
	want    int       // the reader waits for this many
	owed    int       // messages that open requests may still bring
	heard   time.Time // last sign of life
	arrived time.Time // of the last message
	ran     time.Time // when this process was last seen at work
	next    uint64    // ordered: n of the next message
	err     error     // why nothing comes any more
}

// pull begins to read a consumer. While messages are queued, extend is called
// several times within hold.
func (b *Bus) pull(stream, name string, ahead int, ordered bool, hold time.Duration, extend func([]delivery)) (*puller, error) {
	base, gen := generation(stream)
	p := &puller{
		bus: b, stream: stream, name: name, base: base, gen: gen, ahead: max(1, ahead), ordered: ordered, hold: hold, ran: time.Now(),
		inbox: b.nc.NewInbox(), wake: make(chan struct{}, 1), done: make(chan struct{}), next: 1, want: 1,
		status: b.nc.StatusChanged(nats.CONNECTED, nats.CLOSED),
	}
	var err error
	if p.sub, err = b.nc.Subscribe(p.inbox, p.take); err != nil {
		b.nc.RemoveStatusListener(p.status)
		return nil, err
	}
	if err := p.sub.SetPendingLimits(-1, -1); err != nil {
		return nil, err
	}
	p.mu.Lock()
	p.ask()
	p.mu.Unlock()
	p.wg.Go(func() { p.keep(hold/4, extend) })
	return p, nil
}

// ask opens a request for what there is room for. The lock is held.
func (p *puller) ask() {
	n := p.ahead - len(p.queue) - p.owed
	if p.err != nil || n <= p.ahead/2 && p.owed > 0 || n <= 0 || p.bytes >= pullBytes {
		return
	}
	request := fmt.Appendf(nil, `{"batch":%d,"expires":%d,"idle_heartbeat":%d,"max_bytes":%d}`, n, pullExpires, pullBeat, max(pullBytes, 2*p.bus.nc.MaxPayload()))
	if err := p.bus.nc.PublishRequest("$JS.API.CONSUMER.MSG.NEXT."+p.stream+"."+p.name, p.inbox, request); err != nil {
		return // the keeper asks again
	}
	p.owed += n
	p.heard = time.Now()
}

// fail ends the reading once what is queued is taken. The lock is held.
func (p *puller) fail(err error) {
	if p.err == nil {
		p.err = err
	}
	p.signal()
}

// wasStopped returns an error when the process was stopped for too long.
func (p *puller) wasStopped() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped() {
		return p.err
	}
	return nil
}

// stopped notes that this process runs, and ends the reading when it did not for
// too long. A stopped process has messages in its queue and in its socket that
// were given to others meanwhile; the latter look as if they had just come. The
// keeper sees that it is called often. The lock is held.
func (p *puller) stopped() bool {
	now := time.Now()
	gap := now.Sub(p.ran)
	p.ran = now
	if p.hold > 0 && gap > max(p.hold/2, pullBeat) {
		p.queue, p.bytes, p.owed = nil, 0, 0 // and not given back: it would be taken from others
		p.fail(fmt.Errorf("read consumer %s of %s: %w", p.name, p.stream, errStopped))
	}
	return errors.Is(p.err, errStopped)
}

func (p *puller) signal() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

func (p *puller) gone() error {
	return fmt.Errorf("%w: %s of %s", ErrConsumerGone, p.name, p.stream)
}

func (p *puller) take(m *nats.Msg) {
	d, ok := p.read(m)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heard = time.Now()
	if p.stopped() {
		return
	}
	if !ok {
		p.told(m)
		return
	}
	p.owed, p.arrived = max(0, p.owed-1), p.heard
	if p.err != nil {
		return
	}
	if p.ordered {
		if d.n != p.next {
			p.fail(errGap)
			return
		}
		p.next++
	}
	p.queue, p.bytes = append(p.queue, d), p.bytes+len(m.Data)
	if n := len(p.queue); n == 1 || n == p.want {
		p.signal()
	}
}

// told handles what the server says about a request. The lock is held.
func (p *puller) told(m *nats.Msg) {
	switch what := m.Header.Get("Description"); m.Header.Get("Status") {
	case "100": // a sign of life
	case "503": // nobody answers for this consumer: the keeper finds out why
		p.owed, p.heard = 0, time.Time{}
	case "400", "412":
		p.fail(fmt.Errorf("read consumer %s of %s: the server refuses: %s", p.name, p.stream, what))
	default: // 404, 408 and 409: a request has ended, and its rest will not come
		if strings.EqualFold(what, "consumer deleted") {
			p.fail(p.gone())
			return
		}
		if left, err := strconv.Atoi(m.Header.Get("Nats-Pending-Messages")); err == nil {
			p.owed = max(0, p.owed-left)
		} else {
			p.owed = 0
		}
		p.ask()
	}
}

// keep looks after the requests: a new connection needs new ones, and when the
// server is silent it finds out whether the consumer is still there.
func (p *puller) keep(every time.Duration, extend func([]delivery)) {
	beat := time.NewTicker(pullBeat / 2)
	defer beat.Stop()
	extended, status := time.Now(), p.status
	for {
		select {
		case <-p.done:
			return
		case s, ok := <-status:
			p.mu.Lock()
			switch {
			case !ok || s == nats.CLOSED:
				status = nil
				p.fail(nats.ErrConnectionClosed)
			case p.ordered:
				p.fail(errCut)
			default:
				p.owed = 0
				p.ask()
			}
			p.mu.Unlock()
		case now := <-beat.C:
			p.mu.Lock()
			p.stopped()
			silent := p.err == nil && len(p.queue) < p.ahead && p.bytes < pullBytes && now.Sub(p.heard) > 2*pullBeat
			var queued []delivery
			if extend != nil && now.Sub(extended) >= every {
				queued, extended = append(queued, p.queue...), now
			}
			p.mu.Unlock()
			if len(queued) > 0 {
				extend(queued)
			}
			if silent && p.bus.nc.IsConnected() {
				p.seek()
			}
		}
	}
}

// seek asks whether the consumer is still there, and for messages if it is.
func (p *puller) seek() {
	ctx, cancel := context.WithTimeout(context.Background(), pullBeat)
	defer cancel()
	_, err := p.bus.js.Consumer(ctx, p.stream, p.name)
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case errors.Is(err, jetstream.ErrConsumerNotFound) || errors.Is(err, jetstream.ErrStreamNotFound):
		p.fail(p.gone())
	case err == nil:
		p.owed = 0
		p.ask()
	} // otherwise nobody knows: ask again later
}

// batch waits for a message and returns it with what else comes at once, at most
// max. What came before a failure is returned first.
func (p *puller) batch(ctx context.Context, max int) ([]delivery, error) {
	p.mu.Lock()
	p.want = max
	for len(p.queue) == 0 && p.err == nil {
		p.mu.Unlock()
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-p.wake:
		}
		p.mu.Lock()
	}
	for until := time.Now().Add(linger); len(p.queue) < max && p.err == nil && ctx.Err() == nil; {
		pause := min(lull-time.Since(p.arrived), time.Until(until))
		if pause <= 0 {
			break
		}
		p.mu.Unlock()
		t := time.NewTimer(pause)
		select {
		case <-ctx.Done():
		case <-p.wake:
		case <-t.C:
		}
		t.Stop()
		p.mu.Lock()
	}
	defer p.mu.Unlock()
	if p.stopped() || len(p.queue) == 0 {
		return nil, p.err
	}
	n, size := 0, 0
	for n < len(p.queue) && n < max && (n == 0 || size+len(p.queue[n].msg.Data) <= pullBytes) {
		size += len(p.queue[n].msg.Data)
		n++
	}
	out := p.queue[:n:n]
	p.queue, p.bytes = p.queue[n:], p.bytes-size
	p.ask()
	return out, nil
}

// close stops reading and returns what was queued but not taken.
func (p *puller) close() []delivery {
	_ = p.sub.Unsubscribe() // fails only on a closed connection
	p.bus.nc.RemoveStatusListener(p.status)
	close(p.done)
	p.wg.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fail(errors.New("the reader was closed"))
	left := p.queue
	p.queue = nil
	return left
}

// read parses where a message stands from the subject on which it is
// acknowledged: $JS.ACK.[domain.account.]stream.consumer.attempt.seq.n.time.left[.random].
func (p *puller) read(m *nats.Msg) (d delivery, ok bool) {
	rest, ok := strings.CutPrefix(m.Reply, "$JS.ACK.")
	if !ok {
		return d, false
	}
	skip := 2
	if strings.Count(rest, ".") > 6 {
		skip = 4
	}
	var v [5]uint64
	for i := range skip + len(v) {
		var token string
		token, rest, _ = strings.Cut(rest, ".")
		if i < skip {
			continue
		}
		n, err := strconv.ParseUint(token, 10, 64)
		if err != nil {
			return d, false
		}
		v[i-skip] = n
	}
	return delivery{msg: m, attempt: int(v[0]), seq: v[1], n: v[2], received: int64(v[3]), left: v[4]}, true
}

// message makes what readers see of a delivery; false for what is hidden. A
// message whose parts are lost comes without data, so that its reader says so.
func (p *puller) message(ctx context.Context, d delivery) (ad.Message, bool, error) {
	plain := offWire(p.gen, d.msg.Subject)
	if hidden(plain) {
		return ad.Message{}, false, nil
	}
	if p.heads {
		return message(plain, d.msg.Header, nil, d.seq, time.Unix(0, d.received).UTC(), d.attempt), true, nil
	}
	data, err := p.bus.join(ctx, p.stream, partsOf(d.msg.Header, d.seq), d.msg.Data)
	if err != nil && !errors.Is(err, ad.ErrNotFound) {
		return ad.Message{}, false, fmt.Errorf("read %s at %d: %w", p.stream, d.seq, err)
	}
	return message(plain, d.msg.Header, data, d.seq, time.Unix(0, d.received).UTC(), d.attempt), true, nil
}

func message(subject string, h nats.Header, data []byte, seq uint64, t time.Time, attempt int) ad.Message {
	m := ad.Message{Subject: subject, Data: data, Seq: seq, Time: t, Attempt: attempt}
	for k, v := range h {
		switch {
		case k == nats.MsgIdHdr:
			m.ID = v[0]
		case strings.HasPrefix(k, "Nats-"):
		default:
			if m.Header == nil {
				m.Header = make(map[string]string, 2)
			}
			m.Header[k] = v[0]
		}
	}
	return m
}
