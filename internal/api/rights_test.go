package api_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"vigil.example/internal/access"
	"vigil.example/internal/api"
	"vigil.example/internal/api/apitest"
)

// Who may do what is what the policy says, on every route, for every role and for
// every token that lacks a scope. Which route asks for which action stands in the
// table of routes; the desk is what enforces it.
func TestEveryRoleOnEveryRoute(t *testing.T) {
	people := map[string]access.Role{"anna": access.Analyst, "rita": access.Reader, "otto": access.Auditor, "adam": access.Admin}
	town, made := apitest.Start(t), map[string]string{}
	secret := func(who string, scopes ...access.Scope) string {
		key := fmt.Sprint(who, scopes)
		if made[key] == "" {
			made[key] = town.Secret(t, who, scopes...)
		}
		return made[key]
	}
	for _, row := range api.Rows() {
		if row.Open || row.Own {
			continue
		}
		t.Run(row.Method+" "+row.Path, func(t *testing.T) {
			for who, role := range people {
				status := ask(t, town, row, secret(who, access.Scopes()...))
				if may := slices.Contains(row.Needs.Roles, role); (status == http.StatusForbidden) == may || status == http.StatusUnauthorized {
					t.Errorf("a token of all scopes of a %s gets %d; the policy lets in %v", role, status, row.Needs.Roles)
				}
			}
			for _, missing := range row.Needs.Scopes {
				rest := slices.DeleteFunc(access.Scopes(), func(s access.Scope) bool { return s == missing })
				for who, role := range people {
					if !slices.Contains(row.Needs.Roles, role) {
						continue
					}
					if status := ask(t, town, row, secret(who, rest...)); status != http.StatusForbidden {
						t.Errorf("a token of %s without scope %s gets %d", who, missing, status)
					}
				}
			}
			for name, token := range map[string]string{"no token": "", "a made-up token": "vigil_" + strings.Repeat("a", 43)} {
				if status := ask(t, town, row, token); status != http.StatusUnauthorized {
					t.Errorf("%s gets %d", name, status)
				}
			}
		})
	}
}

// ask sends a request that would be answered, but for an id of nothing, so that
// nothing is done by it, and gives the status.
func ask(t *testing.T, town *apitest.Town, row api.Row, token string) int {
	t.Helper()
	path := strings.Replace(row.Path, "clusters/{id}", "clusters/c00000000000000f", 1)
	path = strings.Replace(path, "{id}", strings.Repeat("0", 32), 1)
	if strings.HasSuffix(path, "/inbox/wait") {
		path += "?seconds=0"
	}
	r, err := http.NewRequestWithContext(t.Context(), row.Method, town.URL+path, strings.NewReader(row.Example))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Body.Close() }()
	if a.StatusCode >= 500 {
		t.Errorf("%s gets %d", row.Path, a.StatusCode)
	}
	return a.StatusCode
}

// What a browser, a proxy or somebody in between could be used for.
func TestDoorsThatStayShut(t *testing.T) {
	town := apitest.Start(t)
	token := town.Secret(t, "anna", access.Scopes()...)
	do := func(method, path string, h http.Header) *http.Response {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, town.URL+path, strings.NewReader(`{"query":"piano"}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header = h
		if r.Header.Get("Content-Type") == "" {
			r.Header.Set("Content-Type", "application/json")
		}
		a, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = a.Body.Close()
		return a
	}
	mine := func(more ...string) http.Header {
		h := http.Header{"Authorization": {"Bearer " + token}}
		for i := 0; i < len(more); i += 2 {
			h.Set(more[i], more[i+1])
		}
		return h
	}
	for name, c := range map[string]struct {
		method, path string
		h            http.Header
		want         int
	}{
		"a token in the address":             {"GET", "/api/v1/status?token=" + token, http.Header{}, 401},
		"a token in the address beside one":  {"GET", "/api/v1/status?access_token=" + token, mine(), 400},
		"a token in a cookie":                {"GET", "/api/v1/status", http.Header{"Cookie": {"token=" + token}}, 401},
		"two tokens":                         {"GET", "/api/v1/status", http.Header{"Authorization": {"Bearer " + token, "Bearer x"}}, 401},
		"a name and a password":              {"GET", "/api/v1/status", http.Header{"Authorization": {"Basic YWRtaW46eA=="}}, 401},
		"a number in the address":            {"GET", "/api/v1/clusters?q=912-555-0123", mine(), 400},
		"a number for an id":                 {"GET", "/api/v1/ads/9125550123", mine(), 400},
		"an id in capitals":                  {"GET", "/api/v1/ads/" + strings.Repeat("A", 32), mine(), 400},
		"an id with a path in it":            {"GET", "/api/v1/ads/..%2fstatus", mine(), 400},
		"an id with something behind":        {"GET", "/api/v1/ads/" + town.Ads[0].AdID + "%00", mine(), 400},
		"a cluster's id for an ad's":         {"GET", "/api/v1/ads/" + town.Cluster, mine(), 400},
		"an ad's id for a cluster's":         {"GET", "/api/v1/clusters/" + town.Ads[0].AdID, mine(), 400},
		"a parameter twice":                  {"GET", "/api/v1/clusters?n=1&n=2", mine(), 400},
		"a method that is said in a header":  {"POST", "/api/v1/status", mine("X-HTTP-Method-Override", "GET"), 405},
		"another origin asks whether it may": {"OPTIONS", "/api/v1/search", http.Header{"Origin": {"https://elsewhere.test"}, "Access-Control-Request-Method": {"POST"}}, 405},
		"a path under a pattern of ids":      {"GET", "/api/v1/erasures/preview", mine(), 405},
		"a method of its own":                {"BREW", "/api/v1/search", mine(), 405},
		"no type of the body":                {"POST", "/api/v1/search", mine("Content-Type", "x"), 415},
		"a form":                             {"POST", "/api/v1/search", mine("Content-Type", "application/x-www-form-urlencoded"), 415},
		"another origin, with a token":       {"POST", "/api/v1/search", mine("Origin", "https://elsewhere.test"), 200},
	} {
		t.Run(name, func(t *testing.T) {
			a := do(c.method, c.path, c.h)
			if a.StatusCode != c.want {
				t.Errorf("got %d, want %d", a.StatusCode, c.want)
			}
			if a.StatusCode == 405 && a.Header.Get("Allow") == "" {
				t.Error("it does not say which methods are taken")
			}
			for h, want := range map[string]string{
				"Access-Control-Allow-Origin": "", "Set-Cookie": "", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
				"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "X-Frame-Options": "DENY", "Cross-Origin-Resource-Policy": "same-origin",
			} {
				if got := a.Header.Get(h); got != want {
					t.Errorf("%s: %q, want %q", h, got, want)
				}
			}
		})
	}
}
