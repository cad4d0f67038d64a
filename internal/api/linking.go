package api

import (
	"context"
	"net/http"

	"vigil.example/internal/casework"
	"vigil.example/internal/desk"
)

// A LinkRequest is a decision about who is behind ads: must-link and cannot-link name
// two ads, independent names ads or a cluster, hub a value.
type LinkRequest struct {
	Kind    casework.LinkKind `json:"kind" example:"cannot-link"`
	Ads     []string          `json:"ads,omitempty"`
	Cluster string            `json:"cluster,omitempty"`
	Value   string            `json:"value,omitempty"` // a number in any form, an e-mail address, or platform:name
	Reason  string            `json:"reason,omitempty" example:"the texts are of different hands"`
}

// A LinkDecisionList is decisions about links, oldest first; withdrawn ones too.
type LinkDecisionList struct {
	Decisions []casework.LinkDecision `json:"decisions"`
}

func (s *server) decideLink(c *call) error {
	var q LinkRequest
	if err := c.read(&q); err != nil {
		return err
	}
	for _, id := range q.Ads {
		if !isDigest(id) {
			return errShape
		}
	}
	if q.Cluster != "" && !isCluster(q.Cluster) {
		return errShape
	}
	x, err := s.desk.DecideLink(c.ctx(), c.s, desk.LinkRequest{Kind: q.Kind, Ads: q.Ads, Cluster: q.Cluster, Value: q.Value, Reason: q.Reason})
	if err != nil {
		return err
	}
	return c.reply(http.StatusCreated, x)
}

func (s *server) linkDecisions(c *call) error {
	xs, err := s.desk.LinkDecisions(c.ctx(), c.s)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, LinkDecisionList{append([]casework.LinkDecision{}, xs...)})
}

func (s *server) withdrawLink(c *call) error {
	var q WithdrawRequest
	if err := c.read(&q); err != nil {
		return err
	}
	x, err := s.desk.WithdrawLink(c.ctx(), c.s, c.id, q.Reason)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, x)
}

// DecideLink says who is behind ads, or who is not.
func (c *Client) DecideLink(ctx context.Context, q LinkRequest) (out casework.LinkDecision, err error) {
	err = c.call(ctx, http.MethodPost, Root+"/link-decisions", q, &out)
	return out, err
}

// LinkDecisions lists the decisions about links, oldest first.
func (c *Client) LinkDecisions(ctx context.Context) ([]casework.LinkDecision, error) {
	var out LinkDecisionList
	err := c.call(ctx, http.MethodGet, Root+"/link-decisions", nil, &out)
	return out.Decisions, err
}

// WithdrawLink takes a decision about links back.
func (c *Client) WithdrawLink(ctx context.Context, id string, q WithdrawRequest) (out casework.LinkDecision, err error) {
	p, err := at("/link-decisions/", id, isDigest)
	if err != nil {
		return out, err
	}
	err = c.call(ctx, http.MethodPost, p+"/withdraw", q, &out)
	return out, err
}
