package api

import (
	"net/http"
	"time"

	"vigil.example/internal/access"
)

// makeToken signs somebody in for long enough to make a token. Wrong passwords
// are counted and locked out by access, the same as on the pages.
func (s *server) makeToken(c *call) error {
	var q TokenRequest
	if err := c.read(&q); err != nil {
		return err
	}
	if q.Days < 0 || q.Days > int(access.MaxTokenAge/(24*time.Hour)) {
		return wrong("days is %d; it may be 1 to %d", q.Days, access.MaxTokenAge/(24*time.Hour))
	}
	t, secret, err := s.desk.MakeToken(c.ctx(), q.Name, q.Password, access.TokenOrder{
		Name: q.Label, Scopes: q.Scopes, PurposeKind: q.Purpose.Kind, PurposeText: q.Purpose.Text,
		Age: time.Duration(q.Days) * 24 * time.Hour,
	})
	if err != nil {
		return err
	}
	return c.reply(http.StatusCreated, TokenAnswer{t, secret})
}

func (s *server) revoke(c *call) error {
	if err := s.desk.Revoke(c.ctx(), c.s, c.id); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

// session answers with what the token says of whoever holds it, and nothing else.
func (s *server) session(c *call) error {
	return c.reply(http.StatusOK, Session{c.s.Name, c.s.Role, c.s.Scopes, c.s.Purpose})
}
