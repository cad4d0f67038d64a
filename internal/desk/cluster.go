package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/audit"
	"vigil.example/internal/casework"
	"vigil.example/internal/link"
	"vigil.example/internal/search"
)

// MaxMembers bounds the ads of a cluster that are read at once.
const MaxMembers = 2000

// A ClusterView is a cluster with the reasons that hold it together: its edges are a
// spanning tree, so that between any two ads there is one path of reasons.
type ClusterView struct {
	search.Cluster
	Shared    []link.Shared           // values that join, most ads first
	Hubs      []ad.Hub                // values that members share but that do not link
	Lineage   []ad.Descent            // what came into it and went out of it, oldest first
	Decisions []casework.LinkDecision // about its ads and values, oldest first; withdrawn ones too
}

// Cluster opens one cluster, or the one that has its ads when it was joined with
// another: the id in the answer says which.
func (d *Desk) Cluster(ctx context.Context, s access.Subject, id string) (ClusterView, error) {
	e := audit.Entry{Action: "cluster.view", Object: id}
	if err := d.may(ctx, s, access.ActRead, e); err != nil {
		return ClusterView{}, err
	}
	v, err := d.cluster(ctx, id)
	if errors.Is(err, ad.ErrNotFound) {
		if into, herr := d.heir(ctx, id); herr == nil && into != "" {
			v, err = d.cluster(ctx, into)
		}
	}
	e.Outcome, e.Count = outcome(err), len(v.Members)
	if lerr := d.log(ctx, s, e); lerr != nil {
		return ClusterView{}, lerr
	}
	return v, err
}

func (d *Desk) cluster(ctx context.Context, id string) (ClusterView, error) {
	c, err := d.Index.Cluster(ctx, id, MaxMembers)
	if err != nil {
		return ClusterView{}, fmt.Errorf("open cluster %s: %w", id, err)
	}
	v := ClusterView{Cluster: c}
	v.Edges = slices.DeleteFunc(slices.Clone(c.Edges), func(e ad.Edge) bool { return e.A == "" }) // that of its root
	held, err := d.heldBy(ctx, c.Members, &v)
	if err != nil {
		return v, err
	}
	ads := make([]ad.Ad, len(c.Members))
	for i := range c.Members {
		ads[i] = c.Members[i].Ad
	}
	v.Shared = link.SharedValues(ads, Confidence, held)
	v.Decisions = d.decisionsAbout(&v)
	if d.Links != nil {
		if v.Lineage, err = d.Links.Lineage(ctx, id); err != nil {
			return v, fmt.Errorf("open cluster %s: %w", id, err)
		}
	}
	return v, nil
}

// heldBy looks up which values of the members are hubs and notes them.
func (d *Desk) heldBy(ctx context.Context, members []ad.Document, v *ClusterView) (func(ad.Value) bool, error) {
	held, err := d.held(ctx)
	if err != nil {
		return nil, err
	}
	noted := map[ad.Value]bool{}
	for i := range members {
		for _, val := range members[i].Ad.Values(Confidence) {
			if h, ok := held[val]; ok && !noted[val] {
				noted[val] = true
				v.Hubs = append(v.Hubs, h)
			}
		}
	}
	return func(val ad.Value) bool { _, ok := held[val]; return ok }, nil
}

// TopClusters lists the largest clusters.
func (d *Desk) TopClusters(ctx context.Context, s access.Subject, n int) ([]search.Cluster, error) {
	e := audit.Entry{Action: "cluster.list"}
	if err := d.may(ctx, s, access.ActRead, e); err != nil {
		return nil, err
	}
	cs, err := d.Index.TopClusters(ctx, n)
	e.Outcome, e.Count = outcome(err), len(cs)
	if lerr := d.log(ctx, s, e); lerr != nil {
		return nil, lerr
	}
	if err != nil && !errors.Is(err, ad.ErrNotFound) {
		return nil, fmt.Errorf("list clusters: %w", err)
	}
	return cs, nil
}
