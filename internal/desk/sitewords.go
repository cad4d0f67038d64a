package desk

import (
	"context"
	"fmt"
	"time"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/audit"
	"vigil.example/internal/site"
)

// Models knows what sites add to every page.
type Models interface {
	// SiteModels are the models that are in use, by site. They are not changed
	// afterwards.
	SiteModels() []*site.Model
}

// SiteWords is the model of what one site adds to every page.
type SiteWords struct {
	Site    string    `json:"site"`
	Version int       `json:"version"`
	Digest  string    `json:"digest"`
	Since   time.Time `json:"since"` // when this version was learned

	Listings int           `json:"listings"` // that it was learned from
	Owners   site.Owners   `json:"owners"`   // who they seem to be of
	Phrases  []site.Phrase `json:"phrases,omitempty"`
	Before   []site.Past   `json:"before,omitempty"` // earlier versions
}

// SiteWords gives the model of a site, with its phrases; without a name those of all
// sites, without phrases. A site of which nothing is known is ad.ErrNotFound.
func (d *Desk) SiteWords(ctx context.Context, s access.Subject, name string) ([]SiteWords, error) {
	e := audit.Entry{Action: "site.words", Object: name}
	if err := d.may(ctx, s, access.ActRead, e); err != nil {
		return nil, err
	}
	out := []SiteWords{}
	var err error
	for _, m := range d.siteModels() {
		x := SiteWords{Site: m.Site, Version: m.Version, Digest: m.Digest, Since: m.Since, Listings: m.Listings, Owners: m.Owners}
		switch name {
		case m.Site:
			x.Phrases, x.Before = m.Phrases, m.Before
			out = append(out, x)
		case "":
			out = append(out, x)
		}
	}
	if name != "" && len(out) == 0 {
		err = fmt.Errorf("words of site %s: %w", name, ad.ErrNotFound)
	}
	e.Count, e.Outcome = len(out), outcome(err)
	if lerr := d.log(ctx, s, e); lerr != nil {
		return nil, lerr
	}
	return out, err
}

func (d *Desk) siteModels() []*site.Model {
	if d.Models == nil {
		return nil
	}
	return d.Models.SiteModels()
}
