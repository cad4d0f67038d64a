package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"vigil.example/internal/ad"
)

// MaxWait is how long a request waits for an alert before it says that there is
// none.
const MaxWait = 25 * time.Second

// Bounds of a page of the inbox and of one marking.
const (
	inboxPage = 50
	maxInbox  = 200
	maxMarks  = 1000
)

func (s *server) watches(c *call) error {
	subs, err := s.desk.Watches(c.ctx(), c.s)
	if err != nil {
		return err
	}
	some, next, err := leaf(c, subs, func(x ad.Subscription) string { return x.ID })
	if err != nil {
		return err
	}
	out := WatchList{make([]Watch, 0, len(some)), next}
	for _, sub := range some {
		out.Watches = append(out.Watches, watchOf(sub))
	}
	return c.reply(http.StatusOK, out)
}

func watchOf(s ad.Subscription) Watch {
	return Watch{ID: s.ID, Value: s.Value, Purpose: s.Purpose, Created: s.Created, Known: len(s.Known)}
}

func (s *server) watch(c *call) error {
	var q WatchRequest
	if err := c.read(&q); err != nil {
		return err
	}
	sub, err := s.desk.Watch(c.ctx(), c.s, q.Value)
	if err != nil {
		return err
	}
	return c.reply(http.StatusCreated, watchOf(sub))
}

func (s *server) unwatch(c *call) error {
	if err := s.desk.Unwatch(c.ctx(), c.s, c.id); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *server) inbox(c *call) error {
	before, err := c.number("before", 0)
	if err != nil {
		return err
	}
	limit, err := c.number("limit", inboxPage)
	if err != nil {
		return err
	}
	p, err := s.desk.Alerts(c.ctx(), c.s, before, int(min(limit, maxInbox)))
	if err != nil {
		return err
	}
	names := map[string]string{}
	for id, v := range s.desk.SearchesOf(c.s, p.Alerts) {
		names[id] = v.Name
	}
	return c.reply(http.StatusOK, Inbox{
		Searches: names, Alerts: append([]ad.Alert{}, p.Alerts...), Unread: p.Unread, Total: p.Total, Older: p.Older, Newest: p.Newest, Before: p.Before,
	})
}

func (s *server) markRead(c *call) error {
	var q MarkRequest
	if err := c.read(&q); err != nil {
		return err
	}
	switch {
	case len(q.IDs) == 0 && (q.Newest == 0 || q.Unread):
		return wrong("give ids of alerts, or in newest the sequence up to which all are read")
	case len(q.IDs) > maxMarks:
		return wrong("at most %d ids are taken at once", maxMarks)
	}
	if err := s.desk.MarkRead(c.ctx(), c.s, q.IDs, !q.Unread, q.Newest); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

// wait holds the request until there is an alert newer than after.
func (s *server) wait(c *call) error {
	after, err := c.number("after", 0)
	if err != nil {
		return err
	}
	seconds, err := c.number("seconds", uint64(MaxWait/time.Second))
	if err != nil {
		return err
	}
	long := min(time.Duration(min(seconds, 60))*time.Second, MaxWait)
	// Where a server gives answers a time, this one waits longer.
	_ = http.NewResponseController(c.w).SetWriteDeadline(time.Time{})
	ctx, cancel := context.WithTimeout(c.ctx(), long)
	defer cancel()
	newest, err := s.desk.WaitAlert(ctx, c.s, after)
	if err != nil && !(errors.Is(err, context.DeadlineExceeded) && c.ctx().Err() == nil) {
		return err
	}
	return c.reply(http.StatusOK, WaitAnswer{Newest: newest, New: newest > after})
}
