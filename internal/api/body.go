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

// read decodes the body into v, which has the type that the route takes: one JSON
// object as its schema in the API's description says, and nothing else.
func (c *call) read(v any) error { return c.readUpTo(v, maxBody) }

// readUpTo is read for a body of at most so many bytes.
func (c *call) readUpTo(v any, most int64) error {
	if t, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type")); err != nil || t != "application/json" {
		return errType
	}
	t := reflect.TypeOf(v).Elem()
	if t != reflect.TypeOf(c.rt.in) {
		return fmt.Errorf("route %s %s reads a %v; its row in the table says %T", c.rt.method, c.rt.path, t, c.rt.in)
	}
	done := c.within(30 * time.Second)
	b, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, most))
	done()
	if tooMuch, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return fmt.Errorf("%w: at most %d bytes are taken", errTooMuch, tooMuch.Limit)
	} else if err != nil {
		return wrong("the body did not come whole")
	}
	whole, err := readStrictly(b)
	if err == nil {
		err = c.bodies.check(whole, c.bodies.of(t), "")
	}
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errBody), errors.Is(err, errShape):
		return err
	}
	return wrong("it is no JSON object of the fields %s", strings.Join(fields(v), ", "))
}

// within gives the body a time to come, until the returned function is called: a
// deadline that stayed would end the request while it is worked on.
func (c *call) within(d time.Duration) func() {
	rc := http.NewResponseController(c.w)
	_ = rc.SetReadDeadline(time.Now().Add(d)) // a test's writer may know none
	return func() { _ = rc.SetReadDeadline(time.Time{}) }
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
	return sendJSON(w, status, append(b, '\n'))
}

func sendJSON(w http.ResponseWriter, status int, b []byte) error {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	_, _ = w.Write(b) // whoever asked has gone
	return nil
}

// reply answers with what the route's row says it gives.
func (c *call) reply(status int, v any) error {
	if want := c.rt.answer(); reflect.TypeOf(v) != want {
		return fmt.Errorf("route %s %s answers with a %T; its row in the table says %v", c.rt.method, c.rt.path, v, want)
	}
	if !c.rt.tagged() {
		return reply(c.w, status, v)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode the answer: %w", err)
	}
	return c.tag(append(b, '\n'))
}
