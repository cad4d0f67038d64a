package api

import (
	"context"
	"net/http"

	"vigil.example/internal/casework"
	"vigil.example/internal/desk"
)

// A CorrectionRequest says how a piece of an ad's text reads: Text or Number says
// which piece.
type CorrectionRequest struct {
	Text   string `json:"text,omitempty"`                            // exactly as the ad writes it
	Number string `json:"number,omitempty" example:"(912) 555-0123"` // that was read in the ad, in any form: every text that it was read from
	Reads  string `json:"reads,omitempty"`                           // the number that it reads, in any form; left out when it is no number
	Reason string `json:"reason,omitempty" example:"a price list"`
}

// A WithdrawRequest says why a correction is taken back.
type WithdrawRequest struct {
	Reason string `json:"reason,omitempty" example:"it was a number after all"`
}

// A CorrectionList is corrections, oldest first; withdrawn ones too.
type CorrectionList struct {
	Corrections []casework.Correction `json:"corrections"`
	Next        string                `json:"next,omitempty"` // cursor of what follows
}

func (s *server) correct(c *call) error {
	var q CorrectionRequest
	if err := c.read(&q); err != nil {
		return err
	}
	cs, err := s.desk.Correct(c.ctx(), c.s, desk.CorrectRequest{AdID: c.id, Text: q.Text, Number: q.Number, Reads: q.Reads, Reason: q.Reason})
	if err != nil {
		return err
	}
	return c.reply(http.StatusCreated, CorrectionList{Corrections: cs})
}

func (s *server) corrections(c *call) error {
	cs, err := s.desk.Corrections(c.ctx(), c.s, c.id)
	if err != nil {
		return err
	}
	some, next, err := leaf(c, cs, func(x casework.Correction) string { return x.ID })
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, CorrectionList{some, next})
}

func (s *server) withdraw(c *call) error {
	var q WithdrawRequest
	if err := c.read(&q); err != nil {
		return err
	}
	x, err := s.desk.Withdraw(c.ctx(), c.s, c.id, q.Reason)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, x)
}

// Correct says how a piece of an ad's text reads. It gives one correction for each
// text that it is about.
func (c *Client) Correct(ctx context.Context, adID string, q CorrectionRequest) ([]casework.Correction, error) {
	p, err := at("/ads/", adID, isDigest)
	if err != nil {
		return nil, err
	}
	var out CorrectionList
	err = c.call(ctx, http.MethodPost, p+"/corrections", q, &out)
	return out.Corrections, err
}

// Corrections lists the corrections, oldest first; those of one ad when it is given.
func (c *Client) Corrections(ctx context.Context, adID string) ([]casework.Correction, error) {
	p := Root
	if adID != "" {
		var err error
		if p, err = at("/ads/", adID, isDigest); err != nil {
			return nil, err
		}
	}
	return leaves(ctx, c, p+"/corrections", func(l CorrectionList) ([]casework.Correction, string) { return l.Corrections, l.Next })
}

// Withdraw takes a correction back.
func (c *Client) Withdraw(ctx context.Context, id string, q WithdrawRequest) (out casework.Correction, err error) {
	p, err := at("/corrections/", id, isDigest)
	if err != nil {
		return out, err
	}
	err = c.call(ctx, http.MethodPost, p+"/withdraw", q, &out)
	return out, err
}
