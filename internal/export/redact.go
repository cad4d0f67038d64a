package export

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"vigil.example/internal/ad"
)

// Contents says how much of the people in ads a file holds.
type Contents string

// What files hold. A redacted one has nothing that a poster wrote, and names of its
// own for numbers, addresses and handles; a full one has all.
const (
	Redacted Contents = "redacted"
	Full     Contents = "full"
)

// A Redactor leaves out of documents what a poster wrote and by whom one could find
// them. What is left counts, dates, places and links ads: equal values have equal
// stand-ins wherever the same key is used, and nobody without the key finds the value
// behind one by trying all. It does not make an ad anonymous to whoever has the site's
// pages or this instance: ids and times stay.
type Redactor struct {
	key []byte
}

// NewRedactor returns a Redactor. The key is secret, and at least 16 bytes.
func NewRedactor(key []byte) *Redactor { return &Redactor{key} }

// Redact returns what may be seen of a document. It is made of what is named here:
// what a document gets one day is left out until somebody thinks of it.
func (r *Redactor) Redact(d *ad.Document) ad.Document {
	a := &d.Ad
	out := ad.Document{
		ID: d.ID, Cluster: d.Cluster, FirstSeen: d.FirstSeen, LastSeen: d.LastSeen,
		Sightings: d.Sightings, Current: d.Current, RemovedAt: d.RemovedAt, Labels: d.Labels,
	}
	out.Ad.Listing = ad.Listing{
		V: a.V, AdID: a.AdID, CaptureID: a.CaptureID, CaptureSeq: a.CaptureSeq, Site: r.site(a.Site),
		PostedAt: a.PostedAt, UpdatedAt: a.UpdatedAt, SeenAt: a.SeenAt, Via: a.Via, Definition: a.Definition,
	}
	if p := a.Price; p != nil && p.Amount != "" && len(p.Amount) <= maxAmount && strings.Trim(p.Amount, "0123456789.") == "" {
		out.Ad.Price = &ad.Price{Amount: p.Amount, Currency: p.Currency}
	}
	for _, p := range a.Phones {
		out.Ad.Phones = append(out.Ad.Phones, ad.Phone{E164: r.standIn("phone", p.E164), Method: p.Method, Confidence: p.Confidence, Withheld: p.Withheld})
	}
	for _, i := range a.Identifiers {
		out.Ad.Identifiers = append(out.Ad.Identifiers, ad.Identifier{Kind: i.Kind, Value: r.standIn(i.Kind, i.Value), Confidence: i.Confidence, Withheld: i.Withheld})
	}
	for _, p := range a.Places {
		p.Span = nil
		out.Ad.Places = append(out.Ad.Places, p)
	}
	for _, i := range a.Indicators {
		i.Text, i.Span = "", ad.Span{}
		out.Ad.Indicators = append(out.Ad.Indicators, i)
	}
	out.Ad.Language, out.Ad.Lead, out.Ad.EnrichedBy = a.Language, a.Lead, a.EnrichedBy
	if s := a.Side; s != nil {
		out.Ad.Side = &ad.Side{Side: s.Side, P: s.P}
	}
	return out
}

// maxAmount is how many digits a price has at most: a longer one may be a number of
// another kind.
const maxAmount = 6

// maxInHost is how many digits the host of a site has at most: one with more may be a
// number, and the site its poster's own.
const maxInHost = 6

// site is a site by its name, or by a stand-in where that may hold a number.
func (r *Redactor) site(name string) string {
	digits := 0
	for _, c := range name {
		if c >= '0' && c <= '9' {
			digits++
		}
	}
	if digits > maxInHost {
		return r.standIn("site", name)
	}
	return name
}

// standIn is what stands for a value: its kind, of a handle its platform, and a
// keyed digest.
func (r *Redactor) standIn(kind, value string) string {
	m := hmac.New(sha256.New, r.key)
	m.Write([]byte(kind + "\x00" + value))
	name := kind
	if platform, _, ok := strings.Cut(value, ":"); ok && kind == "handle" && platform == ad.Slug(platform) {
		name = platform
	}
	return name + ":" + hex.EncodeToString(m.Sum(nil)[:8])
}
