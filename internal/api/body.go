package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// maxBody bounds a JSON request body.
const maxBody = 64 << 10

var (
	errBody    = errors.New("the request cannot be read")
	errType    = errors.New("the body is not said to be JSON")
	errTooMuch = errors.New("the body is too large")
)

// wrong is an errBody with a reason, which does not repeat what was sent.
func wrong(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errBody, fmt.Sprintf(format, args...))
}

// read decodes the body into v, strictly: one JSON object with no other fields.
func (c *call) read(v any) error {
	if t, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type")); err != nil || t != "application/json" {
		return errType
	}
	defer c.within(30 * time.Second)()
	d := json.NewDecoder(http.MaxBytesReader(c.w, c.r.Body, maxBody))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return bodyError(err, v)
	}
	if err := d.Decode(&struct{}{}); !errors.Is(err, io.EOF) {
		return wrong("something stands behind the JSON object")
	}
	return nil
}

// within gives the body a time to come, until the returned function is called: a
// deadline that stayed would end the request while it is worked on.
func (c *call) within(d time.Duration) func() {
	rc := http.NewResponseController(c.w)
	_ = rc.SetReadDeadline(time.Now().Add(d)) // a test's writer may know none
	return func() { _ = rc.SetReadDeadline(time.Time{}) }
}

// bodyError says why a body cannot be decoded into v. The decoder's own texts may
// quote values, so only names of fields are taken from them.
func bodyError(err error, v any) error {
	var tooMuch *http.MaxBytesError
	var wrongType *json.UnmarshalTypeError
	switch field, unknown := strings.CutPrefix(err.Error(), "json: unknown field "); {
	case errors.As(err, &tooMuch):
		return fmt.Errorf("%w: at most %d bytes are taken", errTooMuch, tooMuch.Limit)
	case errors.As(err, &wrongType) && wrongType.Field != "":
		return wrong("field %q does not take this kind of value", wrongType.Field)
	case unknown && len(field) < 40:
		return wrong("unknown field %s; the fields are %s", field, strings.Join(fields(v), ", "))
	case unknown:
		return wrong("unknown field; the fields are %s", strings.Join(fields(v), ", "))
	}
	return wrong("it is no JSON object of the fields %s", strings.Join(fields(v), ", "))
}

// fields lists the JSON names of the struct that v points to.
func fields(v any) []string {
	var out []string
	for f := range reflect.TypeOf(v).Elem().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		out = append(out, name)
	}
	return out
}

// number reads a query parameter that is a count or a sequence.
func (c *call) number(name string, without uint64) (uint64, error) {
	s := c.r.URL.Query().Get(name)
	if s == "" {
		return without, nil
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0, wrong("parameter %s is no whole number", name)
	}
	return n, nil
}

// reply answers with JSON.
func reply(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode the answer: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)+1))
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n')) // whoever asked has gone
	return nil
}

func (c *call) reply(status int, v any) error { return reply(c.w, status, v) }
