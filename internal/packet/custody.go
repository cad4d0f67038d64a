package packet

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"vigil.example/internal/ad"
)

// The custody log is one JSON object a line. Each line names the SHA-256 of the
// bytes of the line before it, without the line end, so that no canonical JSON is
// needed to check the chain; the hash of the last line stands in bag-info.txt,
// under the seal.

// A custodyLine is one line of data/custody.jsonl.
type custodyLine struct {
	Seq    int    `json:"seq"`
	Time   string `json:"time"`
	Actor  string `json:"actor"`
	Action string `json:"action"`
	Object string `json:"object"`
	SHA256 string `json:"object_sha256"`
	Note   string `json:"note,omitempty"`
	Prev   string `json:"prev_sha256"`
}

var noLine = strings.Repeat("0", 64)

// custody writes the log: what happened before, in order of time, then how each
// file of the payload came about, then the export.
func custody(c Contents, payload []file) (*bytes.Buffer, error) {
	events := append(before(c), c.Custody...)
	for i := range events {
		events[i].Time = events[i].Time.UTC().Truncate(time.Second)
		if events[i].Time.After(c.Created) {
			return nil, fmt.Errorf("custody: %s of %s is dated after the packet; check the clocks", events[i].Action, events[i].Object)
		}
	}
	slices.SortStableFunc(events, func(a, b Event) int { return a.Time.Compare(b.Time) })
	for _, f := range payload {
		note := ""
		if strings.HasPrefix(f.name, "data/captures/") {
			note = "the stored records, byte for byte, after a warcinfo record"
		}
		events = append(events, Event{c.Created, "vigil", "assemble", f.name, f.sha256, note})
	}
	events = append(events, Event{c.Created, c.By, "export", "packet-" + c.ID, listDigest(payload), "purpose: " + c.Purpose})

	var out bytes.Buffer
	prev := noLine
	for i, e := range events {
		if e.Actor == "" || e.Action == "" {
			return nil, fmt.Errorf("custody: event %d does not say who or what", i)
		}
		var line bytes.Buffer
		enc := json.NewEncoder(&line)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(custodyLine{i, e.Time.Format(time.RFC3339), e.Actor, e.Action, e.Object, e.ObjectSHA256, e.Note, prev}); err != nil {
			return nil, fmt.Errorf("custody: %w", err)
		}
		prev = sum(bytes.TrimSuffix(line.Bytes(), []byte("\n")))
		out.Write(line.Bytes())
	}
	return &out, nil
}

// before is what is known of each capture and ad without being told: when it was
// fetched, and what was read from it. Events given for the same object win.
func before(c Contents) []Event {
	told := map[[2]string]bool{}
	for _, e := range c.Custody {
		told[[2]string{e.Action, e.Object}] = true
	}
	var out []Event
	add := func(e Event) {
		k := [2]string{e.Action, e.Object}
		if !told[k] {
			told[k] = true
			out = append(out, e)
		}
	}
	for _, it := range c.Ads {
		p, a := it.Capture, it.Doc.Ad
		who := "vigil crawl"
		if p.Via == ad.ViaImport {
			who = cmp.Or(p.Operator, "vigil import")
		}
		add(Event{p.FetchedAt, who, "capture", p.RecordID, p.BlockSHA256, "SHA-256 of the record's block, made before it was parsed"})
		by := cmp.Or(a.EnrichedBy, "vigil")
		if !strings.HasPrefix(by, "vigil") {
			by = "vigil " + by
		}
		add(Event{p.FetchedAt, by, "extract", "ad version " + a.VersionID, a.ContentSHA256,
			"read from " + p.RecordID + "; the time is that of the capture"})
	}
	return out
}

// listDigest is the SHA-256 of the lines that the files have in
// manifest-sha256.txt, in order: what the export line vouches for. The log itself
// cannot be among them.
func listDigest(payload []file) string {
	h := sha256.New()
	for _, l := range manifest(payload, func(f file) string { return f.sha256 }) {
		h.Write([]byte(l))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// head is the hash of the last line of a log.
func head(log []byte) string {
	log = bytes.TrimSuffix(log, []byte("\n"))
	return sum(log[bytes.LastIndexByte(log, '\n')+1:])
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}
