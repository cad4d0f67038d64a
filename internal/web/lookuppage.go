package web

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"vigil.example/internal/ad"
	"vigil.example/internal/casework"
	"vigil.example/internal/desk"
)

// lookupPage is how many rows of an outcome a page shows.
const lookupPage = 100

// A lookupBody is the form that takes a list, with what was wrong with one.
type lookupBody struct {
	Fault string
	Typed string
}

// A lookedUpBody is a page of what a list came to.
type lookedUpBody struct {
	*desk.Lookup
	Show   string // found, missed, unread
	Rows   []LookedUp
	Unread []desk.UnreadLine
	Missed int
	Page   int
	Pages  int
	Fault  string
	Name   string
}

// A LookedUp is a value of the list and its place in it.
type LookedUp struct {
	desk.LookupValue
	At int
}

func (s *server) lookupForm(r *http.Request, v *visit) error {
	return v.show(r, http.StatusOK, "lookup", page{Title: "Look up a list", Here: "lookup", Body: lookupBody{}})
}

// lookup looks up the list that was pasted, or the file that was sent.
func (s *server) lookup(r *http.Request, v *visit) error {
	list, name, err := listOf(r)
	if err != nil {
		return err
	}
	l, err := s.desk.LookUp(r.Context(), v.Subject, list, name)
	if errors.Is(err, desk.ErrLookup) {
		why := err.Error()
		if _, rest, ok := strings.Cut(why, desk.ErrLookup.Error()+": "); ok {
			why = rest
		}
		b := lookupBody{Fault: upperFirst(why) + ".", Typed: cut(r.PostFormValue("list"), 0, 20_000)}
		return v.show(r, http.StatusUnprocessableEntity, "lookup", page{Title: "Look up a list", Here: "lookup", Body: b})
	}
	if err != nil {
		return err
	}
	to := "/lookup/" + l.ID
	if l.Hits == 0 {
		to += "?show=missed"
	}
	v.redirect(r, to)
	return nil
}

// listOf reads the list out of a form: the file counts when there is one.
func listOf(r *http.Request) (list, name string, err error) {
	if err := r.ParseMultipartForm(maxLookupForm); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		if tooBig, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return "", "", tooBig
		}
		return "", "", errBadForm
	}
	f, h, err := r.FormFile("file")
	if err != nil || h.Size == 0 {
		return r.PostFormValue("list"), "", nil
	}
	defer func() { _ = f.Close() }() // it was only read
	var b bytes.Buffer
	if _, err := io.Copy(&b, f); err != nil {
		return "", "", errBadForm
	}
	return b.String(), filepath.Base(h.Filename), nil
}

func (s *server) lookedUp(r *http.Request, v *visit) error {
	l, err := s.desk.LookedUp(r.Context(), v.Subject, r.PathValue("id"))
	if err != nil {
		return err
	}
	return v.showLookedUp(r, http.StatusOK, l, "", "")
}

func (v *visit) showLookedUp(r *http.Request, code int, l *desk.Lookup, fault, name string) error {
	b := lookedUpBody{Lookup: l, Show: r.FormValue("show"), Missed: len(l.Values) - l.Hits, Page: pageOf(r), Fault: fault, Name: name}
	if !slices.Contains([]string{"found", "missed", "unread"}, b.Show) {
		b.Show = "found"
	}
	var rows []LookedUp
	for i, x := range l.Values {
		if (x.Ads > 0) == (b.Show == "found") && b.Show != "unread" {
			rows = append(rows, LookedUp{x, i})
		}
	}
	n := len(rows)
	if b.Show == "unread" {
		n = len(l.Unread)
	}
	b.Pages = max(1, (n+lookupPage-1)/lookupPage)
	b.Page = min(b.Page, b.Pages)
	from, to := (b.Page-1)*lookupPage, min(b.Page*lookupPage, n)
	if b.Show == "unread" {
		b.Unread = l.Unread[from:to]
	} else {
		b.Rows = rows[from:to]
	}
	return v.show(r, code, "looked-up", page{Title: "What a list came to", Here: "lookup", Body: b})
}

