package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"vigil.example/internal/desk"
)

// Trailers of an export: they come behind the body, when all of it is known.
const (
	trailerRows   = "Vigil-Export-Rows"
	trailerSHA256 = "Vigil-Export-Sha256" // of the whole body
)

// stallTime is how long a reader of an export may take for the next piece.
const stallTime = time.Minute

// export sends a file as it is read. What goes wrong once it has begun breaks the
// connection off: what arrived has no last line and no trailers.
func (s *server) export(c *call) error {
	var q ExportRequest
	if err := c.read(&q); err != nil {
		return err
	}
	switch {
	case !q.Format.Known():
		return wrong("format is none of csv, jsonl and xlsx")
	case q.After != "" && !isDigest(q.After):
		return wrong("after is no document id")
	case q.After != "" && !q.Format.Resumable():
		return wrong("a file of the format %s cannot go on: it is one archive", q.Format)
	}
	kind := "redacted"
	if q.Full {
		kind = "full"
	}
	rc := http.NewResponseController(c.w)
	_ = rc.SetReadDeadline(time.Time{}) // it takes the time that it needs
	out := &download{ResponseWriter: c.w, rc: rc, kind: q.Format.MediaType(), name: "vigil-" + kind + "-" + s.c.Now().UTC().Format("20060102-150405") + "." + string(q.Format)}
	sum, err := s.desk.Export(c.ctx(), c.s, desk.ExportOrder{Query: q.Query, Format: q.Format, After: q.After, Full: q.Full, Authority: q.Authority}, out)
	if err != nil && out.has {
		s.c.Log.WarnContext(c.ctx(), "export broken off", "err", err)
		panic(http.ErrAbortHandler)
	}
	if err != nil {
		return err
	}
	c.w.Header().Set(trailerRows, strconv.Itoa(sum.Rows))
	c.w.Header().Set(trailerSHA256, sum.SHA256)
	return nil
}

// A download sends the headers of a file with its first byte: until then there may
// be a problem to send instead. Whoever reads it must go on reading.
type download struct {
	http.ResponseWriter
	rc         *http.ResponseController
	kind, name string
	has        bool
}

func (b *download) Write(p []byte) (int, error) {
	if !b.has {
		b.has = true
		h := b.Header()
		h.Set("Content-Type", b.kind)
		h.Set("Content-Disposition", `attachment; filename="`+b.name+`"`)
		h.Set("Trailer", trailerRows+", "+trailerSHA256)
		b.WriteHeader(http.StatusOK)
	}
	_ = b.rc.SetWriteDeadline(time.Now().Add(stallTime)) // a test's writer may know none
	return b.ResponseWriter.Write(p)
}

// An Exported is a file that came whole.
type Exported struct {
	Rows   int    `json:"rows"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"` // of all of it
}

// Export has all that matches written into a file and writes that to w. The error
// is ErrCut when it did not come whole: then w has its beginning.
func (c *Client) Export(ctx context.Context, q ExportRequest, w io.Writer) (Exported, error) {
	var out Exported
	a, err := c.ask(ctx, http.MethodPost, Root+"/exports", q)
	if err != nil {
		return out, err
	}
	defer func() { _ = a.Body.Close() }()
	if a.Header.Get("Content-Type") != q.Format.MediaType() {
		return out, fmt.Errorf("server %s: %w", c.base, ErrForeign)
	}
	whole := sha256.New()
	out.Size, err = io.Copy(io.MultiWriter(w, whole), a.Body)
	switch {
	case ctx.Err() != nil:
		return out, ctx.Err()
	case errors.Is(err, io.ErrUnexpectedEOF):
		return out, fmt.Errorf("download export: %w: the connection broke off after %d bytes", ErrCut, out.Size)
	case err != nil:
		return out, fmt.Errorf("download export: %w", err)
	}
	out.SHA256 = hex.EncodeToString(whole.Sum(nil))
	if out.Rows, err = strconv.Atoi(a.Trailer.Get(trailerRows)); err != nil {
		return out, fmt.Errorf("download export: %w: nothing says that it is all", ErrCut)
	}
	if a.Trailer.Get(trailerSHA256) != out.SHA256 {
		return out, fmt.Errorf("download export: %w: its digest is another", ErrCut)
	}
	return out, nil
}
