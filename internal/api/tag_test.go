package api_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"vigil.example/internal/access"
	"vigil.example/internal/api"
	"vigil.example/internal/api/apitest"
)

// send makes one request with more headers, given by name and value.
func send(t *testing.T, method, url, token, body string, headers ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = a.Body.Close()
	return a
}

func TestTags(t *testing.T) {
	town := apitest.Start(t)
	token := town.Secret(t, "anna", access.Scopes()...)
	ad := town.URL + api.Root + "/ads/" + town.Ads[0].AdID
	views := func() int { return strings.Count(town.Journal.Text(), `"action":"ad.view"`) }
	first := send(t, "GET", ad, token, "")
	tag := first.Header.Get("ETag")
	if len(tag) != 34 || tag[0] != '"' {
		t.Fatalf("the tag is %s", tag)
	}
	before := views()
	for list, want := range map[string]int{tag: 304, "W/" + tag: 304, `"x", ` + tag: 304, "*": 304, `"x"`: 200, "": 200} {
		a := send(t, "GET", ad, token, "", "If-None-Match", list)
		if a.StatusCode != want || a.Header.Get("ETag") != tag {
			t.Errorf("If-None-Match %s: %d with %s, want %d", list, a.StatusCode, a.Header.Get("ETag"), want)
		}
	}
	if n := views() - before; n != 6 { // a 304 says that it is still so: that is a reading too
		t.Errorf("6 readings are %d lines of the audit log", n)
	}
	if a := send(t, "HEAD", ad, token, ""); a.StatusCode != 200 || a.Header.Get("ETag") != tag {
		t.Errorf("HEAD: %d %s", a.StatusCode, a.Header.Get("ETag"))
	}
	if a := send(t, "GET", ad, "vigil_x", "", "If-None-Match", tag); a.StatusCode != 401 {
		t.Errorf("a stranger with the tag gets %d", a.StatusCode)
	}

	correct := func(text string, headers ...string) *http.Response {
		return send(t, "POST", ad+"/corrections", token, `{"text":"`+text+`","reason":"a price list"}`, headers...)
	}
	if a := correct("Call", "If-Match", `"x"`); a.StatusCode != 412 {
		t.Errorf("a change over something else: %d", a.StatusCode)
	}
	if a := correct("Call "+apitest.Number, "If-Match", tag); a.StatusCode != 201 {
		t.Errorf("a change over what was read: %d", a.StatusCode)
	}
	if a := correct("for a first", "If-Match", tag); a.StatusCode != 412 {
		t.Errorf("a second change over the same: %d", a.StatusCode)
	}
	if a := send(t, "DELETE", town.URL+api.Root+"/watches/"+strings.Repeat("0", 32), token, "", "If-Match", tag); a.StatusCode != 412 {
		t.Errorf("a change of what has no tag: %d", a.StatusCode)
	}
}

func TestRatesAreTold(t *testing.T) {
	town := apitest.Start(t)
	h := api.New(town.Desk, api.Config{Rates: api.Rates{Token: 2, Address: 1}})
	do := func(token string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), "GET", api.Root+"/status", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	anna, rita := town.Secret(t, "anna", access.ScopeRead), town.Secret(t, "rita", access.ScopeRead)
	for i, c := range []struct {
		token  string
		status int
		left   string
	}{
		{anna, 200, `"token";r=1;`}, {anna, 200, `"token";r=0;`}, {anna, 429, `"token";r=0;`},
		{rita, 200, `"token";r=1;`}, {"vigil_x", 401, `"address";r=0;`}, {"vigil_y", 429, `"address";r=0;`}, {rita, 200, `"token";r=0;`},
	} {
		w := do(c.token)
		if w.Code != c.status || !strings.HasPrefix(w.Header().Get("RateLimit"), c.left) || w.Header().Get("RateLimit-Policy") == "" {
			t.Errorf("request %d: %d %v", i, w.Code, w.Header())
		}
		if w.Code == 429 && (w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), "problem/too-many")) {
			t.Errorf("request %d does not say how long to wait: %v %s", i, w.Header(), w.Body)
		}
	}
}
