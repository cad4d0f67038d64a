// Package api is the door for programs: a REST API under /api/v1 in JSON, its
// types, and the client that the command line uses. HTTP requests with a bearer
// token come in and are handed to the desk, which authorises, works and writes
// the audit log; its answers go out, and so do problems (RFC 9457) that say what
// was being done, why it did not work and what to do next. The room decides
// nothing and reads no store by itself.
//
// A number, an address or a handle of a person stands in bodies only, never in a
// URL: URLs end up in the logs of every proxy on the way. Ids are checked for
// their shape before they are used, by the client too.
package api

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"vigil.example/internal/access"
	"vigil.example/internal/desk"
)

// Root is where the API begins.
const Root = "/api/v1"

// Config is what the API needs to know.
type Config struct {
	Version string           // told to those who are signed in
	Log     *slog.Logger     // of failures; none when nil
	Now     func() time.Time // time.Now when nil
	Spool   string           // folder for packets on their way out; the system's when empty
	Rates   Rates            // how often may be asked
}

// A server holds what all routes share.
type server struct {
	desk *desk.Desk
	c    Config
	mux  *http.ServeMux

	table             []route
	tokens, addresses *limiter
	edits             edits

	bodies      checker
	description func() (Document, error)
}

// New returns the API over a desk. It serves /api/v1/ and /healthz.
func New(d *desk.Desk, c Config) http.Handler {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	c.Rates = c.Rates.withDefaults()
	s := &server{desk: d, c: c, mux: http.NewServeMux(), bodies: checker{newDrafter(true)}}
	s.tokens, s.addresses = newLimiter("token", c.Rates.Token), newLimiter("address", c.Rates.Address)
	s.description = sync.OnceValues(func() (Document, error) { return Describe(c.Version) })
	s.table = s.routes()
	for _, rt := range s.table {
		if _, ok := rt.in.(page); rt.in != nil && !ok {
			s.bodies.of(reflect.TypeOf(rt.in))
		}
		s.mux.Handle(rt.method+" "+Root+rt.path, s.serve(rt))
	}
	s.mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		harden(w.Header())
		_ = reply(w, http.StatusOK, Health{Status: "ok"})
	})
	s.mux.HandleFunc("/", s.unknown)
	return s.mux
}

// A call is one request to a route.
type call struct {
	w      http.ResponseWriter
	r      *http.Request
	s      access.Subject // zero on open routes
	id     string
	rt     route
	bodies checker
}

func (c *call) ctx() context.Context { return c.r.Context() }

// harden forbids keeping the answer and doing anything with it but reading it.
func harden(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}

// serve wraps a route: who asks, the shape of the id, and what becomes of errors.
func (s *server) serve(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := s.c.Now()
		harden(w.Header())
		what := rt.what
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if v == any(http.ErrAbortHandler) {
				panic(v)
			}
			// The value of a panic may hold what was asked for; its place does not.
			s.c.Log.ErrorContext(r.Context(), "request panicked", "route", rt.path, "stack", string(debug.Stack()))
			s.send(w, internal(what, ""))
		}()
		if allow := s.allowed(r.URL.Path); len(allow) > 0 && !slices.Contains(allow, r.Method) { // the pattern takes what another route is written as
			s.refuse(w, r, allow)
			return
		}
		c := &call{w: w, r: r, rt: rt, bodies: s.bodies}
		err := s.admit(rt, c)
		if err == nil && rt.id != nil {
			what += " " + c.id
		}
		if err == nil {
			err = s.change(c)
		}
		s.c.Log.DebugContext(r.Context(), "request", "method", rt.method, "route", rt.path, "ok", err == nil, "took", s.c.Now().Sub(start))
		switch {
		case err == nil:
		case r.Context().Err() != nil: // an answer without a word would say that it is done
			s.send(w, fresh("stopping", http.StatusServiceUnavailable, what, "Vigil is stopping, or the request was given up", "look whether it was done, and try again when Vigil runs"))
		default:
			s.fail(w, r, rt, what, err)
		}
	})
}

// admit finds out who is asking and reads the id.
func (s *server) admit(rt route, c *call) error {
	if rt.open() {
		if err := s.addresses.limit(address(c.r), c.w.Header()); err != nil {
			return err
		}
	} else {
		var err error
		if c.s, err = s.who(c.r); err != nil {
			return errors.Join(s.addresses.limit(address(c.r), c.w.Header()), err)
		}
		if err := s.tokens.limit(c.s.Session, c.w.Header()); err != nil {
			return err
		}
		c.w.Header().Set("Vigil-Version", s.c.Version)
	}
	if rt.id != nil {
		c.id = c.r.PathValue("id")
		if !rt.id(c.id) {
			return errShape
		}
	}
	return c.parameters()
}

// who reads the token of a request. One in the address is not looked at: addresses
// end up in logs.
func (s *server) who(r *http.Request) (access.Subject, error) {
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || len(r.Header.Values("Authorization")) != 1 {
		return access.Subject{}, access.ErrNoSession
	}
	return s.desk.Register.Token(strings.TrimSpace(secret))
}

// fail sends the problem that an error is. What is nobody's fault outside goes to
// the log under a reference, which is all that the answer tells.
func (s *server) fail(w http.ResponseWriter, r *http.Request, rt route, what string, err error) {
	p := problem(what, err)
	if p == nil {
		var b [6]byte
		_, _ = rand.Read(b[:]) // never fails
		ref := hex.EncodeToString(b[:])
		s.c.Log.ErrorContext(r.Context(), "request failed", "method", rt.method, "route", rt.path, "ref", ref, "err", err)
		p = internal(what, ref)
	}
	s.send(w, p)
}

// unknown answers what no route does.
func (s *server) unknown(w http.ResponseWriter, r *http.Request) {
	harden(w.Header())
	if allow := s.allowed(r.URL.Path); len(allow) > 0 {
		s.refuse(w, r, allow)
		return
	}
	s.send(w, fresh("no-route", http.StatusNotFound, "use the API", "there is nothing at this path", "GET "+Root+"/openapi.json lists the paths"))
}

// refuse says which methods a path takes.
func (s *server) refuse(w http.ResponseWriter, r *http.Request, allow []string) {
	w.Header().Set("Allow", strings.Join(allow, ", "))
	s.send(w, fresh("method", http.StatusMethodNotAllowed, "use the API", "this path does not take "+known(r.Method), "use "+strings.Join(allow, " or ")))
}

// allowed are the methods of a path: of the routes that are written as it is, or
// else of those whose pattern it fits.
func (s *server) allowed(path string) (allow []string) {
	add := func(method string) {
		if !slices.Contains(allow, method) {
			allow = append(allow, method)
		}
	}
	path = strings.TrimPrefix(path, Root)
	for _, fits := range []func(route) bool{
		func(rt route) bool { return rt.path == path },
		func(rt route) bool {
			before, behind, _ := strings.Cut(rt.path, "{id}")
			id, ok := strings.CutPrefix(path, before)
			id, also := strings.CutSuffix(id, behind)
			return rt.id != nil && ok && also && id != "" && !strings.Contains(id, "/")
		},
	} {
		for _, rt := range s.table {
			if !fits(rt) {
				continue
			}
			if add(rt.method); rt.method == http.MethodGet {
				add(http.MethodHead)
			}
		}
		if len(allow) > 0 {
			break
		}
	}
	slices.Sort(allow)
	return allow
}

// known keeps what a client made up out of the answer.
func known(method string) string {
	switch method {
	case http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodHead, http.MethodOptions:
		return method
	}
	return "this method"
}
