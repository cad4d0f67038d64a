package stream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"

	"vigil.example/internal/ad"
)

// A Pen writes streams for one role. It puts what belongs to a derived stream
// into its generation of it, so that a role publishes plain subjects; and when it
// is fenced, the server refuses what it sends once another owner has come after.
//
// A fence is a message that a new owner leaves in every stream that it writes.
// Everything that the owner sends says: store this only while my fence is the
// newest of my role. So what is in the stream between two fences is of the first
// one's owner, whatever a stopped process sends when it wakes up. A fence is set
// in three steps that leave no gap:
//
//  1. read the newest fence of the role
//  2. renew the lease: after step 1 we were still its holder
//  3. store ours, if the newest is still that of step 1
//
// A Pen is safe for use by several goroutines; a fenced one serves them one after
// the other for each stream, because in a cluster two messages in flight that
// check the same subject refuse each other.
type Pen struct {
	bus   *Bus
	gen   int
	role  string // "" without fences
	lease *Lease
	self  mark

	fences map[string]*fence // by the base name of the stream; nil without
}

// mark is what a fence says about its owner.
type mark struct {
	Pen   string    `json:"pen"` // of this one pen
	Owner string    `json:"owner"`
	Host  string    `json:"host"`
	PID   int       `json:"pid"`
	At    time.Time `json:"at"`
}

type fence struct {
	stream  string
	subject string

	mu  sync.Mutex // one publish at a time
	seq uint64
}

// Pen returns one without fences, for the roles of which several may work at a
// time.
func (b *Bus) Pen(gen int) *Pen { return &Pen{bus: b, gen: gen} }

// Fenced returns a pen for the holder of the lease that is named like the role,
// which this process must hold, and sets its fences in the streams (base names,
// as in the table). An earlier pen of the role is fenced out by it, in the same
// process too. It returns ErrFenced when the lease is lost.
func (b *Bus) Fenced(ctx context.Context, role string, gen int, streams ...string) (*Pen, error) {
	held, ok := b.held.Load(role)
	if !ok {
		return nil, fmt.Errorf("fence %s: this process does not hold its lease", role)
	}
	l, _ := held.(*Lease) // nothing else is stored there
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host" // for people only
	}
	p := &Pen{bus: b, gen: gen, role: role, lease: l, fences: map[string]*fence{}}
	p.self = mark{nuid.Next(), l.self.Owner, host, os.Getpid(), time.Now().UTC().Truncate(time.Second)}
	for _, s := range streams {
		d, _, ok := declared(s)
		if !ok || d.Name != s || !d.Fenced {
			return nil, fmt.Errorf("fence %s: stream %s takes no fences", role, s)
		}
		name := s
		if d.Derived {
			name = Named(s, gen)
		}
		f := &fence{stream: name, subject: fenceSubject(name, role)}
		if err := p.set(ctx, f); err != nil {
			return nil, err
		}
		p.fences[s] = f
	}
	return p, nil
}

// set stores this pen's fence after whatever fence is there.
func (p *Pen) set(ctx context.Context, f *fence) error {
	for wait := firstWait; ; wait = next(wait) {
		newest, found, err := p.bus.newest(ctx, f.stream, f.subject)
		if err != nil {
			return fmt.Errorf("fence %s of %s: %w", f.stream, p.role, err)
		}
		if found && newest.of(p.self) {
			f.seq = newest.seq // the answer to an earlier try got lost
			return nil
		}
		if err := p.lease.renew(ctx); err != nil {
			return p.refused(f.stream, err)
		}
		m, err := p.mark(f)
		if err != nil {
			return err
		}
		m.Header = expect(newest.seq)
		if f.seq, err = p.bus.store(ctx, []ad.Message{m}, nil); err == nil {
			return nil
		}
		if !wrongSeq(err) {
			return fmt.Errorf("fence %s of %s: %w", f.stream, p.role, err)
		}
		if err := pause(ctx, wait); err != nil {
			return fmt.Errorf("fence %s of %s: %w", f.stream, p.role, err)
		}
	}
}

