package api

import (
	"errors"
	"net/http"

	"vigil.example/internal/ad"
	"vigil.example/internal/audit"
	"vigil.example/internal/search"
)

// pageSize is how many results a page has when the caller does not say.
const pageSize = 20

// maxClusters is how many clusters a list has at most.
const maxClusters = 200

// lean leaves out what no client has a use for: links to pictures of people, and
// the signature that only linking reads.
func lean(d ad.Document) ad.Document {
	d.Ad.Images, d.Ad.Signature = nil, nil
	return d
}

func leanAll(docs []ad.Document) []ad.Document {
	out := make([]ad.Document, len(docs))
	for i := range docs {
		out[i] = lean(docs[i])
	}
	return out
}

func (s *server) ad(c *call) error {
	v, err := s.desk.Ad(c.ctx(), c.s, c.id)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, Ad{
		ID: c.id, Cluster: v.Cluster, Documents: leanAll(v.Docs), Sightings: v.Sightings, Watched: v.Watched, Hubs: v.Hubs, Corrections: v.Corrections, Pending: v.Pending, Labels: v.Labels,
	})
}

func (s *server) clusters(c *call) error {
	n, err := c.number("n", pageSize)
	if err != nil {
		return err
	}
	cs, err := s.desk.TopClusters(c.ctx(), c.s, int(min(n, maxClusters)))
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, ClusterList{append([]search.Cluster{}, cs...)})
}

func (s *server) cluster(c *call) error {
	v, err := s.desk.Cluster(c.ctx(), c.s, c.id)
	if err != nil {
		return err
	}
	out := Cluster{Cluster: v.Cluster, Edges: append([]ad.Edge{}, v.Edges...), Shared: make([]Shared, 0, len(v.Shared)), Hubs: v.Hubs, Lineage: v.Lineage, Decisions: v.Decisions}
	out.Members = leanAll(v.Members)
	for _, x := range v.Shared {
		out.Shared = append(out.Shared, Shared{x.Value, x.Ads})
	}
	return c.reply(http.StatusOK, out)
}

func (s *server) status(c *call) error {
	st, err := s.desk.Status(c.ctx(), c.s)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, st)
}

// verifyAudit answers that the log is not whole as a finding: the check worked.
func (s *server) verifyAudit(c *call) error {
	n, head, err := s.desk.VerifyAudit(c.ctx(), c.s)
	out := AuditAnswer{Whole: err == nil, Entries: n, Head: head}
	if errors.Is(err, audit.ErrBroken) {
		out.Problem = reason("verify", err)
	} else if err != nil {
		return err
	}
	return c.reply(http.StatusOK, out)
}
