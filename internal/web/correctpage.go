package web

import (
	"errors"
	"net/http"
	"strings"

	"vigil.example/internal/casework"
	"vigil.example/internal/desk"
)

// A badCorrection is a correction that was not taken, with what was typed.
type badCorrection struct {
	Why         string
	Text, Reads string
}

// correct takes what a person says about a piece of an ad.
func (s *server) correct(r *http.Request, v *visit) error {
	id := r.PathValue("id")
	q := desk.CorrectRequest{
		AdID: id, Reason: trimmed(r, "reason"),
		Text: strings.ReplaceAll(trimmed(r, "text"), "\r\n", "\n"), // as browsers send the end of a line
	}
	bad := badCorrection{Text: q.Text, Reads: trimmed(r, "reads")}
	if r.PostFormValue("verdict") == "reads" {
		if q.Reads = bad.Reads; q.Reads == "" {
			bad.Why = "Write the number that it reads, in any form, with its area code."
			return s.correctAgain(r, v, bad)
		}
	}
	made, err := s.desk.Correct(r.Context(), v.Subject, q)
	if bad.Why = whyNot(err); bad.Why != "" {
		return s.correctAgain(r, v, bad)
	}
	if err != nil {
		return err
	}
	for _, c := range made {
		s.shelf.putNote(v.Session, note{Kind: "corrected", Text: decision(c), ID: c.ID, Ad: id})
	}
	v.redirect(r, "/ad/"+id)
	return nil
}

// whyNot says in words what is wrong with a correction, "" where that is not what
// went wrong.
func whyNot(err error) string {
	switch {
	case errors.Is(err, desk.ErrNotANumber):
		return "No telephone number can be read in what you typed, or more than one. Write one, in any form, with its area code."
	case errors.Is(err, desk.ErrNotWritten):
		return "The ad does not say this. Copy the text from the ad, exactly as it stands there."
	case errors.Is(err, desk.ErrSame):
		return "The program reads that number there already."
	case errors.Is(err, desk.ErrNotRead):
		return "No number was read there, so there is nothing to take away. Say which number it reads."
	case errors.Is(err, desk.ErrCorrection):
		return "Copy the piece of text that it is about from the ad."
	case errors.Is(err, casework.ErrCorrected):
		return "This text is corrected already. Take that correction back first."
	case errors.Is(err, casework.ErrInvalid):
		return "A text that reads as a number has 6 signs or more. Text and reason can have at most 1,000 and 500 characters, and the reason no number."
	}
	return ""
}

// correctAgain shows the ad with what is wrong.
func (s *server) correctAgain(r *http.Request, v *visit, bad badCorrection) error {
	view, err := s.desk.Ad(r.Context(), v.Subject, r.PathValue("id"))
	if err != nil {
		return err
	}
	b := s.newAdBody(view)
	b.Bad = &bad
	return v.show(r, http.StatusUnprocessableEntity, "ad", page{Title: "Ad", Here: "ad", Body: b})
}

// withdraw takes a correction back.
func (s *server) withdraw(r *http.Request, v *visit) error {
	c, err := s.desk.Withdraw(r.Context(), v.Subject, r.PostFormValue("correction"), "")
	if err != nil {
		return err
	}
	s.shelf.putNote(v.Session, note{Kind: "withdrawn", Text: decision(c)})
	v.redirect(r, "/ad/"+c.AdID)
	return nil
}

// decision is a correction in words.
func decision(c casework.Correction) string {
	text := "“" + cut(c.Text, 0, 80) + "”"
	switch {
	case c.Reads == "" && c.Was != "":
		return text + " is no number; it was read as " + inWords(c.Was)
	case c.Reads == "":
		return text + " is no number"
	case c.Was == "" || c.Was == c.Reads:
		return text + " reads " + inWords(c.Reads)
	}
	return text + " reads " + inWords(c.Reads) + ", not " + inWords(c.Was)
}
