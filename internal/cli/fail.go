package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
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
	_, _ = fmt.Fprintf(stderr, "vigil: %s\n", clean(f.Error()))
	if f.next != "" {
		_, _ = fmt.Fprintln(stderr, clean(f.next))
	}
	return f.code
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
