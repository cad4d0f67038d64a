package api

import (
	"context"
	"net/http"

	"vigil.example/internal/desk"
)

// demand answers with weekly figures. What is asked travels in the body, because a
// name of a place is free text, and addresses end up in logs.
func (s *server) demand(c *call) error {
	var q desk.DemandQuestion
	if err := c.read(&q); err != nil {
		return err
	}
	out, err := s.desk.DemandFigures(c.ctx(), c.s, q)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, out)
}

// Demand returns weekly figures of demand and supply in a metropolitan area.
func (c *Client) Demand(ctx context.Context, q desk.DemandQuestion) (out desk.Demand, err error) {
	err = c.call(ctx, http.MethodPost, Root+"/demand", q, &out)
	return out, err
}
