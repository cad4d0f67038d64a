package desk

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/audit"
	"vigil.example/internal/packet"
)

// ErrTooLarge says that a cluster has more ads than one packet takes.
var ErrTooLarge = errors.New("too large for one packet")

// Packet writes the sealed evidence packet of a cluster, every content of every
// ad in it with its capture, as a ZIP file to w. The export is in the audit log
// before the first byte goes out.
func (d *Desk) Packet(ctx context.Context, s access.Subject, cluster string, w io.Writer) (packet.Summary, error) {
	now := d.Now().UTC()
	id := now.Format("20060102") + "-" + strings.ToLower(rand.Text()[:8])
	e := audit.Entry{Action: "packet.export", Object: cluster}
	if err := d.may(ctx, s, access.ActPacket, e); err != nil {
		return packet.Summary{}, err
	}
	c, err := d.contents(ctx, cluster)
	e.Outcome, e.Count = outcome(err), len(c.Ads)
	if lerr := d.log(ctx, s, e); lerr != nil {
		return packet.Summary{}, lerr
	}
	if err != nil {
		return packet.Summary{}, err
	}
	c.ID, c.Created, c.By, c.Purpose, c.Agency = id, now, s.Name, s.Purpose.Text, d.Agency
	sum, err := packet.Write(w, c, d.Key)
	if err != nil {
		return sum, fmt.Errorf("write packet of cluster %s: %w", cluster, err)
	}
	return sum, nil
}

func (d *Desk) contents(ctx context.Context, cluster string) (packet.Contents, error) {
	v, err := d.cluster(ctx, cluster)
	if err != nil {
		return packet.Contents{}, err
	}
	if v.Size > len(v.Members) {
		return packet.Contents{}, fmt.Errorf("cluster %s is %w: it has %d ads, a packet takes at most %d", cluster, ErrTooLarge, v.Size, MaxMembers)
	}
	c := packet.Contents{Title: fmt.Sprintf("Cluster of %d linked ads", v.Size), Cluster: cluster, Edges: v.Edges}
	if c.Held, err = d.counted(ctx, v.Hubs); err != nil {
		return c, err
	}
	for _, m := range v.Members {
		docs, seen, err := d.Index.Versions(ctx, m.Ad.AdID)
		if err != nil {
			return c, fmt.Errorf("read ad %s: %w", m.Ad.AdID, err)
		}
		for _, doc := range docs {
			item, err := d.item(ctx, doc)
			if err != nil {
				return c, err
			}
			for _, s := range seen {
				if s.DocumentID == doc.ID {
					item.Sightings = append(item.Sightings, packet.Sighting{CaptureID: s.CaptureID, SeenAt: s.SeenAt})
				}
			}
			c.Ads = append(c.Ads, item)
		}
	}
	return c, nil
}

func (d *Desk) item(ctx context.Context, doc ad.Document) (packet.Item, error) {
	capt, records, err := d.Captures.Records(ctx, doc.Ad.CaptureID, doc.Ad.CaptureSeq)
	if err != nil {
		return packet.Item{}, fmt.Errorf("read the capture of ad %s: %w", doc.Ad.AdID, err)
	}
	return packet.Item{Doc: doc, Capture: capt, Records: records}, nil
}
