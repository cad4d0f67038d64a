package web

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"vigil.example/internal/alert"
	"vigil.example/internal/casework"
	"vigil.example/internal/desk"
	"vigil.example/internal/query"
	"vigil.example/internal/search"
)

// A savedBody is the list of saved searches, and the form that saves one.
type savedBody struct {
	Saved []desk.SavedView
	Now   time.Time
	Form  savedForm
}

// A savedForm is what somebody fills in to save a search, or to change one.
type savedForm struct {
	ID, Name, Note, Query string
	Shared                bool
	Fault                 string
	Caret                 string
}

// A savedOneBody is the page of one saved search.
type savedOneBody struct {
	desk.SavedView
	Form  savedForm
	Storm int
}

// savedList lists the saved searches; from names a search of this person to save.
func (s *server) savedList(r *http.Request, v *visit) error {
	var f savedForm
	if from := r.URL.Query().Get("from"); idForm.MatchString(from) {
		f.Query, _ = s.shelf.findSearch(v.User, from)
	}
	return s.showSaved(r, v, http.StatusOK, f)
}

func (s *server) showSaved(r *http.Request, v *visit, code int, f savedForm) error {
	all, err := s.desk.SavedSearches(r.Context(), v.Subject)
	if err != nil {
		return err
	}
	return v.show(r, code, "saved", page{Title: "Saved searches", Here: "saved", Body: savedBody{Saved: all, Now: s.Now(), Form: f}})
}

func (s *server) savedOne(r *http.Request, v *visit) error {
	x, err := s.desk.SavedSearch(r.Context(), v.Subject, r.PathValue("id"))
	if err != nil {
		return err
	}
	return v.showSavedOne(r, http.StatusOK, x, savedForm{ID: x.ID, Name: x.Name, Note: x.Note, Query: x.Query, Shared: x.Shared})
}

func (v *visit) showSavedOne(r *http.Request, code int, x desk.SavedView, f savedForm) error {
	return v.show(r, code, "saved-one", page{Title: "Saved search", Here: "saved", Body: savedOneBody{x, f, alert.Storm}})
}

// save keeps a search, or changes one.
func (s *server) save(r *http.Request, v *visit) error {
	id := r.PathValue("id")
	f := savedForm{ID: id, Name: trimmed(r, "name"), Note: trimmed(r, "note"), Query: trimmed(r, "q"), Shared: r.PostFormValue("shared") != ""}
	x, err := s.desk.SaveSearch(r.Context(), v.Subject, desk.SavedOrder{ID: id, Name: f.Name, Note: f.Note, Query: f.Query, Shared: f.Shared})
	if f.Fault = savedFault(err); f.Fault != "" {
		if q, ok := errors.AsType[*query.Error](err); ok {
			f.Caret = q.Caret(f.Query)
		}
		if id == "" {
			return s.showSaved(r, v, http.StatusUnprocessableEntity, f)
		}
		old, err := s.desk.SavedSearch(r.Context(), v.Subject, id)
		if err != nil {
			return err
		}
		return v.showSavedOne(r, http.StatusUnprocessableEntity, old, f)
	}
	if err != nil {
		return err
	}
	s.shelf.putNote(v.Session, note{Kind: "saved", Text: x.Name, ID: x.ID})
	if id == "" && r.PostFormValue("alert") != "" {
		return s.alertOnSaved(r, v, x.ID)
	}
	v.redirect(r, "/saved/"+x.ID)
	return nil
}

// savedFault says what a person can mend about a search to save.
func savedFault(err error) string {
	switch q, bad := errors.AsType[*query.Error](err); {
	case bad:
		return fmt.Sprintf("The search cannot be read at character %d: %s", q.Start+1, q.Reason)
	case errors.Is(err, casework.ErrInvalid):
		return "Give a name of 1 to 80 characters, and a note if you like. Neither can hold a telephone number or an address: they are shown to others, and only the search is erased with a number."
	case errors.Is(err, casework.ErrMany):
		return "You keep 500 searches already. Delete some that are not needed any more."
	case errors.Is(err, desk.ErrNoAlert):
		return "Somebody is told of new ads of this search, and of the changed one nobody could be: " + because(err)
	}
	return ""
}

// because is why no alert can be made, as a sentence.
func because(err error) string {
	s := err.Error()
	if _, why, ok := strings.Cut(s, desk.ErrNoAlert.Error()+": "); ok {
		s = why
	}
	return upperFirst(s) + "."
}

// savedDo does one thing about a saved search: run, alert, silence, delete, restore.
func (s *server) savedDo(r *http.Request, v *visit) error {
	id := r.PathValue("id")
	ctx := r.Context()
	switch r.PathValue("do") {
	case "run":
		x, _, err := s.desk.RunSaved(ctx, v.Subject, id, desk.Wish{Page: &search.Page{}})
		if err != nil {
			return err
		}
		if !x.Looked.IsZero() && x.New > 0 {
			s.shelf.putNote(v.Session, note{Kind: "looked", Text: x.Name, ID: id, Ad: count(x.New, "new ad") + " since " + stamp(x.Looked)})
		}
		v.redirect(r, "/s/"+s.shelf.putSearch(v.User, x.Query)+"?sort=newest")
		return nil
	case "alert":
		return s.alertOnSaved(r, v, id)
	case "silence":
		if err := s.desk.AlertOff(ctx, v.Subject, id); err != nil {
			return err
		}
		s.shelf.putNote(v.Session, note{Kind: "silenced", ID: id})
	case "delete":
		x, err := s.desk.SavedSearch(ctx, v.Subject, id)
		if err == nil {
			err = s.desk.DeleteSaved(ctx, v.Subject, id)
		}
		if err != nil {
			return err
		}
		s.shelf.putNote(v.Session, note{Kind: "deleted", Text: x.Name, ID: id})
		v.redirect(r, "/saved")
		return nil
	case "restore":
		if _, err := s.desk.RestoreSaved(ctx, v.Subject, id); err != nil {
			return err
		}
	default:
		return errNoPage
	}
	v.redirect(r, "/saved/"+id)
	return nil
}

// alertOnSaved turns a search into an alert and says what it will and will not tell.
func (s *server) alertOnSaved(r *http.Request, v *visit, id string) error {
	x, err := s.desk.AlertOn(r.Context(), v.Subject, id)
	switch {
	case errors.Is(err, desk.ErrNoAlert):
		s.shelf.putNote(v.Session, note{Kind: "no-alert", Text: because(err)})
	case err != nil:
		return err
	default:
		text := count(x.Total, "ad") + " matched already; nobody is told of those."
		if x.Week != desk.Uncounted {
			text += " In the last seven days it would have told you of " + count(x.Week, "ad") + "."
		}
		if x.Alert != nil && x.Alert.Fold {
			text += " So many are told as one line an hour, with their count."
		}
		s.shelf.putNote(v.Session, note{Kind: "told", Text: text, ID: id})
	}
	v.redirect(r, "/saved/"+id)
	return nil
}

// upperFirst begins a text with a capital letter.
func upperFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// fieldName is what people call a field of an ad.
func fieldName(f string) string {
	if strings.HasPrefix(f, "contact:") {
		return "contacts"
	}
	return f
}
