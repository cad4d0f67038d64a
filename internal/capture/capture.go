// Package capture makes evidence of what a web server answered. An exact request
// and response come in; out come complete WARC records, each its own gzip member
// with a SHA-256 of its block, and the ad.Capture that describes them. It opens
// such records again and gives back the page, packs them into WARC files with a
// CDXJ index in blob storage, and reads single captures out of those files.
//
// The bytes on the wire are kept as they came, with one exception that is always
// recorded: the contents of images and videos are cut out, because the person in
// an ad is treated as a possible victim (see cuts.go). The package fetches
// nothing, parses no HTML and never changes a record after it was written.
package capture

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"vigil.example/internal/ad"
)

const (
	// MaxBody is the largest body, all encodings removed, that Open gives back.
	MaxBody = 16 << 20
	// MaxBlock is the largest request or response that Record takes: a body and a
	// generous head.
	MaxBlock = MaxBody + 1<<20
)

// ErrDigest says that stored bytes do not have the digest they were stored with.
var ErrDigest = errors.New("the file was changed after it was written")

// An Exchange is one request and its response as they went over the wire.
type Exchange struct {
	URL         string    // target URI, absolute
	Request     []byte    // exact bytes; nil for imports
	Response    []byte    // exact bytes, head included; for a file without an HTTP head, its content
	FetchedAt   time.Time // kept in whole seconds
	IP          string    // address that answered
	Site        string    // name of the site definition; the host when empty
	Via         ad.Via    // ViaCrawl when empty
	Visit       int64
	Depth       int
	Truncated   string // why the response is not whole: length, time, disconnect or unspecified
	File        string // base name of the imported file
	Operator    string // who imported it
	ContentType string // of a file without an HTTP head; text/html when empty
}

// Record makes the WARC records of an exchange: the response (a resource record
// when there is no request and no HTTP head), then the request, then, where
// something was cut, a metadata record that says what. The bytes are complete
// gzip members, one a record, and are the same for the same exchange. Errors do not
// name the address, which may hold a number.
func Record(x Exchange) (ad.Capture, []byte, error) {
	if err := x.check(); err != nil {
		return ad.Capture{}, nil, fmt.Errorf("record the exchange: %w", err)
	}
	c := ad.Capture{
		V: ad.Schema, URL: x.URL, Site: x.Site, Via: x.Via, FetchedAt: x.FetchedAt.UTC().Truncate(time.Second),
		Status: 200, ContentType: x.ContentType, IP: x.IP, Visit: x.Visit, Depth: x.Depth, Truncated: x.Truncated,
		File: x.File, Operator: x.Operator,
	}
	if c.Via == "" {
		c.Via = ad.ViaCrawl
	}
	if c.Site == "" {
		u, err := url.Parse(x.URL)
		if err != nil {
			return ad.Capture{}, nil, errors.New("record the exchange: the URL cannot be parsed")
		}
		c.Site = u.Hostname()
	}
	h, body, isHTTP := splitHead(x.Response)
	kind := "response"
	switch {
	case isHTTP:
		c.Status, c.ContentType = h.status, h.get("Content-Type")
	case x.Request == nil:
		kind, body = "resource", x.Response
		if c.ContentType == "" {
			c.ContentType = "text/html"
		}
	default:
		return ad.Capture{}, nil, errors.New("record the exchange: the response has no HTTP head")
	}
	if c.Truncated == "" && cutShort(h, body, x.Request) {
		c.Truncated = "disconnect"
	}
	s := withoutImages(h, body, c.ContentType)
	b, err := write(&c, kind, s, x)
	if err != nil {
		return ad.Capture{}, nil, fmt.Errorf("record the exchange: %w", err)
	}
	return c, b, nil
}

// write fills in what depends on the stored bytes and makes the gzip members.
func write(c *ad.Capture, kind string, s stored, x Exchange) ([]byte, error) {
	payload := s.body
	if kind == "response" {
		payload, _ = dechunk(s.head, s.body)
	}
	c.PayloadSHA256, c.Size, c.Cuts = hexSHA256(payload), int64(len(payload)), s.cuts
	block := s.block()
	c.BlockSHA256 = hexSHA256(block)
	c.ID = ad.CaptureID(c.URL, c.FetchedAt, c.BlockSHA256)
	c.RecordID = ad.RecordID(c.ID, kind)

	var out members
	out.add(fields(c, kind, s), block)
	if x.Request != nil {
		out.add(companion(c, "request", "application/http; msgtype=request", x.Request), x.Request)
	}
	if s.changed {
		note := s.note(x.Response)
		out.add(append(companion(c, "metadata", fieldsType, note), field{"WARC-Refers-To", c.RecordID}), note)
	}
	return out.bytes()
}

