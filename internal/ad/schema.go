package ad

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Records are kept for years, programs are not. Each kind of record has a version
// of its own, in its field v, which comes first. When a kind changes so that an
// old record would be misread, its version goes up by one, an Upcast is added at
// the end of its chain, and the files in testdata/records stay as they are: they
// are what old programs wrote. A field that is merely added needs none of that.

// An Upcast changes the fields of a record into those of the next version. What
// it does not touch keeps its exact bytes.
type Upcast func(fields map[string]json.RawMessage) error

// Evolved is a kind of record that has changed: its first upcast leads from
// version 1 to 2, and so on; the last leads to what this program writes. Kinds
// without it are of version 1 still. An ad has the chain of its listing.
type Evolved interface{ Upcasts() []Upcast }

// A NewerError says that a record is of a version that this program does not know.
type NewerError struct{ Version, Known int }

func (e *NewerError) Error() string {
	return fmt.Sprintf("written by a newer vigil (record version %d, this program reads up to %d): upgrade this one first", e.Version, e.Known)
}

// Final says that this program must leave the record to another: it is not at
// fault, and no number of attempts makes it readable here.
func (e *NewerError) Final() bool { return true }

// Decode reads a record of kind T, a struct, of whatever version: older ones are brought up
// to date first, and a record without a version is of the first. It returns a
// NewerError for one that is ahead of this program.
func Decode[T any](raw []byte) (T, error) {
	var record T
	var chain []Upcast
	if e, ok := any(&record).(Evolved); ok {
		chain = e.Upcasts()
	}
	v, err := version(raw)
	if err != nil {
		return record, unread(err)
	}
	known := len(chain) + 1
	if v > known {
		return record, &NewerError{v, known}
	}
	if v != known {
		if raw, err = upcast(raw, max(v, 1), chain); err != nil {
			return record, err
		}
	}
	err = json.Unmarshal(raw, &record)
	return record, unread(err)
}

// unread says where a record cannot be read and why, but not what stands there:
// errors are logged, and a record holds what people wrote.
func unread(err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		found, _, _ := strings.Cut(e.Value, " ") // a number is quoted behind the word
		return fmt.Errorf("field %q, before byte %d, holds a %s, which is no %v", e.Field, e.Offset, found, e.Type)
	}
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("it is cut off or no JSON, from byte %d on", e.Offset)
	}
	return errors.New("a value in it, a time perhaps, has the wrong form")
}

// version reads the version of a record, 0 when it says none. A record of ours
// says it first, so that the rest need not be read for it.
func version(raw []byte) (v int, err error) {
	if rest, ok := bytes.CutPrefix(raw, []byte(`{"v":`)); ok {
		for i, c := range rest {
			if c < '0' || c > '9' {
				if (c == ',' || c == '}') && i > 0 {
					return v, nil
				}
				break
			}
			if i == 9 { // far beyond every version; the decoder may judge it
				break
			}
			v = 10*v + int(c-'0')
		}
	}
	var r struct {
		V int `json:"v"`
	}
	err = json.Unmarshal(raw, &r)
	return r.V, err
}

// upcast brings a record from version v to the end of the chain.
func upcast(raw []byte, v int, chain []Upcast) ([]byte, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, unread(err)
	}
	if fields == nil {
		return nil, errors.New("a record is a JSON object, this is null")
	}
	for ; v <= len(chain); v++ {
		if err := chain[v-1](fields); err != nil {
			return nil, fmt.Errorf("bring the record from version %d to %d: %w", v, v+1, unread(err))
		}
	}
	fields["v"] = fmt.Append(nil, v)
	return json.Marshal(fields)
}
