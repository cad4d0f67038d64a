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
	r, err := parse(b)
	if err != nil {
		return Page{}, fmt.Errorf("open capture: %w", err)
	}
	p := Page{URL: r.c.URL, RecordID: r.c.RecordID, Date: r.c.FetchedAt, Status: r.c.Status, Header: r.h.header(), Capture: r.c}
	if len(r.h.lines) == 0 {
		p.Header.Set("Content-Type", r.c.ContentType)
	}
	if p.Body, err = decode(r.h, r.body); err != nil && (r.c.Truncated == "" || !isShort(err)) {
		return Page{}, fmt.Errorf("open capture %s: %w", r.c.RecordID, err)
	}
	return p, nil
}

// A reading is what the records of a capture say, the body still encoded.
type reading struct {
	c    ad.Capture
	h    head
	body []byte
}

// parse reads the records of one capture and compares every digest.
func parse(b []byte) (reading, error) {
	var page, note *Member
	for m, err := range Members(bytes.NewReader(b)) {
		if err == nil {
			err = m.Check()
		}
		if err != nil {
			return reading{}, err
		}
		switch m.Type() {
		case "response", "resource":
			if page != nil {
				return reading{}, errors.New("two responses in one capture")
			}
			page = &m
		case "metadata":
			note = &m
		}
	}
	if page == nil {
		return reading{}, errors.New("no response in it")
	}
	r, err := readPage(*page)
	if err == nil && note != nil && note.Header["warc-concurrent-to"] == r.c.RecordID {
		r.c.Cuts, err = cutsOf(note.Block)
	}
	if err != nil {
		return reading{}, fmt.Errorf("record %s: %w", page.Header["warc-record-id"], err)
	}
	return r, nil
}

func readPage(m Member) (reading, error) {
	c, err := described(m)
	if err != nil {
		return reading{}, err
	}
	r := reading{body: m.Block}
	c.Status, c.ContentType = 200, m.Header["content-type"]
	if m.Type() == "response" {
		var ok bool
		if r.h, r.body, ok = splitHead(m.Block); !ok {
			return reading{}, errors.New("the response has no HTTP head")
		}
		c.Status, c.ContentType = r.h.status, r.h.get("Content-Type")
	}
	payload, _ := dechunk(r.h, r.body)
	c.PayloadSHA256, c.Size = hexSHA256(payload), int64(len(payload))
	if d := m.Header["warc-payload-digest"]; d != "" && d != "sha256:"+c.PayloadSHA256 {
		return reading{}, fmt.Errorf("the payload hashes to %.6s…, not %.13s…: %w", c.PayloadSHA256, d, ErrDigest)
	}
	r.c = c
	return r, nil
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
