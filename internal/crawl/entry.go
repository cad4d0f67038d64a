package crawl

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"vigil.example/internal/ad"
)

// An Entry is one address in the queue: what to fetch, for which site, on which
// planned visit, and where it was found. It is a record: it travels as JSON.
type Entry struct {
	V     int         `json:"v"`
	URL   string      `json:"url"` // canonical
	Site  string      `json:"site"`
	Kind  ad.LinkKind `json:"kind"`
	Visit int64       `json:"visit,omitempty"` // which planned visit of the URL; 0 when it is never revisited
	Depth int         `json:"depth,omitempty"` // links followed from a seed
	From  string      `json:"from,omitempty"`  // id of the capture that showed the link

	// Known is what the page's last answer is recognised by. When it is given the
	// server may say 304 instead of sending the page again.
	Known Validators `json:"known,omitzero"`
}

// Validators are what a server recognises an answer of its own by (RFC 9110
// section 8.8), as it sent them.
type Validators struct {
	ETag         string `json:"etag,omitempty"`
	LastModified string `json:"last_modified,omitempty"`
}

// ID is the message id of the entry: EntryID of its URL and visit.
func (e Entry) ID() string { return EntryID(e.URL, e.Visit) }

// EntryID is the id under which an address is queued: the same address is queued
// once per visit, wherever it was found.
func EntryID(url string, visit int64) string {
	s := entrySum(url, visit)
	return hex.EncodeToString(s[:16])
}

func entrySum(url string, visit int64) [sha256.Size]byte {
	b := make([]byte, 8, 8+len(url))
	binary.BigEndian.PutUint64(b, uint64(visit))
	return sha256.Sum256(append(b, url...))
}

// fingerprint is the first half of the entry's id.
func (e Entry) fingerprint() uint64 {
	s := entrySum(e.URL, e.Visit)
	return binary.BigEndian.Uint64(s[:8])
}
