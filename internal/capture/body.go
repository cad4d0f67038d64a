package capture

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"net/http/httputil"
	"slices"

	"github.com/klauspost/compress/gzip"
)

// maxCodings is how many encodings may lie on one another: real servers use one,
// a bomb uses many.
const maxCodings = 3

var errTooLarge = fmt.Errorf("the body has more than %d bytes when its encodings are removed", MaxBody)

// dechunk removes the transfer encoding, which leaves the payload. When the
// chunks end too early what was there is returned with io.ErrUnexpectedEOF; a
// body that is not chunked at all, though the head says so, is its own payload.
func dechunk(h head, body []byte) ([]byte, error) {
	if !h.chunked() {
		return body, nil
	}
	out, err := io.ReadAll(httputil.NewChunkedReader(bytes.NewReader(body)))
	switch {
	case err == nil:
		return out, nil
	case isShort(err):
		return out, err
	}
	return body, fmt.Errorf("the body is not chunked as its head says: %w", err)
}

func isShort(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) }

// decode removes transfer and content encodings. A body that ends too early gives
// what is there with io.ErrUnexpectedEOF.
func decode(h head, body []byte) ([]byte, error) {
	b, err := dechunk(h, body)
	if err != nil && !isShort(err) {
		return nil, err
	}
	short := err
	all := append(codings(h.get("Content-Encoding")), codings(h.get("Transfer-Encoding"))...)
	if n := len(all); n > 0 && h.chunked() {
		all = all[:n-1]
	}
	if len(all) > maxCodings {
		return nil, fmt.Errorf("%d encodings lie on one another", len(all))
	}
	for _, a := range slices.Backward(all) {
		if len(b) == 0 { // an empty body is often sent with the encoding of its page
			break
		}
		if b, err = inflate(a, b); isShort(err) {
			short = err
		} else if err != nil {
			return nil, err
		}
	}
	if len(b) > MaxBody {
		return nil, errTooLarge
	}
	return b, short
}

func inflate(coding string, b []byte) ([]byte, error) {
	var r io.Reader
	var err error
	switch coding {
	case "gzip", "x-gzip":
		r, err = gzip.NewReader(bytes.NewReader(b))
	case "deflate": // RFC 9110 says zlib; some servers send bare deflate
		br := bufio.NewReader(bytes.NewReader(b))
		if p, _ := br.Peek(2); len(p) == 2 && p[0]&0x0f == 8 && (int(p[0])<<8|int(p[1]))%31 == 0 {
			r, err = zlib.NewReader(br)
		} else {
			r = flate.NewReader(br)
		}
	default:
		return nil, errors.New("the body has an unknown encoding")
	}
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, fmt.Errorf("decode %s: %w", coding, err)
	}
	out, err := io.ReadAll(io.LimitReader(r, MaxBody+1))
	if len(out) > MaxBody {
		return nil, errTooLarge
	}
	if err != nil {
		return out, fmt.Errorf("decode %s: %w", coding, err)
	}
	return out, nil
}
