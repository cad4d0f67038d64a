package stream

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"

	"vigil.example/internal/ad"
)

// A lease gives one process at a time the right to a singleton's work. It is a
// key that its holder writes again and again; who waits for it takes it over when
// its revision has not moved for the TTL. Each measures time with its own
// monotonic clock, from moments that it saw itself, so no two clocks need agree.
//
//	holder   sends a renewal every TTL/3; it has lost the lease when the newest
//	         that succeeded was sent TTL*2/3 ago
//	waiter   counts from when it first read a revision, which is after that
//	         revision was sent: when it has waited for TTL, the holder is done
//
// A holder that was stopped, or whose clock runs slow, can still believe: what it
// may publish by then is up to the fence, see Pen.

// ErrLeaseLost says that a lease has run out or was taken over.
var ErrLeaseLost = errors.New("the lease is lost")

// leaseTTL is used when LeaseOptions say nothing.
const leaseTTL = 6 * time.Second

// LeaseOptions say how a lease is asked for.
type LeaseOptions struct {
	TTL   time.Duration // how long an owner that is gone blocks others; 0 means 6 s
	Owner string        // who asks, in words for people
	Sole  bool          // nobody else can be there: take it at once, and hold it without renewing it
}

// LeaseInfo says who holds a lease.
type LeaseInfo struct {
	Name    string
	Owner   string
	Host    string
	PID     int
	Since   time.Time     // by the owner's clock
	TTL     time.Duration // after which it is free if not renewed
	Renewed time.Time     // by the server's clock
}

// holding is what the key of a lease says about its holder.
type holding struct {
	Token string        `json:"token"` // of this one time of holding it
	Owner string        `json:"owner"`
	Host  string        `json:"host"`
	PID   int           `json:"pid"`
	Since time.Time     `json:"since"`
	TTL   time.Duration `json:"ttl"`
}

func (h holding) String() string {
	return fmt.Sprintf("%s (process %d on %s, since %s)", cmp.Or(h.Owner, "somebody"), h.PID, h.Host, h.Since.Format(time.RFC3339))
}

// A Lease is held from the moment Bus.Lease returns it until its Context ends.
type Lease struct {
	bus  *Bus
	kv   jetstream.KeyValue
	name string
	self holding

	ctx  context.Context // kept because the lease is the life that it bounds
	end  context.CancelCauseFunc
	done chan struct{} // closed when nothing renews any more

	sole     bool
	epoch    uint64     // revision with which it was taken
	renewing sync.Mutex // one renewal at a time
	revision uint64

	mu     sync.Mutex
	sent   time.Time // when the newest renewal that succeeded was sent
	expiry *time.Timer
}

// Lease waits until this process holds the lease of a name. Its Context ends when
// ctx does, when it is released, and, with the cause ErrLeaseLost, when it is
// lost; nothing is retried then: ask for it again.
func (b *Bus) Lease(ctx context.Context, name string, o LeaseOptions) (*Lease, error) {
	kv, err := b.bucket(Leases)
	if err != nil {
		return nil, err
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host" // for people only
	}
	l := &Lease{bus: b, kv: kv, name: name, sole: o.Sole, done: make(chan struct{})}
	l.self = holding{nuid.Next(), o.Owner, host, os.Getpid(), time.Now().UTC().Truncate(time.Second), cmp.Or(o.TTL, leaseTTL)}
	if err := l.take(ctx, o.Sole); err != nil {
		return nil, err
	}
	l.ctx, l.end = context.WithCancelCause(ctx)
	l.mu.Lock()
	l.expiry = time.AfterFunc(l.left(), l.lapse)
	l.mu.Unlock()
	b.held.Store(name, l)
	go l.keep()
	return l, nil
}

// take waits for the key to be free and writes it.
func (l *Lease) take(ctx context.Context, sole bool) error {
	// The watch only wakes us up; what counts is what is read.
	w, err := l.kv.Watch(ctx, l.name)
	if err != nil {
		return fmt.Errorf("wait for lease %s: %w", l.name, err)
	}
	defer func() { _ = w.Stop() }() // it ends with the connection if not here
	var holder holding
	var seen uint64
	var since time.Time
	for {
		h, revision, err := l.read(ctx)
		wait := l.self.TTL / 4
		if err == nil {
			if revision != seen {
				seen, since, holder = revision, time.Now(), h
			}
			left := max(l.self.TTL, holder.TTL) - time.Since(since)
			if sole || revision == 0 || left <= 0 {
				if err = l.write(ctx, revision); err == nil {
					return nil
				}
			} else {
				wait = min(wait, left)
			}
		}
		if errors.Is(err, jetstream.ErrKeyExists) || errors.Is(err, jetstream.ErrKeyRevisionMismatch) {
			wait = 0 // it moved: look again
		}
		select {
		case <-ctx.Done():
			if err == nil && holder.Token != "" {
				return fmt.Errorf("wait for lease %s, held by %s: %w", l.name, holder, context.Cause(ctx))
			}
			return fmt.Errorf("wait for lease %s: %w", l.name, errors.Join(context.Cause(ctx), err))
		case <-time.After(wait):
		case _, ok := <-w.Updates():
			if !ok {
				again, err := l.kv.Watch(ctx, l.name)
				if err != nil {
					return fmt.Errorf("wait for lease %s: %w", l.name, err)
				}
				w = again
			}
		}
	}
}

