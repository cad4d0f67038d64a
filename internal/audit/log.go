// Package audit keeps the append-only log of who did what, for which purpose, and
// the proof that it is whole. In come entries from the doors, before the answer
// they are about goes out; Append returns when the entry is durable, and a door
// that gets an error refuses the read. Out come the entries and a verdict.
//
// The log is a chain: every line names the SHA-256 of the line before, so that
// anybody can check it with sha256sum, and carries a MAC under the instance's
// key, so that a chain rewritten from end to end is found too. What a chain cannot
// show is that its newest lines were cut off; for that, Verify takes heads that
// were written down elsewhere.
//
// The log is never erased from. So it never holds a number, a query or any words
// a person typed, only ids and keyed digests.
package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"vigil.example/internal/ad"
)

// Subject is the one subject of the chain.
const Subject = "audit.entry"

// Config is what a Log needs to know.
type Config struct {
	Key     []byte           // the instance's secret, at least 16 bytes
	Now     func() time.Time // time.Now when nil
	Timeout time.Duration    // of one write to the journal; 10 s when 0
}

// Validate says what is wrong with the configuration.
func (c Config) Validate() error {
	if len(c.Key) < 16 {
		return errors.New("audit: key has fewer than 16 bytes")
	}
	return nil
}

// A Head is a place in the chain: the number of an entry and the SHA-256 of its
// line. Written down outside the log, it proves later that nothing up to there
// was changed or cut off.
type Head struct {
	Seq    uint64 `json:"seq"`
	SHA256 string `json:"sha256"`
}

// maxGroup bounds how many waiting entries are written as one event.
const maxGroup = 256

// A Log is the audit log. It may be used by many goroutines at once, and by
// several processes on one journal.
type Log struct {
	journal ad.Journal
	key     []byte
	now     func() time.Time
	timeout time.Duration

	mu    sync.Mutex
	queue []*waiting
	turn  chan struct{} // whoever holds its one token may write, and owns what follows

	stale  bool   // the journal may hold more than we know of
	stored uint64 // journal sequence of the last event of Subject

	headMu sync.Mutex // for readers of head beside the writer
	head   Head
}

// A waiting entry belongs to one call of Append.
type waiting struct {
	entry Entry
	done  chan error // one send; buffered
}

// Open finds the head of the chain. It reads the last event only, however long the
// log is; Verify is what checks the rest.
func Open(ctx context.Context, j ad.Journal, c Config) (*Log, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	l := &Log{journal: j, key: c.Key, now: c.Now, timeout: c.Timeout, turn: make(chan struct{}, 1), head: Head{SHA256: origin}}
	if l.now == nil {
		l.now = time.Now
	}
	if l.timeout == 0 {
		l.timeout = 10 * time.Second
	}
	if err := l.find(ctx); err != nil {
		return nil, fmt.Errorf("open audit log: %w", err)
	}
	return l, nil
}

// Head returns the newest entry that this process knows of.
func (l *Log) Head() Head {
	l.headMu.Lock()
	defer l.headMu.Unlock()
	return l.head
}

func (l *Log) setHead(h Head) {
	l.headMu.Lock()
	defer l.headMu.Unlock()
	l.head = h
}

// Digest returns what an entry keeps of a raw query, to find entries by it.
func (l *Log) Digest(query string) string { return digest(l.key, "query", query) }

// DigestValue returns what an entry keeps of a value such as an E.164 number, to
// find who asked for it.
func (l *Log) DigestValue(v string) string { return digest(l.key, "value", v)[:32] }

// Secret returns a key that this instance alone can make. It is not among the digests
// that entries keep, whatever somebody asks for.
func (l *Log) Secret(of string) []byte { return []byte(digest(l.key, "secret", of)) }

// Append writes one entry and returns when it is durable. After an error the
// entry may be in the log or not; what it is about must not happen.
func (l *Log) Append(ctx context.Context, e Entry) error {
	e, err := e.cover(l.key)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	w := &waiting{entry: e, done: make(chan error, 1)}
	l.mu.Lock()
	l.queue = append(l.queue, w)
	l.mu.Unlock()
	for {
		select {
		case err := <-w.done:
			return err
		case l.turn <- struct{}{}:
			// Others' entries go along, so the write must not end with our ctx.
			l.write(context.WithoutCancel(ctx))
			<-l.turn
		case <-ctx.Done():
			if l.withdraw(w) {
				return fmt.Errorf("audit: %w", ctx.Err())
			}
			return <-w.done // being written: its writer will tell
		}
	}
}

