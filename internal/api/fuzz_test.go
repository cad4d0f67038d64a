package api_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"vigil.example/internal/access"
	"vigil.example/internal/api"
	"vigil.example/internal/api/apitest"
)

// Whatever stands in a body, the answer is a result or a problem of the one who
// asked, never a failure inside.
func FuzzBody(f *testing.F) {
	town := apitest.Start(f)
	token := town.Secret(f, "anna", access.Scopes()...)
	for _, s := range []string{
		`{"query":"912-555-0123","size":3}`, `{"query":""}`, `{"value":"(912) 555-0123"}`, `{"ids":["x"],"newest":1}`, `[]`, `{`, "\xff", `{"query":"a","query":1}`, `{"name":null}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		for _, path := range []string{"/search", "/watches", "/inbox/read", "/tokens"} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, town.URL+api.Root+path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Authorization", "Bearer "+token)
			a, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(a.Body)
			if err := errors.Join(err, a.Body.Close()); err != nil || a.StatusCode >= 500 {
				t.Errorf("%s: %d %s, %v", path, a.StatusCode, b, err)
			}
		}
	})
}
