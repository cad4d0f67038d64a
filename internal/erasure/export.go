package erasure

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// A line of an exported ledger is one event as JSON. Each names the SHA-256 of the
// line before and carries an HMAC under the instance's key, and the last one
// carries no event, so that a line that was changed, moved, left out or cut off is
// found.
type line struct {
	N     int    `json:"n"`    // counts from 1
	Prev  string `json:"prev"` // SHA-256 of the line before, without its end of line
	Order string `json:"order,omitempty"`
	Event *event `json:"event,omitempty"`
	MAC   string `json:"mac"` // of this line with an empty mac
}

// origin stands where the first line names the one before.
const origin = "0000000000000000000000000000000000000000000000000000000000000000"

// maxLine bounds a line: the largest event, and what stands around it.
const maxLine = 2 << 20

// Export writes the ledger as lines of JSON. Sequences of messages are left out:
// they mean something in these very streams only, and where the ledger is
// imported the messages are found by the ids.
func (l *Ledger) Export(ctx context.Context, w io.Writer) error {
	if l.key == nil {
		return fmt.Errorf("export erasure ledger: %w", ErrNoKey)
	}
	out := bufio.NewWriter(w)
	n, prev := 0, origin
	put := func(id string, e *event) error {
		n++
		b, err := l.seal(line{N: n, Prev: prev, Order: id, Event: e})
		if err != nil {
			return err
		}
		prev = digest(b)
		_, err = out.Write(append(b, '\n'))
		return err
	}
	_, err := l.journal.Replay(ctx, 1, func(seq uint64, subject string, data []byte) error {
		id, e, ok, err := decode(seq, subject, data)
		if !ok || err != nil {
			return err
		}
		if e, ok = e.abroad(); !ok {
			return nil
		}
		return put(id, &e)
	})
	if err == nil {
		err = put("", nil)
	}
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		return fmt.Errorf("export erasure ledger: %w", err)
	}
	return nil
}

// abroad gives an event as it is exported; ok is false when nothing of it is.
func (e event) abroad() (event, bool) {
	switch e.Kind {
	case kindListed:
		return e, false
	case kindElsewhere:
		e.Kind = kindDone
	case kindTargets:
		t := *e.Targets
		t.Messages = nil
		e.Targets = &t
		return e, !t.empty()
	}
	return e, true
}

// atHome gives an imported event as it is stored: that an order is done there
// does not make it done here.
func (e event) atHome() event {
	if e.Kind == kindDone {
		e.Kind = kindElsewhere
	}
	return e
}

