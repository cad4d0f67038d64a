package app

import (
	"bytes"
	"net/url"
	"strings"

	"vigil.example/internal/ad"
	"vigil.example/internal/crawl"
	"vigil.example/internal/erasure"
)

// This file is how numbers and addresses that go are known again in texts.

// matches reports whether an order by number is about a value.
func (e *eraser) matches(v ad.Value) bool {
	if e.order.Kind != erasure.ByNumber || v.Kind != "phone" {
		return false
	}
	is, ok := e.known[v.Value]
	if !ok {
		is = e.a.erased.Digest(v.Value) == e.order.Digest
		e.known[v.Value] = is
	}
	return is
}

// lost reports whether a value is a number that goes with its only ads.
func (e *eraser) lost(v ad.Value) bool { return v.Kind == "phone" && e.numbers[digitsOf(v.Value)] }

// idOf reads the id of an ad out of a record of one, without reading the rest.
// Inside a text its quotes would be escaped.
func idOf(data []byte) string {
	const name = `"ad_id":"`
	_, rest, ok := bytes.Cut(data, []byte(name))
	if !ok || len(rest) < 32 {
		return ""
	}
	return string(rest[:32])
}

// fingerprint is that of an address in the form in which the frontier queues it.
func (e *eraser) fingerprint(site, address string) uint64 {
	if u, err := url.Parse(address); err == nil {
		if d := e.a.cfg.Sites.ByName(site); d != nil {
			address = d.Canonical(u).String()
		}
	}
	return crawl.Fingerprint(address)
}

// digitsOf is the part of a number that stands in a text however it is written:
// the last nine digits, which are national in every plan.
func digitsOf(e164 string) string {
	d := strings.TrimPrefix(e164, "+")
	if len(d) > 9 {
		d = d[len(d)-9:]
	}
	return d
}

// apart is how many bytes may stand between two digits of one number.
const apart = 12

// names reports whether a text holds one of the numbers in digits, with whatever
// stands between them.
func (e *eraser) names(s string) bool {
	if len(e.numbers) == 0 {
		return false
	}
	digits := make([]byte, 0, 256)
	gap := 0
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= '0' && c <= '9':
			digits, gap = append(digits, c), 0
			for n := 7; n <= 9 && n <= len(digits); n++ {
				if e.numbers[string(digits[len(digits)-n:])] {
					return true
				}
			}
		case gap >= apart:
			digits = digits[:0]
		default:
			gap++
		}
	}
	return false
}
