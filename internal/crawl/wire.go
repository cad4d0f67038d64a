package crawl

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"time"
)

// An exchange is one request and its answer: what the caller asks of the wire,
// and what the wire fills in.
type exchange struct {
	url *url.URL
	max int64 // bytes of the body kept at most

	at        time.Time
	ip        string
	request   []byte // exactly as written
	response  []byte // exactly as read, from the status line to the end of the body
	truncated string // WARC-Truncated reason
	head      *head
	err       error
}

// body is what follows the head, transfer coding and all.
func (x *exchange) body() []byte { return x.response[x.head.end:] }

type exchangeKey struct{}

// A wire speaks HTTP/1.1 and keeps the bytes. The standard transport cannot:
// what passes through a connection that is kept alive does not show where one
// exchange ends and the next begins, and a copy made after a write can come
// later than the answer. Here one goroutine writes a request it has already
// kept, and reads the answer into the buffer that becomes the evidence.
//
// Interim answers (1xx) are read and dropped: they are messages of their own,
// and the record of an exchange begins with the final status line.
type wire struct {
	cfg    Config
	closed []netip.Prefix
	pool   pool
}

func newWire(cfg Config) (*wire, error) {
	for host, to := range cfg.Resolve {
		if a, err := overrideAddr(to, "80"); err != nil {
			return nil, fmt.Errorf("set up crawl: resolve %s to %q: %w", host, to, err)
		} else if !a.Addr().IsLoopback() {
			return nil, fmt.Errorf("set up crawl: resolve %s to %q: not a loopback address", host, to)
		}
	}
	return &wire{cfg: cfg, closed: closed()}, nil
}

func (w *wire) close() { w.pool.close() }

// RoundTrip makes Colly's request. It needs the exchange in the request's
// context and leaves the answer there; Colly itself is told the status and the
// fields only. It parses nothing here, so the body would be copied, inflated
// and recoded for nobody; and without Location neither Colly nor net/http can
// follow a redirect past the guards.
func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	x, ok := r.Context().Value(exchangeKey{}).(*exchange)
	if !ok {
		return nil, errors.New("a request came to the wire without an exchange")
	}
	if x.err = w.do(r.Context(), x, r.Header); x.err != nil {
		return nil, x.err
	}
	h := x.head.header.Clone()
	h.Del("Location")
	return &http.Response{
		Status: http.StatusText(x.head.status), StatusCode: x.head.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: h, Body: http.NoBody, Uncompressed: true, Request: r,
	}, nil
}

// do makes the exchange. A connection that was kept alive may have been closed
// by the server meanwhile; when nothing at all came back over one, the request
// is made once more over a new one.
func (w *wire) do(ctx context.Context, x *exchange, fields http.Header) error {
	x.request = request(x.url, fields)
	x.at = w.cfg.Clock()
	if c := w.pool.take(authority(x.url)); c != nil {
		received, err := w.over(ctx, c, x)
		if err == nil || received || ctx.Err() != nil {
			return err
		}
	}
	c, err := w.dial(ctx, x.url)
	if err != nil {
		return err
	}
	_, err = w.over(ctx, c, x)
	return err
}

// request writes the head of a GET request. Fields go in order, so that the same
// request is the same bytes.
func request(u *url.URL, fields http.Header) []byte {
	var b bytes.Buffer
	b.Grow(512)
	fmt.Fprintf(&b, "GET %s HTTP/1.1\r\nHost: %s\r\n", u.RequestURI(), u.Host)
	_ = fields.WriteSubset(&b, map[string]bool{"Host": true}) // a buffer takes everything; the keys come sorted
	b.WriteString("\r\n")
	return b.Bytes()
}

// over makes the exchange over one connection and then pools or closes it.
func (w *wire) over(ctx context.Context, c *conn, x *exchange) (received bool, err error) {
	x.ip = c.ip
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	keep := false
	received, keep, err = w.converse(c, x)
	// When stop comes too late the deadline may strike at any time: not reusable.
	if stop() && keep && err == nil {
		w.pool.put(c)
	} else {
		_ = c.Close()
	}
	return received, err
}

func (w *wire) converse(c *conn, x *exchange) (received, keep bool, err error) {
	if _, err := c.Write(x.request); err != nil {
		return false, false, fmt.Errorf("write the request: %w", err)
	}
	buf, h, err := readHead(c, c.scratch())
	if err != nil {
		return len(buf) > 0, false, fmt.Errorf("read the answer: %w", err)
	}
	buf, keep, x.truncated = readBody(c, buf, h, x.max)
	x.response, x.head = buf, h
	return true, keep, nil
}

const readSize = 16 << 10

// readHead reads into buf until a final head is complete. What it returns starts
// with the head and may hold the beginning of the body.
func readHead(r io.Reader, buf []byte) ([]byte, *head, error) {
	looked := 0
	for {
		if end := headEnd(buf, looked); end >= 0 {
			h, err := parseHead(buf[:end])
			switch {
			case err != nil:
				return buf, nil, err
			case h.status == http.StatusSwitchingProtocols:
				return buf, nil, errUpgrade
			case h.status >= 200:
				return buf, h, nil
			}
			buf, looked = buf[:copy(buf, buf[end:])], 0
			continue
		}
		if looked = len(buf); looked > maxHead {
			return buf, nil, errHead
		}
		var err error
		if buf, err = more(r, buf); err != nil {
			if errors.Is(err, io.EOF) {
				err = errors.New("the server closed the connection before answering")
			}
			return buf, nil, err
		}
	}
}

// readBody reads the rest of the answer, whose beginning stands in first, into
// memory of its own. It never fails: a body that breaks off
// is evidence of what came, with the reason it is not whole.
func readBody(r io.Reader, first []byte, h *head, limit int64) (whole []byte, keep bool, truncated string) {
	f := h.framing()
	room := 2 * readSize
	if f.length >= 0 { // room for all of it at once, within reason: the length is only a claim
		room = h.end + int(min(f.length, limit, 1<<20))
	}
	buf := append(make([]byte, 0, max(room, len(first))), first...)
	for {
		n, done, err := f.ended(buf[h.end:])
		have := h.end + n
		switch {
		case int64(n) > limit, int64(n) == limit && f.length > limit:
			return clip(buf, h.end+int(limit)), false, "length"
		case err != nil:
			return buf, false, "unspecified"
		case done:
			// What comes after the end belongs to no request of ours.
			return clip(buf, have), f.keep && len(buf) == have, ""
		}
		if buf, err = more(r, buf); err == nil {
			continue
		}
		switch {
		case errors.Is(err, io.EOF) && f.length < 0 && f.chunks == nil:
			return buf, false, ""
		case errors.Is(err, os.ErrDeadlineExceeded):
			return buf, false, "time"
		default:
			return buf, false, "disconnect"
		}
	}
}

// clip drops what stands after n, and the claim to the room behind it.
func clip(b []byte, n int) []byte { return b[:n:n] }

// more reads once into the room behind b, making room when there is none.
func more(r io.Reader, b []byte) ([]byte, error) {
	if len(b) == cap(b) {
		b = slices.Grow(b, max(readSize, len(b)))
	}
	n, err := r.Read(b[len(b):cap(b)])
	if n > 0 {
		err = nil // the next read will say it again
	}
	return b[:len(b)+n], err
}
