package web

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"vigil.example/internal/ad"
	"vigil.example/internal/casework"
	"vigil.example/internal/desk"
	"vigil.example/internal/search"
)

// Bounds of what an ad's page shows at once; a packet has all of it.
const (
	shownBody      = 20_000 // code points of a text
	shownFound     = 100
	shownSightings = 100
	shownVersions  = 30
)

// A Version is one content of an ad and how it differs from the one before.
type Version struct {
	Name    string
	Doc     ad.Document
	Changes []FieldChange
}

// A FieldChange says how one field changed.
type FieldChange struct {
	Field string
	Diff  []Piece
}

// A Seen is a capture that showed the ad.
type Seen struct {
	search.Sighting
	Version string
}

// An adBody is the page of one ad.
type adBody struct {
	desk.AdView
	Doc       ad.Document
	Title     []Piece
	Body      []Piece
	Cut       int // code points of the body that are not shown
	Found     []Found
	MoreFound int
	Language  []Evidence // found
	MoreLang  int
	Contacts  []ContactField
	Versions  []Version
	Sightings []Seen
	MoreSeen  int
	Standing  []casework.Correction // of its reading
	Withdrawn []casework.Correction
	Bad       *badCorrection // what was just typed and not taken
	Labelling labelling
}

// A ContactField is a contact field of the page.
type ContactField struct {
	Kind string
	Text []Piece
}

func (s *server) ad(r *http.Request, v *visit) error {
	view, err := s.desk.Ad(r.Context(), v.Subject, r.PathValue("id"))
	if err != nil {
		return err
	}
	return v.show(r, http.StatusOK, "ad", page{Title: "Ad", Here: "ad", Body: s.newAdBody(view)})
}

func (s *server) newAdBody(view desk.AdView) adBody {
	b := adBody{AdView: view, Doc: view.Current(), Labelling: s.labelsOfAd(view)}
	a := &b.Doc.Ad
	b.Title = pieces(a.Title, append(sitesOwn(a, "title"), found(a, "title")...), 0, shownBody)
	b.Body = pieces(a.Body, append(sitesOwn(a, "body"), found(a, "body")...), 0, shownBody)
	b.Cut = max(0, length(a.Body)-shownBody)
	for i, c := range a.Contacts {
		field := fmt.Sprintf("contact:%d", i)
		b.Contacts = append(b.Contacts, ContactField{c.Kind, pieces(c.Value, found(a, field), 0, 500)})
	}
	b.Found = foundIn(a, view)
	if len(b.Found) > shownFound {
		b.MoreFound = len(b.Found) - shownFound
		b.Found = b.Found[:shownFound]
	}
	b.Language, b.MoreLang = languageFound(a, shownEvidence)
	for _, c := range view.Corrections {
		if c.Withdrawn == nil {
			b.Standing = append(b.Standing, c)
		} else {
			b.Withdrawn = append(b.Withdrawn, c)
		}
	}
	b.history()
	return b
}

// history names the contents A, B, … and tells what changed between them.
func (b *adBody) history() {
	names := make(map[string]string, len(b.Docs))
	for i, doc := range b.Docs {
		v := Version{Name: versionName(i), Doc: doc}
		names[doc.ID] = v.Name
		if i > 0 && i >= len(b.Docs)-shownVersions {
			v.Changes = changes(&b.Docs[i-1].Ad, &doc.Ad)
		}
		b.Versions = append(b.Versions, v)
	}
	slices.Reverse(b.Versions)
	b.Versions = b.Versions[:min(len(b.Versions), shownVersions)]
	for _, s := range slices.Backward(b.AdView.Sightings) {
		if len(b.Sightings) == shownSightings {
			b.MoreSeen = len(b.AdView.Sightings) - shownSightings
			break
		}
		b.Sightings = append(b.Sightings, Seen{s, names[s.DocumentID]})
	}
}

// versionName is A to Z, then A2 to Z2 and so on.
func versionName(i int) string {
	name := string(rune('A' + i%26))
	if i >= 26 {
		name += fmt.Sprint(i/26 + 1)
	}
	return name
}

// fieldText returns the text of a field and its name for people.
func fieldText(a *ad.Ad, field string) (text, name string) {
	switch field {
	case "title":
		return a.Title, "title"
	case "body":
		return a.Body, "text"
	}
	var i int
	if _, err := fmt.Sscanf(field, "contact:%d", &i); err == nil && i >= 0 && i < len(a.Contacts) {
		return a.Contacts[i].Value, "contact field"
	}
	return "", strings.ReplaceAll(field, ":", " ")
}

// changes tells how each field differs between two contents.
func changes(from, to *ad.Ad) []FieldChange {
	var out []FieldChange
	for _, f := range []struct{ name, from, to string }{
		{"Title", from.Title, to.Title},
		{"Text", from.Body, to.Body},
		{"Price", price(from), price(to)},
		{"Place", from.Location, to.Location},
		{"Category", from.Category, to.Category},
		{"Contact fields", contacts(from), contacts(to)},
	} {
		if f.from != f.to {
			out = append(out, FieldChange{f.name, diff(cut(f.from, 0, shownBody), cut(f.to, 0, shownBody))})
		}
	}
	return out
}

func price(a *ad.Ad) string {
	if a.Price == nil {
		return ""
	}
	return amount(*a.Price)
}

// amount writes a price as the page does, with the currency when it is known and
// not said.
func amount(p ad.Price) string {
	text := cmp.Or(p.Text, p.Amount)
	if text == "" || strings.Contains(text, p.Currency) {
		return text
	}
	return text + " " + p.Currency
}

func contacts(a *ad.Ad) string {
	var lines []string
	for _, c := range a.Contacts {
		lines = append(lines, c.Kind+" "+c.Value)
	}
	return strings.Join(lines, "\n")
}
