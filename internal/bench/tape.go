package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"vigil.example/internal/ad"
)

// A tape holds captures in a file, so that they do not count as memory of the
// program that is measured.
type tape struct {
	file  *os.File
	heads []ad.Message // without data
	ends  []int64      // of their data
}

// record renders captures onto a tape.
func record(dir string, s *source, n int) (*tape, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("keep captures: %w", err)
	}
	f, err := os.Create(filepath.Join(dir, "captures"))
	if err != nil {
		return nil, fmt.Errorf("keep captures: %w", err)
	}
	t := &tape{file: f}
	var end int64
	for len(t.heads) < n {
		msgs, err := s.more(min(1000, n-len(t.heads)))
		if err != nil {
			return nil, errors.Join(err, t.close())
		}
		for _, m := range msgs {
			if _, err := f.Write(m.Data); err != nil {
				return nil, errors.Join(fmt.Errorf("keep captures: %w", err), t.close())
			}
			end += int64(len(m.Data))
			m.Data = nil
			t.heads, t.ends = append(t.heads, m), append(t.ends, end)
		}
	}
	return t, nil
}

// read returns the captures from one place to before another.
func (t *tape) read(from, to int) ([]ad.Message, error) {
	start := int64(0)
	if from > 0 {
		start = t.ends[from-1]
	}
	b := make([]byte, t.ends[to-1]-start)
	if _, err := t.file.ReadAt(b, start); err != nil {
		return nil, fmt.Errorf("read captures: %w", err)
	}
	out := make([]ad.Message, to-from)
	for i := range out {
		end := t.ends[from+i]
		out[i] = t.heads[from+i]
		out[i].Data = b[: end-start : end-start]
		b, start = b[end-start:], end
	}
	return out, nil
}

// play gives all captures to f, a thousand at a time.
func (t *tape) play(f func([]ad.Message) error) error {
	for i := 0; i < len(t.heads); i += 1000 {
		msgs, err := t.read(i, min(i+1000, len(t.heads)))
		if err == nil {
			err = f(msgs)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *tape) close() error { return errors.Join(t.file.Close(), os.Remove(t.file.Name())) }

// message makes a message of a record.
func message(subject, id string, v any) (ad.Message, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return ad.Message{}, fmt.Errorf("write %s: %w", subject, err)
	}
	return ad.Message{Subject: subject, ID: id, Data: b}, nil
}
