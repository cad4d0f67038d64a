package ad

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"hash"
	"io"
	"strings"
	"time"
)

// idBytes is the length of an id in bytes: 128 bits keep the chance of two of a
// billion ids being equal below 1e-20.
const idBytes = 16

// digest hashes the parts with their lengths, so that no two different lists of
// parts have the same input.
func digest(kind string, parts ...string) string {
	h := sha256.New()
	put(h, kind)
	for _, p := range parts {
		put(h, p)
	}
	return hex.EncodeToString(h.Sum(nil)[:idBytes])
}

func put(h hash.Hash, s string) {
	var n [8]byte
	for i, l := 0, uint64(len(s)); i < 8; i, l = i+1, l>>8 {
		n[i] = byte(l)
	}
	h.Write(n[:])
	_, _ = io.WriteString(h, s)
}

// CaptureID is the id of a capture: the digest of its URL, fetch time and the
// digest of its record's block.
func CaptureID(url string, fetched time.Time, blockSHA256 string) string {
	return digest("capture", url, fetched.UTC().Format(time.RFC3339), blockSHA256)
}

// RecordID is the WARC-Record-ID derived from a capture's id and the record's
// part in it (response, request, metadata): a version 8 UUID (RFC 9562).
func RecordID(capture, part string) string {
	b := sha256.Sum256([]byte(part + "\x00" + capture))
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80
	x := hex.EncodeToString(b[:16])
	return "<urn:uuid:" + x[:8] + "-" + x[8:12] + "-" + x[12:16] + "-" + x[16:20] + "-" + x[20:] + ">"
}

// ID is the id of an ad: the digest of the site and the site's own id of the ad,
// or, where the site shows none, of the canonical URL.
func ID(site, nativeID, url string) string {
	if nativeID != "" {
		return digest("ad", site, "native", nativeID)
	}
	return digest("ad", site, "url", url)
}

// VersionID is the id of one version of an ad: the digest of the ad's id, its
// content and the capture that showed it, so that an ad edited from A to B and
// back to A has three versions.
func VersionID(adID, contentSHA256, captureID string) string {
	return digest("version", adID, contentSHA256, captureID)
}

// DocumentID is the id under which an ad's content is indexed.
func DocumentID(adID, contentSHA256 string) string { return digest("document", adID, contentSHA256) }

// AlertID is the id of the alert for a subscription, an ad and a matched value.
func AlertID(subscription, adID string, v Value) string {
	return digest("alert", subscription, adID, v.Kind, v.Value)
}

// SearchAlertID is the id of the alert that a user gets for a saved search and one
// content of an ad: however often the search is changed or the alert made anew.
func SearchAlertID(search, user, documentID string) string {
	return digest("search alert", search, user, documentID)
}

// ClusterID is the id of the cluster that an ad founds.
func ClusterID(adID string) string { return "c" + digest("cluster", adID)[:15] }

// Content returns the lower-case hex SHA-256 of what the listing says: the words
// and facts a poster controls, not when or how they were fetched. Image links are
// left out: many sites sign them anew for every visitor.
func (l Listing) Content() string {
	b, err := json.Marshal(struct {
		T, B, L, C string
		P          *Price
		K          []Contact
	}{l.Title, l.Body, l.Location, l.Category, l.Price, l.Contacts})
	if err != nil { // strings, slices and a struct of strings always marshal
		panic(err)
	}
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// Seal fills the ids of a listing from its fields; CaptureID, Site and URL or
// NativeID must be set.
func (l *Listing) Seal() {
	l.V = Schema
	l.AdID = ID(l.Site, l.NativeID, l.URL)
	l.ContentSHA256 = l.Content()
	l.VersionID = VersionID(l.AdID, l.ContentSHA256, l.CaptureID)
}

// Slug makes s fit for a subject token, a file name or a URL segment: lower-case
// letters, digits, hyphens and underscores; at most 64 bytes.
func Slug(s string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(s) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-', r == '_':
			b.WriteRune(r)
		default:
			b.WriteByte('-')
		}
		if b.Len() == 64 {
			break
		}
	}
	if b.Len() == 0 {
		return "-"
	}
	return b.String()
}
