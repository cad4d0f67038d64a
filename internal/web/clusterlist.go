package web

import (
	"net/http"
	"slices"

	"vigil.example/internal/search"
)

// clustersListed is how many clusters the list has at most.
const clustersListed = 200

// A clustersBody is the list of clusters.
type clustersBody struct {
	Clusters []search.Cluster
	Newest   bool // sorted by when an ad was seen last, not by size
	Full     bool // there may be more
}

func (s *server) clusters(r *http.Request, v *visit) error {
	cs, err := s.desk.TopClusters(r.Context(), v.Subject, clustersListed)
	if err != nil {
		return err
	}
	b := clustersBody{Clusters: cs, Newest: r.URL.Query().Get("sort") == "newest", Full: len(cs) == clustersListed}
	if b.Newest {
		slices.SortStableFunc(b.Clusters, func(a, b search.Cluster) int { return b.LastSeen.Compare(a.LastSeen) })
	}
	return v.show(r, http.StatusOK, "clusters", page{Title: "Clusters", Here: "clusters", Body: b})
}
