package packet

import (
	"fmt"
	"slices"
	"time"

	"vigil.example/internal/ad"
)

// An adRecord is an ad in a packet: one flat object, so that each top-level field
// can later be committed to and hidden on its own.
type adRecord struct {
	ID           string            `json:"id"`
	AdID         string            `json:"ad_id"`
	VersionID    string            `json:"version_id"`
	URL          string            `json:"url"`         // of the capture, as it was fetched
	CapturedAt   string            `json:"captured_at"` // of the capture
	CanonicalURL string            `json:"canonical_url,omitempty"`
	Site         string            `json:"site"`
	NativeID     string            `json:"native_id,omitempty"`
	Title        string            `json:"title"`
	Body         string            `json:"body"`
	Price        *ad.Price         `json:"price,omitempty"`
	Location     string            `json:"location,omitempty"`
	Category     string            `json:"category,omitempty"`
	PostedAt     time.Time         `json:"posted_at,omitzero"`
	UpdatedAt    time.Time         `json:"updated_at,omitzero"`
	FirstSeen    time.Time         `json:"first_seen,omitzero"`
	LastSeen     time.Time         `json:"last_seen,omitzero"`
	RemovedAt    time.Time         `json:"removed_at,omitzero"`
	Sightings    int               `json:"sightings,omitempty"`
	SeenIn       []Sighting        `json:"seen_in,omitempty"` // every capture known to have shown this content, oldest first
	Contacts     []ad.Contact      `json:"contacts,omitempty"`
	ImageLinks   []string          `json:"image_links,omitempty"` // never fetched
	Phones       []ad.Phone        `json:"phones,omitempty"`
	Identifiers  []ad.Identifier   `json:"identifiers,omitempty"`
	Corrected    []ad.Correction   `json:"corrected,omitempty"` // where a person decided otherwise than the program reads
	Cluster      string            `json:"cluster,omitempty"`
	Methods      map[string]string `json:"methods,omitempty"`
	Definition   string            `json:"definition,omitempty"`
	EnrichedBy   string            `json:"enriched_by,omitempty"`
	ContentSHA   string            `json:"content_sha256"`
	Capture      captureRef        `json:"capture"`
	Nonce        string            `json:"nonce"`
}

// A captureRef binds an ad to its WARC record.
type captureRef struct {
	ID        string   `json:"id"`
	WARC      string   `json:"warc"` // below data/
	RecordID  string   `json:"record_id"`
	Payload   string   `json:"payload_sha256"`
	Block     string   `json:"block_sha256"`
	Status    int      `json:"status"`
	Truncated string   `json:"truncated,omitempty"`
	Cuts      []ad.Cut `json:"cuts,omitempty"`
}

func adFile(id string, it Item, warc, nonce string) adRecord {
	a, c := it.Doc.Ad, it.Capture
	return adRecord{
		ID: id, AdID: a.AdID, VersionID: a.VersionID, URL: c.URL, CapturedAt: c.FetchedAt.UTC().Format(time.RFC3339),
		CanonicalURL: a.URL, Site: a.Site, NativeID: a.NativeID, Title: a.Title, Body: a.Body, Price: a.Price,
		Location: a.Location, Category: a.Category, PostedAt: a.PostedAt, UpdatedAt: a.UpdatedAt,
		FirstSeen: it.Doc.FirstSeen, LastSeen: it.Doc.LastSeen, RemovedAt: it.Doc.RemovedAt, Sightings: it.Doc.Sightings,
		SeenIn:   it.seenIn(),
		Contacts: a.Contacts, ImageLinks: a.Images, Phones: a.Phones, Identifiers: a.Identifiers, Corrected: a.Corrected, Cluster: it.Doc.Cluster,
		Methods: a.Methods, Definition: a.Definition, EnrichedBy: a.EnrichedBy, ContentSHA: a.ContentSHA256,
		Capture: captureRef{ID: c.ID, WARC: warc, RecordID: c.RecordID, Payload: c.PayloadSHA256, Block: c.BlockSHA256,
			Status: c.Status, Truncated: c.Truncated, Cuts: c.Cuts},
		Nonce: nonce,
	}
}

// seenIn is the sightings in order of time.
func (it Item) seenIn() []Sighting {
	out := slices.Clone(it.Sightings)
	slices.SortStableFunc(out, func(a, b Sighting) int { return a.SeenAt.Compare(b.SeenAt) })
	return out
}

// seen says for people how often a content was seen, and which of its captures
// the packet holds. It is empty when no sightings are known.
func (it Item) seen() string {
	all := it.seenIn()
	if len(all) == 0 {
		return ""
	}
	first, last := all[0], all[len(all)-1]
	holds := "the capture of " + stamp(it.Capture.FetchedAt)
	if first.CaptureID == it.Capture.ID {
		holds = "the capture that first showed it"
	}
	if len(all) == 1 {
		return fmt.Sprintf("seen once, at %s; this packet holds %s", stamp(first.SeenAt), holds)
	}
	return fmt.Sprintf("seen %d times from %s to %s; this packet holds %s", len(all), stamp(first.SeenAt), stamp(last.SeenAt), holds)
}
