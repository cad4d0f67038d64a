package api

import (
	"context"
	"net/http"

	"vigil.example/internal/desk"
	"vigil.example/internal/generation"
)

// A ReplayRequest asks for a replay.
type ReplayRequest struct {
	Step generation.Step `json:"step" example:"index"`
	From generation.From `json:"from,omitzero"` // a sequence of the step's input, or a time
}

func (s *server) replays(c *call) error {
	r, err := s.desk.Replays(c.ctx(), c.s)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, r)
}

func (s *server) startReplay(c *call) error {
	var q ReplayRequest
	if err := c.read(&q); err != nil {
		return err
	}
	r, err := s.desk.StartReplay(c.ctx(), c.s, q.Step, q.From)
	if err != nil {
		return err
	}
	return c.reply(http.StatusCreated, r)
}

func (s *server) cancelReplay(c *call) error {
	r, err := s.desk.CancelReplay(c.ctx(), c.s)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, r)
}

func (s *server) acceptReplay(c *call) error {
	r, err := s.desk.AcceptReplay(c.ctx(), c.s)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, r)
}

// Replays tells which generation serves, and how the replay under way is going.
func (c *Client) Replays(ctx context.Context) (out desk.Replays, err error) {
	err = c.call(ctx, http.MethodGet, Root+"/replay", nil, &out)
	return out, err
}

// Replay plans a replay. It goes on by itself.
func (c *Client) Replay(ctx context.Context, q ReplayRequest) (out desk.Replay, err error) {
	err = c.call(ctx, http.MethodPost, Root+"/replay", q, &out)
	return out, err
}

// CancelReplay gives up the replay under way.
func (c *Client) CancelReplay(ctx context.Context) (out desk.Replay, err error) {
	err = c.call(ctx, http.MethodDelete, Root+"/replay", nil, &out)
	return out, err
}

// AcceptReplay lets a replay that is held back take over.
func (c *Client) AcceptReplay(ctx context.Context) (out desk.Replay, err error) {
	err = c.call(ctx, http.MethodPost, Root+"/replay/accept", nil, &out)
	return out, err
}