// seal gives the bytes of a line with its MAC.
func (l *Ledger) seal(s line) ([]byte, error) {
	s.MAC = ""
	b, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	mac := l.sum("erasure line", string(b))
	s.MAC = hex.EncodeToString(mac[:])
	return json.Marshal(s)
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Verify checks an exported ledger as Import does, under the key of its instance,
// and stores nothing.
func Verify(r io.Reader, key []byte) error {
	l := &Ledger{key: key}
	l.macs.New = func() any { return hmac.New(sha256.New, key) }
	if _, err := l.read(r); err != nil {
		return fmt.Errorf("check erasure ledger: %w", err)
	}
	return nil
}

// Import brings an exported ledger into this one: a backup that is restored
// learns what was erased after it was made. Orders that are not done here become
// pending, whether or not they were done where they come from, and what they name
// is covered at once. The whole ledger is checked before anything is stored;
// ErrBroken names the first line that is not as it was written. Importing again
// what was imported changes nothing.
//
// It returns the ids of the orders that something was stored for.
func (l *Ledger) Import(ctx context.Context, r io.Reader) (changed []string, err error) {
	if l.key == nil {
		return nil, fmt.Errorf("import erasure ledger: %w", ErrNoKey)
	}
	lines, err := l.read(r)
	if err != nil {
		return nil, fmt.Errorf("import erasure ledger: %w", err)
	}
	l.writing.Lock()
	defer l.writing.Unlock()
	here, err := l.bodies(ctx)
	if err != nil {
		return nil, fmt.Errorf("import erasure ledger: %w", err)
	}
	last := ""
	for _, s := range lines {
		if here[body(s.Order, *s.Event)] {
			continue
		}
		stored := false
		err := l.decide(ctx, s.Order, func() (*event, error) {
			l.mu.RLock()
			defer l.mu.RUnlock()
			o := l.byID[s.Order]
			if o != nil && (o.State == Done || s.Event.Kind == kindBegun) {
				return nil, nil
			}
			stored = true
			e := s.Event.atHome()
			return &e, nil
		})
		if err != nil {
			return changed, fmt.Errorf("import erasure ledger: line %d: %w", s.N, err)
		}
		if stored && s.Order != last {
			changed, last = append(changed, s.Order), s.Order
		}
	}
	return changed, nil
}

// bodies returns what this ledger would export, by digest.
func (l *Ledger) bodies(ctx context.Context) (map[[sha256.Size]byte]bool, error) {
	here := make(map[[sha256.Size]byte]bool)
	_, err := l.journal.Replay(ctx, 1, func(seq uint64, subject string, data []byte) error {
		id, e, ok, err := decode(seq, subject, data)
		if !ok || err != nil {
			return err
		}
		if e, ok = e.abroad(); ok {
			here[body(id, e)] = true
		}
		return nil
	})
	return here, err
}

// body is a digest of what a line says, wherever it stands.
func body(id string, e event) [sha256.Size]byte {
	b, err := json.Marshal(e)
	if err != nil { // strings, numbers, slices and maps of them always marshal
		panic(err)
	}
	return sha256.Sum256(append([]byte(id+"\x00"), b...))
}

// read returns the lines of an exported ledger, all of them checked, without the
// last one.
func (l *Ledger) read(r io.Reader) ([]line, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	var lines []line
	begun := make(map[string]bool)
	prev := origin
	for n := 1; ; n++ {
		b, err := readLine(in)
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("line %d: %w: the ledger is cut off here", n, ErrBroken)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		s, err := l.verify(b, n, prev)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		prev = digest(b)
		if s.Event == nil {
			break
		}
		if (s.Event.Kind == kindBegun) == begun[s.Order] {
			return nil, fmt.Errorf("line %d: %w: order %s begins twice or not at all", n, ErrBroken, s.Order)
		}
		begun[s.Order] = true
		lines = append(lines, s)
	}
	if _, err := in.ReadByte(); err == nil {
		return nil, fmt.Errorf("line %d: %w: something follows the end", len(lines)+2, ErrBroken)
	} else if !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("line %d: %w", len(lines)+2, err)
	}
	return lines, nil
}

// readLine reads up to the next end of line, which must be there.
func readLine(in *bufio.Reader) ([]byte, error) {
	var b []byte
	for {
		part, err := in.ReadSlice('\n')
		b = append(b, part...)
		switch {
		case len(b) > maxLine:
			return nil, fmt.Errorf("%w: it has more than %d bytes", ErrBroken, maxLine)
		case errors.Is(err, bufio.ErrBufferFull):
		case err != nil:
			return nil, err
		default:
			return b[:len(b)-1], nil
		}
	}
}

// verify checks one line: that it was written under this key, in this place, and
// holds what this program would have written.
func (l *Ledger) verify(b []byte, n int, prev string) (line, error) {
	var s line
	if err := json.Unmarshal(b, &s); err != nil {
		return s, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	sealed, err := l.seal(s)
	if err != nil {
		return s, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	if !hmac.Equal(sealed, b) { // of the whole line, so that it has one spelling only
		if n == 1 {
			return s, fmt.Errorf("%w, or under another instance's key: take the instance.key that it was exported with", ErrBroken)
		}
		return s, fmt.Errorf("%w: it was changed", ErrBroken)
	}
	if s.N != n || s.Prev != prev {
		return s, fmt.Errorf("%w: line %d stands here; lines are missing or in another order", ErrBroken, s.N)
	}
	if s.Event == nil {
		if s.Order != "" {
			return s, fmt.Errorf("%w: an order without an event", ErrBroken)
		}
		return s, nil
	}
	if !idShape.MatchString(s.Order) {
		return s, fmt.Errorf("%w: order id %w", ErrBroken, ErrInvalid)
	}
	if err := s.Event.check(); err != nil {
		return s, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	if _, ok := s.Event.abroad(); !ok || s.Event.Kind == kindElsewhere || s.Event.Targets != nil && s.Event.Targets.Messages != nil {
		return s, fmt.Errorf("%w: %s is never exported so", ErrBroken, s.Event.Kind)
	}
	return s, nil
}
