package web

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net/http"
	"time"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/desk"
)

// This file tells a page of results how many new ads match while somebody looks at
// it. It tells the count alone: whoever wants to see them asks for the page again.

//go:embed live.js
var liveScript []byte

// livePolicy is that of the page of results: it may run the one script, which may
// ask this origin alone.
const livePolicy = policy + "; script-src 'self'; connect-src 'self'"

const (
	// liveTime is how long one page is told, so that a forgotten one does not hold a
	// line for others.
	liveTime = liveRounds * liveWait
	// livePause is the least time between two counts: they are read aloud.
	livePause = 3 * time.Second
)

// live sends counts as server-sent events, of what came since it was asked or behind
// a place, until the reader goes, the session ends, or liveTime is over.
func (s *server) live(r *http.Request, v *visit) error {
	text, ok := s.shelf.findSearch(v.User, r.PathValue("id"))
	if !ok {
		return ad.ErrNotFound
	}
	after, err := desk.ReadPlace(r.URL.Query().Get("after"))
	if err != nil {
		return fmt.Errorf("%w: %w", errBadForm, err)
	}
	ctx, cancel := context.WithTimeout(r.Context(), liveTime)
	defer cancel()
	rc := http.NewResponseController(v.w)
	defer func() { _ = rc.SetWriteDeadline(time.Time{}) }()
	again := func() (access.Subject, error) { return s.desk.Register.Glance(ctx, v.session) }
	n, told, last := 0, 0, time.Time{}
	err = s.desk.Live(ctx, again, text, after, func(at desk.Place, found []desk.Arrived) error {
		n += len(found)
		note := ": \n\n" // keeps the line open
		if !v.done {
			v.done = true
			h := v.w.Header()
			h.Set("Content-Type", "text/event-stream")
			h.Set("X-Accel-Buffering", "no")
			note = fmt.Sprintf("id: %s\ndata: 0\n\n", at)
		} else if now := time.Now(); n > told && now.Sub(last) >= livePause {
			told, last = n, now
			note = fmt.Sprintf("id: %s\ndata: %d\n\n", at, n)
		}
		_ = rc.SetWriteDeadline(time.Now().Add(stallTime))
		if _, err := v.w.Write([]byte(note)); err != nil {
			return err
		}
		return rc.Flush()
	})
	switch {
	case v.done: // the line ends, and the page with it says no more
		if err != nil && ctx.Err() == nil {
			s.Log.InfoContext(r.Context(), "live results ended", "why", fmt.Sprintf("%T", errors.Unwrap(err)))
		}
		return nil
	case errors.Is(err, desk.ErrManyLive), errors.Is(err, desk.ErrRenewed), ctx.Err() != nil:
		v.done = true
		v.w.WriteHeader(http.StatusNoContent) // a browser does not ask again
		return nil
	}
	return err
}
