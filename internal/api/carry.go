package api

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"vigil.example/internal/ad"
	"vigil.example/internal/desk"
)

// Headers of what is carried in and out in bodies that are no JSON.
const (
	headerReceipt = "Vigil-Packet-Receipt" // SHA-256 of tagmanifest-sha256.txt
	headerSHA256  = "Vigil-Packet-Sha256"  // of the whole file
	headerFile    = "Vigil-File-Name"      // percent-encoded
	headerURL     = "Vigil-Page-Url"
	headerSaved   = "Vigil-Saved-At" // RFC 3339
)

// MaxPage is the largest page that an import takes.
const MaxPage = 16 << 20

// packet spools a packet to a file first, so that it goes out whole, with its
// length and digest ahead of it, or not at all.
func (s *server) packet(c *call) error {
	f, err := os.CreateTemp(s.c.Spool, ".vigil-packet-*")
	if err != nil {
		return fmt.Errorf("spool packet: %w", err)
	}
	defer func() { _ = f.Close() }()
	// Where an open file can be removed, nothing of it stays, whatever happens.
	if os.Remove(f.Name()) != nil {
		defer func() { _ = os.Remove(f.Name()) }()
	}
	sum, err := s.desk.Packet(c.ctx(), c.s, c.id, f)
	if err != nil {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("spool packet: %w", err)
	}
	digest, err := hex.DecodeString(sum.SHA256)
	if err != nil {
		return fmt.Errorf("spool packet: %w", err)
	}
	// A packet takes the time that the line needs.
	_ = http.NewResponseController(c.w).SetWriteDeadline(time.Time{})
	h := c.w.Header()
	h.Set("Content-Type", "application/zip")
	h.Set("Content-Length", strconv.FormatInt(sum.Size, 10))
	h.Set("Content-Disposition", `attachment; filename="`+sum.Name+`.zip"`)
	h.Set("Content-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(digest)+":") // RFC 9530
	h.Set(headerSHA256, sum.SHA256)
	h.Set(headerReceipt, sum.Receipt)
	c.w.WriteHeader(http.StatusOK)
	_, _ = io.CopyN(c.w, f, sum.Size) // a cut line shows as a short body
	return nil
}

// imports takes one saved page.
func (s *server) imports(c *call) error {
	name, err := url.PathUnescape(c.r.Header.Get(headerFile))
	if err != nil || !utf8.ValidString(name) || len(name) > 255 || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' }) {
		return wrong("header %s is no percent-encoded file name", headerFile)
	}
	if name = path.Base(strings.ReplaceAll(name, `\`, "/")); name == "." || name == "/" {
		name = "page.html"
	}
	p := desk.SavedPage{Name: name, URL: c.r.Header.Get(headerURL)}
	if p.URL != "" && !isWeb(p.URL) {
		return wrong("header %s is no absolute address of the web", headerURL)
	}
	if at := c.r.Header.Get(headerSaved); at != "" {
		if p.SavedAt, err = time.Parse(time.RFC3339, at); err != nil {
			return wrong("header %s is no time as RFC 3339 writes it", headerSaved)
		}
	}
	done := c.within(2 * time.Minute)
	p.Body, err = io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, MaxPage))
	done()
	var tooMuch *http.MaxBytesError
	switch {
	case errors.As(err, &tooMuch):
		return fmt.Errorf("%w: a page may have %d bytes", errTooMuch, tooMuch.Limit)
	case err != nil:
		return wrong("the page did not come whole")
	case len(p.Body) == 0:
		return wrong("the page is empty")
	}
	got, err := s.desk.Import(c.ctx(), c.s, p)
	switch {
	case errors.Is(err, desk.ErrKnown):
		return c.reply(http.StatusOK, Imported{got, true})
	case err != nil:
		return err
	}
	return c.reply(http.StatusCreated, Imported{got, false})
}

// An Imported is the capture of a page that was brought.
type Imported struct {
	ad.Capture
	Known bool `json:"known,omitempty"` // it was imported before
}

func isWeb(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && len(s) <= 4096
}
