package crawl

import (
	"bytes"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
)

// A head is what the first lines of an answer say.
type head struct {
	status int
	minor  int // of HTTP/1.x
	header http.Header
	end    int // offset of the first byte after the empty line
}

var (
	errNotHTTP = errors.New("the server does not speak HTTP/1")
	errHead    = errors.New("the head of the answer is larger than 256 KiB")
	errUpgrade = errors.New("the server switched protocols without being asked")
	errChunk   = errors.New("the answer's chunks are malformed")
)

const maxHead = 256 << 10

// headEnd gives the offset after the empty line that ends a head, or -1. Bare
// line feeds end lines too (RFC 9112 section 2.2). Searching starts at from,
// which the caller sets to what was looked at before.
func headEnd(b []byte, from int) int {
	for i := max(0, from-3); i < len(b); {
		n := bytes.IndexByte(b[i:], '\n')
		if n < 0 {
			return -1
		}
		i += n + 1
		switch rest := b[i:]; {
		case len(rest) > 0 && rest[0] == '\n':
			return i + 1
		case len(rest) > 1 && rest[0] == '\r' && rest[1] == '\n':
			return i + 2
		}
	}
	return -1
}

// parseHead reads a whole head. It takes what browsers take: lines without a
// colon are skipped, folded lines joined.
func parseHead(b []byte) (*head, error) {
	lines := strings.Split(string(b), "\n")
	h := &head{header: make(http.Header, len(lines)), end: len(b)}
	rest, ok := strings.CutPrefix(lines[0], "HTTP/1.")
	p := strings.Fields(rest)
	if !ok || len(p) < 2 || len(p[0]) != 1 || len(p[1]) != 3 {
		return nil, errNotHTTP
	}
	var err1, err2 error
	h.minor, err1 = strconv.Atoi(p[0])
	h.status, err2 = strconv.Atoi(p[1])
	if err1 != nil || err2 != nil || h.status < 100 {
		return nil, errNotHTTP
	}
	last := ""
	for _, l := range lines[1:] {
		l = strings.TrimRight(l, " \t\r")
		k, v, found := strings.Cut(l, ":")
		switch {
		case l == "":
		case l[0] == ' ' || l[0] == '\t':
			if vs := h.header[last]; last != "" {
				vs[len(vs)-1] += " " + strings.TrimSpace(l)
			}
		case found && strings.TrimSpace(k) != "":
			last = http.CanonicalHeaderKey(strings.TrimSpace(k))
			h.header[last] = append(h.header[last], strings.TrimSpace(v))
		}
	}
	return h, nil
}

// has reports whether a list field holds the token.
func (h *head) has(field, token string) bool {
	for _, v := range h.header[field] {
		for t := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(strings.TrimSpace(t), token) {
				return true
			}
		}
	}
	return false
}

// A framing says where a body ends (RFC 9112 section 6.3).
type framing struct {
	length int64   // of the body; -1 when not known beforehand
	chunks *chunks // of a chunked body
	keep   bool    // the connection may carry another exchange
}

func (h *head) framing() framing {
	f := framing{length: -1, keep: h.minor >= 1 && !h.has("Connection", "close") || h.has("Connection", "keep-alive")}
	switch te, cl := h.header["Transfer-Encoding"], h.header["Content-Length"]; {
	case h.status == http.StatusNoContent || h.status == http.StatusNotModified:
		f.length = 0
	case len(te) > 0 && h.minor >= 1: // an HTTP/1.0 server knows no codings (section 6.1)
		codings := strings.Split(strings.Join(te, ","), ",")
		if strings.EqualFold(strings.TrimSpace(codings[len(codings)-1]), "chunked") {
			f.chunks = &chunks{}
		}
		// Both fields at once is how requests are smuggled: never trust what follows.
		f.keep = f.keep && f.chunks != nil && len(cl) == 0
	case len(cl) > 0:
		f.length = contentLength(cl)
		f.keep = f.keep && f.length >= 0 && len(te) == 0
	default:
		f.keep = false
	}
	return f
}

// contentLength reads the field; -1 when its values are no number or disagree.
// The body then ends with the connection: what came is evidence all the same.
func contentLength(values []string) int64 {
	length := int64(-1)
	for v := range strings.SplitSeq(strings.Join(values, ","), ",") {
		n, err := strconv.ParseUint(strings.TrimSpace(v), 10, 63)
		if err != nil || length >= 0 && int64(n) != length {
			return -1
		}
		length = int64(n)
	}
	return length
}

// ended says how many of the body's bytes so far belong to it, and whether it is
// complete.
func (f *framing) ended(body []byte) (int, bool, error) {
	switch {
	case f.chunks != nil:
		done, err := f.chunks.advance(body)
		if done {
			return f.chunks.pos, true, nil
		}
		return len(body), false, err
	case f.length >= 0 && int64(len(body)) >= f.length:
		return int(f.length), true, nil
	}
	return len(body), false, nil
}

// chunks follows a chunked body (RFC 9112 section 7.1) as it grows.
type chunks struct {
	pos     int   // everything before was understood
	left    int64 // bytes of chunk data and its line end still to come
	trailer bool  // the last chunk was seen
}

const maxChunkLine = 4096

// advance reads on in body, which holds all of the body that has arrived.
func (c *chunks) advance(body []byte) (bool, error) {
	for {
		if c.left > 0 {
			n := min(c.left, int64(len(body)-c.pos))
			c.pos, c.left = c.pos+int(n), c.left-n
			if c.left > 0 {
				return false, nil
			}
		}
		n := bytes.IndexByte(body[c.pos:], '\n')
		if n < 0 {
			if len(body)-c.pos > maxChunkLine {
				return false, errChunk
			}
			return false, nil
		}
		line := strings.TrimRight(string(body[c.pos:c.pos+n]), " \t\r")
		c.pos += n + 1
		switch {
		case c.trailer && line == "":
			return true, nil
		case c.trailer || line == "": // a trailer field, or the line end after a chunk's data
			continue
		}
		size, _, _ := strings.Cut(line, ";")
		left, err := strconv.ParseUint(strings.TrimSpace(size), 16, 63)
		if err != nil || left > math.MaxInt64/2 {
			return false, errChunk
		}
		c.left, c.trailer = int64(left), left == 0
	}
}
