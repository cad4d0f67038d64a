package web

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
)

// A visit is one request and who makes it.
type visit struct {
	*server
	access.Subject
	session string // the secret of the cookie; empty when not signed in
	w       http.ResponseWriter
	done    bool // an answer has been given
}

// A handler answers a request: it either gives an answer through the visit or
// returns why not.
type handler func(r *http.Request, v *visit) error

// open lets anybody in.
func (s *server) open(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := &visit{server: s, w: w}
		if id := s.cookie(r); id != "" {
			who, err := s.desk.Register.Session(r.Context(), id)
			if err != nil && !errors.Is(err, access.ErrNoSession) {
				s.fail(w, r, v, err)
				return
			}
			if err == nil {
				v.session, v.Subject = id, who
			}
		}
		s.run(h, r, v)
	})
}

// signedIn lets in who has a session, and sends others to sign in first.
func (s *server) signedIn(h handler) http.Handler {
	return s.open(func(r *http.Request, v *visit) error {
		if v.session == "" {
			return access.ErrNoSession
		}
		if id := r.PathValue("id"); id != "" && !idForm.MatchString(id) {
			return ad.ErrNotFound // unread: it may be a number, and must not stand in the audit log
		}
		return h(r, v)
	})
}

// idForm is what ids in addresses look like: of a search, an ad, a cluster.
var idForm = regexp.MustCompile(`^([a-z]{22}|[0-9a-f]{32}|c[0-9a-f]{15})$`)

func (s *server) run(h handler, r *http.Request, v *visit) {
	if r.Method == http.MethodPost {
		if err := r.ParseForm(); err != nil {
			s.fail(v.w, r, v, fmt.Errorf("%w: %w", errBadForm, err))
			return
		}
	}
	if err := h(r, v); err != nil {
		s.fail(v.w, r, v, err)
	}
}

// fail answers an error: some lead to a page that cures them, the others are told.
func (s *server) fail(w http.ResponseWriter, r *http.Request, v *visit, err error) {
	v.w = w
	if v.done {
		// Part of an answer is out: break the connection, so that it is not taken
		// for the whole.
		s.Log.ErrorContext(r.Context(), "answer broken off", "error", err)
		panic(http.ErrAbortHandler)
	}
	if r.Context().Err() != nil {
		w.WriteHeader(http.StatusServiceUnavailable) // the reader has gone, or the program is stopping
		return
	}
	cure := ""
	switch {
	case errors.Is(err, access.ErrNoSession):
		cure = "/sign-in"
	case errors.Is(err, access.ErrMustChange):
		cure = "/password"
	case errors.Is(err, access.ErrNoPurpose):
		cure = "/purpose"
	}
	if cure != "" {
		v.redirect(r, cure+after(r))
		return
	}
	v.tell(r, err)
}

// after keeps the address that was asked for while the person signs in or says
// what for.
func after(r *http.Request) string {
	if r.Method != http.MethodGet || r.URL.Path == "/" || !returnable.MatchString(r.URL.Path) {
		return ""
	}
	return "?next=" + r.URL.Path
}

// returnable are the addresses one may be sent back to. They hold ids only.
var returnable = regexp.MustCompile(`^/(s/[a-z]{22}|ad/[0-9a-f]{32}(/alike)?|leads|indicators|corrections|clusters|demand|cluster/c[0-9a-f]{15}(/why)?|inbox|watches|saved(?:/[0-9a-f]{32})?|lookup(?:/[0-9a-f]{32})?|watchlist/[0-9a-f]{32}|help|about|packets)?$`)

// next is the address to go to afterwards: one of our own, or home.
func next(r *http.Request) string {
	if p := r.FormValue("next"); returnable.MatchString(p) {
		return p
	}
	return "/"
}

// redirect sends the browser on with GET.
func (v *visit) redirect(r *http.Request, to string) {
	v.done = true
	http.Redirect(v.w, r, to, http.StatusSeeOther)
}

// A page is what the layout shows around a body.
type page struct {
	Title   string // never a number, a handle or a name
	Here    string // which of the main links this is
	Query   string // what stands in the search box
	Refresh string // content of a refresh, for pages that asked for it
	Body    any
}

// A sheet is what templates get.
type sheet struct {
	page
	*server
	access.Subject
	SignedIn bool
	CanRead  bool // may read ads, perhaps after giving a purpose
	CanWatch bool
	CanMake  bool // packets
	CanFix   bool // the reading of ads
	Unread   int
	Note     *note
	Back     string // this page, to come back to
}

// show answers with a page. It is made whole before the first byte goes out.
func (v *visit) show(r *http.Request, code int, name string, p page) error {
	t, ok := v.pages[name]
	if !ok {
		return fmt.Errorf("show page %s: no such template", name)
	}
	sh := sheet{
		page: p, server: v.server, Subject: v.Subject, SignedIn: v.session != "",
		CanRead: v.can(access.ActRead), CanWatch: v.can(access.ActWatch), CanMake: v.can(access.ActPacket), CanFix: v.can(access.ActCorrect),
		Back: "/",
	}
	if returnable.MatchString(r.URL.Path) {
		sh.Back = r.URL.Path
	}
	if sh.SignedIn {
		sh.Unread = v.desk.Unread(v.Subject)
		sh.Note = v.shelf.takeNote(v.Session)
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "layout", sh); err != nil {
		return fmt.Errorf("show page %s: %w", name, err)
	}
	v.done = true
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.WriteHeader(code)
	_, _ = b.WriteTo(v.w) // an error means that the reader has gone
	return nil
}

// can says whether the subject's role allows the action, with or without a
// purpose given yet.
func (v *visit) can(a access.Action) bool {
	err := v.May(a)
	return err == nil || errors.Is(err, access.ErrNoPurpose)
}

// trimmed is a form value without the space around it.
func trimmed(r *http.Request, name string) string { return strings.TrimSpace(r.PostFormValue(name)) }

// static shows a page that is only text.
func (s *server) static(name, title string) handler {
	return func(r *http.Request, v *visit) error {
		return v.show(r, http.StatusOK, name, page{Title: title, Here: name})
	}
}
