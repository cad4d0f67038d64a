package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/alert"
	"vigil.example/internal/desk"
)

const (
	inboxPage = 30
	// A live inbox asks again this often, each time waiting for an alert for so
	// long: about ten minutes, so that a forgotten page does not keep a session
	// from ending for being unused.
	liveRounds = 60
	liveWait   = 10 * time.Second
)

// An Item is one alert and why it was sent.
type Item struct {
	ad.Alert
	Title []Piece
	Words []Piece          // the value as the ad writes it
	Why   *ad.Subscription // nil when the subscription has ended
	Of    desk.SavedView   // the saved search that it is of; zero when that is gone
	Hour  time.Time        // that many alerts of one search are counted in
}

// An inboxBody is the inbox.
type inboxBody struct {
	alert.Page
	Items []Item
	Live  int // rounds left, 0 when not live
	First bool
	Storm int
}

func (s *server) inbox(r *http.Request, v *visit) error {
	before, _ := strconv.ParseUint(r.URL.Query().Get("before"), 10, 64)
	live, _ := strconv.Atoi(r.URL.Query().Get("live"))
	pg, err := s.desk.Alerts(r.Context(), v.Subject, before, inboxPage)
	if err != nil {
		return err
	}
	subs, err := s.desk.Watches(r.Context(), v.Subject)
	if err != nil {
		return err
	}
	b := inboxBody{Page: pg, Live: min(max(live, 0), liveRounds), First: before == 0, Storm: alert.Storm}
	searches := s.desk.SearchesOf(v.Subject, pg.Alerts)
	for _, a := range pg.Alerts {
		it := Item{Alert: a, Title: pieces(a.Title, nil, 0, 200), Words: pieces(a.Written, nil, 0, 80), Of: searches[a.Search], Hour: a.RaisedAt.UTC().Truncate(time.Hour)}
		for i := range subs {
			if subs[i].ID == a.Subscription {
				it.Why = &subs[i]
			}
		}
		b.Items = append(b.Items, it)
	}
	p := page{Title: "Inbox", Here: "inbox", Body: b}
	if b.Live > 0 && b.First {
		p.Refresh = "1;url=/inbox/next?after=" + strconv.FormatUint(pg.Newest, 10) + "&live=" + strconv.Itoa(b.Live-1)
	}
	return v.show(r, http.StatusOK, "inbox", p)
}

// nextAlert waits a while for an alert newer than those that the page shows, then
// leads back to the inbox.
func (s *server) nextAlert(r *http.Request, v *visit) error {
	after, _ := strconv.ParseUint(r.URL.Query().Get("after"), 10, 64)
	live, _ := strconv.Atoi(r.URL.Query().Get("live"))
	ctx, cancel := context.WithTimeout(r.Context(), liveWait)
	defer cancel()
	if _, err := s.desk.WaitAlert(ctx, v.Subject, after); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	v.redirect(r, "/inbox?live="+strconv.Itoa(min(max(live, 0), liveRounds)))
	return nil
}

func (s *server) markRead(r *http.Request, v *visit) error {
	var ids []string
	if id := r.PostFormValue("id"); id != "" {
		ids = []string{id}
	}
	newest, _ := strconv.ParseUint(r.PostFormValue("newest"), 10, 64)
	read := r.PostFormValue("as") != "unread"
	if err := s.desk.MarkRead(r.Context(), v.Subject, ids, read, newest); err != nil {
		return err
	}
	v.redirect(r, "/inbox")
	return nil
}
