package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/capture"
	"vigil.example/internal/desk"
	"vigil.example/internal/extract"
	"vigil.example/internal/site"
	"vigil.example/internal/stream"
)

// An importer takes saved pages. The same page, saved at the same time, is taken
// once, however often it is brought.
type importer struct {
	bus   *stream.Bus
	sites *site.Set
	now   func() time.Time
	bars  func(c ad.Capture, records []byte) bool // whether a page shows an ad that was erased
	mu    sync.Mutex
	known map[string]bool // ids of imported captures; nil before the first import
}

func newImporter(bus *stream.Bus, sites *site.Set, now func() time.Time, bars func(ad.Capture, []byte) bool) *importer {
	return &importer{bus: bus, sites: sites, now: now, bars: bars}
}

// web0 is when there was no page to save yet.
var web0 = time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)

// Import stores a saved page as a capture; see desk.Importer. One that was imported
// before is desk.ErrKnown.
func (i *importer) Import(ctx context.Context, p desk.SavedPage) (ad.Capture, error) {
	if len(p.Body) == 0 {
		return ad.Capture{}, fmt.Errorf("import %s: %w: the file is empty", p.Name, desk.ErrPage)
	}
	if len(p.Body) > maxPage {
		return ad.Capture{}, fmt.Errorf("import %s: %w: %d bytes are more than the %d that a page may have", p.Name, desk.ErrPage, len(p.Body), maxPage)
	}
	if t := http.DetectContentType(p.Body); !strings.HasPrefix(t, "text/") {
		return ad.Capture{}, fmt.Errorf("import %s: %w: it holds %s, not the text of a page", p.Name, desk.ErrPage, t)
	}
	address := p.URL
	if address == "" {
		address = extract.PageURL(p.Body)
	}
	if address == "" {
		// Files of one name are not one page: what is in them tells them apart.
		sum := sha256.Sum256(p.Body)
		address = (&url.URL{Scheme: "file", Path: "/" + hex.EncodeToString(sum[:8]) + "/" + filepath.Base(p.Name)}).String()
	}
	saved, now := p.SavedAt, i.now()
	if saved.IsZero() {
		saved = now
	}
	if saved.Before(web0) || saved.After(now.Add(24*time.Hour)) {
		return ad.Capture{}, fmt.Errorf("import %s: %w: it cannot have been saved at %s; set the file's time right", p.Name, desk.ErrPage, saved.UTC().Format("2006-01-02"))
	}
	u, err := url.Parse(address)
	if err != nil {
		return ad.Capture{}, fmt.Errorf("import %s: %w: its address cannot be read", p.Name, desk.ErrPage)
	}
	name := u.Hostname()
	if d := i.sites.ByHost(u.Host); d != nil {
		name = d.Name
	}
	c, records, err := capture.Record(capture.Exchange{
		URL: address, Response: p.Body, FetchedAt: saved, Site: name, Via: ad.ViaImport, File: filepath.Base(p.Name), Operator: p.Operator,
	})
	if err != nil {
		return ad.Capture{}, fmt.Errorf("import %s: %w: %w", p.Name, desk.ErrPage, err)
	}
	if i.bars(c, records) {
		return ad.Capture{}, fmt.Errorf("import %s: %w: it shows an ad that was erased, and is not to come back", p.Name, desk.ErrPage)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if err := i.learn(ctx); err != nil {
		return ad.Capture{}, err
	}
	if i.known[c.ID] {
		return c, desk.ErrKnown
	}
	if err := i.bus.Publish(ctx, []ad.Message{captureMessage(c, "i:"+c.ID, records)}); err != nil {
		return ad.Capture{}, err
	}
	i.known[c.ID] = true
	return c, nil
}

// learn reads which pages were imported. The caller holds i.mu.
func (i *importer) learn(ctx context.Context) error {
	if i.known != nil {
		return nil
	}
	known := map[string]bool{}
	_, err := i.bus.Replay(ctx, stream.Captures, 0, []string{"capture.import.*"}, func(m ad.Message) error {
		if len(m.ID) > 2 {
			known[m.ID[2:]] = true
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read what was imported: %w", err)
	}
	i.known = known
	return nil
}
