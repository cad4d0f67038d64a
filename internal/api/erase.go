package api

import (
	"context"
	"net/http"
	"time"

	"vigil.example/internal/casework"
	"vigil.example/internal/desk"
	"vigil.example/internal/erasure"
)

// An EraseRequest orders an erasure: one of the first three says what.
type EraseRequest struct {
	Ads       []string `json:"ads,omitempty" max:"1000" like:"^[0-9a-f]{32}$"`
	Number    string   `json:"number,omitempty" example:"912-555-0123"` // in any form
	OlderThan string   `json:"older_than,omitempty"`                    // 180d, 26w, or a day as 2026-05-01
	Reason    string   `json:"reason" example:"the court's order"`
	Authority string   `json:"authority" example:"County court"`
}

// An ErasePreview says what an order would come to.
type ErasePreview struct {
	Kind      erasure.Kind `json:"kind"`
	Before    time.Time    `json:"before,omitzero"`
	Ads       int          `json:"ads"`
	Sightings int          `json:"sightings"`
	Captures  int          `json:"captures"`          // pages that go: of these ads, lists, others that name the number
	Held      int          `json:"held,omitempty"`    // ads that a hold keeps
	Holds     []string     `json:"holds,omitempty"`   // ids of those holds
	Unknown   []string     `json:"unknown,omitempty"` // ads that were asked for and are not there
}

// An ErasureList is what was erased, newest first.
type ErasureList struct {
	Erasures []erasure.Entry `json:"erasures"`
	Next     string          `json:"next,omitempty"` // cursor of what follows
}

// A HoldRequest asks for a litigation hold: one of the first three says on what.
type HoldRequest struct {
	Ad        string `json:"ad,omitempty" like:"^[0-9a-f]{32}$"`
	Number    string `json:"number,omitempty" example:"912-555-0123"` // in any form; or an e-mail address, or platform:name
	Cluster   string `json:"cluster,omitempty" like:"^c[0-9a-f]{15}$"`
	Reason    string `json:"reason" example:"a trial is prepared"`
	Authority string `json:"authority" example:"County attorney"`
}

// A ReleaseRequest says why a hold ends.
type ReleaseRequest struct {
	Reason    string `json:"reason" example:"the trial is over"`
	Authority string `json:"authority" example:"County attorney"`
}

// A HoldList is the holds, oldest first; released ones too.
type HoldList struct {
	Holds []casework.Hold `json:"holds"`
	Next  string          `json:"next,omitempty"` // cursor of what follows
}

func (q EraseRequest) order() desk.EraseRequest {
	return desk.EraseRequest{AdIDs: q.Ads, Number: q.Number, OlderThan: q.OlderThan, Reason: q.Reason, Authority: q.Authority}
}

// readErase reads an order; its ids are checked for their shape.
func (c *call) readErase() (desk.EraseRequest, error) {
	var q EraseRequest
	if err := c.read(&q); err != nil {
		return desk.EraseRequest{}, err
	}
	for _, id := range q.Ads {
		if !isDigest(id) {
			return desk.EraseRequest{}, errShape
		}
	}
	return q.order(), nil
}

func (s *server) erase(c *call) error {
	q, err := c.readErase()
	if err != nil {
		return err
	}
	e, err := s.desk.Erase(c.ctx(), c.s, q)
	if err != nil {
		return err
	}
	return c.reply(http.StatusCreated, e)
}

func (s *server) previewErase(c *call) error {
	q, err := c.readErase()
	if err != nil {
		return err
	}
	p, err := s.desk.PreviewErase(c.ctx(), c.s, q)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, ErasePreview{
		Kind: p.Kind, Before: p.Before, Ads: len(p.Ads), Sightings: p.Sightings, Captures: p.Captures,
		Held: len(p.Held), Holds: p.Holds, Unknown: p.Unknown,
	})
}

func (s *server) erasures(c *call) error {
	es, err := s.desk.Erasures(c.ctx(), c.s)
	if err != nil {
		return err
	}
	some, next, err := leaf(c, es, func(x erasure.Entry) string { return x.ID })
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, ErasureList{some, next})
}

