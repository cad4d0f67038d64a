package api

import (
	"context"
	"errors"
	"net/http"

	"vigil.example/internal/casework"
	"vigil.example/internal/desk"
)

// A LabelRequest names labels and the ads that are to have them or lose them: ads by
// id, or a cluster for those that are in it now.
type LabelRequest struct {
	Ads     []string `json:"ads,omitempty" max:"500"`
	Cluster string   `json:"cluster,omitempty"`
	Labels  []string `json:"labels" max:"500" example:"[\"spam\"]"` // letters a to z, digits and hyphens, 40 at most
	Reason  string   `json:"reason,omitempty" example:"the same text in forty cities"`
}

// A LabelList is labels that people gave ads, by ad and name as they were asked for.
type LabelList struct {
	Labels []casework.Label `json:"labels"`
}

// A LabelCounts is the labels that are offered, and others that ads have.
type LabelCounts struct {
	Labels []desk.LabelCount `json:"labels"`
}

// labelRequest reads a request and checks the shapes of its ids.
func labelRequest(c *call) (desk.LabelRequest, error) {
	var q LabelRequest
	if err := c.read(&q); err != nil {
		return desk.LabelRequest{}, err
	}
	for _, id := range q.Ads {
		if !isDigest(id) {
			return desk.LabelRequest{}, errShape
		}
	}
	if q.Cluster != "" && !isCluster(q.Cluster) {
		return desk.LabelRequest{}, errShape
	}
	return desk.LabelRequest{Ads: q.Ads, Cluster: q.Cluster, Labels: q.Labels, Reason: q.Reason}, nil
}

func (s *server) label(c *call) error {
	q, err := labelRequest(c)
	if err != nil {
		return err
	}
	xs, err := s.desk.Label(c.ctx(), c.s, q)
	if err != nil {
		return err
	}
	return c.reply(http.StatusCreated, LabelList{xs})
}

func (s *server) unlabel(c *call) error {
	q, err := labelRequest(c)
	if err != nil {
		return err
	}
	xs, err := s.desk.Unlabel(c.ctx(), c.s, q)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, LabelList{xs})
}

func (s *server) labels(c *call) error {
	xs, err := s.desk.Labels(c.ctx(), c.s)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, LabelCounts{xs})
}

// Label gives labels to ads, and returns those that stand.
func (c *Client) Label(ctx context.Context, q LabelRequest) ([]casework.Label, error) {
	return c.relabel(ctx, "/labels", q)
}

// Unlabel takes labels back from ads, and returns those that stood.
func (c *Client) Unlabel(ctx context.Context, q LabelRequest) ([]casework.Label, error) {
	return c.relabel(ctx, "/labels/withdraw", q)
}

// relabel sends nothing that has not the shape of an id: it may be a number.
func (c *Client) relabel(ctx context.Context, path string, q LabelRequest) ([]casework.Label, error) {
	var err error
	for _, id := range q.Ads {
		_, wrong := at("/ads/", id, isDigest)
		err = errors.Join(err, wrong)
	}
	if q.Cluster != "" {
		_, err = at("/clusters/", q.Cluster, isCluster)
	}
	if err != nil {
		return nil, err
	}
	var out LabelList
	err = c.call(ctx, http.MethodPost, Root+path, q, &out)
	return out.Labels, err
}

// Labels lists the labels that are offered, and behind them others that ads have.
func (c *Client) Labels(ctx context.Context) ([]desk.LabelCount, error) {
	var out LabelCounts
	err := c.call(ctx, http.MethodGet, Root+"/labels", nil, &out)
	return out.Labels, err
}