func (p *Pen) mark(f *fence) (ad.Message, error) {
	data, err := json.Marshal(p.self)
	if err != nil {
		return ad.Message{}, fmt.Errorf("fence %s of %s: %w", f.stream, p.role, err)
	}
	return ad.Message{Subject: f.subject, Data: data}, nil
}

// expect makes the server store a message only while the newest of its subject
// has the sequence.
func expect(seq uint64) map[string]string {
	return map[string]string{nats.ExpectedLastSubjSeqHdr: strconv.FormatUint(seq, 10)}
}

// refused is ErrFenced with what is known about the reason; a lost lease is one,
// a server that does not answer is not.
func (p *Pen) refused(stream string, why error) error {
	if errors.Is(why, ErrLeaseLost) {
		return fmt.Errorf("write %s as %s: %w: %w", stream, p.role, ErrFenced, why)
	}
	return fmt.Errorf("write %s as %s: %w", stream, p.role, why)
}

// Publish stores messages, in order, as Bus.Publish does. A fenced pen returns
// ErrFenced when another owner came after; of messages that go in several batches
// the first may be stored then.
func (p *Pen) Publish(ctx context.Context, msgs []ad.Message) error {
	_, err := p.Store(ctx, msgs)
	return err
}

// Store is Publish that returns the sequence of the last message; 0 when there was
// none, or its id was known.
func (p *Pen) Store(ctx context.Context, msgs []ad.Message) (last uint64, err error) {
	if len(msgs) == 0 {
		return 0, nil
	}
	if p.fences == nil {
		return p.bus.store(ctx, p.wire(msgs), nil)
	}
	f, err := p.fence(msgs[0].Subject)
	if err != nil {
		return 0, err
	}
	return p.guarded(ctx, f, func(g *guard) (uint64, error) { return p.bus.store(ctx, p.wire(msgs), g) })
}

// Append stores one event as Bus.Append does. A fenced pen returns ErrFenced when
// another owner came after, and ErrConflict when the last event of the subject is
// another than expected.
func (p *Pen) Append(ctx context.Context, subject, id string, data []byte, last uint64) (uint64, error) {
	m := p.wire([]ad.Message{{Subject: subject, ID: id, Data: data}})
	if p.fences == nil {
		return p.bus.Append(ctx, m[0].Subject, id, data, last)
	}
	f, err := p.fence(subject)
	if err != nil {
		return 0, err
	}
	// A message can expect one thing only: the fence goes along once more, in the
	// same atomic batch, and checks itself.
	again, err := p.mark(f)
	if err != nil {
		return 0, err
	}
	m[0].Header = expect(last)
	if err := p.bus.space.room(len(data)); err != nil {
		return 0, fmt.Errorf("append to %s: %w", subject, err)
	}
	return p.guarded(ctx, f, func(g *guard) (uint64, error) {
		ctx, cancel := p.bus.answered(ctx)
		defer cancel()
		seq, err := p.bus.atomic(ctx, []ad.Message{again, m[0]}, g)
		if err == nil {
			f.seq = seq - 1
			return seq, nil
		}
		if code(err) == codeDuplicate {
			return 0, fmt.Errorf("append to %s: id is already stored: %w", subject, ErrConflict)
		}
		if !wrongSeq(err) {
			return 0, err
		}
		newest, _, other := p.bus.newest(ctx, f.stream, m[0].Subject)
		if other == nil && newest.seq != last {
			err = fmt.Errorf("append to %s: %w: %w", subject, ErrConflict, err)
		}
		return 0, err
	})
}

// guarded stores behind a fence. A refusal is looked into: the newest fence may be
// another's (ErrFenced), or ours was trimmed away (it is set again), or it is
// another expectation that does not hold (store says ErrConflict), or two messages
// met on their way through a cluster, which passes.
func (p *Pen) guarded(ctx context.Context, f *fence, store func(*guard) (uint64, error)) (uint64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for wait := firstWait; ; wait = next(wait) {
		if !p.lease.Held() {
			return 0, p.refused(f.stream, context.Cause(p.lease.ctx))
		}
		seq, err := store(&guard{f.subject, f.seq})
		if err == nil || !wrongSeq(err) {
			return seq, err
		}
		if other := p.look(ctx, f); other != nil {
			return 0, other
		}
		if errors.Is(err, ErrConflict) {
			return 0, err
		}
		if err := pause(ctx, wait); err != nil {
			return 0, fmt.Errorf("write %s as %s: %w", f.stream, p.role, err)
		}
	}
}

