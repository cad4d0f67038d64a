package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"

	"vigil.example/internal/api"
)

// A failure is an error with the exit code it leads to and the next step.
type failure struct {
	err  error
	next string
	code int
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// fail gives an error its exit code and, where there is one, the next step.
func fail(code int, next string, err error) error { return &failure{err, next, code} }

// report prints an error, if there is one, and returns the exit code.
func report(stderr io.Writer, err error) int {
	if err == nil {
		return codeOK
	}
	f := judged(err)
	_, _ = fmt.Fprintf(stderr, "vigil: %s\n", clean(told(f.err)))
	if f.next != "" {
		_, _ = fmt.Fprintln(stderr, clean(f.next))
	}
	return f.code
}

// told is the text of an error, without the words of the operating system for a
// file that is not there.
func told(err error) string {
	s := err.Error()
	p, ok := errors.AsType[*fs.PathError](err)
	if !ok || !errors.Is(p.Err, fs.ErrNotExist) {
		return s
	}
	s = strings.Replace(s, p.Path+": "+p.Error(), p.Path+": it is not there", 1)
	return strings.Replace(s, p.Error(), "read "+p.Path+": it is not there", 1)
}

// placed names the address of the web pages where a person has to go there.
func (c *Context) placed(err error) error {
	var p *api.Problem
	if !errors.As(err, &p) || p.Code() != "must-change" {
		return err
	}
	kept, _ := c.credentials() // an error was told before anything was asked
	return fail(codeOf(p), "sign in once on the web pages at "+c.server(kept)+"/ and choose a password of your own", err)
}

// missing turns what a server says of an id that it does not know into what was
// being done, and gives the next step to that and to an id that is none.
func missing(err error, doing, next string) error {
	if p, ok := errors.AsType[*api.Problem](err); ok && p.Status == http.StatusNotFound {
		return fail(codeNotFound, next, errors.New(doing))
	}
	return misnamed(err, next)
}

// misnamed gives the next step to an error about an id that is none.
func misnamed(err error, next string) error {
	if errors.Is(err, api.ErrNotID) {
		return fail(codeUsage, next, err)
	}
	return err
}

// judged chooses exit code and next step for an error that has none yet.
func judged(err error) *failure {
	var f *failure
	var p *api.Problem
	switch {
	case errors.As(err, &f):
		return f
	case errors.As(err, &p):
		return &failure{err, p.Next, codeOf(p)}
	case errors.Is(err, context.Canceled):
		return &failure{errors.New("stopped"), "", codeError}
	case errors.Is(err, api.ErrUnreachable):
		return &failure{err, "start one with vigil run or vigil demo, or name another with --server", codeError}
	case errors.Is(err, api.ErrForeign):
		return &failure{err, "name Vigil's address with --server", codeError}
	case errors.Is(err, api.ErrNotID):
		return &failure{err, "vigil search finds ads and shows their ids", codeUsage}
	case errors.Is(err, api.ErrCut):
		return &failure{err, "run the command again", codeVerify}
	}
	return &failure{err, "", codeError}
}

// codeOf maps what a server said to an exit code.
func codeOf(p *api.Problem) int {
	switch {
	case p.Status == http.StatusUnauthorized || p.Status == http.StatusForbidden:
		return codeDenied
	case p.Status == http.StatusNotFound:
		return codeNotFound
	case p.Status == http.StatusBadRequest && strings.HasPrefix(p.Code(), "bad-"):
		return codeUsage
	}
	return codeError
}