func (s *server) lookupCSV(r *http.Request, v *visit) error {
	l, err := s.desk.LookedUp(r.Context(), v.Subject, r.PathValue("id"))
	if err != nil {
		return err
	}
	return v.sendCSV("lookup", l.WriteCSV)
}

// sendCSV sends a table as a file.
func (v *visit) sendCSV(name string, write func(io.Writer) error) error {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return err
	}
	v.done = true
	h := v.w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	h.Set("Content-Disposition", `attachment; filename="vigil-`+name+`-`+v.Now().UTC().Format("20060102-150405")+`.csv"`)
	v.w.WriteHeader(http.StatusOK)
	_, _ = b.WriteTo(v.w) // an error means that the reader has gone
	return nil
}

// watchLookedUp makes a list of watches of what was looked up: what is ticked, what
// was found, what was not, or everything.
func (s *server) watchLookedUp(r *http.Request, v *visit) error {
	l, err := s.desk.LookedUp(r.Context(), v.Subject, r.PathValue("id"))
	if err != nil {
		return err
	}
	var values []ad.Value
	which, left := r.PostFormValue("which"), 0
	for i, x := range l.Values {
		take := which == "all" || which == "found" && x.Ads > 0 || which == "missed" && x.Ads == 0 ||
			which == "ticked" && slices.Contains(r.PostForm["v"], strconv.Itoa(i))
		switch {
		case take && x.Watchable():
			values = append(values, x.Value)
		case take:
			left++
		}
	}
	name := trimmed(r, "name")
	w, err := s.desk.WatchAll(r.Context(), v.Subject, name, values)
	switch {
	case errors.Is(err, desk.ErrWatchList):
		return v.showLookedUp(r, http.StatusUnprocessableEntity, l, "Nothing was chosen that can be watched. Tick some, or choose all that were found.", name)
	case errors.Is(err, casework.ErrInvalid):
		return v.showLookedUp(r, http.StatusUnprocessableEntity, l, "Give the list a name of 1 to 80 characters, without a telephone number or an address.", name)
	case err != nil:
		return err
	}
	text := count(w.Active, "value") + " as a list"
	if left > 0 {
		text += "; " + count(left, "handle") + " not, for want of a platform, as in telegram:name"
	}
	s.shelf.putNote(v.Session, note{Kind: "listed", Text: text, ID: w.ID})
	v.redirect(r, "/watchlist/"+w.ID)
	return nil
}

// linesOf names lines of a list.
func linesOf(lines []int) string {
	const named = 5
	var out []string
	for _, n := range lines[:min(len(lines), named)] {
		out = append(out, grouped(n))
	}
	s := strings.Join(out, ", ")
	if more := len(lines) - named; more > 0 {
		s += " and " + grouped(more) + " more"
	}
	return s
}

func (s *server) watchList(r *http.Request, v *visit) error {
	l, err := s.desk.WatchList(r.Context(), v.Subject, r.PathValue("id"))
	if err != nil {
		return err
	}
	return v.show(r, http.StatusOK, "watchlist", page{Title: "List of watches", Here: "watches", Body: l})
}

func (s *server) watchListCSV(r *http.Request, v *visit) error {
	l, err := s.desk.WatchList(r.Context(), v.Subject, r.PathValue("id"))
	if err != nil {
		return err
	}
	return v.sendCSV("watches", l.WriteCSV)
}

func (s *server) endWatchList(r *http.Request, v *visit) error {
	id := r.PathValue("id")
	n, err := s.desk.EndWatchList(r.Context(), v.Subject, id)
	if err != nil {
		return err
	}
	s.shelf.putNote(v.Session, note{Kind: "list-ended", Text: count(n, "watch"), ID: id})
	v.redirect(r, "/watches")
	return nil
}

func (s *server) restoreWatchList(r *http.Request, v *visit) error {
	l, err := s.desk.RewatchList(r.Context(), v.Subject, r.PathValue("id"))
	if err != nil {
		return err
	}
	v.redirect(r, "/watchlist/"+l.ID)
	return nil
}
