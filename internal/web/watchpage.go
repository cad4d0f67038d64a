package web

import (
	"errors"
	"net/http"
	"slices"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/casework"
	"vigil.example/internal/desk"
	"vigil.example/internal/query"
	"vigil.example/internal/search"
)

// A watchesBody is the list of subscriptions.
type watchesBody struct {
	Watches []ad.Subscription // that are in no list
	Lists   []desk.WatchListView
	Beyond  int // watches that are in lists
	Fault   string
	Typed   string
}

func (s *server) watches(r *http.Request, v *visit) error {
	return s.showWatches(r, v, http.StatusOK, watchesBody{})
}

func (s *server) showWatches(r *http.Request, v *visit, code int, b watchesBody) error {
	var err error
	if b.Watches, err = s.desk.Watches(r.Context(), v.Subject); err != nil {
		return err
	}
	if b.Lists, err = s.desk.WatchLists(r.Context(), v.Subject); err != nil {
		return err
	}
	listed := map[string]bool{}
	for _, l := range b.Lists {
		for _, id := range l.Made {
			listed[id] = true
		}
	}
	all := len(b.Watches)
	b.Watches = slices.DeleteFunc(b.Watches, func(sub ad.Subscription) bool { return listed[sub.ID] })
	b.Beyond = all - len(b.Watches)
	return v.show(r, code, "watches", page{Title: "Watches", Here: "watches", Body: b})
}

func (s *server) watch(r *http.Request, v *visit) error {
	typed := trimmed(r, "value")
	if r.PostFormValue("confirm") == "" {
		if hub, err := s.heldBack(r, v, typed); err != nil {
			return err
		} else if hub != nil {
			return v.show(r, http.StatusOK, "watch-held", page{Title: "Watch what is held back?", Here: "watches", Body: heldBody{*hub, back(r, "/watches")}})
		}
	}
	sub, err := s.desk.Watch(r.Context(), v.Subject, typed)
	if errors.Is(err, desk.ErrNotAValue) || errors.Is(err, desk.ErrSeveral) || errors.Is(err, casework.ErrInvalid) {
		b := watchesBody{Typed: typed, Fault: "No telephone number, e-mail address or handle (as platform:name) can be read in this."}
		if errors.Is(err, desk.ErrSeveral) {
			b.Fault = "Several numbers can be read in this. Watch one at a time."
		}
		return s.showWatches(r, v, http.StatusUnprocessableEntity, b)
	}
	if err != nil {
		return err
	}
	s.shelf.putNote(v.Session, note{Kind: "watching", Value: sub.Value, Text: count(len(sub.Known), "ad")})
	v.redirect(r, back(r, "/watches"))
	return nil
}

// A heldBody asks whether a value that is held back is to be watched.
type heldBody struct {
	ad.Hub
	Back string
}

// heldBack is why the value that was typed is held back from linking, nil when it
// is not or when no value can be read. How many ads give a value is what a search
// tells, so this is one, in the audit log too.
func (s *server) heldBack(r *http.Request, v *visit, typed string) (*ad.Hub, error) {
	val, err := desk.ReadValue(typed)
	if err != nil || !v.can(access.ActWatch) || !v.can(access.ActRead) {
		return nil, nil
	}
	f, err := query.NewField(val.Kind, val.Value)
	if err != nil {
		return nil, nil
	}
	ans, err := s.desk.Search(r.Context(), v.Subject, f.String(), search.Page{Size: 1, Sort: search.ByRelevance})
	if err != nil {
		return nil, err
	}
	return held(ans.Held, val), nil
}

func (s *server) unwatch(r *http.Request, v *visit) error {
	id := r.PostFormValue("id")
	var ended ad.Value
	subs, err := s.desk.Watches(r.Context(), v.Subject)
	if err != nil {
		return err
	}
	for _, sub := range subs {
		if sub.ID == id {
			ended = sub.Value
		}
	}
	if err := s.desk.Unwatch(r.Context(), v.Subject, id); err != nil {
		return err
	}
	if ended.Value != "" {
		s.shelf.putNote(v.Session, note{Kind: "ended", Value: ended})
	}
	v.redirect(r, back(r, "/watches"))
	return nil
}

// back is the page a form was sent from, if it says so.
func back(r *http.Request, otherwise string) string {
	if p := r.PostFormValue("back"); p != "" && returnable.MatchString(p) {
		return p
	}
	return otherwise
}
