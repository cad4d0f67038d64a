package web

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"

	"vigil.example/internal/ad"
	"vigil.example/internal/casework"
	"vigil.example/internal/desk"
)

// anAd finds the id of an ad in what somebody typed or copied from the address bar.
var anAd = regexp.MustCompile(`[0-9a-f]{32}`)

// decide takes what a person says about who is behind the ads of a cluster.
func (s *server) decide(r *http.Request, v *visit) error {
	id := r.PathValue("id")
	q := desk.LinkRequest{Kind: casework.LinkKind(r.PostFormValue("kind")), Value: trimmed(r, "value"), Reason: trimmed(r, "reason")}
	for _, name := range []string{"a", "b"} {
		if x := anAd.FindString(trimmed(r, name)); x != "" {
			q.Ads = append(q.Ads, x)
		}
	}
	if q.Kind == casework.Independent && len(q.Ads) == 0 {
		q.Cluster = id
	}
	_, err := s.desk.DecideLink(r.Context(), v.Subject, q)
	if why := whyUndecided(err); why != "" {
		view, err := s.desk.Cluster(r.Context(), v.Subject, id)
		if err != nil {
			return err
		}
		return s.showCluster(r, v, view, http.StatusUnprocessableEntity, why)
	}
	if err != nil {
		return err
	}
	v.redirect(r, "/cluster/"+id+"#decided")
	return nil
}

// undecide takes a decision back.
func (s *server) undecide(r *http.Request, v *visit) error {
	if _, err := s.desk.WithdrawLink(r.Context(), v.Subject, r.PostFormValue("decision"), ""); err != nil {
		return err
	}
	v.redirect(r, "/cluster/"+r.PathValue("id")+"#decided")
	return nil
}

// whyUndecided says in words what is wrong with a decision, "" where that is not what
// went wrong.
func whyUndecided(err error) string {
	switch {
	case errors.Is(err, casework.ErrLinkDecided):
		return "The opposite is decided about these ads. Take that decision back first."
	case errors.Is(err, casework.ErrInvalid), errors.Is(err, desk.ErrLink):
		return "Name two different ads. The reason can have at most 500 characters, and no number."
	case errors.Is(err, ad.ErrNotFound):
		return "There is no ad under the id that you gave. Copy it, or the address of its page."
	}
	return ""
}

// linkDecision is a decision about links in words.
func linkDecision(x casework.LinkDecision) string {
	switch x.Kind {
	case casework.MustLink:
		return "One poster is behind these " + count(len(x.Ads), "ad")
	case casework.CannotLink:
		return "Two posters are behind these two ads"
	case casework.Independent:
		return "Whoever is behind " + count(len(x.Ads), "ad") + " is behind no other"
	}
	return fmt.Sprintf("%s belongs to nobody and joins nothing", display(*x.Value))
}
