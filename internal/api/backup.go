package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// backup sends everything as it is read. What goes wrong once it has begun stands
// in what was sent, which is then no whole backup.
func (s *server) backup(c *call) error {
	rc := http.NewResponseController(c.w)
	_ = rc.SetReadDeadline(time.Time{}) // it takes the time that it needs
	_ = rc.SetWriteDeadline(time.Time{})
	out := &begun{ResponseWriter: c.w}
	err := s.desk.Backup(c.ctx(), c.s, out)
	if err != nil && out.has {
		s.c.Log.ErrorContext(c.ctx(), "backup failed", "err", err)
		return nil
	}
	return err
}

// begun sends the headers of a backup with its first byte: until then there may
// be a problem to send instead.
type begun struct {
	http.ResponseWriter
	has bool
}

func (b *begun) Write(p []byte) (int, error) {
	if !b.has {
		b.has = true
		b.Header().Set("Content-Type", "application/x-tar")
		b.WriteHeader(http.StatusOK)
	}
	return b.ResponseWriter.Write(p)
}

// Backup has the instance backed up and writes the backup to w. It is for the
// reader to find out whether it is whole.
func (c *Client) Backup(ctx context.Context, w io.Writer) error {
	a, err := c.send(ctx, http.MethodPost, Root+"/backup", nil, nil)
	if err != nil {
		return err
	}
	defer func() { _ = a.Body.Close() }()
	if a.Header.Get("Content-Type") != "application/x-tar" {
		return fmt.Errorf("server %s: %w", c.base, ErrForeign)
	}
	if _, err := io.Copy(w, a.Body); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = errors.New("the server ended before it had sent everything")
		}
		return fmt.Errorf("download the backup: %w", err)
	}
	return nil
}