// write puts the key if its revision is still the given one.
func (l *Lease) write(ctx context.Context, revision uint64) error {
	value, err := json.Marshal(l.self)
	if err != nil {
		return fmt.Errorf("write lease %s: %w", l.name, err)
	}
	sent := time.Now()
	if revision == 0 {
		revision, err = l.kv.Create(ctx, l.name, value)
	} else {
		revision, err = l.kv.Update(ctx, l.name, value, revision)
	}
	if err != nil {
		return fmt.Errorf("write lease %s: %w", l.name, err)
	}
	l.revision = revision
	if l.epoch == 0 {
		l.epoch = revision
	}
	l.mu.Lock()
	l.sent = sent
	l.mu.Unlock()
	return nil
}

// read returns what the key says now, and its revision.
func (l *Lease) read(ctx context.Context) (holding, uint64, error) {
	var h holding
	e, err := l.kv.Get(ctx, l.name)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return h, 0, nil
	}
	if err != nil {
		return h, 0, fmt.Errorf("read lease %s: %w", l.name, err)
	}
	// What cannot be read is nobody's, and has no TTL of its own.
	_ = json.Unmarshal(e.Value(), &h)
	return h, e.Revision(), nil
}

// keep renews the lease until it ends.
func (l *Lease) keep() {
	defer close(l.done)
	if l.sole {
		<-l.ctx.Done()
		l.expiry.Stop()
		return
	}
	wait := l.self.TTL / 3
	for {
		select {
		case <-l.ctx.Done():
			l.expiry.Stop()
			return
		case <-time.After(wait):
		}
		wait = l.self.TTL / 3
		if err := l.renew(l.ctx); err != nil {
			wait = l.self.TTL / 20 // the server may be back soon
		}
	}
}

// renew writes the key once more. When somebody else has, the lease is lost.
func (l *Lease) renew(ctx context.Context) error {
	l.renewing.Lock()
	defer l.renewing.Unlock()
	ctx, cancel := context.WithTimeout(ctx, l.self.TTL/3)
	defer cancel()
	for {
		if !l.Held() {
			return context.Cause(l.ctx)
		}
		err := l.write(ctx, l.revision)
		if !errors.Is(err, jetstream.ErrKeyRevisionMismatch) {
			return err
		}
		// Ours, if the answer to an earlier renewal got lost; or another's.
		holder, revision, err := l.read(ctx)
		if err != nil {
			return err
		}
		if holder.Token == l.self.Token {
			l.revision = revision
			continue
		}
		by := "it was deleted"
		if holder.Token != "" {
			by = "taken over by " + holder.String()
		}
		l.end(fmt.Errorf("lease %s: %w: %s", l.name, ErrLeaseLost, by))
		return context.Cause(l.ctx)
	}
}

// left is how long the lease is good for without another renewal.
func (l *Lease) left() time.Duration {
	if l.sole {
		return math.MaxInt64
	}
	return l.self.TTL*2/3 - time.Since(l.sent)
}

// lapse runs when the lease may have run out.
func (l *Lease) lapse() {
	if l.Held() {
		l.mu.Lock()
		l.expiry.Reset(l.left())
		l.mu.Unlock()
	}
}

// Held reports whether the lease is held at this moment. Once it has said no, the
// Context has ended. It asks nobody and waits for nothing, so work that no fence
// protects asks it before every step: after a pause of the process it knows
// before the end of the Context has come through.
func (l *Lease) Held() bool {
	if l.ctx.Err() != nil {
		return false
	}
	l.mu.Lock()
	left := l.left()
	l.mu.Unlock()
	if left <= 0 {
		l.end(fmt.Errorf("lease %s: %w: it could not be renewed for %s", l.name, ErrLeaseLost, l.self.TTL*2/3))
	}
	return left > 0
}

// Context ends when the lease does; context.Cause says why.
func (l *Lease) Context() context.Context { return l.ctx }

// Release gives the lease back, so that the next owner has it at once. A lease
// that is already lost is no error.
func (l *Lease) Release(ctx context.Context) error {
	l.end(context.Canceled)
	<-l.done
	l.bus.held.CompareAndDelete(l.name, l)
	for {
		holder, revision, err := l.read(ctx)
		if err != nil {
			return err
		}
		if holder.Token != l.self.Token {
			return nil
		}
		err = l.kv.Purge(ctx, l.name, jetstream.LastRevision(revision), jetstream.PurgeTTL(markerAge))
		if err == nil {
			return nil
		}
		if !errors.Is(err, jetstream.ErrKeyRevisionMismatch) { // else a last renewal was under way
			return fmt.Errorf("release lease %s: %w", l.name, err)
		}
	}
}

// Epoch is a number that rises from holder to holder of one lease.
func (l *Lease) Epoch() uint64 { return l.epoch }

// Leases lists who holds which lease, by name. One whose owner is gone is listed
// until somebody takes it over.
func (b *Bus) Leases(ctx context.Context) ([]LeaseInfo, error) {
	keys, err := b.Keys(ctx, Leases)
	if err != nil {
		return nil, err
	}
	slices.Sort(keys)
	var out []LeaseInfo
	for _, k := range keys {
		e, err := b.Value(ctx, Leases, k)
		if errors.Is(err, ad.ErrNotFound) {
			continue // released meanwhile
		}
		if err != nil {
			return nil, err
		}
		var h holding
		if err := json.Unmarshal(e.Value, &h); err != nil {
			return nil, fmt.Errorf("read lease %s: %w; delete the key and its holder takes it again", k, err)
		}
		out = append(out, LeaseInfo{k, h.Owner, h.Host, h.PID, h.Since, h.TTL, e.Time})
	}
	return out, nil
}
