package web

import (
	"crypto/rand"
	"errors"
	"net/http"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/capture"
	"vigil.example/internal/desk"
	"vigil.example/internal/search"
)

// What only the pages know of.
var (
	errNoPage      = errors.New("no such page")
	errCrossOrigin = errors.New("request comes from another origin")
	errBadForm     = errors.New("form cannot be read")
	errPanic       = errors.New("unexpected end of the work")
)

// A fault tells a person what went wrong.
type fault struct {
	code int
	What string
	Why  string
	Next string
	ID   string // in the log too
}

// faultOf puts an error into words. Nothing of its text is shown: it is for the
// log.
func faultOf(err error) fault {
	var tooBig *http.MaxBytesError
	switch {
	case errors.Is(err, access.ErrDenied):
		return fault{http.StatusForbidden, "Your account may not do this",
			"Your role does not cover it.", "Ask an administrator for another role if your work needs it.", ""}
	case errors.Is(err, ad.ErrNotFound):
		return fault{http.StatusNotFound, "This is not here",
			"It was never stored, was merged into another cluster, or has been erased.", "Search for what you know of it: a number, an e-mail address, words.", ""}
	case errors.Is(err, errNoPage):
		return fault{http.StatusNotFound, "There is no such page",
			"The address is not one of Vigil's.", "Go home and search from there.", ""}
	case errors.Is(err, errCrossOrigin):
		return fault{http.StatusForbidden, "This request was refused",
			"It did not come from a page of Vigil; another web site may have tried to act in your name.", "Nothing was done. If you meant it, go home and do it from there.", ""}
	case errors.As(err, &tooBig):
		return fault{http.StatusRequestEntityTooLarge, "This is too long",
			"What you sent is larger than a form may be.", "Shorten the text and send it again.", ""}
	case errors.Is(err, desk.ErrAuthority):
		return fault{http.StatusBadRequest, "A full file needs an authority",
			"By whose decision or order it is made has to be said, in 3 to 300 characters, without telephone numbers and addresses.", "Go back, name it, and choose the file again; a redacted file needs none.", ""}
	case errors.Is(err, errBadForm):
		return fault{http.StatusBadRequest, "This form cannot be read",
			"What arrived is not a filled-in form.", "Go back, reload the page and try again.", ""}
	case errors.Is(err, search.ErrBuilding), errors.Is(err, search.ErrDamaged):
		return fault{http.StatusServiceUnavailable, "The index is being built",
			"It was damaged or is new, and is made from the streams; until it holds everything, nothing is searched, since what it lacks would look as if it were not there.",
			"Nothing is lost. Try again in a minute.", ""}
	case errors.Is(err, search.ErrAway):
		return fault{http.StatusServiceUnavailable, "The index cannot be reached",
			"The server that keeps it does not answer, or takes nothing for now. What is crawled meanwhile waits and is searchable when it is back.",
			"Nothing is lost. Try again in a minute; if it stays, tell your administrator to run: vigil doctor.", ""}
	case errors.Is(err, ad.ErrAway):
		return fault{http.StatusServiceUnavailable, "The records cannot be reached",
			"The server that keeps them does not answer. Without it nothing can be written into the audit log, so nothing is shown.",
			"Nothing is lost. Try again in a moment; if it stays, tell your administrator that the streams are away.", ""}
	case errors.Is(err, ad.ErrFull):
		return fault{http.StatusServiceUnavailable, "The disk is full",
			"The server keeps a reserve free and stores nothing more.", "Nothing was stored. Tell your administrator to make room, then do it again.", ""}
	case errors.Is(err, capture.ErrAltered), errors.Is(err, capture.ErrMissing):
		return fault{http.StatusInternalServerError, "The evidence is not as it was written",
			"A sealed file is missing or was changed after it was written.", "Nothing is made of it. Tell your administrator to run: vigil doctor.", ""}
	case errors.Is(err, access.ErrBusy):
		return fault{http.StatusServiceUnavailable, "Too much at once",
			"Many people are signing in at this moment.", "Wait a few seconds and try again.", ""}
	}
	return fault{http.StatusInternalServerError, "Vigil could not answer",
		"Something failed inside, or the audit log could not be written: without it nothing is shown.",
		"Nothing is lost. Try again in a moment; if it stays, give the id below to your administrator.", ""}
}

// tell shows the error page and logs, under the id on it, what went wrong inside.
// Of a refusal only its kind is logged: what was asked for is the asker's.
func (v *visit) tell(r *http.Request, err error) {
	f := faultOf(err)
	f.ID = letters(10)
	if f.code >= http.StatusInternalServerError {
		v.Log.ErrorContext(r.Context(), "request failed", "id", f.ID, "code", f.code, "error", err)
	} else {
		v.Log.InfoContext(r.Context(), "request refused", "id", f.ID, "code", f.code, "why", f.What)
	}
	if serr := v.show(r, f.code, "fault", page{Title: f.What, Body: f}); serr != nil {
		v.Log.ErrorContext(r.Context(), "error page", "id", f.ID, "error", serr)
		http.Error(v.w, f.What+" ("+f.ID+")", f.code)
	}
}

// letters makes a random word of n letters a to z. It has no digits, so that
// nothing in an address can be taken for a number.
func letters(n int) string {
	out := make([]byte, 0, n)
	var b [32]byte
	for len(out) < n {
		rand.Read(b[:])
		for _, x := range b {
			if x < 26*9 && len(out) < n { // the rest would make some letters likelier
				out = append(out, 'a'+x%26)
			}
		}
	}
	return string(out)
}
