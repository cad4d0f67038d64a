package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/audit"
	"vigil.example/internal/casework"
)

// Links knows what became of clusters.
type Links interface {
	// Lineage returns what ads went into a cluster and out of it, oldest first.
	Lineage(ctx context.Context, cluster string) ([]ad.Descent, error)
}

// A LinkRequest is a decision about links as a person gives it.
type LinkRequest struct {
	Kind    casework.LinkKind
	Ads     []string // ids
	Cluster string   // of an independent poster: all its ads, where none are named
	Value   string   // of a hub, in any form
	Reason  string
}

// ErrLink says that a decision about links is not whole.
var ErrLink = errors.New("a decision about links names two ads, an ad or a cluster that is independent, or a value that is a hub")

// DecideLink stores what a person says about who is behind ads. Clusters follow as
// soon as the linker has found them anew.
func (d *Desk) DecideLink(ctx context.Context, s access.Subject, q LinkRequest) (casework.LinkDecision, error) {
	e := audit.Entry{Action: "link.decide", Object: q.Cluster, Values: slices.Clone(q.Ads)}
	if err := d.may(ctx, s, access.ActCorrect, e); err != nil {
		return casework.LinkDecision{}, err
	}
	x, err := d.linkDecision(ctx, q)
	if err == nil {
		x.By, x.Purpose, x.Reason = s.User, s.Purpose.ID, strings.TrimSpace(q.Reason)
		x, err = d.Docket.DecideLink(ctx, x)
	}
	if err == nil {
		e.Object = x.ID
		if x.Value != nil {
			e.Values = append(e.Values, x.Value.Value)
		}
	}
	e.Outcome = outcome(err)
	if lerr := d.log(ctx, s, e); lerr != nil {
		return casework.LinkDecision{}, lerr
	}
	if err != nil {
		return casework.LinkDecision{}, err
	}
	d.named(&x.Ruling)
	return x, nil
}

// linkDecision reads a request.
func (d *Desk) linkDecision(ctx context.Context, q LinkRequest) (casework.LinkDecision, error) {
	x := casework.LinkDecision{Kind: q.Kind, Ads: q.Ads}
	switch {
	case q.Kind == casework.IsHub:
		v, err := ReadValue(q.Value)
		if err != nil {
			return x, err
		}
		x.Ads, x.Value = nil, &v
		return x, nil
	case q.Kind == casework.Independent && len(q.Ads) == 0 && q.Cluster != "":
		c, err := d.Index.Cluster(ctx, q.Cluster, casework.MaxLinked)
		if err != nil {
			return x, fmt.Errorf("decide about cluster %s: %w", q.Cluster, err)
		}
		for i := range c.Members {
			x.Ads = append(x.Ads, c.Members[i].Ad.AdID)
		}
		return x, nil
	case len(q.Ads) == 0:
		return x, ErrLink
	}
	for _, id := range q.Ads {
		if _, _, err := d.Index.Versions(ctx, id); err != nil {
			return x, fmt.Errorf("decide about ad %s: %w", id, err)
		}
	}
	return x, nil
}

// WithdrawLink takes a decision about links back.
func (d *Desk) WithdrawLink(ctx context.Context, s access.Subject, id, reason string) (casework.LinkDecision, error) {
	x, err := withdraw(ctx, d, s, audit.Entry{Action: "link.withdraw", Object: id}, reason, d.Docket.WithdrawLink)
	d.named(&x.Ruling)
	return x, err
}

// LinkDecisions lists the decisions about links, oldest first, withdrawn ones too.
func (d *Desk) LinkDecisions(ctx context.Context, s access.Subject) ([]casework.LinkDecision, error) {
	return listed(ctx, d, s, audit.Entry{Action: "link.list"}, func() []casework.LinkDecision { return d.linkNames(d.Docket.Links().All()) })
}

// linkNames puts the names of users for their ids.
func (d *Desk) linkNames(xs []casework.LinkDecision) []casework.LinkDecision {
	for i := range xs {
		d.named(&xs[i].Ruling)
	}
	return xs
}

// decisionsAbout are the decisions about members of a cluster, or about values that
// they give.
func (d *Desk) decisionsAbout(v *ClusterView) []casework.LinkDecision {
	ads, values := map[string]bool{}, map[ad.Value]bool{}
	for i := range v.Members {
		ads[v.Members[i].Ad.AdID] = true
		for _, val := range v.Members[i].Ad.Values(Confidence) {
			values[val] = true
		}
	}
	return d.linkNames(slices.DeleteFunc(d.Docket.Links().All(), func(x casework.LinkDecision) bool {
		return !(x.Value != nil && values[*x.Value] || slices.ContainsFunc(x.Ads, func(id string) bool { return ads[id] }))
	}))
}

// heir is the cluster that has the ads of one that is no more, "" for none.
func (d *Desk) heir(ctx context.Context, id string) (string, error) {
	if d.Links == nil {
		return "", nil
	}
	const most = 32 // joined one after the other
	for range most {
		all, err := d.Links.Lineage(ctx, id)
		if err != nil {
			return "", err
		}
		into, ads := "", 0
		for _, x := range all {
			if x.From == id && x.Gone && x.Ads >= ads {
				into, ads = x.Into, x.Ads
			}
		}
		if into == "" {
			return "", nil
		}
		if _, err := d.Index.Cluster(ctx, into, 0); !errors.Is(err, ad.ErrNotFound) {
			return into, err
		}
		id = into
	}
	return "", nil
}