// look finds out whether the newest fence is still this pen's.
func (p *Pen) look(ctx context.Context, f *fence) error {
	newest, found, err := p.bus.newest(ctx, f.stream, f.subject)
	switch {
	case err != nil:
		return fmt.Errorf("write %s as %s: %w", f.stream, p.role, err)
	case !found: // trimmed away with what was before it
		return p.set(ctx, f)
	case newest.of(p.self):
		f.seq = newest.seq
		return nil
	case newest.seq < f.seq: // a server that is behind
		return nil
	}
	var by mark
	// One that cannot be read is another's all the same.
	_ = json.Unmarshal(newest.data, &by)
	return fmt.Errorf("write %s as %s: %w: %s (process %d on %s, at %s)", f.stream, p.role, ErrFenced,
		by.Owner, by.PID, by.Host, by.At.Format(time.RFC3339))
}

// wire gives messages their subjects in this pen's generation.
func (p *Pen) wire(msgs []ad.Message) []ad.Message {
	if p.gen <= 1 {
		return msgs
	}
	out := make([]ad.Message, len(msgs))
	for i, m := range msgs {
		if d, ok := takes(m.Subject); ok && d.Derived {
			m.Subject = onWire(p.gen, m.Subject)
		}
		out[i] = m
	}
	return out
}

func (p *Pen) fence(subject string) (*fence, error) {
	d, ok := takes(subject)
	if !ok {
		return nil, fmt.Errorf("publish to %s: no stream takes it", subject)
	}
	f, ok := p.fences[d.Name]
	if !ok {
		return nil, fmt.Errorf("publish to %s: the pen of %s has no fence in %s", subject, p.role, d.Name)
	}
	return f, nil
}

// takes finds the declaration of the stream that takes a plain subject.
func takes(subject string) (Declaration, bool) {
	first, _, _ := strings.Cut(subject, ".")
	for _, d := range Table() {
		for _, s := range d.Subjects {
			if head, _, _ := strings.Cut(s, "."); head == first {
				return d, true
			}
		}
	}
	return Declaration{}, false
}

const (
	firstWait = 2 * time.Millisecond
	mostWait  = 200 * time.Millisecond
)

func next(wait time.Duration) time.Duration { return min(2*wait, mostWait) }

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

// A stored is the newest message of a subject.
type stored struct {
	seq  uint64
	data []byte
}

func (s stored) of(m mark) bool {
	var by mark
	return json.Unmarshal(s.data, &by) == nil && by.Pen == m.Pen
}

// newest reads the newest message of a subject from the leader of the stream: any
// other server of a cluster may be behind.
func (b *Bus) newest(ctx context.Context, stream, subject string) (s stored, found bool, err error) {
	ask, err := json.Marshal(map[string]string{"last_by_subj": subject})
	if err != nil {
		return stored{}, false, fmt.Errorf("read the newest of %s: %w", subject, err)
	}
	var answer struct {
		Error   *jetstream.APIError `json:"error"`
		Message struct {
			Seq  uint64 `json:"seq"`
			Data []byte `json:"data"`
		} `json:"message"`
	}
	if err := b.request(ctx, "$JS.API.STREAM.MSG.GET."+stream, ask, &answer); err != nil {
		return stored{}, false, fmt.Errorf("read the newest of %s: %w", subject, err)
	}
	if e := answer.Error; e != nil {
		if e.ErrorCode == jetstream.JSErrCodeMessageNotFound {
			return stored{}, false, nil
		}
		return stored{}, false, fmt.Errorf("read the newest of %s: %w", subject, e)
	}
	return stored{answer.Message.Seq, answer.Message.Data}, true, nil
}

// request asks the server for something that the client library has no call for.
func (b *Bus) request(ctx context.Context, subject string, ask []byte, answer any) error {
	ctx, cancel := b.answered(ctx)
	defer cancel()
	m, err := b.nc.RequestWithContext(ctx, subject, ask)
	if err != nil {
		return cause(ctx, err)
	}
	return json.Unmarshal(m.Data, answer)
}
