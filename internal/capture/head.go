package capture

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
)

// A head is the head of an HTTP response, line by line as it was sent, so that
// what is not changed stays as it was. The zero head is that of a plain file.
type head struct {
	status  int
	lines   []string // without line ends; the status line first
	eol     string
	raw     []byte // as it was sent, interim responses before it included; nil for a head that was changed
	interim bool   // 100 Continue or 103 Early Hints came first
}

// splitHead splits a response into head and body. It takes heads that browsers
// take too: bare line feeds, lines without a colon, no reason phrase.
func splitHead(b []byte) (head, []byte, bool) {
	if !bytes.HasPrefix(b, []byte("HTTP/")) {
		return head{}, b, false
	}
	var h head
	rest := b
	for {
		l, after, found := bytes.Cut(rest, []byte("\n"))
		if !found {
			return head{}, b, false
		}
		eol := "\n"
		if bytes.HasSuffix(l, []byte("\r")) {
			l, eol = l[:len(l)-1], "\r\n"
		}
		if h.eol == "" {
			h.eol = eol
		}
		rest = after
		if len(l) == 0 {
			break
		}
		h.lines = append(h.lines, string(l))
	}
	p := strings.Fields(h.lines[0])
	if len(p) < 2 || len(p[1]) != 3 {
		return head{}, b, false
	}
	n, err := strconv.Atoi(p[1])
	if err != nil || n < 100 {
		return head{}, b, false
	}
	h.status = n
	h.raw = b[:len(b)-len(rest)]
	if n < 200 && n != http.StatusSwitchingProtocols { // an interim response: the real one follows
		if final, body, ok := splitHead(rest); ok {
			final.raw, final.interim = b[:len(b)-len(body)], true
			return final, body, true
		}
	}
	return h, rest, true
}

// header gives the fields as a map.
func (h head) header() http.Header {
	out := http.Header{}
	last := ""
	for i, l := range h.lines {
		switch k, v, ok := strings.Cut(l, ":"); {
		case i == 0:
		case (l[0] == ' ' || l[0] == '\t') && last != "": // folded line, RFC 9112 section 5.2
			vs := out[last]
			vs[len(vs)-1] += " " + strings.TrimSpace(l)
		case ok && strings.TrimSpace(k) != "":
			last = http.CanonicalHeaderKey(strings.TrimSpace(k))
			out[last] = append(out[last], strings.TrimSpace(v))
		}
	}
	return out
}

func (h head) get(key string) string { return strings.Join(h.header()[key], ", ") }

func (h head) chunked() bool {
	c := codings(h.get("Transfer-Encoding"))
	return len(c) > 0 && c[len(c)-1] == "chunked"
}

// reframed is the head for a body that was changed: without encodings, with the
// new length, everything else as it was. The lines taken out are returned.
func (h head) reframed(length int) (head, []string) {
	out := head{status: h.status, eol: h.eol}
	var gone []string
	dropping := false
	for i, l := range h.lines {
		k, _, _ := strings.Cut(l, ":")
		switch k = strings.ToLower(strings.TrimSpace(k)); {
		case i > 0 && (k == "transfer-encoding" || k == "content-encoding" || k == "content-length"):
			dropping = true
		case i > 0 && dropping && (l[0] == ' ' || l[0] == '\t'):
		default:
			dropping = false
		}
		if dropping {
			gone = append(gone, l)
		} else {
			out.lines = append(out.lines, l)
		}
	}
	out.lines = append(out.lines, "Content-Length: "+strconv.Itoa(length))
	return out, gone
}

// bytes is the head as it goes before the body.
func (h head) bytes() []byte {
	if h.raw != nil || len(h.lines) == 0 {
		return h.raw
	}
	return []byte(strings.Join(h.lines, h.eol) + h.eol + h.eol)
}

// cutShort says whether a response ended before its own framing said it would.
func cutShort(h head, body, request []byte) bool {
	if h.status < 200 || h.status == http.StatusNoContent || h.status == http.StatusNotModified ||
		bytes.HasPrefix(request, []byte("HEAD ")) {
		return false
	}
	if h.chunked() {
		_, err := dechunk(h, body)
		return isShort(err)
	}
	n, err := strconv.Atoi(h.get("Content-Length"))
	return err == nil && n > len(body)
}

// codings splits a list of encodings, dropping the ones that do nothing.
func codings(s string) []string {
	var out []string
	for c := range strings.SplitSeq(strings.ToLower(s), ",") {
		if c = strings.TrimSpace(c); c != "" && c != "identity" {
			out = append(out, c)
		}
	}
	return out
}
