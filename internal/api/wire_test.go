package api_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"vigil.example/internal/access"
	"vigil.example/internal/api"
	"vigil.example/internal/api/apitest"
)

func TestWire(t *testing.T) {
	town := apitest.Start(t)
	token := town.Secret(t, "anna", all...)
	const j = "application/json"
	for name, c := range map[string]struct {
		method, path, kind, body string
		status                   int
		why                      string
	}{
		"an unknown field":             {"POST", "/search", j, `{"query":"a","colour":1}`, 400, `the request cannot be read: unknown field "colour"; the fields are query, offset, size, sort, cursor`},
		"a field of another kind":      {"POST", "/search", j, `{"query":"a","size":"912-555-0123"}`, 400, `the request cannot be read: field "size" does not take this kind of value`},
		"more than one object":         {"POST", "/search", j, `{"query":"a"}{}`, 400, "the request cannot be read: something stands behind the JSON object"},
		"no JSON":                      {"POST", "/search", j, `912-555-0123`, 400, "the request cannot be read: it is no JSON object of the fields query, offset, size, sort, cursor"},
		"a form":                       {"POST", "/search", "text/plain", `{"query":"a"}`, 415, "the body is not said to be JSON"},
		"a number instead of an id":    {"GET", "/ads/912-555-0123", j, "", 400, "this is no id"},
		"a parameter that is no count": {"GET", "/clusters?n=many", j, "", 400, "the request cannot be read: parameter n is no whole number"},
		"another method":               {"GET", "/search", j, "", 405, "this path does not take GET"},
		"a path that is none":          {"GET", "/nothing", j, "", 404, "there is nothing at this path"},
	} {
		t.Run(name, func(t *testing.T) {
			a, p := raw(t, c.method, town.URL+api.Root+c.path, token, c.kind, c.body)
			if a.StatusCode != c.status || p.Why != c.why {
				t.Errorf("got %d %q, want %d %q", a.StatusCode, p.Why, c.status, c.why)
			}
			if strings.Contains(p.Detail+p.Next, "555") {
				t.Errorf("the problem repeats a number: %+v", p)
			}
			if h := a.Header; h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("headers: %v", h)
			}
		})
	}
	t.Run("a refusal says how to sign in", func(t *testing.T) {
		a, _ := raw(t, "GET", town.URL+api.Root+"/status", "", j, "")
		if a.Header.Get("WWW-Authenticate") == "" || a.Header.Get("Vigil-Version") != "" {
			t.Errorf("headers: %v", a.Header)
		}
	})
	t.Run("a page over its bound", func(t *testing.T) {
		a, p := raw(t, "POST", town.URL+api.Root+"/imports", token, "text/html", strings.Repeat("a", api.MaxPage+1))
		if a.StatusCode != 413 {
			t.Errorf("got %d %+v", a.StatusCode, p)
		}
	})
}

// Whatever a caller hands to the client, no number and no address gets into a URL
// or a header, and the audit log holds none either.
func TestNoIdentifierInAnyURL(t *testing.T) {
	town := apitest.Start(t)
	c := town.Client(t, "anna", all...)
	ctx := t.Context()
	for _, v := range []string{"912-555-0123", "9125550123", "+1 912 555 0123", "anna.b@mail.example", "telegram:anna555", "../9125550123", "9125550123?", "c9125550123"} {
		_, _ = c.Search(ctx, api.SearchRequest{Query: v})
		_, _ = c.Watch(ctx, v)
		_, _ = c.Ad(ctx, v)
		_, _ = c.Cluster(ctx, v)
		_, _ = c.Packet(ctx, v, io.Discard)
		_ = c.Unwatch(ctx, v)
		_ = c.Revoke(ctx, v)
		_ = c.MarkRead(ctx, api.MarkRequest{IDs: []string{v}})
		_, _ = c.MakeToken(ctx, api.TokenRequest{Name: v, Password: v, Label: v, Scopes: []access.Scope{access.Scope(v)}, Purpose: api.Purpose{Kind: v, Text: v}})
	}
	_, _ = c.Watches(ctx)
	_, _ = c.Inbox(ctx, 0, 0)
	rs := town.Requests()
	if len(rs) < 30 {
		t.Fatalf("only %d requests came", len(rs))
	}
	for _, r := range rs {
		for _, bad := range []string{"555", "anna", "mail.example", ".."} {
			if strings.Contains(r.URL.String(), bad) {
				t.Errorf("%s %s holds %q", r.Method, r.URL, bad)
			}
		}
	}
	if log := town.Journal.Text(); strings.Contains(log, "5550123") || strings.Contains(log, "mail.example") {
		t.Error("the audit log holds what was asked for")
	}
}

func TestClientGuards(t *testing.T) {
	foreign := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case api.Root + "/status":
			http.Redirect(w, r, "http://elsewhere.test/", http.StatusTemporaryRedirect)
		default:
			w.Header().Set("Content-Type", "application/zip")
			w.Header().Set("Vigil-Packet-Sha256", strings.Repeat("0", 64))
			w.Header().Set("Content-Disposition", `attachment; filename="../../evil"`)
			w.Header().Set("Content-Length", "3")
			_, _ = io.WriteString(w, "zip")
		}
	}))
	defer foreign.Close()
	gone := httptest.NewServer(nil)
	gone.Close()
	status := func(base string) error {
		_, err := api.NewClient(base, "secret", nil).Status(context.Background())
		return err
	}
	for name, c := range map[string]struct {
		err, want error
	}{
		"a redirect is not followed":      {status(foreign.URL), api.ErrForeign},
		"a server that is not there":      {status(gone.URL), api.ErrUnreachable},
		"another machine without TLS":     {status("http://vigil.example"), api.ErrInsecure},
		"an address with a user in clear": {status("https://a:b@vigil.example"), nil},
	} {
		if c.err == nil || c.want != nil && !errors.Is(c.err, c.want) {
			t.Errorf("%s: got %v, want %v", name, c.err, c.want)
		}
	}
	p, err := api.NewClient(foreign.URL, "", nil).Packet(context.Background(), "c00000000000000a", io.Discard)
	if !errors.Is(err, api.ErrCut) || p.File != "packet-c00000000000000a.zip" {
		t.Errorf("a packet with another hash: %+v, %v", p, err)
	}
}
