package web

import (
	"errors"
	"net/http"
	"time"

	"vigil.example/internal/access"
	"vigil.example/internal/alert"
	"vigil.example/internal/desk"
	"vigil.example/internal/search"
)

// How much of each kind the home page shows.
const (
	homeAlerts   = 5
	homeClusters = 6
	homeRecent   = 5
)

// A homeBody is the home page.
type homeBody struct {
	Status   desk.Status
	Now      time.Time
	Recent   []Recent
	Alerts   alert.Page
	Clusters []search.Cluster
}

func (s *server) home(r *http.Request, v *visit) error {
	if err := v.May(access.ActRead); errors.Is(err, access.ErrNoPurpose) {
		return err
	}
	b := homeBody{Now: s.Now()}
	var err error
	if b.Status, err = s.desk.Status(r.Context(), v.Subject); err != nil {
		return err
	}
	if v.can(access.ActRead) {
		b.Recent = s.shelf.recent(v.User, homeRecent)
		if b.Clusters, err = s.desk.TopClusters(r.Context(), v.Subject, homeClusters); err != nil {
			return err
		}
	}
	if v.can(access.ActWatch) {
		if b.Alerts, err = s.desk.Alerts(r.Context(), v.Subject, 0, homeAlerts); err != nil {
			return err
		}
	}
	return v.show(r, http.StatusOK, "home", page{Title: "Home", Here: "home", Body: b})
}
