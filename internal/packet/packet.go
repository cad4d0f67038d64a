// Package packet makes sealed evidence packets and verifies them. A selection of
// ads with their captures, edges and custody events goes in; out comes one ZIP
// file with a BagIt 1.0 bag: each ad as JSON, the very WARC records it was read
// from, a report to read and print, a hash-chained custody log, manifests in
// SHA-256 and SHA-512, and an Ed25519 signature over them. Verify reads such a
// packet, zipped or unpacked, and says check by check what holds.
//
// A packet can be checked without Vigil: its README.txt names the commands of
// other people's tools. The package decides nothing about a person and leaves
// nothing out of what it is given; it keeps no packet and no list of packets.
package packet

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/capture"
)

// Contents is what goes into a packet.
type Contents struct {
	ID      string    // lower-case letters, digits and hyphens
	Title   string    // for people
	Created time.Time // kept in whole seconds
	By      string    // who exports
	Purpose string    // case or reason
	Agency  string
	Cluster string // id of the cluster, when the packet is one
	Ads     []Item
	Edges   []ad.Edge
	Held    []ad.Hub // values that stand in the ads but are held back, so that they link nothing
	Custody []Event  // what happened to the ads before the export
	// Nonce gives the nonce of an ad's file, at least 32 hex digits. Nil derives
	// nonces from the signing key, so that equal contents give equal packets while
	// nobody without the key can guess a hidden value by its hash.
	Nonce func(id string) string
}

// An Item is one ad version with the capture that it was read from.
type Item struct {
	Doc       ad.Document
	Capture   ad.Capture
	Records   []byte     // the gzip members, as capture.Record made them
	Sightings []Sighting // every capture known to have shown this content
}

// A Sighting says that a capture, in the packet or not, showed an ad's content.
type Sighting struct {
	CaptureID string    `json:"capture_id"`
	SeenAt    time.Time `json:"seen_at"`
}

// An Event is one line of the custody log: who did what to what, and the hash of
// it afterwards.
type Event struct {
	Time         time.Time
	Actor        string
	Action       string
	Object       string
	ObjectSHA256 string // lower-case hex; may be empty where there is nothing to hash
	Note         string
}

// A Summary says what Write wrote.
type Summary struct {
	Name        string // packet-<id>, the top folder
	Ads         int
	Captures    int
	Files       int   // of the payload
	Bytes       int64 // of the payload
	Size        int64 // of the ZIP file
	SHA256      string
	Receipt     string // SHA-256 of tagmanifest-sha256.txt: hand it over by another way
	CustodyHead string // SHA-256 of the last custody line
}

// maxWARC is where a new WARC file is begun.
const maxWARC = 512 << 20

// Write writes the packet as a ZIP file, sealed with the key. Equal contents and
// key give equal bytes. It holds one ad and the manifests in memory, besides what
// it was given.
func Write(w io.Writer, c Contents, key ed25519.PrivateKey) (Summary, error) {
	s, err := write(w, c, key)
	if err != nil {
		return Summary{}, fmt.Errorf("write packet %s: %w", c.ID, err)
	}
	return s, nil
}

func write(w io.Writer, c Contents, key ed25519.PrivateKey) (Summary, error) {
	if err := c.check(key); err != nil {
		return Summary{}, err
	}
	c.Created = c.Created.UTC().Truncate(time.Second)
	if c.Nonce == nil {
		var err error
		if c.Nonce, err = nonces(c.ID, key); err != nil {
			return Summary{}, err
		}
	}
	whole := sha256.New()
	b := &bag{z: newZip(io.MultiWriter(w, whole)), top: "packet-" + c.ID + "/"}
	warcs, err := b.captures(c)
	if err != nil {
		return Summary{}, err
	}
	files, err := b.ads(c, warcs)
	if err != nil {
		return Summary{}, err
	}
	if err := b.prose(c, files); err != nil {
		return Summary{}, err
	}
	log, err := custody(c, b.payload)
	if err != nil {
		return Summary{}, err
	}
	if err := b.put("data/custody.jsonl", raw(log.Bytes())); err != nil {
		return Summary{}, err
	}
	s := Summary{Name: "packet-" + c.ID, Ads: len(c.Ads), Captures: len(warcs), CustodyHead: head(log.Bytes())}
	for _, f := range b.payload {
		s.Files, s.Bytes = s.Files+1, s.Bytes+f.size
	}
	if s.Receipt, err = b.seal(bagInfo(c, s, key), key); err != nil {
		return Summary{}, err
	}
	if s.Size, err = b.z.finish(); err != nil {
		return Summary{}, err
	}
	s.SHA256 = hex.EncodeToString(whole.Sum(nil))
	return s, nil
}