func (s *server) erasure(c *call) error {
	e, err := s.desk.Erasure(c.ctx(), c.s, c.id)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, e)
}

func (s *server) hold(c *call) error {
	var q HoldRequest
	if err := c.read(&q); err != nil {
		return err
	}
	if q.Ad != "" && !isDigest(q.Ad) || q.Cluster != "" && !isCluster(q.Cluster) {
		return errShape
	}
	h, err := s.desk.Hold(c.ctx(), c.s, desk.HoldRequest{AdID: q.Ad, Number: q.Number, Cluster: q.Cluster, Reason: q.Reason, Authority: q.Authority})
	if err != nil {
		return err
	}
	return c.reply(http.StatusCreated, h)
}

func (s *server) holds(c *call) error {
	hs, err := s.desk.Holds(c.ctx(), c.s)
	if err != nil {
		return err
	}
	some, next, err := leaf(c, hs, func(x casework.Hold) string { return x.ID })
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, HoldList{some, next})
}

func (s *server) release(c *call) error {
	var q ReleaseRequest
	if err := c.read(&q); err != nil {
		return err
	}
	h, err := s.desk.Release(c.ctx(), c.s, c.id, q.Reason, q.Authority)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, h)
}

// Erase gives an order to erase; it is carried out behind the answer.
func (c *Client) Erase(ctx context.Context, q EraseRequest) (out erasure.Entry, err error) {
	if err := shaped(q.Ads); err != nil {
		return out, err
	}
	err = c.call(ctx, http.MethodPost, Root+"/erasures", q, &out)
	return out, err
}

// PreviewErase says what an order would come to, and erases nothing.
func (c *Client) PreviewErase(ctx context.Context, q EraseRequest) (out ErasePreview, err error) {
	if err := shaped(q.Ads); err != nil {
		return out, err
	}
	err = c.call(ctx, http.MethodPost, Root+"/erasures/preview", q, &out)
	return out, err
}

// shaped refuses what cannot be the id of an ad before it is sent.
func shaped(ids []string) error {
	for _, id := range ids {
		if _, err := at("", id, isDigest); err != nil {
			return err
		}
	}
	return nil
}

// Erasures lists what was erased, newest first.
func (c *Client) Erasures(ctx context.Context) ([]erasure.Entry, error) {
	return leaves(ctx, c, Root+"/erasures", func(l ErasureList) ([]erasure.Entry, string) { return l.Erasures, l.Next })
}

// Erasure returns one order to erase.
func (c *Client) Erasure(ctx context.Context, id string) (out erasure.Entry, err error) {
	p, err := at("/erasures/", id, isDigest)
	if err != nil {
		return out, err
	}
	err = c.call(ctx, http.MethodGet, p, nil, &out)
	return out, err
}

// Hold puts a litigation hold on an ad, a value or a cluster.
func (c *Client) Hold(ctx context.Context, q HoldRequest) (out casework.Hold, err error) {
	if q.Ad != "" {
		_, err = at("", q.Ad, isDigest)
	}
	if q.Cluster != "" && err == nil {
		_, err = at("", q.Cluster, isCluster)
	}
	if err != nil {
		return out, err
	}
	err = c.call(ctx, http.MethodPost, Root+"/holds", q, &out)
	return out, err
}

// Holds lists the holds, oldest first; released ones too.
func (c *Client) Holds(ctx context.Context) ([]casework.Hold, error) {
	return leaves(ctx, c, Root+"/holds", func(l HoldList) ([]casework.Hold, string) { return l.Holds, l.Next })
}

// Release ends a hold.
func (c *Client) Release(ctx context.Context, id string, q ReleaseRequest) (out casework.Hold, err error) {
	p, err := at("/holds/", id, isDigest)
	if err != nil {
		return out, err
	}
	err = c.call(ctx, http.MethodPost, p+"/release", q, &out)
	return out, err
}
