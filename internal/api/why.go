package api

import (
	"context"
	"net/http"

	"vigil.example/internal/desk"
)

// A WhyRequest names two ads, at least one of them of the cluster.
type WhyRequest struct {
	A string `json:"a" example:"3f9c2a7be01d44c8a6f20c9e5b71d3aa"`
	B string `json:"b" example:"81d0c2a7be01d44c8a6f20c9e5b71d3a"`
}

// A WithoutRequest names a value that a cluster is to be thought of without.
type WithoutRequest struct {
	Value string `json:"value" example:"(912) 555-0123"` // a number in any form, an e-mail address, or platform:name
}

// A NearRequest names an ad of the cluster.
type NearRequest struct {
	Ad string `json:"ad" example:"3f9c2a7be01d44c8a6f20c9e5b71d3aa"`
}

func (s *server) why(c *call) error {
	var q WhyRequest
	if err := c.read(&q); err != nil {
		return err
	}
	if !isDigest(q.A) || !isDigest(q.B) {
		return errShape
	}
	w, err := s.desk.Why(c.ctx(), c.s, c.id, q.A, q.B)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, w)
}

func (s *server) without(c *call) error {
	var q WithoutRequest
	if err := c.read(&q); err != nil {
		return err
	}
	w, err := s.desk.Without(c.ctx(), c.s, c.id, q.Value)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, w)
}

func (s *server) near(c *call) error {
	var q NearRequest
	if err := c.read(&q); err != nil {
		return err
	}
	if !isDigest(q.Ad) {
		return errShape
	}
	w, err := s.desk.Near(c.ctx(), c.s, c.id, q.Ad)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, w)
}

func (s *server) template(c *call) error {
	w, err := s.desk.Template(c.ctx(), c.s, c.id)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, w)
}

// Why explains why two ads are in one cluster.
func (c *Client) Why(ctx context.Context, cluster, a, b string) (out desk.Why, err error) {
	err = c.ofCluster(ctx, cluster, "why", WhyRequest{a, b}, &out)
	return out, err
}

// Without says what would become of a cluster if nobody gave a value.
func (c *Client) Without(ctx context.Context, cluster, value string) (out desk.WhatIf, err error) {
	err = c.ofCluster(ctx, cluster, "without", WithoutRequest{value}, &out)
	return out, err
}

// Near says who is nearly the poster of a cluster, and what an ad of it shares with
// others.
func (c *Client) Near(ctx context.Context, cluster, adID string) (out desk.Nearness, err error) {
	err = c.ofCluster(ctx, cluster, "near", NearRequest{adID}, &out)
	return out, err
}

// Template gives the forms that the texts of a cluster are made from.
func (c *Client) Template(ctx context.Context, cluster string) (out desk.Wording, err error) {
	p, err := at("/clusters/", cluster, isCluster)
	if err != nil {
		return out, err
	}
	err = c.call(ctx, http.MethodGet, p+"/template", nil, &out)
	return out, err
}

func (c *Client) ofCluster(ctx context.Context, cluster, what string, q, out any) error {
	p, err := at("/clusters/", cluster, isCluster)
	if err != nil {
		return err
	}
	return c.call(ctx, http.MethodPost, p+"/"+what, q, out)
}
