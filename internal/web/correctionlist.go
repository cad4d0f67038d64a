package web

import (
	"net/http"
	"slices"

	"vigil.example/internal/casework"
)

// correctionsListed is how many corrections a page of the list has.
const correctionsListed = 100

// A correctionsBody is the list of what people decided about the reading of ads.
type correctionsBody struct {
	List     []casework.Correction // newest first
	Standing int
	Total    int
	Page     int
	Pages    int
}

func (s *server) corrections(r *http.Request, v *visit) error {
	all, err := s.desk.Corrections(r.Context(), v.Subject, "")
	if err != nil {
		return err
	}
	b := correctionsBody{Total: len(all), Page: pageOf(r), Pages: (len(all) + correctionsListed - 1) / correctionsListed}
	for _, c := range all {
		if c.Withdrawn == nil {
			b.Standing++
		}
	}
	slices.Reverse(all)
	from := min((b.Page-1)*correctionsListed, len(all))
	b.List = all[from:min(from+correctionsListed, len(all))]
	return v.show(r, http.StatusOK, "corrections", page{Title: "Corrections", Here: "corrections", Body: b})
}
