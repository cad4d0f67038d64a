package api

import (
	"context"
	"net/http"

	"vigil.example/internal/desk"
)

// A SiteWordsRequest asks for what a site adds to every page.
type SiteWordsRequest struct {
	Site string `json:"site,omitempty" example:"townboard"` // every site, without phrases, when left out
}

// A SiteWordsList is models of sites' own words.
type SiteWordsList struct {
	Models []desk.SiteWords `json:"models"`
}

// siteWords answers with models. The site is named in the body: it may be any host
// that somebody's pages were saved from.
func (s *server) siteWords(c *call) error {
	var q SiteWordsRequest
	if err := c.read(&q); err != nil {
		return err
	}
	out, err := s.desk.SiteWords(c.ctx(), c.s, q.Site)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, SiteWordsList{out})
}

// SiteWords returns the model of a site, or of every site for "".
func (c *Client) SiteWords(ctx context.Context, site string) ([]desk.SiteWords, error) {
	var out SiteWordsList
	err := c.call(ctx, http.MethodPost, Root+"/sites/words", SiteWordsRequest{site}, &out)
	return out.Models, err
}
