package api

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"vigil.example/internal/desk"
)

// demand answers with weekly figures. Its parameters name a place and weeks,
// nothing of a person.
func (s *server) demand(c *call) error {
	weeks, err := c.number("weeks", 0)
	if err != nil {
		return err
	}
	v := c.r.URL.Query()
	out, err := s.desk.DemandFigures(c.ctx(), c.s, desk.DemandQuestion{Metro: v.Get("metro"), From: v.Get("from"), Weeks: int(min(weeks, 1e6))})
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, out)
}

// Demand returns weekly figures of demand and supply in a metropolitan area.
func (c *Client) Demand(ctx context.Context, q desk.DemandQuestion) (out desk.Demand, err error) {
	v := url.Values{}
	for name, s := range map[string]string{"metro": q.Metro, "from": q.From} {
		if s != "" {
			v.Set(name, s)
		}
	}
	if q.Weeks != 0 {
		v.Set("weeks", strconv.Itoa(q.Weeks))
	}
	p := Root + "/demand"
	if len(v) > 0 {
		p += "?" + v.Encode()
	}
	err = c.call(ctx, http.MethodGet, p, nil, &out)
	return out, err
}
