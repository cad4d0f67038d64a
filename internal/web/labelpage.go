package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/casework"
	"vigil.example/internal/desk"
	"vigil.example/internal/search"
)

// A labelling is what people call an ad, or the ads of a cluster, and the forms to
// say so.
type labelling struct {
	At        string           // of the page
	Standing  []casework.Label // of an ad
	Withdrawn []casework.Label
	Counts    []search.Count // of a cluster
	Ads       int            // of a cluster
	Offered   []string       // that do not stand there
}

func (s *server) labelsOfAd(v desk.AdView) labelling {
	l := labelling{At: "/ad/" + v.Current().Ad.AdID}
	for _, x := range v.Labels {
		if x.Withdrawn == nil {
			l.Standing = append(l.Standing, x)
		} else {
			l.Withdrawn = append(l.Withdrawn, x)
		}
	}
	for _, name := range s.desk.Vocabulary() {
		if !slices.ContainsFunc(l.Standing, func(x casework.Label) bool { return x.Name == name }) {
			l.Offered = append(l.Offered, name)
		}
	}
	return l
}

func (s *server) labelsOfCluster(v *desk.ClusterView) labelling {
	l := labelling{At: "/cluster/" + v.ID, Counts: v.Labels(), Ads: v.Size}
	for _, name := range s.desk.Vocabulary() {
		if !slices.Contains(l.Counts, search.Count{Value: name, Documents: l.Ads}) {
			l.Offered = append(l.Offered, name)
		}
	}
	return l
}

// label says what a person calls an ad, or the ads of a cluster.
func (s *server) label(r *http.Request, v *visit) error {
	return s.relabel(r, v, "Labelled", s.desk.Label)
}

// unlabel takes that back.
func (s *server) unlabel(r *http.Request, v *visit) error {
	return s.relabel(r, v, "Taken back", s.desk.Unlabel)
}

func (s *server) relabel(r *http.Request, v *visit, said string, do func(context.Context, access.Subject, desk.LabelRequest) ([]casework.Label, error)) error {
	id := r.PathValue("id")
	q, back := desk.LabelRequest{Ads: []string{id}, Labels: []string{trimmed(r, "label")}, Reason: trimmed(r, "reason")}, "/ad/"+id
	if strings.HasPrefix(r.URL.Path, "/cluster/") {
		q.Ads, q.Cluster, back = nil, id, "/cluster/"+id
	}
	made, err := do(r.Context(), v.Subject, q)
	text := whyUnlabelled(err)
	switch {
	case text == "" && err != nil:
		return err
	case text == "":
		text = said + ": " + made[0].Name + ", " + count(len(made), "ad") + "."
	}
	s.shelf.putNote(v.Session, note{Kind: "labelled", Text: text})
	v.redirect(r, back+"#labels")
	return nil
}

// whyUnlabelled says in words why labels are not given or taken back, "" where that
// is not what went wrong.
func whyUnlabelled(err error) string {
	switch {
	case errors.Is(err, casework.ErrInvalid), errors.Is(err, desk.ErrLabel):
		return "Nothing is labelled: a label has letters a to z, digits and hyphens, 40 at most, and names nobody’s number, address or handle; no more does the reason. An ad has at most 20."
	case errors.Is(err, desk.ErrManyLabels):
		return "Nothing is labelled: the cluster has more than 500 ads. Label those that you have looked at."
	case errors.Is(err, ad.ErrNotFound):
		return "Nothing is changed: that label does not stand there, or the ad is gone."
	}
	return ""
}
