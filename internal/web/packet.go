package web

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"strconv"
	"time"
)

// errTruncated says that a packet was cut short on its way.
var errTruncated = errors.New("packet was cut short on its way")

// sendTime bounds how long a packet may take on its way.
const sendTime = 30 * time.Minute

// packet makes the packet of a cluster whole in a file, then sends it with its
// length: what arrives shorter is seen to be broken.
func (s *server) packet(r *http.Request, v *visit) error {
	id := r.PathValue("id")
	f, err := os.CreateTemp(s.Spool, "vigil-packet-*.zip")
	if err != nil {
		return fmt.Errorf("make packet of cluster %s: %w", id, err)
	}
	// Gone from the folder at once where the system allows it, so that nothing
	// stays behind when the program is killed; otherwise afterwards.
	unlinked := os.Remove(f.Name()) == nil
	defer func() {
		_ = f.Close()
		if !unlinked {
			_ = os.Remove(f.Name())
		}
	}()
	sum, err := s.desk.Packet(r.Context(), v.Subject, id, f)
	if err != nil {
		return err
	}
	size, err := f.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return fmt.Errorf("read packet of cluster %s: %w", id, err)
	}
	s.shelf.putPacket(v.Session, made{Cluster: id, At: s.Now(), Summary: sum})
	_ = http.NewResponseController(v.w).SetWriteDeadline(time.Now().Add(sendTime)) // not every writer has one
	h := v.w.Header()
	h.Set("Content-Type", "application/zip")
	h.Set("Content-Length", strconv.FormatInt(size, 10))
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": sum.Name + ".zip"}))
	v.done = true
	if _, err := io.Copy(v.w, f); err != nil {
		return fmt.Errorf("%w: cluster %s: %w", errTruncated, id, err)
	}
	return nil
}