// withdraw takes an entry out of the queue unless somebody is writing it already.
func (l *Log) withdraw(w *waiting) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.Index(l.queue, w)
	if i < 0 {
		return false
	}
	l.queue = slices.Delete(l.queue, i, i+1)
	return true
}

// write stores the entries that wait, up to a group, as one event, and tells
// their callers. The caller holds the turn.
func (l *Log) write(ctx context.Context) {
	l.mu.Lock()
	n := min(len(l.queue), maxGroup)
	group := slices.Clone(l.queue[:n])
	l.queue = slices.Delete(l.queue, 0, n)
	l.mu.Unlock()
	if n == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	err := l.store(ctx, group)
	if err != nil {
		err = fmt.Errorf("audit: %w", err)
	}
	for _, w := range group {
		w.done <- err
	}
}

// store chains a group to the head and stores it, anew when another process was
// first, until ctx ends. The caller holds the turn.
func (l *Log) store(ctx context.Context, group []*waiting) error {
	for ctx.Err() == nil {
		if l.stale {
			if err := l.reload(ctx, nil); err != nil {
				return err
			}
		}
		data, head, err := l.chain(group)
		if err != nil {
			return err
		}
		seq, err := l.journal.Append(ctx, Subject, head.SHA256[:32], data, l.stored)
		if err == nil {
			l.stored = seq
			l.setHead(head)
			return nil
		}
		if errors.Is(err, ad.ErrConflict) {
			// Nothing of ours was stored. Only the end counts, and to be quick:
			// the others go on meanwhile.
			if err := l.find(ctx); err != nil {
				return err
			}
			continue
		}
		// The journal may have stored the event and lost its answer: then it
		// stands where we wanted it.
		l.stale = true
		found := false
		if again := l.reload(ctx, func(h Head) { found = found || h == head }); again != nil {
			return errors.Join(err, again)
		}
		if found {
			return nil
		}
		return err
	}
	return fmt.Errorf("others were first for %v: %w", l.timeout, ad.ErrConflict)
}

// chain spells a group as the lines that follow the head.
func (l *Log) chain(group []*waiting) (data []byte, head Head, err error) {
	head = l.Head()
	var out bytes.Buffer
	for _, w := range group {
		e := w.entry
		e.V, e.Seq, e.Time, e.Prev = Version, head.Seq+1, l.now().UTC(), head.SHA256
		if e.MAC, err = e.mac(l.key); err != nil {
			return nil, head, err
		}
		line, err := e.line()
		if err != nil {
			return nil, head, err
		}
		if out.Len() > 0 {
			out.WriteByte('\n')
		}
		out.Write(line)
		head = Head{e.Seq, sum(line)}
	}
	return out.Bytes(), head, nil
}

// find moves the head to the end of the journal. A copy of the journal that lags
// behind what we know does not move it back.
func (l *Log) find(ctx context.Context) error {
	seq, data, err := l.journal.Last(ctx, Subject)
	if errors.Is(err, ad.ErrNotFound) || err == nil && seq <= l.stored {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the head of the log: %w", err)
	}
	h, err := l.headOf(data)
	if err != nil {
		return fmt.Errorf("read the head of the log: event %d: %w", seq, err)
	}
	l.stored = seq
	l.setHead(h)
	return nil
}

// reload reads the events that the journal holds beyond what we know and moves the
// head, showing each event's head to see. The caller holds the turn.
func (l *Log) reload(ctx context.Context, see func(Head)) error {
	var last []byte
	stored := l.stored
	_, err := l.journal.Replay(ctx, l.stored+1, func(seq uint64, subject string, data []byte) error {
		if subject != Subject || seq <= stored {
			return nil
		}
		stored, last = seq, bytes.Clone(data)
		if see != nil {
			h, err := l.headOf(data)
			if err != nil {
				return err
			}
			see(h)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read the head of the log: %w", err)
	}
	if last != nil {
		h, err := l.headOf(last)
		if err != nil {
			return fmt.Errorf("read the head of the log: event %d: %w", stored, err)
		}
		l.stored = stored
		l.setHead(h)
	}
	l.stale = false
	return nil
}

// headOf decodes the last line of an event.
func (l *Log) headOf(data []byte) (Head, error) {
	line := data[bytes.LastIndexByte(data, '\n')+1:]
	e, err := read(line, l.key)
	if err != nil {
		return Head{}, &BrokenError{e.Seq, 0, err.Error()}
	}
	return Head{e.Seq, sum(line)}, nil
}