func (c Contents) check(key ed25519.PrivateKey) error {
	switch {
	case len(key) != ed25519.PrivateKeySize:
		return errors.New("no signing key")
	case c.ID == "" || len(c.ID) > 64 || strings.Trim(c.ID, "abcdefghijklmnopqrstuvwxyz0123456789-") != "":
		return errors.New("the id must be 1 to 64 lower-case letters, digits and hyphens")
	case len(c.Ads) == 0:
		return errors.New("there is no ad in it")
	case c.Created.IsZero():
		return errors.New("the time of creation is missing")
	case strings.TrimSpace(c.By) == "" || strings.TrimSpace(c.Purpose) == "":
		return errors.New("who exports it and for which purpose must be said")
	}
	for _, it := range c.Ads {
		if err := it.check(c.Created); err != nil {
			return fmt.Errorf("ad %s: %w", it.Doc.Ad.AdID, err)
		}
	}
	return nil
}

// check makes sure that the ad was read from the capture and that the records are
// those of the capture, unchanged.
func (it Item) check(created time.Time) error {
	a, c := it.Doc.Ad, it.Capture
	if ad.Slug(a.AdID) != a.AdID || ad.Slug(a.VersionID) != a.VersionID || a.AdID == "" || len(a.VersionID) < 8 {
		return errors.New("its ids are not fit for file names")
	}
	if a.CaptureID != c.ID {
		return fmt.Errorf("it was read from capture %s, but capture %s is given", a.CaptureID, c.ID)
	}
	if c.FetchedAt.After(created.Add(time.Second)) {
		return fmt.Errorf("capture %s is dated after the packet; check the clocks", c.ID)
	}
	found := false
	for m, err := range capture.Members(bytes.NewReader(it.Records)) {
		if err == nil {
			err = m.Check()
		}
		if err != nil {
			return fmt.Errorf("capture %s: %w", c.ID, err)
		}
		if m.Header["warc-record-id"] == c.RecordID {
			found = m.Header["warc-block-digest"] == "sha256:"+c.BlockSHA256
		}
	}
	if !found {
		return fmt.Errorf("capture %s: its record is not among the given bytes", c.ID)
	}
	return nil
}

// nonces derives a nonce for each ad from the secret key.
func nonces(id string, key ed25519.PrivateKey) (func(string) string, error) {
	k, err := hkdf.Key(sha256.New, key.Seed(), nil, "vigil packet nonces "+id, sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("derive nonces: %w", err)
	}
	return func(ad string) string {
		m := hmac.New(sha256.New, k)
		m.Write([]byte(ad))
		return hex.EncodeToString(m.Sum(nil))
	}, nil
}

// captures writes the WARC files and returns the file of each capture.
func (b *bag) captures(c Contents) (map[string]string, error) {
	var order [][]byte
	warcs := map[string]string{}
	n, size := 0, int64(0)
	name := func() string { return fmt.Sprintf("captures/vigil-%05d.warc.gz", n) }
	flush := func() error {
		if len(order) == 0 {
			return nil
		}
		info, err := capture.Info(strings.TrimPrefix(name(), "captures/"), c.Created.Format(time.RFC3339),
			[]string{"description: captures of packet-" + c.ID})
		if err != nil {
			return err
		}
		err = b.put("data/"+name(), func(w io.Writer) error {
			for _, r := range append([][]byte{info}, order...) {
				if _, err := w.Write(r); err != nil {
					return err
				}
			}
			return nil
		})
		order, size = nil, 0
		return err
	}
	for _, it := range c.Ads {
		if warcs[it.Capture.ID] != "" {
			continue
		}
		if len(order) == 0 {
			n++
		}
		warcs[it.Capture.ID] = name()
		order, size = append(order, it.Records), size+int64(len(it.Records))
		if size >= maxWARC {
			if err := flush(); err != nil {
				return nil, err
			}
		}
	}
	return warcs, flush()
}

// ads writes one file an ad version and returns their names, in the order of the
// contents. A second version of an ad has its version in the name.
func (b *bag) ads(c Contents, warcs map[string]string) ([]string, error) {
	names := make([]string, 0, len(c.Ads))
	taken := map[string]bool{}
	for _, it := range c.Ads {
		id := it.Doc.Ad.AdID
		if taken[id] {
			id += "-" + it.Doc.Ad.VersionID
		}
		if taken[id] {
			return nil, fmt.Errorf("ad version %s is in it twice", it.Doc.Ad.VersionID)
		}
		taken[id] = true
		nonce := c.Nonce(id)
		if len(nonce) < 32 {
			return nil, fmt.Errorf("the nonce of ad %s is shorter than 32 digits", id)
		}
		var buf bytes.Buffer
		e := json.NewEncoder(&buf)
		e.SetEscapeHTML(false)
		if err := e.Encode(adFile(id, it, warcs[it.Capture.ID], nonce)); err != nil {
			return nil, fmt.Errorf("ad %s: %w", id, err)
		}
		if err := b.put("data/ads/"+id+".json", raw(buf.Bytes())); err != nil {
			return nil, err
		}
		names = append(names, id)
	}
	return names, nil
}
