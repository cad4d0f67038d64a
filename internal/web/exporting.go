package web

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"time"

	"vigil.example/internal/desk"
	"vigil.example/internal/export"
	"vigil.example/internal/query"
)

// stallTime is how long a browser may take for the next piece of a file.
const stallTime = time.Minute

// export sends a file of all that a search finds, as it is read. When it breaks
// off, the browser sees that it did, and the file has no last line.
func (s *server) export(r *http.Request, v *visit) error {
	id := r.PathValue("id")
	text, ok := s.shelf.findSearch(v.User, id)
	if !ok {
		v.redirect(r, "/s/"+id)
		return nil
	}
	f := export.Format(r.PostFormValue("format"))
	if !f.Known() {
		return fmt.Errorf("%w: %w", errBadForm, desk.ErrFormat)
	}
	full, kind := r.PostFormValue("full") == "yes", "redacted"
	if full {
		kind = "full"
	}
	rc := http.NewResponseController(v.w)
	_ = rc.SetReadDeadline(time.Time{}) // it takes the time that it needs
	out := &download{v: v, rc: rc, kind: f.MediaType(), name: "vigil-" + kind + "-" + s.Now().UTC().Format("20060102-150405") + "." + string(f)}
	_, err := s.desk.Export(r.Context(), v.Subject, desk.ExportOrder{Query: text, Format: f, Full: full, Authority: r.PostFormValue("authority")}, out)
	if _, unread := errors.AsType[*query.Error](err); unread { // its page says what is wrong
		v.redirect(r, "/s/"+id)
		return nil
	}
	return err
}

// A download sends its headers with the first byte: until then there may be a page
// to show instead.
type download struct {
	v          *visit
	rc         *http.ResponseController
	kind, name string
}

func (d *download) Write(b []byte) (int, error) {
	if !d.v.done {
		d.v.done = true
		h := d.v.w.Header()
		h.Set("Content-Type", d.kind)
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": d.name}))
	}
	_ = d.rc.SetWriteDeadline(time.Now().Add(stallTime)) // not every writer has one
	return d.v.w.Write(b)
}