func (x Exchange) check() error {
	if y := x.FetchedAt.UTC().Year(); !x.FetchedAt.IsZero() && (y < 1970 || y > 9999) {
		return fmt.Errorf("a time in the year %d cannot be a WARC-Date", y)
	}
	u, err := url.Parse(x.URL)
	switch {
	case err != nil:
		return errors.New("the URL cannot be parsed")
	case u.Scheme == "" || strings.ContainsFunc(x.URL, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return errors.New("the URL is not absolute, or holds spaces")
	case x.FetchedAt.IsZero():
		return errors.New("the fetch time is missing")
	case len(x.Response) == 0:
		return errors.New("the response is empty")
	case len(x.Response) > MaxBlock || len(x.Request) > MaxBlock:
		return fmt.Errorf("%d bytes are more than the %d that a record may hold; cut the body and say so in Truncated",
			max(len(x.Response), len(x.Request)), MaxBlock)
	case !token(x.Truncated) || !token(x.IP) || !token(string(x.Via)) || !line(x.ContentType):
		return errors.New("truncation reason, address, door or content type would break the record's header")
	}
	return nil
}

// fields is the header of the record that holds the page. The Vigil- fields keep
// what the rest of the program knows about the capture, so that the captures
// stream can be rebuilt from the WARC files alone.
func fields(c *ad.Capture, kind string, s stored) []field {
	f := []field{
		{"WARC-Type", kind},
		{"WARC-Record-ID", c.RecordID},
		{"WARC-Date", c.FetchedAt.Format(time.RFC3339)},
		{"WARC-Target-URI", c.URL},
		{"WARC-IP-Address", c.IP},
		{"WARC-Truncated", c.Truncated},
		{"WARC-Block-Digest", "sha256:" + c.BlockSHA256},
	}
	// The standard digests the payload with the transfer encoding removed (WARC 1.1,
	// iipc/warc-specifications #22); warcio digests the body as it is and calls a
	// right digest of a chunked answer wrong. The block digest covers every byte of
	// it, so the payload digest of chunked answers stands in ad.Capture only. The same
	// goes for answers that follow an interim one, which warcio takes for the payload.
	if !s.head.chunked() && !s.head.interim {
		f = append(f, field{"WARC-Payload-Digest", "sha256:" + c.PayloadSHA256})
	}
	f = append(f, field{"Vigil-Site", escape(c.Site)}, field{"Vigil-Via", string(c.Via)},
		field{"Vigil-Visit", number(c.Visit)}, field{"Vigil-Depth", number(int64(c.Depth))},
		field{"Vigil-File", escape(c.File)}, field{"Vigil-Operator", escape(c.Operator)})
	if kind == "response" {
		return append(f, field{"Content-Type", "application/http; msgtype=response"})
	}
	return append(f, field{"Content-Type", c.ContentType})
}

// companion is the header of a record that goes with the page's record.
func companion(c *ad.Capture, kind, contentType string, block []byte) []field {
	return []field{
		{"WARC-Type", kind},
		{"WARC-Record-ID", ad.RecordID(c.ID, kind)},
		{"WARC-Date", c.FetchedAt.Format(time.RFC3339)},
		{"WARC-Target-URI", c.URL},
		{"WARC-Concurrent-To", c.RecordID},
		{"WARC-Block-Digest", "sha256:" + hexSHA256(block)},
		{"Content-Type", contentType},
	}
}

// number prints a count, and nothing for zero: empty fields are not written.
func number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

func escape(s string) string { return url.PathEscape(s) }

// line says whether s can stand in one header line.
func line(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) && strings.TrimSpace(s) == s
}

func token(s string) bool { return line(s) && !strings.Contains(s, " ") }

func hexSHA256(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}
