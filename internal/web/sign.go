package web

import (
	"errors"
	"net/http"
	"strings"

	"vigil.example/internal/access"
	"vigil.example/internal/desk"
)

// cookieName has the prefix that makes browsers insist on Secure, the whole host
// and the root path, where there is TLS.
func (s *server) cookieName() string {
	if s.Secure {
		return "__Host-vigil"
	}
	return "vigil"
}

func (s *server) cookie(r *http.Request) string {
	c, err := r.Cookie(s.cookieName())
	if err != nil {
		return ""
	}
	return c.Value
}

// setCookie gives the browser a session, or takes it away when id is empty. It
// has no date: it ends with the browser, or when the desk ends the session.
func (v *visit) setCookie(id string) {
	c := &http.Cookie{Name: v.cookieName(), Value: id, Path: "/", HttpOnly: true, Secure: v.Secure, SameSite: http.SameSiteStrictMode}
	if id == "" {
		c.MaxAge = -1
	}
	http.SetCookie(v.w, c)
}

// A signInBody is the sign-in form.
type signInBody struct{ Name, Fault, Next string }

func (s *server) signInPage(r *http.Request, v *visit) error {
	if v.session != "" {
		v.redirect(r, next(r))
		return nil
	}
	return v.show(r, http.StatusOK, "sign-in", page{Title: "Sign in", Body: signInBody{Next: next(r)}})
}

func (s *server) signIn(r *http.Request, v *visit) error {
	name := trimmed(r, "name")
	id, who, err := s.desk.SignIn(r.Context(), name, r.PostFormValue("password"))
	if err != nil {
		b := signInBody{Name: name, Next: next(r)}
		code := http.StatusUnauthorized
		switch {
		case errors.Is(err, access.ErrBadCredentials):
			b.Fault = "Name or password is not right. After five wrong passwords the name is locked for 15 minutes."
		case errors.Is(err, access.ErrLocked):
			b.Fault = "This name is locked after too many wrong passwords. Wait 15 minutes, or ask an administrator for a new one-time password."
			code = http.StatusTooManyRequests
		case errors.Is(err, access.ErrBusy):
			b.Fault = "Many people are signing in at this moment. Wait a few seconds and try again."
			code = http.StatusServiceUnavailable
		default:
			return err
		}
		return v.show(r, code, "sign-in", page{Title: "Sign in", Body: b})
	}
	if v.session != "" {
		if err := s.desk.Register.SignOut(r.Context(), v.session); err != nil {
			return err
		}
	}
	v.session, v.Subject = id, who
	v.setCookie(id)
	switch {
	case who.MustChange:
		v.redirect(r, "/password?next="+next(r))
	case errors.Is(who.May(access.ActRead), access.ErrNoPurpose):
		v.redirect(r, "/purpose?next="+next(r))
	default:
		v.redirect(r, next(r))
	}
	return nil
}

func (s *server) signOut(r *http.Request, v *visit) error {
	err := s.desk.SignOut(r.Context(), v.Subject, v.session)
	v.session = ""
	v.setCookie("")
	if err != nil {
		return err
	}
	v.redirect(r, "/sign-in")
	return nil
}

// A passwordBody is the form that changes a password.
type passwordBody struct{ Fault, Next string }

func (s *server) passwordPage(r *http.Request, v *visit) error {
	return v.show(r, http.StatusOK, "password", page{Title: "Change password", Body: passwordBody{Next: next(r)}})
}

func (s *server) changePassword(r *http.Request, v *visit) error {
	b := passwordBody{Next: next(r)}
	fresh := r.PostFormValue("new")
	if fresh != r.PostFormValue("again") {
		b.Fault = "The two new passwords are not the same."
		return v.show(r, http.StatusUnprocessableEntity, "password", page{Title: "Change password", Body: b})
	}
	err := s.desk.ChangePassword(r.Context(), v.Subject, v.session, r.PostFormValue("old"), fresh)
	switch {
	case errors.Is(err, access.ErrWeakPassword):
		// "change password: password not accepted: it has …": the last part is for the person.
		b.Fault = "The new password is not accepted: " + lastPart(err)
	case errors.Is(err, access.ErrBadCredentials):
		b.Fault = "The password you have now is not right."
	case errors.Is(err, access.ErrLocked):
		b.Fault = "Locked after too many wrong passwords. Wait 15 minutes."
	case err != nil:
		return err
	}
	if b.Fault != "" {
		return v.show(r, http.StatusUnprocessableEntity, "password", page{Title: "Change password", Body: b})
	}
	s.shelf.putNote(v.Session, note{Kind: "password"})
	if who, err := s.desk.Register.Session(r.Context(), v.session); err == nil && errors.Is(who.May(access.ActRead), access.ErrNoPurpose) {
		v.redirect(r, "/purpose?next="+next(r))
		return nil
	}
	v.redirect(r, next(r))
	return nil
}

// lastPart is what stands after the last colon of an error's text.
func lastPart(err error) string {
	text := err.Error()
	if i := strings.LastIndex(text, ": "); i >= 0 {
		text = text[i+2:]
	}
	return text
}

// A purposeBody is the form that says what the session is for.
type purposeBody struct{ Kind, Text, Fault, Beside, Next string }

func (s *server) purposePage(r *http.Request, v *visit) error {
	if v.MustChange {
		return access.ErrMustChange
	}
	b := purposeBody{Kind: v.Purpose.Kind, Text: v.Purpose.Text, Next: next(r)}
	if b.Kind == "" {
		b.Kind = access.PurposeCase
	}
	return v.show(r, http.StatusOK, "purpose", page{Title: "What is this session for?", Here: "purpose", Body: b})
}

func (s *server) setPurpose(r *http.Request, v *visit) error {
	if v.MustChange {
		return access.ErrMustChange
	}
	b := purposeBody{Kind: r.PostFormValue("kind"), Text: trimmed(r, "text"), Next: next(r)}
	_, err := s.desk.SetPurpose(r.Context(), v.session, b.Kind, b.Text)
	if errors.Is(err, access.ErrInvalid) {
		b.Fault = "Give a case number or a reason of 3 to 300 characters, and say which of the two it is."
		return v.show(r, http.StatusUnprocessableEntity, "purpose", page{Title: "What is this session for?", Here: "purpose", Body: b})
	}
	if errors.Is(err, desk.ErrPurpose) {
		// What was typed is left out: it would stand on the page.
		b.Text, b.Beside = "", "This holds a telephone number or an address, and is not kept. A purpose stands on every page and in every packet: give the case number or the reason without it."
		return v.show(r, http.StatusUnprocessableEntity, "purpose", page{Title: "What is this session for?", Here: "purpose", Body: b})
	}
	if err != nil {
		return err
	}
	v.redirect(r, b.Next)
	return nil
}
