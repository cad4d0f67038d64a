package api

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"vigil.example/internal/desk"
)

// Bounds of a page of dead letters, and of one request to retry or drop some.
const (
	letterPage = 50
	maxLetters = 500
	maxPicked  = 1000
)

// A LetterRequest asks for one dead letter.
type LetterRequest struct {
	ID uint64 `json:"id" example:"1"`
}

// A LettersRequest says which dead letters to retry or to drop: those of the ids,
// or all, of one step only if one is named.
type LettersRequest struct {
	IDs    []uint64 `json:"ids,omitempty" max:"1000" example:"[1,2]"`
	All    bool     `json:"all,omitempty"`
	Step   string   `json:"step,omitempty"`
	Reason string   `json:"reason,omitempty"` // why they are dropped
}

func (q LettersRequest) pick() (desk.LetterPick, error) {
	switch {
	case q.All == (len(q.IDs) > 0):
		return desk.LetterPick{}, wrong("give either ids, or all")
	case q.Step != "" && !q.All:
		return desk.LetterPick{}, wrong("a step goes with all; letters of ids need none")
	case len(q.IDs) > maxPicked:
		return desk.LetterPick{}, wrong("%d ids are more than the %d that are taken at once", len(q.IDs), maxPicked)
	}
	return desk.LetterPick{IDs: q.IDs, All: q.All, Step: q.Step}, nil
}

func (s *server) letters(c *call) error {
	before, err := c.number("before", 0)
	if err != nil {
		return err
	}
	limit, err := c.number("limit", letterPage)
	if err != nil {
		return err
	}
	l, err := s.desk.DeadLetters(c.ctx(), c.s, c.r.URL.Query().Get("step"), before, int(min(limit, maxLetters)))
	if err != nil {
		return err
	}
	l.Counts, l.Letters = append([]desk.LetterCount{}, l.Counts...), append([]desk.Letter{}, l.Letters...)
	return c.reply(http.StatusOK, l)
}

func (s *server) letter(c *call) error {
	var q LetterRequest
	if err := c.read(&q); err != nil {
		return err
	}
	l, err := s.desk.DeadLetter(c.ctx(), c.s, q.ID)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, l)
}

func (s *server) retryLetters(c *call) error {
	return letterWork(c, func(q LettersRequest, p desk.LetterPick) (desk.LetterWork, error) {
		if q.Reason != "" {
			return desk.LetterWork{}, wrong("a reason is for dropping letters")
		}
		return s.desk.RetryDeadLetters(c.ctx(), c.s, p)
	})
}

func (s *server) dropLetters(c *call) error {
	return letterWork(c, func(q LettersRequest, p desk.LetterPick) (desk.LetterWork, error) {
		return s.desk.DropDeadLetters(c.ctx(), c.s, p, q.Reason)
	})
}

func letterWork(c *call, do func(LettersRequest, desk.LetterPick) (desk.LetterWork, error)) error {
	var q LettersRequest
	if err := c.read(&q); err != nil {
		return err
	}
	p, err := q.pick()
	if err != nil {
		return err
	}
	w, err := do(q, p)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, w)
}

// DeadLetters lists what the walk could not handle, newest first: up to limit that
// came before the letter before; 0 begins at the newest, and leaves the limit to
// the server.
func (c *Client) DeadLetters(ctx context.Context, step string, before uint64, limit int) (out desk.LetterList, err error) {
	q := url.Values{}
	if step != "" {
		q.Set("step", step)
	}
	if before > 0 {
		q.Set("before", fmt.Sprint(before))
	}
	if limit > 0 {
		q.Set("limit", fmt.Sprint(limit))
	}
	p := Root + "/dead-letters"
	if len(q) > 0 {
		p += "?" + q.Encode()
	}
	err = c.call(ctx, http.MethodGet, p, nil, &out)
	return out, err
}

// DeadLetter returns one dead letter with its record.
func (c *Client) DeadLetter(ctx context.Context, id uint64) (out desk.Letter, err error) {
	err = c.call(ctx, http.MethodPost, Root+"/dead-letters/show", LetterRequest{id}, &out)
	return out, err
}

// RetryDeadLetters takes records through their step once more.
func (c *Client) RetryDeadLetters(ctx context.Context, q LettersRequest) (out desk.LetterWork, err error) {
	err = c.call(ctx, http.MethodPost, Root+"/dead-letters/retry", q, &out)
	return out, err
}

// DropDeadLetters gives letters up, for a reason.
func (c *Client) DropDeadLetters(ctx context.Context, q LettersRequest) (out desk.LetterWork, err error) {
	err = c.call(ctx, http.MethodPost, Root+"/dead-letters/drop", q, &out)
	return out, err
}
