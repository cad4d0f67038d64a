package crawl

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"slices"
	"testing"
	"testing/iotest"
)

func readAnswer(r io.Reader) ([]byte, *head, string, error) {
	buf, h, err := readHead(r, nil)
	if err != nil {
		return nil, nil, "", err
	}
	buf, _, truncated := readBody(r, buf, h, 1<<20)
	return buf, h, truncated, nil
}

// FuzzAnswer: what is kept of a whole answer does not depend on how it arrives,
// is part of what arrived, and has the body that the standard library reads.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"))
	f.Add([]byte("HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nhi\r\n0\r\nX: y\r\n\r\nmore"))
	f.Add([]byte("HTTP/1.0 404\n A: b\nC: d\n e\n\nbody"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, h, truncated, err := readAnswer(bytes.NewReader(b))
		if err != nil || truncated != "" {
			return
		}
		if !bytes.Contains(b, got) {
			t.Fatalf("kept %q, which is no part of %q", got, b)
		}
		again, _, cut, err := readAnswer(iotest.OneByteReader(bytes.NewReader(b)))
		if err != nil || cut != "" || !bytes.Equal(got, again) {
			t.Fatalf("byte by byte: got %q, %q, %v, want %q", again, cut, err, got)
		}
		r, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(got)), nil)
		if err != nil {
			return // stricter than browsers
		}
		defer r.Body.Close()
		want, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		body := got[h.end:]
		if h.framing().chunks != nil {
			if body, err = io.ReadAll(httputil.NewChunkedReader(bytes.NewReader(body))); err != nil {
				return
			}
		}
		if !bytes.Equal(body, want) {
			t.Errorf("body of %q: got %q, want %q", got, body, want)
		}
	})
}

func TestOpenWeb(t *testing.T) {
	w, err := newWire(Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range []string{"8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8"} {
		if err := w.guard(netip.MustParseAddr(a)); err != nil {
			t.Errorf("%s: got %v, want it open", a, err)
		}
	}
}

// TestMixedAddresses: of a name that points inside and outside only the outside
// is dialled.
func TestMixedAddresses(t *testing.T) {
	w, err := newWire(Config{Lookup: func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("8.8.8.8"), netip.MustParseAddr("::1")}, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := w.addresses(context.Background(), &url.URL{Scheme: "https", Host: "board.example"})
	if want := []netip.AddrPort{netip.MustParseAddrPort("8.8.8.8:443")}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}
