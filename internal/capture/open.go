package capture

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"vigil.example/internal/ad"
)

// A Page is a capture opened again.
type Page struct {
	URL      string
	RecordID string
	Date     time.Time
	Status   int         // 200 for a file without an HTTP head
	Header   http.Header // of the response; only Content-Type for such a file
	Body     []byte      // all encodings removed; what there is of it when Capture.Truncated says so
	Capture  ad.Capture  // as Record returned it
}

// Open reads what Record made. Every block is compared with its digest; bytes
// that were changed give ErrDigest. A body in an unknown encoding, one that is
// not encoded as it says, and one larger than MaxBody are errors.
func Open(b []byte) (Page, error) {
	var page, note *Member
	for m, err := range Members(bytes.NewReader(b)) {
		if err == nil {
			err = m.Check()
		}
		if err != nil {
			return Page{}, fmt.Errorf("open capture: %w", err)
		}
		switch m.Type() {
		case "response", "resource":
			if page != nil {
				return Page{}, errors.New("open capture: two responses in one capture")
			}
			page = &m
		case "metadata":
			note = &m
		}
	}
	if page == nil {
		return Page{}, errors.New("open capture: no response in it")
	}
	p, err := open(*page, note)
	if err != nil {
		return Page{}, fmt.Errorf("open capture %s: %w", page.Header["warc-record-id"], err)
	}
	return p, nil
}

func open(m Member, note *Member) (Page, error) {
	c, err := described(m)
	if err != nil {
		return Page{}, err
	}
	if note != nil && note.Header["warc-concurrent-to"] == c.RecordID {
		if c.Cuts, err = cutsOf(note.Block); err != nil {
			return Page{}, err
		}
	}
	p := Page{URL: c.URL, RecordID: c.RecordID, Date: c.FetchedAt, Status: 200, Header: http.Header{}}
	h, body := head{}, m.Block
	if m.Type() == "response" {
		var ok bool
		if h, body, ok = splitHead(m.Block); !ok {
			return Page{}, errors.New("the response has no HTTP head")
		}
		p.Status, p.Header, c.ContentType = h.status, h.header(), h.get("Content-Type")
	} else {
		c.ContentType = m.Header["content-type"]
		p.Header.Set("Content-Type", c.ContentType)
	}
	payload, _ := dechunk(h, body)
	c.Status, c.PayloadSHA256, c.Size = p.Status, hexSHA256(payload), int64(len(payload))
	if d := m.Header["warc-payload-digest"]; d != "" && d != "sha256:"+c.PayloadSHA256 {
		return Page{}, fmt.Errorf("the payload hashes to %.6s…, not %.13s…: %w", c.PayloadSHA256, d, ErrDigest)
	}
	if p.Body, err = decode(h, body); err != nil && (c.Truncated == "" || !isShort(err)) {
		return Page{}, err
	}
	p.Capture = c
	return p, nil
}

// described reads what the record's header says of the capture.
func described(m Member) (ad.Capture, error) {
	h := m.Header
	t, err := time.Parse(time.RFC3339, h["warc-date"])
	if err != nil {
		return ad.Capture{}, fmt.Errorf("WARC-Date: %w", err)
	}
	c := ad.Capture{
		V: ad.Schema, URL: h["warc-target-uri"], FetchedAt: t.UTC(), RecordID: h["warc-record-id"],
		BlockSHA256: hexSHA256(m.Block), IP: h["warc-ip-address"], Truncated: h["warc-truncated"], Via: ad.Via(h["vigil-via"]),
	}
	for name, to := range map[string]*string{"vigil-site": &c.Site, "vigil-file": &c.File, "vigil-operator": &c.Operator} {
		if *to, err = url.PathUnescape(h[name]); err != nil {
			return ad.Capture{}, fmt.Errorf("%s: %w", name, err)
		}
	}
	if v := h["vigil-visit"]; v != "" {
		if c.Visit, err = strconv.ParseInt(v, 10, 64); err != nil {
			return ad.Capture{}, fmt.Errorf("vigil-visit: %w", err)
		}
	}
	if v := h["vigil-depth"]; v != "" {
		if c.Depth, err = strconv.Atoi(v); err != nil {
			return ad.Capture{}, fmt.Errorf("vigil-depth: %w", err)
		}
	}
	c.ID = ad.CaptureID(c.URL, c.FetchedAt, c.BlockSHA256)
	if want := ad.RecordID(c.ID, m.Type()); c.RecordID != want {
		return ad.Capture{}, fmt.Errorf("the record's id does not follow from its address, date and block: %w", ErrDigest)
	}
	return c, nil
}

// Payload is what the payload digest of a response or resource record speaks of:
// the body with the transfer encoding removed and the content encoding left on.
func Payload(m Member) ([]byte, error) {
	if m.Type() != "response" {
		return m.Block, nil
	}
	h, body, ok := splitHead(m.Block)
	if !ok {
		return nil, fmt.Errorf("record %s: the response has no HTTP head", m.Header["warc-record-id"])
	}
	p, _ := dechunk(h, body) // what there is of it, as Record digests it
	return p, nil
}
