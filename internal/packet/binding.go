package packet

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"vigil.example/internal/capture"
)

// A bound is what the WARC files say of one record.
type bound struct {
	warc, url, date, block, payload string
	used                            bool
}

// captures reads every WARC record, compares digests, and makes sure that each ad
// names a capture in the packet, as it is, and each capture belongs to an ad.
func (v *verifier) captures() (string, error) {
	records, n := map[string]*bound{}, 0
	for _, name := range v.src.names {
		if strings.HasPrefix(name, "data/captures/") {
			count, err := v.warc(name, records)
			if err != nil {
				return "", fmt.Errorf("%s: %w", name, err)
			}
			n += count
		}
	}
	logged := map[string]string{}
	for _, e := range v.log {
		if e.Action == "capture" {
			logged[e.Object] = e.SHA256
		}
	}
	ads := 0
	for _, name := range v.src.names {
		if strings.HasPrefix(name, "data/ads/") {
			if err := v.ad(name, records); err != nil {
				return "", fmt.Errorf("%s: %w", name, err)
			}
			ads++
		}
	}
	for id, r := range records {
		if !r.used {
			return "", fmt.Errorf("capture %s belongs to no ad", id)
		}
		if logged[id] != r.block {
			return "", fmt.Errorf("capture %s: the log tells of another record or of none", id)
		}
	}
	return fmt.Sprintf("%d ads bound to %d captures, %d records whole", ads, len(records), n), nil
}

// warc reads one WARC file record by record.
func (v *verifier) warc(name string, records map[string]*bound) (int, error) {
	f, err := v.src.open(name)
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	n := 0
	for m, err := range capture.Members(f) {
		if err == nil {
			err = m.Check()
		}
		if err != nil {
			return n, err
		}
		id := m.Header["warc-record-id"]
		switch t := m.Type(); {
		case n == 0 && t != "warcinfo":
			return n, errors.New("it does not begin with a warcinfo record")
		case t == "response" || t == "resource":
			if records[id] != nil {
				return n, fmt.Errorf("record %s stands twice", id)
			}
			payload, err := capture.Payload(m)
			if err != nil {
				return n, err
			}
			records[id] = &bound{warc: strings.TrimPrefix(name, "data/"), url: m.Header["warc-target-uri"],
				date: m.Header["warc-date"], block: sum(m.Block), payload: sum(payload)}
		}
		n++
	}
	return n, nil
}

// ad compares an ad's file with the capture that it names.
func (v *verifier) ad(name string, records map[string]*bound) error {
	b, err := v.src.read(name, maxText)
	if err != nil {
		return err
	}
	var a adRecord
	if err := strictJSON(b, &a); err != nil {
		return err
	}
	r := records[a.Capture.RecordID]
	switch {
	case "data/ads/"+a.ID+".json" != name:
		return fmt.Errorf("it calls itself %q", a.ID)
	case r == nil:
		return fmt.Errorf("its capture %s is not in the packet", a.Capture.RecordID)
	case r.warc != a.Capture.WARC || r.url != a.URL || r.date != a.CapturedAt || r.payload != a.Capture.Payload || r.block != a.Capture.Block:
		return errors.New("it differs from its capture in file, address, time or hash")
	case len(a.Nonce) < 32:
		return errors.New("it has no nonce")
	}
	r.used = true
	return nil
}

// strictJSON decodes one object and refuses what two readers could read in two
// ways: a key twice, in whatever case, or anything after the object.
func strictJSON(b []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	if err := noTwins(d, 0); err != nil {
		return err
	}
	if d.More() || len(bytes.TrimSpace(b[d.InputOffset():])) > 0 {
		return errors.New("more than one JSON value")
	}
	if err := json.Unmarshal(b, into); err != nil {
		return fmt.Errorf("read JSON: %w", err)
	}
	return nil
}

func noTwins(d *json.Decoder, depth int) error {
	t, err := d.Token()
	if err != nil {
		return fmt.Errorf("read JSON: %w", err)
	}
	delim, ok := t.(json.Delim)
	if !ok {
		return nil
	}
	if depth > 50 {
		return errors.New("JSON is nested too deeply")
	}
	seen := map[string]bool{}
	for d.More() {
		if delim == '{' {
			k, err := d.Token()
			if err != nil {
				return fmt.Errorf("read JSON: %w", err)
			}
			l := strings.ToLower(fmt.Sprint(k))
			if seen[l] {
				return fmt.Errorf("key %q stands twice", l)
			}
			seen[l] = true
		}
		if err := noTwins(d, depth+1); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}
