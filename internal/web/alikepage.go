package web

import (
	"fmt"
	"net/http"

	"vigil.example/internal/search"
)

// An alikeBody is the page of ads that are worded like one.
type alikeBody struct {
	ID    string
	Title []Piece
	Site  string
	From  int
	Rows  []Row
}

// alike shows ads that are worded like one.
func (s *server) alike(r *http.Request, v *visit) error {
	a, err := s.desk.Alike(r.Context(), v.Subject, r.PathValue("id"), pageSize)
	if err != nil {
		return err
	}
	title := a.Of.Ad.Title
	b := alikeBody{ID: a.Of.Ad.AdID, Title: pieces(title, nil, 0, length(title)), Site: a.Of.Ad.Site, From: 1}
	for _, l := range a.Like {
		one := row(search.Hit{Doc: l.Doc}, a.Held)
		one.Share = fmt.Sprintf("%.0f%%", 100*l.Share)
		b.Rows = append(b.Rows, one)
	}
	return v.show(r, http.StatusOK, "alike", page{Title: "Worded alike", Body: b})
}
