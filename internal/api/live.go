package api

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/desk"
)

// A LiveRequest asks to be told of ads that come to match. It is a POST, because
// what is searched for has no place in a URL, and the answer is a stream of events
// all the same: fetch reads it, as EventSource would.
type LiveRequest struct {
	Query string `json:"query" example:"(912) 555-0123"`
	After string `json:"after,omitempty" like:"^([1-9][0-9]{0,8}-[0-9]{1,18})?$"` // id of the last event that was read; Last-Event-ID says the same
}

// A LiveEvent is the data of the events of a live search, by their name: ready, when
// it begins, has nothing; match has a document and where it matches; end says why
// nothing more comes.
type LiveEvent struct {
	Document *ad.Document `json:"document,omitempty"`
	Spans    []ad.Span    `json:"spans,omitempty"`
	Problem  *Problem     `json:"problem,omitempty"`
}

// lineTime is how long one event may take to be taken; who reads no more is let go.
const lineTime = 20 * time.Second

// live sends what comes to match until whoever asked goes, the token ends, or the
// program stops.
func (s *server) live(c *call) error {
	var q LiveRequest
	if err := c.read(&q); err != nil {
		return err
	}
	if last := c.r.Header.Get("Last-Event-ID"); last != "" && q.After == "" {
		q.After = last
	}
	after, err := desk.ReadPlace(q.After)
	if err != nil {
		return err
	}
	out := &eventStream{w: c.w, rc: http.NewResponseController(c.w)}
	defer func() { _ = out.rc.SetWriteDeadline(time.Time{}) }()
	again := func() (access.Subject, error) { return s.who(c.r) }
	err = s.desk.Live(c.ctx(), again, q.Query, after, func(at desk.Place, found []desk.Arrived) error {
		if !out.begun {
			return out.event("ready", at.String(), LiveEvent{})
		}
		if len(found) == 0 {
			return out.note(at.String())
		}
		for _, f := range found {
			doc := lean(f.Doc)
			// All of one place have its id: cut off between them, a reader that goes on
			// from the last one misses none if the id comes with the last of them only.
			if err := out.event("match", "", LiveEvent{Document: &doc, Spans: f.Spans}); err != nil {
				return err
			}
		}
		return out.note(at.String())
	})
	switch {
	case !out.begun:
		return err
	case c.ctx().Err() != nil && !errors.Is(err, errGone):
		err = errStopping
	case err == nil || errors.Is(err, errGone):
		return nil
	}
	p := problem(c.rt.what, err)
	if p == nil {
		s.c.Log.ErrorContext(c.ctx(), "live search ended", "err", err)
		p = internal(c.rt.what, "")
	}
	_ = out.event("end", "", LiveEvent{Problem: p}) // or the reader has gone
	return nil
}

var (
	errGone     = errors.New("whoever listened has gone")
	errStopping = errors.New("Vigil is stopping") //nolint:staticcheck // a name
)

// An eventStream writes text/event-stream.
type eventStream struct {
	w     http.ResponseWriter
	rc    *http.ResponseController
	begun bool
}

func (o *eventStream) write(b []byte) error {
	if !o.begun {
		o.begun = true
		o.w.Header().Set("Content-Type", "text/event-stream")
		o.w.Header().Set("X-Accel-Buffering", "no") // a proxy that waits for more would make nothing of it
		o.w.WriteHeader(http.StatusOK)
	}
	_ = o.rc.SetWriteDeadline(time.Now().Add(lineTime))
	if _, err := o.w.Write(b); err != nil {
		return fmt.Errorf("%w: %w", errGone, err)
	}
	if err := o.rc.Flush(); err != nil {
		return fmt.Errorf("%w: %w", errGone, err)
	}
	return nil
}

// event sends one. JSON has no line breaks, so the data is one line.
func (o *eventStream) event(name, id string, v LiveEvent) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode an event: %w", err)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "event: %s\n", name)
	if id != "" {
		fmt.Fprintf(&b, "id: %s\n", id)
	}
	fmt.Fprintf(&b, "data: %s\n\n", data)
	return o.write(b.Bytes())
}

// note says how far all has been told. It has no data, so readers of events note
// the id and hear nothing; it keeps the line open too.
func (o *eventStream) note(id string) error { return o.write([]byte("id: " + id + "\n: \n\n")) }

// Live calls f with each ad that comes to match, after ready was called, until ctx
// ends or f fails. place is where to go on after a break; "" begins now. It returns
// the place that was reached and why it ended.
func (c *Client) Live(ctx context.Context, q LiveRequest, ready func(), f func(Hit) error) (place string, err error) {
	b, err := json.Marshal(q)
	if err != nil {
		return q.After, fmt.Errorf("encode request: %w", err)
	}
	a, err := c.send(ctx, http.MethodPost, Root+"/search/live", http.Header{"Content-Type": {"application/json"}}, bytes.NewReader(b))
	if err != nil {
		return q.After, err
	}
	defer func() { _ = a.Body.Close() }()
	if t, _, err := mime.ParseMediaType(a.Header.Get("Content-Type")); err != nil || t != "text/event-stream" {
		return q.After, fmt.Errorf("server %s: %w", c.base, ErrForeign)
	}
	r := bufio.NewReaderSize(a.Body, 64<<10)
	place, name, data := q.After, "", ""
	for {
		line, err := r.ReadString('\n')
		switch {
		case ctx.Err() != nil:
			return place, ctx.Err()
		case err != nil && errors.Is(err, io.EOF):
			return place, fmt.Errorf("server %s: %w: the line was cut", c.base, ErrUnreachable)
		case err != nil:
			return place, fmt.Errorf("server %s: %w: %w", c.base, ErrUnreachable, err)
		}
		field, v, _ := strings.Cut(strings.TrimRight(line, "\r\n"), ": ")
		switch field {
		case "event":
			name = v
		case "data":
			data = v
		case "id":
			place = v
		case "":
			if data == "" {
				continue
			}
			var e LiveEvent
			if err := json.Unmarshal([]byte(data), &e); err != nil {
				return place, fmt.Errorf("read the answer of server %s: %w", c.base, err)
			}
			switch {
			case name == "ready" && ready != nil:
				ready()
			case name == "match" && e.Document != nil:
				if err := f(Hit{*e.Document, e.Spans}); err != nil {
					return place, err
				}
			case name == "end" && e.Problem != nil:
				return place, e.Problem
			}
			name, data = "", ""
		}
	}
}
